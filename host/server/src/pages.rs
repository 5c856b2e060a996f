//! The texts of the pages. Nothing on them comes from the authorization server.

use innkeeper::shown::{OneLine, address};
use innkeeper_web::{Page, Tone};
use url::Url;

/// The authorization succeeded.
pub(crate) fn authorized(connection: &str) -> Page {
    let text = format!(
        "{} can be used now. Only this service holds the access that you allowed; no plug-in sees your password or a token.",
        name(connection)
    );
    Page::new(Tone::Good, "Connected", text, "You can close this window and go back to where you started.")
}

/// Asks the holder of a link whether it is theirs, and shows where it leads.
pub(crate) fn ask(connection: &str, principal: Option<&str>, consent: &Url) -> Page {
    let whom = principal.map(|principal| format!(" for the user {}", name(principal))).unwrap_or_default();
    let connection = name(connection);
    let title = format!("Connect {connection}?");
    let text = format!(
        "You are about to sign in and give this service access to {connection}{whom}. You sign in at: {}",
        address(consent.as_str())
    );
    let next = "Continue only if you asked for this link, or know who sent it and why. Otherwise close this window.";
    Page { button: Some("Continue"), ..Page::new(Tone::Good, title, text, next) }
}

/// A name that a person or a connector chose.
fn name(text: &str) -> OneLine<&str> {
    OneLine::new(text).at_most(LONGEST_NAME)
}

/// In characters.
const LONGEST_NAME: usize = 200;

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;

    use super::*;

    fn provider() -> Url {
        "https://pаypal.com:8443/authorize".parse().expect("an address")
    }

    async fn html(page: &Page) -> String {
        let body = axum::body::to_bytes(page.respond(StatusCode::OK).into_body(), usize::MAX).await.expect("a body");
        String::from_utf8(body.to_vec()).expect("UTF-8")
    }

    #[test]
    fn a_user_is_told_where_they_are_sent_before_they_go() {
        let page = ask("Drive", None, &provider());
        for words in ["You sign in at: https://xn--pypal-4ve.com:8443/authorize (warning", "looks like \"paypal.com\""]
        {
            assert!(page.text.contains(words), "{}", page.text);
        }
    }

    #[tokio::test]
    async fn a_page_escapes_what_it_shows() {
        let wicked = "</p><script>alert(1)</script>\"'&";
        for page in [authorized(wicked), ask(wicked, Some(wicked), &provider())] {
            let html = html(&page).await;
            assert!(!html.contains("<script") && !html.contains("</p><"), "{html}");
            assert!(html.contains("alert(1)"), "{html}");
        }
    }

    #[tokio::test]
    async fn a_name_on_a_page_breaks_no_line_and_hides_nothing() {
        let wicked = "Drive can be used now.\n\nApproved by the owner\u{202e}\u{200b}\u{2028}\u{e0041}\x1b[2J";
        for page in [authorized(wicked), ask(wicked, Some(wicked), &provider())] {
            for line in html(&page).await.lines() {
                assert_eq!(innkeeper::shown::hidden(line).next(), None, "{line:?}");
            }
        }
        let html = html(&authorized(wicked)).await;
        assert!(html.contains(r"\n\nApproved by the owner\u{202e}"), "{html}");
    }
}
