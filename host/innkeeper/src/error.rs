//! Why an operation failed.

use std::time::Duration;

use innkeeper_address::AddressProblem;
use innkeeper_auth::{AuthError, DeviceFailure, FlowFailure, LinkFailure, Refused, SettingsErrors};
use innkeeper_egress::SetupError as EgressSetupError;
use innkeeper_runtime::{
    ActionFailure, CallError, CallProblem, CheckError, CompilerError, LoadError, LogLine,
    SetupError as RuntimeSetupError,
};
use innkeeper_shown::Quoted;
use innkeeper_spec::{ConnectorId, Violations};
use innkeeper_store::{ConnectionId, InvalidId, SpaceId, StoreError};
use innkeeper_vault::{KeyringError, VaultError};

use crate::error_kind::ErrorKind;

/// Why an operation failed: what was requested, what is wrong, what to do. Holds no secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The folder cannot be used.
    #[error("the folder {path} cannot be used: {reason}")]
    Folder {
        /// The path of the folder.
        path: String,
        /// The system's error.
        reason: String,
    },
    /// The host is stopping while it makes a change, which may have been made or not.
    #[error(
        "the host is stopping; whether the change was made is not known: look at it again once the host is running"
    )]
    Stopping,
    /// The builder got neither a folder nor a store.
    #[error("there is no storage: set a folder, or a store and a keyring, in the builder")]
    NoStorage,
    /// The text is not a valid id.
    #[error(transparent)]
    Id(#[from] InvalidId),
    /// The keyring cannot be used.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// Sealing or opening a secret failed.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The engine cannot start.
    #[error(transparent)]
    Runtime(#[from] RuntimeSetupError),
    /// Outgoing HTTP cannot be set up.
    #[error(transparent)]
    Egress(#[from] EgressSetupError),
    /// The component is not a connector.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// There is no such connector.
    #[error("there is no connector {}", Quoted::new(.0.as_str()).at_most(80))]
    UnknownConnector(ConnectorId),
    /// The connector was replaced after the plan was made with the older one.
    #[error("connector {0} was replaced after this was planned; plan it again")]
    ConnectorChanged(ConnectorId),
    /// The stored component of a connector is missing.
    #[error("the component of connector {0} is missing from the store; add the connector again")]
    ComponentMissing(ConnectorId),
    /// The connector is still in use.
    #[error("connector {connector} is used by {} connection(s) and was not removed: {}; delete them first", .connections.len(), .connections.join(", "))]
    ConnectorInUse {
        /// The id of the connector.
        connector: ConnectorId,
        /// The connections that use it, as `space/connection`.
        connections: Vec<String>,
    },
    /// There is no such connection.
    #[error("there is no connection \"{connection}\" in space \"{space}\"")]
    UnknownConnection {
        /// The tenant.
        space: SpaceId,
        /// The requested id.
        connection: ConnectionId,
    },
    /// A name for a connection that looks like another.
    #[error("the {what} {given} contains U+{code_point:04X}, which {why}: leave it out")]
    Misleading {
        /// `id` or `title`.
        what: &'static str,
        /// The given name, safe to show.
        given: String,
        /// The character that is not seen as what it is.
        code_point: u32,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A connection with this id exists.
    #[error(
        "there is already a connection \"{connection}\" in space \"{space}\"; choose another id, or delete that connection first"
    )]
    ConnectionExists {
        /// In which space.
        space: SpaceId,
        /// The id.
        connection: ConnectionId,
    },
    /// The connection was changed meanwhile.
    #[error("connection {0} was changed by somebody else in the meantime; review it and repeat the change")]
    ConnectionChanged(ConnectionId),
    /// The connector does not accept that auth type.
    #[error("connector {connector} does not accept the auth type {}; it accepts {}", Quoted::new(asked).at_most(80), .taken.join(", "))]
    AuthTypeNotTaken {
        /// The id of the connector.
        connector: ConnectorId,
        /// The requested auth type.
        asked: String,
        /// The auth types that it accepts.
        taken: Vec<String>,
    },
    /// This host does not have the auth type.
    #[error("this host has no auth type {}; it has {}", Quoted::new(asked).at_most(80), .known.join(", "))]
    UnknownAuthType {
        /// The requested auth type.
        asked: String,
        /// The auth types of this host.
        known: Vec<String>,
    },
    /// The auth type does not support that mode.
    #[error("the auth type {auth_type} does not support the auth mode {}; it supports {}", Quoted::new(asked).at_most(80), .modes.join(", "))]
    AuthMode {
        /// The auth type.
        auth_type: String,
        /// The requested mode.
        asked: String,
        /// The modes that it supports.
        modes: Vec<String>,
    },
    /// The config breaks its schema.
    #[error("the config of connector {connector} is not valid: {violations}")]
    Config {
        /// The id of the connector.
        connector: ConnectorId,
        /// Each mistake with its JSON pointer.
        violations: Violations,
    },
    /// The check of the config against its schema did not finish.
    #[error("the config of connector {connector} was not checked against its schema: {reason}")]
    Unchecked {
        /// The id of the connector.
        connector: ConnectorId,
        /// The reason.
        #[source]
        reason: CheckError,
    },
    /// The auth type's fields break their rules.
    #[error("the fields of the auth type {auth_type} are not valid: {errors}")]
    Fields {
        /// The auth type.
        auth_type: String,
        /// Each mistake with its field.
        errors: SettingsErrors,
    },
    /// A host rule of the connector cannot be resolved.
    #[error("the hosts of connector {connector} cannot be determined from the config: {reason}")]
    Hosts {
        /// The id of the connector.
        connector: ConnectorId,
        /// What is wrong.
        reason: String,
    },
    /// The address of the pages cannot be used.
    #[error("{address} cannot be the address of the authorization pages: it {why}")]
    Pages {
        /// The given address.
        address: String,
        /// The rule that it breaks.
        why: AddressProblem,
    },
    /// The host has no address of its pages.
    #[error("links cannot be created: set the address of the authorization pages in the builder (`Builder::pages`)")]
    NoPages,
    /// A start link is not valid.
    #[error(transparent)]
    Link(#[from] LinkFailure),
    /// The access policy refuses.
    #[error("not allowed: {0}")]
    NotAllowed(String),
    /// The connection has no credential that works.
    #[error(transparent)]
    Auth(#[from] AuthError),
    /// The parameters that the browser came back with are refused.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// A user's authorization on another device gave no grant.
    #[error(transparent)]
    Device(DeviceFailure),
    /// The call has no result.
    #[error("{error}")]
    Call {
        /// The reason.
        #[source]
        error: CallError,
        /// The guest's lines.
        logs: Vec<LogLine>,
    },
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
    pub(crate) fn unknown_connection(space: &SpaceId, connection: &ConnectionId) -> Self {
        Self::UnknownConnection { space: space.clone(), connection: connection.clone() }
    }

    /// The kind of the error: for programs, and for audit records.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Stopping => ErrorKind::Busy,
            Self::NoStorage | Self::Runtime(_) | Self::Egress(_) | Self::Pages { .. } | Self::NoPages => {
                ErrorKind::Setup
            }
            Self::Id(_) | Self::Misleading { what: "id", .. } => ErrorKind::InvalidId,
            Self::Misleading { .. } => ErrorKind::InvalidTitle,
            Self::Keyring(_) => ErrorKind::Keyring,
            Self::Vault(_) => ErrorKind::Vault,
            Self::Store(_) | Self::Folder { .. } => ErrorKind::Store,
            Self::Load(error) => of_load(error),
            Self::Unchecked { reason, .. } => of_check(reason),
            Self::ComponentMissing(_) => ErrorKind::ComponentMissing,
            Self::UnknownConnector(_) => ErrorKind::UnknownConnector,
            Self::ConnectorInUse { .. } => ErrorKind::ConnectorInUse,
            Self::UnknownConnection { .. } => ErrorKind::UnknownConnection,
            Self::ConnectionExists { .. } => ErrorKind::ConnectionExists,
            Self::ConnectionChanged(_) | Self::ConnectorChanged(_) => ErrorKind::Conflict,
            Self::AuthTypeNotTaken { .. } | Self::UnknownAuthType { .. } | Self::AuthMode { .. } => ErrorKind::AuthType,
            Self::Config { .. } => ErrorKind::InvalidConfig,
            Self::Fields { .. } => ErrorKind::InvalidFields,
            Self::Hosts { .. } => ErrorKind::InvalidHosts,
            Self::NotAllowed(_) => ErrorKind::NotAllowed,
            Self::Auth(error) => of_auth(error),
            Self::Link(_) => ErrorKind::Link,
            Self::Refused(refused) => of_flow(&refused.failure),
            Self::Device(failure) => of_device(failure),
            Self::Call { error, .. } => of_call(error),
        }
    }

    /// When the same may be tried again, if known. It does not say that nothing was done: a call that met a service's
    /// rate limit may have sent other requests before. [`ErrorKind::Busy`] says that no guest ran.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Call { error, .. } => retry_of_call(error),
            Self::Load(LoadError::SpecRun(error)) => retry_of_call(error),
            Self::Load(LoadError::Compiler(CompilerError::Busy { retry_after, .. })) => {
                Some(Duration::from_secs(*retry_after))
            }
            Self::Auth(error) | Self::Device(DeviceFailure::Host(error)) => error.retry_after(),
            Self::Refused(refused) => match &refused.failure {
                FlowFailure::TooMany(wait) => Some(*wait),
                FlowFailure::Host(error) => error.retry_after(),
                _ => None,
            },
            _ => None,
        }
    }

    /// Where a guest crashed: its functions, innermost first.
    pub fn backtrace(&self) -> Vec<String> {
        match self {
            Self::Call { error, .. } => error.backtrace().iter().map(ToString::to_string).collect(),
            _ => Vec::new(),
        }
    }

    /// The guest's log lines, if a guest ran.
    pub fn logs(&self) -> &[LogLine] {
        match self {
            Self::Call { logs, .. } => logs,
            _ => &[],
        }
    }
}

