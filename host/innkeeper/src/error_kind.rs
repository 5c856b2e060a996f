//! Kinds of errors, for programs: one table of what each means for a command, a server and for who must act.

use std::fmt;

use serde::{Serialize, Serializer};

/// What kind of error it is. Its name ([`ErrorKind::as_str`]) is what audit records and JSON have, and never changes its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The input breaks the action's schema, or the connector does not take it.
    InvalidInput,
    /// A config breaks the connector's schema.
    InvalidConfig,
    /// A field of an auth type is missing or wrong.
    InvalidFields,
    /// The connector's hosts do not follow from the config.
    InvalidHosts,
    /// A text is no id.
    InvalidId,
    /// A title that would mislead its reader.
    InvalidTitle,
    /// The connector does not take the auth type, or the host does not know it.
    AuthType,
    /// There is no such connector.
    UnknownConnector,
    /// There is no such connection.
    UnknownConnection,
    /// The connector has no such action.
    UnknownAction,
    /// There is a connection of that id already.
    ConnectionExists,
    /// Connections use the connector.
    ConnectorInUse,
    /// It was changed by somebody else meanwhile.
    Conflict,
    /// The access policy refuses.
    NotAllowed,
    /// A person must authorize the connection.
    NeedsAuthorization,
    /// The service does not accept a credential that no person authorizes.
    CredentialRejected,
    /// The provider gives no token for now.
    TokenUnavailable,
    /// The provider gives no token for the connection's settings.
    TokenRefused,
    /// The connection cannot be used, or authorized, in this way.
    Auth,
    /// A user begins authorizations too often.
    TooManyAuthorizations,
    /// An authorization ended without a grant; it can be begun again.
    Authorization,
    /// The user, or the host's checks, refused an authorization.
    AuthorizationDenied,
    /// The provider refused an authorization.
    AuthorizationFailed,
    /// A start link is false, old or used.
    Link,
    /// The allow list or the service forbids it.
    Denied,
    /// The service does not have it.
    NotFound,
    /// The service is asked too often.
    RateLimited,
    /// An answer of the service is too large.
    TooLarge,
    /// The service failed or cannot be reached.
    Upstream,
    /// The connector failed, as it says itself.
    Internal,
    /// The guest crashed.
    Trapped,
    /// The guest ended itself.
    Exited,
    /// The call took too long.
    TimedOut,
    /// The guest computed too long.
    CpuExceeded,
    /// The guest asked for too much memory.
    MemoryExceeded,
    /// The host would hold too much for the guest.
    HeldTooMuch,
    /// The guest holds too many handles.
    TooManyHandles,
    /// The output breaks the action's schema.
    InvalidOutput,
    /// A streamed result is no JSON.
    InvalidEvent,
    /// The output is too large.
    OutputTooLarge,
    /// The files of the result are wrong.
    InvalidFiles,
    /// The spec used more than it may.
    ImpureSpec,
    /// A check against a schema took too long.
    CheckTimedOut,
    /// The host has no place for it now.
    Busy,
    /// The component is refused.
    Load,
    /// The process that compiles does not work.
    Compiler,
    /// A stored component is gone.
    ComponentMissing,
    /// The store.
    Store,
    /// Sealing or opening secrets.
    Vault,
    /// The keyring.
    Keyring,
    /// The host cannot be set up so.
    Setup,
    /// The host itself failed.
    Host,
}

/// Who must act before the same can work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Actor {
    /// Whoever made the call: the request is wrong.
    Caller,
    /// The person whose authorization it is.
    User,
    /// The owner of the connection.
    Owner,
    /// Who runs the host.
    Operator,
    /// The connector's author.
    Author,
    /// Nobody: try again later.
    Nobody,
}

impl Actor {
    /// For programs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Caller => "caller",
            Self::User => "user",
            Self::Owner => "owner",
            Self::Operator => "operator",
            Self::Author => "author",
            Self::Nobody => "nobody",
        }
    }
}

