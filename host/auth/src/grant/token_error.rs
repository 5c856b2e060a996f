//! Why a source gave no token, or was not asked.

use std::fmt;
use std::time::Duration;

/// The codes of RFC 6749, section 5.2, RFC 7009, section 2.2.1, and RFC 8628, section 3.5. What a server says besides is kept
/// nowhere: it is hostile input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorCode {
    /// The request was malformed.
    InvalidRequest,
    /// The client is unknown or did not prove itself.
    InvalidClient,
    /// The code or the refresh token is not (or no longer) honoured.
    InvalidGrant,
    /// The client may not use this kind of grant.
    UnauthorizedClient,
    /// The server does not know this kind of grant.
    UnsupportedGrantType,
    /// The server does not take back tokens of this kind (RFC 7009, section 2.2.1).
    UnsupportedTokenType,
    /// The scope is unknown, malformed or too wide.
    InvalidScope,
    /// The user has not decided yet (RFC 8628, section 3.5).
    AuthorizationPending,
    /// The same, and the client asks too often.
    SlowDown,
    /// The user said no.
    AccessDenied,
    /// The user took too long.
    ExpiredToken,
    /// The server failed, and says so with the status of a refusal; the codes are those of RFC 6749, section 4.1.2.1.
    ServerError,
    /// An auth redirect service does not know the provider.
    UnknownProvider,
    /// No code of the RFC.
    Other,
}

impl ErrorCode {
    /// From the `error` of an answer. Names that some providers use for a grant that has ended count as `invalid_grant`.
    pub(crate) fn parse(text: &str) -> Self {
        match text {
            "invalid_request" => Self::InvalidRequest,
            "invalid_client" => Self::InvalidClient,
            "invalid_grant"
            | "invalid_refresh_token"
            | "bad_refresh_token"
            | "token_revoked"
            | "token_expired"
            | "bad_verification_code"
            | "invalid_code"
            | "interaction_required"
            | "login_required"
            | "consent_required" => Self::InvalidGrant,
            "unauthorized_client" => Self::UnauthorizedClient,
            "unsupported_grant_type" => Self::UnsupportedGrantType,
            "unsupported_token_type" => Self::UnsupportedTokenType,
            "invalid_scope" => Self::InvalidScope,
            "authorization_pending" => Self::AuthorizationPending,
            "slow_down" => Self::SlowDown,
            "access_denied" | "authorization_declined" => Self::AccessDenied,
            "expired_token" => Self::ExpiredToken,
            "server_error" | "temporarily_unavailable" | "internal_failure" | "internal_error" => Self::ServerError,
            "unknown_provider" => Self::UnknownProvider,
            _ => Self::Other,
        }
    }

    /// As the RFC writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::InvalidClient => "invalid_client",
            Self::InvalidGrant => "invalid_grant",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::UnsupportedTokenType => "unsupported_token_type",
            Self::InvalidScope => "invalid_scope",
            Self::AuthorizationPending => "authorization_pending",
            Self::SlowDown => "slow_down",
            Self::AccessDenied => "access_denied",
            Self::ExpiredToken => "expired_token",
            Self::ServerError => "server_error",
            Self::UnknownProvider => "unknown_provider",
            Self::Other => "another error",
        }
    }

    const fn sentence(self) -> &'static str {
        match self {
            Self::InvalidRequest => "the authorization server finds the request malformed",
            Self::InvalidClient => {
                "the authorization server does not accept the client id and secret or other proof, or how they are sent"
            }
            Self::InvalidGrant => "the authorization server does not honour the grant",
            Self::UnauthorizedClient => "the client may not use this kind of grant at the authorization server",
            Self::UnsupportedGrantType => "the authorization server does not know this kind of grant",
            Self::UnsupportedTokenType => "the authorization server does not take back tokens of this kind",
            Self::InvalidScope => "the authorization server does not give the scope that was asked for",
            Self::AuthorizationPending => "the user has not decided yet",
            Self::SlowDown => "the user has not decided yet, and the authorization server is asked too often",
            Self::AccessDenied => "the user denied access",
            Self::ExpiredToken => "the user took too long",
            Self::ServerError => "the authorization server failed",
            Self::UnknownProvider => "the auth redirect service is not set up for this provider",
            Self::Other => "the authorization server refused for a reason of its own",
        }
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Other => f.write_str(self.sentence()),
            _ => write!(f, "{} ({})", self.sentence(), self.as_str()),
        }
    }
}

