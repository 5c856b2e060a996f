//! Access to the API, and recording it.

use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, HeaderValue};
use http::{HeaderMap, StatusCode, Uri};

use super::error::ApiError;
use crate::journal::{Entry, EventKind};
use crate::ledger::Bearer;
use crate::parameters::Parameters;
use crate::people::{Person, SERVICE_PERSON, person};
use crate::provider::Provider;
use crate::scopes;

/// The access that a request requires.
#[derive(Clone, Copy)]
pub(crate) enum Need {
    Metadata,
    Content,
}

/// A request whose token was checked.
pub(crate) struct Visit<'a> {
    pub(crate) provider: &'a Provider,
    pub(crate) person: &'static Person,
    pub(crate) parameters: Parameters,
}

/// Checks the token, answers with `handle`, and records the request: its path and status, never its query.
pub(crate) fn admitted(
    provider: &Provider,
    headers: &HeaderMap,
    uri: &Uri,
    need: impl FnOnce(&Parameters) -> Need,
    handle: impl FnOnce(&Visit<'_>) -> Result<Response, ApiError>,
) -> Response {
    provider.count(|counters| counters.api_requests += 1);
    let parameters = Parameters::parse(uri.query().unwrap_or_default().as_bytes());
    let bearer = admit(provider, headers, need(&parameters));
    let (client, sub) = bearer.as_ref().map_or((None, None), |bearer| (Some(bearer.client), bearer.person));
    let answer = bearer.and_then(|bearer| {
        let person = bearer.person.and_then(person).unwrap_or(&SERVICE_PERSON);
        handle(&Visit { provider, person, parameters })
    });
    let (kind, summary) = match &answer {
        Ok(response) => (EventKind::ApiAnswered, response.status().as_u16().to_string()),
        Err(error) => (refusal_kind(provider, error.status), error.summary()),
    };
    let detail = format!("{summary} {}", uri.path());
    provider.record(&Entry { client, ..Entry::of(kind).person(sub).detail(&detail) });
    let mut response = answer.unwrap_or_else(IntoResponse::into_response);
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    response
}

fn admit(provider: &Provider, headers: &HeaderMap, need: Need) -> Result<Bearer, ApiError> {
    let bearer = provider.bearer(headers).map_err(|_| ApiError::invalid_token())?;
    let bearer = bearer.ok_or_else(ApiError::login_required)?;
    if let Some(retry_after) = provider.throttled() {
        return Err(ApiError::rate_limited(retry_after));
    }
    let enough = match need {
        Need::Metadata => bearer.scopes.hold_one_of(&[scopes::READ, scopes::READ_METADATA, scopes::FULL]),
        Need::Content => bearer.scopes.hold_one_of(&[scopes::READ, scopes::FULL]),
    };
    enough.then_some(bearer).ok_or_else(ApiError::insufficient_scope)
}

fn refusal_kind(provider: &Provider, status: StatusCode) -> EventKind {
    match status {
        StatusCode::UNAUTHORIZED => provider.count(|counters| counters.api_unauthorized += 1),
        StatusCode::TOO_MANY_REQUESTS => provider.count(|counters| counters.api_rate_limited += 1),
        StatusCode::FORBIDDEN => {}
        _ => return EventKind::ApiAnswered,
    }
    EventKind::ApiRefused
}
