//! When and where the credential is attached.

use std::sync::atomic::Ordering;

use http::{HeaderValue, Method};
use innkeeper_egress::{Body, EgressError, RequestBody};
use innkeeper_fixtures::scripted::{Received, Reply, ScriptedServer};
use innkeeper_spec::Unauthorized;

use crate::{Out, TOKEN, Tokens, attached, bare, denial, text};

fn guarded(asked: &Received, _: usize) -> Reply {
    Reply::new(if asked.header("x-credential") == Some("token-two") { 200 } else { 401 })
}

#[tokio::test]
async fn without_a_credential_nothing_is_sent() {
    let service = ScriptedServer::start(|_, _| Reply::new(200)).await;
    let out = Out::new(&[service.url("")]).tokens(Tokens::new(&[]));
    assert_eq!(out.send(attached(&service.url("/"))).await.err(), Some(EgressError::NeedsAuthorization));
    let out = Out::new(&[service.url("")]);
    assert!(matches!(out.send(attached(&service.url("/"))).await, Err(EgressError::Misconfigured(_))));
    assert!(service.received().is_empty());
}

#[tokio::test]
async fn a_request_that_omits_it_leaves_bare() {
    let service = ScriptedServer::start(|_, _| Reply::new(200)).await;
    let out = Out::new(&[service.url("")]).tokens(Tokens::new(&["token-one"]));
    out.send(bare(&service.url("/"))).await.expect("sent");
    assert_eq!(service.last().header("x-credential"), None);
    assert_eq!(out.tokens.expect("set").asked.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_rule_without_credential_never_gets_it() {
    let service = ScriptedServer::start(|_, _| Reply::new(200)).await;
    let out = Out::new(&[format!("{}, no credential", service.url(""))]).tokens(Tokens::new(&["token-one"]));
    assert!(denial(out.send(attached(&service.url("/"))).await).contains("omitted"));
    assert!(out.send(bare(&service.url("/"))).await.is_ok());
}

#[tokio::test]
async fn a_credential_in_the_query_replaces_what_has_its_name_and_is_not_shown() {
    let service = ScriptedServer::start(|_, _| Reply::new(200)).await;
    let out = Out::new(&[service.url("")]).tokens(Tokens::in_query("token/one"));
    let mut request = attached(&service.url("/x?key=guest&%6bey=guest&a=b"));
    request.query.push(("key".into(), "guest".into()));
    let response = out.send(request).await.expect("sent");
    assert_eq!(service.last().target, "/x?a=b&key=token%2Fone");
    assert!(!response.url.as_str().contains("one"), "{}", response.url);
}

#[tokio::test]
async fn a_header_of_the_credential_cannot_be_set_by_the_guest() {
    let out = Out::new(&["http://127.0.0.1:1".into()]).tokens(Tokens::new(&["token-one"]));
    let mut request = attached("http://127.0.0.1:1/");
    request.headers.insert("x-credential", HeaderValue::from_static("guest"));
    assert!(
        matches!(out.send(request).await, Err(EgressError::InvalidRequest(text)) if text.contains("`x-credential`"))
    );
}

#[tokio::test]
async fn a_401_forces_one_refresh_and_one_more_try() {
    let service = ScriptedServer::start(guarded).await;
    let out = Out::new(&[service.url("")]).tokens(Tokens::new(&["token-one", "token-two"]));
    let mut request = attached(&service.url("/"));
    request.method = Method::POST;
    request.body = RequestBody::Bytes("again".into());
    let response = out.send(request).await.expect("sent");
    assert_eq!((response.status.as_u16(), response.sent), (200, 2));
    assert!(service.received().iter().all(|asked| asked.text() == "again"));
}

#[tokio::test]
async fn a_second_401_is_the_answer() {
    let service = ScriptedServer::start(|_, _| Reply::new(401)).await;
    let out = Out::new(&[service.url("")]).tokens(Tokens::new(&["token-one", "token-two", "token-three"]));
    let response = out.send(attached(&service.url("/"))).await.expect("answered");
    assert_eq!((response.status.as_u16(), response.sent), (401, 2));
    let out = Out::new(&[service.url("")]).tokens(Tokens::new(&["token-one"]));
    assert_eq!(out.send(attached(&service.url("/"))).await.expect("answered").sent, 1);
}

#[tokio::test]
async fn a_body_that_refuses_the_token_is_as_good_as_a_401() {
    let json = |text: &str| Reply::new(200).header("content-type", "application/json; charset=utf-8").body(text);
    let service = ScriptedServer::start(move |asked, _| match asked.header("x-credential") {
        Some("token-two") => json(r#"{"ok":true}"#),
        _ => json(r#"{"ok":false,"error":"token_expired"}"#),
    })
    .await;
    let mut out = Out::new(&[service.url("")]).tokens(Tokens::new(&["token-one", "token-two"]));
    let response = out.send(attached(&service.url("/"))).await.expect("answered");
    assert_eq!(
        (text(response).await.as_str(), service.received().len()),
        (r#"{"ok":false,"error":"token_expired"}"#, 1)
    );

    out.policies.unauthorized =
        Some(Unauthorized { body_path: "/error".to_owned(), body_values: vec!["token_expired".to_owned()] });
    let response = out.send(attached(&service.url("/"))).await.expect("answered");
    assert_eq!(response.sent, 2);
    assert_eq!(text(response).await, r#"{"ok":true}"#);

    let stubborn = ScriptedServer::start(move |_, _| json(r#"{"ok":false,"error":"token_expired"}"#)).await;
    let mut out = Out::new(&[stubborn.url("")]).tokens(Tokens::new(&["token-one", "token-two", "token-three"]));
    out.policies.unauthorized =
        Some(Unauthorized { body_path: "/error".to_owned(), body_values: vec!["token_expired".to_owned()] });
    let response = out.send(attached(&stubborn.url("/"))).await.expect("answered");
    assert_eq!(response.sent, 2, "a second refusal is the answer");
    assert!(text(response).await.contains("token_expired"), "what was looked into is handed out");
}

#[tokio::test]
async fn a_spent_stream_is_not_sent_again() {
    let service = ScriptedServer::start(guarded).await;
    let out = Out::new(&[service.url("")]).tokens(Tokens::new(&["token-one", "token-two"]));
    let mut request = attached(&service.url("/"));
    request.method = Method::POST;
    request.body = RequestBody::Stream(Body::from_stream(futures::stream::iter([Ok("once".into())]), Some(4), None));
    let response = out.send(request).await.expect("answered");
    assert_eq!((response.status.as_u16(), response.sent), (401, 1));
    assert_eq!(out.send(attached(&service.url("/"))).await.expect("the refresh helped the next").status, 200);
}

#[tokio::test]
async fn both_credentials_of_a_refresh_are_scrubbed() {
    let service =
        ScriptedServer::start(|_, number| Reply::new(if number == 0 { 401 } else { 200 }).body("token-one token-two"))
            .await;
    let out = Out::new(&[service.url("")]).tokens(Tokens::new(&["token-one", "token-two"]));
    let response = out.send(attached(&service.url("/"))).await.expect("answered");
    assert_eq!(text(response).await, "[redacted] [redacted]");
}

#[tokio::test]
async fn no_debug_text_holds_a_secret() {
    let service = ScriptedServer::start(|asked, _| Reply::new(200).header("x-echo", asked.target.clone())).await;
    let out = Out::new(&[service.url("")]).tokens(Tokens::in_query(TOKEN));
    let mut request = attached(&service.url("/?password=hidden"));
    request.body = RequestBody::Form(vec![("password".into(), "hidden".into())]);
    let shown = format!("{request:?}");
    let response = out.send(request).await.expect("answered");
    let shown = format!("{shown}{response:?}{:?}", out.egress);
    assert!(!shown.contains("hidden") && !shown.contains("tok"), "{shown}");
}
