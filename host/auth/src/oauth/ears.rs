//! The protocol between a host and an auth redirect service (EARS), which owns the OAuth client of a provider: the same steps
//! as with an authorization server, with other addresses and parameters, as JSON.

use std::time::Duration;

use innkeeper_address::SecureUrl;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::answer::{self, Stage};
use super::client::{Dialect, OAuthClient, Way};
use super::consent::Consent;
use super::endpoint::TokenEndpoint;
use super::form::{BodyFormat, Form};
use super::revocation;
use crate::flow::{AuthorizationCode, ConsentRequest, PkceVerifier};
use crate::grant::{SOURCE_TIMEOUT, TokenAnswer, TokenError};
use crate::scope::Scope;

/// A client without its own registration: the service at `base` has it. `base` may or may not end in a slash.
pub(crate) fn client(base: &SecureUrl, provider: &str, scope: Option<Scope>) -> OAuthClient {
    let below = format!("{}/v1/{provider}/oauth", base.path().trim_end_matches('/'));
    let at = |endpoint: &str| base.at_path(&format!("{below}/{endpoint}"));
    let mut client = OAuthClient::new(at("token"), String::new());
    client.revocation_url = Some(at("revoke"));
    client.scope = scope;
    client.dialect = Dialect::RedirectService { refresh_url: at("refresh") };
    client.way = Way::Browser(Consent {
        authorization_url: at("authorize"),
        scope_parameter: "scope".to_owned(),
        issuer: None,
        // The service may identify itself, and must then be this one.
        name: Some(base.as_str().trim_end_matches('/').to_owned()),
    });
    client
}

/// The parameters of a request for consent, without the scope.
pub(super) fn parameters<'a>(asked: &ConsentRequest<'a>) -> Vec<(&'a str, &'a str)> {
    vec![
        ("callback_uri", asked.redirect_uri.as_str()),
        ("state", asked.state.expose()),
        ("pkce_challenge", asked.challenge.as_str()),
        ("pkce_method", "S256"),
    ]
}

impl TokenEndpoint<'_> {
    pub(super) async fn redeem_at_service(
        self,
        code: &AuthorizationCode,
        verifier: &PkceVerifier,
    ) -> Result<TokenAnswer, TokenError> {
        let form = Form::default().with("code", code.expose()).with("pkce_verifier", verifier.expose());
        self.token_of_service(&self.client.token_url, form).await
    }

    pub(super) async fn refresh_at_service(
        self,
        refresh_url: &Url,
        refresh_token: &SecretString,
    ) -> Result<TokenAnswer, TokenError> {
        let form = Form::default().with("refresh_token", refresh_token.expose_secret());
        self.token_of_service(refresh_url, form).await
    }

    pub(super) async fn revoke_at_service(self, url: &Url, token: &SecretString) -> Result<(), TokenError> {
        let form = Form::default().with("token", token.expose_secret());
        self.ask_service(url, form, revocation::REVOCATION_TIMEOUT).await.map(drop)
    }

    async fn token_of_service(self, url: &Url, form: Form) -> Result<TokenAnswer, TokenError> {
        answer::read(&self.ask_service(url, form, SOURCE_TIMEOUT).await?, &self.client.shape, Stage::First)
    }

    /// Only 200 is a success.
    async fn ask_service(self, url: &Url, form: Form, patience: Duration) -> Result<bytes::Bytes, TokenError> {
        let (status, headers, body) = self.post(url, form, BodyFormat::Json, patience).await?;
        if status == http::StatusCode::OK { Ok(body) } else { Err(self.transport().failure(status, &headers, &body)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_joined_with_one_slash_whether_the_base_ends_in_one_or_not() {
        for (base, start) in [
            ("https://ears.example.com", "https://ears.example.com/v1"),
            ("https://ears.example.com/", "https://ears.example.com/v1"),
            ("https://example.com/ears", "https://example.com/ears/v1"),
            ("https://example.com/ears/", "https://example.com/ears/v1"),
        ] {
            let client = client(&base.parse().expect("an address"), "google", None);
            let (Way::Browser(consent), Dialect::RedirectService { refresh_url }) = (client.way, client.dialect) else {
                panic!("a user consents, at a redirect service");
            };
            assert_eq!(consent.authorization_url.as_str(), format!("{start}/google/oauth/authorize"));
            assert_eq!(client.token_url.as_str(), format!("{start}/google/oauth/token"));
            assert_eq!(refresh_url.as_str(), format!("{start}/google/oauth/refresh"));
            assert_eq!(client.revocation_url.expect("an address").as_str(), format!("{start}/google/oauth/revoke"));
        }
    }
}
