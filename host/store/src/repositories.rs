//! What a store can do, one trait for each kind of record. Handlers see only these traits.
//!
//! Every write is durable when it returns, unless a method says otherwise, and happens whole or not at all.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use innkeeper_ambient::Timestamp;
use innkeeper_spec::ConnectorId;

use crate::identity::SealedPlace;
use crate::ids::{ConnectionId, GrantKey, PrincipalId, SpaceId, StateKey};
use crate::records::{
    AuditRecord, AuthorizationRecord, ComponentDigest, ConnectionRecord, ConnectorRecord, GrantRecord, Lease,
    LeaseHolder, StateRecord,
};
use crate::sealed::{DataKeyId, Sealed, WrappedDataKey};

/// Why the store did not answer.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process has the file open.
    #[error("the store {0} is open in another process; stop it, or use another store")]
    Locked(String),
    /// There is no space left.
    #[error("the store has no space left on its disk; free some and try again: {0}")]
    Full(String),
    /// The file is not a store, or was cut short or changed.
    #[error("the store is damaged and was not changed; restore it from a copy: {0}")]
    Damaged(String),
    /// The file was written by a newer version.
    #[error("the store has format {found}, this program knows {known}; use a newer program")]
    Newer {
        /// What the file says.
        found: u32,
        /// What this program can read.
        known: u32,
    },
    /// It cannot be reached or read.
    #[error("the store cannot be used: {0}")]
    Unavailable(String),
}

/// What came of a write that names the version it replaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// It is durable, under this version.
    Version(u64),
    /// Somebody else wrote in between; this version is there now, 0 when there is none. Nothing was changed.
    Conflict(u64),
}

/// Which version a write replaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// None: it is new.
    Absent,
    /// This one.
    Version(u64),
    /// Whatever is there.
    Any,
}

/// Wrapped data keys.
#[async_trait]
pub trait DataKeyRepository: Send + Sync {
    /// All of them, oldest first.
    async fn data_keys(&self) -> Result<Vec<WrappedDataKey>, StoreError>;
    /// Keeps `key` if there is none with its id; answers the one that is there afterwards (another process may be first).
    async fn add_data_key(&self, key: WrappedDataKey) -> Result<WrappedDataKey, StoreError>;
    /// Replaces the one of the same id: the same data key under another key-encryption key.
    async fn rewrap_data_key(&self, key: WrappedDataKey) -> Result<(), StoreError>;
}

/// Installed connectors and their components.
#[async_trait]
pub trait ConnectorRepository: Send + Sync {
    /// Adds or replaces it, with its component.
    async fn put_connector(&self, record: ConnectorRecord, component: Vec<u8>) -> Result<(), StoreError>;
    /// The record of one.
    async fn connector(&self, id: &ConnectorId) -> Result<Option<ConnectorRecord>, StoreError>;
    /// All, by id.
    async fn connectors(&self) -> Result<Vec<ConnectorRecord>, StoreError>;
    /// The bytes of a component.
    async fn component(&self, digest: &ComponentDigest) -> Result<Option<Vec<u8>>, StoreError>;
    /// Removes it; false when there was none.
    async fn delete_connector(&self, id: &ConnectorId) -> Result<bool, StoreError>;
}

/// Connections.
#[async_trait]
pub trait ConnectionRepository: Send + Sync {
    /// Writes `record` if what is there is `expected`; `record.version` must be the next version (1 when it is new). With
    /// [`Expected::Any`] it must be larger than the one that is there, otherwise it is a conflict. A new connection starts
    /// with nothing: what a late writer left under its id is removed.
    async fn put_connection(&self, record: ConnectionRecord, expected: Expected) -> Result<Written, StoreError>;
    /// One of a space.
    async fn connection(&self, space: &SpaceId, id: &ConnectionId)
    -> Result<Option<Arc<ConnectionRecord>>, StoreError>;
    /// All of a space, by id.
    async fn connections(&self, space: &SpaceId) -> Result<Vec<ConnectionRecord>, StoreError>;
    /// All connections of a connector, in every space: for whoever wants to remove it. Reads every connection.
    async fn connections_of(&self, connector: &ConnectorId) -> Result<Vec<(SpaceId, ConnectionId)>, StoreError>;
    /// Removes it with its grants, authorizations and guest state, in one transaction; false when there was none.
    async fn delete_connection(&self, space: &SpaceId, id: &ConnectionId) -> Result<bool, StoreError>;
}

/// Grants.
#[async_trait]
pub trait GrantRepository: Send + Sync {
    /// Writes `record` if what is there is `expected`; `record.version` must be the next version (1 when it is new). With
    /// [`Expected::Any`] it must be larger than the one that is there, otherwise it is a conflict. A record under an older
    /// fencing number than the one that is there is a conflict, whatever is expected.
    async fn put_grant(&self, record: GrantRecord, expected: Expected) -> Result<Written, StoreError>;
    /// The grant of a key.
    async fn grant(&self, key: &GrantKey) -> Result<Option<GrantRecord>, StoreError>;
    /// All of a connection.
    async fn grants(&self, space: &SpaceId, connection: &ConnectionId) -> Result<Vec<GrantRecord>, StoreError>;
    /// Removes it if what is there is `expected`. `Written::Version(0)`: it is gone, or was not there.
    async fn delete_grant(&self, key: &GrantKey, expected: Expected) -> Result<Written, StoreError>;
    /// All of one principal in a space. Reads every grant of the space.
    async fn grants_of_principal(
        &self,
        space: &SpaceId,
        principal: &PrincipalId,
    ) -> Result<Vec<GrantRecord>, StoreError>;
    /// Up to `limit` keys, of every space, whose refresh was sent and never settled. For the host's own repair.
    async fn grants_in_doubt(&self, limit: usize) -> Result<Vec<GrantKey>, StoreError>;
    /// Up to `limit` grants, of every space, that were last written before `before`, the oldest first; those after `after`
    /// where it is given. For keeping them alive.
    async fn idle_grants(
        &self,
        before: Timestamp,
        after: Option<&GrantRecord>,
        limit: usize,
    ) -> Result<Vec<GrantRecord>, StoreError>;
}

