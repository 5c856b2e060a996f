//! The cache of connections over a store that another process also writes to.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use innkeeper_ambient::{SystemClock, Timestamp};
use innkeeper_redb::RedbStore;
use innkeeper_spec::{AuthMode, AuthTypeId, ConnectorId};
use innkeeper_store::{
    ConnectionCache, ConnectionId, ConnectionRecord, ConnectionRepository as _, DataKeyId, Sealed, SpaceId,
};

fn store() -> Arc<RedbStore> {
    Arc::new(RedbStore::in_memory(Arc::new(SystemClock)).expect("a store"))
}

fn connection(id: &str, version: u64) -> ConnectionRecord {
    let mut sealed = Sealed::header(DataKeyId(1), &[0; Sealed::NONCE], 0);
    sealed.extend_from_slice(&[0; Sealed::TAG]);
    ConnectionRecord {
        space: SpaceId::default(),
        id: ConnectionId::parse(id).expect("an id"),
        title: format!("{id} {version}"),
        connector: ConnectorId::parse("acme").expect("an id"),
        auth_type: AuthTypeId::parse("bearer").expect("an id"),
        auth_mode: AuthMode::Shared,
        config: serde_json::json!({}),
        fields: BTreeMap::new(),
        sources: BTreeMap::new(),
        config_sources: BTreeMap::new(),
        secret_names: Vec::new(),
        secrets: Sealed::from_bytes(sealed).expect("well formed"),
        hosts: Vec::new(),
        placeholders: Vec::new(),
        claims: Vec::new(),
        created_at: Timestamp::from_secs(1),
        updated_at: Timestamp::from_secs(version),
        version,
    }
}

async fn put(store: &RedbStore, record: &ConnectionRecord) {
    let before = store.edition(&record.space, &record.id).await.expect("read");
    assert!(store.put_connection(record.clone(), before).await.expect("written"));
}

#[tokio::test]
async fn a_change_by_somebody_else_is_seen_at_the_next_look() {
    let store = store();
    let cache = ConnectionCache::new(store.clone());
    let (one, two) = (connection("a", 1), connection("a", 2));
    let seen = async || cache.get(&one.space, &one.id).await.expect("read").map(|record| record.version);
    assert_eq!(seen().await, None);
    put(&store, &one).await;
    assert_eq!((seen().await, seen().await), (Some(1), Some(1)));
    put(&store, &two).await;
    assert_eq!(seen().await, Some(2));
    put(&store, &connection("b", 1)).await;
    assert_eq!(seen().await, Some(2), "a change of another connection is none of this one");
    store.delete_connection(&one.space, &one.id, one.created_at).await.expect("deleted");
    assert_eq!(seen().await, None);
    put(&store, &one).await;
    assert_eq!(seen().await, Some(1));
}

#[tokio::test]
async fn a_connection_that_did_not_change_is_read_once() {
    let store = store();
    let cache = ConnectionCache::new(store.clone());
    let one = connection("a", 1);
    put(&store, &one).await;
    let first = cache.get(&one.space, &one.id).await.expect("read").expect("there");
    put(&store, &connection("b", 1)).await;
    let again = cache.get(&one.space, &one.id).await.expect("read").expect("there");
    assert!(Arc::ptr_eq(&first, &again));
}

#[test]
fn what_was_worked_out_is_kept_for_its_edition_and_type_alone() {
    let cache = ConnectionCache::new(store());
    let made = AtomicU32::new(0);
    let number = |record: &ConnectionRecord, good: bool| {
        let work_out = |was_another| Ok::<_, Infallible>((made.fetch_add(1, Ordering::SeqCst), was_another));
        let Ok(value) = cache.worked_out(record, |_: &(u32, bool)| good, work_out);
        *value
    };
    let (one, two) = (connection("a", 1), connection("a", 2));
    assert_eq!((number(&one, true), number(&one, true)), ((0, false), (0, false)));
    let Ok(text) = cache.worked_out(&one, |_| true, |_| Ok::<_, Infallible>("another type".to_owned()));
    assert_eq!(*text, "another type");
    assert_eq!(number(&two, true), (1, true), "and it is told that the connection was another");
    assert_eq!(number(&two, false), (2, true), "it no longer holds");
    cache.forget(&one.space, &one.id);
    assert_eq!(number(&two, true), (3, false));
    let failed = cache.worked_out(&one, |_: &u64| true, |_| Err::<u64, _>("cannot"));
    assert_eq!(failed, Err("cannot"));
}

#[test]
fn only_the_connections_that_are_used_stay() {
    let cache = ConnectionCache::new(store());
    let used = connection("used", 1);
    let look = |record: &ConnectionRecord| {
        let Ok(value) = cache.worked_out(record, |_| true, |_| Ok::<_, Infallible>(record.id.clone()));
        Arc::downgrade(&value)
    };
    let (kept, mut dropped) = (look(&used), Vec::new());
    for number in 0..50_000 {
        let value = look(&connection(&format!("c{number}"), 1));
        if number % 1000 == 0 {
            look(&used);
            dropped.push(value);
        }
    }
    assert!(kept.upgrade().is_some());
    let left = dropped.iter().filter(|value| value.upgrade().is_some()).count();
    assert!(left <= 17, "{left} thousand are kept");
}
