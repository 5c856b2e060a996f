//! Token introspection (RFC 7662). Any confidential client may introspect any token: it plays the resource server.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::HeaderMap;
use serde_json::json;

use crate::client_authentication::{authenticate, form};
use crate::oauth_error::{OAuthError, not_stored};
use crate::people::person;
use crate::provider::Provider;

/// `POST /introspect`
pub(crate) async fn answer(
    State(provider): State<Arc<Provider>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, OAuthError> {
    let form = form(&headers, &body)?;
    if authenticate(&provider, &headers, &form)?.secret.is_none() {
        return Err(OAuthError::InvalidClient("a public client may not introspect"));
    }
    let token = form.one("token")?.ok_or_else(|| OAuthError::missing("token"))?;
    let now = provider.now();
    let ledger = provider.ledger();
    let access = ledger.bearer(token, now);
    let token_type = access.as_ref().map(|_| "Bearer");
    let answer = match access.or_else(|| ledger.refresh_bearer(token, now)) {
        None => json!({ "active": false }),
        Some(bearer) => {
            let mut answer = json!({
                "active": true,
                "iss": provider.base_url,
                "client_id": bearer.client,
                "sub": bearer.person.unwrap_or(bearer.client),
                "scope": bearer.scopes.join(),
                "iat": bearer.issued.as_secs(),
                "exp": bearer.expires.as_secs(),
            });
            if let Some(token_type) = token_type {
                answer["token_type"] = json!(token_type);
            }
            if let Some(person) = bearer.person.and_then(person) {
                answer["username"] = json!(person.email);
            }
            answer
        }
    };
    Ok(not_stored(Json(answer).into_response()))
}
