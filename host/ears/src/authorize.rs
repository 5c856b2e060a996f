//! `GET v1/{provider}/oauth/authorize`: a host sends a user here, and the user goes on to the provider.

use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::http::header;
use axum::response::Response;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use innkeeper_auth::{ConsentRequest, SessionSecret};
use sha2::{Digest as _, Sha256};

use crate::browser::{admitted, digest, finish, found, parameters, to_caller};
use crate::client_address;
use crate::sealed::Flow;
use crate::service::{Inner, Provider};
use crate::trouble::Trouble;

pub(crate) async fn open(State(service): State<Arc<Inner>>, Path(name): Path<String>, request: Request) -> Response {
    let caller = client_address::of(request.extensions(), request.headers(), &service.trusted_proxies);
    finish(&service, &name, admitted(&service, &name, caller).and_then(|provider| begin(&service, provider, &request)))
}

fn begin(service: &Inner, provider: &Provider, request: &Request) -> Result<(Response, &'static str), Trouble> {
    let mut given = parameters(request)?;
    let callback = given.remove("callback_uri").filter(|text| text.len() <= LONGEST_CALLBACK);
    let callback = callback.and_then(|text| service.callbacks.admit(&text)).ok_or(Trouble::Callback)?;
    let state = given.remove("state").unwrap_or_default();
    if state.is_empty() || state.len() > LONGEST_STATE {
        return Err(Trouble::Invalid("`state` must have 1 to 512 characters"));
    }
    // From here on the caller can be told.
    let refuse = |code| Ok((to_caller(service, callback.clone(), &[("error", code), ("state", &state)]), code));
    let challenge = given.remove("pkce_challenge").unwrap_or_default();
    let is_digest = challenge.len() == CHALLENGE && BASE64_URL_SAFE_NO_PAD.decode(&challenge).is_ok();
    if !is_digest || given.get("pkce_method").map(String::as_str) != Some("S256") {
        return refuse("invalid_request");
    }
    let scope = given.remove("scope").filter(|scope| !scope.trim().is_empty());
    if scope.as_deref().is_some_and(|scope| !may_ask(provider, scope)) {
        return refuse("invalid_scope");
    }
    let session = SessionSecret::random(&*service.random);
    let verifier = BASE64_URL_SAFE_NO_PAD.encode(service.random.bytes::<48>());
    let own_challenge = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
    let flow = Flow { callback: callback.to_string(), state, challenge, verifier, session: digest(session.expose()) };
    let own_state = service.seals.flow(&provider.name, &flow)?;
    let to = provider.client.authorization_url(&ConsentRequest {
        redirect_uri: &provider.redirect_uri,
        state: &own_state,
        challenge: &own_challenge,
        scope: scope.as_deref(),
    });
    let mut response = found(&to);
    if let Some(cookie) = service.cookies.set(&own_state, session.expose()) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    Ok((response, "ok"))
}

/// RFC 6749, section 3.3, and what the operator allows.
fn may_ask(provider: &Provider, scope: &str) -> bool {
    let fits = |byte: u8| (byte.is_ascii_graphic() && byte != b'"' && byte != b'\\') || byte == b' ';
    let listed = |word: &str| provider.scopes.is_empty() || provider.scopes.iter().any(|scope| scope == word);
    scope.len() <= LONGEST_SCOPE && scope.bytes().all(fits) && scope.split_whitespace().all(listed)
}

/// The caller's state comes back in an address, sealed: it must leave room there.
const LONGEST_STATE: usize = 512;
const LONGEST_SCOPE: usize = 2048;
const LONGEST_CALLBACK: usize = 1024;
/// BASE64URL(SHA-256), RFC 7636, section 4.2.
const CHALLENGE: usize = 43;
