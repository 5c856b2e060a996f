//! Giving tokens back (RFC 7009).

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use url::form_urlencoded;

use super::client::{ClientAuthentication, TokenEndpoint};
use super::error::TokenError;

/// How long the server may take for each token.
const PATIENCE: Duration = Duration::from_secs(10);

impl TokenEndpoint {
    /// Gives one token back. `kind` is `access_token` or `refresh_token` (section 2.1). Nothing happens where the client
    /// has no revocation URL. A token that the server does not know is revoked (section 2.2).
    pub(crate) async fn revoke(&self, token: &SecretString, kind: &str) -> Result<(), TokenError> {
        let Some(url) = self.client.revocation_url.clone() else { return Ok(()) };
        let (headers, body) = self.revocation(token, kind)?;
        let transport = self.transport();
        let (status, headers, answer) = transport.post(url, headers, body, PATIENCE).await?;
        if status.is_success() { Ok(()) } else { Err(transport.failure(status, &headers, &answer)) }
    }

    fn revocation(&self, token: &SecretString, kind: &str) -> Result<(HeaderMap, Vec<u8>), TokenError> {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("token", token.expose_secret()).append_pair("token_type_hint", kind);
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        match (&self.client.client_secret, self.client.authentication) {
            (Some(secret), ClientAuthentication::Basic) => {
                let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
                let pair = format!("{}:{}", encode(&self.client.client_id), encode(secret.expose_secret()));
                let proof = HeaderValue::try_from(format!("Basic {}", BASE64_STANDARD.encode(pair)))
                    .map_err(|_| TokenError::Malformed("the client id or secret does not fit a header"))?;
                headers.insert(AUTHORIZATION, proof);
            }
            (secret, _) => {
                form.append_pair("client_id", &self.client.client_id);
                if let Some(secret) = secret {
                    form.append_pair("client_secret", secret.expose_secret());
                }
            }
        }
        Ok((headers, form.finish().into_bytes()))
    }
}
