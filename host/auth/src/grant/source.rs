//! What gives grants and renews them. OAuth is one source; an embedder can bring another.

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

/// How long one request of a source may take. The lease that keeps other hosts from asking is measured by it.
pub const SOURCE_TIMEOUT: Duration = Duration::from_secs(30);

/// What gives a connection's grants and renews them: an OAuth client, or a way to log in that answers a token.
///
/// The host does the rest: one renewal at a time however many callers and hosts there are, an intent before it, an atomic write after
/// it, repair of a renewal that was cut off, waits after failures, status, and revocation.
///
/// ```
/// use std::time::Duration;
///
/// use async_trait::async_trait;
/// use innkeeper_auth::{Attach, Grant, GrantSource, Placement, Renewal, Renewed, SourceContext, TokenAnswer, TokenError};
///
/// /// Logs in with a fixed key; the session goes into a header of the service's own.
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
///         // A real source asks its service here.
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
    /// What tells this source from any other: its address, the client or user, and, where no person consents, what is asked for.
    /// No secrets. A stored grant of a source with another identity is not used.
    fn identity(&self) -> Vec<&str>;

    /// How a grant is renewed.
    fn renewal(&self) -> Renewal;

    /// What the connection asks for.
    fn scope(&self) -> Option<&Scope> {
        None
    }

    /// Gets the next token: with the refresh token of `grant`, or, where the source renews by itself, without. The host calls this for
    /// one caller at a time. A request may take [`SOURCE_TIMEOUT`]; a second one may follow only where `time`, what is left of the lease,
    /// has room for both.
    /// It is cut off after `time`.
    async fn renew(
        &self,
        grant: Option<&Grant>,
        time: Duration,
        context: &SourceContext,
    ) -> Result<Renewed, TokenError>;

    /// How a grant goes onto requests. Asked once for each token.
    fn attach(&self, grant: &Grant) -> Attach;

    /// How a person authorizes.
    fn authorization(&self) -> Authorization<'_> {
        Authorization::Nobody
    }

    /// Whether tokens can be revoked there at all.
    fn revokes(&self) -> bool {
        false
    }

    /// Revokes one token. A token that the server does not know is revoked.
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
    /// With what the connection's settings hold; nobody takes part, and a lost grant is no loss.
    ByItself,
    /// With the refresh token that a person's authorization gave. Without one a person has to authorize again.
    ByRefreshToken,
}

/// How a person authorizes a source's grant.
#[non_exhaustive]
pub enum Authorization<'a> {
    /// Not at all.
    Nobody,
    /// In a browser, which comes back with a code.
    Browser(Box<dyn BrowserFlow + 'a>),
    /// On another device, with a code that is typed there.
    Device(Box<dyn DeviceFlow + 'a>),
}

/// Which token of a grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenKind {
    /// The one that goes onto requests.
    Access,
    /// The one that the next is had with.
    Refresh,
}

impl TokenKind {
    /// As RFC 7009, section 2.1, names it.
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

/// The outcome of a renewal that went well.
#[derive(Debug)]
pub struct Renewed {
    /// The new token, and what came with it.
    pub answer: TokenAnswer,
    /// The scope that was asked for and that the answer need not repeat; none: as before.
    pub scope: Option<String>,
    /// The server refused a narrower scope than the grant's, so it is not asked for that again.
    pub stays_wide: bool,
}

impl From<TokenAnswer> for Renewed {
    fn from(answer: TokenAnswer) -> Self {
        Self { answer, scope: None, stays_wide: false }
    }
}

/// What a source works with. Cheap to clone.
#[derive(Clone)]
#[non_exhaustive]
pub struct SourceContext {
    /// The way out: every request of a source takes it.
    pub egress: Egress,
    /// The host's clock.
    pub clock: Arc<dyn Clock>,
    /// The host's source of randomness.
    pub random: Arc<dyn Random>,
}

impl SourceContext {
    /// Of these parts.
    pub fn new(egress: Egress, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Self {
        Self { egress, clock, random }
    }
}

impl fmt::Debug for SourceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SourceContext").finish_non_exhaustive()
    }
}

