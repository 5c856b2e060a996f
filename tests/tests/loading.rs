//! What is loaded, what is refused, and how compiled code is kept.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use innkeeper::{
    CallRequest, Code, ConnectionChange, ConnectorView, Error, ErrorKind, Innkeeper, Keyring, KeyringSource, LoadError,
    NewConnection, Page, RedbStore, SpaceId, Storage, Store, SystemClock, SystemRandom,
};
use innkeeper_tests::components::{hostile, patched};
use innkeeper_tests::echo::EchoService;
use innkeeper_tests::host::{TestHost, change, connect, loopback};
use serde_json::json;
use tempfile::TempDir;

async fn refusal(component: Vec<u8>) -> String {
    let host = TestHost::start().await;
    let error = host.host.load(component).await.expect_err("it is refused").to_string();
    let kept: Vec<ConnectorView> = host.host.connectors(&Page::first(100)).await.expect("the store answers").items;
    assert!(kept.is_empty(), "nothing is kept of what is refused");
    error
}

#[tokio::test]
async fn a_file_that_is_no_wasm_is_refused() {
    let error = refusal(b"#!/bin/sh\necho hello\n".to_vec()).await;
    assert!(error.starts_with("this is not WebAssembly"), "{error}");
}

#[tokio::test]
async fn a_file_that_is_not_there_is_named() {
    let host = TestHost::start().await;
    let error = host.host.load_file("/no/such/connector.wasm").await.expect_err("it is not there").to_string();
    assert!(error.starts_with("the connector /no/such/connector.wasm cannot be read"), "{error}");
}

#[tokio::test]
async fn a_core_module_is_refused() {
    let error = refusal(b"\0asm\x01\0\0\0".to_vec()).await;
    assert!(error.starts_with("this is a core WebAssembly module"), "{error}");
}

#[tokio::test]
async fn a_component_that_is_cut_short_is_refused() {
    let mut component = hostile();
    component.truncate(component.len() / 2);
    let error = refusal(component).await;
    assert!(error.starts_with("this component is not valid"), "{error}");
}

#[tokio::test]
async fn a_component_of_another_world_is_told_what_it_lacks() {
    // The export's name stands in the component's type, too.
    let error = refusal(patched(hostile(), "check", "chock")).await;
    assert!(error.contains("is not a connector") && error.contains("missing here: check"), "{error}");
}

#[tokio::test]
async fn an_import_outside_the_contract_is_refused_by_name() {
    let error = refusal(patched(hostile(), "wasi:cli/environment@0.2", "wasi:xyz/environment@0.2")).await;
    assert!(error.contains("imports interfaces that connectors may not use: wasi:xyz/environment@0.2"), "{error}");
}

#[tokio::test]
async fn another_version_of_the_contract_is_refused_by_name() {
    let error = refusal(patched(hostile(), "innkeeper:connector/http@0.1.0", "innkeeper:connector/http@0.7.0")).await;
    assert!(error.contains("was built for version 0.7.0 of the contract"), "{error}");
}

#[tokio::test]
async fn a_spec_that_breaks_its_rules_is_refused_with_place_and_reason() {
    let error = refusal(patched(hostile(), "hostile_connector", "Hostile Connector")).await;
    assert!(error.starts_with("the connector's spec has mistakes:"), "{error}");
    assert!(error.contains("/about/id"), "{error}");
}

#[tokio::test]
async fn a_spec_that_reaches_for_an_import_is_refused_by_its_name() {
    let http = refusal(patched(hostile(), "spec-behaviour:pure", "spec-behaviour:http")).await;
    assert!(http.contains("spec() of the connector used http.send"), "{http}");
    let log = refusal(patched(hostile(), "spec-behaviour:pure", "spec-behaviour:logs")).await;
    assert!(log.contains("spec() of the connector used log.write"), "{log}");
}

#[tokio::test]
async fn a_spec_that_crashes_or_never_ends_is_refused() {
    let crashed = refusal(patched(hostile(), "spec-behaviour:pure", "spec-behaviour:trap")).await;
    assert!(crashed.contains("no spec today"), "{crashed}");
    let endless = refusal(patched(hostile(), "spec-behaviour:pure", "spec-behaviour:spin")).await;
    assert!(endless.contains("more than 5 s of computing time in spec"), "{endless}");
}

async fn open(folder: &TempDir) -> Innkeeper {
    TestHost::open(folder, |builder| builder).await.expect("the host opens")
}

fn cached(folder: &TempDir) -> PathBuf {
    let mut files = fs::read_dir(folder.path().join("code")).expect("the folder is there");
    let file = files.next().expect("one entry").expect("it can be read").path();
    assert!(files.next().is_none(), "there is one entry and nothing half-written");
    file
}

