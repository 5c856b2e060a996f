//! Why no answer came back.

use thiserror::Error;

/// Why a request has no answer. A status such as 404 or 500 is an answer, not an error. No variant holds a secret, a query
/// or a header value.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum EgressError {
    /// The request may not go there.
    #[error("{address} is refused: {reason}; {remedy}")]
    Denied {
        /// What was asked for: scheme, host, port where it is not the usual one, method and path, never the query
        /// (`https://api.example.com GET /v1/files`).
        address: String,
        /// What stands against it.
        reason: String,
        /// What to approve, and who has to.
        remedy: String,
    },
    /// There is no live credential; the user has to authorize. Nothing was sent.
    #[error("the connection has no live credential: authorize it again, then repeat the call")]
    NeedsAuthorization,
    /// No connection could be made: the service cannot have seen this attempt. One that redirected to it has seen its own, and so may
    /// an earlier attempt have been, where the policies repeat what broke.
    #[error("{0}")]
    Unsent(String),
    /// The connection broke, or what came back is no answer that can be passed on.
    #[error("{0}")]
    Connect(String),
    /// The time of the request or of the whole call is over.
    #[error("the time for this request is over: the service did not answer in time, or the call has reached its limit")]
    Timeout,
    /// More bytes than the limit.
    #[error("the answer is larger than the limit of {limit} bytes: raise the limit or hand the body on as a stream")]
    TooLarge {
        /// The limit, in bytes.
        limit: u64,
    },
    /// The request cannot be sent as it is.
    #[error("{0}")]
    InvalidRequest(String),
    /// A credential exists and cannot be had just now (the authorization server is down, for one); trying later may help.
    #[error("the credential cannot be had at the moment: {0}")]
    CredentialUnavailable(String),
    /// Answers of this connection held its credential more often than one may: a connector could find it out by guessing.
    #[error(
        "the service repeats the connection's credential: {0} held it; wait a minute, or have the operator raise the limit"
    )]
    TooManyEchoes(String),
    /// The connection or the host is set up in a way that cannot work.
    #[error("{0}")]
    Misconfigured(String),
}

impl EgressError {
    /// The error of a request that is one too many for its call.
    pub fn out_of_requests() -> Self {
        Self::InvalidRequest(
            "the call has made as many requests as one call may make, redirects and retries included".to_owned(),
        )
    }
}

/// Why the way out could not be set up.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SetupError {
    /// A root certificate is no PEM certificate.
    #[error(
        "extra root certificate {number} is not usable: {reason}; give PEM text with at least one CERTIFICATE section"
    )]
    Root {
        /// Which one, counted from 1.
        number: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// TLS could not be set up.
    #[error("TLS could not be set up: {0}")]
    Tls(String),
    /// The HTTP client could not be set up.
    #[error("the HTTP client could not be set up: {0}")]
    Client(String),
}
