//! Refreshes that fail: for good, or in passing.

use innkeeper::{AuthError, Error, ErrorKind, Reason};
use innkeeper_tests::oidc::{Fault, OidcOptions, PUBLIC};
use innkeeper_tests::stage::Stage;

#[tokio::test]
async fn a_refused_refresh_asks_for_a_new_authorization_after_which_calls_work_again() {
    let stage = Stage::start(OidcOptions::default()).await;
    let connection = stage.connect(PUBLIC).await;
    stage.authorize(&connection, None, "ada").await;
    stage.expire().await;
    stage.provider.forget_refresh_tokens().await.expect("forgotten");
    // A call is on record under the time that it began, by a clock that stands still otherwise.
    stage.host.advance(60);
    // The second call is refused from what is known, without asking the provider again.
    for _ in 0..2 {
        let error = stage.me(&connection).await.expect_err("the grant is gone");
        assert_eq!(error.kind(), ErrorKind::NeedsAuthorization);
        let Error::Auth(AuthError::NeedsAuthorization { connection: named, reason, .. }) = &error else {
            panic!("{error}")
        };
        assert_eq!((named, *reason), (&connection.id, Reason::Revoked));
        assert_eq!(
            error.to_string(),
            "connection hostile_connector (shared) needs authorization: the provider no longer accepts the grant; \
             begin a new authorization for it"
        );
        let grant = stage.host.status(&connection, None).await.grant;
        assert_eq!((grant.authorized, grant.reason, grant.refreshable), (false, Some(Reason::Revoked), false));
        assert_eq!(stage.counts().await.all("refresh_token"), 1);
    }
    let audit = stage
        .host
        .host
        .audit(&innkeeper_tests::host::records_of(&connection), &innkeeper::Page::first(1))
        .await
        .expect("the store answers")
        .items;
    assert_eq!((&*audit[0].event, &*audit[0].outcome), ("call", "needs-authorization"));

    stage.authorize(&connection, None, "ada").await;
    assert_eq!(stage.me(&connection).await.expect("a new grant")["sub"], "ada");
    assert!(stage.host.status(&connection, None).await.grant.authorized);
}

#[tokio::test]
async fn an_outage_of_the_token_endpoint_is_temporary_and_logs_nobody_out() {
    let stage = Stage::start(OidcOptions::default()).await;
    let connection = stage.connect(PUBLIC).await;
    stage.authorize(&connection, None, "ada").await;
    stage.host.advance(3600);
    stage.provider.fail_next("refresh_token", Fault::Status(500, Vec::new())).await.expect("ordered");
    let error = stage.me(&connection).await.expect_err("there is no live token");
    assert_ne!(error.kind(), ErrorKind::NeedsAuthorization);
    assert!(error.to_string().contains("failed with status 500"), "{error}");
    assert!(error.to_string().contains("its grant is kept"), "{error}");
    let grant = stage.host.status(&connection, None).await.grant;
    assert!(grant.authorized && grant.next_try.is_some(), "{grant:?}");
    assert!(grant.last_failure.is_some_and(|failure| failure.contains("500")));

    stage.host.advance(2);
    assert_eq!(stage.me(&connection).await.expect("the endpoint is back")["sub"], "ada");
    assert!(stage.host.status(&connection, None).await.grant.last_failure.is_none());
}

#[tokio::test]
async fn an_outage_that_meets_a_rejected_token_is_told_as_an_outage() {
    let stage = Stage::start(OidcOptions::default()).await;
    let connection = stage.connect(PUBLIC).await;
    stage.authorize(&connection, None, "ada").await;
    stage.expire().await;
    stage.provider.fail_next("refresh_token", Fault::Status(500, Vec::new())).await.expect("ordered");
    // The second call comes while the failure is still being waited out.
    for _ in 0..2 {
        let error = stage.me(&connection).await.expect_err("there is no live token");
        assert!(matches!(error, Error::Auth(AuthError::Unavailable { .. })), "{error:?}");
        assert!(error.to_string().contains("failed with status 500"), "{error}");
        assert!(error.to_string().contains("its grant is kept"), "{error}");
        assert!(stage.host.status(&connection, None).await.grant.authorized);
    }
    assert_eq!(stage.counts().await.all("refresh_token"), 1);
    stage.host.advance(2);
    assert_eq!(stage.me(&connection).await.expect("the endpoint is back")["sub"], "ada");
}

#[tokio::test]
async fn an_outage_in_the_margin_is_not_felt() {
    let stage = Stage::start(OidcOptions::default()).await;
    let connection = stage.connect(PUBLIC).await;
    stage.authorize(&connection, None, "ada").await;
    stage.host.advance(3580);
    stage.provider.fail_next("refresh_token", Fault::Status(503, Vec::new())).await.expect("ordered");
    stage.me(&connection).await.expect("the old token still lives");
    assert_eq!(stage.counts().await.of("refresh_token", "fault 503"), 1);
    stage.host.advance(2);
    stage.me(&connection).await.expect("a new token");
    assert_eq!(stage.counts().await.of("refresh_token", "success"), 1);
}

#[tokio::test]
async fn a_lost_answer_is_made_good_where_the_refresh_token_does_not_rotate() {
    let stage = Stage::start(OidcOptions { rotate_refresh_token: Some(false), ..OidcOptions::default() }).await;
    let connection = stage.connect(PUBLIC).await;
    stage.authorize(&connection, None, "ada").await;
    stage.host.advance(3600);
    stage.provider.fail_next("refresh_token", Fault::LostAnswer).await.expect("ordered");
    let error = stage.me(&connection).await.expect_err("the answer was lost");
    assert!(error.to_string().contains("its grant is kept"), "{error}");
    let grant = stage.host.status(&connection, None).await.grant;
    assert!(grant.authorized && grant.in_doubt, "{grant:?}");
    assert_eq!(stage.counts().await.of("refresh_token", "lost"), 1, "it is not sent again unasked");

    stage.host.advance(2);
    stage.me(&connection).await.expect("the second attempt settles it");
    assert!(!stage.host.status(&connection, None).await.grant.in_doubt);
    assert_eq!(stage.counts().await.of("refresh_token", "success"), 1);
}

#[tokio::test]
async fn a_lost_answer_of_a_rotating_provider_ends_in_a_reason_that_says_so() {
    let stage = Stage::start(OidcOptions::default()).await;
    let connection = stage.connect(PUBLIC).await;
    stage.authorize(&connection, None, "ada").await;
    stage.host.advance(3600);
    stage.provider.fail_next("refresh_token", Fault::LostAnswer).await.expect("ordered");
    stage.me(&connection).await.expect_err("the answer was lost");
    assert!(stage.host.status(&connection, None).await.grant.in_doubt);

    // The new refresh token went with the answer, and this provider ends a grant whose old one is used twice.
    stage.host.advance(2);
    let error = stage.me(&connection).await.expect_err("the old token is spent");
    assert!(
        matches!(error, Error::Auth(AuthError::NeedsAuthorization { reason: Reason::RefreshFailed, .. })),
        "{error}"
    );
    assert!(error.to_string().contains("the response to a refresh was lost"), "{error}");
    stage.authorize(&connection, None, "ada").await;
    stage.me(&connection).await.expect("a new grant");
}
