//! A user authorizes on another device.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use innkeeper_auth::{AuthError, AuthorizationWay, DeviceAuthorization, DeviceFailure, DeviceProgress, Settings};
use innkeeper_fixtures::scripted::Reply;
use innkeeper_spec::AuthMode;
use innkeeper_store::{ConnectionRecord, ConnectionRepository, GrantOwner};
use serde_json::{Value, json};

use crate::support::{House, header, principal};

const DEVICE_CODE: &str = "device-code-1";

async fn connect(house: &House, mode: AuthMode, secrets: &[(&str, &str)]) -> ConnectionRecord {
    let fields = [
        ("deviceAuthorizationUrl", json!(format!("{}/device", house.provider.base()))),
        ("tokenUrl", json!(format!("{}/token", house.provider.base()))),
        ("clientId", json!("client-1")),
        ("scope", json!("files.read offline")),
    ];
    house.connect("oauth_device_code", &fields, secrets, mode).await
}

fn codes(more: &Value) -> Reply {
    let mut answer = json!({
        "device_code": DEVICE_CODE, "user_code": "WDJB-MJHT", "verification_uri": "https://as.example.com/device",
        "expires_in": 900, "interval": 5,
    });
    for (name, value) in more.as_object().into_iter().flatten() {
        answer[name] = value.clone();
    }
    Reply::json(answer.to_string())
}

async fn begin(house: &House, connection: &ConnectionRecord) -> DeviceAuthorization {
    house.provider.answers([codes(&Value::Null)]);
    house.auth.begin_device(connection, &GrantOwner::Shared).await.expect("begun")
}

async fn poll(house: &House, pending: &mut DeviceAuthorization) -> Result<DeviceProgress, DeviceFailure> {
    house.auth.poll_device(pending).await
}

fn wait(progress: Result<DeviceProgress, DeviceFailure>) -> u64 {
    match progress.expect("still going on") {
        DeviceProgress::Pending { wait } => wait.as_secs(),
        DeviceProgress::Authorized(completed) => panic!("{completed:?}"),
    }
}

#[tokio::test]
async fn a_user_types_the_code_and_the_grant_is_kept_and_refreshed() {
    for (secrets, authorizes) in [(&[][..], None), (&[("clientSecret", "s-1")][..], Some("s-1"))] {
        let house = House::new().await;
        let connection = connect(&house, AuthMode::Shared, secrets).await;
        assert_eq!(house.auth.authorization_way(&connection).expect("known"), AuthorizationWay::Device);
        let mut pending = begin(&house, &connection).await;
        assert_eq!((pending.user_code.as_str(), pending.interval), ("WDJB-MJHT", Duration::from_secs(5)));
        assert_eq!(pending.verification_uri.as_str(), "https://as.example.com/device");
        assert!(!format!("{pending:?}").contains(DEVICE_CODE));
        assert_eq!(wait(poll(&house, &mut pending).await), 5, "too early: nothing is sent");
        assert_eq!(house.provider.received().len(), 1);
        house.advance(5);
        house.provider.answers([Reply::error("authorization_pending")]);
        assert_eq!(wait(poll(&house, &mut pending).await), 5);
        house.advance(5);
        let done = poll(&house, &mut pending).await.expect("authorized");
        assert!(matches!(done, DeviceProgress::Authorized(ref done) if done.connection == connection.id), "{done:?}");
        assert_eq!(house.header(&connection).await.expect("live"), "Bearer access-1");
        house.advance(4000);
        assert_eq!(house.header(&connection).await.expect("refreshed"), "Bearer access-2");
        let seen = house.provider.received();
        assert_eq!(seen[0].path(), "/device");
        assert_eq!(
            (seen[0].form["client_id"].as_str(), seen[0].form["scope"].as_str()),
            ("client-1", "files.read offline")
        );
        assert_eq!(seen[2].form["grant_type"], "urn:ietf:params:oauth:grant-type:device_code");
        assert_eq!(seen[2].form["device_code"], DEVICE_CODE);
        assert_eq!(seen[3].form["grant_type"], "refresh_token");
        for seen in &seen {
            assert_eq!(seen.form.get("client_secret").map(String::as_str), authorizes);
        }
        assert!(!house.disk().windows(DEVICE_CODE.len()).any(|window| window == DEVICE_CODE.as_bytes()));
    }
}

#[tokio::test]
async fn a_server_that_is_asked_too_often_is_asked_less_and_a_failing_one_ever_less() {
    let house = House::new().await;
    let connection = connect(&house, AuthMode::Shared, &[]).await;
    let mut pending = begin(&house, &connection).await;
    for (reply, expected) in [
        (Reply::error("slow_down"), 10),
        (Reply::error("slow_down"), 15),
        (Reply::error("authorization_pending"), 15),
        (Reply::status(503), 30),
        (Reply::status(500), 60),
        (Reply::new(200).header("content-type", "text/html").body("<html>"), 120),
        (Reply::status(429).header("retry-after", "200"), 200),
        (Reply::error("authorization_pending"), 15),
        (Reply::error("slow_down").header("retry-after", "1"), 20),
    ] {
        let before = wait(poll(&house, &mut pending).await);
        house.advance(before);
        house.provider.answers([reply.clone()]);
        assert_eq!(wait(poll(&house, &mut pending).await), expected, "{reply:?}");
    }
}

