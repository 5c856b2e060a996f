//! Ids and keys of records. Every key of a tenant's record starts with its space, so ids never cross spaces.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use innkeeper_shown::Quoted;
use serde::{Deserialize, Serialize};

/// The text is not a valid id: the given text and the rule it breaks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{kind} id {} is not valid: it must have 1 to {longest} characters, without control characters or slashes{}",
    Quoted::new(given),
    control(given)
)]
pub struct InvalidId {
    kind: &'static str,
    given: String,
    longest: usize,
}

/// The control character in it, which is not visible in the text itself.
fn control(given: &str) -> String {
    let found = given.chars().find(|character| character.is_control());
    found.map(|found| format!("; it contains U+{:04X}", u32::from(found))).unwrap_or_default()
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $longest:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String")]
        pub struct $name(Arc<str>);

        impl $name {
            /// Parses a text of 1 to
            #[doc = stringify!($longest)]
            /// characters without control characters and slashes.
            pub fn parse(text: impl Into<String>) -> Result<Self, InvalidId> {
                let text = text.into();
                let length = text.chars().count();
                if length == 0 || length > $longest || text.chars().any(|c| c.is_control() || c == '/') {
                    let given = text.chars().take(64).collect();
                    return Err(InvalidId { kind: $kind, given, longest: $longest });
                }
                Ok(Self(text.into()))
            }

            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Self::parse(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;
            fn try_from(text: String) -> Result<Self, InvalidId> {
                Self::parse(text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0.as_ref().to_owned()
            }
        }
    };
}

id!(
    /// A tenant.
    SpaceId, "space", 64
);
id!(
    /// A configured connector in a space.
    ConnectionId, "connection", 64
);
id!(
    /// The user that an action runs for.
    PrincipalId, "principal", 256
);

impl Default for SpaceId {
    fn default() -> Self {
        Self("default".into())
    }
}

/// The owner of a grant.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GrantOwner {
    /// The connection: all its users share one grant.
    Shared,
    /// One principal of the connection.
    Principal(PrincipalId),
}

impl GrantOwner {
    /// The principal who owns the grant; `None` for a shared grant.
    pub fn principal(&self) -> Option<&PrincipalId> {
        match self {
            Self::Shared => None,
            Self::Principal(principal) => Some(principal),
        }
    }
}

/// The key of a grant. It cannot express one user's token for another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct GrantKey {
    /// The tenant.
    pub space: SpaceId,
    /// The connection that the grant was issued for.
    pub connection: ConnectionId,
    /// The owner of the grant.
    pub owner: GrantOwner,
}

/// The address of a guest's state value: space, connection and key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StateKey {
    /// The tenant.
    pub space: SpaceId,
    /// The connection.
    pub connection: ConnectionId,
    /// The guest's own key.
    pub key: String,
}
