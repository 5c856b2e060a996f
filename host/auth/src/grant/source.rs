//! Issues and renews grants. OAuth is one source; an embedder can add another.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use http::HeaderName;
use innkeeper_ambient::{Clock, Random};
use innkeeper_egress::{Attachment, ClientIdentity, Egress, RequestHead};
use secrecy::SecretString;
use sha2::{Digest as _, Sha256};

use super::answer::TokenAnswer;
use super::content::Grant;
use super::token_error::TokenError;
use crate::flow::{BrowserFlow, DeviceFlow};
use crate::scope::Scope;

/// How long one request of a source may take. The duration of the lease that keeps other hosts from sending requests depends on
/// it.
pub const SOURCE_TIMEOUT: Duration = Duration::from_secs(30);

/// Issues and renews a connection's grants: an OAuth client, or a login that returns a token.
///
/// The host does the rest: one renewal at a time across all callers and hosts, an intent before it, an atomic write after it,
/// repair of an interrupted renewal, waits after failures, status, and revocation.
///
/// ```
/// use std::time::Duration;
///
/// use async_trait::async_trait;
/// use innkeeper_auth::{Attach, Grant, GrantSource, Placement, Renewal, Renewed, SourceContext, TokenAnswer, TokenError};
///
/// /// Logs in with a fixed key; the session goes into a header that the service defines.
/// #[derive(Debug)]
/// struct SessionLogin {
///     user: String,
/// }
///
/// #[async_trait]
/// impl GrantSource for SessionLogin {
///     fn identity(&self) -> Vec<&str> {
///         vec!["https://api.example.com/login", &self.user]
///     }
///
///     fn renewal(&self) -> Renewal {
///         Renewal::ByItself
///     }
///
///     async fn renew(&self, _: Option<&Grant>, _: Duration, _: &SourceContext) -> Result<Renewed, TokenError> {
///         // A real source sends a request to its service here.
///         Ok(TokenAnswer::new("session-1").expires_in(Duration::from_secs(600)).into())
///     }
///
///     fn attach(&self, grant: &Grant) -> Attach {
///         Attach::Same(Placement::header("x-session", grant.access_token().clone()).expect("a header's name"))
///     }
/// }
/// ```
#[async_trait]
pub trait GrantSource: Send + Sync + fmt::Debug {
    /// Identifies this source: its address, the client or user, and, if no user consents, the requested scope. No secrets. A
    /// stored grant of a source with another identity is not used.
    fn identity(&self) -> Vec<&str>;

    /// How a grant is renewed.
    fn renewal(&self) -> Renewal;

    /// The scope that the connection requests.
    fn scope(&self) -> Option<&Scope> {
        None
    }

    /// Gets the next token: with the refresh token of `grant`, or without it if the source renews by itself. The host calls
    /// this for one caller at a time. A request may take [`SOURCE_TIMEOUT`]; a second one may follow only if it fits into
    /// `time`, the rest of the lease. The call is interrupted after `time`.
    async fn renew(
        &self,
        grant: Option<&Grant>,
        time: Duration,
        context: &SourceContext,
    ) -> Result<Renewed, TokenError>;

    /// How a grant is put onto requests. Called once for each token.
    fn attach(&self, grant: &Grant) -> Attach;

    /// How a user authorizes.
    fn authorization(&self) -> Authorization<'_> {
        Authorization::Nobody
    }

    /// Whether the server can revoke tokens at all.
    fn revokes(&self) -> bool {
        false
    }

    /// Revokes one token. A token that the server does not know counts as revoked.
    async fn revoke(
        &self,
        _token: &SecretString,
        _kind: TokenKind,
        _context: &SourceContext,
    ) -> Result<(), TokenError> {
        Ok(())
    }
}

/// How a source renews a grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Renewal {
    /// With the connection's settings; no user takes part, and a lost grant can simply be replaced.
    ByItself,
    /// With the refresh token from a user's authorization. Without one, a user has to authorize again.
    ByRefreshToken,
}

/// How a user authorizes a source's grant.
#[non_exhaustive]
pub enum Authorization<'a> {
    /// Not at all.
    Nobody,
    /// In a browser, which comes back with a code.
    Browser(Box<dyn BrowserFlow + 'a>),
    /// On another device, with a code that is entered there.
    Device(Box<dyn DeviceFlow + 'a>),
}

/// The kind of a token in a grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenKind {
    /// The token that is put onto requests.
    Access,
    /// The token that the next one is requested with.
    Refresh,
}