/// How a grant goes onto requests.
#[derive(Debug)]
#[non_exhaustive]
pub enum Attach {
    /// The same on every request for as long as the token lives.
    Same(Placement),
    /// Computed from each request, such as a signature.
    PerRequest(Box<dyn PlaceOnRequest>),
}

/// Computes what goes onto one request.
pub trait PlaceOnRequest: Send + Sync + fmt::Debug {
    /// `head` is method, address and headers as they will leave, but for what this adds and what depends on the body, which is not
    /// here.
    fn place(&self, head: &RequestHead) -> Placement;
}

/// What is put onto a request to authenticate it.
#[derive(Clone, Default)]
pub struct Placement {
    /// Headers to set.
    pub headers: Vec<(HeaderName, SecretString)>,
    /// Query parameters to set, neither name nor value encoded.
    pub query: Vec<(String, SecretString)>,
    /// Every raw text that answers must be scrubbed of, beside the grant's tokens and the connection's secret fields.
    pub secrets: Vec<SecretString>,
    /// Shown in the TLS handshake.
    pub identity: Option<ClientIdentity>,
}

impl Placement {
    /// One header. Fails where `name` is no name of a header.
    pub fn header(name: &str, value: SecretString) -> Result<Self, http::header::InvalidHeaderName> {
        Ok(Self { headers: vec![(HeaderName::from_bytes(name.as_bytes())?, value)], ..Self::default() })
    }

    /// With the credential's number and everything that answers are scrubbed of.
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

/// Names a source at a connection: a digest of [`GrantSource::identity`] and of the connection, whose id may have belonged to another
/// one before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Origin(Arc<str>);

impl Origin {
    fn of(connection: &str, source: &dyn GrantSource) -> Self {
        let mut parts = vec![connection];
        parts.extend(source.identity());
        Self(BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(parts.join("\n").as_bytes())).into())
    }

    /// As it is stored.
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
    /// The secret fields of the connection, of which answers to its requests are scrubbed.
    pub(crate) secrets: Arc<[SecretString]>,
    pub(crate) context: SourceContext,
}

impl BoundSource {
    /// `connection` tells apart connections that had the same id one after the other.
    pub(crate) fn new(
        connection: &str,
        source: Arc<dyn GrantSource>,
        secrets: Arc<[SecretString]>,
        context: SourceContext,
    ) -> Self {
        Self { origin: Origin::of(connection, &*source), source, secrets, context }
    }

    /// Whether a new token can be had without a refresh token.
    pub(crate) fn is_self_sufficient(&self) -> bool {
        self.source.renewal() == Renewal::ByItself
    }

    /// As [`GrantSource::scope`].
    pub(crate) fn scope(&self) -> Option<&Scope> {
        self.source.scope()
    }

    /// As [`GrantSource::authorization`].
    pub(crate) fn authorization(&self) -> Authorization<'_> {
        self.source.authorization()
    }

    /// As [`GrantSource::renew`], and cut off after `time`: another holder of the lease may ask then, so it is real time. An answer
    /// that cannot be kept is none.
    pub(super) async fn renew(&self, grant: Option<&Grant>, time: Duration) -> Result<Renewed, TokenError> {
        let late = || TokenError::NoAnswer("it took longer than a renewal may".to_owned());
        let asked = tokio::time::timeout(time, self.source.renew(grant, time, &self.context));
        let renewed = asked.await.map_err(|_| late())??;
        renewed.answer.check()?;
        Ok(renewed)
    }

    /// As [`GrantSource::revokes`].
    pub(crate) fn revokes(&self) -> bool {
        self.source.revokes()
    }

    /// As [`GrantSource::revoke`].
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

    /// Answers this, or never.
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
