//! Grants.

use std::sync::Arc;

use crate::conformance::records::{grant, grant_key, id, principal, space};
use crate::ids::GrantOwner;
use crate::repositories::{Expected, Store, Written};

/// Compare and swap, for a new record and for one that is there.
pub async fn a_grant_is_written_only_over_the_version_it_names(store: Arc<dyn Store>) {
    let key = grant_key("s", "a", GrantOwner::Shared);
    let put = async |version, expected| store.put_grant(grant(key.clone(), version), expected).await;
    assert_eq!(put(2, Expected::Version(1)).await.expect("answered"), Written::Conflict(0));
    assert_eq!(put(1, Expected::Any).await.expect("written"), Written::Version(1));
    assert_eq!(put(1, Expected::Absent).await.expect("answered"), Written::Conflict(1));
    assert_eq!(put(2, Expected::Version(1)).await.expect("written"), Written::Version(2));
    assert_eq!(put(2, Expected::Version(1)).await.expect("answered"), Written::Conflict(2));
    assert_eq!(put(1, Expected::Any).await.expect("answered"), Written::Conflict(2));
    assert!(put(4, Expected::Version(2)).await.is_err(), "versions grow by one");
    let found = store.grant(&key).await.expect("read").expect("there");
    let wanted = serde_json::to_value(grant(key, 2)).expect("serialises");
    assert_eq!(serde_json::to_value(found).expect("serialises"), wanted);
}

/// The others are told which version is there.
pub async fn of_many_writers_of_a_grant_one_wins(store: Arc<dyn Store>) {
    let key = grant_key("s", "a", GrantOwner::Shared);
    store.put_grant(grant(key.clone(), 1), Expected::Absent).await.expect("written");
    let writers: Vec<_> = (0..20)
        .map(|_| {
            let (store, record) = (store.clone(), grant(key.clone(), 2));
            tokio::spawn(async move { store.put_grant(record, Expected::Version(1)).await })
        })
        .collect();
    let mut won = 0;
    for writer in writers {
        match writer.await.expect("ends").expect("answered") {
            Written::Version(2) => won += 1,
            other => assert_eq!(other, Written::Conflict(2)),
        }
    }
    assert_eq!(won, 1);
}

/// Not under another space's, another connection's, another owner's.
pub async fn a_grant_is_found_only_under_its_own_key(store: Arc<dyn Store>) {
    let key = grant_key("s", "a", principal("ann"));
    store.put_grant(grant(key.clone(), 1), Expected::Absent).await.expect("written");
    for other in [
        grant_key("t", "a", principal("ann")),
        grant_key("s", "b", principal("ann")),
        grant_key("s", "aa", principal("nn")),
        grant_key("s", "a", principal("anna")),
        grant_key("s", "a", principal("an")),
        grant_key("s", "a", GrantOwner::Shared),
    ] {
        assert!(store.grant(&other).await.expect("read").is_none(), "{other:?}");
        assert_eq!(store.delete_grant(&other, Expected::Any).await.expect("answered"), Written::Version(0));
        store.put_grant(grant(other, 1), Expected::Absent).await.expect("written");
    }
    let listed = store.grants(&space("s"), &id("a")).await.expect("listed");
    assert_eq!(listed.len(), 4);
    assert!(listed.iter().all(|record| record.key.space == space("s") && record.key.connection == id("a")));
    assert_eq!(store.grant(&key).await.expect("read").expect("there").key, key);
}

/// A grant that was renewed in between stays.
pub async fn a_grant_is_deleted_only_in_the_version_that_is_named(store: Arc<dyn Store>) {
    let key = grant_key("s", "a", GrantOwner::Shared);
    store.put_grant(grant(key.clone(), 1), Expected::Absent).await.expect("written");
    store.put_grant(grant(key.clone(), 2), Expected::Version(1)).await.expect("written");
    let delete = async |expected| store.delete_grant(&key, expected).await.expect("answered");
    assert_eq!(delete(Expected::Version(1)).await, Written::Conflict(2));
    assert!(store.grant(&key).await.expect("read").is_some());
    assert_eq!(delete(Expected::Version(2)).await, Written::Version(0));
    assert!(store.grant(&key).await.expect("read").is_none());
    assert_eq!(delete(Expected::Version(2)).await, Written::Version(0));
}
