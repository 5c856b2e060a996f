//! The identity of the record that a sealed text belongs to.

use std::fmt;

use crate::ids::{ConnectionId, GrantKey, GrantOwner, SpaceId, StateKey};

/// The identity of the record that a sealed text belongs to. All of it is authenticated: the text does not open under another
/// identity.
///
/// This detects a text that was moved to another record, swapped with another, or restored from an earlier version. It cannot
/// detect a whole record that was restored together with its version number: anyone who can do that has the store's whole past.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Identity<'a> {
    /// A grant.
    Grant {
        /// The key of the grant.
        key: &'a GrantKey,
        /// The version of the record.
        version: u64,
    },
    /// The secret fields of a connection.
    Connection {
        /// The tenant.
        space: &'a SpaceId,
        /// The connection.
        id: &'a ConnectionId,
        /// The version of the record.
        version: u64,
    },
    /// The PKCE verifier of an authorization that has begun.
    Authorization {
        /// SHA-256 of the state parameter.
        state_hash: &'a [u8; 32],
        /// The tenant.
        space: &'a SpaceId,
        /// The connection that is being authorized.
        connection: &'a ConnectionId,
        /// The future owner of the grant.
        owner: &'a GrantOwner,
    },
    /// A value of guest state.
    State {
        /// The address of the value.
        key: &'a StateKey,
        /// The version of the record.
        version: u64,
    },
}

/// A description for people, without the guest's own keys and the hash of the state.
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

/// The place where a sealed text is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SealedPlace {
    /// In a grant.
    Grant {
        /// The key of the grant.
        key: GrantKey,
        /// The version of the record.
        version: u64,
    },
    /// In a connection.
    Connection {
        /// The tenant.
        space: SpaceId,
        /// The connection.
        id: ConnectionId,
        /// The version of the record.
        version: u64,
    },
    /// In an authorization that has begun.
    Authorization {
        /// SHA-256 of the state parameter.
        state_hash: [u8; 32],
        /// The tenant.
        space: SpaceId,
        /// The connection that is being authorized.
        connection: ConnectionId,
        /// The future owner of the grant.
        owner: GrantOwner,
    },
    /// In guest state.
    State {
        /// The address of the value.
        key: StateKey,
        /// The version of the record.
        version: u64,
    },
}

impl SealedPlace {
    /// The identity that the text stored there is sealed under.
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
