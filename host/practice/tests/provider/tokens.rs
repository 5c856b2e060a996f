//! Codes and tokens: what issues them, what uses them up, what revokes them.

use http::StatusCode;
use innkeeper_practice::{Decision, EventKind, Settings};

use crate::practice_run::{Answer, CALLBACK, PracticeRun, READ, VERIFIER, basic, parameter};

fn refused(answer: &Answer, error: &str) {
    let expected = if error == "invalid_client" { StatusCode::UNAUTHORIZED } else { StatusCode::BAD_REQUEST };
    assert_eq!((answer.status, answer.json()["error"].as_str()), (expected, Some(error)), "{}", answer.text());
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("www-authenticate").starts_with("Basic"), error == "invalid_client");
}

#[tokio::test]
async fn a_code_gives_tokens_and_the_answer_names_its_issuer() {
    let stage = PracticeRun::new().await;
    let callback = stage.visit("ada", Decision::Allow, &[]).await;
    assert!(callback.starts_with(CALLBACK));
    assert_eq!(parameter(&callback, "state").as_deref(), Some("a state"));
    assert_eq!(parameter(&callback, "iss").as_deref(), Some(stage.provider.base_url.as_str()));
    let answer = stage.exchange(&parameter(&callback, "code").expect("a code")).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!((answer.header("cache-control"), answer.header("pragma")), ("no-store", "no-cache"));
    let tokens = answer.json();
    assert_eq!((tokens["token_type"].as_str(), tokens["expires_in"].as_u64()), (Some("Bearer"), Some(3600)));
    assert_eq!(tokens["scope"].as_str(), Some(READ));
    let about = stage.api(tokens["access_token"].as_str().expect("a token"), "about", &[("fields", "user")]).await;
    assert_eq!(about.json()["user"]["emailAddress"], "ada@practice.example");
}

#[tokio::test]
async fn a_denied_consent_goes_back_with_state_and_issuer() {
    let stage = PracticeRun::new().await;
    let callback = stage.visit("ada", Decision::Deny, &[]).await;
    assert_eq!(parameter(&callback, "error").as_deref(), Some("access_denied"));
    assert_eq!(parameter(&callback, "state").as_deref(), Some("a state"));
    assert_eq!(parameter(&callback, "iss").as_deref(), Some(stage.provider.base_url.as_str()));
    assert_eq!(parameter(&callback, "code"), None);
}

#[tokio::test]
async fn a_wrong_verifier_spends_the_code() {
    let stage = PracticeRun::new().await;
    let code = stage.code("ada", &[]).await;
    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", "practice-public"),
        ("code", code.as_str()),
        ("redirect_uri", CALLBACK),
        ("code_verifier", "another-verifier-of-at-least-forty-three-letters"),
    ];
    refused(&stage.token(&form).await, "invalid_grant");
    refused(&stage.exchange(&code).await, "invalid_grant");
    refused(&stage.token(&form[..4]).await, "invalid_request");
}

#[tokio::test]
async fn a_code_that_comes_twice_kills_what_it_gave() {
    let stage = PracticeRun::new().await;
    let code = stage.code("ada", &[]).await;
    let tokens = stage.exchange(&code).await.json();
    let access = tokens["access_token"].as_str().expect("a token");
    assert_eq!(stage.api(access, "files", &[]).await.status, StatusCode::OK);
    refused(&stage.exchange(&code).await, "invalid_grant");
    assert_eq!(stage.api(access, "files", &[]).await.status, StatusCode::UNAUTHORIZED);
    refused(&stage.refresh(tokens["refresh_token"].as_str().expect("a token")).await, "invalid_grant");
}

#[tokio::test]
async fn a_code_is_bound_to_its_time_its_client_and_its_redirect_address() {
    let stage = PracticeRun::new().await;
    let late = stage.code("ada", &[]).await;
    stage.pass(60);
    refused(&stage.exchange(&late).await, "invalid_grant");

    let code = stage.code("ada", &[]).await;
    let form = |redirect| {
        [
            ("grant_type", "authorization_code"),
            ("code", code.as_str()),
            ("redirect_uri", redirect),
            ("code_verifier", VERIFIER),
        ]
    };
    let confidential = basic("practice-confidential", "practice-secret");
    let other = [("authorization", confidential.as_str())];
    refused(&stage.post("/token", &other, &form(CALLBACK)).await, "invalid_grant");
    // Another client's attempt did no harm; another address does.
    let mut moved = form("http://127.0.0.1:49153/callback").to_vec();
    moved.push(("client_id", "practice-public"));
    refused(&stage.token(&moved).await, "invalid_grant");
    refused(&stage.exchange(&code).await, "invalid_grant");
}

