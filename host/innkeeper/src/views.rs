//! The host's results as JSON: the same for the command line, HTTP routes and every other reader.

use std::collections::BTreeMap;

use innkeeper_ambient::Timestamp;
use innkeeper_runtime::LogLine;
use innkeeper_spec::{AuthMode, AuthTypeId, ConnectorId};
use innkeeper_store::{AuditRecord, ConnectionId, PrincipalId, SpaceId};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::authorization::ConnectionStatus;
use crate::calls::{CallResult, CheckResult};
use crate::error::Error;
use crate::error_kind::Actor;
use crate::json::{as_text, optional_time};

/// The status of a connection for one owner of its grants. Holds no token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[expect(clippy::struct_excessive_bools, reason = "each answers a question of its own")]
#[non_exhaustive]
pub struct StatusView {
    /// The connection's id in its space.
    #[schemars(with = "String")]
    pub connection: ConnectionId,
    /// The tenant.
    #[schemars(with = "String")]
    pub space: SpaceId,
    /// The connection's title, for people.
    pub title: String,
    /// The principal; null for a shared grant.
    #[schemars(with = "Option<String>")]
    pub principal: Option<PrincipalId>,
    /// How the connection authenticates.
    pub auth_type: AuthTypeId,
    /// Who owns its grants.
    pub auth_mode: AuthMode,
    /// Whether a person has to authorize it.
    pub interactive: bool,
    /// Whether a call can be made without a person.
    pub authorized: bool,
    /// The state of the grant; null if the auth type has no grants.
    pub state: Option<Value>,
    /// Why it is not authorized: `no-grant`, `expired`, `refresh-token-expired`, `revoked` or `refresh-failed`.
    pub reason: Option<&'static str>,
    /// The reason in a sentence.
    pub message: Option<&'static str>,
    /// When the access token expires (RFC 3339); null if unknown.
    #[serde(serialize_with = "optional_time")]
    #[schemars(with = "Option<String>")]
    pub expires_at: Option<Timestamp>,
    /// Whether the host can renew the token without a person.
    pub refreshable: bool,
    /// When the refresh token expires; null if unknown.
    #[serde(serialize_with = "optional_time")]
    #[schemars(with = "Option<String>")]
    pub refresh_token_expires_at: Option<Timestamp>,
    /// When the token was last renewed.
    #[serde(serialize_with = "optional_time")]
    #[schemars(with = "Option<String>")]
    pub last_refresh: Option<Timestamp>,
    /// The granted scope, separated by spaces.
    pub scope: Option<String>,
    /// The scope that the connection requests, separated by spaces.
    pub asked_scope: Option<String>,
    /// The scope that it requests and that was not granted.
    pub missing_scope: Vec<String>,
    /// The scope that was granted and is no longer requested.
    pub surplus_scope: Vec<String>,
    /// Whether a refresh was sent whose response was never stored. The next call settles it.
    pub in_doubt: bool,
    /// The last failure, unless there was a success since.
    pub last_failure: Option<String>,
    /// When it failed.
    #[serde(serialize_with = "optional_time")]
    #[schemars(with = "Option<String>")]
    pub failed_at: Option<Timestamp>,
    /// When the next attempt is due.
    #[serde(serialize_with = "optional_time")]
    #[schemars(with = "Option<String>")]
    pub next_try: Option<Timestamp>,
}

impl ConnectionStatus {
    /// The status for people and programs.
    pub fn view(&self) -> StatusView {
        let Self { connection, principal, grant } = self;
        StatusView {
            connection: connection.id.clone(),
            space: connection.space.clone(),
            title: connection.title.clone(),
            principal: principal.clone(),
            auth_type: connection.auth_type.clone(),
            auth_mode: connection.auth_mode,
            interactive: connection.interactive,
            authorized: grant.authorized,
            state: grant.state.and_then(|state| serde_json::to_value(state).ok()),
            reason: grant.reason.map(innkeeper_auth::Reason::as_str),
            message: grant.reason.map(innkeeper_auth::Reason::sentence),
            expires_at: grant.expires_at,
            refreshable: grant.refreshable,
            refresh_token_expires_at: grant.refresh_token_expires_at,
            last_refresh: grant.last_refresh,
            scope: grant.scope.clone(),
            asked_scope: grant.asked_scope.clone(),
            missing_scope: grant.missing_scope.clone(),
            surplus_scope: grant.surplus_scope.clone(),
            in_doubt: grant.in_doubt,
            last_failure: grant.last_failure.clone(),
            failed_at: grant.failed_at,
            next_try: grant.next_try,
        }
    }
}

