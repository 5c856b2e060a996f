//! A user's round trip to the provider.

use std::collections::BTreeMap;

use innkeeper_address::{AddressProblem, RedirectUri};
use innkeeper_auth::{AuthError, Callback, FlowFailure, SessionSecret};
use innkeeper_fixtures::scripted::Reply;
use innkeeper_spec::AuthMode;
use innkeeper_store::{AuthorizationRepository, GrantOwner};
use serde_json::Value;
use sha2::{Digest, Sha256};
use url::Url;

use crate::support::{House, REDIRECT, callback, header, principal};

fn query(url: &Url) -> BTreeMap<String, String> {
    url.query_pairs().into_owned().collect()
}

fn state_hash(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

#[tokio::test]
async fn the_authorization_url_keeps_its_query_and_asks_with_pkce() {
    let house = House::new().await;
    let connection = house.consenting().await;
    let (begun, _) = house.begin(&connection, &GrantOwner::Shared).await;
    let asked = query(&begun.authorization_url);
    let state = begun.state.expose();
    for (name, value) in [
        ("tenant", "t1"),
        ("client_id", "client-1"),
        ("response_type", "code"),
        ("redirect_uri", REDIRECT),
        ("scope", "files.read offline"),
        ("code_challenge_method", "S256"),
        ("state", state),
    ] {
        assert_eq!(asked[name], value, "{name}");
    }
    assert_eq!(state.len(), 43, "256 bits");
    assert_eq!(begun.authorization_url.query_pairs().filter(|(name, _)| name == "state").count(), 1);
    let record = house.store.authorization(&state_hash(state)).await.expect("the store answers").expect("a record");
    assert!(!format!("{record:?}").contains(state), "the state itself is not stored");
}

#[tokio::test]
async fn the_scope_goes_by_another_name_or_is_left_out() {
    let house = House::new().await;
    let named = [("scopeParamName", Value::from("user_scope"))];
    let connection = house.consenting_with(&named, None, AuthMode::Shared).await;
    let (begun, _) = house.begin(&connection, &GrantOwner::Shared).await;
    let asked = query(&begun.authorization_url);
    assert_eq!(asked["user_scope"], "files.read offline");
    assert!(!asked.contains_key("scope"));

    let house = House::new().await;
    let connection = house.consenting_with(&[("scope", Value::from(""))], None, AuthMode::Shared).await;
    let (begun, _) = house.begin(&connection, &GrantOwner::Shared).await;
    assert!(!query(&begun.authorization_url).contains_key("scope"));
}

#[tokio::test]
async fn the_exchange_proves_the_flow_and_the_client() {
    for (secret, basic) in [(Some("client secret:1"), true), (Some("client secret:1"), false), (None, true)] {
        let house = House::new().await;
        let connection = house.consenting_with(&[("useBasicAuth", Value::Bool(basic))], secret, AuthMode::Shared).await;
        let (begun, session) = house.begin(&connection, &GrantOwner::Shared).await;
        house.auth.complete(&callback(&begun, "code=code-1&session_state=x"), &session).await.expect("completed");
        let seen = &house.provider.received()[0];
        assert_eq!(seen.form["grant_type"], "authorization_code");
        assert_eq!(seen.form["code"], "code-1");
        assert_eq!(seen.form["redirect_uri"], REDIRECT);
        let challenge = base64::Engine::encode(
            &base64::prelude::BASE64_URL_SAFE_NO_PAD,
            Sha256::digest(seen.form["code_verifier"].as_bytes()),
        );
        assert_eq!(query(&begun.authorization_url)["code_challenge"], challenge);
        let in_header = seen.authorization().is_some();
        let in_body = seen.form.get("client_secret").map(String::as_str);
        match (secret, basic) {
            (Some(_), true) => {
                // RFC 6749, section 2.3.1: encoded first. client-1:client+secret%3A1
                let expected = "Basic Y2xpZW50LTE6Y2xpZW50K3NlY3JldCUzQTE=";
                assert_eq!((seen.authorization(), in_body), (Some(expected), None));
            }
            (Some(secret), false) => assert_eq!((in_header, in_body), (false, Some(secret))),
            (None, _) => {
                assert_eq!((in_header, in_body, seen.form["client_id"].as_str()), (false, None, "client-1"));
            }
        }
    }
}

#[tokio::test]
async fn a_completed_flow_says_whose_it_was_and_where_to_go() {
    let house = House::new().await;
    let connection = house.consenting_with(&[], None, AuthMode::PerUser).await;
    let session = SessionSecret::random(house.random());
    let back = Url::parse("https://app.example.com/settings?tab=1").expect("an address");
    let redirect_uri = REDIRECT.parse().expect("an address");
    let begun =
        house.auth.begin(&connection, &principal("ada"), &redirect_uri, &session, Some(&back)).await.expect("begun");
    let completed = house.auth.complete(&callback(&begun, "code=c"), &session).await.expect("completed");
    assert_eq!(completed.owner, principal("ada"));
    assert_eq!(completed.connection, connection.id);
    assert_eq!(completed.return_url.as_deref(), Some(back.as_str()));
    assert_eq!(header(&house.auth, &connection, &principal("ada")).await.expect("live"), "Bearer access-1");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_callbacks_with_one_state_one_is_exchanged() {
    let house = House::new().await;
    let connection = house.consenting().await;
    for round in 1..=20 {
        let (begun, session) = house.begin(&connection, &GrantOwner::Shared).await;
        let callbacks: Vec<_> = (0..2)
            .map(|_| {
                let (auth, callback, session) = (house.auth.clone(), callback(&begun, "code=c"), session.clone());
                tokio::spawn(async move { auth.complete(&callback, &session).await })
            })
            .collect();
        let mut failures = Vec::new();
        for callback in callbacks {
            failures.extend(callback.await.expect("no panic").err());
        }
        assert!(
            matches!(failures.as_slice(), [refused] if matches!(refused.failure, FlowFailure::Unknown)),
            "{failures:?}"
        );
        assert_eq!(house.provider.received().len(), round, "one exchange each");
    }
}

#[tokio::test]
async fn a_stranger_can_neither_use_a_state_nor_spoil_it() {
    let house = House::new().await;
    let connection = house.consenting().await;
    let (begun, session) = house.begin(&connection, &GrantOwner::Shared).await;
    let stranger = SessionSecret::random(house.random());
    let refused = house.auth.complete(&callback(&begun, "code=c"), &stranger).await.expect_err("refused");
    assert!(matches!(refused.failure, FlowFailure::OtherSession));
    assert!(refused.flow.is_none(), "a stranger learns nothing of the flow");
    assert!(house.provider.received().is_empty() && house.grant(&connection).await.is_none());
    house.auth.complete(&callback(&begun, "code=c"), &session).await.expect("it was not spoilt");
}

#[tokio::test]
async fn a_state_ends_after_ten_minutes() {
    let house = House::new().await;
    let connection = house.consenting().await;
    let (begun, session) = house.begin(&connection, &GrantOwner::Shared).await;
    house.advance(600);
    let refused = house.auth.complete(&callback(&begun, "code=c"), &session).await.expect_err("too late");
    assert!(matches!(refused.failure, FlowFailure::Expired));
    assert!(refused.flow.is_some_and(|flow| flow.connection == connection.id));
    assert!(house.provider.received().is_empty());

    let (begun, session) = house.begin(&connection, &GrantOwner::Shared).await;
    house.advance(599);
    house.auth.complete(&callback(&begun, "code=c"), &session).await.expect("just in time");
}

#[tokio::test]
async fn abandoned_flows_are_swept() {
    let house = House::new().await;
    let connection = house.consenting().await;
    let (begun, _) = house.begin(&connection, &GrantOwner::Shared).await;
    house.advance(601);
    house.begin(&connection, &GrantOwner::Shared).await;
    let record = house.store.authorization(&state_hash(begun.state.expose())).await.expect("the store answers");
    assert!(record.is_none());
    house.advance(601);
    assert_eq!(house.auth.tend().await.expect("tended").swept, 1);
}

#[tokio::test]
async fn a_denial_is_told_from_other_refusals_and_consumes_the_state() {
    let house = House::new().await;
    let connection = house.consenting().await;
    for (error, expected) in [
        ("access_denied", "access was denied; begin again if that was a mistake (access_denied)"),
        (
            "invalid_scope&error_description=provider-words",
            "the authorization server refused (invalid_scope); begin again, or check the connection's settings",
        ),
        ("%3Cscript%3E", "the authorization server refused; begin again, or check the connection's settings"),
    ] {
        let (begun, session) = house.begin(&connection, &GrantOwner::Shared).await;
        let refused =
            house.auth.complete(&callback(&begun, &format!("error={error}")), &session).await.expect_err("refused");
        assert_eq!(refused.to_string(), expected);
        let again = house.auth.complete(&callback(&begun, "code=c"), &session).await.expect_err("used");
        assert!(matches!(again.failure, FlowFailure::Unknown));
    }
    assert!(house.provider.received().is_empty());
}

#[tokio::test]
async fn an_answer_of_another_issuer_is_refused() {
    let house = House::new().await;
    let issuer = [("issuer", Value::from("https://as.example.com"))];
    let connection = house.consenting_with(&issuer, None, AuthMode::Shared).await;
    for answer in ["code=c", "code=c&iss=https%3A%2F%2Fevil.example.com", "error=access_denied", "code=c&iss="] {
        let (begun, session) = house.begin(&connection, &GrantOwner::Shared).await;
        let refused = house.auth.complete(&callback(&begun, answer), &session).await.expect_err("refused");
        assert!(matches!(refused.failure, FlowFailure::OtherIssuer), "{answer}");
    }
    assert!(house.provider.received().is_empty());
    let (begun, session) = house.begin(&connection, &GrantOwner::Shared).await;
    let answer = callback(&begun, "code=c&iss=https%3A%2F%2Fas.example.com");
    house.auth.complete(&answer, &session).await.expect("completed");
}

/// RFC 9207, section 2.4, allows a client to accept it: endpoints that were set by hand come without a promise.
#[tokio::test]
async fn a_server_that_names_itself_without_a_promise_is_taken() {
    let house = House::new().await;
    let connection = house.consenting().await;
    let (begun, session) = house.begin(&connection, &GrantOwner::Shared).await;
    let answer = callback(&begun, "code=c&iss=https%3A%2F%2Fas.example.com");
    house.auth.complete(&answer, &session).await.expect("completed");
}

#[tokio::test]
async fn a_malformed_callback_is_refused() {
    assert!(matches!(Callback::parse("code=c"), Err(FlowFailure::NoState)));
    assert!(matches!(Callback::parse("state=a&state=b&code=c"), Err(FlowFailure::Repeated)));
    assert!(matches!(Callback::parse("state=a&code=b&code=c"), Err(FlowFailure::Repeated)));
    let house = House::new().await;
    let connection = house.consenting().await;
    let (begun, session) = house.begin(&connection, &GrantOwner::Shared).await;
    let refused = house.auth.complete(&callback(&begun, "code="), &session).await.expect_err("refused");
    assert!(matches!(refused.failure, FlowFailure::NoCode));
    let unknown = Callback::parse("state=unknown&code=c").expect("a callback");
    let refused = house.auth.complete(&unknown, &session).await.expect_err("refused");
    assert!(matches!(refused.failure, FlowFailure::Unknown));
}

#[tokio::test]
async fn a_failed_exchange_leaves_the_old_grant_alone() {
    let house = House::new().await;
    let connection = house.consenting().await;
    house.authorize(&connection, &GrantOwner::Shared).await.expect("authorized");
    for reply in [Reply::error("invalid_grant"), Reply::status(500), Reply::json("{}")] {
        house.provider.answers([reply]);
        let refused = house.authorize(&connection, &GrantOwner::Shared).await.expect_err("refused");
        assert!(matches!(refused.failure, FlowFailure::Exchange(_)));
        assert!(!refused.to_string().contains("provider-words"));
        assert_eq!(house.header(&connection).await.expect("live"), "Bearer access-1");
    }
}

#[tokio::test]
async fn a_flow_of_a_connection_that_was_deleted_ends() {
    let house = House::new().await;
    let connection = house.consenting().await;
    let (begun, session) = house.begin(&connection, &GrantOwner::Shared).await;
    house.delete(&connection).await;
    let refused = house.auth.complete(&callback(&begun, "code=c"), &session).await.expect_err("refused");
    // Its authorizations are removed with it.
    assert!(matches!(refused.failure, FlowFailure::Unknown));
    assert!(house.provider.received().is_empty());
}

#[tokio::test]
async fn flows_begin_only_where_a_person_can_consent_and_come_back_safely() {
    let house = House::new().await;
    let connection = house.own(&[]).await;
    let session = SessionSecret::random(house.random());
    let redirect = REDIRECT.parse().expect("an address");
    let begun = house.auth.begin(&connection, &GrantOwner::Shared, &redirect, &session, None).await;
    assert!(matches!(begun, Err(AuthError::NotInteractive { .. })));
    let read = |text: &str| text.parse::<RedirectUri>().expect_err(text);
    assert_eq!(read("http://app.example.com/callback"), AddressProblem::PlainHttp);
    assert_eq!(read("https://app.example.com/callback#x"), AddressProblem::Fragment);
    let back = Url::parse("ftp://app.example.com/").expect("an address");
    let begun = house.auth.begin(&connection, &GrantOwner::Shared, &redirect, &session, Some(&back)).await;
    assert!(matches!(begun, Err(AuthError::ReturnUrl { .. })));
}
