//! What is refused: nothing is stored, nothing is used up that is not the visitor's, and a page says what to do.

use innkeeper::{AccessPolicy, AccessRequest, Denied, NewLink, PrincipalId, Reason};
use innkeeper_tests::host::id;
use innkeeper_tests::query::with;
use reqwest::{Method, StatusCode};
use url::Url;

use crate::support::{HeaderUsers, Site};

#[tokio::test]
async fn a_callback_that_is_not_the_browsers_own_is_refused_and_spoils_nothing() {
    let site = Site::start().await;
    let connection = site.connect().await;
    let mut ada = site.browser(Some("ada"));
    let callback = {
        let link = site.link(&connection, Some("ada")).await;
        site.consented(&mut ada, &link).await
    };
    // Without the cookie, with that of another flow, with a guess.
    let mut elsewhere = site.browser(Some("ada"));
    elsewhere.open(&callback).await.assert_page(403, "Begun in another browser");
    let other_link = site.link(&connection, Some("ada")).await;
    site.consented(&mut elsewhere, &other_link).await;
    elsewhere.open(&callback).await.assert_page(403, "Begun in another browser");
    let mut guess = ada.clone();
    guess.cookies.values_mut().for_each(|value| *value = "guess".to_owned());
    guess.open(&callback).await.assert_page(403, "This is for somebody else");
    // The cookie in the hands of another user, of a user of that name in another space, of nobody.
    for user in ["bob", "elsewhere/ada"] {
        let mut other = site.browser(Some(user));
        other.cookies.clone_from(&ada.cookies);
        other.open(&callback).await.assert_page(403, "This is for somebody else");
    }
    let mut nobody = site.browser(None);
    nobody.cookies.clone_from(&ada.cookies);
    nobody.open(&callback).await.assert_page(401, "Please sign in first");
    assert_eq!((site.reason(&connection, "ada").await, site.exchanges()), (Some(Reason::NoGrant), 0));
    assert_eq!(site.reason(&connection, "bob").await, Some(Reason::NoGrant));

    assert_eq!(ada.open(&callback).await.status, StatusCode::SEE_OTHER, "the right browser still may");
    assert_eq!((site.reason(&connection, "ada").await, site.exchanges()), (None, 1));
    ada.open(&callback).await.assert_page(400, "Nothing to continue");
}

#[tokio::test]
async fn a_callback_that_came_too_late_or_from_another_server_is_refused() {
    let site = Site::start().await;
    let connection = site.connect().await;
    let mut ada = site.browser(Some("ada"));
    for (issuer, wait, words) in [
        (Some("https://evil.example"), 0, "The answer came from the wrong place"),
        (None, 0, "The answer came from the wrong place"),
        (Some("right"), 600, "That took too long"),
    ] {
        let link = site.link(&connection, Some("ada")).await;
        let callback = site.consented(&mut ada, &link).await;
        let callback = if issuer == Some("right") { callback } else { with(&callback, "iss", issuer) };
        site.host.advance(wait);
        let back = ada.open(&callback).await;
        let page = ada.open(&Url::parse(&back.location()).expect("an address")).await;
        assert!(page.status.is_client_error() || page.status == StatusCode::BAD_GATEWAY);
        page.assert_page(page.status.as_u16(), words);
    }
    assert_eq!((site.reason(&connection, "ada").await, site.exchanges()), (Some(Reason::NoGrant), 0));
}

#[tokio::test]
async fn a_link_is_for_its_user_once_and_for_a_short_time() {
    let site = Site::start().await;
    let connection = site.connect().await;
    let link = site.link(&connection, Some("ada")).await;
    for (user, status, words) in [
        (Some("bob"), 403, "This is for somebody else"),
        (Some("elsewhere/ada"), 403, "This is for somebody else"),
        (None, 401, "Please sign in first"),
    ] {
        let mut other = site.browser(user);
        other.open(&link.url).await.assert_page(status, words);
        assert!(other.cookies.is_empty());
    }
    let mut ada = site.browser(Some("ada"));
    let started = ada.open(&link.url).await;
    assert_eq!(started.status, StatusCode::SEE_OTHER, "nobody used it up: {}", started.text);
    ada.open(&link.url).await.assert_page(410, "This link was already used");
    assert_eq!(ada.cookies.len(), 1, "only one flow began");

    let late = site.link(&connection, Some("ada")).await;
    let other = site.link(&connection, Some("bob")).await;
    let (payload, proof) = (
        late.url.path().rsplit_once('.').expect("two parts").0,
        other.url.path().rsplit_once('.').expect("two parts").1,
    );
    for forged in [
        format!("{payload}.{proof}"),
        late.url.path().replace("start/", "start/A"),
        format!("{payload}."),
        payload.to_owned(),
        format!("{}start/%00%ff", site.pages.path()),
        format!("{}start/{}", site.pages.path(), "a".repeat(9_000)),
    ] {
        let mut url = late.url.clone();
        url.set_path(&forged);
        let seen = ada.open(&url).await;
        assert!(seen.status.is_client_error() && seen.text.contains("<main class=\"bad\">"), "{forged}: {}", seen.text);
    }
    site.host.advance(600);
    ada.open(&late.url).await.assert_page(410, "This link has expired");
    assert_eq!((ada.cookies.len(), site.exchanges()), (1, 0));
}

