//! Grants, and the indexes of those that need the host's care.

use async_trait::async_trait;
use innkeeper_ambient::Timestamp;
use innkeeper_store::{
    Condition, ConnectionId, GrantKey, GrantOwner, GrantRecord, GrantRepository, PrincipalId, SpaceId, StoreError,
    Written,
};
use redb::{ReadableTable as _, WriteTransaction};

use crate::fault::Fault;
use crate::keys;
use crate::rows::{GrantRow, decode, encode};
use crate::store::{RedbStore, Verdict};
use crate::tables::{GRANTS, GRANTS_BY_WRITING, GRANTS_IN_DOUBT};

#[async_trait]
impl GrantRepository for RedbStore {
    async fn put_grant_if(&self, record: GrantRecord, condition: Condition) -> Result<Written, StoreError> {
        self.write(move |transaction| {
            let key = keys::of_grant(&record.key);
            let there = at(transaction, &key)?;
            if !holds(condition, there.as_ref()) {
                return Ok(Verdict::Abort(conflict(there.as_ref())));
            }
            if let Some(there) = &there {
                unindex(transaction, &key, there)?;
            }
            index(transaction, &key, &record)?;
            let version = record.version;
            transaction.open_table(GRANTS)?.insert(key.as_slice(), write(record)?.as_slice())?;
            Ok(Verdict::Commit(Written::Version(version)))
        })
        .await
    }

    async fn grant(&self, key: &GrantKey) -> Result<Option<GrantRecord>, StoreError> {
        self.read(|transaction| {
            let row = transaction.open_table(GRANTS)?.get(keys::of_grant(key).as_slice())?;
            row.map(|row| read(row.value())).transpose()
        })
    }

    async fn grants(&self, space: &SpaceId, connection: &ConnectionId) -> Result<Vec<GrantRecord>, StoreError> {
        self.listed(keys::of_connection(space, connection), |_| true).await
    }

    async fn delete_grant_if(&self, key: &GrantKey, condition: Condition) -> Result<Written, StoreError> {
        let key = keys::of_grant(key);
        self.write(move |transaction| {
            let there = at(transaction, &key)?;
            if !holds(condition, there.as_ref()) {
                return Ok(Verdict::Abort(conflict(there.as_ref())));
            }
            let Some(there) = there else { return Ok(Verdict::Abort(Written::Version(0))) };
            unindex(transaction, &key, &there)?;
            transaction.open_table(GRANTS)?.remove(key.as_slice())?;
            Ok(Verdict::Commit(Written::Version(0)))
        })
        .await
    }

    async fn grants_of_principal(
        &self,
        space: &SpaceId,
        principal: &PrincipalId,
    ) -> Result<Vec<GrantRecord>, StoreError> {
        let owner = GrantOwner::Principal(principal.clone());
        self.listed(keys::of_space(space), move |record| record.key.owner == owner).await
    }

    async fn grants_in_doubt(&self, limit: usize) -> Result<Vec<GrantKey>, StoreError> {
        self.scan(move |transaction| {
            let grants = transaction.open_table(GRANTS)?;
            let mut found = Vec::new();
            for row in transaction.open_table(GRANTS_IN_DOUBT)?.iter()?.take(limit) {
                if let Some(row) = grants.get(row?.0.value())? {
                    found.push(read(row.value())?.key);
                }
            }
            Ok(found)
        })
        .await
    }

    async fn idle_grants(
        &self,
        before: Timestamp,
        after: Option<&GrantRecord>,
        limit: usize,
    ) -> Result<Vec<GrantRecord>, StoreError> {
        let first = after.map_or_else(Vec::new, |record| {
            let mut first = keys::of_writing(record.updated_at, &keys::of_grant(&record.key));
            first.push(0);
            first
        });
        let end = keys::of_writing(before, &[]);
        if first >= end {
            return Ok(Vec::new());
        }
        self.scan(move |transaction| {
            let grants = transaction.open_table(GRANTS)?;
            let mut found = Vec::new();
            for row in transaction.open_table(GRANTS_BY_WRITING)?.range(first.as_slice()..end.as_slice())?.take(limit) {
                let row = row?.0;
                let key = row.value().get(size_of::<u64>()..).unwrap_or_default();
                if let Some(row) = grants.get(key)? {
                    found.push(read(row.value())?);
                }
            }
            Ok(found)
        })
        .await
    }
}

impl RedbStore {
    async fn listed(
        &self,
        prefix: Vec<u8>,
        wanted: impl Fn(&GrantRecord) -> bool + Send + 'static,
    ) -> Result<Vec<GrantRecord>, StoreError> {
        let range = keys::starting_with(prefix);
        self.scan(move |transaction| {
            let table = transaction.open_table(GRANTS)?;
            let mut found = Vec::new();
            for row in table.range(range.start.as_slice()..range.end.as_slice())? {
                let record = read(row?.1.value())?;
                if wanted(&record) {
                    found.push(record);
                }
            }
            Ok(found)
        })
        .await
    }
}

/// Removes all grants of a connection; false if there were none.
pub(crate) fn remove_of_connection(
    transaction: &WriteTransaction,
    space: &SpaceId,
    connection: &ConnectionId,
) -> Result<(), Fault> {
    let range = keys::starting_with(keys::of_connection(space, connection));
    let removed = {
        let mut table = transaction.open_table(GRANTS)?;
        let rows = table.extract_from_if(range.start.as_slice()..range.end.as_slice(), |_, _| true)?;
        rows.map(|row| {
            let (key, value) = row?;
            Ok((key.value().to_vec(), read(value.value())?))
        })
        .collect::<Result<Vec<_>, Fault>>()?
    };
    for (key, record) in &removed {
        unindex(transaction, key, record)?;
    }
    Ok(())
}

fn at(transaction: &WriteTransaction, key: &[u8]) -> Result<Option<GrantRecord>, Fault> {
    let table = transaction.open_table(GRANTS)?;
    let row = table.get(key)?;
    row.map(|row| read(row.value())).transpose()
}

fn index(transaction: &WriteTransaction, key: &[u8], record: &GrantRecord) -> Result<(), Fault> {
    let by_writing = keys::of_writing(record.updated_at, key);
    transaction.open_table(GRANTS_BY_WRITING)?.insert(by_writing.as_slice(), ())?;
    if record.phase.is_in_doubt() {
        transaction.open_table(GRANTS_IN_DOUBT)?.insert(key, ())?;
    }
    Ok(())
}

fn unindex(transaction: &WriteTransaction, key: &[u8], record: &GrantRecord) -> Result<(), Fault> {
    let by_writing = keys::of_writing(record.updated_at, key);
    transaction.open_table(GRANTS_BY_WRITING)?.remove(by_writing.as_slice())?;
    if record.phase.is_in_doubt() {
        transaction.open_table(GRANTS_IN_DOUBT)?.remove(key)?;
    }
    Ok(())
}

fn holds(condition: Condition, there: Option<&GrantRecord>) -> bool {
    condition.holds(there.map(|there| (there.version, there.fence)))
}

fn conflict(there: Option<&GrantRecord>) -> Written {
    Written::Conflict(there.map_or(0, |there| there.version))
}

/// The content of a row.
pub(crate) fn read(row: &[u8]) -> Result<GrantRecord, Fault> {
    Ok(decode::<GrantRow>("grants", row)?.into())
}

/// The row of a record.
pub(crate) fn write(record: GrantRecord) -> Result<Vec<u8>, Fault> {
    encode(&GrantRow::from(record))
}
