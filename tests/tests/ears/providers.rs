//! Providers that fail, lie or mean harm: their kind of answer is passed on, and not a word of it.

use std::time::Duration;

use innkeeper_tests::query::{parameter, with};
use innkeeper_tests::scripted::Reply;
use reqwest::header;
use serde_json::json;

use crate::app::{Answer, App, Browser};
use crate::scripted_provider::{self, client_of, consented, with_service};
use crate::service::{ACME, Seat, client_at, oidc};

/// Stands in what the provider answers, and nowhere else.
const WORD: &str = "xyzzy";

fn answer(status: u16, body: impl AsRef<[u8]>) -> Reply {
    Reply::new(status).header("content-type", "application/json").body(body)
}

fn with_header(status: u16, name: &str, value: &str) -> Reply {
    Reply::new(status).header(name, value).body(format!("<html>{WORD}</html>"))
}

#[track_caller]
fn assert_kind(answer: &Answer, status: u16, code: &str, what: &str) {
    assert_eq!((answer.status.as_u16(), answer.json()["error"].as_str()), (status, Some(code)), "{what}");
    answer.assert_error(status, code);
    assert!(!answer.text.contains(WORD) && !answer.text.contains('<'), "{what}: {}", answer.text);
}

#[tokio::test]
async fn a_refusal_is_passed_on_in_kind_and_never_in_the_providers_words() {
    let (provider, service) = with_service().await;
    let app = App::of(&service);
    for (status, error, expected) in [
        (400, "invalid_grant", (400, "invalid_grant")),
        (401, "invalid_grant", (400, "invalid_grant")),
        (200, "invalid_grant", (400, "invalid_grant")),
        (400, "invalid_scope", (400, "invalid_scope")),
        (400, "access_denied", (400, "access_denied")),
        (400, "expired_token", (400, "access_denied")),
        (400, "invalid_request", (400, "unauthorized_client")),
        (401, "invalid_client", (400, "unauthorized_client")),
        (400, "unauthorized_client", (400, "unauthorized_client")),
        (400, "unsupported_grant_type", (400, "unauthorized_client")),
        (400, "server_error", (503, "temporarily_unavailable")),
        (400, "temporarily_unavailable", (503, "temporarily_unavailable")),
        (400, "slow_down", (429, "temporarily_unavailable")),
        (400, "xyzzy_of_its_own", (400, "unauthorized_client")),
        (400, "<script>alert('xyzzy')</script>", (400, "unauthorized_client")),
        (400, "invalid_grant\r\nxyzzy: 1", (400, "unauthorized_client")),
        (400, "INVALID_GRANT", (400, "unauthorized_client")),
        (500, "invalid_grant", (503, "temporarily_unavailable")),
    ] {
        let told = json!({
            "error": error,
            "error_description": format!("<b>{WORD}</b> the refresh token r-1 of {WORD}"),
            "error_uri": format!("https://{WORD}.example"),
            "access_token": null,
        });
        provider.answers([answer(status, told.to_string())]);
        assert_kind(&app.refresh(ACME, "r-1").await, expected.0, expected.1, error);
    }
}

#[tokio::test]
async fn an_answer_that_is_no_tokens_is_the_services_failure_and_reaches_nobody() {
    let (provider, service) = with_service().await;
    let app = App::of(&service);
    for body in [
        &b"<html><body>xyzzy, please sign in</body></html>"[..],
        b"",
        b"null",
        b"[{\"access_token\":\"xyzzy\"}]",
        b"{\"access_token\":",
        b"{\"token\":\"xyzzy\"}",
        b"{\"access_token\":\"\"}",
        b"{\"access_token\":7}",
        b"{\"access_token\":[\"xyzzy\"]}",
        b"{\"access_token\":\"xyzzy\\r\\nEvil: 1\"}",
        b"{\"access_token\":\"xyzzy\\u0000\"}",
        b"{\"access_token\":\"xyzzy\\u2028\"}",
        b"{\"access_token\":\"a\",\"refresh_token\":\"xyzzy\\n\"}",
        b"{\"access_token\":\"a\",\"refresh_token\":[\"xyzzy\"]}",
        b"{\"access_token\":\"a\",\"token_type\":\"Bearer xyzzy\\r\\nEvil: 1\"}",
        b"{\"access_token\":\"a\",\"token_type\":\"<xyzzy>\"}",
        b"\xff\xfe\x00xyzzy",
    ] {
        provider.answers([answer(200, body)]);
        let what = String::from_utf8_lossy(body).into_owned();
        assert_kind(&app.refresh(ACME, "r-1").await, 502, "server_error", &what);
    }
    let long = json!({ "access_token": WORD.repeat(4000) }).to_string();
    provider.answers([answer(200, long)]);
    assert_kind(&app.refresh(ACME, "r-1").await, 502, "server_error", "a token of 20 kB");
}

