//! What a store can do, one trait for each kind of record. Handlers see only these traits.
//!
//! Every write is durable when it returns, unless a method says otherwise, and happens whole or not at all.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::time::Duration;

use async_trait::async_trait;
use innkeeper_ambient::Timestamp;
use innkeeper_spec::ConnectorId;

use crate::condition::{Condition, Expected, Written};
use crate::error::StoreError;
use crate::identity::SealedPlace;
use crate::ids::{ConnectionId, GrantKey, PrincipalId, SpaceId, StateKey};
use crate::page::{Page, Paged, every_page};
use crate::records::{
    AuditRecord, AuthorizationRecord, ComponentDigest, ConnectionRecord, ConnectorRecord, Edition, GrantRecord, Lease,
    LeaseHolder, StateRecord,
};
use crate::sealed::{DataKeyId, Sealed, WrappedDataKey};

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
    /// The digest of a connector's component and nothing else, as every call asks whether it is still the one in memory.
    async fn connector_digest(&self, id: &ConnectorId) -> Result<Option<ComponentDigest>, StoreError>;
    /// All, by id.
    async fn connectors(&self, page: &Page) -> Result<Paged<ConnectorRecord>, StoreError>;
    /// The bytes of a component.
    async fn component(&self, digest: &ComponentDigest) -> Result<Option<Vec<u8>>, StoreError>;
    /// Removes it; false when there was none.
    async fn delete_connector(&self, id: &ConnectorId) -> Result<bool, StoreError>;

    /// Every one, by id.
    async fn all_connectors(&self) -> Result<Vec<ConnectorRecord>, StoreError> {
        every_page(|page| async move { self.connectors(&page).await }).await
    }
}

/// Connections.
#[async_trait]
pub trait ConnectionRepository: Send + Sync {
    /// Writes `record` if what is there meets `condition`, else answers with the conflict. A new connection starts with nothing:
    /// what a late writer left under its id is removed.
    async fn put_connection_if(&self, record: ConnectionRecord, condition: Condition) -> Result<Written, StoreError>;
    /// One of a space.
    async fn connection(&self, space: &SpaceId, id: &ConnectionId) -> Result<Option<ConnectionRecord>, StoreError>;
    /// Which state one is in, and nothing else, as every call asks whether it is still the one in memory.
    async fn edition(&self, space: &SpaceId, id: &ConnectionId) -> Result<Option<Edition>, StoreError>;
    /// Those of a space, by id.
    async fn connections(&self, space: &SpaceId, page: &Page) -> Result<Paged<ConnectionRecord>, StoreError>;
    /// All connections of a connector, in every space: for whoever wants to remove it. Reads every connection.
    async fn connections_of(&self, connector: &ConnectorId) -> Result<Vec<(SpaceId, ConnectionId)>, StoreError>;
    /// Removes it with its grants, authorizations and guest state, in one transaction; false when there was none.
    async fn delete_connection(&self, space: &SpaceId, id: &ConnectionId) -> Result<bool, StoreError>;

    /// Writes `record` if what is there is `expected`; `record.version` must be the next version (1 when it is new). With
    /// [`Expected::Any`] it must be larger than the one that is there, otherwise it is a conflict.
    async fn put_connection(&self, record: ConnectionRecord, expected: Expected) -> Result<Written, StoreError> {
        let condition = expected.to_write(record.version)?;
        self.put_connection_if(record, condition).await
    }

    /// Every one of a space, by id.
    async fn all_connections(&self, space: &SpaceId) -> Result<Vec<ConnectionRecord>, StoreError> {
        every_page(|page| async move { self.connections(space, &page).await }).await
    }
}

/// Grants.
#[async_trait]
pub trait GrantRepository: Send + Sync {
    /// Writes `record` if what is there meets `condition`, else answers with the conflict.
    async fn put_grant_if(&self, record: GrantRecord, condition: Condition) -> Result<Written, StoreError>;
    /// The grant of a key.
    async fn grant(&self, key: &GrantKey) -> Result<Option<GrantRecord>, StoreError>;
    /// All of a connection.
    async fn grants(&self, space: &SpaceId, connection: &ConnectionId) -> Result<Vec<GrantRecord>, StoreError>;
    /// Removes it if what is there meets `condition`, else answers with the conflict. `Written::Version(0)`: it is gone, or was
    /// not there.
    async fn delete_grant_if(&self, key: &GrantKey, condition: Condition) -> Result<Written, StoreError>;
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

    /// Writes `record` if what is there is `expected`; `record.version` must be the next version (1 when it is new). With
    /// [`Expected::Any`] it must be larger than the one that is there, otherwise it is a conflict. A record under an older
    /// fencing number than the one that is there is a conflict, whatever is expected: who was overtaken may not write.
    async fn put_grant(&self, record: GrantRecord, expected: Expected) -> Result<Written, StoreError> {
        let condition = Condition { fence: record.fence, ..expected.to_write(record.version)? };
        self.put_grant_if(record, condition).await
    }

