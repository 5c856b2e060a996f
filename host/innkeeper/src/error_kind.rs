//! Kinds of errors, for programs: one table of what each means for a command, a server and for who must act.

use std::fmt;

use schemars::JsonSchema;
use serde::{Serialize, Serializer};

/// Makes the enum and its table of one list: a kind's name, a command's exit code, a server's HTTP status, who must act.
macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $name:literal, $exit:ident, $status:literal, $actor:ident;)*) => {
        /// What kind of error it is. Its name ([`ErrorKind::as_str`]) is what audit records and JSON have, and never changes its meaning.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum ErrorKind {
            $($(#[$doc])* $kind,)*
        }

        impl ErrorKind {
            /// All of them, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$kind,)*];

            const fn row(self) -> (&'static str, ExitCode, u16, Actor) {
                match self {
                    $(Self::$kind => ($name, ExitCode::$exit, $status, Actor::$actor),)*
                }
            }
        }
    };
}

kinds! {
    /// The input breaks the action's schema, or the connector does not accept it.
    InvalidInput = "invalid-input", InvalidInput, 400, Caller;
    /// A config breaks the connector's schema.
    InvalidConfig = "invalid-config", InvalidInput, 400, Caller;
    /// A field of an auth type is missing or wrong.
    InvalidFields = "invalid-fields", InvalidInput, 400, Caller;
    /// The connector's hosts do not follow from the config.
    InvalidHosts = "invalid-hosts", InvalidInput, 400, Caller;
    /// A text is not a valid id.
    InvalidId = "invalid-id", InvalidInput, 400, Caller;
    /// A title that would mislead its reader.
    InvalidTitle = "invalid-title", InvalidInput, 400, Caller;
    /// The connector does not accept the auth type, or the host does not have it.
    AuthType = "auth-type", InvalidInput, 400, Caller;
    /// There is no such connector.
    UnknownConnector = "unknown-connector", NotFound, 404, Caller;
    /// There is no such connection.
    UnknownConnection = "unknown-connection", NotFound, 404, Caller;
    /// The connector has no such action.
    UnknownAction = "unknown-action", NotFound, 404, Caller;
    /// There is already a connection with that id.
    ConnectionExists = "connection-exists", Failed, 409, Caller;
    /// Connections use the connector.
    ConnectorInUse = "connector-in-use", Failed, 409, Caller;
    /// Somebody else changed it in the meantime.
    Conflict = "conflict", Failed, 409, Caller;
    /// The access policy refuses.
    NotAllowed = "not-allowed", Denied, 403, Operator;
    /// A person must authorize the connection.
    NeedsAuthorization = "needs-authorization", NeedsAuthorization, 401, User;
    /// The service does not accept a credential that is not authorized by a person.
    CredentialRejected = "credential-rejected", NeedsAuthorization, 502, Owner;
    /// The provider issues no token at the moment.
    TokenUnavailable = "token-unavailable", Upstream, 503, Nobody;
    /// The provider issues no token for the connection's settings.
    TokenRefused = "token-refused", Upstream, 502, Owner;
    /// The connection cannot be used, or authorized, in this way.
    Auth = "auth", InvalidInput, 400, Caller;
    /// A user begins authorizations too often.
    TooManyAuthorizations = "too-many-authorizations", Failed, 429, Nobody;
    /// An authorization ended without a grant; begin again.
    Authorization = "authorization", NeedsAuthorization, 400, User;
    /// The user, or the host's checks, refused an authorization.
    AuthorizationDenied = "authorization-denied", Denied, 403, User;
    /// The provider refused an authorization.
    AuthorizationFailed = "authorization-failed", Upstream, 502, Owner;
    /// A start link is invalid, expired or used.
    Link = "link", Failed, 400, User;
    /// The allow list or the service forbids it.
    Denied = "denied", Denied, 403, Owner;
    /// The service does not have it.
    NotFound = "not-found", NotFound, 404, Caller;
    /// The service's rate limit was reached.
    RateLimited = "rate-limited", Upstream, 429, Nobody;
    /// A response of the service is too large.
    TooLarge = "too-large", Upstream, 502, Caller;
    /// The service failed or cannot be reached.
    Upstream = "upstream", Upstream, 502, Nobody;
    /// The connector reported a failure.
    Internal = "internal", Connector, 502, Author;
    /// The guest crashed.
    Trapped = "trapped", Connector, 502, Author;
    /// The guest exited.
    Exited = "exited", Connector, 502, Author;
    /// The call took too long.
    TimedOut = "timed-out", Connector, 504, Author;
    /// The guest computed too long.
    CpuExceeded = "cpu-exceeded", Connector, 502, Author;
    /// The guest needed too much memory.
    MemoryExceeded = "memory-exceeded", Connector, 502, Author;
    /// The host would hold too much for the guest.
    HeldTooMuch = "held-too-much", Connector, 502, Author;
    /// The guest holds too many handles.
    TooManyHandles = "too-many-handles", Connector, 502, Author;
    /// The output breaks the action's schema.
    InvalidOutput = "invalid-output", Connector, 502, Author;
    /// A streamed result is not JSON.
    InvalidEvent = "invalid-event", Connector, 502, Author;
    /// The output is too large.
    OutputTooLarge = "output-too-large", Connector, 502, Author;
    /// The files of the result are wrong.
    InvalidFiles = "invalid-files", Connector, 502, Author;
    /// The spec used an import that it may not use.
    ImpureSpec = "impure-spec", Connector, 502, Author;
    /// A check against a schema took too long.
    CheckTimedOut = "check-timed-out", Failed, 502, Author;
    /// The host has no place for it now.
    Busy = "busy", Failed, 503, Nobody;
    /// The component is refused.
    Load = "load", InvalidInput, 422, Author;
    /// The process that compiles does not work.
    Compiler = "compiler", Failed, 500, Operator;
    /// A stored component is missing.
    ComponentMissing = "component-missing", Failed, 500, Operator;
    /// The store.
    Store = "store", Storage, 503, Operator;
    /// Sealing or opening secrets.
    Vault = "vault", Storage, 500, Operator;
    /// The keyring.
    Keyring = "keyring", Storage, 500, Operator;
    /// The host cannot be set up with these settings.
    Setup = "setup", Failed, 500, Operator;
    /// The host itself failed.
    Host = "host", Failed, 500, Operator;
}

