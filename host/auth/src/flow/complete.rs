//! Completes an authorization when the user comes back from the authorization server.

use std::sync::Arc;
use std::time::Duration;

use innkeeper_store::{AuthorizationRecord, ConnectionId, GrantKey, GrantOwner, Identity, SpaceId, Store};
use secrecy::{ExposeSecret as _, SecretString};

use super::limits::{Counted, Endpoint, TooMany};
use super::{AuthorizationCode, Callback, Issuer, PkceVerifier, Redemption, SessionSecret, digest};
use crate::auth::Auth;
use crate::error::AuthError;
use crate::grant::{Authorization, BoundSource, Grants, TokenError};

/// The connection and owner that a flow was for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completed {
    /// The tenant.
    pub space: SpaceId,
    /// The connection.
    pub connection: ConnectionId,
    /// The owner of the grant.
    pub owner: GrantOwner,
    /// The address that the browser goes to next.
    pub return_url: Option<String>,
}

/// A callback that led to no grant.
#[derive(Debug, thiserror::Error)]
#[error("{failure}")]
pub struct Refused {
    /// The reason. Safe to show on a page: it contains none of the provider's text.
    pub failure: FlowFailure,
    /// What the flow was for. Known only if the callback came from the browser that began the flow.
    pub flow: Option<Box<Completed>>,
}

/// Why a callback led to no grant.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FlowFailure {
    /// A parameter is repeated (RFC 6749, section 3.1).
    #[error("the callback contains a parameter twice; begin again")]
    Repeated,
    /// The state is missing.
    #[error("the callback has no state, so it belongs to no authorization; begin again")]
    NoState,
    /// The state is not from this host, or was used before.
    #[error("this authorization is unknown or was already used; begin again")]
    Unknown,
    /// The authorization took more than ten minutes.
    #[error("this authorization took too long and is no longer valid; begin again")]
    Expired,
    /// The callback comes from another browser than the one that began the flow.
    #[error(
        "this authorization was begun in another browser or by another user; open the link there, or begin again here"
    )]
    OtherSession,
    /// RFC 9207: the answer comes from another server than the one that the user was sent to.
    #[error(
        "the response comes from a different authorization server than the one that was asked; begin again, and report \
         it to the operator if it happens again"
    )]
    OtherIssuer,
    /// The user declined.
    #[error("access was denied; begin again if that was a mistake (access_denied)")]
    Denied,
    /// The provider rejected the authorization for another reason (RFC 6749, section 4.1.2.1).
    #[error("the authorization server refused{}; begin again, or check the connection's settings", code_text(*.0))]
    Provider(Option<&'static str>),
    /// The callback has neither a code nor an error.
    #[error("the authorization server sent no code; begin again")]
    NoCode,
    /// The connection was removed or changed in the meantime.
    #[error("connection {0} no longer exists or was changed in the meantime")]
    ConnectionGone(ConnectionId),
    /// The code was not exchanged for a token.
    #[error("the code was not exchanged for a token: {0}; begin again")]
    Exchange(TokenError),
    /// This user completes authorizations too often. After this time the callback still works, unless the authorization has
    /// expired by then.
    #[error("there were too many authorizations in a short time; try again in {} minutes", minutes(*.0))]
    TooMany(Duration),
    /// The host failed.
    #[error("the grant could not be stored: {0}; begin again")]
    Host(#[from] AuthError),
}

impl Auth {
    /// Accepts a callback. The state is consumed before anything leaves the host, so at most one of several callbacks with the
    /// same state is exchanged. A callback from another session changes nothing: someone else who has seen the state can
    /// neither use nor invalidate it.
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

    /// Removes and returns the record if the session is the one that began the flow.
    async fn consume(&self, callback: &Callback, session: &SessionSecret) -> Result<AuthorizationRecord, Refused> {
        let stranger = |failure| Refused { failure, flow: None };
        let state_hash = digest(callback.state.expose());
        let stored = |result: Result<_, innkeeper_store::StoreError>| {
            result.map_err(|error| stranger(FlowFailure::Host(error.into())))
        };
        let Some(found) = stored(self.store().authorization(&state_hash).await)? else {
            return Err(stranger(FlowFailure::Unknown));
        };
        // Both sides are hashes, so the time that the comparison takes reveals nothing.
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
        // The state is consumed, so the grant must be stored even if the browser disconnects.
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
        // A code is only sent to the server that issued it.
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

/// Exchanges a code and stores the grant.
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

/// RFC 9207, section 2.4: a server that promises to identify itself must do so, with exactly that text. The auth redirect
/// service identifies itself, so its answer to a request that went to another server is a mix-up (RFC 9700, section 4.4), and
/// vice versa.
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

/// The error code of a callback, if it is a standard one (RFC 6749, section 4.1.2.1, and OpenID Connect Core, section 3.1.2.6).
/// Any other text comes from the provider and is not shown.
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
