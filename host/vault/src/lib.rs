//! Seals and opens secrets.
//!
//! A [`Keyring`] holds key-encryption keys. A [`Vault`] seals secrets under a data key that is itself stored wrapped under the
//! keyring's first key. A sealed text is bound to the record it belongs to ([`innkeeper_store::Identity`]), so it opens in no
//! other place and under no other version of that record. [`Tickets`] are sealed texts that leave the host and come back.

mod additional_data;
mod keyring;
mod rotation;
mod ticket;
mod vault;

pub use keyring::{Keyring, KeyringError, KeyringSource};
pub use rotation::Rotation;
pub use ticket::Tickets;
pub use vault::{Vault, VaultError};
