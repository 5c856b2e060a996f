//! A file of the current format, as a program once wrote it, with a record of every kind. It must open and read the same for as
//! long as the format has this number.
//!
//! After a change of the format that takes the next number, or before the first release,
//! `UPDATE_STORED_FILE=1 cargo test -p innkeeper-redb --test stored_file` writes it again.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use innkeeper_ambient::{ManualClock, SeededRandom, Timestamp};
use innkeeper_redb::RedbStore;
use innkeeper_spec::{AuthMode, AuthTypeId, ConnectorId, ValueSource, draft};
use innkeeper_store::{
    AuditFilter, AuditRecord, AuditRepository as _, AuthorizationRecord, AuthorizationRepository as _, ComponentDigest,
    ConnectionId, ConnectionRecord, ConnectionRepository as _, ConnectorRecord, ConnectorRepository as _,
    DataKeyRepository as _, Expected, GrantKey, GrantOwner, GrantPhase, GrantRecord, GrantRepository as _, Identity,
    LeaseHolder, LeaseRepository as _, Leasing, LossReason, Page, PrincipalId, Sealed, SpaceId, StateKey, StateRecord,
    StateRepository as _,
};
use innkeeper_vault::{Keyring, Vault};
use secrecy::ExposeSecret as _;
use serde_json::json;

#[tokio::test]
async fn a_file_of_format_1_is_read_with_every_kind_of_record() {
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/format-1.redb");
    if std::env::var_os("UPDATE_STORED_FILE").is_some() {
        write(&kept).await;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("store");
    fs::copy(&kept, &path).expect("the file is in the tree");
    let store = open(&path);
    // The same keyring as the writer's.
    let vault = vault(&store).await;
    let opens = |identity: &Identity<'_>, sealed: &Sealed| {
        let plain = vault.open_sealed(identity, sealed).expect("what is sealed opens");
        String::from_utf8(plain.expose_secret().to_vec()).expect("text")
    };

    assert_eq!(store.data_keys().await.expect("read").len(), 1);
    let connector = store.connector(&acme()).await.expect("read").expect("a connector");
    assert_eq!((connector.digest, connector.added_at), (digest(), at(1)));
    assert_eq!(store.connector_digest(&acme()).await.expect("read"), Some(digest()));
    assert_eq!(store.component(&digest()).await.expect("read"), Some(b"component".to_vec()));

    let connection = store.connection(&space(), &drive()).await.expect("read").expect("a connection");
    assert_eq!(connection, of_connection(connection.secrets.clone()));
    let identity = Identity::Connection { space: &space(), id: &drive(), version: 1 };
    assert_eq!(opens(&identity, &connection.secrets), "secrets");

    let grants = store.grants(&space(), &drive()).await.expect("read");
    for (key, phase) in phases() {
        let grant = grants.iter().find(|grant| grant.key == key).expect("a grant");
        assert_eq!(*grant, of_grant(key.clone(), phase, grant.sealed.clone()));
        assert_eq!(opens(&Identity::Grant { key: &key, version: 1 }, &grant.sealed), "token");
    }
    assert_eq!(store.grants_in_doubt(9).await.expect("read").len(), 1);
    assert_eq!(store.idle_grants(at(9), None, 9).await.expect("read").len(), 3);

    let authorization = store.authorization(&[1; 32]).await.expect("read").expect("an authorization");
    assert_eq!(authorization, of_authorization(authorization.verifier.clone()));
    let owner = GrantOwner::Shared;
    let identity =
        Identity::Authorization { state_hash: &[1; 32], space: &space(), connection: &drive(), owner: &owner };
    assert_eq!(opens(&identity, &authorization.verifier), "verifier");
    assert!(!store.use_link(&[2; 32], at(99)).await.expect("answered"), "the link was used");

    let value = store.state(&state_key()).await.expect("read").expect("a value");
    assert_eq!((value.size, value.version), (6, 1));
    assert_eq!(opens(&Identity::State { key: &state_key(), version: 1 }, &value.sealed), "state");

    let mut filter = AuditFilter::new(space());
    assert_eq!(store.audit(&filter, &Page::first(9)).await.expect("read").items, [of_call(), of_check()]);
    filter.connection = Some(drive());
    assert_eq!(store.audit(&filter, &Page::first(9)).await.expect("read").items, [of_call()]);

    let leasing = store.take_lease(&key(GrantOwner::Shared), LeaseHolder([9; 16]), std::time::Duration::ZERO).await;
    let Leasing::Taken(lease) = leasing.expect("answered") else { panic!("leases end with their process") };
    assert!(lease.fence > 1 << 32, "the writer had taken one");
}

