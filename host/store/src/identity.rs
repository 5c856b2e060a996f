//! Which record a sealed text belongs to.

use std::fmt;

use crate::ids::{ConnectionId, GrantKey, GrantOwner, SpaceId, StateKey};

/// Which record a sealed text belongs to. All of it is authenticated: under another identity the text does not open.
///
/// This finds a text that was moved to another record, swapped with another's, or put back from an earlier version. It cannot
/// find that a whole record was put back together with its version number: who can do that has the store's whole past.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Identity<'a> {
    /// A grant.
    Grant {
        /// Whose.
        key: &'a GrantKey,
        /// Of the record that holds it.
        version: u64,
    },
    /// The secret fields of a connection.
    Connection {
        /// The tenant.
        space: &'a SpaceId,
        /// Which connection.
        id: &'a ConnectionId,
        /// Of the record that holds it.
        version: u64,
    },
    /// The PKCE verifier of an authorization that has begun.
    Authorization {
        /// SHA-256 of the state parameter.
        state_hash: &'a [u8; 32],
        /// The tenant.
        space: &'a SpaceId,
        /// For which connection.
        connection: &'a ConnectionId,
        /// Who will own the grant.
        owner: &'a GrantOwner,
    },
    /// A value of guest state.
    State {
        /// Where it lives.
        key: &'a StateKey,
        /// Of the record that holds it.
        version: u64,
    },
}

/// For people, without the guest's own keys and the hash of the state.
impl fmt::Display for Identity<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Grant { key: GrantKey { space, connection, owner }, version } => match owner {
                GrantOwner::Shared => write!(f, "shared grant of {space}/{connection}, version {version}"),
                GrantOwner::Principal(who) => write!(f, "grant of {who} for {space}/{connection}, version {version}"),
            },
            Self::Connection { space, id, version } => {
                write!(f, "secret fields of connection {space}/{id}, version {version}")
            }
            Self::Authorization { space, connection, .. } => write!(f, "pending authorization of {space}/{connection}"),
            Self::State { key, version } => {
                write!(f, "guest state of {}/{}, version {version}", key.space, key.connection)
            }
        }
    }
}

/// Where a sealed text is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SealedPlace {
    /// In a grant.
    Grant {
        /// Whose.
        key: GrantKey,
        /// Of the record.
        version: u64,
    },
    /// In a connection.
    Connection {
        /// The tenant.
        space: SpaceId,
        /// Which connection.
        id: ConnectionId,
        /// Of the record.
        version: u64,
    },
    /// In an authorization that has begun.
    Authorization {
        /// SHA-256 of the state parameter.
        state_hash: [u8; 32],
        /// The tenant.
        space: SpaceId,
        /// For which connection.
        connection: ConnectionId,
        /// Who will own the grant.
        owner: GrantOwner,
    },
    /// In guest state.
    State {
        /// Where it lives.
        key: StateKey,
        /// Of the record.
        version: u64,
    },
}

impl SealedPlace {
    /// What the text that is kept there is sealed under.
    pub fn identity(&self) -> Identity<'_> {
        match self {
            Self::Grant { key, version } => Identity::Grant { key, version: *version },
            Self::Connection { space, id, version } => Identity::Connection { space, id, version: *version },
            Self::Authorization { state_hash, space, connection, owner } => {
                Identity::Authorization { state_hash, space, connection, owner }
            }
            Self::State { key, version } => Identity::State { key, version: *version },
        }
    }
}
