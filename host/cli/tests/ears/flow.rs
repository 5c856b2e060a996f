//! One user: consent through the service, calls, tokens that expire, and revoking the grant.

use std::collections::BTreeSet;
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::hosts::Host;
use crate::service::Place;
use crate::upstreams::{Upstreams, visit, wait};

/// The lifetime of a token in seconds, if it is to expire within a test.
const SHORT_LIFE: u32 = 3;
/// How often a test checks whether a token has expired: ten times as long as that takes.
const LOOKS: usize = 30 * SHORT_LIFE as usize;

#[test]
fn a_user_consents_without_an_app_and_tokens_are_renewed_until_the_grant_is_given_back() {
    let upstreams = Upstreams::start_with(Some(SHORT_LIFE));
    let place = Place::with(&upstreams.service_file());
    let service = place.start();
    let host = Host::connected(service.base(), &upstreams);
    host.call("ada").failed(4, &["hint: innkeeper authorize drive --principal ada"]);
    upstreams.authorize(&host, &service, "ada");
    let status = host.status("ada");
    let known = ["auth_type", "auth_mode", "authorized", "refreshable"].map(|name| status[name].to_string());
    assert_eq!(known, [r#""ears""#, r#""per-user""#, "true", "true"], "{status}");

    // Once the token expires before the host expects it, and the Drive refuses it; once on time, which the host
    // notices.
    wait(upstreams.oidc.advance_clock(Duration::from_secs(u64::from(SHORT_LIFE) + 1))).expect("its clock is moved");
    assert_eq!(host.owner("ada"), "ada");
    let has_ended = |_| {
        thread::sleep(Duration::from_millis(100));
        host.status("ada")["state"] == "expired"
    };
    assert!((0..LOOKS).any(has_ended), "{}", host.status("ada"));
    assert_eq!(host.owner("ada"), "ada");
    let issues = wait(upstreams.oidc.issues(0)).expect("it tells").issues;
    let rotations: Vec<_> = issues.iter().filter(|issue| issue.asked == "refresh_token").collect();
    assert_eq!(rotations.len(), 2, "{issues:?}");
    for (before, after) in issues.iter().zip(&rotations) {
        assert_eq!((after.outcome.as_str(), &after.used), ("success", &before.issued), "{issues:?}");
        assert_ne!(after.issued, after.used, "it is rotated");
    }

    // The grant is revoked: the host's tokens no longer work at the provider.
    let before = upstreams.relay.passed();
    let last = &before.last().expect("a refresh passed").answer;
    let (access, refresh) = (last["access_token"].as_str().expect("one"), last["refresh_token"].as_str().expect("one"));
    host.run(&["disconnect", "drive", "--principal", "ada"]).succeeded();
    let given_back: BTreeSet<_> = upstreams.relay.passed()[before.len()..]
        .iter()
        .map(|passed| (passed.target.clone(), passed.sent("token").unwrap_or_default().to_owned()))
        .collect();
    let expected = [access, refresh].map(|token| ("/token/revocation".to_owned(), token.to_owned()));
    assert_eq!(given_back, expected.into(), "access and refresh token, and nothing else");
    assert!(!upstreams.is_honoured(access));
    let answer = post(&service.url("v1/google/oauth/refresh"), &serde_json::json!({ "refresh_token": refresh }));
    assert_eq!((answer.0, &answer.1["error"]), (400, &Value::from("invalid_grant")), "{answer:?}");
    host.call("ada").failed(4, &["hint: innkeeper authorize drive --principal ada"]);

    let secrets = upstreams.secrets();
    assert!(secrets.count() >= 10, "codes, verifiers and tokens passed: {}", secrets.count());
    host.assert_holds_none(&secrets);
    secrets.assert_not_on_disk(place.path());
    assert!(place.log().contains("answered"), "the log was searched, too");
}

#[test]
fn a_token_that_the_drive_refuses_is_renewed_at_once_and_the_call_is_answered() {
    let upstreams = Upstreams::start();
    let place = Place::with(&upstreams.service_file());
    let service = place.start();
    let host = Host::connected(service.base(), &upstreams);
    upstreams.authorize(&host, &service, "ada");
    assert_eq!(host.owner("ada"), "ada");
    wait(upstreams.oidc.expire_access_tokens()).expect("they are forgotten");
    assert_eq!(host.owner("ada"), "ada");
    assert_eq!(wait(upstreams.oidc.counts()).expect("it counts").of("refresh_token", "success"), 1);
}

#[test]
fn a_grant_that_ended_at_the_provider_wants_a_new_authorization() {
    let upstreams = Upstreams::start();
    let place = Place::with(&upstreams.service_file());
    let service = place.start();
    let host = Host::connected(service.base(), &upstreams);
    upstreams.authorize(&host, &service, "ada");
    wait(upstreams.oidc.forget_refresh_tokens()).expect("they are forgotten");
    wait(upstreams.oidc.expire_access_tokens()).expect("they are forgotten");
    for _ in 0..2 {
        host.call("ada").failed(4, &["hint: innkeeper authorize drive --principal ada"]);
    }
    let counts = wait(upstreams.oidc.counts()).expect("it counts");
    assert_eq!(counts.all("refresh_token"), 1, "it is not asked again: {counts:?}");
    upstreams.authorize(&host, &service, "ada");
    assert_eq!(host.owner("ada"), "ada");
}

#[test]
fn a_user_who_refuses_at_the_provider_comes_back_to_the_host_with_that() {
    let upstreams = Upstreams::start();
    let place = Place::with(&upstreams.service_file());
    let service = place.start();
    let host = Host::connected(service.base(), &upstreams);
    let waiting = host.begin_authorization("ada");
    let callback =
        wait(upstreams.oidc.refuse_through(service.base(), waiting.address(), "ada")).expect("she comes back");
    let given: Vec<_> = callback.query_pairs().map(|(name, _)| name.into_owned()).collect();
    assert_eq!(given, ["error", "state", "iss"]);
    visit(callback.as_str());
    host.end_authorization(waiting).exited(5, &["innkeeper authorize drive"]);
    assert!(upstreams.relay.passed().is_empty(), "no token was asked for");
}

#[test]
fn where_credentials_are_sent_to_is_shown_before_a_connection_is_made() {
    let upstreams = Upstreams::start();
    let place = Place::with(&upstreams.service_file());
    let service = place.start();
    let host = Host::new(service.base());
    let listed = format!("{} (ears, from the configuration of this host)", service.base());
    host.connect(&upstreams, &[]).failed(2, &[&listed, "approval is required", "`--yes`"]);
    // Naming the host to reach approves no address that credentials are sent to.
    let reach = format!("--host={}drive/v3", upstreams.drive.base);
    host.connect(&upstreams, &[&reach]).failed(2, &[&listed]);
    host.connect(&upstreams, &["--yes"]).succeeded();
}

#[test]
fn a_host_without_a_service_says_what_its_operator_has_to_set() {
    let upstreams = Upstreams::start();
    let place = Place::with(&upstreams.service_file());
    let service = place.start();
    let nowhere = Host::without_service();
    let component = innkeeper_tests::components::folder().join("google_drive.wasm");
    nowhere.run(&["connector", "add", &component.display().to_string()]).succeeded();
    nowhere.connect(&upstreams, &["--yes"]).failed(6, &["no auth redirect service", "`ears_url`"]);
    let flag = format!("--ears-url={}", service.base());
    nowhere.connect(&upstreams, &["--yes", &flag]).succeeded();
    // The address belongs to the host and not to the connection: without it there is no service to call.
    nowhere.call("ada").failed(6, &["`ears_url`"]);
}

#[test]
fn a_service_must_be_https_outside_of_this_machine() {
    let nowhere = Host::without_service();
    let ran = nowhere.run(&["--ears-url=http://ears.example", "connection", "list"]);
    assert_ne!(ran.code, Some(0), "{ran:#?}");
    assert!(ran.err.contains("https"), "{ran:#?}");
}

/// Sends JSON; returns the status and the body.
fn post(url: &url::Url, body: &Value) -> (u16, Value) {
    wait(async {
        let http = innkeeper_fixtures::oidc::plain_client().expect("a client for loopback");
        let json = (axum::http::header::CONTENT_TYPE, "application/json");
        let answer = http.post(url.clone()).header(json.0, json.1).body(body.to_string()).send().await;
        let answer = answer.expect("it answers");
        let status = answer.status().as_u16();
        (status, serde_json::from_str(&answer.text().await.expect("a body")).expect("JSON"))
    })
}
