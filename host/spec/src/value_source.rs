//! Where the value of a connection's field comes from.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where the value of a connection's field comes from. It is stored with the value, so that a later change
/// distinguishes what the owner chose from what followed something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ValueSource {
    /// The person who made or changed the connection.
    Given,
    /// A default in the connector's spec.
    ConnectorDefault,
    /// A template in the connector's spec, filled in from the connection's config.
    ConnectorTemplate,
    /// A default of the auth type.
    AuthTypeDefault,
    /// The metadata at the connection's `discoveryUrl` (RFC 8414, OpenID Connect Discovery).
    Discovery,
    /// The configuration of the host.
    Host,
}

impl ValueSource {
    /// A phrase for people, such as "set by the connector".
    pub fn phrase(self) -> &'static str {
        match self {
            Self::Given => "as given",
            Self::ConnectorDefault => "set by the connector",
            Self::ConnectorTemplate => "set by the connector from the config",
            Self::AuthTypeDefault => "set by the auth type",
            Self::Discovery => "from the metadata at discoveryUrl",
            Self::Host => "from the configuration of this host",
        }
    }
}

impl fmt::Display for ValueSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.phrase())
    }
}
