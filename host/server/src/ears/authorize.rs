//! `GET v1/{provider}/oauth/authorize`: a host sends a user here, and the user goes on to the provider.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use innkeeper_auth::{ConsentRequest, SessionSecret};
use innkeeper_vault::VaultError;
use sha2::{Digest as _, Sha256};
use url::{Url, form_urlencoded};

use super::limits::Kind;
use super::observe::Seen;
use super::sealed::{Flow, Unusable};
use super::service::{Inner, Provider};
use super::{client_address, json};
use crate::pages::{self, Page};

/// The caller's state comes back in an address, sealed: it must leave room there.
const LONGEST_STATE: usize = 512;
const LONGEST_SCOPE: usize = 2048;
const LONGEST_CALLBACK: usize = 1024;
/// BASE64URL(SHA-256), RFC 7636, section 4.2.
const CHALLENGE: usize = 43;

/// Why a browser is not sent on. Words are ours alone: a page never shows what came in an address.
#[derive(Debug)]
pub(super) enum Trouble {
    UnknownProvider(String),
    /// Without a callback that is registered there is nowhere to send an error to.
    Callback,
    Repeated,
    Invalid(&'static str),
    OtherBrowser,
    Unusable(Unusable),
    OtherIssuer,
    TooMany(Duration),
    Host(VaultError),
}

impl From<VaultError> for Trouble {
    fn from(error: VaultError) -> Self {
        Self::Host(error)
    }
}

/// The parameters, each once (RFC 6749, section 3.1).
pub(super) fn parameters(request: &Request) -> Result<HashMap<String, String>, Trouble> {
    let mut parameters = HashMap::new();
    for (name, value) in form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes()) {
        if parameters.insert(name.into_owned(), value.into_owned()).is_some() {
            return Err(Trouble::Repeated);
        }
    }
    Ok(parameters)
}

/// The provider of this name, for a caller who does not ask too often.
pub(super) fn admitted<'s>(service: &'s Inner, name: &str, caller: IpAddr) -> Result<&'s Provider, Trouble> {
    let unknown = || {
        let known: Vec<_> = service.providers.iter().map(|provider| &*provider.name).collect();
        Trouble::UnknownProvider(known.join(", "))
    };
    let (place, provider) = service.provider(name).ok_or_else(unknown)?;
    service.limiter.count(Kind::Consent, place, caller).map_err(Trouble::TooMany)?;
    Ok(provider)
}

pub(super) async fn open(State(service): State<Arc<Inner>>, Path(name): Path<String>, request: Request) -> Response {
    let caller = client_address::of(request.extensions(), request.headers(), &service.trusted_proxies);
    finish(&service, &name, admitted(&service, &name, caller).and_then(|provider| begin(&service, provider, &request)))
}