/// Why a source gave no token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// No connection to it could be made, so it cannot have acted.
    #[error("the authorization server was not reached: {0}")]
    NotReached(String),
    /// It did not answer, or not to the end.
    #[error("the authorization server did not answer: {0}")]
    NoAnswer(String),
    /// It failed itself.
    #[error("the authorization server failed with status {status}")]
    Failed {
        /// 500 to 599.
        status: u16,
        /// What it asked for, if it did.
        retry_after: Option<Duration>,
    },
    /// It is asked too often.
    #[error("the authorization server is asked too often")]
    Busy {
        /// What it asked for, if it did.
        retry_after: Option<Duration>,
    },
    /// It refused (RFC 6749, section 5.2).
    #[error("{0}")]
    Refused(ErrorCode),
    /// Its answer is none that OAuth knows.
    #[error("the answer of the authorization server makes no sense: {0}")]
    Malformed(&'static str),
    /// It refused with a status and no code.
    #[error("the authorization server answered with status {0} and no error code of OAuth")]
    Status(u16),
    /// The host may not send requests there.
    #[error("the host does not send requests to the authorization server: {0}")]
    NotAllowed(String),
    /// The client's assertion was not signed.
    #[error("the client's assertion could not be signed with its key; give another key")]
    NotSigned,
    /// A failure of a moment ago is still being waited out.
    #[error("{problem}; the next attempt is made in {} s", .wait.as_secs().max(1))]
    BackingOff {
        /// What failed.
        problem: Box<TokenError>,
        /// How long it is until then.
        wait: Duration,
    },
    /// The store did not take the new token; it is held and stored as soon as that can be done.
    #[error("a new token could not be stored yet: {0}")]
    NotStored(String),
    /// A source that is not OAuth gave no token.
    #[error("{reason}")]
    Source {
        /// What it means for the grant.
        nature: Nature,
        /// Why, in a sentence without a final stop. No secret.
        reason: String,
        /// How long the server wants to be left alone.
        retry_after: Option<Duration>,
    },
}

/// What a failure means for the grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Nature {
    /// Passes by itself. `spent`: the server may have acted on the request all the same.
    Passing {
        /// The refresh token may be spent.
        spent: bool,
    },
    /// The grant is gone.
    Gone,
    /// The connection's settings or the operator's do not fit.
    Settings,
}

impl TokenError {
    /// What it means for the grant.
    pub fn nature(&self) -> Nature {
        match self {
            Self::NoAnswer(_) | Self::Failed { .. } | Self::Malformed(_) | Self::Refused(ErrorCode::ServerError) => {
                Nature::Passing { spent: true }
            }
            // A success without a token: the server acted on the request.
            Self::Status(200..300) => Nature::Passing { spent: true },
            Self::NotReached(_)
            | Self::Busy { .. }
            | Self::Status(_)
            | Self::NotStored(_)
            | Self::Refused(ErrorCode::SlowDown) => Nature::Passing { spent: false },
            Self::Refused(ErrorCode::InvalidGrant) => Nature::Gone,
            Self::Refused(_) | Self::NotAllowed(_) | Self::NotSigned => Nature::Settings,
            Self::BackingOff { problem, .. } => problem.nature(),
            Self::Source { nature, .. } => *nature,
        }
    }

    /// How long the server wants to be left alone, or the next attempt is away.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Failed { retry_after, .. } | Self::Busy { retry_after } | Self::Source { retry_after, .. } => {
                *retry_after
            }
            Self::BackingOff { wait, .. } => Some(*wait),
            _ => None,
        }
    }
}
