//! Everything that decides about one connection's requests.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use http::{HeaderMap, HeaderName, Method};
use innkeeper_ambient::Timestamp;
use innkeeper_spec::{ApprovedHost, Place, Placement, Policies};
use secrecy::SecretString;
use thiserror::Error;
use url::Url;

use crate::{CallEchoes, ClientIdentity};

/// Everything that decides about one connection's requests. Borrowed for the time until the head of the answer.
#[derive(Clone, Copy)]
pub struct Route<'a> {
    /// What the connection's owner approved; nothing else is reached, on the first hop and on each redirect.
    pub allow: &'a [ApprovedHost],
    /// Where the credential comes from. Without a source only requests that omit it can be sent.
    pub credential: Option<&'a dyn CredentialSource>,
    /// Headers of the connector's spec; a header of the request itself comes before one of the same name.
    pub default_headers: &'a [(String, String)],
    /// The secrets that `${secret.field}` may name.
    pub placeholders: Option<&'a dyn SecretFields>,
    /// Retry and rate-limit policies of the spec.
    pub policies: &'a Policies,
    /// Counts answers that hold a secret, where a guest reads them.
    pub echoes: Option<&'a CallEchoes>,
    /// When the whole call ends; bodies end with it.
    pub deadline: Option<Timestamp>,
    /// Whether whoever asks drops the request and its body at the deadline by themselves: then no timer is kept for it here.
    /// A body that they pass on needs an end of its own, by [`crate::Body::end_at`] or [`crate::Body::outlive_the_call`].
    pub dropped_at_deadline: bool,
    /// Counts each request that leaves, redirects and retries included, whether an answer comes or not, and lets no more
    /// leave than it has.
    pub requests: Option<RequestBudget<'a>>,
}

/// How many requests may leave, for all that share it.
#[derive(Clone, Copy, Debug)]
pub struct RequestBudget<'a> {
    /// Requests that left.
    pub sent: &'a AtomicU32,
    /// The most that may.
    pub most: u32,
}

impl RequestBudget<'_> {
    /// Counts one more, if it may leave.
    pub(crate) fn take(&self) -> bool {
        let more = |sent: u32| (sent < self.most).then(|| sent + 1);
        self.sent.try_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok()
    }

    /// The last one did not leave after all.
    pub(crate) fn give_back(&self) {
        self.sent.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Route<'_> {
    /// This end, unless it is the deadline and somebody else keeps that.
    pub(crate) fn watched(&self, end: Timestamp) -> Option<Timestamp> {
        Some(end).filter(|_| !(self.dropped_at_deadline && self.deadline == Some(end)))
    }
}

impl fmt::Debug for Route<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Route")
            .field("allow", &self.allow.iter().map(ToString::to_string).collect::<Vec<_>>())
            .field("credential", &self.credential.is_some())
            .field("placeholders", &self.placeholders.is_some())
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}

/// Gives the credential of one connection (and principal).
#[async_trait]
pub trait CredentialSource: Send + Sync {
    /// The credential for the request with this head; asked once for each request that leaves, so an answer from memory
    /// should be cheap.
    ///
    /// `rejected` is the credential that a 401 was the answer to: then a newer one is wanted, by a forced refresh if need
    /// be, and `None` says that nothing newer can be had. Otherwise `None` means that there is no credential: the request
    /// is not sent.
    async fn attach(
        &self,
        head: &RequestHead,
        rejected: Option<&Attachment>,
    ) -> Result<Option<Arc<Attachment>>, CredentialError>;

    /// Every secret that the service may have of this connection, for the answer to a request that left without one: an earlier
    /// request may have left it there. Asks no server, and is empty where there is none yet.
    async fn secrets(&self) -> Result<Arc<[SecretString]>, CredentialError>;
}

/// What a credential may depend on: the request as it will leave, before the credential is put on.
#[derive(Clone)]
pub struct RequestHead {
    /// The method.
    pub method: Method,
    /// The address, placeholders filled in.
    pub url: Url,
    /// The headers, placeholders filled in.
    pub headers: HeaderMap,
}

impl RequestHead {
    /// A GET without headers.
    pub fn get(url: Url) -> Self {
        Self { method: Method::GET, url, headers: HeaderMap::new() }
    }
}

/// Method and origin alone: path, query and headers can hold filled-in secrets.
impl fmt::Debug for RequestHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestHead")
            .field("method", &self.method)
            .field("origin", &self.url.origin().ascii_serialization())
            .finish_non_exhaustive()
    }
}

/// A credential, ready to be put on a request.
#[derive(Clone, Debug, Default)]
pub struct Attachment {
    /// Headers to set; a request that brings one of these itself is refused.
    pub headers: Vec<(HeaderName, SecretString)>,
    /// Query parameters to set, in place of any of the same name. Neither name nor value is encoded yet.
    pub query: Vec<(String, SecretString)>,
    /// Every raw text that must not come back in an answer: tokens, passwords, keys, and what was made from them.
    pub secrets: Vec<SecretString>,
    /// Tells one credential of this source from the next.
    pub generation: u64,
    /// Nothing to attach, by declaration (the auth type `none`): the request may leave as it is.
    pub bare: bool,
    /// What is shown in the TLS handshake; the request leaves over connections of this identity alone, and never without TLS.
    pub identity: Option<ClientIdentity>,
}

/// Why no credential can be given.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CredentialError {
    /// The user has to authorize.
    #[error("the connection has no live credential")]
    NeedsAuthorization,
    /// It cannot be had just now; the text says why and holds no secret.
    #[error("{0}")]
    Unavailable(String),
    /// The connection is set up in a way that cannot work; the text says what to change and holds no secret.
    #[error("{0}")]
    Misconfigured(String),
}

/// The secrets of a connection that its spec declares as placeholders.
pub trait SecretFields: Send + Sync {
    /// The secret that `${secret.field}` stands for; `None` where the spec does not declare it.
    fn secret(&self, field: &str) -> Option<SecretString>;

    /// Every secret that [`SecretFields::secret`] gives. Answers are scrubbed of all of them, whether the request had them
    /// filled in or not: an earlier one may have left them with the service.
    fn all(&self) -> Vec<SecretString>;

    /// Whether the field may be filled in there. Asked on the first hop, and again on a redirect for what is carried along.
    fn may_fill(&self, field: &str, at: &Placement<'_>) -> bool {
        let _ = (field, at);
        true
    }

    /// Whether one of them may be filled in in such a part of some request of the connection.
    fn may_fill_in(&self, place: Place) -> bool {
        let _ = place;
        true
    }
}