/// Who must act before it can work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Actor {
    /// Whoever made the call: the request is wrong.
    Caller,
    /// The person whose authorization it is.
    User,
    /// The owner of the connection.
    Owner,
    /// The operator of the host.
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

/// The exit code of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ExitCode {
    /// Any other failure.
    Failed = 1,
    /// Arguments, environment or the configuration file.
    Usage = 2,
    /// There is no such connector, connection, action or file, or the service does not have it.
    NotFound = 3,
    /// A person has to authorize the connection first.
    NeedsAuthorization = 4,
    /// Not allowed: by the user who was asked, the hosts of the connection, or the service.
    Denied = 5,
    /// Input, config, fields or a component break their rules.
    InvalidInput = 6,
    /// The service or the authorization server failed, or cannot be reached.
    Upstream = 7,
    /// The connector failed: it crashed, reached a limit, or returned what its schema forbids.
    Connector = 8,
    /// The store or the keyring cannot be used.
    Storage = 9,
}

impl ErrorKind {
    /// Its name, for records and programs.
    pub const fn as_str(self) -> &'static str {
        self.row().0
    }

    /// The exit code of a command.
    pub const fn exit_code(self) -> ExitCode {
        self.row().1
    }

    /// The HTTP status of a server that passes it on (RFC 9110, section 15).
    pub const fn http_status(self) -> u16 {
        self.row().2
    }

    /// Who must act before it can work.
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
        let names: BTreeSet<_> = ErrorKind::ALL.iter().map(|kind| kind.as_str()).collect();
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
