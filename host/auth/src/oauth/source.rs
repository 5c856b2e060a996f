//! An OAuth client as a source of grants.

use std::time::Duration;

use async_trait::async_trait;
use http::header::AUTHORIZATION;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::client::{Dialect, OAuthClient, Way};
use super::consent::Consent;
use super::endpoint::TokenEndpoint;
use crate::flow::{BrowserFlow, ConsentRequest, DeviceCode, DeviceFlow, Issuer, Redemption};
use crate::grant::{
    Attach, Authorization, ErrorCode, Grant, GrantSource, Placement, Renewal, Renewed, SOURCE_TIMEOUT, SourceContext,
    TokenAnswer, TokenError, TokenKind,
};
use crate::scope::Scope;

#[async_trait]
impl GrantSource for OAuthClient {
    fn identity(&self) -> Vec<&str> {
        let mut parts = vec![self.token_url.as_str(), &self.client_id];
        // A token for another scope is useless if no user can be asked for more.
        if let Way::Alone(own) = &self.way {
            parts.extend(self.scope.as_ref().map(Scope::as_str));
            parts.extend(own.subject());
        }
        parts
    }

    fn renewal(&self) -> Renewal {
        match self.way {
            Way::Alone(_) => Renewal::ByItself,
            Way::Browser(_) | Way::Device(_) => Renewal::ByRefreshToken,
        }
    }

    fn scope(&self) -> Option<&Scope> {
        self.scope.as_ref()
    }

    async fn renew(
        &self,
        grant: Option<&Grant>,
        time: Duration,
        context: &SourceContext,
    ) -> Result<Renewed, TokenError> {
        let endpoint = TokenEndpoint { client: self, context };
        match &self.way {
            Way::Alone(own) => endpoint.request(own).await.map(Renewed::from),
            Way::Browser(_) | Way::Device(_) => {
                // The grant machine only requests a refresh if there is a refresh token.
                let known = grant.and_then(|grant| Some((grant, grant.refresh_token()?)));
                let (grant, refresh_token) = known.ok_or(TokenError::Refused(ErrorCode::InvalidGrant))?;
                self.refresh(endpoint, grant, refresh_token, time).await
            }
        }
    }

    fn attach(&self, grant: &Grant) -> Attach {
        let header = SecretString::from(format!("{} {}", grant.token_type(), grant.access_token().expose_secret()));
        Attach::Same(Placement {
            headers: vec![(AUTHORIZATION, header)],
            identity: self.identity_of_requests().cloned(),
            ..Placement::default()
        })
    }

    fn authorization(&self) -> Authorization<'_> {
        match &self.way {
            Way::Browser(consent) => Authorization::Browser(Box::new(Browser { client: self, consent })),
            Way::Device(begin_url) => Authorization::Device(Box::new(Device { client: self, begin_url })),
            Way::Alone(_) => Authorization::Nobody,
        }
    }

    fn revokes(&self) -> bool {
        self.revocation_url.is_some()
    }

    async fn revoke(&self, token: &SecretString, kind: TokenKind, context: &SourceContext) -> Result<(), TokenError> {
        TokenEndpoint { client: self, context }.revoke(token, kind).await
    }
}

impl OAuthClient {
    /// Requests the narrower scope if the connection requests less than it did. If the server refuses, the same token is sent
    /// again without a scope.
    async fn refresh(
        &self,
        endpoint: TokenEndpoint<'_>,
        grant: &Grant,
        refresh_token: &SecretString,
        time: Duration,
    ) -> Result<Renewed, TokenError> {
        let narrows = matches!(self.dialect, Dialect::Rfc) && time >= 2 * SOURCE_TIMEOUT;
        let narrowed = narrows.then(|| grant.narrowed(self.scope.as_ref().map(Scope::as_str))).flatten();
        let stays_wide = match endpoint.refresh(refresh_token, narrowed.as_deref()).await {
            Ok(answer) => return Ok(Renewed { answer, scope: narrowed, stays_wide: false }),
            // Whatever the refusal: the same token may be accepted without a scope.
            Err(problem @ (TokenError::Refused(_) | TokenError::Status(_))) if narrowed.is_some() => {
                is_about_scope(&problem)
            }
            Err(problem) => return Err(problem),
        };
        let answer = endpoint.refresh(refresh_token, None).await?;
        Ok(Renewed { answer, scope: None, stays_wide })
    }
}

/// Whether the scope is the reason for a refusal.
const fn is_about_scope(problem: &TokenError) -> bool {
    matches!(problem, TokenError::Refused(ErrorCode::InvalidScope | ErrorCode::InvalidRequest))
}

/// A client whose users consent in a browser.
struct Browser<'a> {
    client: &'a OAuthClient,
    consent: &'a Consent,
}

#[async_trait]
impl BrowserFlow for Browser<'_> {
    fn address(&self) -> Url {
        let mut address = Url::clone(&self.consent.authorization_url);
        address.set_query(None);
        address
    }

    fn authorization_url(&self, request: &ConsentRequest<'_>) -> Url {
        self.client.authorization_url(self.consent, request)
    }

    fn issuer(&self) -> Issuer<'_> {
        match (&self.consent.issuer, &self.consent.name) {
            (Some(promised), _) => Issuer::Promised(promised),
            (None, Some(name)) => Issuer::Named(name),
            (None, None) => Issuer::Unknown,
        }
    }

    async fn exchange(&self, redemption: &Redemption<'_>, context: &SourceContext) -> Result<TokenAnswer, TokenError> {
        TokenEndpoint { client: self.client, context }.exchange(redemption).await
    }
}

/// A client whose users consent on another device.
struct Device<'a> {
    client: &'a OAuthClient,
    begin_url: &'a Url,
}

#[async_trait]
impl DeviceFlow for Device<'_> {
    async fn begin(&self, context: &SourceContext) -> Result<DeviceCode, TokenError> {
        TokenEndpoint { client: self.client, context }.authorize_device(self.begin_url).await
    }

    async fn poll(&self, device_code: &SecretString, context: &SourceContext) -> Result<TokenAnswer, TokenError> {
        TokenEndpoint { client: self.client, context }.poll_device(device_code).await
    }
}
