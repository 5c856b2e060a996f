//! Why a source issued no token, or was not asked for one.

use std::fmt;
use std::time::Duration;

/// The codes of RFC 6749, section 5.2, RFC 7009, section 2.2.1, and RFC 8628, section 3.5. Other text from the server is not
/// stored: it is untrusted input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorCode {
    /// The request was malformed.
    InvalidRequest,
    /// The client is unknown or did not authenticate.
    InvalidClient,
    /// The code or the refresh token is not (or no longer) honoured.
    InvalidGrant,
    /// The client may not use this grant type.
    UnauthorizedClient,
    /// The server does not support this grant type.
    UnsupportedGrantType,
    /// The server does not revoke tokens of this kind (RFC 7009, section 2.2.1).
    UnsupportedTokenType,
    /// The scope is unknown, malformed or too wide.
    InvalidScope,
    /// The user has not decided yet (RFC 8628, section 3.5).
    AuthorizationPending,
    /// The user has not decided yet, and the client polls too often.
    SlowDown,
    /// The user declined.
    AccessDenied,
    /// The code expired before the user decided.
    ExpiredToken,
    /// The server failed, and reports it with the status of a refusal; the codes are those of RFC 6749, section 4.1.2.1.
    ServerError,
    /// The auth redirect service does not know the provider.
    UnknownProvider,
    /// Not a code of the RFC.
    Other,
}

impl ErrorCode {
    /// Reads the `error` of an answer. Names that some providers use for an expired grant count as `invalid_grant`.
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

    /// The code as the RFC writes it.
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
            Self::InvalidRequest => "the authorization server considers the request malformed",
            Self::InvalidClient => {
                "the authorization server does not accept the client id and secret or other credential, or how they are sent"
            }
            Self::InvalidGrant => "the authorization server does not accept the grant",
            Self::UnauthorizedClient => "the authorization server does not allow the client this grant type",
            Self::UnsupportedGrantType => "the authorization server does not support this grant type",
            Self::UnsupportedTokenType => "the authorization server cannot revoke tokens of this kind",
            Self::InvalidScope => "the authorization server does not grant the requested scope",
            Self::AuthorizationPending => "the user has not decided yet",
            Self::SlowDown => "the user has not decided yet, and the authorization server receives too many requests",
            Self::AccessDenied => "the user denied access",
            Self::ExpiredToken => "the user took too long",
            Self::ServerError => "the authorization server failed",
            Self::UnknownProvider => "the auth redirect service is not set up for this provider",
            Self::Other => "the authorization server refused for another reason",
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

/// Why a source issued no token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// No connection to the server could be made, so it cannot have acted.
    #[error("the authorization server could not be reached: {0}")]
    NotReached(String),
    /// The server did not answer, or not completely.
    #[error("the authorization server did not answer: {0}")]
    NoAnswer(String),
    /// The server failed.
    #[error("the authorization server failed with status {status}")]
    Failed {
        /// 500 to 599.
        status: u16,
        /// The wait that the server requires, if it does.
        retry_after: Option<Duration>,
    },
    /// The server receives too many requests.
    #[error("the authorization server receives too many requests")]
    Busy {
        /// The wait that the server requires, if it does.
        retry_after: Option<Duration>,
    },
    /// The server refused (RFC 6749, section 5.2).
    #[error("{0}")]
    Refused(ErrorCode),
    /// The answer is not a valid OAuth answer.
    #[error("the response of the authorization server is not valid: {0}")]
    Malformed(&'static str),
    /// The server refused with a status and without a code.
    #[error("the authorization server answered with status {0} and no OAuth error code")]
    Status(u16),
    /// The host may not send requests to this address.
    #[error("the host does not send requests to the authorization server: {0}")]
    NotAllowed(String),
    /// The client's assertion was not signed.
    #[error("the client's assertion could not be signed with its key; set another key")]
    NotSigned,
    /// A recent failure is still being waited out.
    #[error("{problem}; the next attempt is in {} s", .wait.as_secs().max(1))]
    BackingOff {
        /// The failure.
        problem: Box<TokenError>,
        /// The rest of the wait.
        wait: Duration,
    },
    /// The store did not accept the new token; it is held and stored as soon as possible.
    #[error("a new token could not be stored yet: {0}")]
    NotStored(String),
    /// A source other than OAuth issued no token.
    #[error("{reason}")]
    Source {
        /// The effect on the grant.
        nature: Nature,
        /// The reason, in a sentence without a final stop. No secret.
        reason: String,
        /// The wait that the server requires.
        retry_after: Option<Duration>,
    },
}

/// The effect of a failure on the grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Nature {
    /// Temporary. `spent`: the server may have acted on the request nevertheless.
    Passing {
        /// The refresh token may be spent.
        spent: bool,
    },
    /// The grant is gone.
    Gone,
    /// The connection's settings or the operator's are wrong.
    Settings,
}

impl TokenError {
    /// The effect on the grant.
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

    /// The wait that the server requires, or the time until the next attempt.
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