#[tokio::test]
async fn compiled_code_is_kept_and_used_by_the_next_host() {
    let folder = tempfile::tempdir().expect("a folder");
    let first = open(&folder).await.load(hostile()).await.expect("it loads");
    assert_eq!(first.connector.code(), Code::Compiled);
    let second = open(&folder).await;
    let second = second.connector(&first.id()).await.expect("it is installed");
    assert_eq!(second.code(), Code::Cached);
    assert_eq!(second.draft(), first.connector.draft());
}

#[tokio::test]
async fn a_damaged_entry_is_rebuilt_and_never_loaded() {
    let folder = tempfile::tempdir().expect("a folder");
    let id = open(&folder).await.load(hostile()).await.expect("it loads").id();
    let path = cached(&folder);
    let entry = fs::read(&path).expect("the entry can be read");
    let flip = |at: usize| {
        let mut changed = entry.clone();
        changed[at] ^= 1;
        changed
    };
    let damages = [
        flip(0),
        flip(9),
        flip(41),
        flip(60),
        flip(entry.len() / 2),
        flip(entry.len() - 1),
        entry[..20].to_vec(),
        Vec::new(),
    ];
    for damaged in damages {
        fs::write(&path, damaged).expect("the entry can be written");
        assert_eq!(open(&folder).await.connector(&id).await.expect("it is rebuilt").code(), Code::Compiled);
        assert_eq!(fs::read(cached(&folder)).expect("it is there again").len(), entry.len());
    }
}

#[tokio::test]
async fn an_entry_of_another_host_is_rebuilt_and_never_loaded() {
    let (ours, theirs) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let id = open(&ours).await.load(hostile()).await.expect("it loads").id();
    open(&theirs).await.load(hostile()).await.expect("it loads");
    fs::copy(cached(&theirs), cached(&ours)).expect("it can be copied");
    assert_eq!(open(&ours).await.connector(&id).await.expect("it is rebuilt").code(), Code::Compiled);
}

#[tokio::test]
async fn an_entry_of_another_component_is_rebuilt_and_never_loaded() {
    let folder = tempfile::tempdir().expect("a folder");
    let host = open(&folder).await;
    host.load(hostile()).await.expect("it loads");
    let first = cached(&folder);
    fs::rename(&first, folder.path().join("kept")).expect("it can be moved");
    let other = patched(hostile(), "hostile_connector", "another_connector");
    let id = host.load(other).await.expect("it loads").id();
    drop(host);
    fs::rename(folder.path().join("kept"), cached(&folder)).expect("it can be moved");
    let loaded = open(&folder).await.connector(&id).await.expect("it is rebuilt");
    assert_eq!((loaded.code(), loaded.spec().about.id.as_str()), (Code::Compiled, "another_connector"));
}

#[tokio::test]
async fn a_connector_is_replaced_by_one_of_the_same_id_and_the_differences_are_told() {
    let host = TestHost::start().await;
    host.host.load(hostile()).await.expect("it loads");
    let newer = host.host.load(patched(hostile(), "instance_url", "instance_uri")).await.expect("it loads");
    assert_eq!(newer.view.replaces.as_deref(), Some("1.0.0"));
    assert!(newer.view.differences.iter().any(|difference| difference.to_string().contains("instance_uri")));
    assert_eq!(host.host.connectors(&Page::first(100)).await.expect("a list").items.len(), 1);
}

/// The older one is compiled for its first caller while the newer one comes from the cache.
#[tokio::test]
async fn a_connector_that_is_replaced_while_it_is_compiled_does_not_come_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let newer = patched(hostile(), "instance_url", "instance_uri");
    let host = open(&folder).await;
    host.load(newer.clone()).await.expect("it loads");
    let (compiled, kept) = (cached(&folder), folder.path().join("kept"));
    fs::rename(&compiled, &kept).expect("it can be moved");
    let id = host.load(hostile()).await.expect("it loads").id();
    fs::remove_file(cached(&folder)).expect("it can be removed");
    fs::rename(&kept, &compiled).expect("it can be moved");
    drop(host);

    let host = open(&folder).await;
    let replacing = async {
        // The older one is read from the store and begins to be compiled.
        tokio::time::sleep(Duration::from_millis(50)).await;
        host.load(newer).await
    };
    let (first, replaced) = tokio::join!(host.connector(&id), replacing);
    let (first, replaced) = (first.expect("it is there"), replaced.expect("it loads").connector);
    assert_eq!(replaced.code(), Code::Cached);
    assert_eq!(first.digest(), replaced.digest(), "who asked meanwhile gets the newer one");
    assert_eq!(host.connector(&id).await.expect("it is there").digest(), replaced.digest());
}

#[tokio::test]
async fn a_store_that_is_open_elsewhere_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let _host = open(&folder).await;
    let error = TestHost::open(&folder, |builder| builder).await.expect_err("it is locked").to_string();
    assert!(error.contains("is open in another process"), "{error}");
}

#[tokio::test]
async fn a_store_that_was_cut_short_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().expect("a folder");
    open(&folder).await.load(hostile()).await.expect("it loads");
    let path = folder.path().join("innkeeper.redb");
    let whole = fs::read(&path).expect("the store can be read");
    fs::write(&path, &whole[..whole.len() / 3]).expect("the store can be cut");
    let error = TestHost::open(&folder, |builder| builder).await.expect_err("it is damaged").to_string();
    assert!(error.contains("damaged"), "{error}");
}

