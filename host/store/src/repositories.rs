//! The operations of a store, one trait for each kind of record. Handlers see only these traits.
//!
//! Every write is durable when it returns, unless a method says otherwise, and is atomic.

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
    /// All data keys, oldest first.
    async fn data_keys(&self) -> Result<Vec<WrappedDataKey>, StoreError>;
    /// Stores `key` if there is none with its id; returns the one that is stored afterwards (another process may be first).
    async fn add_data_key(&self, key: WrappedDataKey) -> Result<WrappedDataKey, StoreError>;
    /// Replaces the key with the same id: the same data key under another key-encryption key.
    async fn rewrap_data_key(&self, key: WrappedDataKey) -> Result<(), StoreError>;
}

/// Installed connectors and their components.
#[async_trait]
pub trait ConnectorRepository: Send + Sync {
    /// Writes a connector and its component if the current component is `before`, or if there is no connector where `before` is
    /// `None`. Returns false, changing nothing, if another one was added or it was removed.
    async fn put_connector(
        &self,
        record: ConnectorRecord,
        component: Vec<u8>,
        before: Option<&ComponentDigest>,
    ) -> Result<bool, StoreError>;
    /// The record of a connector.
    async fn connector(&self, id: &ConnectorId) -> Result<Option<ConnectorRecord>, StoreError>;
    /// Only the digest of a connector's component: every call checks whether the one in memory is still current.
    async fn connector_digest(&self, id: &ConnectorId) -> Result<Option<ComponentDigest>, StoreError>;
    /// A page of all connectors, by id.
    async fn connectors(&self, page: &Page) -> Result<Paged<ConnectorRecord>, StoreError>;
    /// The bytes of a component.
    async fn component(&self, digest: &ComponentDigest) -> Result<Option<Vec<u8>>, StoreError>;
    /// Removes a connector; false if there was none.
    async fn delete_connector(&self, id: &ConnectorId) -> Result<bool, StoreError>;

    /// All connectors, by id.
    async fn all_connectors(&self) -> Result<Vec<ConnectorRecord>, StoreError> {
        every_page(|page| async move { self.connectors(&page).await }).await
    }
}

/// Connections.
#[async_trait]
pub trait ConnectionRepository: Send + Sync {
    /// Writes `record` if the current edition is `before`, or if there is no connection where `before` is `None`. Returns false,
    /// changing nothing, otherwise. A new connection starts empty: anything that a late writer left under its id is removed.
    async fn put_connection_if(&self, record: ConnectionRecord, before: Option<Edition>) -> Result<bool, StoreError>;
    /// A connection of a space.
    async fn connection(&self, space: &SpaceId, id: &ConnectionId) -> Result<Option<ConnectionRecord>, StoreError>;
    /// Only the edition of a connection: every call checks whether the one in memory is still current.
    async fn edition(&self, space: &SpaceId, id: &ConnectionId) -> Result<Option<Edition>, StoreError>;
    /// A page of a space's connections, by id.
    async fn connections(&self, space: &SpaceId, page: &Page) -> Result<Paged<ConnectionRecord>, StoreError>;
    /// All connections of a connector, in every space, for removing the connector. Reads every connection.
    async fn connections_of(&self, connector: &ConnectorId) -> Result<Vec<(SpaceId, ConnectionId)>, StoreError>;
    /// Removes the connection that was created at `created_at`, with its grants, authorizations and guest state, in one
    /// transaction; false if there is none. Another connection that has taken its id since stays.
    async fn delete_connection(
        &self,
        space: &SpaceId,
        id: &ConnectionId,
        created_at: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Writes `record` if the current edition is `before`, or if there is no connection where `before` is `None`; false
    /// otherwise. `record.version` must be the version after it, 1 for a new record.
    async fn put_connection(&self, record: ConnectionRecord, before: Option<Edition>) -> Result<bool, StoreError> {
        Expected::from(before.map(|before| before.version)).to_write(record.version)?;
        self.put_connection_if(record, before).await
    }

    /// All connections of a space, by id.
    async fn all_connections(&self, space: &SpaceId) -> Result<Vec<ConnectionRecord>, StoreError> {
        every_page(|page| async move { self.connections(space, &page).await }).await
    }
}

/// Grants.
#[async_trait]
pub trait GrantRepository: Send + Sync {
    /// Writes `record` if the current one meets `condition`; otherwise returns the conflict.
    async fn put_grant_if(&self, record: GrantRecord, condition: Condition) -> Result<Written, StoreError>;
    /// The grant of a key.
    async fn grant(&self, key: &GrantKey) -> Result<Option<GrantRecord>, StoreError>;
    /// All grants of a connection.
    async fn grants(&self, space: &SpaceId, connection: &ConnectionId) -> Result<Vec<GrantRecord>, StoreError>;
    /// Removes a grant if the current one meets `condition`; otherwise returns the conflict. `Written::Version(0)`: it was
    /// removed, or did not exist.
    async fn delete_grant_if(&self, key: &GrantKey, condition: Condition) -> Result<Written, StoreError>;
    /// All grants of one principal in a space. Reads every grant of the space.
    async fn grants_of_principal(
        &self,
        space: &SpaceId,
        principal: &PrincipalId,
    ) -> Result<Vec<GrantRecord>, StoreError>;
    /// Up to `limit` keys, of every space, whose refresh was sent and never settled. For the host's own repair.
    async fn grants_in_doubt(&self, limit: usize) -> Result<Vec<GrantKey>, StoreError>;
    /// Up to `limit` grants, of every space, that were last written before `before`, the oldest first; if `after` is given,
    /// only those after it. For keeping grants alive.
    async fn idle_grants(
        &self,
        before: Timestamp,
        after: Option<&GrantRecord>,
        limit: usize,
    ) -> Result<Vec<GrantRecord>, StoreError>;

