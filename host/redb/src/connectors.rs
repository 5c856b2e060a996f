//! Connectors and their components.

use async_trait::async_trait;
use innkeeper_spec::ConnectorId;
use innkeeper_store::{ComponentDigest, ConnectorRecord, ConnectorRepository, StoreError};
use redb::{ReadableTable as _, WriteTransaction};

use crate::fault::Fault;
use crate::store::{RedbStore, Verdict, decode, encode};
use crate::tables::{COMPONENTS, CONNECTORS};

#[async_trait]
impl ConnectorRepository for RedbStore {
    async fn put_connector(&self, record: ConnectorRecord, component: Vec<u8>) -> Result<(), StoreError> {
        self.write(move |transaction| {
            let encoded = encode(&record)?;
            let replaced = {
                let mut table = transaction.open_table(CONNECTORS)?;
                let replaced = table.insert(record.id.as_str(), encoded.as_slice())?;
                replaced.map(|row| decode::<ConnectorRecord>(NAME, row.value())).transpose()?
            };
            transaction.open_table(COMPONENTS)?.insert(record.digest.0.as_str(), component.as_slice())?;
            if let Some(replaced) = replaced {
                drop_unused(transaction, &replaced.digest)?;
            }
            Ok(Verdict::Commit(()))
        })
        .await
    }

    async fn connector(&self, id: &ConnectorId) -> Result<Option<ConnectorRecord>, StoreError> {
        self.read(|transaction| {
            let row = transaction.open_table(CONNECTORS)?.get(id.as_str())?;
            row.map(|row| decode(NAME, row.value())).transpose()
        })
    }

    async fn connectors(&self) -> Result<Vec<ConnectorRecord>, StoreError> {
        self.read(|transaction| {
            let table = transaction.open_table(CONNECTORS)?;
            table.iter()?.map(|row| decode(NAME, row?.1.value())).collect()
        })
    }

    async fn component(&self, digest: &ComponentDigest) -> Result<Option<Vec<u8>>, StoreError> {
        let digest = digest.clone();
        self.scan(move |transaction| {
            let row = transaction.open_table(COMPONENTS)?.get(digest.0.as_str())?;
            Ok(row.map(|row| row.value().to_vec()))
        })
        .await
    }

    async fn delete_connector(&self, id: &ConnectorId) -> Result<bool, StoreError> {
        let id = id.clone();
        self.write(move |transaction| {
            let removed = {
                let mut table = transaction.open_table(CONNECTORS)?;
                let removed = table.remove(id.as_str())?;
                removed.map(|row| decode::<ConnectorRecord>(NAME, row.value())).transpose()?
            };
            let Some(removed) = removed else { return Ok(Verdict::Abort(false)) };
            drop_unused(transaction, &removed.digest)?;
            Ok(Verdict::Commit(true))
        })
        .await
    }
}

/// Removes a component that no connector has any more.
fn drop_unused(transaction: &WriteTransaction, digest: &ComponentDigest) -> Result<(), Fault> {
    for row in transaction.open_table(CONNECTORS)?.iter()? {
        if decode::<ConnectorRecord>(NAME, row?.1.value())?.digest == *digest {
            return Ok(());
        }
    }
    transaction.open_table(COMPONENTS)?.remove(digest.0.as_str())?;
    Ok(())
}

const NAME: &str = "connectors";
