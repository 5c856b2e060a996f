//! Wrapped data keys.

use async_trait::async_trait;
use innkeeper_store::{DataKeyRepository, StoreError, StoreFault, WrappedDataKey};
use redb::ReadableTable as _;

use crate::fault::Fault;
use crate::rows::{DataKeyRow, decode, encode};
use crate::store::{RedbStore, Verdict};
use crate::tables::DATA_KEYS;

#[async_trait]
impl DataKeyRepository for RedbStore {
    async fn data_keys(&self) -> Result<Vec<WrappedDataKey>, StoreError> {
        self.read(|transaction| {
            let table = transaction.open_table(DATA_KEYS)?;
            table.iter()?.map(|row| read(row?.1.value())).collect()
        })
    }

    async fn add_data_key(&self, key: WrappedDataKey) -> Result<WrappedDataKey, StoreError> {
        self.write(move |transaction| {
            let mut table = transaction.open_table(DATA_KEYS)?;
            if let Some(there) = table.get(key.id.0)? {
                return Ok(Verdict::Abort(read(there.value())?));
            }
            table.insert(key.id.0, encode(&DataKeyRow::from(key.clone()))?.as_slice())?;
            Ok(Verdict::Commit(key))
        })
        .await
    }

    async fn rewrap_data_key(&self, key: WrappedDataKey) -> Result<(), StoreError> {
        self.write(move |transaction| {
            let mut table = transaction.open_table(DATA_KEYS)?;
            if table.get(key.id.0)?.is_none() {
                let gone = format!("data key {} was to be wrapped again, but no longer exists", key.id);
                return Err(StoreError::new(StoreFault::Other, gone).into());
            }
            table.insert(key.id.0, encode(&DataKeyRow::from(key))?.as_slice())?;
            Ok(Verdict::Commit(()))
        })
        .await
    }
}

fn read(row: &[u8]) -> Result<WrappedDataKey, Fault> {
    Ok(decode::<DataKeyRow>("data keys", row)?.into())
}
