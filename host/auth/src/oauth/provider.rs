//! An OAuth client that a service has at a provider and lends to others: the steps of RFC 6749, one by one, with nothing
//! stored.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;
use http::header::AUTHORIZATION;
use innkeeper_address::{RedirectUri, SecureUrl};
use innkeeper_ambient::{Clock, Random};
use innkeeper_egress::Egress;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::answer::{AnswerShape, fields};
use super::authentication::ClientAuthentication;
use super::client::OAuthClient;
use super::consent::Consent;
use super::endpoint::TokenEndpoint;
use super::form::{BodyFormat, Form};
use crate::flow::{AuthorizationCode, ConsentRequest, PkceVerifier, Redemption};
use crate::grant::{ErrorCode, Placement, SourceContext, TokenAnswer, TokenError, is_token_type};

/// How long a provider may take for each token that is revoked: less than the caller waits.
const REVOCATION_TIMEOUT: Duration = Duration::from_secs(8);
/// The error for a token, or its user, that no longer exists.
const ENDED: [&str; 5] = ["invalid_token", "invalid_grant", "token_revoked", "token_expired", "account_inactive"];

/// A client, and the addresses and parameters of its provider.
#[derive(Clone)]
pub struct ProviderSettings {
    /// The address where users give consent. Its own parameters stay.
    pub authorization_url: SecureUrl,
    /// The token URL.
    pub token_url: SecureUrl,
    /// The revocation URL.
    pub revocation: Option<Revocation>,
    /// The id of the registered app.
    pub client_id: String,
    /// Its secret; a public client has none.
    pub client_secret: Option<SecretString>,
    /// Whether the secret is sent in the header (`client_secret_basic`), not in the body.
    pub secret_in_header: bool,
    /// The provider's name for `scope`.
    pub scope_parameter: String,
    /// Where the answer has the token, if not at `access_token`: names joined by dots.
    pub access_token_path: Option<String>,
    /// The token's type, whatever the answer says.
    pub token_type: Option<String>,
    /// The issuer that the provider must send in its callbacks (RFC 9207); `None` if it does not promise that.
    pub issuer: Option<String>,
}

/// How tokens are revoked.
#[derive(Clone, Debug)]
pub enum Revocation {
    /// RFC 7009: the client authenticates and names the token.
    Client(SecureUrl),
    /// The token itself authorizes its revocation, in the header.
    Token(SecureUrl),
}

/// A client at its provider. Cheap to clone; stores none of the values that pass through it.
#[derive(Clone)]
pub struct ProviderClient {
    client: Arc<OAuthClient>,
    context: SourceContext,
    consent: Consent,
    revocation: Option<Revocation>,
}

impl fmt::Debug for ProviderClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.client.fmt(f)
    }
}

impl ProviderClient {
    /// Fails with the name of the setting and the mistake if no provider could accept the settings.
    pub fn new(
        settings: ProviderSettings,
        egress: Egress,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Result<Self, String> {
        if settings.client_id.trim().is_empty() {
            return Err("`client_id` is empty".to_owned());
        }
        if settings.token_type.as_deref().is_some_and(|text| !is_token_type(text)) {
            return Err("`token_type` must be one word, such as Bearer".to_owned());
        }
        if settings.access_token_path.as_deref().is_some_and(|path| path.split('.').any(str::is_empty)) {
            return Err("`access_token_path` must be non-empty names joined by dots".to_owned());
        }
        let mut client = OAuthClient::new(settings.token_url, settings.client_id);
        client.authentication = match settings.client_secret {
            None => ClientAuthentication::Public,
            Some(secret) if settings.secret_in_header => ClientAuthentication::Basic(secret),
            Some(secret) => ClientAuthentication::Post(secret),
        };
        client.shape = AnswerShape {
            access_token_path: settings.access_token_path,
            token_type_path: None,
            token_type: settings.token_type,
        };
        let consent = Consent {
            authorization_url: settings.authorization_url,
            scope_parameter: settings.scope_parameter,
            issuer: settings.issuer,
            name: None,
        };
        let context = SourceContext::new(egress, clock, random);
        Ok(Self { client: Arc::new(client), context, consent, revocation: settings.revocation })
    }

    /// The address for the user's browser (RFC 6749, section 4.1.1, with PKCE).
    pub fn authorization_url(&self, request: &ConsentRequest<'_>) -> Url {
        self.client.authorization_url(&self.consent, request)
    }

    /// Whether the callback may come from the provider, by the issuer in it (RFC 9207, section 2.4).
    pub fn is_issuer(&self, named: Option<&str>) -> bool {
        self.consent.issuer.as_deref().is_none_or(|promised| named == Some(promised))
    }

    /// Redeems a code (RFC 6749, section 4.1.3).
    pub async fn exchange(
        &self,
        code: &AuthorizationCode,
        verifier: &PkceVerifier,
        redirect_uri: &RedirectUri,
    ) -> Result<TokenAnswer, TokenError> {
        self.endpoint().exchange(&Redemption { code, verifier, redirect_uri }).await
    }

    /// Refreshes (RFC 6749, section 6).
    pub async fn refresh(&self, refresh_token: &SecretString) -> Result<TokenAnswer, TokenError> {
        self.endpoint().refresh(refresh_token, None).await
    }

    /// Revokes a token. Returns false if the provider has no revocation URL or does not accept this token. An expired token
    /// counts as revoked.
    pub async fn revoke(&self, token: &SecretString) -> Result<bool, TokenError> {
        let (url, form, proof) = match &self.revocation {
            None => return Ok(false),
            Some(Revocation::Client(url)) => {
                let mut form = Form::default().with("token", token.expose_secret());
                let proof = self.client.prove(&mut form, self.context.clock.now(), &*self.context.random)?;
                (url, form, proof)
            }
            Some(Revocation::Token(url)) => {
                let bearer = SecretString::from(format!("Bearer {}", token.expose_secret()));
                if HeaderValue::from_str(bearer.expose_secret()).is_err() {
                    return Err(TokenError::Refused(ErrorCode::InvalidRequest));
                }
                (url, Form::default(), Placement { headers: vec![(AUTHORIZATION, bearer)], ..Placement::default() })
            }
        };
        let (media_type, body) = form.encode(BodyFormat::Form);
        let endpoint = self.endpoint();
        let transport = endpoint.transport();
        let (status, headers, answer) =
            transport.post(Url::clone(url), media_type, body, proof, REVOCATION_TIMEOUT).await?;
        let refused = fields(&answer).and_then(|fields| Some(fields.get("error")?.as_str()?.to_owned()));
        match refused.as_deref() {
            Some(code) if !status.is_server_error() && ENDED.contains(&code) => Ok(true),
            // A token that authorizes itself may be valid but of a kind, or from an address, that the provider does not accept.
            Some("invalid_auth") if !status.is_server_error() => Ok(false),
            Some(code) if status.is_success() => Err(TokenError::Refused(ErrorCode::parse(code))),
            _ if status.is_success() => Ok(true),
            _ => Err(transport.failure(status, &headers, &answer)),
        }
    }

    fn endpoint(&self) -> TokenEndpoint<'_> {
        TokenEndpoint { client: &self.client, context: &self.context }
    }
}
