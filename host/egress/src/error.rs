//! Why a request has no answer.

use thiserror::Error;

/// Why a request has no answer. A status such as 404 or 500 is an answer, not an error. No variant contains a secret, a query
/// or a header value.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum EgressError {
    /// The request is not allowed.
    #[error("{address} is refused: {reason}; {remedy}")]
    Denied {
        /// What was requested: scheme, host, port if it is not the default, method and path, never the query
        /// (`https://api.example.com GET /v1/files`).
        address: String,
        /// The reason.
        reason: String,
        /// What has to be approved, and by whom.
        remedy: String,
    },
    /// There is no live credential; a user has to authorize. Nothing was sent.
    #[error("the connection has no valid credential: authorize it again, then repeat the call")]
    NeedsAuthorization,
    /// No connection could be made, so the service cannot have seen this attempt. A service that redirected here has seen its
    /// own request, and an earlier attempt may have been seen if the policies retry broken connections.
    #[error("{0}")]
    Unsent(String),
    /// The connection broke, or the answer is not valid.
    #[error("{0}")]
    Connect(String),
    /// The time of the request or of the whole call is over.
    #[error("this request timed out: the service did not answer in time, or the call reached its time limit")]
    Timeout,
    /// There are more bytes than the limit.
    #[error("the response is larger than the limit of {limit} bytes: raise the limit, or pass the body on as a stream")]
    TooLarge {
        /// The limit, in bytes.
        limit: u64,
    },
    /// The request cannot be sent in this form.
    #[error("{0}")]
    InvalidRequest(String),
    /// A credential exists but is not available now (for example, the authorization server is down); a later attempt may
    /// succeed.
    #[error("the credential is not available at the moment: {0}")]
    CredentialUnavailable(String),
    /// Answers of this connection contained its credential too often: a connector could guess it that way.
    #[error(
        "the service repeats the connection's credential: {0} contained it; wait a minute, or ask the operator to raise the limit"
    )]
    TooManyEchoes(String),
    /// The configuration of the connection or the host cannot work.
    #[error("{0}")]
    Misconfigured(String),
}

impl EgressError {
    /// The error of a request that exceeds its call's limit.
    pub fn out_of_requests() -> Self {
        Self::InvalidRequest(
            "the call has already made as many requests as a call may make, redirects and retries included".to_owned(),
        )
    }
}

/// Why egress could not be set up.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SetupError {
    /// A root certificate is not a PEM certificate.
    #[error(
        "extra root certificate {number} cannot be used: {reason}; provide PEM text with at least one CERTIFICATE section"
    )]
    Root {
        /// The number of the certificate, counted from 1.
        number: usize,
        /// The error in it.
        reason: String,
    },
    /// TLS could not be set up.
    #[error("TLS could not be set up: {0}")]
    Tls(String),
    /// The HTTP client could not be set up.
    #[error("the HTTP client could not be set up: {0}")]
    Client(String),
}