impl TokenKind {
    /// The name in RFC 7009, section 2.1.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Access => "access_token",
            Self::Refresh => "refresh_token",
        }
    }
}

impl fmt::Display for TokenKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Access => "access token",
            Self::Refresh => "refresh token",
        })
    }
}

/// The outcome of a successful renewal.
#[derive(Debug)]
pub struct Renewed {
    /// The new token and the values that came with it.
    pub answer: TokenAnswer,
    /// The requested scope, which the answer need not repeat; `None`: as before.
    pub scope: Option<String>,
    /// The server refused a narrower scope than the grant's, so it is not requested again.
    pub stays_wide: bool,
}

impl From<TokenAnswer> for Renewed {
    fn from(answer: TokenAnswer) -> Self {
        Self { answer, scope: None, stays_wide: false }
    }
}

/// The services that the host provides to a source. Cheap to clone.
#[derive(Clone)]
#[non_exhaustive]
pub struct SourceContext {
    /// Egress: every request of a source goes through it.
    pub egress: Egress,
    /// The host's clock.
    pub clock: Arc<dyn Clock>,
    /// The host's source of randomness.
    pub random: Arc<dyn Random>,
}

impl SourceContext {
    /// Creates it from these parts.
    pub fn new(egress: Egress, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Self {
        Self { egress, clock, random }
    }
}

impl fmt::Debug for SourceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SourceContext").finish_non_exhaustive()
    }
}

/// How a grant is put onto requests.
#[derive(Debug)]
#[non_exhaustive]
pub enum Attach {
    /// The same on every request for as long as the token is valid.
    Same(Placement),
    /// Computed from each request, such as a signature.
    PerRequest(Box<dyn PlaceOnRequest>),
}

/// Computes the values to put onto one request.
pub trait PlaceOnRequest: Send + Sync + fmt::Debug {
    /// `head` is the method, address and headers as they will be sent, except for what this adds and what depends on the body,
    /// which is not available here.
    fn place(&self, head: &RequestHead) -> Placement;
}

/// The values put onto a request to authenticate it.
#[derive(Clone, Default)]
pub struct Placement {
    /// Headers to set.
    pub headers: Vec<(HeaderName, SecretString)>,
    /// Query parameters to set; neither name nor value is encoded.
    pub query: Vec<(String, SecretString)>,
    /// Every raw text that answers must be scrubbed of, besides the grant's tokens and the connection's secret fields.
    pub secrets: Vec<SecretString>,
    /// The certificate to present in the TLS handshake.
    pub identity: Option<ClientIdentity>,
}

impl Placement {
    /// Creates one header. Fails if `name` is not a valid header name.
    pub fn header(name: &str, value: SecretString) -> Result<Self, http::header::InvalidHeaderName> {
        Ok(Self { headers: vec![(HeaderName::from_bytes(name.as_bytes())?, value)], ..Self::default() })
    }

    /// The credential with its number and every text that answers are scrubbed of.
    pub(crate) fn into_attachment(
        self,
        generation: u64,
        secrets: impl IntoIterator<Item = SecretString>,
    ) -> Attachment {
        let Self { headers, query, secrets: mut all, identity } = self;
        all.extend(secrets);
        Attachment { headers, query, secrets: all, generation, bare: false, identity }
    }
}

impl fmt::Debug for Placement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Placement")
            .field("headers", &self.headers.iter().map(|(name, _)| name).collect::<Vec<_>>())
            .field("query", &self.query.iter().map(|(name, _)| name).collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

/// Identifies a source at a connection: a digest of [`GrantSource::identity`] and of the connection, because an earlier
/// connection may have had the same id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Origin(Arc<str>);

impl Origin {
    fn of(connection: &str, source: &dyn GrantSource) -> Self {
        let mut parts = vec![connection];
        parts.extend(source.identity());
        Self(BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(parts.join("\n").as_bytes())).into())
    }

    /// The stored form.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for Origin {
    fn from(stored: String) -> Self {
        Self(stored.into())
    }
}