/// What a command ends with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ExitCode {
    /// Anything that is none of the others.
    Failed = 1,
    /// Arguments, environment or the configuration file.
    Usage = 2,
    /// No such connector, connection, action or file, or the service does not have it.
    NotFound = 3,
    /// A person has to authorize the connection first.
    NeedsAuthorization = 4,
    /// Not allowed: by the user who was asked, the hosts of the connection, or the service.
    Denied = 5,
    /// Input, config, fields or a component break their rules.
    InvalidInput = 6,
    /// The service or the authorization server failed, or cannot be reached.
    Upstream = 7,
    /// The connector failed: it crashed, reached a limit, or answered what its schema forbids.
    Connector = 8,
    /// The store or the keyring cannot be used.
    Storage = 9,
}

/// What a kind means: its name, a command's exit code, a server's status, and who must act.
type Row = (&'static str, ExitCode, u16, Actor);

impl ErrorKind {
    /// All of them, in the order of the documentation.
    pub const ALL: [Self; 52] = [
        Self::InvalidInput,
        Self::InvalidConfig,
        Self::InvalidFields,
        Self::InvalidHosts,
        Self::InvalidId,
        Self::InvalidTitle,
        Self::AuthType,
        Self::UnknownConnector,
        Self::UnknownConnection,
        Self::UnknownAction,
        Self::ConnectionExists,
        Self::ConnectorInUse,
        Self::Conflict,
        Self::NotAllowed,
        Self::NeedsAuthorization,
        Self::CredentialRejected,
        Self::TokenUnavailable,
        Self::TokenRefused,
        Self::Auth,
        Self::TooManyAuthorizations,
        Self::Authorization,
        Self::AuthorizationDenied,
        Self::AuthorizationFailed,
        Self::Link,
        Self::Denied,
        Self::NotFound,
        Self::RateLimited,
        Self::TooLarge,
        Self::Upstream,
        Self::Internal,
        Self::Trapped,
        Self::Exited,
        Self::TimedOut,
        Self::CpuExceeded,
        Self::MemoryExceeded,
        Self::HeldTooMuch,
        Self::TooManyHandles,
        Self::InvalidOutput,
        Self::InvalidEvent,
        Self::OutputTooLarge,
        Self::InvalidFiles,
        Self::ImpureSpec,
        Self::CheckTimedOut,
        Self::Busy,
        Self::Load,
        Self::Compiler,
        Self::ComponentMissing,
        Self::Store,
        Self::Vault,
        Self::Keyring,
        Self::Setup,
        Self::Host,
    ];

    /// The table.
    const fn row(self) -> Row {
        use Actor::{Author, Caller, Nobody, Operator, Owner, User};
        match self {
            Self::InvalidInput => ("invalid-input", ExitCode::InvalidInput, 400, Caller),
            Self::InvalidConfig => ("invalid-config", ExitCode::InvalidInput, 400, Caller),
            Self::InvalidFields => ("invalid-fields", ExitCode::InvalidInput, 400, Caller),
            Self::InvalidHosts => ("invalid-hosts", ExitCode::InvalidInput, 400, Caller),
            Self::InvalidId => ("invalid-id", ExitCode::InvalidInput, 400, Caller),
            Self::InvalidTitle => ("invalid-title", ExitCode::InvalidInput, 400, Caller),
            Self::AuthType => ("auth-type", ExitCode::InvalidInput, 400, Caller),
            Self::UnknownConnector => ("unknown-connector", ExitCode::NotFound, 404, Caller),
            Self::UnknownConnection => ("unknown-connection", ExitCode::NotFound, 404, Caller),
            Self::UnknownAction => ("unknown-action", ExitCode::NotFound, 404, Caller),
            Self::ConnectionExists => ("connection-exists", ExitCode::Failed, 409, Caller),
            Self::ConnectorInUse => ("connector-in-use", ExitCode::Failed, 409, Caller),
            Self::Conflict => ("conflict", ExitCode::Failed, 409, Caller),
            Self::NotAllowed => ("not-allowed", ExitCode::Denied, 403, Operator),
            Self::NeedsAuthorization => ("needs-authorization", ExitCode::NeedsAuthorization, 401, User),
            Self::CredentialRejected => ("credential-rejected", ExitCode::NeedsAuthorization, 502, Owner),
            Self::TokenUnavailable => ("token-unavailable", ExitCode::Upstream, 503, Nobody),
            Self::TokenRefused => ("token-refused", ExitCode::Upstream, 502, Owner),
            Self::Auth => ("auth", ExitCode::InvalidInput, 400, Caller),
            Self::TooManyAuthorizations => ("too-many-authorizations", ExitCode::Failed, 429, Nobody),
            Self::Authorization => ("authorization", ExitCode::NeedsAuthorization, 400, User),
            Self::AuthorizationDenied => ("authorization-denied", ExitCode::Denied, 403, User),
            Self::AuthorizationFailed => ("authorization-failed", ExitCode::Upstream, 502, Owner),
            Self::Link => ("link", ExitCode::Failed, 400, User),
            Self::Denied => ("denied", ExitCode::Denied, 403, Owner),
            Self::NotFound => ("not-found", ExitCode::NotFound, 404, Caller),
            Self::RateLimited => ("rate-limited", ExitCode::Upstream, 429, Nobody),
            Self::TooLarge => ("too-large", ExitCode::Upstream, 502, Caller),
            Self::Upstream => ("upstream", ExitCode::Upstream, 502, Nobody),
            Self::Internal => ("internal", ExitCode::Connector, 502, Author),
            Self::Trapped => ("trapped", ExitCode::Connector, 502, Author),
            Self::Exited => ("exited", ExitCode::Connector, 502, Author),
            Self::TimedOut => ("timed-out", ExitCode::Connector, 504, Author),
            Self::CpuExceeded => ("cpu-exceeded", ExitCode::Connector, 502, Author),
            Self::MemoryExceeded => ("memory-exceeded", ExitCode::Connector, 502, Author),
            Self::HeldTooMuch => ("held-too-much", ExitCode::Connector, 502, Author),
            Self::TooManyHandles => ("too-many-handles", ExitCode::Connector, 502, Author),
            Self::InvalidOutput => ("invalid-output", ExitCode::Connector, 502, Author),
            Self::InvalidEvent => ("invalid-event", ExitCode::Connector, 502, Author),
            Self::OutputTooLarge => ("output-too-large", ExitCode::Connector, 502, Author),
            Self::InvalidFiles => ("invalid-files", ExitCode::Connector, 502, Author),
            Self::ImpureSpec => ("impure-spec", ExitCode::Connector, 502, Author),
            Self::CheckTimedOut => ("check-timed-out", ExitCode::Failed, 502, Author),
            Self::Busy => ("busy", ExitCode::Failed, 503, Nobody),
            Self::Load => ("load", ExitCode::InvalidInput, 422, Author),
            Self::Compiler => ("compiler", ExitCode::Failed, 500, Operator),
            Self::ComponentMissing => ("component-missing", ExitCode::Failed, 500, Operator),
            Self::Store => ("store", ExitCode::Storage, 503, Operator),
            Self::Vault => ("vault", ExitCode::Storage, 500, Operator),
            Self::Keyring => ("keyring", ExitCode::Storage, 500, Operator),
            Self::Setup => ("setup", ExitCode::Failed, 500, Operator),
            Self::Host => ("host", ExitCode::Failed, 500, Operator),
        }
    }

    /// Its name, for records and programs.
    pub const fn as_str(self) -> &'static str {
        self.row().0
    }

    /// What a command ends with.
    pub const fn exit_code(self) -> ExitCode {
        self.row().1
    }

    /// The HTTP status of a server that passes it on (RFC 9110, section 15).
    pub const fn http_status(self) -> u16 {
        self.row().2
    }

    /// Who must act before the same can work.
    pub const fn actor(self) -> Actor {
        self.row().3
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for ErrorKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_kind_has_a_name_of_its_own_and_is_documented() {
        let page = include_str!("../../../docs/embedding.md");
        let names: BTreeSet<_> = ErrorKind::ALL.into_iter().map(ErrorKind::as_str).collect();
        assert_eq!(names.len(), ErrorKind::ALL.len());
        for kind in ErrorKind::ALL {
            let row = format!(
                "| `{}` | {} | {} | {} |",
                kind.as_str(),
                kind.http_status(),
                kind.exit_code() as u8,
                kind.actor().as_str()
            );
            assert!(page.contains(&row), "docs/embedding.md lacks {row}");
        }
    }
}
