//! Connections.

use std::sync::Arc;

use async_trait::async_trait;
use innkeeper_spec::ConnectorId;
use innkeeper_store::{ConnectionId, ConnectionRecord, ConnectionRepository, Expected, SpaceId, StoreError, Written};
use redb::{ReadableTable as _, WriteTransaction};

use crate::fault::Fault;
use crate::store::{RedbStore, Verdict, decode, encode};
use crate::tables::{CONNECTIONS, STATE, STATE_SIZES};
use crate::versions::{Step, step};
use crate::{authorizations, grants, keys};

#[async_trait]
impl ConnectionRepository for RedbStore {
    async fn put_connection(&self, record: ConnectionRecord, expected: Expected) -> Result<Written, StoreError> {
        self.write_connections(move |transaction| {
            let key = keys::of_connection(&record.space, &record.id);
            let mut table = transaction.open_table(CONNECTIONS)?;
            let there =
                table.get(key.as_slice())?.map(|row| decode::<ConnectionRecord>(NAME, row.value())).transpose()?;
            let current = there.map(|there| there.version);
            if let Step::Conflict(version) = step(current, expected, record.version)? {
                return Ok(Verdict::Abort(Written::Conflict(version)));
            }
            if current.is_none() {
                remove_belongings(transaction, &record.space, &record.id)?;
            }
            table.insert(key.as_slice(), encode(&record)?.as_slice())?;
            Ok(Verdict::Commit(Written::Version(record.version)))
        })
        .await
    }

    async fn connection(
        &self,
        space: &SpaceId,
        id: &ConnectionId,
    ) -> Result<Option<Arc<ConnectionRecord>>, StoreError> {
        self.known.get(keys::of_connection(space, id), |key| {
            self.read(|transaction| {
                let row = transaction.open_table(CONNECTIONS)?.get(key)?;
                row.map(|row| decode(NAME, row.value())).transpose()
            })
        })
    }

    async fn connections(&self, space: &SpaceId) -> Result<Vec<ConnectionRecord>, StoreError> {
        let range = keys::starting_with(keys::of_space(space));
        self.scan(move |transaction| {
            let table = transaction.open_table(CONNECTIONS)?;
            let rows = table.range(range.start.as_slice()..range.end.as_slice())?;
            rows.map(|row| decode(NAME, row?.1.value())).collect()
        })
        .await
    }

    async fn connections_of(&self, connector: &ConnectorId) -> Result<Vec<(SpaceId, ConnectionId)>, StoreError> {
        let connector = connector.clone();
        self.scan(move |transaction| {
            let table = transaction.open_table(CONNECTIONS)?;
            let mut found = Vec::new();
            for row in table.iter()? {
                let record: ConnectionRecord = decode(NAME, row?.1.value())?;
                if record.connector == connector {
                    found.push((record.space, record.id));
                }
            }
            Ok(found)
        })
        .await
    }

    async fn delete_connection(&self, space: &SpaceId, id: &ConnectionId) -> Result<bool, StoreError> {
        let (space, id) = (space.clone(), id.clone());
        self.write_connections(move |transaction| {
            let key = keys::of_connection(&space, &id);
            let removed = transaction.open_table(CONNECTIONS)?.remove(key.as_slice())?.is_some();
            let belongings = remove_belongings(transaction, &space, &id)?;
            Ok(if removed || belongings { Verdict::Commit(removed) } else { Verdict::Abort(false) })
        })
        .await
    }
}

/// Removes what belongs to a connection but the audit trail; false when there was nothing.
fn remove_belongings(
    transaction: &WriteTransaction,
    space: &SpaceId,
    connection: &ConnectionId,
) -> Result<bool, Fault> {
    let key = keys::of_connection(space, connection);
    let range = keys::starting_with(key.clone());
    let mut removed = grants::remove_of_connection(transaction, space, connection)?;
    {
        let mut table = transaction.open_table(STATE)?;
        for row in table.extract_from_if(range.start.as_slice()..range.end.as_slice(), |_, _| true)? {
            row?;
            removed = true;
        }
    }
    removed |= transaction.open_table(STATE_SIZES)?.remove(key.as_slice())?.is_some();
    removed |= authorizations::remove_of_connection(transaction, space, connection)?;
    Ok(removed)
}

pub(crate) const NAME: &str = "connections";