/// What came of asking for a lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Leasing {
    /// It is the asker's.
    Taken(Lease),
    /// Somebody else has it until then.
    Held(Timestamp),
}

/// Who may refresh a grant: one at a time, among all processes that share the store.
///
/// A lease is no lock on the record: [`GrantRepository::put_grant`] compares versions and fencing numbers. It keeps a second
/// holder from sending the same refresh token, which no store could undo.
#[async_trait]
pub trait LeaseRepository: Send + Sync {
    /// Takes the lease of a grant for `holder` until `until`, unless another holder's has not ended at `now`. Who has it
    /// already gets a new one.
    async fn take_lease(
        &self,
        key: &GrantKey,
        holder: LeaseHolder,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Leasing, StoreError>;
    /// Gives it back, if it is still the one that its holder has; false when it is not.
    async fn release_lease(&self, lease: &Lease) -> Result<bool, StoreError>;
}

/// Authorizations that have begun.
#[async_trait]
pub trait AuthorizationRepository: Send + Sync {
    /// Keeps it.
    async fn put_authorization(&self, record: AuthorizationRecord) -> Result<(), StoreError>;
    /// Reads it without consuming it.
    async fn authorization(&self, state_hash: &[u8; 32]) -> Result<Option<AuthorizationRecord>, StoreError>;
    /// Takes it out: of several callers exactly one gets it.
    async fn take_authorization(&self, state_hash: &[u8; 32]) -> Result<Option<AuthorizationRecord>, StoreError>;
    /// Marks a start link, by its hash, as used until it ends: of several callers exactly one is told that it was the first.
    async fn use_link(&self, link_hash: &[u8; 32], until: Timestamp) -> Result<bool, StoreError>;
    /// Removes the authorizations that ended before `now`, and the marks of links that did; answers how many authorizations.
    async fn sweep_authorizations(&self, now: Timestamp) -> Result<u64, StoreError>;
}

/// What came of writing guest state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StateWritten {
    /// It is durable, under this version.
    Version(u64),
    /// Somebody else wrote in between; this version is there now, 0 when there is none.
    Conflict(u64),
    /// The connection's state would be larger than the quota.
    QuotaExceeded,
}

/// Guest state.
#[async_trait]
pub trait StateRepository: Send + Sync {
    /// The value of a key.
    async fn state(&self, key: &StateKey) -> Result<Option<StateRecord>, StoreError>;
    /// Writes `record` if what is there is `expected` and all of the connection's values stay within `quota` bytes. The version
    /// follows the same rule as a grant's. Replacing a value by one that is no larger is allowed above the quota, too.
    async fn put_state(
        &self,
        key: &StateKey,
        record: StateRecord,
        expected: Expected,
        quota: u64,
    ) -> Result<StateWritten, StoreError>;
    /// Removes it; nothing happens when there is none.
    async fn delete_state(&self, key: &StateKey) -> Result<(), StoreError>;
}

/// The audit trail.
#[async_trait]
pub trait AuditRepository: Send + Sync {
    /// Hands the record over; it is durable within 50 ms. Never waits for the disk.
    fn record(&self, record: AuditRecord);
    /// Hands the record over and waits until it is durable.
    async fn record_strictly(&self, record: AuditRecord) -> Result<(), StoreError>;
    /// Waits until all that was handed over is durable.
    async fn flush_audit(&self) -> Result<(), StoreError>;
    /// The newest `limit` of a space, newest first, of one connection where it is given.
    async fn audit(
        &self,
        space: &SpaceId,
        connection: Option<&ConnectionId>,
        limit: usize,
    ) -> Result<Vec<AuditRecord>, StoreError>;
}

/// A part of what was asked for, and where to go on.
#[derive(Clone, Debug, Default)]
pub struct SealedPage {
    /// Sealed texts and where they are kept.
    pub found: Vec<(SealedPlace, Sealed)>,
    /// Pass this to get the next page; none when this was the last.
    pub next: Option<Vec<u8>>,
}

/// One sealed text that is to take the place of another.
#[derive(Clone, Debug)]
pub struct Reseal {
    /// Where.
    pub place: SealedPlace,
    /// What must be there still, byte for byte.
    pub old: Sealed,
    /// The same secret under the same identity, sealed under another data key.
    pub new: Sealed,
}

/// Sealed texts of every kind and every space. For the rotation of keys and nothing else: it crosses spaces.
#[async_trait]
pub trait SealedRepository: Send + Sync {
    /// About `limit` texts that are not sealed under `data_key`, from where `after` says.
    async fn sealed_under_others(
        &self,
        data_key: DataKeyId,
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<SealedPage, StoreError>;
    /// Replaces each text whose record still has that version and that text. Nothing else of the record changes, its version
    /// neither, so that who holds the record can still write it. Answers how many were replaced.
    async fn reseal(&self, changes: Vec<Reseal>) -> Result<u64, StoreError>;
}

/// All that the host keeps.
pub trait Store:
    DataKeyRepository
    + SealedRepository
    + ConnectorRepository
    + ConnectionRepository
    + GrantRepository
    + LeaseRepository
    + AuthorizationRepository
    + StateRepository
    + AuditRepository
    + fmt::Debug
{
}
