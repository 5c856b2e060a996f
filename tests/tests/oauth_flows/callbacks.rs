//! What the browser comes back with, and what of it is refused. A refused callback leaves no grant behind.

use innkeeper::{Callback, ConnectionView, FlowFailure, Reason, SessionSecret, SystemRandom};
use innkeeper_tests::host::{Flow, failure};
use innkeeper_tests::oidc::{OidcOptions, PUBLIC};
use innkeeper_tests::query::{parameter, with};
use innkeeper_tests::stage::Stage;
use url::Url;

/// A flow that a user has consented to, and where the provider sent the browser.
async fn consented() -> (Stage, ConnectionView, Flow, Url) {
    let stage = Stage::start(OidcOptions::default()).await;
    let connection = stage.connect(PUBLIC).await;
    let flow = stage.host.begin(&connection, None).await;
    let callback = stage.consent(&flow, "ada").await;
    (stage, connection, flow, callback)
}

async fn assert_no_grant(stage: &Stage, connection: &ConnectionView) {
    let grant = stage.host.status(connection, None).await.grant;
    assert_eq!((grant.authorized, grant.reason), (false, Some(Reason::NoGrant)));
    stage.me(connection).await.expect_err("there is no grant");
    assert_eq!(stage.counts().await.all("api"), 0);
}

