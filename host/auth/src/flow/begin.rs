//! Sends a user to the authorization server.

use std::fmt;

use innkeeper_address::RedirectUri;
use innkeeper_ambient::Timestamp;
use innkeeper_store::{AuthorizationRecord, ConnectionRecord, GrantOwner, Identity, PrincipalId, SpaceId};
use url::Url;

use super::limits::{Counted, Endpoint, TooMany};
use super::{ConsentRequest, FlowState, LIFE, PkceVerifier, SessionSecret, digest};
use crate::auth::Auth;
use crate::error::AuthError;
use crate::grant::Authorization;
use crate::scope::Scope;

/// An authorization that has begun.
pub struct Begun {
    /// The address to open in the user's browser. It contains the state, so it must not be logged.
    pub authorization_url: Url,
    /// The state parameter, for callers that need to recognise the callback.
    pub state: FlowState,
    /// When the callback is no longer accepted.
    pub expires_at: Timestamp,
}

impl fmt::Debug for Begun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Begun").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}

impl Auth {
    /// Begins an authorization of `connection` by `owner`. The provider will send the browser back to `redirect_uri`;
    /// [`Auth::complete`] then accepts the callback once, within ten minutes, from the holder of `session`. `return_url` is
    /// stored for the embedder, which decides which origins may be returned to. A user who begins more often than
    /// [`super::FlowLimits`] allows is rejected.
    pub async fn begin(
        &self,
        connection: &ConnectionRecord,
        owner: &GrantOwner,
        redirect_uri: &RedirectUri,
        session: &SessionSecret,
        return_url: Option<&Url>,
    ) -> Result<Begun, AuthError> {
        Self::check_owner(connection, owner)?;
        if return_url.is_some_and(|url| !matches!(url.scheme(), "http" | "https")) {
            return Err(AuthError::ReturnUrl { connection: connection.id.clone() });
        }
        let prepared = self.prepared(connection)?;
        let browser = prepared.source().and_then(|source| match source.authorization() {
            Authorization::Browser(flow) => Some((source, flow)),
            _ => None,
        });
        let Some((source, flow)) = browser else {
            let (connection, auth_type) = (connection.id.clone(), connection.auth_type.clone());
            return Err(AuthError::NotInteractive { connection, auth_type });
        };
        let now = self.clock().now();
        let who = Counted::new(session.user(), &connection.space, &connection.id, owner);
        let counted = self.limiter().count(Endpoint::Begin, who, now);
        counted.map_err(|TooMany(retry_after)| AuthError::TooManyAuthorizations { retry_after })?;
        // Otherwise abandoned authorizations would stay forever. A failure here is no reason to reject the user.
        if let Err(error) = self.store().sweep_authorizations(now).await {
            tracing::warn!(%error, "expired authorizations were not removed");
        }
        let (state, verifier) = (FlowState::random(self.random()), PkceVerifier::random(self.random()));
        let state_hash = digest(state.expose());
        let identity = Identity::Authorization {
            state_hash: &state_hash,
            space: &connection.space,
            connection: &connection.id,
            owner,
        };
        let expires_at = now.plus(LIFE);
        let record = AuthorizationRecord {
            state_hash,
            space: connection.space.clone(),
            connection: connection.id.clone(),
            owner: owner.clone(),
            redirect_uri: redirect_uri.to_string(),
            session_hash: session.hash(),
            verifier: self.vault().seal(&identity, verifier.expose().as_bytes())?,
            return_url: return_url.map(Url::to_string),
            origin: source.origin.as_str().to_owned(),
            scope: source.scope().map(Scope::to_string),
            created_at: now,
            expires_at,
        };
        self.store().put_authorization(record).await?;
        let challenge = &verifier.challenge();
        let request = ConsentRequest { redirect_uri, state: &state, challenge, scope: source.scope() };
        let authorization_url = flow.authorization_url(&request);
        Ok(Begun { authorization_url, state, expires_at })
    }

    /// The address that a user of `connection` is sent to, without its parameters; `None` if the auth type uses no browser.
    pub fn consent_address(&self, connection: &ConnectionRecord) -> Result<Option<Url>, AuthError> {
        let prepared = self.prepared(connection)?;
        Ok(prepared.source().and_then(|source| match source.authorization() {
            Authorization::Browser(flow) => Some(flow.address()),
            _ => None,
        }))
    }

    /// Whether the limits allow an authorization to begin now. This does not count as an attempt.
    pub fn may_begin(
        &self,
        connection: &ConnectionRecord,
        owner: &GrantOwner,
        user: Option<(&SpaceId, &PrincipalId)>,
    ) -> Result<(), AuthError> {
        let who = Counted::new(user, &connection.space, &connection.id, owner);
        let allowed = self.limiter().peek(Endpoint::Begin, &who, self.clock().now());
        allowed.map_err(|TooMany(retry_after)| AuthError::TooManyAuthorizations { retry_after })
    }
}