#[tokio::test]
async fn a_body_without_an_end_is_left() {
    let (provider, service) = with_service().await;
    let app = App::of(&service);
    provider.answers([Reply::endless()]);
    assert_kind(&app.refresh(ACME, "r-1").await, 502, "server_error", "endless");
    provider.answers([Reply::endless()]);
    // What a success says does not count: there is nothing to read of it.
    assert_ne!(app.revoke(ACME, "t-1").await.status, 200);
}

#[tokio::test]
async fn a_redirect_is_not_followed_with_what_a_token_is_had_for() {
    let (provider, service) = with_service().await;
    let elsewhere = scripted_provider::start().await;
    let app = App::of(&service);
    for (asked, status) in (1..).zip([301, 302, 303, 307, 308]) {
        for to in [elsewhere.url("/xyzzy"), provider.url("/xyzzy")] {
            provider.answers([with_header(status, "location", &to)]);
            assert_kind(&app.refresh(ACME, "r-1").await, 502, "server_error", &status.to_string());
        }
        assert_eq!(provider.received().len(), 2 * asked, "each is asked once");
    }
    provider.answers([with_header(307, "location", &elsewhere.url("/xyzzy"))]);
    assert_kind(&app.revoke(ACME, "t-1").await, 502, "server_error", "revocation");
    assert!(elsewhere.received().is_empty(), "nothing went elsewhere");
}

#[tokio::test]
async fn an_outage_passes_and_says_how_long_if_the_provider_does() {
    let (provider, service) = with_service().await;
    let app = App::of(&service);
    for (status, wait, expected) in [
        (500, "", (503, "")),
        (502, "soon", (503, "")),
        (503, "7", (503, "7")),
        (503, "Fri, 15 Jan 2027 08:00:30 GMT", (503, "30")),
        (504, "-1", (503, "")),
        (429, "9", (429, "9")),
        (429, "", (429, "")),
    ] {
        provider.answers([with_header(status, "retry-after", wait)]);
        let told = app.refresh(ACME, "r-1").await;
        assert_kind(&told, expected.0, "temporarily_unavailable", &format!("{status} {wait}"));
        assert_eq!(told.header(&header::RETRY_AFTER), expected.1, "{status} {wait}");
    }
}

#[tokio::test]
async fn a_provider_that_never_answers_is_given_up_after_half_a_minute() {
    let (provider, service) = with_service().await;
    let app = App::of(&service);
    provider.answers([Reply::never()]);
    let clock = service.clock.clone();
    let asked = tokio::spawn(async move { app.refresh(ACME, "r-1").await });
    while provider.received().is_empty() {
        tokio::task::yield_now().await;
    }
    for _ in 0..30 {
        assert!(!asked.is_finished());
        clock.advance(Duration::from_secs(1));
        tokio::task::yield_now().await;
    }
    assert_kind(&asked.await.expect("an answer"), 503, "temporarily_unavailable", "silence");
}

