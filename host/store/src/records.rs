//! The records that the repositories store.

use std::borrow::Cow;
use std::collections::BTreeMap;

use innkeeper_ambient::Timestamp;
use innkeeper_spec::{ApprovedHost, AuthMode, AuthTypeId, ConnectorId, ValueSource, draft};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ids::{ConnectionId, GrantKey, GrantOwner, PrincipalId, SpaceId};
use crate::sealed::Sealed;

/// SHA-256 of a component's bytes, in lower-case hexadecimal: `sha256:...`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ComponentDigest(pub String);

/// An installed connector and its newest component. Connectors belong to the host, not to a space.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectorRecord {
    /// The connector.
    pub id: ConnectorId,
    /// The digest of the component's bytes.
    pub digest: ComponentDigest,
    /// The spec that the component returns.
    pub spec: draft::ConnectorSpec,
    /// When it was added or replaced.
    pub added_at: Timestamp,
}

/// A configured connector in a space.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionRecord {
    /// The tenant.
    pub space: SpaceId,
    /// The id, unique in the space.
    pub id: ConnectionId,
    /// The name for people.
    pub title: String,
    /// The connector.
    pub connector: ConnectorId,
    /// The auth type.
    pub auth_type: AuthTypeId,
    /// The owner mode of its grants.
    pub auth_mode: AuthMode,
    /// The config, valid against the spec's config schema.
    pub config: Value,
    /// The plain fields of the auth type.
    pub fields: BTreeMap<String, Value>,
    /// The origin of each field's value, including secret fields. A field that is missing here was set by the owner.
    pub sources: BTreeMap<String, ValueSource>,
    /// The origin of each top-level value of the config. A value that is missing here was set by the owner.
    pub config_sources: BTreeMap<String, ValueSource>,
    /// Names of the secret fields that have a value.
    pub secret_names: Vec<String>,
    /// The secret fields, a JSON object from name to text, sealed under [`crate::Identity::Connection`].
    pub secrets: Sealed,
    /// The destinations that the owner lets it send requests to.
    pub hosts: Vec<ApprovedHost>,
    /// The secret fields that the owner lets the connector put into requests.
    pub placeholders: Vec<String>,
    /// The fields of the token answer that the owner lets the connector read.
    pub claims: Vec<String>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Grows with every change, from 1.
    pub version: u64,
}

impl ConnectionRecord {
    /// Whether the owner set the value of this field. A field of unknown origin counts as set by the owner, so that only the
    /// owner changes it.
    pub fn is_given(&self, field: &str) -> bool {
        self.source(field) == ValueSource::Given
    }

    /// The origin of a field's value.
    pub fn source(&self, field: &str) -> ValueSource {
        self.sources.get(field).copied().unwrap_or(ValueSource::Given)
    }

    /// The part of the config that the owner set; the rest are the connector's defaults.
    pub fn given_config(&self) -> Value {
        let is_given = |name: &String| self.config_sources.get(name).is_none_or(|source| *source == ValueSource::Given);
        let fields = self.config.as_object().into_iter().flatten().filter(|(name, _)| is_given(name));
        Value::Object(fields.map(|(name, value)| (name.clone(), value.clone())).collect())
    }

    /// The current edition of the connection: values derived from one edition are valid only for that edition.
    pub fn edition(&self) -> Edition {
        Edition { version: self.version, created_at: self.created_at, updated_at: self.updated_at }
    }
}

/// One edition of a connection. A connection that was deleted and created again begins at version 1 again, but its times
/// differ. Sealing the same secrets again under another data key does not make a new edition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edition {
    /// [`ConnectionRecord::version`].
    pub version: u64,
    /// [`ConnectionRecord::created_at`].
    pub created_at: Timestamp,
    /// [`ConnectionRecord::updated_at`].
    pub updated_at: Timestamp,
}

