//! Retry and rate-limit policies.

use std::sync::Arc;
use std::time::Duration;

use http::Method;
use innkeeper_ambient::{Clock, ManualClock, Timestamp};
use innkeeper_egress::RequestBody;
use innkeeper_fixtures::scripted::{Reply, ScriptedServer};
use innkeeper_spec::{Policies, RateLimit, RateLimitStrategy, Retry};

use crate::{Out, Tokens, attached, bare, loopback, text};

fn retrying(out: Out) -> Out {
    let retry = Retry { initial_delay_ms: 1, ..Retry::default() };
    Out { policies: Policies { retry: Some(retry), ..Policies::default() }, ..out }
}

#[tokio::test]
async fn a_passing_failure_is_tried_again_and_counted() {
    let service = ScriptedServer::start(|_, number| Reply::new(if number < 2 { 503 } else { 200 })).await;
    let response = retrying(Out::new(&[service.url("")])).get(&service.url("/")).await.expect("answered");
    assert_eq!((response.status.as_u16(), response.sent), (200, 3));
}

#[tokio::test]
async fn after_the_last_retry_the_failure_is_the_answer() {
    let service = ScriptedServer::start(|_, _| Reply::new(503).body("busy")).await;
    let response = retrying(Out::new(&[service.url("")])).get(&service.url("/")).await.expect("answered");
    assert_eq!((response.status.as_u16(), response.sent), (503, 4));
    assert_eq!(text(response).await, "busy");
}

#[tokio::test]
async fn a_broken_connection_is_tried_again_only_where_that_is_safe() {
    for (method, sent) in [(Method::GET, 2), (Method::POST, 1)] {
        let service =
            ScriptedServer::start(|_, number| if number == 0 { Reply::silent() } else { Reply::new(200) }).await;
        let mut request = bare(&service.url("/"));
        request.method = method;
        request.body = RequestBody::Bytes("x".into());
        let answer = retrying(Out::new(&[service.url("")])).send(request).await;
        assert_eq!((answer.is_ok(), service.received().len()), (sent == 2, sent));
    }
}

#[tokio::test]
async fn retry_after_is_waited_for_on_the_clock() {
    let service =
        ScriptedServer::start(
            |_, number| if number == 0 { Reply::new(429).header("retry-after", "20") } else { Reply::new(200) },
        )
        .await;
    let clock = Arc::new(ManualClock::new(Timestamp::from_secs(1000)));
    let out = retrying(Out::with(&[service.url("")], loopback(), clock.clone()));
    let url = service.url("/");
    let (response, ()) = futures::join!(out.get(&url), async {
        while service.received().is_empty() || clock.sleepers() == 0 {
            tokio::task::yield_now().await;
        }
        // The timer of the first head may still be running: only the wait outlives it.
        for _ in 0..20 {
            clock.advance(Duration::from_secs(1));
            for _ in 0..100 {
                tokio::task::yield_now().await;
            }
        }
        while service.received().len() < 2 {
            clock.advance(Duration::from_secs(1));
            tokio::task::yield_now().await;
        }
    });
    assert_eq!(response.expect("answered").status, 200);
    assert!(clock.now() >= Timestamp::from_secs(1020));
}

#[tokio::test]
async fn a_wait_beyond_the_deadline_is_not_begun() {
    let service = ScriptedServer::start(|_, _| Reply::new(429).header("retry-after", "20")).await;
    let clock = Arc::new(ManualClock::new(Timestamp::from_secs(1000)));
    let mut out = retrying(Out::with(&[service.url("")], loopback(), clock));
    out.deadline = Some(Timestamp::from_secs(1010));
    let response = out.get(&service.url("/")).await.expect("answered");
    assert_eq!((response.status.as_u16(), response.sent), (429, 1));
}

#[tokio::test]
async fn a_success_that_says_rate_limited_in_its_body_is_tried_again() {
    let service = ScriptedServer::start(|_, number| {
        let body = if number == 0 { r#"{"ok":false,"error":"ratelimited"}"# } else { r#"{"ok":true}"# };
        Reply::new(200).header("content-type", "application/json").body(body)
    })
    .await;
    let mut out = retrying(Out::new(&[service.url("")]).tokens(Tokens::new(&["token-one"])));
    out.policies.rate_limit = Some(RateLimit {
        strategy: RateLimitStrategy::ResponseBody,
        body_path: Some("/error".into()),
        body_values: vec!["ratelimited".into()],
        ..RateLimit::default()
    });
    let mut request = attached(&service.url("/"));
    request.method = Method::POST;
    let response = out.send(request).await.expect("answered");
    assert_eq!(response.sent, 2);
    assert_eq!(text(response).await, r#"{"ok":true}"#);
}

#[tokio::test]
async fn a_large_body_that_was_looked_into_arrives_whole() {
    let body = format!("\"{}\"", "x".repeat(300_000));
    let large = body.clone();
    let service =
        ScriptedServer::start(move |_, _| Reply::new(200).header("content-type", "application/json").body(&large))
            .await;
    let mut out = Out::new(&[service.url("")]);
    out.policies.rate_limit = Some(RateLimit { strategy: RateLimitStrategy::ResponseBody, ..RateLimit::default() });
    assert_eq!(text(out.get(&service.url("/")).await.expect("answered")).await, body);
}
