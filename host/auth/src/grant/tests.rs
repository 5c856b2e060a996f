//! Grants over a store that fails when it is told to.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::routing::post;
use innkeeper_ambient::lock::Mutex;
use innkeeper_ambient::{ManualClock, SeededRandom, Timestamp};
use innkeeper_egress::{Egress, RequestHead, Settings};
use innkeeper_redb::RedbStore;
use innkeeper_store::{
    Condition, ConnectionId, GrantKey, GrantOwner, GrantPhase, GrantRecord, GrantRepository, PrincipalId, SpaceId,
    StoreError, StoreFault, Written,
};
use innkeeper_vault::{Keyring, Vault};
use secrecy::ExposeSecret;

use super::{BoundSource, Grants, Margins, SourceContext, TokenAnswer, TokenError};
use crate::error::AuthError;
use crate::oauth::{Consent, OAuthClient, Way};

/// One grant, and which of its writes fail, counted from 1.
#[derive(Default)]
struct FaultyStore {
    record: Mutex<Option<GrantRecord>>,
    writes: AtomicU32,
    fails: Vec<u32>,
}

impl FaultyStore {
    fn record(&self) -> std::sync::MutexGuard<'_, Option<GrantRecord>> {
        self.record.lock()
    }
}

#[async_trait]
impl GrantRepository for FaultyStore {
    async fn put_grant_if(&self, record: GrantRecord, condition: Condition) -> Result<Written, StoreError> {
        if self.fails.contains(&(self.writes.fetch_add(1, Ordering::SeqCst) + 1)) {
            return Err(StoreError::new(StoreFault::Full, "no space"));
        }
        let mut kept = self.record();
        let there = kept.as_ref().map(|record| (record.version, record.fence));
        if !condition.holds(there) {
            return Ok(Written::Conflict(there.map_or(0, |(version, _)| version)));
        }
        let version = record.version;
        *kept = Some(record);
        Ok(Written::Version(version))
    }

    async fn grant(&self, _key: &GrantKey) -> Result<Option<GrantRecord>, StoreError> {
        Ok(self.record().clone())
    }

    async fn grants(&self, _space: &SpaceId, _connection: &ConnectionId) -> Result<Vec<GrantRecord>, StoreError> {
        Ok(self.record().iter().cloned().collect())
    }

    async fn grants_of_principal(&self, _: &SpaceId, _: &PrincipalId) -> Result<Vec<GrantRecord>, StoreError> {
        Ok(Vec::new())
    }

    async fn grants_in_doubt(&self, _: usize) -> Result<Vec<GrantKey>, StoreError> {
        Ok(Vec::new())
    }

    async fn idle_grants(
        &self,
        _: Timestamp,
        _: Option<&GrantRecord>,
        _: usize,
    ) -> Result<Vec<GrantRecord>, StoreError> {
        Ok(Vec::new())
    }

    async fn delete_grant_if(&self, _key: &GrantKey, _condition: Condition) -> Result<Written, StoreError> {
        *self.record() = None;
        Ok(Written::Version(0))
    }
}

struct Stage {
    grants: Arc<Grants>,
    store: Arc<FaultyStore>,
    source: BoundSource,
    clock: Arc<ManualClock>,
    key: GrantKey,
    refreshes: Arc<AtomicU32>,
}

impl Stage {
    /// An authorized grant whose token ended.
    async fn new(fails: &[u32]) -> Self {
        Self::after(120, fails).await
    }

    /// That many seconds into the life of a token of 60.
    async fn after(seconds: u64, fails: &[u32]) -> Self {
        let clock = Arc::new(ManualClock::new(Timestamp::from_secs(1_800_000_000)));
        let random = Arc::new(SeededRandom::new(3));
        let redb = Arc::new(RedbStore::in_memory(clock.clone()).expect("a store"));
        let vault = Vault::open(Keyring::generate(&*random), &*redb, random.clone()).await.expect("a vault");
        let store = Arc::new(FaultyStore { fails: fails.to_vec(), ..FaultyStore::default() });
        let refreshes = Arc::new(AtomicU32::new(0));
        let settings = Settings::loopback();
        let url = serve(refreshes.clone()).await;
        let mut client = OAuthClient::new(url.parse().expect("an address"), "client-1".to_owned());
        client.way = Way::Browser(Consent {
            authorization_url: client.token_url.clone(),
            scope_parameter: "scope".to_owned(),
            issuer: None,
            name: None,
        });
        let egress = Egress::new(settings, clock.clone(), random.clone()).expect("a way out");
        let context = SourceContext::new(egress, clock.clone(), random.clone());
        let source = BoundSource::new("1", Arc::new(client), Arc::default(), context);
        let margins = Margins { ahead: Duration::from_mins(5), skew: Duration::from_secs(30) };
        let stores = (store.clone() as Arc<_>, redb as Arc<_>);
        let grants = Arc::new(Grants::new(Arc::new(vault), stores, clock.clone(), random, margins));
        let key = GrantKey {
            space: SpaceId::default(),
            connection: ConnectionId::parse("files").expect("an id"),
            owner: GrantOwner::Shared,
        };
        let answer = TokenAnswer::new("access-0").expires_in(Duration::from_mins(1)).refresh_token("refresh-0");
        grants.replace(&key, answer, None, &source).await.expect("stored");
        clock.advance(Duration::from_secs(seconds));
        Self { grants, store, source, clock, key, refreshes }
    }