/// A grant from an authorization server, sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantRecord {
    /// The key of the grant.
    pub key: GrantKey,
    /// The grant, sealed under [`crate::Identity::Grant`] with this version.
    pub sealed: Sealed,
    /// When the access token expires; `None` if the server did not say.
    pub expires_at: Option<Timestamp>,
    /// When the refresh token expires; `None` if the server did not say.
    pub refresh_token_expires_at: Option<Timestamp>,
    /// When it was written.
    pub updated_at: Timestamp,
    /// Whether the grant can be relied on.
    pub phase: GrantPhase,
    /// The fencing number of the lease it was written under; 0 if it was never leased.
    pub fence: u64,
    /// Grows with every change, from 1.
    pub version: u64,
}

/// Whether a stored grant can be relied on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GrantPhase {
    /// The last answer of the authorization server is stored.
    Live,
    /// A refresh request may have been sent and its answer is not stored: the refresh token may be spent. Written before the
    /// request is sent.
    InDoubt {
        /// When the first request was sent whose answer was never stored.
        since: Timestamp,
    },
    /// The authorization server refused it permanently: the user must authorize again.
    Lost {
        /// The reason.
        reason: LossReason,
    },
}

impl GrantPhase {
    /// Whether a refresh was sent and never settled.
    pub fn is_in_doubt(self) -> bool {
        matches!(self, Self::InDoubt { .. })
    }

    /// Whether the user must authorize again.
    pub fn is_lost(self) -> bool {
        matches!(self, Self::Lost { .. })
    }
}

/// Why a grant is lost permanently.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LossReason {
    /// The provider no longer honours it.
    Revoked,
    /// The answer to a refresh was lost, and the provider no longer honours the refresh token that was used for it.
    RefreshFailed,
}

/// The identity of a lease holder: one host, while it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LeaseHolder(pub [u8; 16]);

/// The right of one holder to refresh a grant for a limited time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The grant.
    pub key: GrantKey,
    /// The holder.
    pub holder: LeaseHolder,
    /// Larger than the number of every earlier lease of this grant.
    pub fence: u64,
}

/// An authorization that a user has begun and not completed. The state itself is never stored, only its SHA-256.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorizationRecord {
    /// SHA-256 of the state parameter.
    pub state_hash: [u8; 32],
    /// The tenant.
    pub space: SpaceId,
    /// The connection that is being authorized.
    pub connection: ConnectionId,
    /// The future owner of the grant.
    pub owner: GrantOwner,
    /// The address that the provider sends the browser back to.
    pub redirect_uri: String,
    /// SHA-256 of the secret that binds it to the browser (or process) that began it.
    pub session_hash: [u8; 32],
    /// The PKCE verifier, sealed under [`crate::Identity::Authorization`].
    pub verifier: Sealed,
    /// The address that the browser goes to at the end.
    pub return_url: Option<String>,
    /// Identifies the server and the client that the flow began with.
    pub origin: String,
    /// The requested scope.
    pub scope: Option<String>,
    /// When it began.
    pub created_at: Timestamp,
    /// When it expires.
    pub expires_at: Timestamp,
}

/// One state value of a connection's guest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateRecord {
    /// Sealed under [`crate::Identity::State`] with this version.
    pub sealed: Sealed,
    /// Bytes that count against the quota: the plain key and value.
    pub size: u64,
    /// Grows with every change, from 1.
    pub version: u64,
}

/// An event in the audit trail. Contains no secret and no content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRecord {
    /// When it began.
    pub at: Timestamp,
    /// The tenant.
    pub space: SpaceId,
    /// The connection.
    pub connection: ConnectionId,
    /// The connector.
    pub connector: ConnectorId,
    /// `call`, `check`, `authorize`, `disconnect`, `connect`, `delete` ...
    pub event: Cow<'static, str>,
    /// The action of a call.
    pub action: Option<String>,
    /// The principal.
    pub principal: Option<PrincipalId>,
    /// `ok`, the kind of the error, or `cancelled` if the caller went away before the end.
    pub outcome: Cow<'static, str>,
    /// The duration in milliseconds.
    pub duration: u64,
    /// The number of requests that were sent from the host.
    pub requests: u32,
}