    /// Removes a grant if what is there is `expected`. `Written::Version(0)`: it is gone, or was not there.
    async fn delete_grant(&self, key: &GrantKey, expected: Expected) -> Result<Written, StoreError> {
        self.delete_grant_if(key, expected.to_remove()).await
    }
}

/// What came of asking for a lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Leasing {
    /// It is the asker's.
    Taken(Lease),
    /// Somebody else has it for that long, unless it is given back before.
    Held(Duration),
}

/// Who may refresh a grant: one at a time, among all processes that share the store.
///
/// A lease is no lock on the record: [`GrantRepository::put_grant`] compares versions and fencing numbers. It keeps a second
/// holder from sending the same refresh token, which no store could undo.
#[async_trait]
pub trait LeaseRepository: Send + Sync {
    /// Takes the lease of a grant for `holder`, unless another holder's has not ended. Who has it already gets a new one. It ends
    /// after `life` by the store's own clock, whatever the clock of the host shows: all who share the store share that clock. A
    /// host counts `life` from before it asked.
    async fn take_lease(&self, key: &GrantKey, holder: LeaseHolder, life: Duration) -> Result<Leasing, StoreError>;
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
    /// Writes `record` if what is there meets `condition` and all of the connection's values stay within `quota` bytes (see
    /// [`state_size`]), else answers why not.
    async fn put_state_if(
        &self,
        key: &StateKey,
        record: StateRecord,
        condition: Condition,
        quota: u64,
    ) -> Result<StateWritten, StoreError>;
    /// Removes it; nothing happens when there is none.
    async fn delete_state(&self, key: &StateKey) -> Result<(), StoreError>;

    /// Writes `record` if what is there is `expected` and all of the connection's values stay within `quota` bytes. The version
    /// follows the same rule as a grant's. Replacing a value by one that is no larger is allowed above the quota, too.
    async fn put_state(
        &self,
        key: &StateKey,
        record: StateRecord,
        expected: Expected,
        quota: u64,
    ) -> Result<StateWritten, StoreError> {
        let condition = expected.to_write(record.version)?;
        self.put_state_if(key, record, condition, quota).await
    }
}

/// The bytes that a connection's values have together once one of `replaced` bytes is replaced by one of `size`; `None` where that
/// is more than `quota`. Who is above a quota that was lowered may still shrink.
pub fn state_size(before: u64, replaced: u64, size: u64, quota: u64) -> Option<u64> {
    let after = before.saturating_sub(replaced).saturating_add(size);
    (after <= quota || after <= before).then_some(after)
}

/// Which audit records are asked for: those of a space that pass everything that is given.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AuditFilter {
    /// The tenant.
    pub space: SpaceId,
    /// Of this connection.
    pub connection: Option<ConnectionId>,
    /// For this principal.
    pub principal: Option<PrincipalId>,
    /// Of this kind: `call`, `check`, `authorize` ...
    pub event: Option<Cow<'static, str>>,
    /// With this outcome: `ok`, the kind of the error, or `cancelled`.
    pub outcome: Option<Cow<'static, str>>,
    /// That began at or after the start and before the end.
    pub during: Range<Timestamp>,
}

impl AuditFilter {
    /// All of a space.
    pub fn new(space: SpaceId) -> Self {
        let during = Timestamp::from_millis(0)..Timestamp::from_millis(u64::MAX);
        Self { space, connection: None, principal: None, event: None, outcome: None, during }
    }

    /// Whether a record of the space and the connection in the time asked for passes the rest.
    pub fn passes(&self, record: &AuditRecord) -> bool {
        self.principal.as_ref().is_none_or(|wanted| record.principal.as_ref() == Some(wanted))
            && self.event.as_ref().is_none_or(|wanted| record.event == *wanted)
            && self.outcome.as_ref().is_none_or(|wanted| record.outcome == *wanted)
    }
}

/// The audit trail, as [`crate::AuditTrail`] writes and reads it.
#[async_trait]
pub trait AuditRepository: Send + Sync {
    /// Writes a group of records, in this order; durable when it returns, all or none. Blocks: it is called on the thread of an
    /// [`crate::AuditTrail`] and nowhere else.
    fn write_audit(&self, records: &[AuditRecord]) -> Result<(), StoreError>;
    /// The records that pass `filter`, the newest first; of two that began at the same time, the one that was written last.
    async fn audit(&self, filter: &AuditFilter, page: &Page) -> Result<Paged<AuditRecord>, StoreError>;
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
    /// Texts that are not sealed under `data_key`, with where they are kept.
    async fn sealed_under_others(
        &self,
        data_key: DataKeyId,
        page: &Page,
    ) -> Result<Paged<(SealedPlace, Sealed)>, StoreError>;
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
    /// A number that is another one after every change of a connection or a connector, whoever made it, and that costs nothing to
    /// ask for: as long as it stays, what was read of them still holds. `None` where the store cannot tell, or while a change is
    /// being made.
    fn revision(&self) -> Option<u64> {
        None
    }
}