#[tokio::test]
async fn a_revocation_that_fails_is_no_success() {
    let (provider, service) = with_service().await;
    let app = App::of(&service);
    for (script, expected) in [
        (answer(200, ""), None),
        (answer(200, "{}"), None),
        (answer(204, ""), None),
        (answer(400, r#"{"error":"xyzzy"}"#), Some((400, "unauthorized_client"))),
        (answer(400, r#"{"error":"invalid_grant"}"#), None),
        (answer(400, r#"{"error":"invalid_token"}"#), None),
        (answer(401, r#"{"error":"invalid_client"}"#), Some((400, "unauthorized_client"))),
        (answer(200, r#"{"ok":false,"error":"xyzzy"}"#), Some((400, "unauthorized_client"))),
        (answer(200, r#"{"ok":false,"error":"invalid_auth"}"#), Some((400, "unsupported_token_type"))),
        (answer(503, "xyzzy"), Some((503, "temporarily_unavailable"))),
        (answer(429, "xyzzy"), Some((429, "temporarily_unavailable"))),
    ] {
        provider.answers([script]);
        let told = app.revoke(ACME, "t-1").await;
        match expected {
            None => assert_eq!(told.tokens(), json!({})),
            Some((status, code)) => assert_kind(&told, status, code, code),
        }
    }
    let asked = provider.received();
    assert!(asked.iter().all(|asked| asked.target == "/revoke" && asked.authorization().is_some()));
    assert!(asked.iter().all(|asked| asked.form["token"] == "t-1"));
}

#[tokio::test]
async fn a_provider_without_an_address_for_that_takes_nothing_back() {
    let provider = scripted_provider::start().await;
    let seat = Seat::take().await;
    let mut client = client_of(&provider);
    client.revocation_url = None;
    let plan = seat.plan().provider(ACME, client);
    let service = seat.serve(plan);
    App::of(&service).revoke(ACME, "t-1").await.assert_error(400, "unsupported_token_type");
    assert!(provider.received().is_empty());
}

#[tokio::test]
async fn an_error_that_a_provider_sends_a_browser_back_with_is_one_of_the_standards_or_a_servers() {
    let (_provider, service) = with_service().await;
    for (error, expected) in [
        ("access_denied", "access_denied"),
        ("temporarily_unavailable", "temporarily_unavailable"),
        ("login_required", "login_required"),
        ("xyzzy", "server_error"),
        ("ACCESS_DENIED", "server_error"),
        ("<script>xyzzy</script>", "server_error"),
        ("access_denied\r\nSet-Cookie: xyzzy", "server_error"),
        ("", "server_error"),
    ] {
        let (app, mut browser) = (App::of(&service), Browser::of(&service));
        let at_provider = browser.begin(&app, ACME).await;
        let callback = with(&consented(&service, &at_provider, "code"), "error", Some(error));
        let callback = with(&callback, "error_description", Some("<b>xyzzy</b>"));
        let arrived = browser.open(&with(&callback, "error_uri", Some("https://xyzzy.example"))).await.sent_to();
        assert_eq!(parameter(&arrived, "error").as_deref(), Some(expected), "{error:?}");
        assert_eq!(parameter(&arrived, "code"), None);
        assert!(!arrived.as_str().contains(WORD), "{arrived}");
    }
    for code in [None, Some(""), Some(&*WORD.repeat(500))] {
        let (app, mut browser) = (App::of(&service), Browser::of(&service));
        let at_provider = browser.begin(&app, ACME).await;
        let callback = with(&consented(&service, &at_provider, "code"), "code", code);
        let arrived = browser.open(&callback).await.sent_to();
        assert_eq!(parameter(&arrived, "error").as_deref(), Some("server_error"));
        assert!(!arrived.as_str().contains(WORD), "{arrived}");
    }
}

#[tokio::test]
async fn a_code_of_any_characters_is_the_providers_again_when_it_is_redeemed() {
    let (provider, service) = with_service().await;
    for code in ["4/0Ab_c+d=&e", "a b", "%41", "\r\nEvil: 1", "\u{1f511}"] {
        let (app, mut browser) = (App::of(&service), Browser::of(&service));
        let at_provider = browser.begin(&app, ACME).await;
        let sealed = app.code(&browser.open(&consented(&service, &at_provider, code)).await);
        app.redeem(ACME, &sealed).await.tokens();
        let asked = provider.last();
        let sent = |name: &str| asked.form.get(name).map(String::as_str);
        assert_eq!(sent("code"), Some(code));
        assert_eq!(sent("redirect_uri"), Some(service.url(ACME, "callback").as_str()));
        assert_eq!(sent("grant_type"), Some("authorization_code"));
        assert_ne!(sent("code_verifier"), Some(&*app.verifier), "the caller's is the caller's");
        assert!(sent("code_verifier").is_some_and(|verifier| (43..=128).contains(&verifier.len())));
        assert!(asked.authorization().is_some_and(|proof| proof.starts_with("Basic ")));
    }
}

#[tokio::test]
async fn a_client_that_the_provider_does_not_know_is_the_operators_matter() {
    let provider = oidc().await;
    let seat = Seat::take().await;
    let mut client = client_at(&provider);
    client.client_secret = Some("not the secret".into());
    let plan = seat.plan().provider(ACME, client);
    let service = seat.serve(plan);
    let (app, mut browser) = (App::of(&service), Browser::of(&service));
    let at_provider = browser.begin(&app, ACME).await;
    let callback = provider.authorize_as(at_provider.as_str(), "ada").await.expect("the user gets through");
    let code = app.code(&browser.open(&callback).await);
    let told = app.redeem(ACME, &code).await;
    told.assert_error(400, "unauthorized_client");
    assert!(told.text.contains("its operator"), "{}", told.text);
    assert!(!told.text.contains("secret") && !told.text.contains("confidential"), "{}", told.text);
}
