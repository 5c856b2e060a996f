//! The pages that people see. Every text is escaped, none comes from the authorization server, and no page runs a script.

use askama::Template;
use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use crate::problem::{Problem, Words};

const STYLE: &str = include_str!("../templates/page.css");

/// What is shown.
#[derive(Template)]
#[template(path = "page.html")]
pub(crate) struct Page {
    title: String,
    text: String,
    next: String,
    tone: &'static str,
    /// What the button says, where there is one: it posts to the page's own address.
    button: Option<&'static str>,
    style: &'static str,
}

impl Page {
    /// It worked.
    pub(crate) fn authorized(connection: &str) -> Self {
        Self {
            title: "Connected".to_owned(),
            text: format!(
                "{connection} can be used now. What you allowed stays with this service; no plug-in sees your password or a token."
            ),
            next: "You can close this window and go back to where you started.".to_owned(),
            ..Self::plain("good")
        }
    }

    pub(crate) fn problem(problem: Problem) -> Self {
        let Words { title, text, next } = problem.words();
        Self { title: title.to_owned(), text: text.to_owned(), next: next.to_owned(), ..Self::plain("bad") }
    }

    /// Something else went wrong.
    pub(crate) fn trouble(title: &str, text: String, next: &str) -> Self {
        Self { title: title.to_owned(), text, next: next.to_owned(), ..Self::plain("bad") }
    }

    /// Asks whoever holds a link whether it is theirs.
    pub(crate) fn ask(connection: &str, principal: Option<&str>) -> Self {
        let whom = principal.map(|principal| format!(" for the user {principal}")).unwrap_or_default();
        Self {
            title: format!("Connect {connection}?"),
            text: format!("You are about to sign in and give this service access to {connection}{whom}."),
            next: "Go on only if you asked for this link, or know who sent it and why. Otherwise close this window."
                .to_owned(),
            button: Some("Continue"),
            ..Self::plain("good")
        }
    }

    fn plain(tone: &'static str) -> Self {
        Self { title: String::new(), text: String::new(), next: String::new(), tone, button: None, style: STYLE }
    }
}

/// The page, with the policy that lets it have its own style and nothing else.
pub(crate) fn respond(status: StatusCode, page: &Page) -> Response {
    let html = page.render().unwrap_or_else(|_| page.title.clone());
    let style = STANDARD.encode(Sha256::digest(STYLE));
    // Browsers hold the redirects that follow a form to its policy, and where those end is the provider's affair.
    let form = if page.button.is_some() { "" } else { "; form-action 'none'" };
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_escapes_what_it_shows() {
        let wicked = "</p><script>alert(1)</script>\"'&";
        for page in [Page::authorized(wicked), Page::ask(wicked, Some(wicked))] {
            let html = page.render().expect("rendered");
            assert!(!html.contains("<script") && !html.contains("</p><"), "{html}");
            assert!(html.contains("alert(1)"), "{html}");
        }
    }
}
