//! Takes a user back from the authorization server.

use std::sync::Arc;
use std::time::Duration;

use innkeeper_store::{AuthorizationRecord, ConnectionId, GrantKey, GrantOwner, Identity, SpaceId, Store};
use secrecy::{ExposeSecret as _, SecretString};

use super::limits::{Counted, Endpoint, TooMany};
use super::{AuthorizationCode, Callback, Issuer, PkceVerifier, Redemption, SessionSecret, digest};
use crate::auth::Auth;
use crate::error::AuthError;
use crate::grant::{Authorization, BoundSource, Grants, TokenError};

/// What a flow was for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completed {
    /// The tenant.
    pub space: SpaceId,
    /// Which connection.
    pub connection: ConnectionId,
    /// Who owns the grant.
    pub owner: GrantOwner,
    /// Where the browser goes next.
    pub return_url: Option<String>,
}

/// A callback that gave no grant.
#[derive(Debug, thiserror::Error)]
#[error("{failure}")]
pub struct Refused {
    /// Why. Fit for a page: none of the provider's own words are in it.
    pub failure: FlowFailure,
    /// What the flow was for. Known only where the callback came from the browser that began.
    pub flow: Option<Box<Completed>>,
}

/// Why a callback gave no grant.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FlowFailure {
    /// A parameter comes twice (RFC 6749, section 3.1).
    #[error("the callback names a parameter twice; begin again")]
    Repeated,
    /// There is no state.
    #[error("the callback has no state, so it belongs to no authorization; begin again")]
    NoState,
    /// The state is none of ours, or was used before.
    #[error("this authorization is not known or was used already; begin again")]
    Unknown,
    /// It took more than ten minutes.
    #[error("this authorization took too long and is no longer valid; begin again")]
    Expired,
    /// It comes from another browser than the one that began.
    #[error(
        "this authorization was begun in another browser or by another user; open the link there, or begin again here"
    )]
    OtherSession,
    /// RFC 9207: the answer comes from another server than the one that was asked.
    #[error(
        "the answer comes from another authorization server than the one that was asked; begin again, and tell the operator if it happens again"
    )]
    OtherIssuer,
    /// The user said no.
    #[error("access was denied; begin again if that was not meant (access_denied)")]
    Denied,
    /// The provider refused for another reason (RFC 6749, section 4.1.2.1).
    #[error("the authorization server refused{}; begin again, or check the connection's settings", code_text(*.0))]
    Provider(Option<&'static str>),
    /// There is neither a code nor an error.
    #[error("the authorization server sent no code; begin again")]
    NoCode,
    /// The connection was removed or changed in the meantime.
    #[error("connection {0} is no longer there or authenticates in another way now")]
    ConnectionGone(ConnectionId),
    /// The code was not exchanged for a token.
    #[error("the code was not exchanged for a token: {0}; begin again")]
    Exchange(TokenError),
    /// This user came back too often; the authorization is still good after this time if that is not over by then.
    #[error("there were too many authorizations within a short time; try again in {} minutes", minutes(*.0))]
    TooMany(Duration),
    /// The host failed.
    #[error("the grant could not be kept: {0}; begin again")]
    Host(#[from] AuthError),
}

impl Auth {
    /// Takes a callback. The state is consumed before anything leaves the host, so of several callbacks with one state at
    /// most one is exchanged. A callback from another session changes nothing: a stranger who has seen the state can neither
    /// use it nor spoil it.
    pub async fn complete(&self, callback: &Callback, session: &SessionSecret) -> Result<Completed, Refused> {
        let record = self.consume(callback, session).await?;
        let flow = Completed {
            space: record.space.clone(),
            connection: record.connection.clone(),
            owner: record.owner.clone(),
            return_url: record.return_url.clone(),
        };
        match self.finish(callback, &record).await {
            Ok(()) => Ok(flow),
            Err(failure) => Err(Refused { failure, flow: Some(Box::new(flow)) }),
        }
    }

    /// Takes the record out if the session is the one that began.
    async fn consume(&self, callback: &Callback, session: &SessionSecret) -> Result<AuthorizationRecord, Refused> {
        let stranger = |failure| Refused { failure, flow: None };
        let state_hash = digest(callback.state.expose());
        let stored = |result: Result<_, innkeeper_store::StoreError>| {
            result.map_err(|error| stranger(FlowFailure::Host(error.into())))
        };
        let Some(found) = stored(self.store().authorization(&state_hash).await)? else {
            return Err(stranger(FlowFailure::Unknown));
        };
        // Both sides are hashes, so the time that the comparison takes tells nothing.
        if found.session_hash != session.hash() {
            return Err(stranger(FlowFailure::OtherSession));
        }
        let who = Counted::new(session.user(), &found.space, &found.connection, &found.owner);
        let counted = self.limiter().count(Endpoint::Callback, who, self.clock().now());
        counted.map_err(|TooMany(retry_after)| stranger(FlowFailure::TooMany(retry_after)))?;
        let Some(record) = stored(self.store().take_authorization(&state_hash).await)? else {
            return Err(stranger(FlowFailure::Unknown));
        };
        Ok(record)
    }

    async fn finish(&self, callback: &Callback, record: &AuthorizationRecord) -> Result<(), FlowFailure> {
        if self.clock().now() >= record.expires_at {
            return Err(FlowFailure::Expired);
        }
        let source = self.source_of(record).await?;
        let Authorization::Browser(flow) = source.authorization() else {
            return Err(FlowFailure::ConnectionGone(record.connection.clone()));
        };
        check_issuer(flow.issuer(), callback, |issuer| self.types().is_own_service(issuer))?;
        if let Some(error) = &callback.error {
            return Err(provider_error(error));
        }
        let code = callback.code.as_ref().ok_or(FlowFailure::NoCode)?;
        let verifier = self.verifier(record)?;
        let exchange = Exchange {
            grants: self.grants().clone(),
            store: self.shared_store(),
            source: source.clone(),
            code: code.clone(),
            verifier,
            record: record.clone(),
        };
        // The state is consumed: a browser that goes away must not take the grant with it.
        let task = self.grants().task(exchange.run());
        let interrupted = || FlowFailure::Host(AuthError::Interrupted(record.connection.clone()));
        task.await.unwrap_or_else(|_| Err(interrupted()))
    }

    async fn source_of(&self, record: &AuthorizationRecord) -> Result<BoundSource, FlowFailure> {
        let gone = || FlowFailure::ConnectionGone(record.connection.clone());
        let connection = self.connections().get(&record.space, &record.connection).await.map_err(AuthError::from)?;
        let connection = connection.ok_or_else(gone)?;
        Self::check_owner(&connection, &record.owner).map_err(|_| gone())?;
        let prepared = self.prepared(&connection)?;
        // A code goes to no other server than the one that gave it.
        let same = |source: &&BoundSource| source.origin.as_str() == record.origin;
        prepared.source().filter(same).cloned().ok_or_else(gone)
    }

    fn verifier(&self, record: &AuthorizationRecord) -> Result<PkceVerifier, FlowFailure> {
        let identity = Identity::Authorization {
            state_hash: &record.state_hash,
            space: &record.space,
            connection: &record.connection,
            owner: &record.owner,
        };
        let plain = self.vault().open_sealed(&identity, &record.verifier).map_err(AuthError::from)?;
        let text = std::str::from_utf8(plain.expose_secret()).map_err(|_| FlowFailure::Unknown)?;
        Ok(PkceVerifier::from(SecretString::from(text)))
    }
}

/// The exchange of a code, and what follows from it.
struct Exchange {
    grants: Arc<Grants>,
    store: Arc<dyn Store>,
    source: BoundSource,
    code: AuthorizationCode,
    verifier: PkceVerifier,
    record: AuthorizationRecord,
}

impl Exchange {
    async fn run(self) -> Result<(), FlowFailure> {
        let Self { grants, store, source, code, verifier, record } = self;
        let Authorization::Browser(flow) = source.authorization() else {
            return Err(FlowFailure::ConnectionGone(record.connection));
        };
        let redirect_uri = record.redirect_uri.parse().map_err(|_| FlowFailure::Unknown)?;
        let redemption = Redemption { code: &code, verifier: &verifier, redirect_uri: &redirect_uri };
        let answer = flow.exchange(&redemption, &source.context).await.map_err(FlowFailure::Exchange)?;
        let AuthorizationRecord { space, connection, owner, scope, .. } = record;
        let key = GrantKey { space, connection, owner };
        grants.replace(&key, answer, scope.as_deref(), &source).await?;
        // A connection that was deleted during the exchange must not leave a grant behind.
        if store.connection(&key.space, &key.connection).await.map_err(AuthError::from)?.is_none() {
            grants.remove(&key).await?;
            return Err(FlowFailure::ConnectionGone(key.connection));
        }
        Ok(())
    }
}

/// RFC 9207, section 2.4: a server that promises to name itself must do so, by the very text. The auth redirect service names
/// itself, so an answer of it to what another server was asked is a mix-up (RFC 9700, section 4.4), and so is the reverse.
fn check_issuer(
    expected: Issuer<'_>,
    callback: &Callback,
    is_own_service: impl Fn(&str) -> bool,
) -> Result<(), FlowFailure> {
    let fits = match (callback.issuer.as_deref(), expected) {
        (issuer, Issuer::Promised(promised)) => issuer == Some(promised),
        (Some(issuer), Issuer::Named(name)) => issuer == name,
        (Some(issuer), Issuer::Unknown) => !is_own_service(issuer),
        (None, _) => true,
    };
    if fits { Ok(()) } else { Err(FlowFailure::OtherIssuer) }
}

/// The error code of a callback, where it is one of the standard's (RFC 6749, section 4.1.2.1, and OpenID Connect Core, section
/// 3.1.2.6). Any other text is a provider's own, and is shown to nobody.
pub fn authorization_error(code: &str) -> Option<&'static str> {
    let known = [
        "access_denied",
        "invalid_request",
        "unauthorized_client",
        "unsupported_response_type",
        "invalid_scope",
        "server_error",
        "temporarily_unavailable",
        "interaction_required",
        "login_required",
        "account_selection_required",
        "consent_required",
    ];
    known.into_iter().find(|known| *known == code)
}

fn provider_error(code: &str) -> FlowFailure {
    match authorization_error(code) {
        Some("access_denied") => FlowFailure::Denied,
        known => FlowFailure::Provider(known),
    }
}

fn minutes(time: Duration) -> u64 {
    time.as_secs().div_ceil(60).max(1)
}

fn code_text(code: Option<&str>) -> String {
    code.map(|code| format!(" ({code})")).unwrap_or_default()
}
