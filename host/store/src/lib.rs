//! The host's records, independent of how they are stored.
//!
//! A [`Store`] stores the records of one or more hosts: one small trait for each kind of record, implemented by a file
//! (`innkeeper-redb`) or a database. The secrets in a record are already [`Sealed`] when they get here. Every store must follow
//! the rules of `conformance`.
//!
//! The code that all stores share is above them: the rules of compare and swap ([`Expected`]), the grouping of audit records
//! ([`AuditTrail`]) and the cache of connections ([`ConnectionCache`]).

mod audit_trail;
mod condition;
#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
mod connection_cache;
mod error;
mod identity;
mod ids;
mod page;
mod records;
mod repositories;
mod sealed;

pub use audit_trail::AuditTrail;
pub use condition::{Condition, Expected, Versions, Written};
pub use connection_cache::ConnectionCache;
pub use error::{StoreError, StoreFault};
pub use identity::{Identity, SealedPlace};
pub use ids::{ConnectionId, GrantKey, GrantOwner, InvalidId, PrincipalId, SpaceId, StateKey};
pub use page::{Cursor, InvalidCursor, Page, Paged, every_page};
pub use records::{
    AuditRecord, AuthorizationRecord, ComponentDigest, ConnectionRecord, ConnectorRecord, Edition, GrantPhase,
    GrantRecord, Lease, LeaseHolder, LossReason, StateRecord,
};
pub use repositories::{
    AuditFilter, AuditRepository, AuthorizationRepository, ConnectionRepository, ConnectorRepository,
    DataKeyRepository, GrantRepository, LeaseRepository, Leasing, Reseal, SealedRepository, StateRepository,
    StateWritten, Store, state_size,
};
pub use sealed::{DataKeyId, InvalidSealed, Sealed, WrappedDataKey};
