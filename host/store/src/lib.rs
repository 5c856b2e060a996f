//! What the host keeps, whatever it keeps it in.
//!
//! A [`Store`] keeps the records of one or more hosts: one small trait for each kind of record, which a file
//! (`innkeeper-redb`) or a database implements. What is secret in a record is already [`Sealed`] when it gets here. Every store
//! passes the same `conformance` tests.

#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
mod identity;
mod ids;
mod records;
mod repositories;
mod sealed;

pub use identity::{Identity, SealedPlace};
pub use ids::{ConnectionId, GrantKey, GrantOwner, InvalidId, PrincipalId, SpaceId, StateKey};
pub use records::{
    AuditRecord, AuthorizationRecord, ComponentDigest, ConnectionRecord, ConnectorRecord, Edition, GrantRecord, Lease,
    LeaseHolder, StateRecord,
};
pub use repositories::{
    AuditRepository, AuthorizationRepository, ConnectionRepository, ConnectorRepository, DataKeyRepository, Expected,
    GrantRepository, LeaseRepository, Leasing, Reseal, SealedPage, SealedRepository, StateRepository, StateWritten,
    Store, StoreError, Written,
};
pub use sealed::{DataKeyId, InvalidSealed, Sealed, WrappedDataKey};
