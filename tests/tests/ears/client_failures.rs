//! Services that refuse, fail or answer nonsense: what it means for the grant, and what the user is told.

use innkeeper::{AuthError, Error, ErrorKind, FlowFailure, Reason};
use innkeeper_tests::host::failure;
use innkeeper_tests::query::with;
use innkeeper_tests::scripted::Reply;

use crate::scene::Scene;

const TOKENS: &str =
    r#"{"token_type":"Bearer","access_token":"sesame-access","expires_in":3600,"refresh_token":"sesame-refresh"}"#;

/// How a flow ended whose code was not redeemed.
async fn redeemed(scene: &Scene) -> FlowFailure {
    let flow = scene.host.begin(&scene.connection, Some("ada")).await;
    let callback = scene.service.consent(&flow.begun.authorization_url, "ada");
    failure(scene.host.complete(&callback, &flow.session).await)
}

#[tokio::test]
async fn only_200_is_a_success() {
    let scene = Scene::start().await;
    for status in [201, 202, 203, 204, 206, 302, 400, 401, 404, 500] {
        scene.service.order("token", Reply::new(status).body(if status == 204 { "" } else { TOKENS }));
        let failure = redeemed(&scene).await;
        assert!(matches!(failure, FlowFailure::Exchange(_)), "{status}: {failure}");
        assert!(!failure.to_string().contains("sesame"), "{failure}");
        assert!(failure.to_string().contains(&status.to_string()), "{status}: {failure}");
        assert!(!scene.is_authorized("ada").await, "{status}");
    }
    scene.authorize("ada").await;
    for status in [201, 202, 204] {
        scene.host.advance(3600);
        scene.service.order("refresh", Reply::new(status).body(if status == 204 { "" } else { TOKENS }));
        let error = scene.ask("ada").await.expect_err("there is no live token");
        assert!(matches!(error, Error::Auth(AuthError::Unavailable { .. })), "{status}: {error}");
        assert!(scene.is_authorized("ada").await, "the grant is kept");
    }
    scene.host.advance(3600);
    scene.ask("ada").await.expect("the grant is as good as before");
    let header = scene.echo.received().last().expect("a request").authorization().expect("a token").to_owned();
    assert!(!header.contains("sesame"), "{header}");
}

#[tokio::test]
async fn an_answer_of_200_that_is_no_tokens_gives_no_grant() {
    let scene = Scene::start().await;
    for body in [
        "",
        "{}",
        "<html>sesame</html>",
        r#"{"access_token":""}"#,
        r#"{"access_token":["sesame"]}"#,
        r#"{"access_token":"sesame\r\nEvil: 1"}"#,
        r#"{"error":"invalid_grant","error_description":"sesame"}"#,
    ] {
        scene.service.order("token", Reply::new(200).body(body));
        let failure = redeemed(&scene).await;
        assert!(matches!(failure, FlowFailure::Exchange(_)), "{body}: {failure}");
        assert!(!failure.to_string().contains("sesame"), "{failure}");
    }
    assert!(!scene.is_authorized("ada").await);
}

#[tokio::test]
async fn a_grant_that_the_service_does_not_honour_needs_a_new_authorization() {
    let scene = Scene::authorized().await;
    scene.host.advance(3600);
    let refused = r#"{"error":"invalid_grant","error_description":"sesame"}"#;
    scene.service.order("refresh", Reply::new(400).body(refused));
    for _ in 0..2 {
        let error = scene.ask("ada").await.expect_err("the grant is gone");
        assert_eq!(error.kind(), ErrorKind::NeedsAuthorization);
        assert!(matches!(error, Error::Auth(AuthError::NeedsAuthorization { reason: Reason::Revoked, .. })), "{error}");
        assert!(!error.to_string().contains("sesame"), "{error}");
    }
    assert_eq!(scene.service.received_at("refresh").len(), 1, "what is known is not asked again");
    scene.authorize("ada").await;
    scene.ask("ada").await.expect("a new grant");
}

