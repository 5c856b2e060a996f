//! What our client says to an auth redirect service: the words of the protocol and no others.

use innkeeper::ErrorKind;
use innkeeper::spec::AuthMode;
use innkeeper_tests::echo::EchoService;
use innkeeper_tests::host::{REDIRECT, connect};
use innkeeper_tests::query::parameter;
use innkeeper_tests::redirect_service::RedirectService;
use innkeeper_tests::scripted::{Received, Reply};
use reqwest::header;
use serde_json::Value;

use crate::scene::{SCOPE, Scene, authorize, connected, host_of, new_connection};

fn body(asked: &Received) -> Vec<(String, String)> {
    assert_eq!(asked.method, "POST");
    assert_eq!(asked.headers[header::CONTENT_TYPE], "application/json");
    assert!(!asked.headers.contains_key(header::AUTHORIZATION) && !asked.headers.contains_key(header::COOKIE));
    let body: Value = serde_json::from_slice(&asked.body).expect("JSON");
    let fields = body.as_object().expect("an object").iter();
    fields.map(|(name, value)| (name.clone(), value.as_str().expect("a text").to_owned())).collect()
}

fn names(asked: &Received) -> Vec<String> {
    body(asked).into_iter().map(|(name, _)| name).collect()
}

#[tokio::test]
async fn every_address_is_the_protocols_wherever_the_service_is() {
    for (prefix, end) in [("", ""), ("", "/"), ("/auth", ""), ("/auth", "/"), ("/auth/redirect", "/")] {
        let service = RedirectService::start(prefix).await;
        let host = host_of(&format!("{}{prefix}{end}", service.origin())).await;
        let echo = EchoService::start().await;
        let connection = connected(&host, echo.base()).await;
        authorize(&host, &service, &connection, "ada").await;
        host.advance(3600);
        host.ask(&connection, Some("ada"), echo.base()).await.expect("refreshed");
        host.disconnect(&connection, Some("ada")).await;
        let targets: Vec<_> = service.received().into_iter().map(|asked| asked.target).collect();
        let of = |endpoint| format!("{prefix}/v1/acme/oauth/{endpoint}");
        assert_eq!(targets, ["token", "refresh", "revoke", "revoke"].map(of), "{prefix:?} {end:?}");
    }
}

#[tokio::test]
async fn every_body_is_the_protocols_and_holds_nothing_else() {
    let scene = Scene::start().await;
    let flow = scene.host.begin(&scene.connection, Some("ada")).await;
    let authorize = flow.begun.authorization_url.clone();
    assert_eq!(parameter(&authorize, "callback_uri").as_deref(), Some(REDIRECT));
    assert_eq!(parameter(&authorize, "scope").as_deref(), Some(SCOPE));
    let callback = scene.service.consent(&authorize, "ada");
    scene.host.complete(&callback, &flow.session).await.expect("without `iss`, which the protocol does not have");

    let redeemed = body(&scene.service.received_at("token")[0]);
    let [(code_name, code), (verifier_name, verifier)] = &redeemed[..] else { panic!("{redeemed:?}") };
    assert_eq!([code_name, verifier_name], ["code", "pkce_verifier"]);
    assert_eq!(Some(code.clone()), parameter(&callback, "code"));
    assert!((43..=128).contains(&verifier.len()), "RFC 7636, section 4.1");

    scene.host.advance(3600);
    scene.ask("ada").await.expect("refreshed");
    assert_eq!(names(&scene.service.received_at("refresh")[0]), ["refresh_token"]);
    scene.host.disconnect(&scene.connection, Some("ada")).await;
    for asked in scene.service.received_at("revoke") {
        assert_eq!(names(&asked), ["token"]);
        assert!(!asked.text().contains("Bearer"), "the token alone, without its type");
    }
}

#[tokio::test]
async fn a_scope_that_is_not_given_is_not_asked_for() {
    let service = RedirectService::start("").await;
    let host = host_of(service.origin()).await;
    let connection =
        connect(&host.host, new_connection("http://127.0.0.1:9").field("provider", "acme")).await.expect("made");
    let flow = host.begin(&connection, Some("ada")).await;
    service.consent(&flow.begun.authorization_url, "ada");
    assert_eq!(parameter(&flow.begun.authorization_url, "scope"), None);
}

#[tokio::test]
async fn each_user_has_a_grant_of_their_own_unless_told_otherwise() {
    let scene = Scene::start().await;
    assert_eq!(scene.connection.auth_mode, AuthMode::PerUser);
    for user in ["ada", "bob"] {
        scene.authorize(user).await;
    }
    for user in ["bob", "ada", "bob"] {
        scene.ask(user).await.expect("an answer");
    }
    assert_eq!(scene.users(), ["bob", "ada", "bob"].map(|user| Some(user.to_owned())));
    scene.ask("eve").await.expect_err("she has not authorized");

    let new = new_connection(scene.echo.base()).id("shared".parse().expect("an id"));
    let new = new.field("provider", "acme").auth_mode(AuthMode::Shared);
    assert_eq!(connect(&scene.host.host, new).await.expect("made").auth_mode, AuthMode::Shared);
}

#[tokio::test]
async fn both_tokens_are_given_back_when_a_user_disconnects_and_nobody_elses() {
    let scene = Scene::start().await;
    for user in ["ada", "bob"] {
        scene.authorize(user).await;
    }
    assert_eq!(scene.service.live(), (2, 2));
    scene.host.disconnect(&scene.connection, Some("ada")).await;
    assert_eq!(scene.service.live(), (1, 1));
    let given_back: Vec<_> = scene.service.received_at("revoke").iter().flat_map(body).collect();
    assert_eq!(given_back.len(), 2);
    assert_ne!(given_back[0], given_back[1]);
    assert_eq!(scene.ask("ada").await.expect_err("she has left").kind(), ErrorKind::NeedsAuthorization);
    scene.ask("bob").await.expect("he has not");
    assert_eq!(scene.users(), [Some("bob".to_owned())]);
}

#[tokio::test]
async fn a_service_that_takes_nothing_back_keeps_no_grant_here() {
    let scene = Scene::authorized().await;
    for _ in 0..2 {
        scene.service.order("revoke", Reply::new(400).body(r#"{"error":"unsupported_token_type"}"#));
    }
    scene.host.disconnect(&scene.connection, Some("ada")).await;
    assert_eq!(scene.service.received_at("revoke").len(), 2, "the second is tried all the same");
    assert!(!scene.is_authorized("ada").await);
}
