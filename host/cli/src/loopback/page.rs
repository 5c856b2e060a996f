//! The page that the browser ends on.

use askama::Template;
use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

const STYLE: &str = include_str!("../../templates/callback.css");

/// What is shown. Every text is escaped, and none comes from the authorization server.
#[derive(Template)]
#[template(path = "callback.html")]
pub(super) struct Page {
    title: String,
    text: String,
    next: &'static str,
    tone: &'static str,
    style: &'static str,
    #[template(skip)]
    ignored: bool,
}

impl Page {
    pub(super) fn authorized(connection: &str) -> Self {
        Self {
            title: "Authorized".to_owned(),
            text: format!(
                "The connection {connection} can be used now. Its tokens stay with the host; no connector sees them."
            ),
            next: "You can close this window and go back to the terminal.",
            tone: "good",
            style: STYLE,
            ignored: false,
        }
    }

    pub(super) fn failed(reason: &str) -> Self {
        Self {
            ignored: false,
            ..Self::bad("Not authorized", reason, "The terminal says what to do. You can close this window.")
        }
    }

    pub(super) fn ignored(reason: &str) -> Self {
        Self::bad(
            "Nothing was changed",
            reason,
            "If you were authorizing a connection, go on from the newest link in the terminal.",
        )
    }

    pub(super) fn nothing_here() -> Self {
        let text = "This address only takes browsers back from an authorization server.";
        Self::bad("There is nothing here", text, "You can close this window.")
    }

    fn bad(title: &str, text: &str, next: &'static str) -> Self {
        Self { title: title.to_owned(), text: sentence(text), next, tone: "bad", style: STYLE, ignored: true }
    }

    pub(super) fn is_good(&self) -> bool {
        self.tone == "good"
    }

    /// Whether the callback changed nothing.
    pub(super) fn is_ignored(&self) -> bool {
        self.ignored
    }

    pub(super) fn text(&self) -> &str {
        self.text.trim_end_matches('.')
    }
}

/// With a capital letter and a full stop.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    let stop = if text.ends_with('.') { "" } else { "." };
    format!("{first}{}{stop}", letters.as_str())
}

/// The page is kept by nobody, sends its address (which holds the code) nowhere, runs nothing, and stands in no frame.
pub(super) fn respond(status: StatusCode, page: &Page) -> Response {
    let html = page.render().unwrap_or_else(|_| page.title.clone());
    let style = STANDARD.encode(Sha256::digest(STYLE));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{style}'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    );
    let mut response = Response::new(Body::from(html));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    if let Ok(policy) = HeaderValue::try_from(policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_escapes_what_it_shows_and_is_closed_to_everybody_else() {
        let response = respond(StatusCode::OK, &Page::authorized("<script>alert(1)</script>"));
        let html = Page::authorized("<script>alert(1)</script>").render().expect("rendered");
        assert!(!html.contains("<script"), "{html}");
        let header = |name| response.headers()[name].to_str().expect("text").to_owned();
        assert_eq!(header(header::CACHE_CONTROL), "no-store");
        assert_eq!(header(header::REFERRER_POLICY), "no-referrer");
        let policy = header(header::CONTENT_SECURITY_POLICY);
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
    }

    #[test]
    fn a_reason_reads_as_a_sentence() {
        assert_eq!(Page::failed("access was denied").text, "Access was denied.");
    }
}