fn of_load(error: &LoadError) -> ErrorKind {
    match error {
        LoadError::SpecRun(error) if matches!(error.problem, CallProblem::Busy { .. }) => ErrorKind::Busy,
        LoadError::Unchecked(reason) => of_check(reason),
        LoadError::Compiler(CompilerError::Busy { .. }) => ErrorKind::Busy,
        LoadError::Compiler(CompilerError::NotStarted { .. } | CompilerError::NotACompiler { .. }) => {
            ErrorKind::Compiler
        }
        _ => ErrorKind::Load,
    }
}

fn of_check(error: &CheckError) -> ErrorKind {
    match error {
        CheckError::TooLong { .. } => ErrorKind::CheckTimedOut,
        CheckError::Busy => ErrorKind::Busy,
        _ => ErrorKind::Host,
    }
}

fn of_auth(error: &AuthError) -> ErrorKind {
    match error {
        AuthError::NeedsAuthorization { .. } => ErrorKind::NeedsAuthorization,
        AuthError::Rejected { .. } => ErrorKind::CredentialRejected,
        AuthError::TooManyAuthorizations { .. } => ErrorKind::TooManyAuthorizations,
        AuthError::Unavailable { .. } => ErrorKind::TokenUnavailable,
        AuthError::Contended(_) | AuthError::Interrupted(_) => ErrorKind::Busy,
        AuthError::Misconfigured { .. } => ErrorKind::TokenRefused,
        AuthError::Store(_) => ErrorKind::Store,
        AuthError::Vault(_) => ErrorKind::Vault,
        AuthError::RedirectService { .. } => ErrorKind::Setup,
        AuthError::UnknownAuthType { .. } => ErrorKind::AuthType,
        AuthError::Settings { .. } => ErrorKind::InvalidFields,
        AuthError::PrincipalNeeded(_)
        | AuthError::NotPerUser(..)
        | AuthError::NotInteractive { .. }
        | AuthError::NoDeviceCode { .. }
        | AuthError::ReturnUrl { .. } => ErrorKind::Auth,
        _ => ErrorKind::Host,
    }
}

