//! The pages in a real browser, headless.

use async_trait::async_trait;
use axum::extract::{RawQuery, State};
use axum::http::request::Parts;
use axum::response::Redirect;
use axum::routing::get;
use innkeeper::spec::AuthMode;
use innkeeper_server::{User, Visitors};
use innkeeper_tests::chromium::Chromium;
use innkeeper_tests::host::id;
use tokio::net::TcpListener;
use url::Url;

use crate::support::Site;

/// A service where ada is signed in.
#[derive(Debug)]
struct Ada;

#[async_trait]
impl Visitors for Ada {
    async fn user(&self, _: &Parts) -> Option<User> {
        Some(User { space: innkeeper::SpaceId::default(), principal: id("ada") })
    }
}

/// An authorization page on which a script consents, for a browser that nobody sits at: it answers with the way back.
async fn consenting_page(provider: &str) -> String {
    async fn consent(State(provider): State<String>, RawQuery(query): RawQuery) -> Redirect {
        let url = format!("{provider}/authorize?{}", query.unwrap_or_default());
        // The scripted user cannot move between threads.
        let runtime = tokio::runtime::Handle::current();
        let visit = move || runtime.block_on(innkeeper_practice::consent(&url));
        let callback = tokio::task::spawn_blocking(visit).await.expect("it ends");
        Redirect::to(&callback.expect("the scripted user gets through"))
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let router = axum::Router::new().route("/authorize", get(consent)).with_state(provider.to_owned());
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}/authorize")
}

/// Heading and text of the document that the browser ends on.
async fn visit(url: &Url) -> (String, String) {
    let url = url.clone();
    let visit = move || {
        let mut chromium = Chromium::start();
        chromium.open(url.as_str());
        (chromium.text("h1"), chromium.text("body"))
    };
    tokio::task::spawn_blocking(visit).await.expect("the browser gets there")
}

#[tokio::test]
async fn a_real_browser_goes_from_the_link_to_the_page_that_says_connected() {
    let site = Site::start_with(Ada, |builder| builder).await;
    let consenting = consenting_page(&site.provider.base_url).await;
    let connection =
        site.connect_with(|new| new.field("authorizationUrl", consenting).auth_mode(AuthMode::PerUser)).await;
    let link = site.link(&connection, Some("ada")).await;
    let (heading, text) = visit(&link.url).await;
    assert!(heading == "Connected" && text.contains("Ada's Drive can be used now"), "{text}");
    assert_eq!((site.reason(&connection, "ada").await, site.exchanges()), (None, 1));
    // A second visit, as from the browser's history.
    assert_eq!(visit(&link.url).await.0, "This link was already used");
    assert_eq!(site.exchanges(), 1);
}
