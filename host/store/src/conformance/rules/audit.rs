//! The audit trail.

use std::sync::Arc;

use crate::conformance::records::{audit, id, space};
use crate::repositories::Store;

/// By the time they began, not the time they were handed over; two at one time are both kept.
pub async fn audit_records_are_listed_newest_first(store: Arc<dyn Store>) {
    for at in [20, 10, 300, 20] {
        store.record(audit("s", "a", at));
    }
    store.flush_audit().await.expect("flushed");
    store.flush_audit().await.expect("nothing left to flush");
    assert_eq!(times(&*store, "s", None, 9).await, [300, 20, 20, 10]);
    assert_eq!(times(&*store, "s", Some("a"), 2).await, [300, 20]);
    assert!(times(&*store, "s", None, 0).await.is_empty());
}

/// A space with a longer name is another space.
pub async fn audit_records_stay_in_their_space_and_connection(store: Arc<dyn Store>) {
    for (at, (space, connection)) in (1..).zip([("s", "a"), ("s", "ab"), ("s2", "a"), ("s", "a")]) {
        store.record(audit(space, connection, at));
    }
    store.flush_audit().await.expect("flushed");
    assert_eq!(times(&*store, "s", None, 9).await, [4, 2, 1]);
    assert_eq!(times(&*store, "s", Some("a"), 9).await, [4, 1]);
    assert_eq!(times(&*store, "s2", None, 9).await, [3]);
    assert!(times(&*store, "s2", Some("ab"), 9).await.is_empty());
}

/// With all that was handed over before it.
pub async fn a_strict_audit_record_is_there_at_once(store: Arc<dyn Store>) {
    store.record(audit("s", "a", 1));
    store.record_strictly(audit("s", "a", 2)).await.expect("recorded");
    assert_eq!(times(&*store, "s", None, 9).await, [2, 1]);
    let listed = store.audit(&space("s"), None, 1).await.expect("listed");
    assert_eq!(listed, [audit("s", "a", 2)]);
}

async fn times(store: &dyn Store, space_id: &str, connection: Option<&str>, limit: usize) -> Vec<u64> {
    let connection = connection.map(id);
    let listed = store.audit(&space(space_id), connection.as_ref(), limit).await.expect("listed");
    listed.iter().map(|record| record.at.as_millis()).collect()
}
