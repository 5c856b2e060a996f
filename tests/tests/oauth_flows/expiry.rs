//! Tokens that end, and how new ones take their place.

use futures::future::join_all;
use innkeeper_tests::oidc::{CONFIDENTIAL_BASIC, CONFIDENTIAL_POST, OidcOptions, PUBLIC};
use innkeeper_tests::stage::Stage;

#[tokio::test]
async fn a_token_that_the_service_rejects_is_renewed_once_and_the_call_succeeds() {
    let stage = Stage::start(OidcOptions::default()).await;
    for (round, client) in (1..).zip([PUBLIC, CONFIDENTIAL_BASIC, CONFIDENTIAL_POST]) {
        let connection = stage.connect(client).await;
        stage.authorize(&connection, None, "ada").await;
        stage.expire().await;
        assert_eq!(stage.me(&connection).await.expect("the retry succeeds")["sub"], "ada");
        assert_eq!(stage.me(&connection).await.expect("the new token lives")["sub"], "ada");
        let counts = stage.counts().await;
        assert_eq!((counts.all("refresh_token"), counts.of("refresh_token", "success")), (round, round));
        assert_eq!((counts.of("api", "refused"), counts.of("api", "served")), (round, 2 * round));
        assert!(stage.host.status(&connection, None).await.grant.last_refresh.is_some());
    }
}

#[tokio::test]
async fn a_token_near_its_end_is_renewed_before_the_request_leaves() {
    let stage = Stage::start(OidcOptions { access_token_ttl: Some(60), ..OidcOptions::default() }).await;
    let connection = stage.connect(PUBLIC).await;
    stage.authorize(&connection, None, "ada").await;
    stage.host.advance(53);
    stage.me(&connection).await.expect("the first token lives");
    assert_eq!(stage.counts().await.all("refresh_token"), 0);
    // A twentieth of its life is left: 3 s.
    stage.host.advance(4);
    stage.me(&connection).await.expect("a new token");
    let counts = stage.counts().await;
    assert_eq!((counts.all("refresh_token"), counts.of("api", "refused")), (1, 0));
}

#[tokio::test]
async fn a_token_without_a_known_end_lives_until_it_is_rejected() {
    let stage = Stage::start(OidcOptions { omit_expires_in: Some(true), ..OidcOptions::default() }).await;
    let connection = stage.connect(PUBLIC).await;
    stage.authorize(&connection, None, "ada").await;
    stage.host.advance(365 * 24 * 3600);
    stage.me(&connection).await.expect("nobody said that it ends");
    assert_eq!(stage.counts().await.all("refresh_token"), 0);
    stage.expire().await;
    stage.me(&connection).await.expect("a new token");
    assert_eq!(stage.counts().await.all("refresh_token"), 1);
}

#[tokio::test]
async fn each_rotated_refresh_token_serves_the_next_expiry() {
    for rotate in [true, false] {
        let stage = Stage::start(OidcOptions { rotate_refresh_token: Some(rotate), ..OidcOptions::default() }).await;
        let connection = stage.connect(CONFIDENTIAL_BASIC).await;
        stage.authorize(&connection, None, "ada").await;
        for _ in 0..3 {
            // Right after a refresh a 401 would not be taken for the token's fault.
            stage.host.advance(60);
            stage.expire().await;
            stage.me(&connection).await.expect("a new token after a 401");
            stage.host.advance(3600);
            stage.me(&connection).await.expect("a new token by the clock");
        }
        let counts = stage.counts().await;
        assert_eq!((counts.all("refresh_token"), counts.of("refresh_token", "success")), (6, 6));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_calls_that_meet_a_rejected_token_share_one_refresh() {
    let stage = Stage::start(OidcOptions::default()).await;
    let connection = stage.connect(PUBLIC).await;
    stage.authorize(&connection, None, "ada").await;
    stage.expire().await;
    for answer in join_all((0..100).map(|_| stage.me(&connection))).await {
        assert_eq!(answer.expect("every call succeeds")["sub"], "ada");
    }
    let counts = stage.counts().await;
    assert_eq!((counts.all("refresh_token"), counts.of("refresh_token", "success")), (1, 1));
    assert_eq!(counts.of("api", "served"), 100);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_calls_that_meet_an_ended_token_share_one_refresh_and_none_is_rejected() {
    let stage = Stage::start(OidcOptions::default()).await;
    let connection = stage.connect(PUBLIC).await;
    stage.authorize(&connection, None, "ada").await;
    stage.host.advance(3600);
    for answer in join_all((0..100).map(|_| stage.me(&connection))).await {
        assert_eq!(answer.expect("every call succeeds")["sub"], "ada");
    }
    let counts = stage.counts().await;
    assert_eq!((counts.all("refresh_token"), counts.of("refresh_token", "success")), (1, 1));
    assert_eq!((counts.of("api", "served"), counts.of("api", "refused")), (100, 0));
}
