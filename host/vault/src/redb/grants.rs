//! Grants.

use ::redb::{ReadableTable as _, Table};
use async_trait::async_trait;

use super::tables::GRANTS;
use super::versions::{Step, removal, step};
use super::{RedbStore, Verdict, decode, encode, keys};
use crate::ids::{ConnectionId, GrantKey, SpaceId};
use crate::records::GrantRecord;
use crate::repositories::{Expected, GrantRepository, StoreError, Written};

#[async_trait]
impl GrantRepository for RedbStore {
    async fn put_grant(&self, record: GrantRecord, expected: Expected) -> Result<Written, StoreError> {
        self.write(move |transaction| {
            let key = keys::of_grant(&record.key);
            let mut table = transaction.open_table(GRANTS)?;
            if let Step::Conflict(version) = step(version_of(&table, &key)?, expected, record.version)? {
                return Ok(Verdict::Abort(Written::Conflict(version)));
            }
            table.insert(key.as_slice(), encode(&record)?.as_slice())?;
            Ok(Verdict::Commit(Written::Version(record.version)))
        })
        .await
    }

    async fn grant(&self, key: &GrantKey) -> Result<Option<GrantRecord>, StoreError> {
        self.read(|transaction| {
            let row = transaction.open_table(GRANTS)?.get(keys::of_grant(key).as_slice())?;
            row.map(|row| decode(NAME, row.value())).transpose()
        })
    }

    async fn grants(&self, space: &SpaceId, connection: &ConnectionId) -> Result<Vec<GrantRecord>, StoreError> {
        let range = keys::starting_with(keys::of_connection(space, connection));
        self.scan(move |transaction| {
            let table = transaction.open_table(GRANTS)?;
            let rows = table.range(range.start.as_slice()..range.end.as_slice())?;
            rows.map(|row| decode(NAME, row?.1.value())).collect()
        })
        .await
    }

    async fn delete_grant(&self, key: &GrantKey, expected: Expected) -> Result<Written, StoreError> {
        let key = keys::of_grant(key);
        self.write(move |transaction| {
            let mut table = transaction.open_table(GRANTS)?;
            let current = version_of(&table, &key)?;
            if let Step::Conflict(version) = removal(current, expected) {
                return Ok(Verdict::Abort(Written::Conflict(version)));
            }
            if current.is_none() {
                return Ok(Verdict::Abort(Written::Version(0)));
            }
            table.remove(key.as_slice())?;
            Ok(Verdict::Commit(Written::Version(0)))
        })
        .await
    }
}

fn version_of(table: &Table<'_, &'static [u8], &'static [u8]>, key: &[u8]) -> Result<Option<u64>, StoreError> {
    let row = table.get(key)?;
    row.map(|row| decode::<GrantRecord>(NAME, row.value()).map(|there| there.version)).transpose()
}

pub(super) const NAME: &str = "grants";