fn of_flow(failure: &FlowFailure) -> ErrorKind {
    match failure {
        FlowFailure::Denied | FlowFailure::OtherIssuer | FlowFailure::OtherSession => ErrorKind::AuthorizationDenied,
        FlowFailure::Provider(_) | FlowFailure::Exchange(_) => ErrorKind::AuthorizationFailed,
        FlowFailure::ConnectionGone(_) => ErrorKind::UnknownConnection,
        FlowFailure::TooMany(_) => ErrorKind::TooManyAuthorizations,
        FlowFailure::Host(error) => of_auth(error),
        FlowFailure::Repeated
        | FlowFailure::NoState
        | FlowFailure::Unknown
        | FlowFailure::Expired
        | FlowFailure::NoCode => ErrorKind::Authorization,
        _ => ErrorKind::Host,
    }
}

fn of_device(failure: &DeviceFailure) -> ErrorKind {
    match failure {
        DeviceFailure::Denied => ErrorKind::AuthorizationDenied,
        DeviceFailure::Server(_) => ErrorKind::AuthorizationFailed,
        DeviceFailure::ConnectionGone(_) => ErrorKind::UnknownConnection,
        DeviceFailure::Host(error) => of_auth(error),
        DeviceFailure::Expired => ErrorKind::Authorization,
        _ => ErrorKind::Host,
    }
}

