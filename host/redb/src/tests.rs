//! Failures specific to a file: it can be locked, full, truncated, newer, or garbage.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use innkeeper_ambient::{ManualClock, SeededRandom, Timestamp};
use innkeeper_store::{
    AuditFilter, AuditRecord, AuditTrail, ConnectionId, Expected, GrantKey, GrantOwner, GrantPhase, GrantRecord,
    GrantRepository as _, Identity, LeaseHolder, LeaseRepository as _, Leasing, Page, SpaceId, Store, StoreError,
    StoreFault, Written,
};
use innkeeper_vault::{Keyring, Vault};
use redb::StorageBackend;
use redb::backends::FileBackend;

use crate::RedbStore;
use crate::database::{SharedDatabase, open_database};
use crate::tables::{FORMAT, META};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_store_keeps_the_rules() {
    let fresh =
        async |clock: Arc<ManualClock>| Arc::new(RedbStore::in_memory(clock).expect("a store")) as Arc<dyn Store>;
    innkeeper_store::conformance::check(fresh).await;
}

const SECRET: &[u8] = b"very-secret-refresh-token";

fn key(connection: &str) -> GrantKey {
    let connection = ConnectionId::parse(connection).expect("an id");
    GrantKey { space: SpaceId::default(), connection, owner: GrantOwner::Shared }
}

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::new(Timestamp::from_secs(1)))
}

fn open(path: &Path) -> Result<RedbStore, StoreError> {
    RedbStore::open(path, clock())
}

fn fault(opened: &Result<RedbStore, StoreError>) -> Option<StoreFault> {
    opened.as_ref().err().map(StoreError::fault)
}

async fn vault(store: &RedbStore) -> Vault {
    let keyring = Keyring::generate(&SeededRandom::new(1));
    Vault::open(keyring, store, Arc::new(SeededRandom::new(2))).await.expect("a vault")
}

fn grant(vault: &Vault, key: GrantKey) -> GrantRecord {
    let sealed = vault.seal(&Identity::Grant { key: &key, version: 1 }, SECRET).expect("sealed");
    GrantRecord {
        key,
        sealed,
        expires_at: None,
        refresh_token_expires_at: None,
        updated_at: Timestamp::from_secs(1),
        phase: GrantPhase::Live,
        fence: 0,
        version: 1,
    }
}

fn audit(at: u64) -> AuditRecord {
    AuditRecord {
        at: Timestamp::from_millis(at),
        space: SpaceId::default(),
        connection: key("a").connection,
        connector: innkeeper_spec::ConnectorId::parse("acme").expect("an id"),
        event: "call".into(),
        action: None,
        principal: None,
        outcome: "ok".into(),
        duration: 1,
        requests: 0,
    }
}

/// A closed store with some grants in it.
async fn filled(path: &Path) {
    let store = open(path).expect("a store");
    let vault = vault(&store).await;
    for number in 0..50 {
        let record = grant(&vault, key(&format!("c{number}")));
        store.put_grant(record, Expected::Absent).await.expect("written");
    }
}

#[tokio::test]
async fn what_was_written_is_there_after_opening_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("store");
    filled(&path).await;
    let store = open(&path).expect("opens again");
    assert_eq!(store.path(), Some(path.as_path()));
    let found = store.grant(&key("c7")).await.expect("read").expect("there");
    let identity = Identity::Grant { key: &found.key, version: 1 };
    let opened = vault(&store).await.open_sealed(&identity, &found.sealed).expect("opens");
    assert_eq!(secrecy::ExposeSecret::expose_secret(&opened), SECRET);
    assert!(!format!("{store:?} {found:?}").contains("very-secret"));
}

#[tokio::test]
async fn no_secret_is_in_the_file_in_the_clear() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("store");
    filled(&path).await;
    let bytes = fs::read(&path).expect("reads");
    assert!(bytes.windows(4).any(|part| part == b"c49\0"), "the grants are there");
    assert!(!bytes.windows(11).any(|part| part == &SECRET[..11]));
    let encoded = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, SECRET);
    assert!(!bytes.windows(12).any(|part| part == &encoded.as_bytes()[..12]));
}

#[cfg(unix)]
#[test]
fn a_new_file_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("store");
    open(&path).expect("a store");
    assert_eq!(fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_file_that_is_open_is_locked() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("store");
    let first = open(&path).expect("a store");
    let second = open(&path);
    assert!(
        matches!(&second, Err(error) if error.fault() == StoreFault::Locked && error.to_string().contains("store")),
        "{second:?}"
    );
    drop(first);
    open(&path).expect("free again");
}

#[tokio::test]
async fn a_file_that_was_cut_short_is_damaged() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("store");
    filled(&path).await;
    let whole = fs::read(&path).expect("reads");
    for part in [2, 3, 10, 100, whole.len() / 10] {
        fs::write(&path, &whole[..whole.len() / part]).expect("cut");
        let opened = open(&path);
        assert_eq!(fault(&opened), Some(StoreFault::Damaged), "1/{part}: {opened:?}");
    }
}

