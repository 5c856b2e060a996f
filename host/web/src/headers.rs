//! Headers of every answer, and the host check of requests.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use innkeeper_address::is_loopback;
use url::Url;

/// Adds missing headers to an answer: it is not stored, its address (which may contain a code or a token) is not sent
/// to other sites, it runs no script, and it is not shown in a frame.
pub async fn seal(mut response: Response) -> Response {
    for (name, value) in ALWAYS {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

/// Whether a request to a service at `public_url` names that service as its host. Another name for an address on
/// loopback means a web page that has pointed its own name here. Elsewhere, a proxy may have rewritten the name, and
/// TLS has already verified the server's name.
pub fn is_addressed(public_url: &Url, headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let port = public_url.port_or_known_default().unwrap_or(80);
    !is_loopback(public_url) || host == public_url.authority() || host == format!("localhost:{port}")
}

/// A redirect whose address is kept out of logs: it may contain a state, a code or a token.
pub fn redirect(status: StatusCode, to: &Url) -> Response {
    let mut response = status.into_response();
    // An address is visible ASCII.
    if let Ok(mut location) = HeaderValue::try_from(to.as_str()) {
        location.set_sensitive(true);
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

/// The value of `Retry-After` (RFC 9110, section 10.2.3): whole seconds, rounded up, at least 1.
pub fn retry_after(wait: Duration) -> HeaderValue {
    let seconds = wait.as_millis().div_ceil(1000).max(1);
    HeaderValue::from(u64::try_from(seconds).unwrap_or(u64::MAX))
}

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

    #[test]
    fn whoever_has_to_wait_is_never_told_to_come_too_early() {
        for (wait, said) in [(0, "1"), (1, "1"), (1000, "1"), (1001, "2"), (75_000, "75")] {
            assert_eq!(retry_after(Duration::from_millis(wait)), said, "{wait} ms");
        }
    }
}
