//! The auth redirect service keeps nothing of what it passed on: what is allocated is counted, byte by byte.
//!
//! A program of its own, for what other tests allocate would be counted as well.

use std::alloc::System;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use axum::routing::post;
use axum::{Json, Router};
use innkeeper::{Keyring, SystemClock, SystemRandom};
use innkeeper_ears::{EarsLimits, EarsProvider, EarsService, EarsSettings, Quota};
use innkeeper_egress::Egress;
use innkeeper_tests::host::loopback;
use innkeeper_tests::oidc::plain_client;
use serde_json::{Value, json};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use tokio::net::TcpListener;
use url::Url;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Asked for before anything is counted: connections, pools and buffers are there then.
const WARM_UP: usize = 200;
const COUNTED: usize = 2_000;
/// A part of them is sent on a connection of its own.
const ONE_IN: usize = 10;
/// Bytes that all of them together may leave behind: 8 each. None were seen; a connection may end a moment later.
const SLACK: isize = 16 << 10;

// One thread: what is allocated meanwhile is of the request that is answered, and gone with it.
#[tokio::test]
async fn a_token_that_was_passed_on_leaves_not_a_byte_behind() {
    let provider = serve(Router::new().route("/token", post(token))).await;
    let service = service(&provider).await;
    let http = plain_client().expect("a client for loopback");
    refresh(&http, &service, WARM_UP).await;

    let region = Region::new(&INSTRUMENTED_SYSTEM);
    refresh(&http, &service, COUNTED).await;
    let counted = region.change();
    // Reallocations are in both.
    let left = counted.bytes_allocated.cast_signed() - counted.bytes_deallocated.cast_signed();

    assert!(counted.allocations > COUNTED, "the requests were counted: {counted:?}");
    assert!(left <= SLACK, "{left} bytes are left of {COUNTED} requests: {counted:?}");
}

/// RFC 6749, section 5.1.
async fn token() -> Json<Value> {
    Json(json!({ "access_token": "a", "token_type": "Bearer", "expires_in": 3600, "refresh_token": "b" }))
}

/// Asks for tokens, one after the other; no two of them with the same refresh token.
async fn refresh(http: &reqwest::Client, service: &Url, count: usize) {
    for number in 0..count {
        let body = json!({ "refresh_token": format!("refresh-{number}-of-{count}") }).to_string();
        let connection = if number % ONE_IN == 0 { "close" } else { "keep-alive" };
        let request = http.post(service.clone()).header("content-type", "application/json");
        let answer = request.header("connection", connection).body(body).send().await.expect("it answers");
        assert_eq!(answer.status(), 200);
        answer.bytes().await.expect("a body");
    }
}

/// Serves until the test ends; where.
async fn serve(router: Router) -> Url {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
    let base = format!("http://{}", listener.local_addr().expect("an address"));
    let router = router.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, router).await });
    base.parse().expect("an address")
}

/// A service in front of `provider`; where it renews tokens.
async fn service(provider: &Url) -> Url {
    let (clock, random) = (Arc::new(SystemClock), Arc::new(SystemRandom));
    let keyring = Keyring::generate(&*random);
    let egress = Egress::new(loopback(), clock.clone(), random.clone()).expect("egress is set up");
    let client = EarsProvider {
        client_id: "app".to_owned(),
        client_secret: Some("secret".into()),
        authorization_url: Some(provider.join("authorize").expect("an address")),
        token_url: Some(provider.join("token").expect("an address")),
        ..EarsProvider::default()
    };
    let quota = Quota { count: NonZeroU32::MAX, window: Duration::from_mins(1) };
    let settings = EarsSettings {
        public_url: "https://ears.example.com/".parse().expect("an address"),
        providers: BTreeMap::from([("plain".to_owned(), client)]),
        callbacks: Vec::new(),
        loopback_callbacks: true,
        trusted_proxies: Vec::new(),
        limits: EarsLimits { consents: quota, tokens: quota, most_callers: 1000 },
    };
    let ears = EarsService::new(settings, &keyring, &egress, clock, random).expect("a service");
    serve(ears.router()).await.join("v1/plain/oauth/refresh").expect("an address")
}