/// A new file with a record of every kind.
async fn write(path: &Path) {
    if path.exists() {
        fs::remove_file(path).expect("removed");
    }
    let store = open(path);
    let vault = vault(&store).await;
    let seal = |identity: &Identity<'_>, plain: &str| vault.seal(identity, plain.as_bytes()).expect("sealed");

    let record =
        ConnectorRecord { id: acme(), digest: digest(), spec: draft::ConnectorSpec::default(), added_at: at(1) };
    assert!(store.put_connector(record, b"component".to_vec(), None).await.expect("written"));
    let secrets = seal(&Identity::Connection { space: &space(), id: &drive(), version: 1 }, "secrets");
    assert!(store.put_connection(of_connection(secrets), None).await.expect("written"));
    for (key, phase) in phases() {
        let sealed = seal(&Identity::Grant { key: &key, version: 1 }, "token");
        store.put_grant(of_grant(key, phase, sealed), Expected::Absent).await.expect("written");
    }
    let identity = Identity::Authorization {
        state_hash: &[1; 32],
        space: &space(),
        connection: &drive(),
        owner: &GrantOwner::Shared,
    };
    store.put_authorization(of_authorization(seal(&identity, "verifier"))).await.expect("written");
    assert!(store.use_link(&[2; 32], at(99)).await.expect("written"));
    let sealed = seal(&Identity::State { key: &state_key(), version: 1 }, "state");
    let value = StateRecord { sealed, size: 6, version: 1 };
    store.put_state(&state_key(), value, Expected::Absent, 100).await.expect("written");
    store.write_audit(&[of_check(), of_call()]).expect("written");
    let leasing = store.take_lease(&key(GrantOwner::Shared), LeaseHolder([8; 16]), std::time::Duration::ZERO).await;
    leasing.expect("answered");
}

fn open(path: &Path) -> RedbStore {
    RedbStore::open(path, Arc::new(ManualClock::new(at(5)))).expect("it opens")
}

async fn vault(store: &RedbStore) -> Vault {
    let keyring = Keyring::generate(&SeededRandom::new(1));
    Vault::open(keyring, store, Arc::new(SeededRandom::new(2))).await.expect("a vault")
}

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_secs(seconds)
}

fn space() -> SpaceId {
    SpaceId::default()
}

fn acme() -> ConnectorId {
    ConnectorId::parse("acme").expect("an id")
}

fn drive() -> ConnectionId {
    ConnectionId::parse("drive").expect("an id")
}

fn digest() -> ComponentDigest {
    ComponentDigest("sha256:1".to_owned())
}

fn principal(name: &str) -> GrantOwner {
    GrantOwner::Principal(PrincipalId::parse(name).expect("an id"))
}

fn key(owner: GrantOwner) -> GrantKey {
    GrantKey { space: space(), connection: drive(), owner }
}

fn state_key() -> StateKey {
    StateKey { space: space(), connection: drive(), key: "k".to_owned() }
}

fn phases() -> [(GrantKey, GrantPhase); 3] {
    [
        (key(GrantOwner::Shared), GrantPhase::Live),
        (key(principal("ann")), GrantPhase::InDoubt { since: at(3) }),
        (key(principal("bob")), GrantPhase::Lost { reason: LossReason::RefreshFailed }),
    ]
}

fn of_connection(secrets: Sealed) -> ConnectionRecord {
    ConnectionRecord {
        space: space(),
        id: drive(),
        title: "Drive".to_owned(),
        connector: acme(),
        auth_type: AuthTypeId::parse("bearer").expect("an id"),
        auth_mode: AuthMode::PerUser,
        config: json!({"region": "eu", "deep": [1, null]}),
        fields: BTreeMap::from([("clientId".to_owned(), json!("c"))]),
        sources: BTreeMap::from([("clientId".to_owned(), ValueSource::ConnectorDefault)]),
        config_sources: BTreeMap::from([("deep".to_owned(), ValueSource::ConnectorDefault)]),
        secret_names: vec!["token".to_owned()],
        secrets,
        hosts: Vec::new(),
        placeholders: vec!["token".to_owned()],
        claims: vec!["instance_url".to_owned()],
        created_at: at(1),
        updated_at: at(2),
        version: 1,
    }
}

fn of_grant(key: GrantKey, phase: GrantPhase, sealed: Sealed) -> GrantRecord {
    let (expires_at, refresh_token_expires_at) = (Some(at(100)), None);
    GrantRecord { key, sealed, expires_at, refresh_token_expires_at, updated_at: at(4), phase, fence: 7, version: 1 }
}

fn of_authorization(verifier: Sealed) -> AuthorizationRecord {
    AuthorizationRecord {
        state_hash: [1; 32],
        space: space(),
        connection: drive(),
        owner: GrantOwner::Shared,
        redirect_uri: "http://127.0.0.1:1/callback".to_owned(),
        session_hash: [9; 32],
        verifier,
        return_url: None,
        origin: "server".to_owned(),
        scope: Some("read".to_owned()),
        created_at: at(1),
        expires_at: at(50),
    }
}

fn of_call() -> AuditRecord {
    AuditRecord {
        at: at(8),
        space: space(),
        connection: drive(),
        connector: acme(),
        event: "call".into(),
        action: Some("list".to_owned()),
        principal: Some(PrincipalId::parse("ann").expect("an id")),
        outcome: "ok".into(),
        duration: 5,
        requests: 1,
    }
}

fn of_check() -> AuditRecord {
    let connection = ConnectionId::parse("other").expect("an id");
    AuditRecord { at: at(7), connection, event: "check".into(), action: None, principal: None, ..of_call() }
}
