//! Wrapped data keys.

use ::redb::ReadableTable as _;
use async_trait::async_trait;

use super::tables::DATA_KEYS;
use super::{RedbStore, Verdict, decode, encode};
use crate::repositories::{DataKeyRepository, StoreError};
use crate::seal::WrappedDataKey;

#[async_trait]
impl DataKeyRepository for RedbStore {
    async fn data_keys(&self) -> Result<Vec<WrappedDataKey>, StoreError> {
        self.read(|transaction| {
            let table = transaction.open_table(DATA_KEYS)?;
            table.iter()?.map(|row| decode(NAME, row?.1.value())).collect()
        })
    }

    async fn add_data_key(&self, key: WrappedDataKey) -> Result<WrappedDataKey, StoreError> {
        self.write(move |transaction| {
            let mut table = transaction.open_table(DATA_KEYS)?;
            if let Some(there) = table.get(key.id.0)? {
                return Ok(Verdict::Abort(decode(NAME, there.value())?));
            }
            table.insert(key.id.0, encode(&key)?.as_slice())?;
            Ok(Verdict::Commit(key))
        })
        .await
    }

    async fn rewrap_data_key(&self, key: WrappedDataKey) -> Result<(), StoreError> {
        self.write(move |transaction| {
            let mut table = transaction.open_table(DATA_KEYS)?;
            if table.get(key.id.0)?.is_none() {
                return Err(StoreError::Unavailable(format!("data key {} was to be wrapped anew and is gone", key.id)));
            }
            table.insert(key.id.0, encode(&key)?.as_slice())?;
            Ok(Verdict::Commit(()))
        })
        .await
    }
}

const NAME: &str = "data keys";
