//! The pages people see. All text in them is escaped by the templates; no page runs a script.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};
use http::{HeaderValue, StatusCode, Uri};

use crate::clients::Client;
use crate::people::{PEOPLE, Person};
use crate::provider::Provider;

/// Headers of every page. `form-action` is omitted: browsers apply it to the redirects after a form, too, and where
/// those lead depends on the client.
const PAGE_HEADERS: [(HeaderName, &str); 6] = [
    (CACHE_CONTROL, "no-store"),
    (CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'"),
    (REFERRER_POLICY, "no-referrer"),
    (X_FRAME_OPTIONS, "DENY"),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (CONTENT_TYPE, "text/html; charset=utf-8"),
];

/// Sign-in and consent on one page.
#[derive(Template)]
#[template(path = "consent.html")]
pub(crate) struct ConsentPage<'a> {
    /// The client's name.
    pub(crate) client_name: &'a str,
    pub(crate) client_id: &'a str,
    /// Where the answer goes, for the user to know.
    pub(crate) answered_at: &'a str,
    pub(crate) people: &'a [Person],
    /// The id of the person who is selected initially.
    pub(crate) chosen: &'a str,
    /// Scopes and their meaning.
    pub(crate) scopes: Vec<(&'a str, &'static str)>,
    pub(crate) request: &'a str,
    pub(crate) form_token: &'a str,
}

/// An error, or a page without content.
#[derive(Template)]
#[template(path = "notice.html")]
pub(crate) struct NoticePage<'a> {
    pub(crate) title: &'a str,
    pub(crate) text: &'a str,
    /// Names and values that help to find the mistake.
    pub(crate) details: Vec<(&'a str, &'a str)>,
}

#[derive(Template)]
#[template(path = "home.html")]
struct HomePage<'a> {
    base_url: &'a str,
    clients: &'a [Client],
    people: &'a [Person],
}

/// Renders a page with the headers of every page.
pub(crate) fn page(status: StatusCode, template: &impl Template) -> Response {
    let mut response = match template.render() {
        Ok(html) => (status, html).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page could not be rendered");
            (StatusCode::INTERNAL_SERVER_ERROR, "This page could not be rendered.").into_response()
        }
    };
    for (name, value) in PAGE_HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// `GET /`: an overview.
pub(crate) async fn home(State(provider): State<Arc<Provider>>) -> Response {
    let home = HomePage { base_url: &provider.base_url, clients: &provider.clients, people: PEOPLE };
    page(StatusCode::OK, &home)
}

/// `GET /style.css`
pub(crate) async fn style() -> Response {
    let headers = [(CONTENT_TYPE, "text/css; charset=utf-8"), (CACHE_CONTROL, "no-cache")];
    (headers, include_str!("../templates/style.css")).into_response()
}

/// Every address without a route.
pub(crate) async fn nothing_here(uri: Uri) -> Response {
    let details = vec![("Path", uri.path())];
    let text = "The practice provider has nothing at this address. Its first page lists its addresses.";
    page(StatusCode::NOT_FOUND, &NoticePage { title: "Nothing here", text, details })
}
