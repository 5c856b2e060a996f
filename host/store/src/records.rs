//! What the repositories keep.

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

/// An installed connector: its newest component. Connectors belong to the host, not to a space.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectorRecord {
    /// Which connector.
    pub id: ConnectorId,
    /// Of the component's bytes.
    pub digest: ComponentDigest,
    /// What it says of itself.
    pub spec: draft::ConnectorSpec,
    /// When it was added or replaced.
    pub added_at: Timestamp,
}

/// One configured connector in a space.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionRecord {
    /// The tenant.
    pub space: SpaceId,
    /// Unique in the space.
    pub id: ConnectionId,
    /// For people.
    pub title: String,
    /// Which connector.
    pub connector: ConnectorId,
    /// How it authenticates.
    pub auth_type: AuthTypeId,
    /// Who owns its grants.
    pub auth_mode: AuthMode,
    /// Valid against the spec's config schema.
    pub config: Value,
    /// Fields of the auth type that are no secret.
    pub fields: BTreeMap<String, Value>,
    /// Where the value of each field comes from, of secret fields too. A field that is missing here was given.
    pub sources: BTreeMap<String, ValueSource>,
    /// Names of the secret fields that have a value.
    pub secret_names: Vec<String>,
    /// The secret fields, a JSON object from name to text, sealed under [`crate::Identity::Connection`].
    pub secrets: Sealed,
    /// Where the owner lets it send requests.
    pub hosts: Vec<ApprovedHost>,
    /// The secret fields that its owner lets the connector put into requests.
    pub placeholders: Vec<String>,
    /// The fields of the token answer that its owner lets the connector read.
    pub claims: Vec<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Grows with every change, from 1.
    pub version: u64,
}

impl ConnectionRecord {
    /// Whether the owner gave the value of this field. A field that nothing is known of counts as given: nothing else changes it
    /// then.
    pub fn is_given(&self, field: &str) -> bool {
        self.source(field) == ValueSource::Given
    }

    /// Where the value of a field comes from.
    pub fn source(&self, field: &str) -> ValueSource {
        self.sources.get(field).copied().unwrap_or(ValueSource::Given)
    }

    /// Which state of the connection this is: what was worked out of one edition holds for it alone.
    pub fn edition(&self) -> Edition {
        Edition { version: self.version, created_at: self.created_at, updated_at: self.updated_at }
    }
}

/// One state of a connection. A connection that was deleted and made anew begins at version 1 again; its times differ. Secrets that
/// are sealed again, under another data key, make no other edition: they are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edition {
    /// [`ConnectionRecord::version`].
    pub version: u64,
    /// [`ConnectionRecord::created_at`].
    pub created_at: Timestamp,
    /// [`ConnectionRecord::updated_at`].
    pub updated_at: Timestamp,
}

/// What an authorization server gave, sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantRecord {
    /// Whose it is.
    pub key: GrantKey,
    /// The grant, sealed under [`crate::Identity::Grant`] with this version.
    pub sealed: Sealed,
    /// When the access token ends; none where the server did not say.
    pub expires_at: Option<Timestamp>,
    /// When the refresh token ends; none where the server did not say.
    pub refresh_token_expires_at: Option<Timestamp>,
    /// When it was written.
    pub updated_at: Timestamp,
    /// Whether it can be relied on.
    pub phase: GrantPhase,
    /// The fencing number of the lease it was written under; 0 where nobody has held one yet.
    pub fence: u64,
    /// Grows with every change, from 1.
    pub version: u64,
}

/// Whether a stored grant can be relied on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GrantPhase {
    /// The last answer of the authorization server is stored.
    Live,
    /// A refresh request may have left and its answer is not stored: the refresh token may be spent. Written before the request
    /// leaves.
    InDoubt {
        /// When the first request left whose answer was never stored.
        since: Timestamp,
    },
    /// The authorization server refused it for good: the user must authorize again.
    Lost {
        /// Why.
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

/// Why a grant is lost for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LossReason {
    /// The provider no longer honours it.
    Revoked,
    /// The answer to a refresh was lost, and the provider no longer honours the refresh token that was spent for it.
    RefreshFailed,
}

/// Who holds leases: one host, as long as it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LeaseHolder(pub [u8; 16]);

/// The right to refresh a grant, for one holder and a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Of which grant.
    pub key: GrantKey,
    /// Whose it is.
    pub holder: LeaseHolder,
    /// Larger than that of every lease of this grant before.
    pub fence: u64,
}

/// An authorization that a user has begun and not finished. The state itself is never stored, only its SHA-256.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorizationRecord {
    /// SHA-256 of the state parameter.
    pub state_hash: [u8; 32],
    /// The tenant.
    pub space: SpaceId,
    /// For which connection.
    pub connection: ConnectionId,
    /// Who will own the grant.
    pub owner: GrantOwner,
    /// Where the provider sends the browser back to.
    pub redirect_uri: String,
    /// SHA-256 of the secret that binds it to the browser (or process) that began.
    pub session_hash: [u8; 32],
    /// The PKCE verifier, sealed under [`crate::Identity::Authorization`].
    pub verifier: Sealed,
    /// Where the browser goes at the end.
    pub return_url: Option<String>,
    /// Tells apart the server and the client that the flow began at.
    pub origin: String,
    /// What was asked for.
    pub scope: Option<String>,
    /// When it began.
    pub created_at: Timestamp,
    /// After this it is worth nothing.
    pub expires_at: Timestamp,
}

/// One value of a connection's guest state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateRecord {
    /// Sealed under [`crate::Identity::State`] with this version.
    pub sealed: Sealed,
    /// Bytes that count against the quota: key and value in the clear.
    pub size: u64,
    /// Grows with every change, from 1.
    pub version: u64,
}

/// What happened, for the record. Holds no secret and no content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRecord {
    /// When it began.
    pub at: Timestamp,
    /// The tenant.
    pub space: SpaceId,
    /// Which connection.
    pub connection: ConnectionId,
    /// Which connector.
    pub connector: ConnectorId,
    /// `call`, `check`, `authorize`, `disconnect`, `connect`, `delete` ...
    pub event: Cow<'static, str>,
    /// Of a call.
    pub action: Option<String>,
    /// For whom.
    pub principal: Option<PrincipalId>,
    /// `ok`, the kind of the error, or `cancelled` where the caller went away before the end.
    pub outcome: Cow<'static, str>,
    /// Milliseconds.
    pub duration: u64,
    /// Requests that left the host.
    pub requests: u32,
}