#[tokio::test]
async fn a_store_whose_key_is_lost_names_the_key_and_makes_no_new_one() {
    let folder = tempfile::tempdir().expect("a folder");
    drop(open(&folder).await);
    let keyring = folder.path().join("keyring");
    fs::remove_file(&keyring).expect("the keyring can be removed");
    let error = TestHost::open(&folder, |builder| builder).await.expect_err("there is no keyring").to_string();
    assert!(error.contains("keyring") && !keyring.exists(), "{error}");

    let other = tempfile::tempdir().expect("a folder");
    drop(open(&other).await);
    let foreign = KeyringSource::File(other.path().join("keyring"));
    let error = TestHost::open(&folder, |builder| builder.keyring(foreign)).await.expect_err("it is the wrong key");
    assert!(matches!(error, Error::Vault(_)), "{error}");
}

#[tokio::test]
async fn the_keyring_is_made_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().expect("a folder");
    drop(open(&folder).await);
    for file in ["keyring", "innkeeper.redb"] {
        let mode = fs::metadata(folder.path().join(file)).expect("it is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
}

#[tokio::test]
async fn a_connector_in_use_is_not_removed() {
    let host = TestHost::start().await;
    let service = innkeeper_tests::echo::EchoService::start().await;
    let connection = host.hostile(&service).await;
    let error = host.host.remove_connector(&connection.connector).await.expect_err("it is in use").to_string();
    assert!(error.contains("default/hostile_connector"), "{error}");
    host.host.delete_connection(&connection.space, &connection.id).await.expect("it is deleted");
    host.host.remove_connector(&connection.connector).await.expect("nothing uses it");
    assert!(matches!(
        host.host.connector(&connection.connector).await.expect_err("it is gone"),
        Error::UnknownConnector { .. }
    ));
}

#[tokio::test]
async fn loading_is_refused_by_kind_for_programs() {
    let host = TestHost::start().await;
    let error = host.host.load(Vec::new()).await.expect_err("it is empty");
    assert!(matches!(&error, Error::Load(LoadError::NotWasm { .. })));
    assert_eq!(error.kind(), ErrorKind::Load);
}

/// A host kept a connector in memory and ran it until it was started again, whatever the store had by then.
#[tokio::test]
async fn a_second_host_at_the_store_runs_a_newer_connector_at_its_next_call() {
    let (folder, service) = (tempfile::tempdir().expect("a folder"), EchoService::start().await);
    let place = folder.path().join("keyring");
    Keyring::create_file(&place, &SystemRandom).expect("a keyring");
    let store = RedbStore::open(folder.path().join("store"), Arc::new(SystemClock)).expect("a store");
    let store: Arc<dyn Store> = Arc::new(store);
    let beside = async |name: &str| {
        let keyring = Keyring::load(&KeyringSource::File(place.clone())).expect("the keyring");
        let builder = Innkeeper::builder().folder(folder.path().join(name)).egress(loopback());
        builder.storage(Storage { store: store.clone(), keyring }).open().await.expect("a host")
    };
    let (one, other) = (beside("one").await, beside("other").await);
    let id = one.load(hostile()).await.expect("it loads").id();
    let new = NewConnection::new(SpaceId::default(), id.clone(), "none").config(json!({ "base": service.base() }));
    let connection = connect(&one, new).await.expect("the connection is made");
    let call = async |host: &Innkeeper| {
        let request = CallRequest::new(connection.space.clone(), connection.id.clone(), "panic", json!({}));
        host.call(request).await.expect_err("it panics").to_string()
    };
    for host in [&one, &other] {
        let told = call(host).await;
        assert!(told.contains("the sheet has no rows"), "{told}");
    }

    let newer = patched(hostile(), "the sheet has no rows", "the shelf has no book");
    let digest = one.load(newer).await.expect("it loads").connector.digest().clone();
    for host in [&one, &other] {
        let told = call(host).await;
        assert!(told.contains("the shelf has no book"), "{told}");
    }
    assert_eq!(*other.connector(&id).await.expect("it is there").digest(), digest);

    // So it is with connections, and with what was worked out from them.
    let renaming = ConnectionChange::default().title("Renamed");
    change(&other, &connection.space, &connection.id, renaming).await.expect("changed");
    assert_eq!(one.connection(&connection.space, &connection.id).await.expect("there").title, "Renamed");
    other.delete_connection(&connection.space, &connection.id).await.expect("deleted");
    let error = one.connection(&connection.space, &connection.id).await.expect_err("gone");
    assert_eq!(error.kind(), ErrorKind::UnknownConnection);
    other.remove_connector(&id).await.expect("removed");
    assert_eq!(one.connector(&id).await.expect_err("gone").kind(), ErrorKind::UnknownConnector);
}
