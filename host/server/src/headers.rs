//! What every answer says to the browser, and whom it is given to.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use innkeeper_auth::is_loopback;
use url::Url;

use crate::problem::Problem;
use crate::site::Site;

/// Kept by nobody, its address (which may hold a code or a token) sent nowhere, no script, no frame.
const ALWAYS: [(HeaderName, &str); 5] = [
    (header::CACHE_CONTROL, "no-store"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    ),
];

/// Adds what is not there yet.
pub(crate) async fn seal(mut response: Response) -> Response {
    for (name, value) in ALWAYS {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

/// Refuses requests that name another host, where the pages are on loopback.
pub(crate) async fn check_host(State(site): State<Arc<Site>>, request: Request, next: Next) -> Response {
    if is_addressed(&site.pages, request.headers()) {
        return next.run(request).await;
    }
    Problem::OtherHost.into_response()
}

/// Another name for an address on loopback is a web page that has pointed its own name here. Elsewhere a proxy may have
/// rewritten the name, and TLS has settled whom the browser speaks to.
pub(crate) fn is_addressed(pages: &Url, headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let port = pages.port_or_known_default().unwrap_or(80);
    !is_loopback(pages) || host == pages.authority() || host == format!("localhost:{port}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_was_pointed_at_loopback_is_not_served() {
        let addressed = |pages: &str, host: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, host.parse().expect("a header"));
            is_addressed(&Url::parse(pages).expect("an address"), &headers)
        };
        let pages = "http://127.0.0.1:4780/";
        assert!(addressed(pages, "127.0.0.1:4780") && addressed(pages, "localhost:4780"));
        for host in ["evil.example:4780", "127.0.0.1", "127.0.0.1:4781", "127.0.0.1.evil.example:4780", ""] {
            assert!(!addressed(pages, host), "{host}");
        }
        assert!(addressed("https://my.service/", "internal:8080"), "behind a proxy");
    }
}