#[tokio::test]
async fn each_end_of_a_device_authorization_is_told_apart_and_leaves_no_grant() {
    for (reply, words) in [
        (Reply::error("access_denied"), "access was denied"),
        (Reply::error("expired_token"), "nobody authorized it in time"),
        (Reply::error("invalid_client"), "does not accept the client id"),
        (Reply::error("invalid_grant"), "does not accept the grant"),
        (Reply::error("unsupported_grant_type"), "does not support this grant type"),
    ] {
        let house = House::new().await;
        let connection = connect(&house, AuthMode::Shared, &[]).await;
        let mut pending = begin(&house, &connection).await;
        house.advance(5);
        house.provider.answers([reply]);
        let error = poll(&house, &mut pending).await.expect_err(words).to_string();
        assert!(error.contains(words) && !error.contains("provider-words"), "{error}");
        assert!(house.grant(&connection).await.is_none());
    }
    let house = House::new().await;
    let connection = connect(&house, AuthMode::Shared, &[]).await;
    let mut pending = begin(&house, &connection).await;
    house.advance(900);
    assert!(matches!(poll(&house, &mut pending).await, Err(DeviceFailure::Expired)));
    assert_eq!(house.provider.received().len(), 1, "nothing is asked after the end");
}

#[tokio::test]
async fn waiting_ends_with_the_users_decision_or_with_the_time() {
    let house = Arc::new(House::new().await);
    let connection = connect(&house, AuthMode::Shared, &[]).await;
    let pending = begin(&house, &connection).await;
    house.provider.answers([Reply::error("authorization_pending"), Reply::error("slow_down")]);
    let waiting = tokio::spawn({
        let house = house.clone();
        async move { house.auth.wait_device(pending).await }
    });
    // Egress waits on the same clock: small steps let each answer arrive in time.
    while !waiting.is_finished() {
        house.advance(1);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let completed = waiting.await.expect("it ends").expect("authorized");
    assert_eq!(completed.owner, GrantOwner::Shared);
    let asked = house.provider.received().len();
    assert!((4..10).contains(&asked), "asked {asked} times");

    let pending = begin(&house, &connection).await;
    let waiting = tokio::spawn({
        let house = house.clone();
        async move { house.auth.wait_device(pending).await }
    });
    house.provider.answers([Reply::error("authorization_pending")]);
    while house.clock.sleepers() == 0 {
        tokio::task::yield_now().await;
    }
    house.advance(900);
    assert!(matches!(waiting.await.expect("it ends"), Err(DeviceFailure::Expired)));
}

#[tokio::test]
async fn each_principal_authorizes_for_themselves() {
    let house = House::new().await;
    let connection = connect(&house, AuthMode::PerUser, &[]).await;
    let refused = house.auth.begin_device(&connection, &GrantOwner::Shared).await;
    assert!(matches!(refused, Err(DeviceFailure::Host(AuthError::PrincipalNeeded(_)))), "{refused:?}");
    assert!(house.provider.received().is_empty(), "nothing was sent");
    house.provider.answers([codes(&Value::Null)]);
    let mut pending = house.auth.begin_device(&connection, &principal("ada")).await.expect("begun");
    house.advance(5);
    poll(&house, &mut pending).await.expect("authorized");
    assert_eq!(header(&house.auth, &connection, &principal("ada")).await.expect("live"), "Bearer access-1");
    header(&house.auth, &connection, &principal("bob")).await.expect_err("bob has authorized nothing");
}

#[tokio::test]
async fn a_connection_that_is_gone_or_another_by_then_gets_no_code() {
    let house = House::new().await;
    let connection = connect(&house, AuthMode::Shared, &[]).await;
    let mut pending = begin(&house, &connection).await;
    house.advance(5);
    house.delete(&connection).await;
    let gone = poll(&house, &mut pending).await;
    assert!(matches!(gone, Err(DeviceFailure::ConnectionGone(_))), "{gone:?}");
    assert_eq!(house.provider.received().len(), 1);

    let house = House::new().await;
    let connection = connect(&house, AuthMode::Shared, &[]).await;
    let mut pending = begin(&house, &connection).await;
    house.advance(5);
    let mut moved = connection.clone();
    moved.fields.insert("tokenUrl".to_owned(), json!("https://evil.example.com/token"));
    moved.version = 2;
    let settings = Settings::from_stored(moved.auth_type.clone(), moved.fields.clone(), BTreeMap::new());
    moved.secrets = house.auth.seal_secrets(&moved.space, &moved.id, 2, &settings).expect("sealed");
    assert!(house.store.put_connection(moved, Some(connection.edition())).await.expect("changed"));
    let gone = poll(&house, &mut pending).await.expect_err("another server");
    assert!(matches!(gone, DeviceFailure::ConnectionGone(_)), "{gone:?}");
}

#[tokio::test]
async fn a_connection_without_a_device_address_and_a_server_that_refuses_say_so() {
    let house = House::new().await;
    let connection = house.own(&[]).await;
    assert_eq!(house.auth.authorization_way(&connection).expect("known"), AuthorizationWay::None);
    let error = house.auth.begin_device(&connection, &GrantOwner::Shared).await.expect_err("no code");
    assert!(error.to_string().contains("is not authorized with a device code"), "{error}");

    let house = House::new().await;
    let connection = connect(&house, AuthMode::Shared, &[]).await;
    for (reply, words) in [
        (Reply::error("invalid_scope"), "does not grant the requested scope"),
        (Reply::status(503), "failed with status 503"),
        (codes(&json!({ "verification_uri": "javascript:alert(1)" })), "does not send the user to an https address"),
        (codes(&json!({ "user_code": 5 })), "no user code"),
    ] {
        house.provider.answers([reply]);
        let error = house.auth.begin_device(&connection, &GrantOwner::Shared).await.expect_err(words).to_string();
        assert!(error.contains(words), "{error}");
    }
}
