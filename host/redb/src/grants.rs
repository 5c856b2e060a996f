//! Grants, and where to find those that need the host's care.

use async_trait::async_trait;
use innkeeper_ambient::Timestamp;
use innkeeper_store::{
    ConnectionId, Expected, GrantKey, GrantOwner, GrantRecord, GrantRepository, PrincipalId, SpaceId, StoreError,
    Written,
};
use redb::{ReadableTable as _, WriteTransaction};

use crate::fault::Fault;
use crate::keys;
use crate::store::{RedbStore, Verdict, decode, encode};
use crate::tables::{GRANTS, GRANTS_BY_WRITING, GRANTS_IN_DOUBT};
use crate::versions::{Step, is_fenced_off, removal, step};

#[async_trait]
impl GrantRepository for RedbStore {
    async fn put_grant(&self, record: GrantRecord, expected: Expected) -> Result<Written, StoreError> {
        self.write(move |transaction| {
            let key = keys::of_grant(&record.key);
            let there = at(transaction, &key)?;
            let current = there.as_ref().map(|there| there.version);
            if let Step::Conflict(version) = step(current, expected, record.version)? {
                return Ok(Verdict::Abort(Written::Conflict(version)));
            }
            if there.as_ref().is_some_and(|there| is_fenced_off(there.fence, record.fence)) {
                return Ok(Verdict::Abort(Written::Conflict(current.unwrap_or(0))));
            }
            if let Some(there) = &there {
                unindex(transaction, &key, there)?;
            }
            index(transaction, &key, &record)?;
            transaction.open_table(GRANTS)?.insert(key.as_slice(), encode(&record)?.as_slice())?;
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
        self.listed(keys::of_connection(space, connection), |_| true).await
    }

    async fn delete_grant(&self, key: &GrantKey, expected: Expected) -> Result<Written, StoreError> {
        let key = keys::of_grant(key);
        self.write(move |transaction| {
            let there = at(transaction, &key)?;
            if let Step::Conflict(version) = removal(there.as_ref().map(|there| there.version), expected) {
                return Ok(Verdict::Abort(Written::Conflict(version)));
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
                    found.push(decode::<GrantRecord>(NAME, row.value())?.key);
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
                    found.push(decode(NAME, row.value())?);
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
                let record = decode(NAME, row?.1.value())?;
                if wanted(&record) {
                    found.push(record);
                }
            }
            Ok(found)
        })
        .await
    }
}

/// Removes all of a connection; false when there was none.
pub(crate) fn remove_of_connection(
    transaction: &WriteTransaction,
    space: &SpaceId,
    connection: &ConnectionId,
) -> Result<bool, Fault> {
    let range = keys::starting_with(keys::of_connection(space, connection));
    let removed = {
        let mut table = transaction.open_table(GRANTS)?;
        let rows = table.extract_from_if(range.start.as_slice()..range.end.as_slice(), |_, _| true)?;
        rows.map(|row| {
            let (key, value) = row?;
            Ok((key.value().to_vec(), decode::<GrantRecord>(NAME, value.value())?))
        })
        .collect::<Result<Vec<_>, Fault>>()?
    };
    for (key, record) in &removed {
        unindex(transaction, key, record)?;
    }
    Ok(!removed.is_empty())
}

/// Makes the indexes of a file that had none.
pub(crate) fn index_all(transaction: &WriteTransaction) -> Result<(), Fault> {
    transaction.open_table(GRANTS_IN_DOUBT)?;
    transaction.open_table(GRANTS_BY_WRITING)?;
    for row in transaction.open_table(GRANTS)?.iter()? {
        let (key, value) = row?;
        index(transaction, key.value(), &decode(NAME, value.value())?)?;
    }
    Ok(())
}

fn at(transaction: &WriteTransaction, key: &[u8]) -> Result<Option<GrantRecord>, Fault> {
    let table = transaction.open_table(GRANTS)?;
    let row = table.get(key)?;
    row.map(|row| decode(NAME, row.value())).transpose()
}

fn index(transaction: &WriteTransaction, key: &[u8], record: &GrantRecord) -> Result<(), Fault> {
    let by_writing = keys::of_writing(record.updated_at, key);
    transaction.open_table(GRANTS_BY_WRITING)?.insert(by_writing.as_slice(), ())?;
    if is_in_doubt(record) {
        transaction.open_table(GRANTS_IN_DOUBT)?.insert(key, ())?;
    }
    Ok(())
}

fn unindex(transaction: &WriteTransaction, key: &[u8], record: &GrantRecord) -> Result<(), Fault> {
    let by_writing = keys::of_writing(record.updated_at, key);
    transaction.open_table(GRANTS_BY_WRITING)?.remove(by_writing.as_slice())?;
    if is_in_doubt(record) {
        transaction.open_table(GRANTS_IN_DOUBT)?.remove(key)?;
    }
    Ok(())
}

fn is_in_doubt(record: &GrantRecord) -> bool {
    record.refresh_intent.is_some() && record.lost.is_none()
}

pub(crate) const NAME: &str = "grants";
