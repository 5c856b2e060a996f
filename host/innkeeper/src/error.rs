//! Why something did not work.

use std::time::Duration;

use innkeeper_auth::{AuthError, DeviceFailure, LinkFailure, Refused, SettingsErrors};
use innkeeper_egress::SetupError as EgressSetupError;
use innkeeper_runtime::{CallError, CheckError, LoadError, LogLine, SetupError as RuntimeSetupError};
use innkeeper_shown::Quoted;
use innkeeper_spec::{ConnectorId, Violations};
use innkeeper_vault::{ConnectionId, InvalidId, KeyringError, SpaceId, StoreError, VaultError};

/// Why something did not work: what was asked, what is wrong, what to do. Holds no secret.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The folder cannot be used.
    #[error("the folder {path} cannot be used: {reason}")]
    Folder {
        /// Which.
        path: String,
        /// What the system said.
        reason: String,
    },
    /// Neither a folder nor a store was given to the builder.
    #[error("nowhere to keep anything: give the builder a folder, or a store and a keyring")]
    NoStorage,
    /// An id that is none.
    #[error(transparent)]
    Id(#[from] InvalidId),
    /// The keyring.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// Sealing or opening.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The engine.
    #[error(transparent)]
    Runtime(#[from] RuntimeSetupError),
    /// The way out.
    #[error(transparent)]
    Egress(#[from] EgressSetupError),
    /// A component that is no connector.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// No such connector.
    #[error("there is no connector {}{}", Quoted::new(asked).at_most(80), or_known(.known))]
    UnknownConnector {
        /// What was asked.
        asked: String,
        /// What there is.
        known: Vec<String>,
    },
    /// The stored component of a connector is gone.
    #[error("the component of connector {0} is missing from the store; add the connector again")]
    ComponentMissing(ConnectorId),
    /// It is still used.
    #[error("connector {connector} is used by {} connection(s) and was not removed: {}; delete them first", .connections.len(), .connections.join(", "))]
    ConnectorInUse {
        /// Which.
        connector: ConnectorId,
        /// By which connections, `space/connection`.
        connections: Vec<String>,
    },
    /// No such connection.
    #[error("there is no connection \"{connection}\" in space \"{space}\"{}", or_known(.known))]
    UnknownConnection {
        /// In which space.
        space: SpaceId,
        /// What was asked.
        connection: ConnectionId,
        /// What there is.
        known: Vec<String>,
    },
    /// A name for a connection that looks like another.
    #[error("the {what} {given} holds U+{code_point:04X}, which {why}: leave it out")]
    Misleading {
        /// `id` or `title`.
        what: &'static str,
        /// What was given, fit to be shown.
        given: String,
        /// The character that is not seen as what it is.
        code_point: u32,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The id is taken.
    #[error(
        "there is a connection \"{connection}\" in space \"{space}\" already; choose another id, or delete that one first"
    )]
    ConnectionExists {
        /// In which space.
        space: SpaceId,
        /// Which.
        connection: ConnectionId,
    },
    /// Somebody else changed it meanwhile.
    #[error("connection {0} was changed by somebody else meanwhile; look at it again and repeat the change")]
    ConnectionChanged(ConnectionId),
    /// The connector does not take that auth type.
    #[error("connector {connector} does not take the auth type {}; it takes {}", Quoted::new(asked).at_most(80), .taken.join(", "))]
    AuthTypeNotTaken {
        /// Which connector.
        connector: ConnectorId,
        /// What was asked.
        asked: String,
        /// What it takes.
        taken: Vec<String>,
    },
    /// This host does not have the auth type.
    #[error("this host has no auth type {}; it has {}", Quoted::new(asked).at_most(80), .known.join(", "))]
    UnknownAuthType {
        /// What was asked.
        asked: String,
        /// What there is.
        known: Vec<String>,
    },
    /// The auth type does not work that way.
    #[error("the auth type {auth_type} has no auth mode {}; it has {}", Quoted::new(asked).at_most(80), .modes.join(", "))]
    AuthMode {
        /// Which auth type.
        auth_type: String,
        /// What was asked.
        asked: String,
        /// What it has.
        modes: Vec<String>,
    },
    /// The config breaks its schema.
    #[error("the config of connector {connector} is not valid: {violations}")]
    Config {
        /// Which connector.
        connector: ConnectorId,
        /// Each mistake with its JSON pointer.
        violations: Violations,
    },
    /// It is not known whether the config fits its schema.
    #[error("the config of connector {connector} was not checked against its schema: {reason}")]
    Unchecked {
        /// Which connector.
        connector: ConnectorId,
        /// Why.
        #[source]
        reason: CheckError,
    },
    /// The auth type's fields break their rules.
    #[error("the fields of the auth type {auth_type} are not valid: {errors}")]
    Fields {
        /// Which auth type.
        auth_type: String,
        /// Each mistake with its field.
        errors: SettingsErrors,
    },
    /// A host rule of the connector cannot be made concrete.
    #[error("the hosts of connector {connector} cannot be told from the config: {reason}")]
    Hosts {
        /// Which connector.
        connector: ConnectorId,
        /// What is wrong.
        reason: String,
    },
    /// The address of the pages is no place for them.
    #[error("{address} cannot be the address of the authorization pages: it {why}")]
    Pages {
        /// What was given.
        address: String,
        /// Which rule it breaks.
        why: &'static str,
    },
    /// The host was not told where its pages are.
    #[error("there is no link to make: tell the builder where the authorization pages are (`Builder::pages`)")]
    NoPages,
    /// A start link begins nothing.
    #[error(transparent)]
    Link(#[from] LinkFailure),
    /// The access policy refuses.
    #[error("not allowed: {0}")]
    NotAllowed(String),
    /// The connection has no credential that works.
    #[error(transparent)]
    Auth(#[from] AuthError),
    /// What the browser came back with is refused.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// A user's authorization on another device gave no grant.
    #[error(transparent)]
    Device(DeviceFailure),
    /// The call has no result.
    #[error("{error}")]
    Call {
        /// Why.
        #[source]
        error: CallError,
        /// The guest's lines.
        logs: Vec<LogLine>,
    },
}

fn or_known(known: &[String]) -> String {
    if known.is_empty() { "; there is none yet".to_owned() } else { format!("; there is {}", known.join(", ")) }
}

impl From<DeviceFailure> for Error {
    fn from(failure: DeviceFailure) -> Self {
        match failure {
            DeviceFailure::Host(error) => Self::Auth(error),
            failure => Self::Device(failure),
        }
    }
}

impl Error {
    /// The kind, for audit records and programs.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Folder { .. }
            | Self::NoStorage
            | Self::Runtime(_)
            | Self::Egress(_)
            | Self::Pages { .. }
            | Self::NoPages => "setup",
            Self::Id(_) | Self::Misleading { what: "id", .. } => "invalid-id",
            Self::Misleading { .. } => "invalid-title",
            Self::Keyring(_) => "keyring",
            Self::Vault(_) => "vault",
            Self::Store(_) => "store",
            Self::Load(LoadError::SpecRun(error)) if matches!(**error, CallError::Busy { .. }) => error.kind(),
            Self::Load(LoadError::Unchecked(reason)) | Self::Unchecked { reason, .. } => reason.kind(),
            Self::Load(_) | Self::ComponentMissing(_) => "load",
            Self::UnknownConnector { .. } => "unknown-connector",
            Self::ConnectorInUse { .. } => "connector-in-use",
            Self::UnknownConnection { .. } => "unknown-connection",
            Self::ConnectionExists { .. } => "connection-exists",
            Self::ConnectionChanged(_) => "conflict",
            Self::AuthTypeNotTaken { .. } | Self::UnknownAuthType { .. } | Self::AuthMode { .. } => "auth-type",
            Self::Config { .. } => "invalid-config",
            Self::Fields { .. } => "invalid-fields",
            Self::Hosts { .. } => "invalid-hosts",
            Self::NotAllowed(_) => "not-allowed",
            Self::Auth(AuthError::NeedsAuthorization { .. }) => "needs-authorization",
            Self::Auth(AuthError::Rejected { .. }) => "credential-rejected",
            Self::Auth(AuthError::TooManyAuthorizations { .. }) => "too-many-authorizations",
            Self::Auth(_) => "auth",
            Self::Link(_) => "link",
            Self::Refused(_) | Self::Device(_) => "authorization",
            Self::Call { error, .. } => error.kind(),
        }
    }

    /// When the same may be tried again, where the host is busy.
    pub fn retry_after(&self) -> Option<Duration> {
        let error = match self {
            Self::Call { error, .. } => error,
            Self::Load(LoadError::SpecRun(error)) => error,
            _ => return None,
        };
        match error {
            CallError::Busy { retry_after, .. } => Some(Duration::from_secs((*retry_after).into())),
            _ => None,
        }
    }

    /// The guest's lines, where a guest ran.
    pub fn logs(&self) -> &[LogLine] {
        match self {
            Self::Call { logs, .. } => logs,
            _ => &[],
        }
    }
}
