//! A plan for a connection or a change to one: shown to its owner, approved, then carried out.

use std::fmt;
use std::sync::Arc;

use innkeeper_auth::Settings;
use innkeeper_spec::{ActionName, ApprovedHost, AuthMode, AuthTypeId, ConnectorId, Scope, ValueSource};
use innkeeper_store::{ComponentDigest, ConnectionId, ConnectionRecord, SpaceId};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::json::as_text;

/// The result of [`Innkeeper::plan`](crate::Innkeeper::plan) or
/// [`Innkeeper::plan_change`](crate::Innkeeper::plan_change). Nothing is stored until
/// [`Innkeeper::connect`](crate::Innkeeper::connect) makes exactly this.
#[derive(Debug)]
pub struct Plan {
    pub(crate) view: PlanView,
    pub(crate) draft: Draft,
}

impl Plan {
    /// The whole plan, to be shown and serialized. Holds no secret.
    pub fn view(&self) -> &PlanView {
        &self.view
    }

    /// Where the connection may send requests.
    pub fn hosts(&self) -> &[PlannedHost] {
        &self.view.hosts
    }

    /// Where credentials are sent.
    pub fn endpoints(&self) -> &[Endpoint] {
        &self.view.endpoints
    }

    /// Whether it contains something that the caller who requested the plan did not name and that was not already
    /// approved.
    pub fn needs_approval(&self) -> bool {
        self.view.needs_approval()
    }

    /// Marks the plan as approved by the owner.
    pub fn approved(self) -> ApprovedPlan {
        ApprovedPlan(self)
    }
}

/// A [`Plan`] that the connection's owner approved.
#[derive(Debug)]
pub struct ApprovedPlan(pub(crate) Plan);

impl ApprovedPlan {
    /// The whole plan. Holds no secret.
    pub fn view(&self) -> &PlanView {
        &self.0.view
    }
}

/// What is to be written, as far as it is not in the view.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(crate) config: Value,
    pub(crate) settings: Settings,
    /// The component of the connector that it was planned with.
    pub(crate) component: ComponentDigest,
    /// The record that a change starts from.
    pub(crate) before: Option<Arc<ConnectionRecord>>,
}

/// A plan for people and programs. Holds no secret.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[non_exhaustive]
pub struct PlanView {
    /// Whether it creates a connection or changes one.
    pub kind: PlanKind,
    /// The tenant.
    #[schemars(with = "String")]
    pub space: SpaceId,
    /// The id of the connection in its space.
    #[schemars(with = "String")]
    pub id: ConnectionId,
    /// Its title for people.
    pub title: String,
    /// The connector.
    pub connector: ConnectorId,
    /// The connector's version that it was planned with.
    pub connector_version: String,
    /// How it authenticates.
    pub auth_type: AuthTypeId,
    /// Who owns its grants.
    pub auth_mode: AuthMode,
    /// Whether a person has to authorize it.
    pub interactive: bool,
    /// The fields of the config.
    pub config: Vec<PlannedField>,
    /// The fields of the auth type that are not secret.
    pub fields: Vec<PlannedField>,
    /// The secret fields that have a value.
    pub secrets: Vec<PlannedSecret>,
    /// Where it may send requests.
    pub hosts: Vec<PlannedHost>,
    /// Where credentials are sent.
    pub endpoints: Vec<Endpoint>,
    /// The secrets that the connector may put into requests, with the places that each is bound to.
    pub placeholders: Vec<PlannedRight>,
    /// The fields of the token response that the connector may read.
    pub claims: Vec<PlannedRight>,
    /// The scopes that are requested from the authorization server.
    pub scopes: Vec<String>,
    /// The actions that write or destroy.
    pub actions: Vec<PlannedAction>,
    /// The changes. Empty for a new connection.
    pub changes: Vec<Change>,
    /// What the owner should know.
    pub warnings: Vec<PlanWarning>,
}

