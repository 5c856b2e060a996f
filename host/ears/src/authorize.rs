//! `GET v1/{provider}/oauth/authorize`: a host sends a user here, who is redirected to the provider.

use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::http::header;
use axum::response::Response;
use innkeeper_auth::{ConsentRequest, FlowState, PkceChallenge, PkceVerifier, Scope, SessionSecret};

use crate::browser::{admitted, digest, finish, found, parameters, to_caller};
use crate::client_address;
use crate::rejection::Rejection;
use crate::sealed::Flow;
use crate::service::{Inner, Provider};

pub(crate) async fn open(State(service): State<Arc<Inner>>, Path(name): Path<String>, request: Request) -> Response {
    let caller = client_address::of(request.extensions(), request.headers(), &service.trusted_proxies);
    finish(&service, &name, admitted(&service, &name, caller).and_then(|provider| begin(&service, provider, &request)))
}

fn begin(service: &Inner, provider: &Provider, request: &Request) -> Result<(Response, &'static str), Rejection> {
    let mut given = parameters(request)?;
    let callback = given.remove("callback_uri").filter(|text| text.len() <= LONGEST_CALLBACK);
    let callback = callback.and_then(|text| service.callbacks.admit(&text)).ok_or(Rejection::Callback)?;
    let state = given.remove("state").unwrap_or_default();
    if state.is_empty() || state.len() > LONGEST_STATE {
        return Err(Rejection::Invalid("`state` must have 1 to 512 characters"));
    }
    // From here on, errors can be reported to the caller.
    let refuse = |code| Ok((to_caller(service, callback.clone(), &[("error", code), ("state", &state)]), code));
    let challenge = given.remove("pkce_challenge").and_then(|text| text.parse::<PkceChallenge>().ok());
    let by_digest = given.get("pkce_method").map(String::as_str) == Some("S256");
    let Some(challenge) = challenge.filter(|_| by_digest) else {
        return refuse("invalid_request");
    };
    let scope = given.remove("scope").filter(|scope| !scope.trim().is_empty());
    let Ok(scope) = scope.map(|scope| allowed(provider, &scope).ok_or(())).transpose() else {
        return refuse("invalid_scope");
    };
    let session = SessionSecret::random(&*service.random);
    let verifier = PkceVerifier::random(&*service.random);
    let flow = Flow {
        callback: callback.to_string(),
        state,
        challenge: challenge.as_str().to_owned(),
        verifier: verifier.expose().to_owned(),
        session: digest(session.expose()),
    };
    let own_state = FlowState::from(service.seals.flow(&provider.name, &flow)?);
    let to = provider.client.authorization_url(&ConsentRequest {
        redirect_uri: &provider.redirect_uri,
        state: &own_state,
        challenge: &verifier.challenge(),
        scope: scope.as_ref(),
    });
    let mut response = found(&to);
    if let Some(cookie) = service.cookies.set(own_state.expose(), session.expose()) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    Ok((response, "ok"))
}

/// The scope, if the operator allows all of it.
fn allowed(provider: &Provider, scope: &str) -> Option<Scope> {
    let listed = |word: &str| provider.scopes.is_empty() || provider.scopes.iter().any(|scope| scope == word);
    let scope = scope.parse::<Scope>().ok().filter(|scope| scope.as_str().len() <= LONGEST_SCOPE)?;
    let all = scope.words().all(listed);
    all.then_some(scope)
}

/// The caller's state comes back sealed in an address: it must leave room there.
const LONGEST_STATE: usize = 512;
const LONGEST_SCOPE: usize = 2048;
const LONGEST_CALLBACK: usize = 1024;