    /// Writes `record` if the current version is `expected`; `record.version` must be the next version (1 for a new record).
    /// With [`Expected::Any`] it must be larger than the current one; otherwise it is a conflict. A record under an older
    /// fencing number than the current one is a conflict, whatever is expected: a holder whose lease was taken over may not
    /// write.
    async fn put_grant(&self, record: GrantRecord, expected: Expected) -> Result<Written, StoreError> {
        let condition = Condition { fence: record.fence, ..expected.to_write(record.version)? };
        self.put_grant_if(record, condition).await
    }

    /// Removes a grant if the current version is `expected`. `Written::Version(0)`: it was removed, or did not exist.
    async fn delete_grant(&self, key: &GrantKey, expected: Expected) -> Result<Written, StoreError> {
        self.delete_grant_if(key, expected.to_remove()).await
    }
}

/// The outcome of a request for a lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Leasing {
    /// The caller now holds the lease.
    Taken(Lease),
    /// Another holder has it for this time, unless it is released before.
    Held(Duration),
}

/// Leases decide which process may refresh a grant: only one at a time, among all that share the store.
///
/// A lease is not a lock on the record: [`GrantRepository::put_grant`] compares versions and fencing numbers. It keeps a second
/// holder from sending the same refresh token, which a store could not undo.
#[async_trait]
pub trait LeaseRepository: Send + Sync {
    /// Takes the lease of a grant for `holder`, unless another holder's has not expired. The current holder gets a new one. It
    /// expires after `life` by the store's own clock, whatever the host's clock shows: all processes that share the store share
    /// that clock. A host counts `life` from before its request.
    async fn take_lease(&self, key: &GrantKey, holder: LeaseHolder, life: Duration) -> Result<Leasing, StoreError>;
    /// Releases the lease if it is still current; false if it is not.
    async fn release_lease(&self, lease: &Lease) -> Result<bool, StoreError>;
}

/// Authorizations that have begun.
#[async_trait]
pub trait AuthorizationRepository: Send + Sync {
    /// Stores an authorization.
    async fn put_authorization(&self, record: AuthorizationRecord) -> Result<(), StoreError>;
    /// Reads an authorization without consuming it.
    async fn authorization(&self, state_hash: &[u8; 32]) -> Result<Option<AuthorizationRecord>, StoreError>;
    /// Removes and returns an authorization: of several callers, exactly one gets it.
    async fn take_authorization(&self, state_hash: &[u8; 32]) -> Result<Option<AuthorizationRecord>, StoreError>;
    /// Removes the authorizations that a principal has begun in a space; returns their number. Reads all of the space.
    async fn delete_authorizations(&self, space: &SpaceId, principal: &PrincipalId) -> Result<u64, StoreError>;
    /// Marks a start link, by its hash, as used until it expires: of several callers, exactly one learns that it was the first.
    async fn use_link(&self, link_hash: &[u8; 32], until: Timestamp) -> Result<bool, StoreError>;
    /// Removes the authorizations and the marks of links that expired before `now`; returns the number of authorizations.
    async fn sweep_authorizations(&self, now: Timestamp) -> Result<u64, StoreError>;
}

/// The outcome of writing guest state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StateWritten {
    /// The write is durable, under this version.
    Version(u64),
    /// Another writer was first; this is the current version, 0 if there is none.
    Conflict(u64),
    /// The connection's state would be larger than the quota.
    QuotaExceeded,
}

