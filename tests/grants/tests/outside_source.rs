//! A source of grants that is written outside of the host, on the public trait alone, gets what OAuth gets: one renewal for all,
//! intent, doubt, repair, lease, status and revocation.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use innkeeper_ambient::{ManualClock, Timestamp};
use innkeeper_auth::{Auth, AuthError, AuthTypes, GrantState, Reason};
use innkeeper_egress::RequestHead;
use innkeeper_grant_tests::replica::{Replica, head, key};
use innkeeper_grant_tests::session::{LIFE, SessionLogin, SessionService, signature};
use innkeeper_spec::AuthMode;
use innkeeper_store::{ConnectionRecord, GrantOwner, GrantRepository};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tempfile::TempDir;

const OWNER: GrantOwner = GrantOwner::Shared;

struct SessionStage {
    service: SessionService,
    replica: Replica,
    clock: Arc<ManualClock>,
    connection: ConnectionRecord,
    _folder: TempDir,
}

impl SessionStage {
    async fn new(fields: Value) -> Self {
        let service = SessionService::start().await;
        let clock = Arc::new(ManualClock::new(Timestamp::from_secs(1_800_000_000)));
        let folder = tempfile::tempdir().expect("there is room for a folder");
        let mut types = AuthTypes::builtin();
        types.insert(SessionLogin::id(), Arc::new(SessionLogin::default()));
        let replica = Replica::knowing(types, folder.path(), clock.clone()).await.expect("a new store opens");
        let mut all: BTreeMap<String, Value> = serde_json::from_value(fields).expect("fields");
        all.insert("server".to_owned(), json!(service.url));
        let connection = replica.keep("session_login", AuthMode::Shared, all, BTreeMap::new()).await;
        Self { service, replica, clock, connection, _folder: folder }
    }

    /// With a session that a person began, and that has ended since.
    async fn expired() -> Self {
        let stage = Self::new(json!({})).await;
        let pending = stage.replica.auth.begin_device(&stage.connection, &OWNER).await.expect("it begins");
        stage.clock.advance(Duration::from_secs(1));
        stage.replica.auth.wait_device(pending).await.expect("the person logs in");
        assert_eq!(stage.session().await.expect("live"), "session-l1");
        stage.clock.advance(LIFE);
        stage
    }

    async fn session(&self) -> Result<String, AuthError> {
        session(&self.replica.auth, &self.connection, &head()).await
    }
}

async fn session(auth: &Auth, connection: &ConnectionRecord, head: &RequestHead) -> Result<String, AuthError> {
    let attachment = auth.credential_source(connection, &OWNER)?.attachment(head, None).await?.expect("a session");
    let (name, value) = &attachment.headers[0];
    assert_eq!(name.as_str(), "x-session");
    Ok(value.expose_secret().to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_callers_at_two_replicas_share_one_renewal() {
    let stage = SessionStage::expired().await;
    let replicas = [stage.replica.clone(), stage.replica.beside()];
    let callers = (0..10_000).map(|number| {
        let (auth, connection) = (replicas[number % 2].auth.clone(), stage.connection.clone());
        tokio::spawn(async move { session(&auth, &connection, &head()).await })
    });
    for caller in join_all(callers.collect::<Vec<_>>()).await {
        assert_eq!(caller.expect("no panic").expect("every caller is served"), "session-r1");
    }
    assert_eq!(stage.service.counts(), (1, 1));
}

#[tokio::test]
async fn the_intent_is_stored_before_the_source_is_asked() {
    let stage = SessionStage::expired().await;
    let gate = stage.service.hold();
    let waiting = tokio::spawn({
        let (auth, connection) = (stage.replica.auth.clone(), stage.connection.clone());
        async move { session(&auth, &connection, &head()).await }
    });
    while stage.service.counts().1 == 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let record = stage.replica.store.grant(&key(&stage.connection, &OWNER)).await.expect("read").expect("a grant");
    assert!(record.phase.is_in_doubt());
    gate.add_permits(1);
    assert_eq!(waiting.await.expect("no panic").expect("renewed"), "session-r1");
}

#[tokio::test]
async fn a_renewal_whose_answer_was_lost_leaves_a_doubt_that_is_repaired() {
    let stage = SessionStage::expired().await;
    stage.service.lose_next();
    let error = stage.session().await.expect_err("the answer is lost");
    assert!(matches!(error, AuthError::Unavailable { .. }), "{error}");
    let status = stage.replica.auth.status(&stage.connection, &OWNER).await.expect("a status");
    assert!(status.in_doubt && status.state == Some(GrantState::InDoubt), "{status:?}");
    // Another process finds it, as after a crash.
    let other = stage.replica.beside();
    assert_eq!(other.auth.repair().await.expect("repaired"), 1);
    assert_eq!(session(&other.auth, &stage.connection, &head()).await.expect("live"), "session-r2");
    let status = other.auth.status(&stage.connection, &OWNER).await.expect("a status");
    assert!(status.authorized && !status.in_doubt, "{status:?}");
}

#[tokio::test]
async fn an_answer_that_no_token_can_be_made_of_replaces_nothing() {
    let stage = SessionStage::expired().await;
    stage.service.answer_next(json!({ "session": "two\r\nlines", "key": "" }));
    let error = stage.session().await.expect_err("no token");
    assert!(matches!(error, AuthError::Unavailable { .. }), "{error}");
    let kept = stage.replica.store.grant(&key(&stage.connection, &OWNER)).await.expect("read").expect("a grant");
    assert_eq!(stage.replica.opened(&kept)["refresh_token"], "key-l1");
}

#[tokio::test]
async fn a_session_that_the_service_has_ended_needs_a_person() {
    let stage = SessionStage::expired().await;
    stage.service.end_sessions();
    let error = stage.session().await.expect_err("ended");
    assert!(matches!(error, AuthError::NeedsAuthorization { reason: Reason::Revoked, .. }), "{error}");
}

#[tokio::test]
async fn a_source_that_needs_nobody_logs_in_again_by_itself() {
    let stage = SessionStage::new(json!({ "alone": true })).await;
    assert_eq!(stage.session().await.expect("live"), "session-l1");
    stage.clock.advance(LIFE);
    assert_eq!(stage.session().await.expect("live"), "session-l2");
    assert_eq!(stage.service.counts(), (2, 0));
}

#[tokio::test]
async fn both_tokens_are_revoked_when_the_connection_is_disconnected() {
    let stage = SessionStage::expired().await;
    let ended = stage.replica.auth.disconnect(&stage.connection, &OWNER).await.expect("ended");
    assert!(ended.existed && ended.unrevoked.is_none(), "{ended:?}");
    assert_eq!(stage.service.logouts(), ["refresh_token", "access_token"]);
    assert!(matches!(stage.session().await, Err(AuthError::NeedsAuthorization { reason: Reason::NoGrant, .. })));
}

#[tokio::test]
async fn what_a_source_computes_from_a_request_is_of_that_request() {
    let stage = SessionStage::new(json!({ "alone": true, "signs": true })).await;
    for path in ["/v1/files", "/v1/pages?size=2"] {
        let head = RequestHead::get(format!("https://api.example.com{path}").parse().expect("an address"));
        let sent = session(&stage.replica.auth, &stage.connection, &head).await.expect("live");
        assert_eq!(sent, signature("session-l1", &head));
    }
    assert_eq!(stage.service.counts(), (1, 0), "one login serves both");
}
