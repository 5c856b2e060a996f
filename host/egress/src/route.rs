//! The rules and settings for one connection's requests.

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

/// The rules and settings for one connection's requests. Borrowed until the head of the answer arrives.
#[derive(Clone, Copy)]
pub struct Route<'a> {
    /// The rules that the connection's owner approved; nothing else is reached, on the first hop and on each redirect.
    pub allow: &'a [ApprovedHost],
    /// The source of the credential. Without it, only requests that omit the credential can be sent.
    pub credential: Option<&'a dyn CredentialSource>,
    /// Headers of the connector's spec; a header of the request itself takes precedence over one with the same name.
    pub default_headers: &'a [(String, String)],
    /// The secrets that `${secret.field}` may name.
    pub placeholders: Option<&'a dyn SecretFields>,
    /// Retry and rate-limit policies of the spec.
    pub policies: &'a Policies,
    /// Counts answers that contain a secret, if a guest reads them.
    pub echoes: Option<&'a CallEchoes>,
    /// The deadline of the whole call, including bodies.
    pub deadline: Option<Timestamp>,
    /// Whether the caller drops the request and its body at the deadline: then no timer runs for it here. A body that the
    /// caller passes on needs a separate deadline, by [`crate::Body::end_at`] or [`crate::Body::outlive_the_call`].
    pub dropped_at_deadline: bool,
    /// Counts each request that is sent, including redirects and retries, whether an answer arrives or not, and enforces its
    /// maximum.
    pub requests: Option<RequestBudget<'a>>,
}

/// The number of requests that may be sent, across all that share it.
#[derive(Clone, Copy, Debug)]
pub struct RequestBudget<'a> {
    /// The number of requests sent.
    pub sent: &'a AtomicU32,
    /// The maximum.
    pub most: u32,
}

impl RequestBudget<'_> {
    /// Counts another request, if it may be sent.
    pub(crate) fn take(&self) -> bool {
        let more = |sent: u32| (sent < self.most).then(|| sent + 1);
        self.sent.try_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok()
    }

    /// Reverts the last count: the request was not sent.
    pub(crate) fn give_back(&self) {
        self.sent.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Route<'_> {
    /// This deadline, unless it is the call's and the caller enforces that.
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

/// Provides the credential of one connection (and principal).
#[async_trait]
pub trait CredentialSource: Send + Sync {
    /// The credential for the request with this head. Called once for each request that is sent, so an answer from memory
    /// should be cheap.
    ///
    /// `rejected` is the credential that was answered with a 401: then a newer one is required, by a forced refresh if
    /// necessary, and `None` means that nothing newer is available. Otherwise `None` means that there is no credential, and the
    /// request is not sent.
    async fn attach(
        &self,
        head: &RequestHead,
        rejected: Option<&Attachment>,
    ) -> Result<Option<Arc<Attachment>>, CredentialError>;

    /// Every secret of this connection that the service may have, for the answer to a request without a credential: an earlier
    /// request may have stored it there. Sends no request; empty if there is none yet.
    async fn secrets(&self) -> Result<Arc<[SecretString]>, CredentialError>;
}

/// The input of a credential: the request as it will be sent, before the credential is attached.
#[derive(Clone)]
pub struct RequestHead {
    /// The method.
    pub method: Method,
    /// The address, with placeholders filled in.
    pub url: Url,
    /// The headers, with placeholders filled in.
    pub headers: HeaderMap,
}

impl RequestHead {
    /// A GET without headers.
    pub fn get(url: Url) -> Self {
        Self { method: Method::GET, url, headers: HeaderMap::new() }
    }
}

/// Shows only the method and origin: path, query and headers may contain filled-in secrets.
impl fmt::Debug for RequestHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestHead")
            .field("method", &self.method)
            .field("origin", &self.url.origin().ascii_serialization())
            .finish_non_exhaustive()
    }
}

/// A credential, ready to be attached to a request.
#[derive(Clone, Debug, Default)]
pub struct Attachment {
    /// Headers to set; a request that sets one of these itself is rejected.
    pub headers: Vec<(HeaderName, SecretString)>,
    /// Query parameters to set, replacing any with the same name. Neither name nor value is encoded yet.
    pub query: Vec<(String, SecretString)>,
    /// Every raw text that must not appear in an answer: tokens, passwords, keys, and values made from them.
    pub secrets: Vec<SecretString>,
    /// Distinguishes one credential of this source from the next.
    pub generation: u64,
    /// Nothing to attach, by declaration (the auth type `none`): the request may be sent unchanged.
    pub bare: bool,
    /// The identity for the TLS handshake; the request is sent only over connections of this identity, and never without TLS.
    pub identity: Option<ClientIdentity>,
}

/// Why there is no credential.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CredentialError {
    /// A user has to authorize.
    #[error("the connection has no valid credential")]
    NeedsAuthorization,
    /// It is not available now; the text gives the reason and contains no secret.
    #[error("{0}")]
    Unavailable(String),
    /// The configuration of the connection cannot work; the text says what to change and contains no secret.
    #[error("{0}")]
    Misconfigured(String),
}

/// The secrets of a connection that its spec declares as placeholders.
pub trait SecretFields: Send + Sync {
    /// The secret that `${secret.field}` stands for; `None` if the spec does not declare it.
    fn secret(&self, field: &str) -> Option<SecretString>;

    /// Every secret that [`SecretFields::secret`] returns. Answers are scrubbed of all of them, whether they were filled into
    /// the request or not: an earlier request may have stored them at the service.
    fn all(&self) -> Vec<SecretString>;

    /// Whether the field may be filled in there. Checked on the first hop, and again on a redirect for secrets that are sent
    /// again.
    fn may_fill(&self, field: &str, at: &Placement<'_>) -> bool {
        let _ = (field, at);
        true
    }

    /// Whether one of them may be filled into such a part of any request of the connection.
    fn may_fill_in(&self, place: Place) -> bool {
        let _ = place;
        true
    }
}