#[tokio::test]
async fn a_refresh_rotates_and_the_old_refresh_token_kills_the_grant() {
    let stage = PracticeRun::new().await;
    let (first_access, first) = stage.grant("ada", READ).await;
    let second = stage.refresh(&first).await.json();
    assert_ne!(second["refresh_token"].as_str(), Some(first.as_str()));
    let access = second["access_token"].as_str().expect("a token");
    assert_eq!(stage.api(access, "files", &[]).await.status, StatusCode::OK);
    refused(&stage.refresh(&first).await, "invalid_grant");
    for token in [access, &first_access] {
        assert_eq!(stage.api(token, "files", &[]).await.status, StatusCode::UNAUTHORIZED);
    }
    refused(&stage.refresh(second["refresh_token"].as_str().expect("a token")).await, "invalid_grant");
    assert_eq!(stage.provider.counters().reuses, 1);
    assert_eq!(stage.provider.counters().refreshes, 1);
    assert!(stage.provider.events().iter().any(|event| event.kind == EventKind::ReuseDetected));
}

fn scoped<'a>(token: &'a str, scope: &'a str) -> [(&'a str, &'a str); 4] {
    [("grant_type", "refresh_token"), ("client_id", "practice-public"), ("refresh_token", token), ("scope", scope)]
}

#[tokio::test]
async fn a_refresh_narrows_the_scope_and_never_widens_it() {
    let stage = PracticeRun::new().await;
    let (_, refresh) = stage.grant("ada", "openid email").await;
    refused(&stage.token(&scoped(&refresh, READ)).await, "invalid_scope");
    refused(&stage.token(&scoped(&refresh, "no such scope")).await, "invalid_scope");
    let narrower = stage.token(&scoped(&refresh, "email")).await.json();
    assert_eq!(narrower["scope"], "email");
    let next = stage.refresh(narrower["refresh_token"].as_str().expect("a token")).await.json();
    assert_eq!(next["scope"], "openid email");
}

#[tokio::test]
async fn without_rotation_the_refresh_token_goes_on_and_is_not_sent_again() {
    let settings = Settings { rotate_refresh_tokens: false, announce_expiry: false, ..Settings::default() };
    let stage = PracticeRun::with(settings).await;
    let (_, refresh) = stage.grant("ada", READ).await;
    for _ in 0..2 {
        let answer = stage.refresh(&refresh).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert!(answer.json().get("refresh_token").is_none() && answer.json().get("expires_in").is_none());
    }
}

#[tokio::test]
async fn tokens_end_with_their_time_or_by_the_switch() {
    let stage = PracticeRun::new().await;
    let (access, refresh) = stage.grant("ada", READ).await;
    stage.pass(3599);
    assert_eq!(stage.api(&access, "files", &[]).await.status, StatusCode::OK);
    stage.pass(1);
    let answer = stage.api(&access, "files", &[]).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert!(answer.header("www-authenticate").contains("error=\"invalid_token\""));
    let next = stage.refresh(&refresh).await.json();
    let switch = stage.send("POST", "/practice/expire", &[], b"").await;
    assert_eq!(switch.json()["expired"], 1);
    let access = next["access_token"].as_str().expect("a token");
    assert_eq!(stage.api(access, "files", &[]).await.status, StatusCode::UNAUTHORIZED);
    let refresh = next["refresh_token"].as_str().expect("a token");
    assert_eq!(stage.refresh(refresh).await.status, StatusCode::OK);
    let (_, refresh) = stage.grant("ada", READ).await;
    stage.pass(30 * 24 * 3600);
    refused(&stage.refresh(&refresh).await, "invalid_grant");
}