/// A source, and the connection that it serves. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct BoundSource {
    pub(super) source: Arc<dyn GrantSource>,
    pub(crate) origin: Origin,
    /// The secret fields of the connection, which answers to its requests are scrubbed of.
    pub(crate) secrets: Arc<[SecretString]>,
    pub(crate) context: SourceContext,
}

impl BoundSource {
    /// `connection` distinguishes connections that had the same id one after the other.
    pub(crate) fn new(
        connection: &str,
        source: Arc<dyn GrantSource>,
        secrets: Arc<[SecretString]>,
        context: SourceContext,
    ) -> Self {
        Self { origin: Origin::of(connection, &*source), source, secrets, context }
    }

    /// Whether a new token is available without a refresh token.
    pub(crate) fn is_self_sufficient(&self) -> bool {
        self.source.renewal() == Renewal::ByItself
    }

    /// See [`GrantSource::scope`].
    pub(crate) fn scope(&self) -> Option<&Scope> {
        self.source.scope()
    }

    /// See [`GrantSource::authorization`].
    pub(crate) fn authorization(&self) -> Authorization<'_> {
        self.source.authorization()
    }

    /// See [`GrantSource::renew`]. Interrupted after `time`, because another holder of the lease may send requests then, so it
    /// is real time. An answer that cannot be stored is an error.
    pub(super) async fn renew(&self, grant: Option<&Grant>, time: Duration) -> Result<Renewed, TokenError> {
        let late = || TokenError::NoAnswer("it took longer than a renewal is allowed to".to_owned());
        let asked = tokio::time::timeout(time, self.source.renew(grant, time, &self.context));
        let renewed = asked.await.map_err(|_| late())??;
        renewed.answer.check()?;
        Ok(renewed)
    }

    /// See [`GrantSource::revokes`].
    pub(crate) fn revokes(&self) -> bool {
        self.source.revokes()
    }

    /// See [`GrantSource::revoke`].
    pub(crate) async fn revoke(&self, token: &SecretString, kind: TokenKind) -> Result<(), TokenError> {
        self.source.revoke(token, kind, &self.context).await
    }
}

impl fmt::Debug for Authorization<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nobody => "Nobody",
            Self::Browser(_) => "Browser",
            Self::Device(_) => "Device",
        })
    }
}

#[cfg(test)]
mod tests {
    use innkeeper_ambient::{ManualClock, SeededRandom, Timestamp};
    use innkeeper_egress::Settings;

    use super::*;

    /// Always gives this answer, or never answers.
    #[derive(Debug)]
    struct Scripted(Option<&'static str>);

    #[async_trait]
    impl GrantSource for Scripted {
        fn identity(&self) -> Vec<&str> {
            vec!["scripted"]
        }

        fn renewal(&self) -> Renewal {
            Renewal::ByItself
        }

        async fn renew(&self, _: Option<&Grant>, _: Duration, _: &SourceContext) -> Result<Renewed, TokenError> {
            match self.0 {
                Some(token) => Ok(TokenAnswer::new(token).into()),
                None => std::future::pending().await,
            }
        }

        fn attach(&self, _: &Grant) -> Attach {
            Attach::Same(Placement::default())
        }
    }

    async fn renewed(answer: Option<&'static str>) -> Result<Renewed, TokenError> {
        let (clock, random) = (Arc::new(ManualClock::new(Timestamp::from_secs(0))), Arc::new(SeededRandom::new(1)));
        let egress = Egress::new(Settings::default(), clock.clone(), random.clone()).expect("a way out");
        let context = SourceContext::new(egress, clock, random);
        BoundSource::new("1", Arc::new(Scripted(answer)), Arc::default(), context).renew(None, SOURCE_TIMEOUT).await
    }

    #[tokio::test(start_paused = true)]
    async fn a_source_that_never_answers_holds_nobody_longer_than_its_lease() {
        assert!(matches!(renewed(None).await, Err(TokenError::NoAnswer(_))));
    }

    #[tokio::test]
    async fn a_token_that_no_header_can_hold_is_not_taken_from_any_source() {
        assert!(renewed(Some("token-1")).await.is_ok());
        for token in ["", "two\r\nlines", "caf\u{e9}"] {
            assert!(matches!(renewed(Some(token)).await, Err(TokenError::Malformed(_))), "{token:?}");
        }
    }
}
