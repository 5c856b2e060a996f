//! The token endpoint (RFC 6749, section 3.2).

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::HeaderMap;
use serde::Serialize;

use crate::client_authentication::{authenticate, form};
use crate::clients::{Client, GrantType};
use crate::journal::{Entry, EventKind};
use crate::ledger::{Issued, Refusal, Secret};
use crate::oauth_error::{OAuthError, not_stored};
use crate::parameters::Parameters;
use crate::provider::Provider;
use crate::scopes::Scopes;

/// RFC 6749, section 5.1.
#[derive(Serialize)]
struct TokenAnswer<'a> {
    access_token: &'a str,
    token_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_in: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<&'a str>,
    scope: String,
}

/// `POST /token`
pub(crate) async fn answer(State(provider): State<Arc<Provider>>, headers: HeaderMap, body: Bytes) -> Response {
    provider.count(|counters| counters.token_requests += 1);
    match issue(&provider, &headers, &body) {
        Ok(issued) => {
            let expires_in = provider.settings.announce_expiry.then(|| provider.settings.access_token_life.as_secs());
            let answer = TokenAnswer {
                access_token: issued.access.reveal(),
                token_type: "Bearer",
                expires_in,
                refresh_token: issued.refresh.as_ref().map(Secret::reveal),
                scope: issued.scopes.join(),
            };
            not_stored(Json(answer).into_response())
        }
        Err(error) => {
            provider.count(|counters| counters.token_refusals += 1);
            let detail = format!("{}: {error}", error.code());
            provider.record(&Entry::of(EventKind::TokenRefused).detail(&detail));
            error.into_response()
        }
    }
}

fn issue(provider: &Provider, headers: &HeaderMap, body: &[u8]) -> Result<Issued, OAuthError> {
    let form = form(headers, body)?;
    let client = authenticate(provider, headers, &form)?;
    let grant_type = match form.one("grant_type")?.ok_or_else(|| OAuthError::missing("grant_type"))? {
        "authorization_code" => GrantType::AuthorizationCode,
        "refresh_token" => GrantType::RefreshToken,
        "client_credentials" => GrantType::ClientCredentials,
        _ => return Err(OAuthError::UnsupportedGrantType),
    };
    if !client.may_use(grant_type) {
        return Err(OAuthError::UnauthorizedClient("this client is not registered for this grant type"));
    }
    match grant_type {
        GrantType::AuthorizationCode => exchange(provider, client, &form),
        GrantType::RefreshToken => refresh(provider, client, &form),
        GrantType::ClientCredentials => serve_client(provider, client, &form),
    }
}

fn exchange(provider: &Provider, client: &Client, form: &Parameters) -> Result<Issued, OAuthError> {
    let code = form.one("code")?.ok_or_else(|| OAuthError::missing("code"))?;
    let redirect_uri = form.one("redirect_uri")?.ok_or_else(|| OAuthError::missing("redirect_uri"))?;
    let verifier = form.one("code_verifier")?.ok_or_else(|| OAuthError::missing("code_verifier"))?;
    let now = provider.now();
    let issued = provider.ledger().exchange(code, client.id, redirect_uri, verifier, now, provider.random());
    let issued = issued.map_err(|refusal| refused(provider, client, code, refusal))?;
    provider.count(|counters| counters.code_exchanges += 1);
    note(provider, client, &issued, EventKind::TokenIssued, "authorization_code");
    Ok(issued)
}

fn refresh(provider: &Provider, client: &Client, form: &Parameters) -> Result<Issued, OAuthError> {
    let token = form.one("refresh_token")?.ok_or_else(|| OAuthError::missing("refresh_token"))?;
    let narrower = match form.one("scope")? {
        None => None,
        Some(scope) => Some(scopes(provider, Some(scope))?),
    };
    let now = provider.now();
    let issued = provider.ledger().refresh(token, client.id, narrower, now, provider.random());
    let issued = issued.map_err(|refusal| refused(provider, client, token, refusal))?;
    provider.count(|counters| counters.refreshes += 1);
    note(provider, client, &issued, EventKind::TokenRefreshed, "refresh_token");
    Ok(issued)
}

fn serve_client(provider: &Provider, client: &Client, form: &Parameters) -> Result<Issued, OAuthError> {
    let scopes = scopes(provider, form.one("scope")?)?;
    let now = provider.now();
    let issued = provider.ledger().issue_to_client(client.id, scopes, now, provider.random());
    provider.count(|counters| counters.client_credentials += 1);
    note(provider, client, &issued, EventKind::TokenIssued, "client_credentials");
    Ok(issued)
}

fn scopes(provider: &Provider, text: Option<&str>) -> Result<Scopes, OAuthError> {
    Scopes::parse(text, &provider.settings.scopes).ok_or(OAuthError::InvalidScope("a scope is unknown"))
}

fn note(provider: &Provider, client: &Client, issued: &Issued, kind: EventKind, detail: &str) {
    let entry = Entry::of(kind).client(client.id).person(issued.person).token(issued.access.reveal()).detail(detail);
    provider.record(&entry);
}

fn refused(provider: &Provider, client: &Client, token: &str, refusal: Refusal) -> OAuthError {
    if refusal == Refusal::Reused {
        provider.count(|counters| counters.reuses += 1);
        let entry = Entry::of(EventKind::ReuseDetected).client(client.id).token(token);
        provider.record(&entry.detail("the whole grant is revoked"));
    }
    match refusal {
        Refusal::Unknown => OAuthError::InvalidGrant("unknown, or not issued to this client"),
        Refusal::Expired => OAuthError::InvalidGrant("expired"),
        Refusal::Reused => OAuthError::InvalidGrant("already used; everything issued for it is revoked"),
        Refusal::Revoked => OAuthError::InvalidGrant("revoked"),
        Refusal::WrongRedirect => OAuthError::InvalidGrant("redirect_uri is not that of the authorization request"),
        Refusal::WrongVerifier => OAuthError::InvalidGrant("code_verifier does not match the code_challenge"),
        Refusal::WiderScope => OAuthError::InvalidScope("a refresh cannot widen the scope"),
    }
}
