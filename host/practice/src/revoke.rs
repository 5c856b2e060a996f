//! Token revocation (RFC 7009).

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, StatusCode};

use crate::client_authentication::{authenticate, form};
use crate::journal::{Entry, EventKind};
use crate::oauth_error::{OAuthError, not_stored};
use crate::provider::Provider;

/// `POST /revoke`
pub(crate) async fn answer(
    State(provider): State<Arc<Provider>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, OAuthError> {
    let form = form(&headers, &body)?;
    let client = authenticate(&provider, &headers, &form)?;
    let token = form.one("token")?.ok_or_else(|| OAuthError::missing("token"))?;
    let revoked = provider.ledger().revoke(token, client.id);
    if revoked.map_err(|_| OAuthError::InvalidGrant("the token was issued to another client"))? {
        provider.count(|counters| counters.revocations += 1);
        provider.record(&Entry::of(EventKind::TokenRevoked).client(client.id).token(token));
    }
    Ok(not_stored(StatusCode::OK.into_response()))
}
