//! The closed choices of the contract, which drafts and checked specs share.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What an action may do at the service. Ordered: each includes the one before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Changes nothing.
    #[default]
    Read,
    /// Makes changes that can be undone.
    Write,
    /// Makes changes that cannot be undone.
    Destroy,
}

impl Scope {
    /// `read`, `write` or `destroy`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Destroy => "destroy",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How an auth type is presented among the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Not marked.
    #[default]
    Standard,
    /// The recommended one.
    Recommended,
    /// Not offered for new connections, but still valid for existing ones.
    Legacy,
    /// May change.
    Experimental,
}

/// Who owns the grant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AuthMode {
    /// One grant for the connection.
    #[default]
    Shared,
    /// One grant for each principal.
    PerUser,
}

impl AuthMode {
    /// `shared` or `per-user`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Shared => "shared",
            Self::PerUser => "per-user",
        }
    }
}

impl fmt::Display for AuthMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How a form asks for a field of an auth type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FieldKind {
    /// One line.
    #[default]
    Text,
    /// One line that is never shown.
    Secret,
    /// An `https` or `http` address.
    Url,
    /// Several lines: a key or a certificate. Never shown.
    Multiline,
    /// A file's content: a key or a certificate. Never shown.
    File,
    /// A number.
    Number,
    /// Yes or no.
    Flag,
    /// One of the field's `choices`.
    Choice,
}

impl FieldKind {
    /// Whether values are sealed and never shown: fields that may hold a password, a token or a private key.
    pub fn is_secret(self) -> bool {
        matches!(self, Self::Secret | Self::Multiline | Self::File)
    }
}

/// Whether a host may receive the connection's credential.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CredentialUse {
    /// Requests carry it unless they omit it.
    #[default]
    Allowed,
    /// Requests there are sent without it.
    Never,
}