#[tokio::test]
async fn a_client_proves_who_it_is_in_one_way() {
    let stage = PracticeRun::new().await;
    let grant = ("grant_type", "client_credentials");
    let good = basic("practice-service", "practice-secret");
    let answer = stage.post("/token", &[("authorization", &good)], &[grant, ("scope", READ)]).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(answer.json().get("refresh_token").is_none());
    let access = answer.json()["access_token"].as_str().expect("a token").to_owned();
    assert!(stage.api(&access, "files", &[]).await.text().contains("Run book"));

    let id = ("client_id", "practice-service");
    let secret = ("client_secret", "practice-secret");
    assert_eq!(stage.token(&[grant, id, secret]).await.status, StatusCode::OK);
    for form in [
        vec![grant],
        vec![grant, id],
        vec![grant, id, ("client_secret", "wrong")],
        vec![grant, ("client_id", "nobody")],
    ] {
        refused(&stage.token(&form).await, "invalid_client");
    }
    for wrong in
        [basic("practice-service", "wrong"), basic("nobody", "x"), "Basic ???".to_owned(), "Bearer x".to_owned()]
    {
        refused(&stage.post("/token", &[("authorization", &wrong)], &[grant]).await, "invalid_client");
    }
    refused(&stage.post("/token", &[("authorization", &good)], &[grant, id, secret]).await, "invalid_request");
    let public = ("client_id", "practice-public");
    refused(&stage.token(&[grant, public, secret]).await, "invalid_client");
    refused(&stage.token(&[grant, public]).await, "unauthorized_client");
    refused(&stage.token(&[public]).await, "invalid_request");
    refused(&stage.token(&[("grant_type", "password"), public]).await, "unsupported_grant_type");
    refused(&stage.token(&[grant, grant, public]).await, "invalid_request");
    refused(&stage.send("POST", "/token", &[("content-type", "application/json")], b"{}").await, "invalid_request");
}

#[tokio::test]
async fn revoking_a_refresh_token_ends_the_grant_and_unknown_tokens_are_fine() {
    let stage = PracticeRun::new().await;
    let (access, refresh) = stage.grant("ada", READ).await;
    let id = ("client_id", "practice-public");
    let confidential = basic("practice-confidential", "practice-secret");
    let other = [("authorization", confidential.as_str())];
    refused(&stage.post("/revoke", &other, &[("token", &refresh)]).await, "invalid_grant");
    assert_eq!(stage.post("/revoke", &[], &[id, ("token", "unknown")]).await.status, StatusCode::OK);
    refused(&stage.post("/revoke", &[], &[id]).await, "invalid_request");
    refused(&stage.post("/revoke", &[], &[("token", &refresh)]).await, "invalid_client");

    let introspect = |token: String| {
        let stage = &stage;
        async move { stage.post("/introspect", &other, &[("token", &token)]).await.json() }
    };
    let seen = introspect(access.clone()).await;
    assert_eq!(
        (seen["active"].as_bool(), seen["sub"].as_str(), seen["token_type"].as_str()),
        (Some(true), Some("ada"), Some("Bearer"))
    );
    assert_eq!(introspect(refresh.clone()).await["active"], true);
    refused(&stage.post("/introspect", &[], &[id, ("token", &access)]).await, "invalid_client");

    assert_eq!(stage.post("/revoke", &[], &[id, ("token", &refresh)]).await.status, StatusCode::OK);
    assert_eq!(introspect(access.clone()).await, serde_json::json!({ "active": false }));
    assert_eq!(stage.api(&access, "files", &[]).await.status, StatusCode::UNAUTHORIZED);
    refused(&stage.refresh(&refresh).await, "invalid_grant");
}

#[tokio::test]
async fn no_event_holds_more_than_the_beginning_of_a_token() {
    let stage = PracticeRun::new().await;
    let code = stage.code("ada", &[]).await;
    let tokens = stage.exchange(&code).await.json();
    let access = tokens["access_token"].as_str().expect("a token");
    let refresh = tokens["refresh_token"].as_str().expect("a token");
    stage.api(access, "files", &[]).await;
    stage.refresh(refresh).await;
    stage.refresh(refresh).await;
    let events = stage.get("/practice/events").await.text();
    for secret in [code.as_str(), access, refresh] {
        assert!(events.contains(&secret[..6]) && !events.contains(&secret[..7]), "{events}");
    }
}
