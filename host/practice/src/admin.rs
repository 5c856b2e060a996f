//! `/practice/...`: inspection and switches. For programs and people on this machine, not for web pages.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{RawQuery, Request, State};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::header::{HOST, ORIGIN};
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use crate::parameters::Parameters;
use crate::people::PEOPLE;
use crate::provider::Provider;

/// The largest numbers that a switch accepts.
const MOST_REQUESTS: u64 = 100_000;
const LONGEST_WAIT: u64 = 24 * 3600;

/// Everything under `/practice`.
pub(crate) fn routes() -> Router<Arc<Provider>> {
    Router::new()
        .route("/events", get(events))
        .route("/counters", get(counters))
        .route("/clients", get(clients))
        .route("/expire", post(expire))
        .route("/reset", post(reset))
        .route("/rate-limit", post(rate_limit))
        .layer(from_fn(only_from_this_machine))
}

/// A web page open in a browser must not use the switches: neither across origins nor under its own name that it has
/// pointed at loopback.
async fn only_from_this_machine(request: Request, next: Next) -> Response {
    if is_from_this_machine(request.headers()) {
        next.run(request).await
    } else {
        let error = "this is for programs on this machine, not for web pages";
        (StatusCode::FORBIDDEN, Json(json!({ "error": error }))).into_response()
    }
}

fn is_from_this_machine(headers: &HeaderMap) -> bool {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = host
        .rsplit_once(':')
        .filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()))
        .map_or(host, |(name, _)| name);
    let ours = format!("http://{host}");
    let same_origin = headers.get(ORIGIN).is_none_or(|origin| origin.as_bytes() == ours.as_bytes());
    same_origin && ["127.0.0.1", "localhost", "[::1]"].contains(&name)
}

/// `GET /practice/events?after=<number>`: what happened, oldest first.
async fn events(State(provider): State<Arc<Provider>>, RawQuery(query): RawQuery) -> Result<Json<Value>, BadNumber> {
    let after = number(query.as_deref(), "after", 0, u64::MAX)?;
    let mut events = provider.journal().events();
    events.retain(|event| event.number > after);
    Ok(Json(json!({ "events": events })))
}

/// `GET /practice/counters`
async fn counters(State(provider): State<Arc<Provider>>) -> Json<Value> {
    Json(json!(provider.journal().counters))
}

/// `GET /practice/clients`: the clients, secrets included, and the users.
async fn clients(State(provider): State<Arc<Provider>>) -> Json<Value> {
    Json(json!({ "clients": provider.clients, "people": PEOPLE }))
}

/// `POST /practice/expire`: expires every access token.
async fn expire(State(provider): State<Arc<Provider>>) -> Json<Value> {
    Json(json!({ "expired": provider.expire_access_tokens() }))
}

/// `POST /practice/reset`: deletes everything.
async fn reset(State(provider): State<Arc<Provider>>) -> Json<Value> {
    provider.reset();
    Json(json!({ "reset": true }))
}

/// `POST /practice/rate-limit?requests=1&retry_after=1`: the next requests to the API are answered 429.
async fn rate_limit(
    State(provider): State<Arc<Provider>>,
    RawQuery(query): RawQuery,
) -> Result<Json<Value>, BadNumber> {
    let requests = number(query.as_deref(), "requests", 1, MOST_REQUESTS)?;
    let retry_after = number(query.as_deref(), "retry_after", 1, LONGEST_WAIT)?;
    provider.rate_limit(requests, Duration::from_secs(retry_after));
    Ok(Json(json!({ "requests": requests, "retry_after": retry_after })))
}

/// A query parameter that is not a number, or is too large.
struct BadNumber {
    name: &'static str,
    most: u64,
}

impl IntoResponse for BadNumber {
    fn into_response(self) -> Response {
        let error = format!("{} must be a whole number up to {}", self.name, self.most);
        (StatusCode::BAD_REQUEST, Json(json!({ "error": error }))).into_response()
    }
}

fn number(query: Option<&str>, name: &'static str, absent: u64, most: u64) -> Result<u64, BadNumber> {
    match Parameters::parse(query.unwrap_or_default().as_bytes()).first(name) {
        None => Ok(absent),
        Some(text) => text.parse().ok().filter(|number| *number <= most).ok_or(BadNumber { name, most }),
    }
}