    async fn header(&self) -> Result<String, AuthError> {
        let head = RequestHead::get("https://api.example.com".parse().expect("an address"));
        let token = self.grants.token(&self.grants.entry(&self.key), &self.source, None).await?.expect("a token");
        Ok(token.attachment(&head).headers[0].1.expose_secret().to_owned())
    }
}

/// A server that gives `access-N` for the N-th request.
async fn serve(refreshes: Arc<AtomicU32>) -> String {
    let answer = move || {
        let number = refreshes.fetch_add(1, Ordering::SeqCst) + 1;
        async move { format!(r#"{{"access_token":"access-{number}","expires_in":60,"refresh_token":"refresh-{number}"}}"#) }
    };
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.expect("a port on loopback");
    let url = format!("http://{}/token", listener.local_addr().expect("an address"));
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/token", post(answer))).await });
    url
}

/// A provider had rotated the refresh token, the disk was full, and the new token was dropped: the user was logged out by a
/// full disk. Here the new grant is held until it can be stored, and nobody uses it before.
#[tokio::test]
async fn a_rotated_token_that_the_store_does_not_take_is_held_until_it_does() {
    // The authorization is write 1, the intent 2, the new grant 3, its next attempts 4 and 5.
    let stage = Stage::new(&[3, 4]).await;
    for _ in 0..2 {
        let error = stage.header().await.expect_err("not durable yet");
        assert!(matches!(error, AuthError::Unavailable { problem: TokenError::NotStored(_), .. }), "{error}");
    }
    assert_eq!(stage.header().await.expect("stored at last"), "Bearer access-1");
    assert_eq!(stage.refreshes.load(Ordering::SeqCst), 1);
    let record = stage.store.record().clone().expect("a grant");
    assert_eq!((record.version, record.phase), (3, GrantPhase::Live));
    stage.clock.advance(Duration::from_mins(2));
    assert_eq!(stage.header().await.expect("renewed"), "Bearer access-2");
}

#[tokio::test]
async fn no_refresh_leaves_without_its_intent() {
    let stage = Stage::new(&[2]).await;
    assert!(matches!(stage.header().await, Err(AuthError::Store(_))));
    assert_eq!(stage.refreshes.load(Ordering::SeqCst), 0);
    assert_eq!(stage.header().await.expect("renewed"), "Bearer access-1");
}

#[tokio::test]
async fn a_store_that_fails_logs_nobody_out_while_the_old_token_lives() {
    let stage = Stage::after(58, &[2, 4]).await;
    assert_eq!(stage.header().await.expect("no intent, and it still lives"), "Bearer access-0");
    assert_eq!(stage.header().await.expect("not durable, and the old one still lives"), "Bearer access-0");
    assert_eq!(stage.header().await.expect("stored at last"), "Bearer access-1");
    assert_eq!(stage.refreshes.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn entries_that_nobody_uses_are_dropped_from_memory_and_busy_ones_stay() {
    let stage = Stage::new(&[]).await;
    let held = stage.grants.entry(&stage.key);
    for number in 0..20_001 {
        let connection = ConnectionId::parse(format!("c{number}")).expect("an id");
        stage.grants.entry(&GrantKey { connection, ..stage.key.clone() });
    }
    assert!(stage.grants.len() < 20_000);
    assert!(Arc::ptr_eq(&held, &stage.grants.entry(&stage.key)), "one key never has two turns");
}

/// An answer that repeated the token of an hour ago, which still lived, showed it to the guest.
#[tokio::test]
async fn answers_are_scrubbed_of_tokens_that_were_replaced_for_as_long_as_they_live() {
    let stage = Stage::after(58, &[]).await;
    let held = async || {
        let entry = stage.grants.entry(&stage.key);
        let secrets = stage.grants.secrets(&entry, &stage.source).await.expect("readable");
        secrets.iter().map(|secret| secret.expose_secret().to_owned()).collect::<Vec<_>>()
    };
    assert!(held().await.contains(&"access-0".to_owned()));
    stage.header().await.expect("renewed");
    let after = held().await;
    assert!(after.contains(&"access-0".to_owned()) && after.len() > 2, "{after:?}");
    // Another host at the same store knows them, too.
    let (_, stored) = stage.grants.stored(&stage.key).await.expect("readable").expect("a grant");
    assert!(stored.secrets().iter().any(|secret| secret.expose_secret() == "access-0"));
    stage.clock.advance(Duration::from_mins(10));
    stage.header().await.expect("renewed again");
    assert!(!held().await.contains(&"access-0".to_owned()), "it has ended");
}
