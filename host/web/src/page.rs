//! The pages that people see. Every text is escaped and is on one line without hidden characters, and no page runs a
//! script.

use askama::Template;
use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use innkeeper_shown::lines;
use sha2::{Digest as _, Sha256};

/// The content of a page.
#[derive(Clone, Debug, Template)]
#[template(path = "page.html")]
pub struct Page {
    /// The heading.
    pub title: String,
    /// What happened.
    pub text: String,
    /// What to do next.
    pub next: String,
    /// Whether it succeeded.
    pub tone: Tone,
    /// The label of the button, if there is one: it posts to the page's own address.
    pub button: Option<&'static str>,
}

/// The look of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Nothing went wrong.
    Good,
    /// Something went wrong.
    Bad,
}

impl Page {
    /// A page without a button.
    pub fn new(tone: Tone, title: impl Into<String>, text: impl Into<String>, next: impl Into<String>) -> Self {
        Self { title: title.into(), text: text.into(), next: next.into(), tone, button: None }
    }

    /// The page as an answer, with the policy that permits its own style and nothing else.
    pub fn respond(&self, status: StatusCode) -> Response {
        let html = lines(&self.render().unwrap_or_else(|_| self.title.clone()));
        let style = STANDARD.encode(Sha256::digest(STYLE));
        // Browsers apply a form's policy to the redirects that follow it, and where those lead depends on the
        // provider.
        let form = if self.button.is_some() { "" } else { "; form-action 'none'" };
        let policy =
            format!("default-src 'none'; style-src 'sha256-{style}'; frame-ancestors 'none'; base-uri 'none'{form}");
        let mut response = Response::new(Body::from(html));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        if let Ok(policy) = HeaderValue::try_from(policy) {
            headers.insert(header::CONTENT_SECURITY_POLICY, policy);
        }
        response
    }
}

impl Tone {
    fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Bad => "bad",
        }
    }
}

const STYLE: &str = include_str!("../templates/page.css");

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_text_on_a_page_breaks_no_line_and_hides_nothing() {
        let wicked = "</p><script>alert(1)</script>\"'& used.\n\nApproved\u{202e}\u{200b}\u{2028}\u{e0041}\x1b[2J";
        let page = Page::new(Tone::Bad, wicked, wicked, wicked);
        let body = axum::body::to_bytes(page.respond(StatusCode::OK).into_body(), usize::MAX).await.expect("a body");
        let html = String::from_utf8(body.to_vec()).expect("UTF-8");
        assert!(!html.contains("<script") && !html.contains("</p><"), "{html}");
        assert!(html.contains("alert(1)"), "{html}");
        for line in html.lines() {
            assert_eq!(innkeeper_shown::hidden(line).next(), None, "{line:?}");
        }
    }
}