#[tokio::test]
async fn of_many_who_open_a_link_at_once_one_begins() {
    let site = Site::start().await;
    let connection = site.connect().await;
    let link = site.link(&connection, Some("ada")).await;
    let visits = (0..8).map(|_| {
        let mut browser = site.browser(Some("ada"));
        let url = link.url.clone();
        async move { browser.open(&url).await.status.as_u16() }
    });
    let mut statuses = futures::future::join_all(visits).await;
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 410, 410, 410, 410, 410, 410, 410]);
}

#[tokio::test]
async fn other_methods_and_browsers_that_look_ahead_use_nothing_up() {
    let site = Site::start().await;
    let connection = site.connect().await;
    let mut ada = site.browser(Some("ada"));
    let link = site.link(&connection, Some("ada")).await;
    let ahead = ada.request(Method::GET, &link.url).header("sec-purpose", "prefetch;prerender");
    ada.send(ahead).await.assert_page(503, "Not opened yet");
    for method in [Method::HEAD, Method::PUT, Method::DELETE, Method::OPTIONS] {
        let request = ada.request(method.clone(), &link.url);
        let seen = ada.send(request).await;
        assert_eq!((seen.status.as_u16(), seen.headers["allow"].to_str().ok()), (405, Some("GET")), "{method}");
    }
    let callback = site.consented(&mut ada, &link).await;
    for method in [Method::HEAD, Method::POST, Method::PUT, Method::OPTIONS] {
        let request = ada.request(method.clone(), &callback);
        assert_eq!(ada.send(request).await.status.as_u16(), 405, "{method}");
    }
    assert_eq!(site.exchanges(), 0);
    assert_eq!(ada.open(&callback).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn what_a_stranger_puts_into_a_callback_is_on_no_page() {
    let site = Site::start().await;
    let wicked = "<script>alert(document.domain)</script>";
    let connection = site.connect_with(|new| new.title(wicked).auth_mode(innkeeper::spec::AuthMode::PerUser)).await;
    let mut ada = site.browser(Some("ada"));
    let encoded: String = url::form_urlencoded::byte_serialize(wicked.as_bytes()).collect();
    for query in [
        format!("error={encoded}&error_description={encoded}"),
        format!("state={encoded}&error={encoded}&error_description={encoded}"),
        format!("state=a&state=b&code={encoded}"),
        "%00%ff&&&=;;".to_owned(),
    ] {
        let url = site.pages.join(&format!("callback?{query}")).expect("an address");
        let seen = ada.open(&url).await;
        seen.assert_page(400, "Nothing to continue");
        assert!(!seen.text.contains("alert"), "{}", seen.text);
    }
    let mut go = async |answer: &str| {
        let link = site.link(&connection, Some("ada")).await;
        let callback = site.consented(&mut ada, &link).await;
        let callback =
            if answer.is_empty() { callback } else { with(&with(&callback, "code", None), "error", Some(answer)) };
        let back = ada.open(&with(&callback, "error_description", Some(wicked))).await;
        ada.open(&Url::parse(&back.location()).expect("an address")).await
    };
    let refused = go(wicked).await;
    refused.assert_page(502, "The sign-in server refused");
    assert!(!refused.text.contains("alert"), "{}", refused.text);
    go("access_denied").await.assert_page(403, "Access was not allowed");
    go("").await.assert_page(
        200,
        "&lt;script&gt;alert(document.domain)&lt;/script&gt; can be used now"
            .replace("&lt;", "&#60;")
            .replace("&gt;", "&#62;")
            .as_str(),
    );
}

#[tokio::test]
async fn a_link_to_a_foreign_return_url_begins_nothing() {
    let site = Site::start().await;
    let connection = site.connect().await;
    let return_url = Url::parse("https://evil.example/").ok();
    let mut new = NewLink::new(connection.space.clone(), connection.id.clone(), Some(id("ada")));
    new.return_url = return_url;
    let link = site.host.host.start_link(new).await.expect("the host itself does not know the origins");
    let mut ada = site.browser(Some("ada"));
    ada.open(&link.url).await.assert_page(400, "This link leads to a forbidden address");
    assert!(ada.cookies.is_empty());
}

#[derive(Debug)]
struct NotBob;

#[async_trait::async_trait]
impl AccessPolicy for NotBob {
    async fn decide(&self, request: &AccessRequest<'_>) -> Result<(), Denied> {
        match request.principal.map(PrincipalId::as_str) {
            Some("bob") => Err(Denied("bob may not".to_owned())),
            _ => Ok(()),
        }
    }
}

#[tokio::test]
async fn whom_the_policy_refuses_gets_no_link_no_status_and_no_flow() {
    let site = Site::start_with(HeaderUsers, |builder| builder.policy(NotBob)).await;
    site.connect().await;
    let mut bob = site.browser(Some("bob"));
    let begun = bob.post("begin", serde_json::json!({ "connection": "drive" })).await;
    assert_eq!((begun.status.as_u16(), begun.json()["error"]["kind"].as_str()), (403, Some("not_allowed")));
    let status = bob.open(&site.pages.join("status/drive").expect("an address")).await;
    assert_eq!(status.status.as_u16(), 403);
    let ended = bob.post("disconnect", serde_json::json!({ "connection": "drive" })).await;
    assert_eq!(ended.status.as_u16(), 403);
}
