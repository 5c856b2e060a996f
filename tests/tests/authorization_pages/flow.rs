//! From a link to a grant.

use innkeeper::spec::AuthMode;
use innkeeper::{Error, NewLink, Reason};
use innkeeper_practice::{Decision, ScriptedUser};
use innkeeper_server::{LinkHolders, PagesSettings, authorization_router};
use innkeeper_tests::oidc::{OidcOptions, PUBLIC, plain_client};
use innkeeper_tests::query::parameter;
use innkeeper_tests::stage::Stage;
use reqwest::{Method, StatusCode, header};
use serde_json::json;
use tokio::net::TcpListener;
use url::Url;

use crate::support::{APP, Site};

#[tokio::test]
async fn a_signed_in_user_goes_from_begin_to_a_page_that_says_connected() {
    let site = Site::start().await;
    let connection = site.connect().await;
    let mut ada = site.browser(Some("ada"));
    let begun = ada.post("begin", json!({ "connection": "drive" })).await;
    assert_eq!(begun.status, StatusCode::OK, "{}", begun.text);
    let start = Url::parse(begun.json()["start_url"].as_str().expect("a link")).expect("an address");
    assert!(start.as_str().starts_with(site.pages.as_str()), "{start}");
    assert_eq!(begun.json()["expires_at"], "2027-01-15T08:10:00Z");

    let started = ada.open(&start).await;
    assert_eq!((started.status, ada.cookies.len()), (StatusCode::SEE_OTHER, 1));
    let callback = innkeeper_practice::consent(&started.location()).await.expect("the user gets through");
    let back = ada.open(&Url::parse(&callback).expect("an address")).await;
    assert_eq!((back.status, ada.cookies.len()), (StatusCode::SEE_OTHER, 0), "{}", back.text);
    assert!(!back.location().contains("code="), "the code leaves the address: {}", back.location());
    let result = Url::parse(&back.location()).expect("an address");
    ada.open(&result).await.assert_page(200, "Ada&#39;s Drive can be used now");
    assert_eq!((site.reason(&connection, "ada").await, site.exchanges()), (None, 1));
    // The page is no proof of anything for ever, nor for any text.
    site.host.advance(601);
    ada.open(&result).await.assert_page(404, "There is nothing here");
    let forged = Url::parse(&format!("{}x", result.as_str())).expect("an address");
    ada.open(&forged).await.assert_page(404, "There is nothing here");
}

#[tokio::test]
async fn a_user_goes_through_the_pages_to_a_real_authorization_server_and_back() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let pages = Url::parse(&format!("http://{}", listener.local_addr().expect("an address"))).expect("an address");
    let stage = Stage::start_with(OidcOptions::default(), |builder| builder.pages(pages)).await;
    let host = stage.host.host.clone();
    let routes = authorization_router(host.clone(), LinkHolders, &PagesSettings::default()).expect("pages");
    tokio::spawn(async move { axum::serve(listener, routes).await });
    let connection = stage.connect(PUBLIC).await;
    let error = stage.me(&connection).await.expect_err("nobody has authorized");
    let link = host.link_for(&connection.space, &error).await.expect("the error has a way out");

    let http = plain_client().expect("a client");
    let started = http.post(link.url.clone()).header("sec-fetch-site", "same-origin").send().await.expect("an answer");
    assert_eq!(started.status(), StatusCode::SEE_OTHER);
    let text = |response: &reqwest::Response, name| response.headers()[name].to_str().expect("text").to_owned();
    let cookie = text(&started, header::SET_COOKIE);
    let provider = text(&started, header::LOCATION);
    let callback = stage.provider.authorize_as(&provider, "ada").await.expect("the user gets through");
    let callbacks = (0..2).map(|_| {
        let pair = cookie.split(';').next().expect("a pair").to_owned();
        http.get(callback.clone()).header(header::COOKIE, pair).send()
    });
    let mut statuses: Vec<_> = futures::future::join_all(callbacks)
        .await
        .into_iter()
        .map(|response| response.expect("an answer").status().as_u16())
        .collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 400], "of two callbacks with one state one is taken");
    assert_eq!(stage.counts().await.all("authorization_code"), 1);
    assert_eq!(stage.me(&connection).await.expect("the grant works")["sub"], "ada");
}

#[tokio::test]
async fn a_browser_goes_back_with_the_result_in_the_address() {
    let site = Site::start().await;
    site.connect().await;
    let mut ada = site.browser(Some("ada"));
    let return_url = format!("{APP}/settings?tab=1&oauth_authorization=success#end");
    for (decision, expected) in [
        (Decision::Allow, "tab=1&oauth_authorization=success&connection_id=drive&status_code=200"),
        (Decision::Deny, "tab=1&oauth_authorization=error&connection_id=drive&status_code=403&error=access_denied"),
    ] {
        let begun = ada.post("begin", json!({ "connection": "drive", "return_url": return_url })).await.json();
        let started = ada.open(&Url::parse(begun["start_url"].as_str().expect("a link")).expect("an address")).await;
        let user = ScriptedUser { decision, ..ScriptedUser::default() };
        let callback = user.visit(&started.location()).await.expect("the user gets through");
        let back = ada.open(&Url::parse(&callback).expect("an address")).await;
        assert_eq!(back.location(), format!("{APP}/settings?{expected}#end"));
    }
    // What was connected before the denial stays.
    assert_eq!(site.exchanges(), 1);
}

