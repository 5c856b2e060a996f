//! Seals what nobody else may read, and opens it again.
//!
//! A [`Keyring`] holds key-encryption keys. A [`Vault`] seals secrets under a data key that is itself kept wrapped under the
//! keyring's first key. A sealed text names the record it belongs to ([`innkeeper_store::Identity`]), so it opens in no other
//! place and under no other version of that record. [`Tickets`] are sealed texts that leave the host and come back.

mod additional_data;
mod keyring;
mod rotation;
mod ticket;
mod vault;

pub use keyring::{Keyring, KeyringError, KeyringSource};
pub use rotation::Rotation;
pub use ticket::Tickets;
pub use vault::{Vault, VaultError};
