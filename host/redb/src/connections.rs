//! Connections.

use std::ops::Range;

use async_trait::async_trait;
use innkeeper_ambient::Timestamp;
use innkeeper_spec::ConnectorId;
use innkeeper_store::{
    ConnectionId, ConnectionRecord, ConnectionRepository, Cursor, Edition, Page, Paged, SpaceId, StoreError,
};
use redb::{ReadableTable as _, WriteTransaction};

use crate::fault::Fault;
use crate::rows::ConnectionRow;
use crate::store::{RedbStore, Verdict};
use crate::tables::{CONNECTIONS, STATE, STATE_SIZES};
use crate::{authorizations, grants, keys};

#[async_trait]
impl ConnectionRepository for RedbStore {
    async fn put_connection_if(&self, record: ConnectionRecord, before: Option<Edition>) -> Result<bool, StoreError> {
        self.change(move |transaction| {
            let key = keys::of_connection(&record.space, &record.id);
            let mut table = transaction.open_table(CONNECTIONS)?;
            let current = table.get(key.as_slice())?.map(|row| ConnectionRow::edition(row.value())).transpose()?;
            if current != before {
                return Ok(Verdict::Abort(false));
            }
            if current.is_none() {
                remove_belongings(transaction, &record.space, &record.id)?;
            }
            table.insert(key.as_slice(), ConnectionRow::write(record)?.as_slice())?;
            Ok(Verdict::Commit(true))
        })
        .await
    }

    async fn connection(&self, space: &SpaceId, id: &ConnectionId) -> Result<Option<ConnectionRecord>, StoreError> {
        self.read(|transaction| {
            let row = transaction.open_table(CONNECTIONS)?.get(keys::of_connection(space, id).as_slice())?;
            row.map(|row| ConnectionRow::read(row.value())).transpose()
        })
    }

    async fn edition(&self, space: &SpaceId, id: &ConnectionId) -> Result<Option<Edition>, StoreError> {
        self.read(|transaction| {
            let row = transaction.open_table(CONNECTIONS)?.get(keys::of_connection(space, id).as_slice())?;
            row.map(|row| ConnectionRow::edition(row.value())).transpose()
        })
    }

    async fn connections(&self, space: &SpaceId, page: &Page) -> Result<Paged<ConnectionRecord>, StoreError> {
        let (prefix, page) = (keys::of_space(space), page.clone());
        self.scan(move |transaction| {
            let Range { start, end } = keys::starting_with(prefix.clone());
            // A cursor is the part of the last key after the space.
            let start = page.after.as_ref().map_or(start, |after| [&prefix, after.place(), &[0]].concat());
            let mut paged = Paged::default();
            if start >= end {
                return Ok(paged);
            }
            let table = transaction.open_table(CONNECTIONS)?;
            for row in table.range(start.as_slice()..end.as_slice())?.take(page.limit) {
                let (key, row) = row?;
                paged.items.push(ConnectionRow::read(row.value())?);
                if paged.items.len() == page.limit {
                    paged.next = Some(Cursor::new(&key.value()[prefix.len()..]));
                }
            }
            Ok(paged)
        })
        .await
    }

    async fn connections_of(&self, connector: &ConnectorId) -> Result<Vec<(SpaceId, ConnectionId)>, StoreError> {
        let connector = connector.clone();
        self.scan(move |transaction| {
            let table = transaction.open_table(CONNECTIONS)?;
            let mut found = Vec::new();
            for row in table.iter()? {
                let record = ConnectionRow::read(row?.1.value())?;
                if record.connector == connector {
                    found.push((record.space, record.id));
                }
            }
            Ok(found)
        })
        .await
    }

    async fn delete_connection(
        &self,
        space: &SpaceId,
        id: &ConnectionId,
        created_at: Timestamp,
    ) -> Result<bool, StoreError> {
        let (space, id) = (space.clone(), id.clone());
        self.change(move |transaction| {
            let key = keys::of_connection(&space, &id);
            let mut table = transaction.open_table(CONNECTIONS)?;
            let current = table.get(key.as_slice())?.map(|row| ConnectionRow::edition(row.value())).transpose()?;
            if current.is_some_and(|current| current.created_at != created_at) {
                return Ok(Verdict::Abort(false));
            }
            table.remove(key.as_slice())?;
            remove_belongings(transaction, &space, &id)?;
            Ok(Verdict::Commit(current.is_some()))
        })
        .await
    }
}

/// Removes everything that belongs to a connection except the audit trail. There may be some where the connection is gone:
/// a late writer left it.
fn remove_belongings(transaction: &WriteTransaction, space: &SpaceId, connection: &ConnectionId) -> Result<(), Fault> {
    let key = keys::of_connection(space, connection);
    let range = keys::starting_with(key.clone());
    grants::remove_of_connection(transaction, space, connection)?;
    let mut states = transaction.open_table(STATE)?;
    states.retain_in(range.start.as_slice()..range.end.as_slice(), |_, _| false)?;
    transaction.open_table(STATE_SIZES)?.remove(key.as_slice())?;
    authorizations::remove_of_connection(transaction, space, connection)
}
