//! Two replicas of a host on one store: neither burns a refresh token that the other has used.

use std::time::Duration;

use futures::future::join_all;
use innkeeper_fixtures::hazard::{Fault, FaultKind};
use innkeeper_fixtures::oidc::{CONFIDENTIAL_BASIC, OidcOptions, PUBLIC, plain_client};
use innkeeper_grant_tests::grant_stage::GrantStage;
use innkeeper_grant_tests::replica::key;
use innkeeper_store::{GrantOwner, GrantRepository};
use serde_json::Value;

const OWNER: GrantOwner = GrantOwner::Shared;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_replicas_that_meet_an_expired_token_at_once_refresh_it_once() {
    for client in [PUBLIC, CONFIDENTIAL_BASIC] {
        let stage =
            GrantStage::authorized(OidcOptions { answer_delay_ms: Some(50), ..OidcOptions::default() }, client).await;
        let replicas = [stage.replica.clone(), stage.replica.beside()];
        for round in 1..=5 {
            stage.advance(Duration::from_hours(1));
            let calls = (0..20).map(|number| replicas[number % 2].token(&stage.connection, &OWNER));
            let tokens = stage.ticking(join_all(calls)).await;
            let tokens: Vec<String> = tokens.into_iter().map(|token| token.expect("nobody is logged out")).collect();
            assert!(tokens.iter().all(|token| *token == tokens[0]), "both replicas have the same token");
            assert_eq!(stage.user_of(&tokens[0]).await, "ada");
            let counts = stage.counts().await;
            assert_eq!((counts.all("refresh_token"), counts.of("refresh_token", "success")), (round, round));
        }
    }
}

#[tokio::test]
async fn a_replica_whose_memory_is_out_of_date_takes_what_the_other_stored() {
    let stage = GrantStage::authorized(OidcOptions::default(), PUBLIC).await;
    let rival = stage.replica.beside();
    rival.token(&stage.connection, &OWNER).await.expect("the first token is in its memory");
    stage.advance(Duration::from_hours(1));
    let new = stage.token().await.expect("renewed");
    assert_eq!(stage.ticking(rival.token(&stage.connection, &OWNER)).await.expect("re-read"), new);
    assert_eq!(stage.counts().await.all("refresh_token"), 1);
}

/// A provider answered `invalid_grant` to the slower of two refreshers, and it took the grant of the faster one for lost.
/// Here the loser reads again, finds what the winner stored, and goes on with it.
#[tokio::test]
async fn a_refusal_that_comes_of_a_rivals_rotation_is_answered_by_the_rivals_token() {
    let stage = GrantStage::authorized(OidcOptions::default(), PUBLIC).await;
    stage.advance(Duration::from_hours(1));
    let refused = r#"{"error":"invalid_grant","error_description":"refresh token already used"}"#;
    stage.hazard.order(Fault::before(FaultKind::Held));
    stage.hazard.order(Fault::before(FaultKind::Answer(400, json_type(), refused.to_owned())));
    let winner = async {
        stage.until("the loser's request is on its way", || async { stage.hazard.holds() }).await;
        // Between the loser's reading and its request.
        let key = key(&stage.connection, &OWNER);
        let found = stage.replica.store.grant(&key).await.expect("the store answers").expect("a grant");
        assert!(found.phase.is_in_doubt(), "the intent is stored before the request leaves");
        let answer = refresh(&stage, &stage.replica.opened(&found)).await;
        stage.replica.store_renewed(&key, &answer).await;
        stage.hazard.release();
        answer["access_token"].as_str().expect("a token").to_owned()
    };
    let (loser, winner) = tokio::join!(stage.replica.token(&stage.connection, &OWNER), winner);
    assert_eq!(loser.expect("nobody is logged out"), winner);
    assert_eq!(stage.user_of(&winner).await, "ada");
    let status = stage.status().await;
    assert_eq!((status.authorized, status.in_doubt), (true, false), "{status:?}");
    let counts = stage.counts().await;
    assert_eq!((counts.all("refresh_token"), counts.of("refresh_token", "success")), (1, 1));
    assert_eq!(stage.token().await.expect("from memory"), winner);
}

#[tokio::test]
async fn an_authorization_that_completes_during_a_refresh_is_not_undone_by_its_refusal() {
    let stage = GrantStage::authorized(OidcOptions::default(), PUBLIC).await;
    let rival = stage.replica.beside();
    stage.advance(Duration::from_hours(1));
    stage.hazard.order(Fault::before(FaultKind::Held));
    let user = async {
        stage.until("the refresh is on its way", || async { stage.hazard.holds() }).await;
        stage.provider.forget_refresh_tokens().await.expect("revoked at the provider");
        rival.authorize(&stage.provider, &stage.connection, &OWNER, "bob").await;
        stage.hazard.release();
    };
    let (token, ()) = tokio::join!(stage.replica.token(&stage.connection, &OWNER), user);
    assert_eq!(stage.user_of(&token.expect("the new grant serves")).await, "bob");
    assert_eq!(stage.counts().await.of("refresh_token", "invalid_grant"), 1);
    assert!(stage.status().await.authorized);
}

/// As another process does it, whose way is not ours.
async fn refresh(stage: &GrantStage, grant: &Value) -> Value {
    let token = grant["refresh_token"].as_str().expect("a refresh token");
    let form = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs([("grant_type", "refresh_token"), ("client_id", PUBLIC.id), ("refresh_token", token)])
        .finish();
    let request = plain_client().expect("a client").post(stage.provider.token_endpoint()).body(form);
    let answer = request.header("content-type", "application/x-www-form-urlencoded").send().await.expect("an answer");
    serde_json::from_str(&answer.text().await.expect("a text")).expect("JSON")
}

fn json_type() -> Vec<(String, String)> {
    vec![("content-type".to_owned(), "application/json".to_owned())]
}