/// Guest state.
#[async_trait]
pub trait StateRepository: Send + Sync {
    /// The value of a key.
    async fn state(&self, key: &StateKey) -> Result<Option<StateRecord>, StoreError>;
    /// Writes `record` if the current one meets `condition` and the connection's values stay within `quota` bytes in total (see
    /// [`state_size`]); otherwise returns the reason.
    async fn put_state_if(
        &self,
        key: &StateKey,
        record: StateRecord,
        condition: Condition,
        quota: u64,
    ) -> Result<StateWritten, StoreError>;
    /// Removes a value; does nothing if there is none.
    async fn delete_state(&self, key: &StateKey) -> Result<(), StoreError>;

    /// Writes `record` if the current version is `expected` and the connection's values stay within `quota` bytes in total. The
    /// version follows the same rule as a grant's. Replacing a value by one that is no larger is allowed even above the quota.
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

/// The total bytes of a connection's values once one of `replaced` bytes is replaced by one of `size`; `None` if that exceeds
/// `quota`. A connection above a quota that was lowered may still shrink.
pub fn state_size(before: u64, replaced: u64, size: u64, quota: u64) -> Option<u64> {
    let after = before.saturating_sub(replaced).saturating_add(size);
    (after <= quota || after <= before).then_some(after)
}

/// A filter for audit records: those of a space that match every field that is set.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AuditFilter {
    /// The tenant.
    pub space: SpaceId,
    /// Only of this connection.
    pub connection: Option<ConnectionId>,
    /// Only for this principal.
    pub principal: Option<PrincipalId>,
    /// Only of this kind: `call`, `check`, `authorize` ...
    pub event: Option<Cow<'static, str>>,
    /// Only with this outcome: `ok`, the kind of the error, or `cancelled`.
    pub outcome: Option<Cow<'static, str>>,
    /// Only those that began at or after the start and before the end.
    pub during: Range<Timestamp>,
}

impl AuditFilter {
    /// All records of a space.
    pub fn new(space: SpaceId) -> Self {
        let during = Timestamp::from_millis(0)..Timestamp::from_millis(u64::MAX);
        Self { space, connection: None, principal: None, event: None, outcome: None, during }
    }

    /// Whether a record with matching space, connection and time passes the rest of the filter.
    pub fn passes(&self, record: &AuditRecord) -> bool {
        self.principal.as_ref().is_none_or(|wanted| record.principal.as_ref() == Some(wanted))
            && self.event.as_ref().is_none_or(|wanted| record.event == *wanted)
            && self.outcome.as_ref().is_none_or(|wanted| record.outcome == *wanted)
    }
}

/// The audit trail, which [`crate::AuditTrail`] writes and reads.
#[async_trait]
pub trait AuditRepository: Send + Sync {
    /// Writes a group of records, in this order; durable when it returns, all or none. Blocks: it is called only on the thread
    /// of an [`crate::AuditTrail`].
    fn write_audit(&self, records: &[AuditRecord]) -> Result<(), StoreError>;
    /// The records that pass `filter`, the newest first; of two that began at the same time, the one that was written last
    /// comes first.
    async fn audit(&self, filter: &AuditFilter, page: &Page) -> Result<Paged<AuditRecord>, StoreError>;
}

/// A sealed text that replaces another.
#[derive(Clone, Debug)]
pub struct Reseal {
    /// The place of the text.
    pub place: SealedPlace,
    /// The text that must still be there, byte for byte.
    pub old: Sealed,
    /// The same secret under the same identity, sealed under another data key.
    pub new: Sealed,
}

/// Sealed texts of every kind and every space. Only for key rotation, because it crosses spaces.
#[async_trait]
pub trait SealedRepository: Send + Sync {
    /// Texts that are not sealed under `data_key`, with their places.
    async fn sealed_under_others(
        &self,
        data_key: DataKeyId,
        page: &Page,
    ) -> Result<Paged<(SealedPlace, Sealed)>, StoreError>;
    /// Replaces each text whose record still has that version and that text. Nothing else in the record changes, not even its
    /// version, so a caller who has read the record can still write it. Returns the number of replaced texts.
    async fn reseal(&self, changes: Vec<Reseal>) -> Result<u64, StoreError>;
}

/// All records of the host.
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
    /// A number that differs after every change of a connection or a connector by any process, and that costs nothing to read:
    /// while it stays the same, cached connections and connectors are still valid. `None` if the store cannot tell, or while a
    /// change is being made.
    fn revision(&self) -> Option<u64> {
        None
    }
}
