//! Requests from browsers, and the answers to them.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::Response;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use innkeeper_address::RedirectUri;
use innkeeper_web::redirect;
use sha2::{Digest as _, Sha256};
use url::{Url, form_urlencoded};

use crate::json;
use crate::limits::Kind;
use crate::observe::Seen;
use crate::rejection::Rejection;
use crate::service::{Inner, Provider};

/// The parameters, each once (RFC 6749, section 3.1).
pub(crate) fn parameters(request: &Request) -> Result<HashMap<String, String>, Rejection> {
    let mut parameters = HashMap::new();
    for (name, value) in form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes()) {
        if parameters.insert(name.into_owned(), value.into_owned()).is_some() {
            return Err(Rejection::Repeated);
        }
    }
    Ok(parameters)
}

/// The provider of this name, if the caller is within its rate limit.
pub(crate) fn admitted<'s>(service: &'s Inner, name: &str, caller: IpAddr) -> Result<&'s Provider, Rejection> {
    let unknown = || {
        let known: Vec<_> = service.providers.iter().map(|provider| &*provider.name).collect();
        Rejection::UnknownProvider(known.join(", "))
    };
    let (place, provider) = service.provider(name).ok_or_else(unknown)?;
    service.limiter.count(Kind::Consent, place, caller).map_err(Rejection::TooMany)?;
    Ok(provider)
}

/// The answer, with what is logged and counted about the request.
pub(crate) fn finish(service: &Inner, name: &str, outcome: Result<(Response, &'static str), Rejection>) -> Response {
    let provider = service.provider(name).map(|(_, provider)| provider.name.clone());
    let (response, outcome) = match outcome {
        Ok((response, outcome)) => (response, outcome),
        Err(rejection) => (rejection.page(), rejection.outcome()),
    };
    match provider {
        Some(provider) => json::seen(&provider, outcome, Duration::ZERO).on(response),
        None => Seen { outcome, ..Seen::default() }.on(response),
    }
}

/// The digest of a browser's session that is sealed.
pub(crate) fn digest(session: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(session.as_bytes()))
}

/// Redirects to the caller, with the issuer of this service (RFC 9207).
pub(crate) fn to_caller(service: &Inner, callback: RedirectUri, parameters: &[(&str, &str)]) -> Response {
    let mut callback = callback.into_url();
    callback.query_pairs_mut().extend_pairs(parameters).append_pair("iss", &service.name);
    found(&callback)
}

/// 302: what the RFC's examples use, and every browser follows with GET.
pub(crate) fn found(to: &Url) -> Response {
    redirect(StatusCode::FOUND, to)
}
