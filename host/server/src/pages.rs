//! The pages that people see. Every text is escaped, stands on one line with nothing hidden in it, none comes from the authorization server, and no page runs a script.

use askama::Template;
use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use innkeeper_shown::{OneLine, address, lines};
use sha2::{Digest as _, Sha256};
use url::Url;

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
                "{} can be used now. What you allowed stays with this service; no plug-in sees your password or a token.",
                name(connection)
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

    /// Asks whoever holds a link whether it is theirs, and says where it leads.
    pub(crate) fn ask(connection: &str, principal: Option<&str>, consent: &Url) -> Self {
        let whom = principal.map(|principal| format!(" for the user {}", name(principal))).unwrap_or_default();
        let connection = name(connection);
        Self {
            title: format!("Connect {connection}?"),
            text: format!(
                "You are about to sign in and give this service access to {connection}{whom}. You sign in at: {}",
                address(consent.as_str())
            ),
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

/// A name that a person or a connector chose.
fn name(text: &str) -> OneLine<&str> {
    OneLine::new(text).at_most(LONGEST_NAME)
}

/// In characters.
const LONGEST_NAME: usize = 200;

/// The page, with the policy that lets it have its own style and nothing else.
pub(crate) fn respond(status: StatusCode, page: &Page) -> Response {
    let html = lines(&page.render().unwrap_or_else(|_| page.title.clone()));
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

    fn provider() -> Url {
        "https://pаypal.com:8443/authorize".parse().expect("an address")
    }

    #[test]
    fn a_user_is_told_where_they_are_sent_before_they_go() {
        let page = Page::ask("Drive", None, &provider());
        for words in ["You sign in at: https://xn--pypal-4ve.com:8443/authorize (warning", "looks like \"paypal.com\""]
        {
            assert!(page.text.contains(words), "{}", page.text);
        }
    }

    #[test]
    fn a_page_escapes_what_it_shows() {
        let wicked = "</p><script>alert(1)</script>\"'&";
        for page in [Page::authorized(wicked), Page::ask(wicked, Some(wicked), &provider())] {
            let html = page.render().expect("rendered");
            assert!(!html.contains("<script") && !html.contains("</p><"), "{html}");
            assert!(html.contains("alert(1)"), "{html}");
        }
    }

    #[tokio::test]
    async fn a_name_on_a_page_breaks_no_line_and_hides_nothing() {
        let wicked = "Drive can be used now.\n\nApproved by the owner\u{202e}\u{200b}\u{2028}\u{e0041}\x1b[2J";
        let asking = Page::ask(wicked, Some(wicked), &provider());
        for page in [Page::authorized(wicked), asking, Page::trouble(wicked, wicked.to_owned(), wicked)] {
            let body =
                axum::body::to_bytes(respond(StatusCode::OK, &page).into_body(), usize::MAX).await.expect("a body");
            let html = String::from_utf8(body.to_vec()).expect("UTF-8");
            for line in html.lines() {
                assert_eq!(innkeeper_shown::hidden(line).next(), None, "{line:?}");
            }
        }
        let html = Page::authorized(wicked).render().expect("rendered");
        assert!(html.contains(r"\n\nApproved by the owner\u{202e}"), "{html}");
    }
}
