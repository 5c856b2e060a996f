//! What a component returns, before anything is checked: the plain mirror of `wit/connector/spec.wit`, field by
//! field. Texts called "JSON" contain one JSON value; an empty one means "nothing declared".

use serde::{Deserialize, Serialize};

pub use crate::choices::{AuthMode, CredentialUse, FieldKind, Scope, Standing};

/// A named JSON value that the contract has no field for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Annotation {
    /// `skill`, `icon`, `form` or a name that the author chose.
    pub name: String,
    /// JSON.
    pub value: String,
}

/// The identity of a component.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// The id, which never changes.
    pub id: String,
    /// Semantic version.
    pub version: String,
    /// Name for people.
    pub title: String,
    /// What it is for.
    pub description: String,
    /// `https` address.
    pub documentation: Option<String>,
    /// `data:` address of an SVG or PNG.
    pub icon: Option<String>,
}

/// Where requests may go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostRule {
    /// The hosts that the rule applies to.
    pub host: HostPattern,
    /// `None`: 443.
    pub port: Option<u16>,
    /// Empty: any.
    pub methods: Vec<String>,
    /// `None`: any path.
    pub path_prefix: Option<String>,
    /// Whether the credential may go there.
    pub credential: CredentialUse,
    /// For the person who approves.
    pub reason: Option<String>,
}

/// The hosts that a rule applies to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HostPattern {
    /// A name, or `*.` and a name.
    Name(String),
    /// JSON pointer to a config field that holds an address.
    Config(String),
    /// A claim of the token response that contains an address.
    Claim(ClaimHost),
}

/// A host that the token response names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimHost {
    /// Field of the token response.
    pub claim: String,
    /// What its host must match.
    pub pattern: String,
}

/// An auth type that the connector accepts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthDeclaration {
    /// Id of the auth type.
    pub auth_type: String,
    /// Name for people, if the auth type's own does not fit.
    pub label: Option<String>,
    /// How it is presented.
    pub standing: Standing,
    /// JSON object: field to value.
    pub defaults: String,
    /// JSON object: field to how a form shows it.
    pub overrides: String,
}

/// A named operation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActionSpec {
    /// Name that callers use.
    pub name: String,
    /// Name for people.
    pub title: String,
    /// What it does.
    pub description: String,
    /// JSON Schema of an object.
    pub input: String,
    /// JSON Schema.
    pub output: Option<String>,
    /// What it may do at the service.
    pub scope: Scope,
    /// Offered to language models.
    pub tool: bool,
    /// Returns results as they arrive.
    pub streaming: bool,
    /// What the contract has no field for.
    pub annotations: Vec<Annotation>,
}

/// The whole spec of a connector.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectorSpec {
    /// The identity of the component.
    pub about: About,
    /// Empty: only `none`.
    pub auth_types: Vec<AuthDeclaration>,
    /// JSON Schema of the connection's config.
    pub config: String,
    /// Hosts that it requests.
    pub hosts: Vec<HostRule>,
    /// Default headers.
    pub headers: Vec<(String, String)>,
    /// Secret fields that requests may name.
    pub placeholders: Vec<String>,
    /// Fields of the token response that the guest may read.
    pub claims: Vec<String>,
    /// Named operations.
    pub actions: Vec<ActionSpec>,
    /// JSON of [`Policies`](crate::Policies).
    pub policies: String,
    /// What the contract has no field for.
    pub annotations: Vec<Annotation>,
}

/// One field of an auth type.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldSpec {
    /// Name in the connection's settings.
    pub name: String,
    /// Name for people.
    pub label: String,
    /// What to fill in.
    pub help: Option<String>,
    /// How a form shows it.
    pub kind: FieldKind,
    /// For [`FieldKind::Choice`].
    pub choices: Vec<String>,
    /// Whether it is required.
    pub required: bool,
    /// JSON.
    pub default: Option<String>,
    /// Regular expression for the whole text.
    pub pattern: Option<String>,
}

/// The whole spec of an auth type.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthTypeSpec {
    /// The identity of the component.
    pub about: About,
    /// What a connection fills in.
    pub fields: Vec<FieldSpec>,
    /// Who may own the grant.
    pub modes: Vec<AuthMode>,
    /// Redirects the user's browser.
    pub interactive: bool,
    /// Token hosts.
    pub hosts: Vec<HostRule>,
    /// What the contract has no field for.
    pub annotations: Vec<Annotation>,
}
