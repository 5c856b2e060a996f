//! Providers that have manners of their own: a caller sees none of them.

use innkeeper_ears::EarsProvider;
use innkeeper_tests::query::parameter;
use innkeeper_tests::scripted::{Reply, ScriptedServer};
use serde_json::json;

use crate::app::{App, Browser};
use crate::scripted_provider::{self, client_of, consented};
use crate::service::{Seat, Service};

/// A service with the preset of this name, whose addresses are a scripted provider's.
async fn preset(name: &str) -> (ScriptedServer, Service) {
    let provider = scripted_provider::start().await;
    let seat = Seat::take().await;
    let plan = seat.plan().provider(name, EarsProvider { client_id: "app".to_owned(), ..client_of(&provider) });
    (provider, seat.serve(plan))
}

fn ok(body: &serde_json::Value) -> Reply {
    Reply::json(body.to_string())
}

#[tokio::test]
async fn slacks_users_token_is_what_a_caller_gets_and_never_the_bots() {
    let (provider, service) = preset("slack").await;
    let (app, mut browser) = (App::of(&service), Browser::of(&service));
    let at_provider = browser.begin(&app, "slack").await;
    assert_eq!(parameter(&at_provider, "user_scope"), app.scope);
    assert_eq!(parameter(&at_provider, "scope"), None, "no bot is installed");
    provider.answers([ok(&json!({
        "ok": true, "access_token": "xoxb-bot", "refresh_token": "xoxe-bot", "token_type": "bot", "team": { "id": "T1" },
        "authed_user": {
            "id": "U1", "scope": "search:read", "access_token": "xoxp-user", "token_type": "user",
            "refresh_token": "xoxe-user", "expires_in": 43200,
        },
    }))]);
    let code = app.code(&browser.open(&consented(&service, &at_provider, "code")).await);
    let answer = app.redeem("slack", &code).await;
    let expected = json!({
        "token_type": "Bearer", "access_token": "xoxp-user", "refresh_token": "xoxe-user", "expires_in": 43200,
        "scope": "search:read",
    });
    assert_eq!(answer.tokens(), expected);
    assert!(provider.received()[0].authorization().is_some_and(|proof| proof.starts_with("Basic ")));

    // A refresh of a user's token is answered where the standard has it.
    provider.answers([ok(
        &json!({ "ok": true, "access_token": "xoxp-2", "refresh_token": "xoxe-2", "token_type": "user", "expires_in": 43200 }),
    )]);
    let refreshed = app.refresh("slack", "xoxe-user").await.tokens();
    assert_eq!((&refreshed["access_token"], &refreshed["token_type"]), (&json!("xoxp-2"), &json!("Bearer")));

    provider.answers([ok(&json!({ "ok": true, "revoked": true }))]);
    assert_eq!(app.revoke("slack", "xoxp-2").await.tokens(), json!({}));
    let revoked = provider.last();
    assert_eq!(revoked.authorization(), Some("Bearer xoxp-2"), "a token shows itself");
    assert!(revoked.body.is_empty());
}

#[tokio::test]
async fn slack_refuses_with_a_success_and_a_caller_is_told_in_kind() {
    let (provider, service) = preset("slack").await;
    let app = App::of(&service);
    for (error, status, code) in [
        ("invalid_refresh_token", 400, "invalid_grant"),
        ("token_revoked", 400, "invalid_grant"),
        ("invalid_code", 400, "invalid_grant"),
        ("bad_client_secret", 400, "unauthorized_client"),
        ("internal_error", 503, "temporarily_unavailable"),
    ] {
        provider.answers([ok(&json!({ "ok": false, "error": error }))]);
        app.refresh("slack", "xoxe-user").await.assert_error(status, code);
    }
    // A token that has ended already is given back.
    for error in ["token_revoked", "account_inactive", "token_expired"] {
        provider.answers([ok(&json!({ "ok": false, "error": error }))]);
        assert_eq!(app.revoke("slack", "xoxp-user").await.tokens(), json!({}), "{error}");
    }
    // It may be good, and used from an address that Slack does not take it from.
    provider.answers([ok(&json!({ "ok": false, "error": "invalid_auth" }))]);
    app.revoke("slack", "xoxe-user").await.assert_error(400, "unsupported_token_type");
}

#[tokio::test]
async fn google_and_microsoft_are_shown_the_secret_in_the_body() {
    for name in ["google", "microsoft"] {
        let (provider, service) = preset(name).await;
        let (app, mut browser) = (App::of(&service), Browser::of(&service));
        let at_provider = browser.begin(&app, name).await;
        assert_eq!(parameter(&at_provider, "scope"), app.scope);
        let code = app.code(&browser.open(&consented(&service, &at_provider, "code")).await);
        app.redeem(name, &code).await.tokens();
        app.refresh(name, "r").await.tokens();
        for asked in provider.received() {
            let sent = (asked.form["client_id"].as_str(), asked.form["client_secret"].as_str());
            assert_eq!(sent, ("app", "the secret of a client"));
            assert_eq!(asked.authorization(), None);
        }
    }
}
