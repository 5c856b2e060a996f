//! Token revocation (RFC 7009).

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::client::Dialect;
use super::endpoint::TokenEndpoint;
use super::form::{BodyFormat, Form};
use crate::grant::{TokenError, TokenKind};

/// How long the server may take for each token.
pub(super) const REVOCATION_TIMEOUT: Duration = Duration::from_secs(10);

impl TokenEndpoint<'_> {
    /// Revokes one token. Does nothing if the client has no revocation URL. A token that the server does not know counts as
    /// revoked (section 2.2).
    pub(super) async fn revoke(self, token: &SecretString, kind: TokenKind) -> Result<(), TokenError> {
        let Some(url) = &self.client.revocation_url else { return Ok(()) };
        if matches!(self.client.dialect, Dialect::RedirectService { .. }) {
            return self.revoke_at_service(url, token).await;
        }
        let form = Form::default().with("token", token.expose_secret()).with("token_type_hint", kind.as_str());
        let (status, headers, answer) = self.post(url, form, BodyFormat::Form, REVOCATION_TIMEOUT).await?;
        if status.is_success() || (status.is_client_error() && is_of_no_token(&answer)) {
            return Ok(());
        }
        Err(self.transport().failure(status, &headers, &answer))
    }
}

/// RFC 7009, section 2.2, requires 200 for a token that is no longer valid; some servers answer an error code instead if the
/// refresh token was revoked before.
fn is_of_no_token(answer: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Refusal {
        error: String,
    }
    serde_json::from_slice(answer).is_ok_and(|Refusal { error }| error == "invalid_token")
}
