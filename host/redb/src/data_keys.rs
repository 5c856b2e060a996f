//! Wrapped data keys.

use async_trait::async_trait;
use innkeeper_store::{DataKeyRepository, StoreError, WrappedDataKey};
use redb::ReadableTable as _;

use crate::store::{RedbStore, Verdict, decode, encode};
use crate::tables::DATA_KEYS;

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
                let gone = format!("data key {} was to be wrapped anew and is gone", key.id);
                return Err(StoreError::Unavailable(gone).into());
            }
            table.insert(key.id.0, encode(&key)?.as_slice())?;
            Ok(Verdict::Commit(()))
        })
        .await
    }
}

const NAME: &str = "data keys";