#[tokio::test]
async fn an_outage_passes_and_logs_nobody_out() {
    let scene = Scene::authorized().await;
    for (status, wait, seconds) in [(500, "", 0), (502, "", 0), (503, "120", 120), (429, "90", 90), (429, "", 0)] {
        scene.host.advance(3600);
        let outage = Reply::new(status).header("retry-after", wait).body(r#"{"error":"temporarily_unavailable"}"#);
        scene.service.order("refresh", outage);
        let before = scene.service.received_at("refresh").len();
        for _ in 0..2 {
            let error = scene.ask("ada").await.expect_err("there is no live token");
            assert!(matches!(error, Error::Auth(AuthError::Unavailable { .. })), "{status}: {error}");
            assert!(error.to_string().contains("its grant is kept"), "{error}");
        }
        assert_eq!(scene.service.received_at("refresh").len(), before + 1, "a failure is waited out");
        assert!(scene.is_authorized("ada").await);
        if seconds > 0 {
            scene.host.advance(seconds - 1);
            scene.ask("ada").await.expect_err("it asked for more patience");
        }
        scene.host.advance(60);
        scene.ask("ada").await.expect("it is back");
    }
}

#[tokio::test]
async fn a_service_that_does_not_know_the_provider_is_a_matter_of_settings() {
    let scene = Scene::authorized().await;
    let unknown = r#"{"error":"unknown_provider","error_description":"sesame"}"#;
    scene.service.order("token", Reply::new(404).body(unknown));
    let failure = redeemed(&scene).await;
    assert!(failure.to_string().contains("not set up for this provider (unknown_provider)"), "{failure}");

    scene.host.advance(3600);
    scene.service.order("refresh", Reply::new(404).body(unknown));
    let error = scene.ask("ada").await.expect_err("there is no live token");
    assert!(matches!(error, Error::Auth(AuthError::Misconfigured { .. })), "{error}");
    assert!(error.to_string().contains("not set up for this provider"), "{error}");
    assert!(!error.to_string().contains("sesame"), "{error}");
    assert!(scene.is_authorized("ada").await, "the grant is kept");
}

#[tokio::test]
async fn a_callback_may_name_the_service_and_nobody_else() {
    let scene = Scene::start().await;
    for issuer in ["https://evil.example", "", "http://127.0.0.1", &format!("{}/", scene.service.origin())] {
        let flow = scene.host.begin(&scene.connection, Some("ada")).await;
        let callback = scene.service.consent(&flow.begun.authorization_url, "ada");
        let refused = failure(scene.host.complete(&with(&callback, "iss", Some(issuer)), &flow.session).await);
        assert!(matches!(refused, FlowFailure::OtherIssuer), "{issuer}: {refused}");
    }
    assert!(scene.service.received_at("token").is_empty(), "no code went anywhere");
    let flow = scene.host.begin(&scene.connection, Some("ada")).await;
    let callback = scene.service.consent(&flow.begun.authorization_url, "ada");
    let named = with(&callback, "iss", Some(scene.service.origin()));
    scene.host.complete(&named, &flow.session).await.expect("it may say who it is");
}

#[tokio::test]
async fn an_error_that_the_service_sends_a_user_back_with_is_told() {
    let scene = Scene::start().await;
    for (error, told) in [
        ("access_denied", "access was denied"),
        ("invalid_scope", "invalid_scope"),
        ("<b>sesame</b>", "the authorization server refused"),
    ] {
        let flow = scene.host.begin(&scene.connection, Some("ada")).await;
        let callback = with(&scene.service.consent(&flow.begun.authorization_url, "ada"), "error", Some(error));
        let failure = scene.host.complete(&callback, &flow.session).await.expect_err("refused").to_string();
        assert!(failure.contains(told) && !failure.contains("sesame"), "{failure}");
    }
    assert!(scene.service.received_at("token").is_empty());
}

#[tokio::test]
async fn a_service_that_sends_codes_elsewhere_is_not_followed() {
    let scene = Scene::start().await;
    let location = format!("{}/v1/acme/oauth/elsewhere", scene.service.origin());
    for status in [301, 302, 303, 307, 308] {
        scene.service.order("token", Reply::to(status, &location));
        assert!(matches!(redeemed(&scene).await, FlowFailure::Exchange(_)));
    }
    assert!(scene.service.received_at("elsewhere").is_empty());
}
