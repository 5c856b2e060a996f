//! A log line and a count for each request, without any query, body or header.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{Request, State};
use axum::http::Uri;
use axum::middleware::Next;
use axum::response::Response;

use crate::client_address;
use crate::service::Inner;

/// What a handler records about a request, as an extension of its answer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    /// The provider, if it is a configured one.
    pub(crate) provider: Option<Arc<str>>,
    /// One word.
    pub(crate) outcome: &'static str,
    /// How long the provider took.
    pub(crate) provider_time: Duration,
}

impl Seen {
    pub(crate) fn on(self, mut response: Response) -> Response {
        response.extensions_mut().insert(self);
        response
    }
}

pub(crate) async fn observe(State(service): State<Arc<Inner>>, request: Request, next: Next) -> Response {
    let watch = now();
    let endpoint = endpoint(request.uri());
    let caller = client_address::of(request.extensions(), request.headers(), &service.trusted_proxies);
    let response = next.run(request).await;
    let whole = watch.elapsed();
    let unseen = Seen { outcome: if response.status().is_success() { "ok" } else { "not_found" }, ..Seen::default() };
    let seen = response.extensions().get::<Seen>().unwrap_or(&unseen);
    service.metrics.count(endpoint, seen, whole);
    let own = whole.saturating_sub(seen.provider_time);
    tracing::info!(
        provider = seen.provider.as_deref().unwrap_or("unknown"),
        endpoint,
        outcome = seen.outcome,
        status = response.status().as_u16(),
        %caller,
        own_us = u64::try_from(own.as_micros()).unwrap_or(u64::MAX),
        provider_us = u64::try_from(seen.provider_time.as_micros()).unwrap_or(u64::MAX),
        "answered"
    );
    response
}

/// The last part of the address, if it is one of our routes.
fn endpoint(uri: &Uri) -> &'static str {
    let last = uri.path().rsplit('/').next();
    ["authorize", "callback", "token", "refresh", "revoke"]
        .into_iter()
        .find(|known| last == Some(known))
        .unwrap_or("other")
}

#[expect(clippy::disallowed_methods, reason = "what a request takes is measured, no expiry hangs on it")]
pub(crate) fn now() -> Instant {
    Instant::now()
}