#[tokio::test]
async fn whoever_holds_a_link_is_asked_before_anything_begins() {
    let site = Site::start_with(LinkHolders, |builder| builder).await;
    let connection = site.connect().await;
    let link = site.link(&connection, Some("ada")).await;
    let mut holder = site.browser(None);
    for _ in 0..3 {
        // What looks at links in mails uses nothing up.
        let page = holder.open(&link.url).await;
        page.assert_page(200, "Connect Ada&#39;s Drive?");
        assert!(
            page.text.contains("for the user ada") && page.text.contains(r#"<form method="post">"#),
            "{}",
            page.text
        );
        assert!(holder.cookies.is_empty());
    }
    for site_name in [Some("cross-site"), Some("none"), None] {
        let mut request = holder.request(Method::POST, &link.url);
        if let Some(name) = site_name {
            request = request.header("sec-fetch-site", name);
        }
        holder.send(request).await.assert_page(403, "Sent from another site");
    }
    let request =
        holder.request(Method::POST, &link.url).header("sec-fetch-site", "same-origin").header("origin", "null");
    let started = holder.send(request).await;
    let callback = innkeeper_practice::consent(&started.location()).await.expect("the user gets through");
    let back = holder.open(&Url::parse(&callback).expect("an address")).await;
    assert!(back.location().contains("/oauth/result/"), "{}", back.location());
    assert_eq!(
        (site.reason(&connection, "ada").await, site.reason(&connection, "bob").await),
        (None, Some(Reason::NoGrant))
    );
    let request = holder.request(Method::POST, &link.url).header("sec-fetch-site", "same-origin");
    holder.send(request).await.assert_page(410, "already used");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_callbacks_at_once_one_is_exchanged() {
    let site = Site::start().await;
    let connection = site.connect().await;
    for round in 1..=5 {
        let mut ada = site.browser(Some("ada"));
        let link = site.link(&connection, Some("ada")).await;
        let callback = site.consented(&mut ada, &link).await;
        let mut other = ada.clone();
        let (one, two) = tokio::join!(ada.open(&callback), other.open(&callback));
        let mut statuses = [one.status.as_u16(), two.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!((statuses, site.exchanges()), ([303, 400], round));
    }
    assert_eq!(site.reason(&connection, "ada").await, None);
}

#[tokio::test]
async fn two_tabs_of_one_browser_do_not_disturb_each_other() {
    let site = Site::start().await;
    let connection = site.connect().await;
    let mut ada = site.browser(Some("ada"));
    let mut callbacks = Vec::new();
    for _ in 0..2 {
        let link = site.link(&connection, Some("ada")).await;
        callbacks.push(site.consented(&mut ada, &link).await);
    }
    assert_eq!(ada.cookies.len(), 2);
    for callback in callbacks {
        assert_eq!(ada.open(&callback).await.status, StatusCode::SEE_OTHER);
    }
    assert_eq!(site.exchanges(), 2);
}

#[tokio::test]
async fn a_shared_connection_is_authorized_by_any_user_of_the_space_and_by_who_began_alone() {
    let site = Site::start().await;
    let connection = site.connect_with(|new| new.auth_mode(AuthMode::Shared)).await;
    let link = site.link(&connection, None).await;
    let mut stranger = site.browser(Some("elsewhere/ada"));
    stranger.open(&link.url).await.assert_page(403, "This is for somebody else");
    let mut ada = site.browser(Some("ada"));
    let callback = site.consented(&mut ada, &link).await;
    let mut bob = site.browser(Some("bob"));
    bob.cookies.clone_from(&ada.cookies);
    bob.open(&callback).await.assert_page(403, "This is for somebody else");
    assert_eq!(ada.open(&callback).await.status, StatusCode::SEE_OTHER);
    assert_eq!(site.exchanges(), 1);
}

#[tokio::test]
async fn a_host_without_pages_makes_no_links_and_pages_are_safe_addresses() {
    let unpaged = innkeeper_tests::host::TestHost::start_warm(|builder| builder).await;
    let new = NewLink::new(innkeeper::SpaceId::default(), "drive".parse().expect("an id"), None);
    assert!(matches!(unpaged.host.start_link(new).await, Err(Error::NoPages)));
    let routes = authorization_router(unpaged.host.clone(), LinkHolders, &PagesSettings::default());
    assert!(matches!(routes, Err(Error::NoPages)));
    for wrong in ["http://my.service/", "https://ada@my.service/", "https://my.service/?x", "ftp://my.service/"] {
        let folder = tempfile::tempdir().expect("a folder");
        let pages = Url::parse(wrong).expect("an address");
        let opened = innkeeper::Innkeeper::builder().folder(folder.path()).pages(pages).open().await;
        assert!(matches!(opened, Err(Error::Pages { .. })), "{wrong}");
    }
}

#[tokio::test]
async fn a_link_and_a_result_say_nothing_of_the_grant() {
    let site = Site::start().await;
    let connection = site.connect().await;
    let link = site.link(&connection, Some("ada")).await;
    assert!(!format!("{link:?}").contains(link.url.path()));
    let mut ada = site.browser(Some("ada"));
    let callback = site.consented(&mut ada, &link).await;
    let (code, state) = (parameter(&callback, "code"), parameter(&callback, "state"));
    let back = ada.open(&callback).await;
    for secret in [code.expect("a code"), state.expect("a state")] {
        assert!(!back.location().contains(&secret) && !back.text.contains(&secret));
    }
}
