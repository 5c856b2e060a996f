//! Where the host keeps what it must not lose and nobody else may read.
//!
//! A [`Keyring`] holds key-encryption keys. A [`Vault`] seals secrets under a data key that is itself kept wrapped under the
//! keyring's first key. A [`Store`] keeps the records; what is secret in them is already [`Sealed`] when it gets there. A
//! sealed text names the record it belongs to, so it opens in no other place and under no other version of that record.
//!
//! [`RedbStore`] keeps everything in one file. Other stores implement the same traits and pass the same `conformance` tests.

#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
mod ids;
mod keyring;
mod records;
mod redb;
mod repositories;
mod rotation;
mod seal;
mod ticket;
mod vault;

pub use ids::{ConnectionId, GrantKey, GrantOwner, InvalidId, PrincipalId, SpaceId};
pub use keyring::{Keyring, KeyringError, KeyringSource};
pub use records::{
    AuditRecord, AuthorizationRecord, ComponentDigest, ConnectionRecord, ConnectorRecord, Edition, GrantRecord, Lease,
    LeaseHolder, StateRecord,
};
pub use redb::RedbStore;
pub use repositories::{
    AuditRepository, AuthorizationRepository, ConnectionRepository, ConnectorRepository, DataKeyRepository, Expected,
    GrantRepository, LeaseRepository, Leasing, Reseal, SealedPage, SealedPlace, SealedRepository, StateKey,
    StateRepository, StateWritten, Store, StoreError, Written,
};
pub use rotation::Rotation;
pub use seal::{DataKeyId, Identity, InvalidSealed, Sealed, WrappedDataKey};
pub use ticket::Tickets;
pub use vault::{Vault, VaultError};