#[tokio::test]
async fn pages_that_were_overwritten_never_end_in_a_panic() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("store");
    filled(&path).await;
    let whole = fs::read(&path).expect("reads");
    for page in 0..whole.len() / 4096 {
        let mut changed = whole.clone();
        changed[page * 4096..(page + 1) * 4096].fill(0xa5);
        fs::write(&path, &changed).expect("written");
        // Some pages are free; what matters is that every call returns.
        if let Ok(store) = open(&path) {
            for number in 0..50 {
                let _ = store.grant(&key(&format!("c{number}"))).await;
            }
        }
    }
}

#[test]
fn a_file_of_garbage_is_damaged() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("store");
    for garbage in [b"hello".repeat(5000), b"x".to_vec(), vec![0; 8192]] {
        fs::write(&path, &garbage).expect("written");
        let opened = open(&path);
        assert_eq!(fault(&opened), Some(StoreFault::Damaged), "{opened:?}");
        assert_eq!(fs::read(&path).expect("reads"), garbage, "it was not changed");
    }
}

#[test]
fn a_database_of_something_else_is_damaged_and_a_newer_one_is_newer() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("store");
    let set_format = |number: u64| {
        let database = redb::Database::create(&path).expect("a database");
        let transaction = database.begin_write().expect("begins");
        transaction.open_table(META).expect("a table").insert("format", number).expect("inserted");
        transaction.commit().expect("committed");
    };
    set_format(0);
    let opened = open(&path);
    assert_eq!(fault(&opened), Some(StoreFault::Damaged), "{opened:?}");
    set_format(u64::from(FORMAT) + 1);
    let opened = open(&path);
    assert_eq!(fault(&opened), Some(StoreFault::NewerFormat { found: FORMAT + 1, known: FORMAT }));
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let error = open(&folder.path().join("none/store")).expect_err("no folder");
    assert!(error.fault() == StoreFault::Other && error.to_string().contains("none/store"), "{error}");
    assert!(std::error::Error::source(&error).is_some() && !error.is_transient());
}

/// A disk that is full while `full` is set.
#[derive(Debug)]
struct Disk {
    file: FileBackend,
    full: Arc<AtomicBool>,
}

impl Disk {
    fn has_space(&self) -> std::io::Result<()> {
        if self.full.load(Ordering::SeqCst) { Err(std::io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> std::io::Result<u64> {
        self.file.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> std::io::Result<()> {
        self.file.read(offset, out)
    }

    fn set_len(&self, len: u64) -> std::io::Result<()> {
        self.has_space()?;
        self.file.set_len(len)
    }

    fn sync_data(&self) -> std::io::Result<()> {
        self.file.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> std::io::Result<()> {
        self.has_space()?;
        self.file.write(offset, data)
    }

    fn close(&self) -> std::io::Result<()> {
        self.file.close()
    }
}

#[tokio::test]
async fn a_full_disk_is_told_and_once_there_is_space_writing_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("store");
    let full = Arc::new(AtomicBool::new(false));
    let database = SharedDatabase::opened_by({
        let full = full.clone();
        move || {
            let options = fs::OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
            let file = FileBackend::new(options.expect("a file")).expect("a backend");
            open_database(Disk { file, full: full.clone() }, "the disk")
        }
    });
    let store = Arc::new(RedbStore::over(database.expect("a database"), clock()));
    let vault = vault(&store).await;
    store.put_grant(grant(&vault, key("before")), Expected::Absent).await.expect("written");

    full.store(true, Ordering::SeqCst);
    let error = store.put_grant(grant(&vault, key("during")), Expected::Absent).await.expect_err("full");
    assert_eq!(error.fault(), StoreFault::Full, "{error}");
    let trail = AuditTrail::new(store.clone()).expect("a trail");
    let error = trail.record_strictly(audit(1)).await.expect_err("full");
    assert_eq!(error.fault(), StoreFault::Full, "{error}");

    full.store(false, Ordering::SeqCst);
    let written = store.put_grant(grant(&vault, key("after")), Expected::Absent).await.expect("written");
    assert_eq!(written, Written::Version(1));
    for (id, there) in [("before", true), ("during", false), ("after", true)] {
        assert_eq!(store.grant(&key(id)).await.expect("read").is_some(), there, "{id}");
    }
    let kept = trail.read(&AuditFilter::new(SpaceId::default()), &Page::first(9)).await.expect("listed");
    assert_eq!(kept.items, [audit(1)], "it was kept meanwhile");
}

#[tokio::test]
async fn a_fencing_number_is_larger_than_any_of_the_process_before() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("store");
    let mut last = 0;
    for holder in 1..4 {
        let store = open(&path).expect("a store");
        for _ in 0..2 {
            let (holder, life) = (LeaseHolder([holder; 16]), Duration::from_secs(1));
            let leasing = store.take_lease(&key("a"), holder, life).await.expect("answered");
            let Leasing::Taken(lease) = leasing else { panic!("leases end with their process") };
            assert!(lease.fence > last, "{} after {last}", lease.fence);
            last = lease.fence;
        }
    }
}