fn of_call(error: &CallError) -> ErrorKind {
    match &error.problem {
        CallProblem::UnknownAction { .. } => ErrorKind::UnknownAction,
        CallProblem::InvalidInput(_) => ErrorKind::InvalidInput,
        CallProblem::InvalidOutput(_) | CallProblem::OutputNotJson(_) => ErrorKind::InvalidOutput,
        CallProblem::Unchecked { reason, .. } => of_check(reason),
        CallProblem::OutputTooLarge { .. } => ErrorKind::OutputTooLarge,
        CallProblem::InvalidFiles(_) => ErrorKind::InvalidFiles,
        CallProblem::HeldTooMuch { .. } => ErrorKind::HeldTooMuch,
        CallProblem::TooManyHandles { .. } => ErrorKind::TooManyHandles,
        CallProblem::Action(failure) => of_action(failure),
        CallProblem::Trapped { .. } => ErrorKind::Trapped,
        CallProblem::Busy { .. } => ErrorKind::Busy,
        CallProblem::TimedOut { .. } => ErrorKind::TimedOut,
        CallProblem::CpuExceeded { .. } => ErrorKind::CpuExceeded,
        CallProblem::MemoryExceeded { .. } => ErrorKind::MemoryExceeded,
        CallProblem::ImpureSpec(_) => ErrorKind::ImpureSpec,
        CallProblem::EventNotJson(_) => ErrorKind::InvalidEvent,
        CallProblem::Exited(_) => ErrorKind::Exited,
        // An error added there without its own kind here.
        _ => ErrorKind::Host,
    }
}

fn of_action(failure: &ActionFailure) -> ErrorKind {
    match failure {
        ActionFailure::InvalidInput(_) => ErrorKind::InvalidInput,
        ActionFailure::NeedsAuthorization => ErrorKind::NeedsAuthorization,
        ActionFailure::Denied(_) => ErrorKind::Denied,
        ActionFailure::NotFound(_) => ErrorKind::NotFound,
        ActionFailure::RateLimited { .. } => ErrorKind::RateLimited,
        ActionFailure::TooLarge { .. } => ErrorKind::TooLarge,
        ActionFailure::Upstream { .. } => ErrorKind::Upstream,
        // Its spec names the action, so it is not the caller's fault if the connector reports that it does not know
        // it.
        _ => ErrorKind::Internal,
    }
}

fn retry_of_call(error: &CallError) -> Option<Duration> {
    let seconds = match &error.problem {
        CallProblem::Busy { retry_after, .. } => *retry_after,
        CallProblem::Action(ActionFailure::RateLimited { retry_after }) => (*retry_after)?,
        _ => return None,
    };
    Some(Duration::from_secs(seconds.into()))
}