/// The result of a call.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[non_exhaustive]
pub struct CallResultView {
    /// The output, valid against the action's schema.
    pub value: Value,
    /// The files that it returned.
    pub files: Vec<FileView>,
    /// Streamed results that had no listener.
    pub events: Vec<Value>,
    /// How many requests left the host.
    pub requests: u32,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// What the connector logged, if requested.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Vec<BTreeMap<String, String>>>")]
    pub logs: Option<Vec<LogLine>>,
}

/// A file that an action returned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[non_exhaustive]
pub struct FileView {
    /// Its name.
    pub name: String,
    /// Where it was written, if it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Its size in bytes; null if not known yet.
    pub size: Option<u64>,
    /// Its media type.
    pub content_type: Option<String>,
}

impl FileView {
    /// A file of this name.
    pub fn new(name: impl Into<String>, size: Option<u64>, content_type: Option<String>) -> Self {
        Self { name: name.into(), path: None, size, content_type }
    }

    /// Sets where it was written.
    pub fn at(mut self, path: impl Into<String>) -> Self {
        self.path = Some(path.into());
        self
    }
}

impl CallResult {
    /// The result for programs, without its logs.
    pub fn view(&self) -> CallResultView {
        let file = |file: &innkeeper_runtime::File| {
            FileView::new(file.name.clone(), file.content.length(), file.content_type.clone())
        };
        CallResultView {
            value: self.value.clone(),
            files: self.files.iter().map(file).collect(),
            events: self.events.clone(),
            requests: self.requests,
            duration_ms: milliseconds(self.duration),
            logs: None,
        }
    }
}

/// The result of checking a connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[non_exhaustive]
pub struct CheckResultView {
    /// Always true: a check that fails is an error.
    pub ok: bool,
    /// The connector's sentence for a person.
    pub message: String,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
}

impl CheckResult {
    /// The result for programs.
    pub fn view(&self) -> CheckResultView {
        CheckResultView { ok: true, message: self.message.clone(), duration_ms: milliseconds(self.duration) }
    }
}

/// A record of an operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[non_exhaustive]
pub struct AuditView {
    /// When it began (RFC 3339).
    #[serde(serialize_with = "as_text")]
    #[schemars(with = "String")]
    pub at: Timestamp,
    /// The tenant.
    #[schemars(with = "String")]
    pub space: SpaceId,
    /// The connection.
    #[schemars(with = "String")]
    pub connection: ConnectionId,
    /// Its connector.
    pub connector: ConnectorId,
    /// What was done: the name of a [`Verb`](crate::Verb).
    pub event: String,
    /// The action of a call.
    pub action: Option<String>,
    /// The principal that it was done for.
    #[schemars(with = "Option<String>")]
    pub principal: Option<PrincipalId>,
    /// `ok`, the kind of the error, or `cancelled` if the caller went away before the end.
    pub outcome: String,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// How many requests left the host.
    pub requests: u32,
}

impl From<AuditRecord> for AuditView {
    fn from(record: AuditRecord) -> Self {
        Self {
            at: record.at,
            space: record.space,
            connection: record.connection,
            connector: record.connector,
            event: record.event.into_owned(),
            action: record.action,
            principal: record.principal,
            outcome: record.outcome.into_owned(),
            duration_ms: record.duration,
            requests: record.requests,
        }
    }
}

/// Why an operation failed. Holds no secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[non_exhaustive]
pub struct ErrorView {
    /// The kind: the name of an [`ErrorKind`](crate::ErrorKind), or a kind of the program that reports it.
    pub kind: String,
    /// What was requested, what is wrong and what to do.
    pub message: String,
    /// The exit code of a command.
    pub exit_code: u8,
    /// Who must act before it can work.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor: Option<Actor>,
    /// After how many milliseconds it may be tried again, if known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
    /// A command or sentence that helps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Where a guest crashed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub backtrace: Vec<String>,
}

impl ErrorView {
    /// An error of the program that reports it.
    pub fn new(kind: impl Into<String>, message: impl Into<String>, exit_code: u8) -> Self {
        Self {
            kind: kind.into(),
            message: message.into(),
            exit_code,
            actor: None,
            retry_after_ms: None,
            hint: None,
            backtrace: Vec::new(),
        }
    }
}

impl From<&Error> for ErrorView {
    fn from(error: &Error) -> Self {
        let kind = error.kind();
        Self {
            actor: Some(kind.actor()),
            retry_after_ms: error.retry_after().map(milliseconds),
            backtrace: error.backtrace(),
            ..Self::new(kind.as_str(), error.to_string(), kind.exit_code() as u8)
        }
    }
}

fn milliseconds(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
