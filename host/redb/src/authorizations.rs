//! Authorizations that have begun.

use async_trait::async_trait;
use innkeeper_ambient::Timestamp;
use innkeeper_store::{
    AuthorizationRecord, AuthorizationRepository, ConnectionId, GrantOwner, PrincipalId, SpaceId, StoreError,
};
use redb::{ReadableTable as _, WriteTransaction};

use crate::fault::Fault;
use crate::keys;
use crate::rows::{AuthorizationRow, decode, encode};
use crate::store::{RedbStore, Verdict};
use crate::tables::{AUTHORIZATIONS, AUTHORIZATIONS_BY_EXPIRY, AUTHORIZATIONS_OF_CONNECTION, USED_LINKS};

#[async_trait]
impl AuthorizationRepository for RedbStore {
    async fn put_authorization(&self, record: AuthorizationRecord) -> Result<(), StoreError> {
        self.write(move |transaction| {
            // A record with the same hash would leave its index rows behind.
            remove(transaction, &record.state_hash)?;
            let encoded = encode(&AuthorizationRow::from(record.clone()))?;
            transaction.open_table(AUTHORIZATIONS)?.insert(record.state_hash.as_slice(), encoded.as_slice())?;
            let (of_connection, by_expiry) = index_keys(&record);
            transaction.open_table(AUTHORIZATIONS_OF_CONNECTION)?.insert(of_connection.as_slice(), ())?;
            transaction.open_table(AUTHORIZATIONS_BY_EXPIRY)?.insert(by_expiry.as_slice(), ())?;
            Ok(Verdict::Commit(()))
        })
        .await
    }

    async fn authorization(&self, state_hash: &[u8; 32]) -> Result<Option<AuthorizationRecord>, StoreError> {
        self.read(|transaction| {
            let row = transaction.open_table(AUTHORIZATIONS)?.get(state_hash.as_slice())?;
            row.map(|row| read(row.value())).transpose()
        })
    }

    async fn take_authorization(&self, state_hash: &[u8; 32]) -> Result<Option<AuthorizationRecord>, StoreError> {
        let state_hash = *state_hash;
        self.write(move |transaction| {
            let taken = remove(transaction, &state_hash)?;
            Ok(if taken.is_some() { Verdict::Commit(taken) } else { Verdict::Abort(None) })
        })
        .await
    }

    async fn delete_authorizations(&self, space: &SpaceId, principal: &PrincipalId) -> Result<u64, StoreError> {
        let (space, owner) = (space.clone(), GrantOwner::Principal(principal.clone()));
        self.write(move |transaction| {
            let mut deleted = 0;
            for state_hash in starting_with(transaction, keys::of_space(&space))? {
                let row =
                    transaction.open_table(AUTHORIZATIONS)?.get(state_hash.as_slice())?.map(|row| read(row.value()));
                if row.transpose()?.is_some_and(|record| record.owner == owner) {
                    remove(transaction, &state_hash)?;
                    deleted += 1;
                }
            }
            Ok(if deleted > 0 { Verdict::Commit(deleted) } else { Verdict::Abort(0) })
        })
        .await
    }

    async fn use_link(&self, link_hash: &[u8; 32], until: Timestamp) -> Result<bool, StoreError> {
        let link_hash = *link_hash;
        self.write(move |transaction| {
            let mut table = transaction.open_table(USED_LINKS)?;
            if table.get(link_hash.as_slice())?.is_some() {
                return Ok(Verdict::Abort(false));
            }
            table.insert(link_hash.as_slice(), until.as_millis())?;
            Ok(Verdict::Commit(true))
        })
        .await
    }

    async fn sweep_authorizations(&self, now: Timestamp) -> Result<u64, StoreError> {
        self.write(move |transaction| {
            let ended: Vec<Vec<u8>> = {
                let table = transaction.open_table(AUTHORIZATIONS_BY_EXPIRY)?;
                let end = keys::of_expiry(now, &[]);
                let rows = table.range(..end.as_slice())?;
                rows.map(|row| Ok(row?.0.value()[8..].to_vec())).collect::<Result<_, Fault>>()?
            };
            let mut swept = 0;
            for state_hash in ended {
                swept += u64::from(remove(transaction, &state_hash)?.is_some());
            }
            let forgotten = forget_links(transaction, now)?;
            Ok(if swept > 0 || forgotten { Verdict::Commit(swept) } else { Verdict::Abort(0) })
        })
        .await
    }
}

pub(crate) fn remove_of_connection(
    transaction: &WriteTransaction,
    space: &SpaceId,
    connection: &ConnectionId,
) -> Result<(), Fault> {
    for state_hash in starting_with(transaction, keys::of_connection(space, connection))? {
        remove(transaction, &state_hash)?;
    }
    Ok(())
}

/// The hashes of the authorizations of a space or of a connection.
fn starting_with(transaction: &WriteTransaction, prefix: Vec<u8>) -> Result<Vec<Vec<u8>>, Fault> {
    let range = keys::starting_with(prefix);
    let table = transaction.open_table(AUTHORIZATIONS_OF_CONNECTION)?;
    let rows = table.range(range.start.as_slice()..range.end.as_slice())?;
    let hash = |key: &[u8]| key[key.len().saturating_sub(HASH)..].to_vec();
    rows.map(|row| Ok(hash(row?.0.value()))).collect()
}

/// False if none has expired.
fn forget_links(transaction: &WriteTransaction, now: Timestamp) -> Result<bool, Fault> {
    let mut forgotten = false;
    let mut table = transaction.open_table(USED_LINKS)?;
    table.retain(|_, until| {
        let stays = until >= now.as_millis();
        forgotten |= !stays;
        stays
    })?;
    Ok(forgotten)
}

/// Removes it with its index rows.
fn remove(transaction: &WriteTransaction, state_hash: &[u8]) -> Result<Option<AuthorizationRecord>, Fault> {
    let removed = {
        let mut table = transaction.open_table(AUTHORIZATIONS)?;
        let removed = table.remove(state_hash)?;
        removed.map(|row| read(row.value())).transpose()?
    };
    if let Some(record) = &removed {
        let (of_connection, by_expiry) = index_keys(record);
        transaction.open_table(AUTHORIZATIONS_OF_CONNECTION)?.remove(of_connection.as_slice())?;
        transaction.open_table(AUTHORIZATIONS_BY_EXPIRY)?.remove(by_expiry.as_slice())?;
    }
    Ok(removed)
}

fn index_keys(record: &AuthorizationRecord) -> (Vec<u8>, Vec<u8>) {
    (
        keys::of_authorization(&record.space, &record.connection, &record.state_hash),
        keys::of_expiry(record.expires_at, &record.state_hash),
    )
}

/// The length of the hash of a state, which ends the keys of the index.
const HASH: usize = 32;

/// The content of a row.
pub(crate) fn read(row: &[u8]) -> Result<AuthorizationRecord, Fault> {
    Ok(decode::<AuthorizationRow>("authorizations", row)?.into())
}