#[tokio::test]
async fn a_state_is_good_for_one_callback() {
    let (stage, connection, flow, callback) = consented().await;
    stage.host.complete(&callback, &flow.session).await.expect("the first one");
    let second = failure(stage.host.complete(&callback, &flow.session).await);
    assert!(matches!(second, FlowFailure::Unknown), "{second}");
    stage.me(&connection).await.expect("the grant of the first one is not harmed");
    assert_eq!(stage.counts().await.all("authorization_code"), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_callbacks_at_once_one_is_exchanged() {
    let (stage, connection, flow, callback) = consented().await;
    let (one, other) =
        tokio::join!(stage.host.complete(&callback, &flow.session), stage.host.complete(&callback, &flow.session));
    assert_ne!(one.is_ok(), other.is_ok(), "{one:?} {other:?}");
    assert_eq!(stage.counts().await.all("authorization_code"), 1);
    stage.me(&connection).await.expect("the provider saw no second use of the code");
}

#[tokio::test]
async fn a_callback_in_another_browser_is_refused_and_spoils_nothing() {
    let (stage, connection, flow, callback) = consented().await;
    let stranger = SessionSecret::random(&SystemRandom);
    let refused = failure(stage.host.complete(&callback, &stranger).await);
    assert!(matches!(refused, FlowFailure::OtherSession), "{refused}");
    assert_no_grant(&stage, &connection).await;
    assert_eq!(stage.counts().await.all("authorization_code"), 0);
    stage.host.complete(&callback, &flow.session).await.expect("the right browser still may");
}

#[tokio::test]
async fn a_state_ends_after_ten_minutes() {
    let (stage, connection, flow, callback) = consented().await;
    stage.host.advance(600);
    let refused = failure(stage.host.complete(&callback, &flow.session).await);
    assert!(matches!(refused, FlowFailure::Expired), "{refused}");
    assert!(refused.to_string().ends_with("begin again"), "{refused}");
    assert_no_grant(&stage, &connection).await;
    assert_eq!(stage.counts().await.all("authorization_code"), 0);
}

#[tokio::test]
async fn a_denied_consent_is_told_and_another_try_is_free() {
    let stage = Stage::start(OidcOptions::default()).await;
    let connection = stage.connect(PUBLIC).await;
    let flow = stage.host.begin(&connection, None).await;
    let link = flow.begun.authorization_url.as_str();
    let callback = stage.provider.refuse_as(link, "ada").await.expect("the user refuses");
    let refused = failure(stage.host.complete(&callback, &flow.session).await);
    assert!(matches!(refused, FlowFailure::Denied), "{refused}");
    assert_eq!(refused.to_string(), "access was denied; begin again if that was a mistake (access_denied)");
    assert_no_grant(&stage, &connection).await;
    stage.authorize(&connection, None, "ada").await;
}

#[tokio::test]
async fn a_denied_consent_leaves_an_older_grant_alone() {
    let stage = Stage::start(OidcOptions::default()).await;
    let connection = stage.connect(PUBLIC).await;
    stage.authorize(&connection, None, "ada").await;
    let flow = stage.host.begin(&connection, None).await;
    let callback = stage.provider.refuse_as(flow.begun.authorization_url.as_str(), "bob").await.expect("refused");
    failure(stage.host.complete(&callback, &flow.session).await);
    assert_eq!(stage.me(&connection).await.expect("the older grant lives")["sub"], "ada");
}

#[tokio::test]
async fn an_answer_in_the_name_of_another_server_is_refused() {
    for issuer in [Some("https://login.example.com"), Some(""), None] {
        let (stage, connection, flow, callback) = consented().await;
        assert!(parameter(&callback, "iss").is_some(), "the provider names itself: {callback}");
        let refused = failure(stage.host.complete(&with(&callback, "iss", issuer), &flow.session).await);
        assert!(matches!(refused, FlowFailure::OtherIssuer), "{refused}");
        assert_no_grant(&stage, &connection).await;
        assert_eq!(stage.counts().await.all("authorization_code"), 0, "no code went to another server");
    }
}

#[tokio::test]
async fn a_state_of_nobody_and_a_code_of_nobody_are_refused() {
    let (stage, connection, flow, callback) = consented().await;
    let forged = with(&callback, "state", Some("bm9ib2R5J3Mgc3RhdGUgaW4gdGhpcyB0ZXN0LCBzdXJl"));
    let refused = failure(stage.host.complete(&forged, &flow.session).await);
    assert!(matches!(refused, FlowFailure::Unknown), "{refused}");

    let forged = with(&callback, "code", Some("forged"));
    let refused = failure(stage.host.complete(&forged, &flow.session).await);
    assert!(matches!(refused, FlowFailure::Exchange(_)), "{refused}");
    assert!(!refused.to_string().contains("forged"), "{refused}");
    assert_eq!(stage.counts().await.of("authorization_code", "invalid_grant"), 1);
    assert_no_grant(&stage, &connection).await;
}

#[tokio::test]
async fn the_code_of_one_flow_is_refused_in_another() {
    let (stage, connection, flow, callback) = consented().await;
    // As an attacker would slip their own code into a victim's browser (RFC 7636 holds it off).
    let other = stage.host.begin(&connection, None).await;
    let theirs = stage.consent(&other, "mallory").await;
    let mixed = with(&callback, "code", parameter(&theirs, "code").as_deref());
    let refused = failure(stage.host.complete(&mixed, &flow.session).await);
    assert!(matches!(refused, FlowFailure::Exchange(_)), "{refused}");
    assert_no_grant(&stage, &connection).await;
}

#[tokio::test]
async fn a_query_that_is_no_callback_is_refused_before_anything_is_looked_up() {
    for query in ["", "code=c", "state=&code=c", "%00%ff&&&=;;", "state%3Da=code"] {
        assert!(matches!(Callback::parse(query), Err(FlowFailure::NoState)), "{query}");
    }
    assert!(matches!(Callback::parse("state=a&state=b"), Err(FlowFailure::Repeated)));
    assert!(matches!(Callback::parse("state=a&code=b&code=c"), Err(FlowFailure::Repeated)));

    let (stage, connection, flow, callback) = consented().await;
    let codeless = with(&callback, "code", None);
    let refused = failure(stage.host.complete(&codeless, &flow.session).await);
    assert!(matches!(refused, FlowFailure::NoCode), "{refused}");
    let long = "a".repeat(1 << 20);
    let refused = failure(stage.host.complete(&with(&callback, "state", Some(&long)), &flow.session).await);
    assert!(matches!(refused, FlowFailure::Unknown), "{refused}");
    assert_no_grant(&stage, &connection).await;
    assert_eq!(stage.counts().await.all("authorization_code"), 0);
}
