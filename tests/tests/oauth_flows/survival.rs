//! What outlives the process, and what must not be found in anything that it leaves behind.

use innkeeper::{Callback, ConnectionView, NewConnection};
use innkeeper_tests::echo::EchoService;
use innkeeper_tests::host::Flow;
use innkeeper_tests::oidc::{CONFIDENTIAL_BASIC, CONFIDENTIAL_POST, OidcClient, OidcOptions, PUBLIC};
use innkeeper_tests::records;
use innkeeper_tests::relay::{Passed, Relay};
use innkeeper_tests::secrets::Secrets;
use innkeeper_tests::stage::Stage;
use serde_json::json;

#[tokio::test]
async fn a_grant_survives_a_restart_and_is_renewed_after_it() {
    let stage = Stage::start(OidcOptions::default()).await;
    let connection = stage.connect(CONFIDENTIAL_BASIC).await;
    stage.authorize(&connection, None, "ada").await;
    let stage = stage.restarted().await;
    assert_eq!(stage.me(&connection).await.expect("the token is still there")["sub"], "ada");
    stage.expire().await;
    let stage = stage.restarted().await;
    assert_eq!(stage.me(&connection).await.expect("the refresh token is, too")["sub"], "ada");
    let counts = stage.counts().await;
    assert_eq!((counts.all("authorization_code"), counts.all("refresh_token")), (1, 1));
}

#[tokio::test]
async fn an_authorization_that_began_before_a_restart_completes_after_it() {
    let stage = Stage::start(OidcOptions::default()).await;
    let connection = stage.connect(PUBLIC).await;
    let flow = stage.host.begin(&connection, None).await;
    let callback = stage.consent(&flow, "ada").await;
    let stage = stage.restarted().await;
    stage.host.complete(&callback, &flow.session).await.expect("the state is in the store");
    assert_eq!(stage.me(&connection).await.expect("a grant")["sub"], "ada");
}

#[tokio::test]
async fn no_secret_of_a_flow_is_left_in_files_logs_errors_or_debug_texts() {
    records::record();
    for client in [PUBLIC, CONFIDENTIAL_BASIC, CONFIDENTIAL_POST] {
        let stage = Stage::start(OidcOptions::default()).await;
        let (relay, service) = (Relay::start(stage.provider.issuer()).await, EchoService::start().await);
        let connection = stage.connect_with(client, |new| through(&relay, &service, new)).await;
        let mut said = vec![format!("{connection:?}")];
        let first = use_it(&stage, &service, &connection, &mut said).await;
        let [second, third] = fail_at_it(&stage, &connection, &mut said).await;
        let audit = stage
            .host
            .host
            .audit(&innkeeper::AuditFilter::new(connection.space.clone()), &innkeeper::Page::first(100))
            .await
            .expect("the store answers")
            .items;
        said.push(format!("{audit:?} {:?} {:?}", stage.host, stage.host.status(&connection, None).await));

        let secrets = secrets(client, &[first, second, third], &relay.passed());
        let tokens =
            service.received().iter().filter_map(|seen| seen.authorization().map(str::to_owned)).collect::<Vec<_>>();
        assert!(
            tokens.iter().all(|token| !secrets.found_in(token.as_bytes()).is_empty()),
            "the service got tokens that we know"
        );
        for text in &said {
            secrets.assert_not_in("a text", text);
        }
        let log = records::recorded();
        assert!(String::from_utf8_lossy(&log).contains("token renewed"), "the log is recorded");
        secrets.assert_not_in("the log", &log);
        secrets.assert_not_on_disk(stage.host.folder.path());
        let stage = stage.restarted().await;
        secrets.assert_not_on_disk(stage.host.folder.path());
    }
}

/// With its tokens from the relay and its calls to the echo service, so that the test sees what passes.
fn through(relay: &Relay, service: &EchoService, new: NewConnection) -> NewConnection {
    new.config(json!({ "base": service.base() }))
        .field("tokenUrl", relay.url("token").as_str())
        .field("revocationUrl", relay.url("token/revocation").as_str())
}

/// Authorizes, calls, and renews the token.
async fn use_it(stage: &Stage, service: &EchoService, connection: &ConnectionView, said: &mut Vec<String>) -> Flow {
    let flow = stage.host.begin(connection, None).await;
    said.push(format!("{flow:?}"));
    let callback = stage.consent(&flow, "ada").await;
    let parsed = Callback::parse(callback.query().expect("a query")).expect("a callback");
    said.push(format!("{parsed:?}"));
    said.push(format!("{:?}", stage.host.complete(&callback, &flow.session).await.expect("completed")));
    let refused = stage.host.complete(&callback, &flow.session).await.expect_err("a state is valid once");
    said.push(format!("{refused} {refused:?}"));
    for rejected in [0, 1, 2] {
        service.refuse(rejected);
        let result = stage.host.call(connection, "fetch", json!({ "url": service.base() })).await.expect("a result");
        said.push(format!("{result:?}"));
        said.push(result.value.to_string());
    }
    flow
}

/// A callback that is malformed, a refresh that the provider refuses, a disconnection; and a
/// grant in the end, to be found on the disk.
async fn fail_at_it(stage: &Stage, connection: &ConnectionView, said: &mut Vec<String>) -> [Flow; 2] {
    let flow = stage.host.begin(connection, None).await;
    let mut callback = stage.consent(&flow, "bob").await;
    callback.query_pairs_mut().append_pair("state", &flow.state());
    let refused = Callback::parse(callback.query().expect("a query")).expect_err("a state too many");
    said.push(format!("{refused} {refused:?}"));
    stage.provider.forget_refresh_tokens().await.expect("forgotten");
    stage.host.advance(3600);
    let error =
        stage.host.call(connection, "ask", json!({ "url": connection.config["base"] })).await.expect_err("lost");
    said.push(format!("{error} {error:?}"));
    stage.host.disconnect(connection, None).await;
    let authorized = stage.host.begin(connection, None).await;
    let callback = stage.consent(&authorized, "bob").await;
    stage.host.complete(&callback, &authorized.session).await.expect("completed");
    [flow, authorized]
}

/// Every state, session, code, verifier, token and client secret that was used.
fn secrets(client: OidcClient, flows: &[Flow], passed: &[Passed]) -> Secrets {
    let mut secrets = Secrets::default();
    for flow in flows {
        secrets = secrets.random("a state", flow.state()).random("a session", flow.session.expose());
    }
    if let Some(secret) = client.secret {
        secrets = secrets.whole("the client secret", secret);
    }
    for passed in passed {
        for name in ["code", "code_verifier", "refresh_token", "token"] {
            if let Some(text) = passed.sent(name) {
                secrets = secrets.random(name, text);
            }
        }
        for name in ["access_token", "refresh_token"] {
            if let Some(text) = passed.answer[name].as_str() {
                secrets = secrets.random(name, text);
            }
        }
        // What stands before the signature says who and when, as other texts may.
        if let Some((_, signature)) = passed.answer["id_token"].as_str().and_then(|token| token.rsplit_once('.')) {
            secrets = secrets.random("id_token", signature);
        }
        if let Some(proof) = passed.authorization.as_deref().and_then(|text| text.strip_prefix("Basic ")) {
            secrets = secrets.whole("the client's proof", proof);
        }
    }
    assert!(secrets.count() >= 16, "all kinds were used: {}", secrets.count());
    secrets
}