impl PlanView {
    /// Whether it contains something that the caller who requested the plan did not name and that was not already
    /// approved.
    pub fn needs_approval(&self) -> bool {
        let rights = self.placeholders.iter().chain(&self.claims).map(|right| right.approval);
        let hosts = self.hosts.iter().map(|host| host.approval);
        let endpoints = self.endpoints.iter().map(|endpoint| endpoint.approval);
        hosts.chain(endpoints).chain(rights).any(|approval| approval == Approval::Needed)
    }
}

/// What a plan does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum PlanKind {
    /// It creates a connection.
    Connect,
    /// It changes a connection.
    Change,
}

/// Whether the owner has approved something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Approval {
    /// The caller who requested the plan named it.
    Named,
    /// It was already approved.
    Standing,
    /// The owner has to approve it.
    Needed,
    /// It has no effect with this auth type.
    Unused,
}

/// A field and its value.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[non_exhaustive]
pub struct PlannedField {
    /// Its name.
    pub field: String,
    /// Its value.
    pub value: Value,
    /// Where the value comes from.
    pub source: ValueSource,
}

/// A secret field that has a value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[non_exhaustive]
pub struct PlannedSecret {
    /// Its name.
    pub field: String,
    /// Where the value comes from.
    pub source: ValueSource,
}

/// A host that the connection may reach.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[non_exhaustive]
pub struct PlannedHost {
    /// The host as text: `https://api.example.com:443/v1 (GET)`.
    #[serde(serialize_with = "as_text")]
    #[schemars(with = "String")]
    pub host: ApprovedHost,
    /// The claim of the grant that contains the exact host within the pattern, if there is one.
    pub claim: Option<String>,
    /// Why the connector needs it, in its own words.
    pub reason: Option<String>,
    /// Whether the owner has approved it.
    pub approval: Approval,
}

/// An address that credentials are sent to, or that the user is sent to in order to get them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[non_exhaustive]
pub struct Endpoint {
    /// The field of the auth type, such as `tokenUrl`, or the setting of the host's configuration.
    pub field: String,
    /// The address.
    pub address: String,
    /// Where it comes from.
    pub source: ValueSource,
    /// Whether the owner has approved it.
    pub approval: Approval,
}

/// Something that the connector may do with secrets or grants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[non_exhaustive]
pub struct PlannedRight {
    /// Its text in the spec, such as a claim's name.
    pub name: String,
    /// Whether the owner has approved it.
    pub approval: Approval,
}

/// An action that writes or destroys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[non_exhaustive]
pub struct PlannedAction {
    /// Its name.
    pub name: ActionName,
    /// Its title for people, in the connector's words.
    pub title: String,
    /// What it may do.
    pub scope: Scope,
}

/// One change.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[non_exhaustive]
pub struct Change {
    /// What changes: `title`, `config.NAME`, `fields.NAME`, `secrets.NAME`, `hosts`, `placeholders` or `claims`.
    pub place: String,
    /// The value now; null if there is none, and for a secret.
    pub before: Option<Value>,
    /// The value afterwards; null if there is none, and for a secret.
    pub after: Option<Value>,
}

/// What the owner should know before approving.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum PlanWarning {
    /// The auth type is insecure.
    InsecureAuthType {
        /// Why, in the auth type's words.
        reason: String,
    },
    /// A secret is too short to be scrubbed from services' responses.
    ShortSecret {
        /// Its field.
        field: String,
        /// The shortest length that can be scrubbed, in bytes.
        shortest: usize,
    },
    /// The connector may put a secret into the body of a request, where a service can store it and repeat it in any form.
    SecretInBody,
}

impl fmt::Display for PlanWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InsecureAuthType { reason } => write!(f, "this auth type is insecure: {reason}"),
            Self::ShortSecret { field, shortest } => write!(
                f,
                "the secret `{field}` has fewer than {shortest} bytes; if a service repeats it, the connector can read it"
            ),
            Self::SecretInBody => f.write_str(
                "a service can store a secret in the body of a request, and the connector can read it back in pieces \
                 or in another form that the host does not recognise: agree only if you trust this connector with the \
                 secret itself",
            ),
        }
    }
}
