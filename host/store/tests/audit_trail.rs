//! The audit trail over a store in a file.

use std::path::Path;
use std::sync::Arc;

use innkeeper_ambient::{SystemClock, Timestamp};
use innkeeper_redb::RedbStore;
use innkeeper_store::{AuditFilter, AuditRecord, AuditRepository as _, AuditTrail, ConnectionId, Page, SpaceId};

fn record(at: u64) -> AuditRecord {
    AuditRecord {
        at: Timestamp::from_millis(at),
        space: SpaceId::default(),
        connection: ConnectionId::parse("a").expect("an id"),
        connector: innkeeper_spec::ConnectorId::parse("acme").expect("an id"),
        event: "call".into(),
        action: None,
        principal: None,
        outcome: "ok".into(),
        duration: 1,
        requests: 0,
    }
}

fn open(path: &Path) -> Arc<RedbStore> {
    Arc::new(RedbStore::open(path, Arc::new(SystemClock)).expect("a store"))
}

async fn stored(store: &RedbStore) -> Vec<u64> {
    let filter = AuditFilter::new(SpaceId::default());
    let listed = store.audit(&filter, &Page::first(1000)).await.expect("listed");
    listed.items.iter().map(|record| record.at.as_millis()).collect()
}

#[tokio::test]
async fn a_strict_record_is_there_at_once_with_all_that_came_before() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(&folder.path().join("store"));
    let trail = AuditTrail::new(store.clone()).expect("a trail");
    trail.record(record(1));
    trail.record_strictly(record(2)).await.expect("recorded");
    assert_eq!(stored(&store).await, [2, 1]);
}

#[tokio::test]
async fn what_was_handed_over_is_read_in_the_order_of_its_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let trail = AuditTrail::new(open(&folder.path().join("store"))).expect("a trail");
    for at in [20, 10, 300, 20] {
        trail.record(record(at));
    }
    trail.flush().await.expect("flushed");
    trail.flush().await.expect("nothing left to flush");
    trail.record(record(15));
    let read = trail.read(&AuditFilter::new(SpaceId::default()), &Page::first(9)).await.expect("read");
    let times: Vec<_> = read.items.iter().map(|record| record.at.as_millis()).collect();
    assert_eq!(times, [300, 20, 20, 15, 10]);
}

#[tokio::test]
async fn records_are_written_when_the_trail_is_dropped() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("store");
    let trail = AuditTrail::new(open(&path)).expect("a trail");
    for at in 0..100 {
        trail.record(record(at));
    }
    drop(trail);
    assert_eq!(stored(&open(&path)).await.len(), 100);
}