/// The answer, with what is told of the request.
pub(super) fn finish(service: &Inner, name: &str, outcome: Result<(Response, &'static str), Trouble>) -> Response {
    let provider = service.provider(name).map(|(_, provider)| provider.name.clone());
    let (response, outcome) = match outcome {
        Ok((response, outcome)) => (response, outcome),
        Err(trouble) => (trouble.page(), trouble.outcome()),
    };
    match provider {
        Some(provider) => json::seen(&provider, outcome, Duration::ZERO).on(response),
        None => Seen { outcome, ..Seen::default() }.on(response),
    }
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
    let flow = Flow { callback: callback.to_string(), state, challenge, verifier, session: digest(&session) };
    let own_state = service.seals.flow(&provider.name, &flow)?;
    let to = provider.client.authorization_url(&ConsentRequest {
        redirect_uri: &provider.redirect_uri,
        state: &own_state,
        challenge: &own_challenge,
        scope: scope.as_deref(),
    });
    let mut response = redirect(&to);
    if let Some(cookie) = service.cookies.set(&own_state, &session) {
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

/// What is sealed of a browser's session.
pub(super) fn digest(session: &SessionSecret) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(session.expose().as_bytes()))
}

/// Back to the caller, who is told which service this is (RFC 9207).
pub(super) fn to_caller(service: &Inner, mut callback: Url, parameters: &[(&str, &str)]) -> Response {
    callback.query_pairs_mut().extend_pairs(parameters).append_pair("iss", &service.name);
    redirect(&callback)
}

/// 302: what the reference answers, and every browser follows with GET.
fn redirect(to: &Url) -> Response {
    let mut headers = HeaderMap::new();
    if let Ok(mut location) = HeaderValue::try_from(to.as_str()) {
        location.set_sensitive(true);
        headers.insert(header::LOCATION, location);
    }
    (StatusCode::FOUND, headers).into_response()
}

impl Trouble {
    fn outcome(&self) -> &'static str {
        match self {
            Self::UnknownProvider(_) => "unknown_provider",
            Self::Callback => "unregistered_callback",
            Self::Repeated | Self::Invalid(_) => "invalid_request",
            Self::OtherBrowser => "other_browser",
            Self::Unusable(Unusable::Foreign) => "unknown_state",
            Self::Unusable(Unusable::Expired) => "expired",
            Self::OtherIssuer => "other_issuer",
            Self::TooMany(_) => "too_many_requests",
            Self::Host(_) => "internal",
        }
    }

    fn page(&self) -> Response {
        const AGAIN: &str = "Go back to where you started, and begin again.";
        const TELL: &str = "Tell whoever runs the service that sent you here.";
        let (status, title, text, next) = match self {
            Self::UnknownProvider(known) => {
                let text = format!("This service is not set up for that provider. It is for {known}.");
                return page(StatusCode::NOT_FOUND, "Unknown provider", text, TELL);
            }
            Self::Callback => (
                StatusCode::BAD_REQUEST,
                "Unknown destination",
                "The address that the result should go to is not registered here, so nothing was begun.",
                "Tell whoever runs this service: the callback address of yours has to be registered.",
            ),
            Self::Repeated => {
                (StatusCode::BAD_REQUEST, "Not a valid request", "The address names a parameter twice.", TELL)
            }
            Self::Invalid(text) => (StatusCode::BAD_REQUEST, "Not a valid request", *text, TELL),
            Self::OtherBrowser => (
                StatusCode::FORBIDDEN,
                "Begun in another browser",
                "This sign-in was begun in another browser, or this one keeps no cookies.",
                AGAIN,
            ),
            Self::Unusable(Unusable::Foreign) => (
                StatusCode::BAD_REQUEST,
                "Unknown sign-in",
                "This sign-in was not begun here, or its address was cut off.",
                AGAIN,
            ),
            Self::Unusable(Unusable::Expired) => {
                (StatusCode::BAD_REQUEST, "Too late", "This sign-in took more than ten minutes.", AGAIN)
            }
            Self::OtherIssuer => (
                StatusCode::BAD_REQUEST,
                "Another provider answered",
                "The answer comes from another provider than the one you were sent to.",
                "Begin again, and tell whoever runs this service if it happens again.",
            ),
            Self::TooMany(_) => (
                StatusCode::TOO_MANY_REQUESTS,
                "Too many sign-ins",
                "There were too many sign-ins from your address within a short time.",
                "Try again in some minutes.",
            ),
            Self::Host(error) => {
                tracing::error!(%error, "a flow cannot be sealed");
                (StatusCode::INTERNAL_SERVER_ERROR, "This service failed", "It could not begin the sign-in.", TELL)
            }
        };
        let mut response = page(status, title, text.to_owned(), next);
        if let Self::TooMany(wait) = self
            && let Ok(seconds) = HeaderValue::try_from(wait.as_millis().div_ceil(1000).max(1).to_string())
        {
            response.headers_mut().insert(header::RETRY_AFTER, seconds);
        }
        response
    }
}

fn page(status: StatusCode, title: &str, text: String, next: &str) -> Response {
    pages::respond(status, &Page::trouble(title, text, next))
}
