//! A connector's spec: the contract's `connector-spec`.

use serde::{Serialize, Serializer};
use serde_json::Value;

/// A connector's spec. JSON parts are values here; serialized, they are texts, as in the contract.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[expect(missing_docs, reason = "wit/connector/spec.wit documents each field of the same name")]
pub struct ConnectorSpec {
    pub about: About,
    pub auth_types: Vec<AuthDeclaration>,
    #[serde(serialize_with = "as_text")]
    pub config: Value,
    pub hosts: Vec<HostRule>,
    pub headers: Vec<(String, String)>,
    pub placeholders: Vec<String>,
    pub claims: Vec<String>,
    pub actions: Vec<ActionSpec>,
    #[serde(serialize_with = "as_text")]
    pub policies: Value,
    pub annotations: Vec<Annotation>,
}

impl ConnectorSpec {
    /// The action of this name.
    pub fn action(&self, name: &str) -> Option<&ActionSpec> {
        self.actions.iter().find(|action| action.name == name)
    }
}

/// The identity of a connector.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "wit/connector/spec.wit documents each field of the same name")]
pub struct About {
    pub id: String,
    pub version: String,
    pub title: String,
    pub description: String,
    pub documentation: Option<String>,
    pub icon: Option<String>,
}

/// An auth type that the connector supports, with its defaults.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[expect(missing_docs, reason = "wit/connector/spec.wit documents each field of the same name")]
pub struct AuthDeclaration {
    pub auth_type: String,
    pub label: Option<String>,
    pub standing: Standing,
    #[serde(serialize_with = "as_text")]
    pub defaults: Value,
    #[serde(serialize_with = "as_text")]
    pub overrides: Value,
}

/// How an auth type is presented among the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// One of several auth types.
    #[default]
    Standard,
    /// Recommended.
    Recommended,
    /// Not offered for new connections.
    Legacy,
    /// Experimental: it may change.
    Experimental,
}

/// Where requests may go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "wit/connector/spec.wit documents each field of the same name")]
pub struct HostRule {
    pub host: HostPattern,
    pub port: Option<u16>,
    pub methods: Vec<String>,
    pub path_prefix: Option<String>,
    pub credential: CredentialUse,
    pub reason: Option<String>,
}

/// Which hosts a rule covers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HostPattern {
    /// `api.example.com` or `*.example.com`.
    Name(String),
    /// A JSON pointer to an address in the config.
    Config(String),
    /// The address in a claim of the token response, restricted by a pattern.
    Claim {
        /// The name of the claim.
        claim: String,
        /// The pattern that its host must match.
        pattern: String,
    },
}

/// Whether a host may receive the connection's credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CredentialUse {
    /// The credential may be sent there.
    Allowed,
    /// Requests are sent there without the credential.
    Never,
}

/// A named operation.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[expect(missing_docs, reason = "wit/connector/spec.wit documents each field of the same name")]
pub struct ActionSpec {
    pub name: String,
    pub title: String,
    pub description: String,
    #[serde(serialize_with = "as_text")]
    pub input: Value,
    #[serde(serialize_with = "as_optional_text")]
    pub output: Option<Value>,
    pub scope: Scope,
    pub tool: bool,
    pub streaming: bool,
    pub annotations: Vec<Annotation>,
}

/// What an action may do at the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Changes nothing at the service.
    Read,
    /// Changes something at the service.
    Write,
    /// Cannot be undone.
    Destroy,
}

/// A named JSON value that the contract does not define yet.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[expect(missing_docs, reason = "wit/connector/spec.wit documents each field of the same name")]
pub struct Annotation {
    pub name: String,
    #[serde(serialize_with = "as_text")]
    pub value: Value,
}

fn as_text<S: Serializer>(value: &Value, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

#[expect(clippy::ref_option, reason = "serde's signature")]
fn as_optional_text<S: Serializer>(value: &Option<Value>, serializer: S) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => serializer.serialize_some(&value.to_string()),
        None => serializer.serialize_none(),
    }
}
