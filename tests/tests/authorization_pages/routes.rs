//! The routes for programs, and who may send to them.

use innkeeper_server::LinkHolders;
use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};
use url::Url;

use crate::support::{APP, Site};

#[tokio::test]
async fn status_tells_how_a_connection_stands_and_gives_the_way_out() {
    let site = Site::start().await;
    site.connect().await;
    let mut ada = site.browser(Some("ada"));
    let address = site.pages.join("status/drive").expect("an address");
    let status = ada.open(&address).await.json();
    assert_eq!(
        (&status["authorized"], &status["reason"], &status["principal"]),
        (&json!(false), &json!("no-grant"), &json!("ada"))
    );
    let start = Url::parse(status["start_url"].as_str().expect("a link")).expect("an address");
    let callback = innkeeper_practice::consent(&ada.open(&start).await.location()).await.expect("consented");
    ada.open(&Url::parse(&callback).expect("an address")).await;

    let status = ada.open(&address).await.json();
    assert_eq!(
        (&status["authorized"], &status["reason"], &status["start_url"]),
        (&json!(true), &Value::Null, &Value::Null)
    );
    assert_eq!((&status["title"], &status["refreshable"]), (&json!("Ada's Drive"), &json!(true)));
    assert_eq!(status["expires_at"], "2027-01-15T09:00:00Z");

    let mut bob = site.browser(Some("bob"));
    assert_eq!(bob.open(&address).await.json()["authorized"], false);
    assert_eq!(bob.post("disconnect", json!({ "connection": "drive" })).await.status, StatusCode::NO_CONTENT);
    assert_eq!(ada.open(&address).await.json()["authorized"], true, "bob ended nothing of ada's");
    for _ in 0..2 {
        assert_eq!(ada.post("disconnect", json!({ "connection": "drive" })).await.status, StatusCode::NO_CONTENT);
        assert_eq!(ada.open(&address).await.json()["reason"], "no-grant");
    }
}

#[tokio::test]
async fn routes_for_programs_want_a_user_json_and_a_connection_of_theirs() {
    let site = Site::start().await;
    site.connect().await;
    let mut ada = site.browser(Some("ada"));
    let kind = |seen: &crate::support::Seen| seen.json()["error"]["kind"].as_str().map(str::to_owned);
    for path in ["begin", "disconnect"] {
        let nobody = site.browser(None).post(path, json!({ "connection": "drive" })).await;
        assert_eq!((nobody.status.as_u16(), kind(&nobody).as_deref()), (401, Some("sign_in_required")), "{path}");
        for body in
            [json!({}), json!({ "connection": "drive", "principal": "bob" }), json!({ "connection": "a/b" }), json!([])]
        {
            let seen = ada.post(path, body.clone()).await;
            assert_eq!((seen.status.as_u16(), kind(&seen).as_deref()), (400, Some("invalid_request")), "{path} {body}");
        }
        let unknown = ada.post(path, json!({ "connection": "other" })).await;
        assert_eq!((unknown.status.as_u16(), kind(&unknown).as_deref()), (404, Some("unknown_connection")), "{path}");
        assert!(!unknown.text.contains("drive"), "what there is is nobody's business: {}", unknown.text);
        let mut stranger = site.browser(Some("elsewhere/ada"));
        assert_eq!(stranger.post(path, json!({ "connection": "drive" })).await.status.as_u16(), 404, "{path}");
        let large = ada.post(path, json!({ "connection": "d".repeat(100_000) })).await;
        assert_eq!(large.status.as_u16(), 400, "{path}");
    }
    for return_url in [
        "https://evil.example/",
        "//evil.example",
        "javascript:alert(1)",
        "/settings",
        "https://app.example.com@evil.example/",
    ] {
        let seen = ada.post("begin", json!({ "connection": "drive", "return_url": return_url })).await;
        assert_eq!((seen.status.as_u16(), kind(&seen).as_deref()), (400, Some("return_url")), "{return_url}");
    }
    for id in ["a%2fb", "%ff"] {
        let status = ada.open(&site.pages.join(&format!("status/{id}")).expect("an address")).await;
        assert_eq!((status.status.as_u16(), kind(&status).as_deref()), (404, Some("unknown_connection")), "{id}");
    }
}

#[tokio::test]
async fn what_another_site_has_a_browser_send_changes_nothing() {
    let site = Site::start().await;
    site.connect().await;
    let mut ada = site.browser(Some("ada"));
    let url = site.pages.join("disconnect").expect("an address");
    let body = r#"{"connection":"drive"}"#;
    for (headers, status) in [
        (&[("content-type", "application/json"), ("origin", "https://evil.example")][..], 403),
        (&[("content-type", "application/json"), ("origin", "null")], 403),
        (&[("content-type", "application/json"), ("sec-fetch-site", "cross-site")], 403),
        (&[("content-type", "text/plain")], 400),
        (&[("content-type", "application/x-www-form-urlencoded"), ("sec-fetch-site", "same-origin")], 400),
        (&[], 400),
        (&[("content-type", "application/json"), ("origin", APP), ("sec-fetch-site", "cross-site")], 204),
        (&[("content-type", "application/json"), ("sec-fetch-site", "same-origin")], 204),
        (&[("content-type", "application/json")], 204),
    ] {
        let mut request = ada.request(Method::POST, &url).body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        assert_eq!(ada.send(request).await.status.as_u16(), status, "{headers:?}");
    }
    let request = ada.request(Method::GET, &url);
    let seen = ada.send(request).await;
    assert_eq!((seen.status.as_u16(), seen.header(&header::ALLOW)), (405, "POST"));
}

#[tokio::test]
async fn a_name_that_was_pointed_at_loopback_is_not_served() {
    let site = Site::start().await;
    let mut ada = site.browser(Some("ada"));
    for path in ["status/drive", "start/x", "callback?state=a&code=b", "begin"] {
        let url = site.pages.join(path).expect("an address");
        let request = ada.request(Method::GET, &url).header(header::HOST, "evil.example");
        ada.send(request).await.assert_page(421, "Another address");
    }
}

#[tokio::test]
async fn where_links_are_proof_the_other_routes_still_want_a_user() {
    let site = Site::start_with(LinkHolders, |builder| builder).await;
    site.connect().await;
    let mut holder = site.browser(Some("ada"));
    assert_eq!(holder.post("begin", json!({ "connection": "drive" })).await.status.as_u16(), 401);
    assert_eq!(holder.open(&site.pages.join("status/drive").expect("an address")).await.status.as_u16(), 401);
}

#[tokio::test]
async fn a_host_that_is_kept_tended_removes_authorizations_that_nobody_finished() {
    let site = Site::start().await;
    let connection = site.connect().await;
    let mut ada = site.browser(Some("ada"));
    let link = site.link(&connection, Some("ada")).await;
    ada.open(&link.url).await;
    let tended = site.host.host.clone();
    let tending = tokio::spawn(async move { tended.keep_tended().await });
    for round in 0..2 {
        while site.host.clock().sleepers() == 0 {
            tokio::task::yield_now().await;
        }
        // In the second round it sleeps again only after the first sweep is through.
        if round == 0 {
            site.host.advance(600);
        }
    }
    assert_eq!(site.host.host.tend().await.expect("tended").swept, 0, "nothing is left for another sweep");
    tending.abort();
}
