//! How an action fails.

use std::fmt;

/// How an action or a check fails: the contract's `action-error`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The connector has no action of this name.
    UnknownAction(String),
    /// The input is invalid. Says which field, and what would be valid.
    InvalidInput(String),
    /// The user has to authorize (again). The host tells the caller how.
    NeedsAuthorization,
    /// The host or the service forbids it.
    Denied(String),
    /// The requested item does not exist.
    NotFound(String),
    /// Too many requests. Holds the seconds to wait before trying again, if the service gives them.
    RateLimited(Option<u32>),
    /// There are more bytes than may be read.
    TooLarge {
        /// The number of bytes that may be read.
        limit: u64,
        /// The length of the service's response, if it gives one.
        content_length: Option<u64>,
        /// The size that the action's whole output would have.
        estimated_output: Option<u64>,
    },
    /// The service answered with an error, or did not answer (502, 504).
    Upstream {
        /// The HTTP status; 502 if no connection could be made, 504 if the request timed out.
        status: u16,
        /// The service's message.
        message: String,
        /// Whether the same call may succeed later.
        retryable: bool,
    },
    /// The connector itself failed.
    Internal(String),
}

impl Error {
    /// The input is invalid. Say which field, and what would be valid.
    pub fn invalid_input(message: impl Into<String>) -> Self {
        Self::InvalidInput(message.into())
    }

    /// The service, or a rule of the connector, forbids it.
    pub fn denied(message: impl Into<String>) -> Self {
        Self::Denied(message.into())
    }

    /// The requested item does not exist.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::NotFound(message.into())
    }

    /// The connector itself failed.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::Internal(message.into())
    }

    /// The service answered with an error. 408, 425, 429 and 5xx (except 501 and 505) are retryable.
    pub fn upstream(status: u16, message: impl Into<String>) -> Self {
        Self::Upstream { status, message: message.into(), retryable: is_retryable(status) }
    }

    /// There are more than `limit` bytes.
    pub fn too_large(limit: u64) -> Self {
        Self::TooLarge { limit, content_length: None, estimated_output: None }
    }

    /// The error for an HTTP status: 401 needs authorization, 403 is denied, 404 and 410 are not found,
    /// 429 is rate limited, the rest are [`Error::Upstream`]. `retry_after` is in seconds.
    pub fn from_status(status: u16, message: impl Into<String>, retry_after: Option<u32>) -> Self {
        match status {
            401 => Self::NeedsAuthorization,
            403 => Self::Denied(message.into()),
            404 | 410 => Self::NotFound(message.into()),
            429 => Self::RateLimited(retry_after),
            _ => Self::upstream(status, message),
        }
    }
}

fn is_retryable(status: u16) -> bool {
    matches!(status, 408 | 425 | 429) || (status >= 500 && !matches!(status, 501 | 505))
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownAction(name) => write!(f, "there is no action `{name}`"),
            Self::InvalidInput(message) => write!(f, "invalid input: {message}"),
            Self::NeedsAuthorization => f.write_str("the connection has to be authorized again"),
            Self::Denied(message) => write!(f, "denied: {message}"),
            Self::NotFound(message) => write!(f, "not found: {message}"),
            Self::RateLimited(None) => f.write_str("the service limits the rate of requests"),
            Self::RateLimited(Some(seconds)) => {
                write!(f, "the service limits the rate of requests; try again in {seconds} s")
            }
            Self::TooLarge { limit, content_length: Some(length), .. } => {
                write!(f, "the response has {length} bytes; at most {limit} may be read")
            }
            Self::TooLarge { limit, .. } => write!(f, "the response has more than {limit} bytes"),
            Self::Upstream { status, message, .. } => write!(f, "the service answered {status}: {message}"),
            Self::Internal(message) => write!(f, "the connector failed: {message}"),
        }
    }
}

impl std::error::Error for Error {}

impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Self {
        Self::Internal(format!("JSON: {error}"))
    }
}

/// Why there is no response: the contract's `http-error`. A status such as 404 or 500 is a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HttpError {
    /// The host may not send this request. Says what the connection owner would have to approve.
    Denied(String),
    /// The user has to authorize again.
    NeedsAuthorization,
    /// No connection could be made, or it broke.
    Connect(String),
    /// The request timed out. When the call itself runs out of time, the call ends.
    Timeout,
    /// There are more bytes than this limit.
    TooLarge(u64),
    /// The request cannot be sent as it is.
    InvalidRequest(String),
}

impl From<HttpError> for Error {
    fn from(error: HttpError) -> Self {
        match error {
            HttpError::Denied(message) => Self::Denied(message),
            HttpError::NeedsAuthorization => Self::NeedsAuthorization,
            HttpError::Connect(message) => Self::upstream(502, message),
            HttpError::Timeout => Self::upstream(504, "no response in time"),
            HttpError::TooLarge(limit) => Self::too_large(limit),
            HttpError::InvalidRequest(message) => Self::Internal(format!("the request cannot be sent: {message}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_become_typed_errors() {
        assert_eq!(Error::from_status(401, "no", None), Error::NeedsAuthorization);
        assert_eq!(Error::from_status(403, "no", None), Error::denied("no"));
        assert_eq!(Error::from_status(410, "gone", None), Error::not_found("gone"));
        assert_eq!(Error::from_status(429, "slow", Some(7)), Error::RateLimited(Some(7)));
        assert_eq!(
            Error::from_status(503, "busy", None),
            Error::Upstream { status: 503, message: "busy".into(), retryable: true }
        );
        assert_eq!(
            Error::from_status(400, "bad", None),
            Error::Upstream { status: 400, message: "bad".into(), retryable: false }
        );
    }

    #[test]
    fn a_broken_connection_is_worth_retrying() {
        assert!(matches!(HttpError::Timeout.into(), Error::Upstream { status: 504, retryable: true, .. }));
        assert!(matches!(
            HttpError::Connect("reset".into()).into(),
            Error::Upstream { status: 502, retryable: true, .. }
        ));
    }
}
