//! Guest state. The total size of a connection's values is stored beside it, so that a quota costs only one more row.

use async_trait::async_trait;
use innkeeper_store::{
    Condition, Sealed, StateKey, StateRecord, StateRepository, StateWritten, StoreError, state_size,
};
use redb::ReadableTable as _;

use crate::fault::Fault;
use crate::keys;
use crate::rows::damaged;
use crate::store::{RedbStore, Verdict};
use crate::tables::{STATE, STATE_SIZES};

#[async_trait]
impl StateRepository for RedbStore {
    async fn state(&self, key: &StateKey) -> Result<Option<StateRecord>, StoreError> {
        self.read(|transaction| {
            let row = transaction.open_table(STATE)?.get(keys::of_state(key).as_slice())?;
            row.map(|row| from_row(row.value())).transpose()
        })
    }

    async fn put_state_if(
        &self,
        key: &StateKey,
        record: StateRecord,
        condition: Condition,
        quota: u64,
    ) -> Result<StateWritten, StoreError> {
        let sizes_key = keys::of_connection(&key.space, &key.connection);
        let key = keys::of_state(key);
        self.write(move |transaction| {
            let mut table = transaction.open_table(STATE)?;
            let there = table.get(key.as_slice())?.map(|row| numbers(row.value())).transpose()?;
            let current = there.map(|(version, _)| version);
            if !condition.holds(current.map(|version| (version, 0))) {
                return Ok(Verdict::Abort(StateWritten::Conflict(current.unwrap_or(0))));
            }
            let replaced = there.map_or(0, |(_, size)| size);
            let mut sizes = transaction.open_table(STATE_SIZES)?;
            let before = sizes.get(sizes_key.as_slice())?.map_or(0, |sum| sum.value());
            let Some(after) = state_size(before, replaced, record.size, quota) else {
                return Ok(Verdict::Abort(StateWritten::QuotaExceeded));
            };
            sizes.insert(sizes_key.as_slice(), after)?;
            table.insert(key.as_slice(), to_row(&record).as_slice())?;
            Ok(Verdict::Commit(StateWritten::Version(record.version)))
        })
        .await
    }

    async fn delete_state(&self, key: &StateKey) -> Result<(), StoreError> {
        let sizes_key = keys::of_connection(&key.space, &key.connection);
        let key = keys::of_state(key);
        self.write(move |transaction| {
            let removed = {
                let mut table = transaction.open_table(STATE)?;
                let removed = table.remove(key.as_slice())?;
                removed.map(|row| numbers(row.value())).transpose()?
            };
            let Some((_, size)) = removed else { return Ok(Verdict::Abort(())) };
            let mut sizes = transaction.open_table(STATE_SIZES)?;
            let before = sizes.get(sizes_key.as_slice())?.map_or(0, |sum| sum.value());
            sizes.insert(sizes_key.as_slice(), before.saturating_sub(size))?;
            Ok(Verdict::Commit(()))
        })
        .await
    }
}

pub(crate) fn to_row(record: &StateRecord) -> Vec<u8> {
    let sealed = record.sealed.as_bytes();
    let mut row = Vec::with_capacity(NUMBERS + sealed.len());
    row.extend_from_slice(&record.version.to_be_bytes());
    row.extend_from_slice(&record.size.to_be_bytes());
    row.extend_from_slice(sealed);
    row
}

pub(crate) fn from_row(row: &[u8]) -> Result<StateRecord, Fault> {
    let (version, size) = numbers(row)?;
    let sealed = Sealed::from_bytes(row[NUMBERS..].to_vec()).map_err(|_| cut_short())?;
    Ok(StateRecord { sealed, size, version })
}

/// The version and size.
fn numbers(row: &[u8]) -> Result<(u64, u64), Fault> {
    let (version, rest) = row.split_first_chunk().ok_or_else(cut_short)?;
    let (size, _) = rest.split_first_chunk().ok_or_else(cut_short)?;
    Ok((u64::from_be_bytes(*version), u64::from_be_bytes(*size)))
}

fn cut_short() -> Fault {
    damaged("a value of guest state is truncated")
}

const NUMBERS: usize = 16;
