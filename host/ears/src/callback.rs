//! `GET v1/{provider}/oauth/callback`: the provider sends the browser back, and it is redirected to the caller with a
//! sealed code.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::http::header;
use axum::response::Response;
use innkeeper_auth::authorization_error;
use secrecy::ExposeSecret as _;

use crate::browser::{admitted, digest, finish, parameters, to_caller};
use crate::client_address;
use crate::rejection::Rejection;
use crate::sealed::Code;
use crate::service::{Inner, Provider};

/// The longest code of a provider, in bytes: it is passed on in an address.
const LONGEST_CODE: usize = 2048;

pub(crate) async fn take(State(service): State<Arc<Inner>>, Path(name): Path<String>, request: Request) -> Response {
    let caller = client_address::of(request.extensions(), request.headers(), &service.trusted_proxies);
    let mut clear = None;
    let taken = admitted(&service, &name, caller).and_then(|provider| {
        let given = parameters(&request)?;
        clear = given.get("state").and_then(|state| service.cookies.clear(state));
        go_on(&service, provider, &request, given)
    });
    let mut response = finish(&service, &name, taken);
    // A flow that another browser tried continues in the browser that began it.
    if let Some(cookie) = clear.filter(|_| response.status().is_redirection()) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}

fn go_on(
    service: &Inner,
    provider: &Provider,
    request: &Request,
    mut given: HashMap<String, String>,
) -> Result<(Response, &'static str), Rejection> {
    let own_state = given.remove("state").unwrap_or_default();
    let flow = service.seals.open_flow(&provider.name, &own_state).map_err(Rejection::Unusable)?;
    // The provider's answer for one browser is refused in another: no one can be signed in for another person.
    let session = service.cookies.read(request.headers(), &own_state);
    if session.is_none_or(|session| digest(session.expose_secret()) != flow.session) {
        return Err(Rejection::OtherBrowser);
    }
    if !provider.client.is_issuer(given.get("iss").map(String::as_str)) {
        return Err(Rejection::OtherIssuer);
    }
    // It was admitted when the flow began; the registered callbacks may have changed since.
    let callback = service.callbacks.admit(&flow.callback).ok_or(Rejection::Callback)?;
    let state = flow.state.as_str();
    if let Some(error) = given.get("error") {
        let known = authorization_error(error).unwrap_or("server_error");
        return Ok((to_caller(service, callback, &[("error", known), ("state", state)]), known));
    }
    let Some(code) = given.remove("code").filter(|code| (1..=LONGEST_CODE).contains(&code.len())) else {
        return Ok((to_caller(service, callback, &[("error", "server_error"), ("state", state)]), "no_code"));
    };
    let sealed = Code { issued: code, verifier: flow.verifier.clone(), challenge: flow.challenge.clone() };
    let sealed = service.seals.code(&provider.name, &sealed)?;
    Ok((to_caller(service, callback, &[("code", &sealed), ("state", state)]), "ok"))
}
