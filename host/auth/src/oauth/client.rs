//! A client at one authorization server, and the requests that it sends there.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use innkeeper_ambient::Clock;
use innkeeper_egress::Egress;
use oauth2::basic::{
    BasicErrorResponse, BasicErrorResponseType, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse,
};
use oauth2::{
    AuthorizationCode, ClientId, ClientSecret, EndpointNotSet, EndpointSet, PkceCodeVerifier, RedirectUrl,
    RefreshToken, RequestTokenError, Scope, StandardRevocableToken, TokenUrl,
};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::answer::{AnswerShape, StandardAnswer, TokenAnswer};
use super::error::{ErrorCode, TokenError};
use super::transport::Transport;

/// How a confidential client proves itself (RFC 6749, section 2.3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientAuthentication {
    /// In the Authorization header.
    Basic,
    /// In the request's body.
    Post,
}

/// A client that is registered at an authorization server.
pub struct OAuthClient {
    /// Where tokens are given.
    pub token_url: Url,
    /// Where they are given back (RFC 7009).
    pub revocation_url: Option<Url>,
    /// Of the registered app.
    pub client_id: String,
    /// None: a public client.
    pub client_secret: Option<SecretString>,
    /// How the secret is sent.
    pub authentication: ClientAuthentication,
    /// What is asked for, separated by spaces.
    pub scope: Option<String>,
    pub(crate) shape: AnswerShape,
    pub(crate) consent: Option<Consent>,
}

/// The part of a client that sends a user to the authorization server.
#[derive(Clone, Debug)]
pub(crate) struct Consent {
    pub(crate) authorization_url: Url,
    /// What the server calls `scope`.
    pub(crate) scope_parameter: String,
    /// What the server must name itself in the callback (RFC 9207).
    pub(crate) issuer: Option<String>,
}

impl OAuthClient {
    /// A public client that gets its tokens by itself.
    pub fn new(token_url: Url, client_id: String) -> Self {
        Self {
            token_url,
            revocation_url: None,
            client_id,
            client_secret: None,
            authentication: ClientAuthentication::Post,
            scope: None,
            shape: AnswerShape::default(),
            consent: None,
        }
    }

    fn protocol(&self) -> ProtocolClient {
        let client = oauth2::Client::new(ClientId::new(self.client_id.clone()))
            .set_token_uri(TokenUrl::from_url(self.token_url.clone()))
            .set_auth_type(match self.authentication {
                ClientAuthentication::Basic => oauth2::AuthType::BasicAuth,
                ClientAuthentication::Post => oauth2::AuthType::RequestBody,
            });
        match &self.client_secret {
            Some(secret) => client.set_client_secret(ClientSecret::new(secret.expose_secret().to_owned())),
            None => client,
        }
    }
}

impl fmt::Debug for OAuthClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OAuthClient")
            .field("token_url", &self.token_url.as_str())
            .field("client_id", &self.client_id)
            .field("confidential", &self.client_secret.is_some())
            .field("scope", &self.scope)
            .finish_non_exhaustive()
    }
}

type ProtocolClient = oauth2::Client<
    BasicErrorResponse,
    StandardAnswer,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;

/// A client and the way to its server.
#[derive(Clone)]
pub(crate) struct TokenEndpoint {
    pub(crate) client: Arc<OAuthClient>,
    pub(crate) egress: Egress,
    pub(crate) clock: Arc<dyn Clock>,
}

impl fmt::Debug for TokenEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.client.fmt(f)
    }
}

impl TokenEndpoint {
    /// Whether a new token can be had without a refresh token.
    pub(crate) fn is_self_sufficient(&self) -> bool {
        self.client.consent.is_none()
    }

    /// RFC 6749, section 4.1.3, with RFC 7636, section 4.5.
    pub(crate) async fn exchange(
        &self,
        code: &SecretString,
        verifier: &SecretString,
        redirect_uri: &str,
    ) -> Result<TokenAnswer, TokenError> {
        let redirect_uri = RedirectUrl::new(redirect_uri.to_owned())
            .map_err(|_| TokenError::Malformed("the redirect URI is no address"))?;
        let client = self.client.protocol();
        let transport = self.transport();
        let request = client
            .exchange_code(AuthorizationCode::new(code.expose_secret().to_owned()))
            .set_pkce_verifier(PkceCodeVerifier::new(verifier.expose_secret().to_owned()))
            .set_redirect_uri(Cow::Owned(redirect_uri));
        request.request_async(&transport).await.map(TokenAnswer::from).map_err(token_error)
    }

    /// RFC 6749, section 6. The scope is left out: what was granted stays, however the connector's wishes have grown.
    pub(crate) async fn refresh(&self, refresh_token: &SecretString) -> Result<TokenAnswer, TokenError> {
        let refresh_token = RefreshToken::new(refresh_token.expose_secret().to_owned());
        let client = self.client.protocol();
        let transport = self.transport();
        let request = client.exchange_refresh_token(&refresh_token);
        request.request_async(&transport).await.map(TokenAnswer::from).map_err(token_error)
    }

    /// RFC 6749, section 4.4.
    pub(crate) async fn request(&self) -> Result<TokenAnswer, TokenError> {
        let client = self.client.protocol();
        let transport = self.transport();
        let scopes = self.client.scope.iter().map(|scope| Scope::new(scope.clone()));
        let request = client.exchange_client_credentials().add_scopes(scopes);
        request.request_async(&transport).await.map(TokenAnswer::from).map_err(token_error)
    }

    pub(crate) fn transport(&self) -> Transport<'_> {
        Transport { egress: &self.egress, clock: &*self.clock, shape: &self.client.shape }
    }
}

/// Nearly all errors come from the transport, which knows them best.
fn token_error(error: RequestTokenError<TokenError, BasicErrorResponse>) -> TokenError {
    match error {
        RequestTokenError::Request(error) => error,
        RequestTokenError::ServerResponse(refusal) => TokenError::Refused(match refusal.error() {
            BasicErrorResponseType::InvalidGrant => ErrorCode::InvalidGrant,
            other => ErrorCode::parse(other.as_ref()),
        }),
        RequestTokenError::Parse(..) => TokenError::Malformed("its fields are not of the kinds that OAuth knows"),
        RequestTokenError::Other(_) => TokenError::Malformed("it is empty, or of another media type"),
    }
}
