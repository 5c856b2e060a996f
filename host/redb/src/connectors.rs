//! Connectors and their components.

use async_trait::async_trait;
use innkeeper_spec::ConnectorId;
use innkeeper_store::{ComponentDigest, ConnectorRecord, ConnectorRepository, Cursor, Page, Paged, StoreError};
use redb::{ReadableTable as _, WriteTransaction};

use crate::fault::Fault;
use crate::rows::{ConnectorRow, decode, encode};
use crate::store::{RedbStore, Verdict};
use crate::tables::{COMPONENTS, CONNECTORS};

#[async_trait]
impl ConnectorRepository for RedbStore {
    async fn put_connector(
        &self,
        record: ConnectorRecord,
        component: Vec<u8>,
        before: Option<&ComponentDigest>,
    ) -> Result<bool, StoreError> {
        let before = before.cloned();
        self.change(move |transaction| {
            let id = record.id.clone();
            let (digest, row) = ConnectorRow::of(record);
            let row = encode(&row)?;
            {
                let mut table = transaction.open_table(CONNECTORS)?;
                let current = table.get(id.as_str())?.map(|row| ComponentDigest(row.value().0.to_owned()));
                if current != before {
                    return Ok(Verdict::Abort(false));
                }
                table.insert(id.as_str(), (digest.0.as_str(), row.as_slice()))?;
            }
            transaction.open_table(COMPONENTS)?.insert(digest.0.as_str(), component.as_slice())?;
            if let Some(replaced) = before {
                drop_unused(transaction, &replaced.0)?;
            }
            Ok(Verdict::Commit(true))
        })
        .await
    }

    async fn connector(&self, id: &ConnectorId) -> Result<Option<ConnectorRecord>, StoreError> {
        self.read(|transaction| {
            let row = transaction.open_table(CONNECTORS)?.get(id.as_str())?;
            row.map(|row| record(row.value())).transpose()
        })
    }

    async fn connector_digest(&self, id: &ConnectorId) -> Result<Option<ComponentDigest>, StoreError> {
        self.read(|transaction| {
            let row = transaction.open_table(CONNECTORS)?.get(id.as_str())?;
            Ok(row.map(|row| ComponentDigest(row.value().0.to_owned())))
        })
    }

    async fn connectors(&self, page: &Page) -> Result<Paged<ConnectorRecord>, StoreError> {
        let page = page.clone();
        self.scan(move |transaction| {
            // A cursor is the last id.
            let last = page.after.as_ref().map(|after| String::from_utf8_lossy(after.place()));
            let start = last.map_or_else(String::new, |last| format!("{last}\0"));
            let mut paged = Paged::default();
            for row in transaction.open_table(CONNECTORS)?.range(start.as_str()..)?.take(page.limit) {
                let (id, row) = row?;
                paged.items.push(record(row.value())?);
                if paged.items.len() == page.limit {
                    paged.next = Some(Cursor::new(id.value()));
                }
            }
            Ok(paged)
        })
        .await
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
        self.change(move |transaction| {
            let removed = {
                let mut table = transaction.open_table(CONNECTORS)?;
                let removed = table.remove(id.as_str())?;
                removed.map(|row| row.value().0.to_owned())
            };
            let Some(removed) = removed else { return Ok(Verdict::Abort(false)) };
            drop_unused(transaction, &removed)?;
            Ok(Verdict::Commit(true))
        })
        .await
    }
}

fn record((digest, row): (&str, &[u8])) -> Result<ConnectorRecord, Fault> {
    let row: ConnectorRow = decode("connectors", row)?;
    Ok(row.into_record(ComponentDigest(digest.to_owned())))
}

/// Removes a component that no connector uses any longer.
fn drop_unused(transaction: &WriteTransaction, digest: &str) -> Result<(), Fault> {
    for row in transaction.open_table(CONNECTORS)?.iter()? {
        if row?.1.value().0 == digest {
            return Ok(());
        }
    }
    transaction.open_table(COMPONENTS)?.remove(digest)?;
    Ok(())
}
