//! Grants.

use innkeeper_ambient::Timestamp;

use crate::condition::{Expected, Written};
use crate::conformance::records::{grant, grant_key, id, principal, space};
use crate::conformance::{Fresh, list};
use crate::ids::{GrantOwner, PrincipalId};
use crate::records::{GrantPhase, GrantRecord, LossReason};

list![
    a_grant_is_written_only_over_the_version_it_names,
    of_many_writers_of_a_grant_one_wins,
    a_grant_is_found_only_under_its_own_key,
    a_grant_is_deleted_only_in_the_version_that_is_named,
    a_grant_is_not_written_under_an_older_fencing_number,
    grants_in_doubt_are_found_until_they_are_settled,
    idle_grants_are_found_oldest_first_and_page_by_page,
    the_grants_of_a_principal_are_found_in_one_space,
];

/// Compare and swap, for a new record and for an existing one.
async fn a_grant_is_written_only_over_the_version_it_names(Fresh { store, .. }: Fresh) {
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
    assert_eq!(found, grant(key, 2));
}

/// The other writers get the current version.
async fn of_many_writers_of_a_grant_one_wins(Fresh { store, .. }: Fresh) {
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

/// Not found under another space, connection or owner.
async fn a_grant_is_found_only_under_its_own_key(Fresh { store, .. }: Fresh) {
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
async fn a_grant_is_deleted_only_in_the_version_that_is_named(Fresh { store, .. }: Fresh) {
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

/// A holder whose lease was taken over may not write, even over the version that it read.
async fn a_grant_is_not_written_under_an_older_fencing_number(Fresh { store, .. }: Fresh) {
    let key = grant_key("s", "a", GrantOwner::Shared);
    let fenced = |version, fence| GrantRecord { fence, ..grant(key.clone(), version) };
    store.put_grant(fenced(1, 5), Expected::Absent).await.expect("written");
    for expected in [Expected::Version(1), Expected::Any] {
        assert_eq!(store.put_grant(fenced(2, 4), expected).await.expect("answered"), Written::Conflict(1));
    }
    assert_eq!(store.put_grant(fenced(2, 5), Expected::Version(1)).await.expect("written"), Written::Version(2));
    assert_eq!(store.put_grant(fenced(3, 9), Expected::Version(2)).await.expect("written"), Written::Version(3));
}

/// In every space; a lost one is settled, too.
async fn grants_in_doubt_are_found_until_they_are_settled(Fresh { store, .. }: Fresh) {
    let keys = ["a", "b", "c", "d"].map(|name| grant_key(name, "x", principal("ann")));
    let phase = GrantPhase::InDoubt { since: Timestamp::from_secs(3) };
    for key in &keys {
        let record = GrantRecord { phase, ..grant(key.clone(), 1) };
        store.put_grant(record, Expected::Absent).await.expect("written");
    }
    assert_eq!(store.grants_in_doubt(10).await.expect("listed"), keys);
    assert_eq!(store.grants_in_doubt(2).await.expect("listed"), keys[..2]);
    store.put_grant(grant(keys[0].clone(), 2), Expected::Version(1)).await.expect("written");
    let phase = GrantPhase::Lost { reason: LossReason::Revoked };
    let lost = GrantRecord { phase, ..grant(keys[1].clone(), 2) };
    store.put_grant(lost.clone(), Expected::Version(1)).await.expect("written");
    assert_eq!(store.grant(&keys[1]).await.expect("read"), Some(lost));
    store.delete_grant(&keys[2], Expected::Any).await.expect("deleted");
    assert_eq!(store.grants_in_doubt(10).await.expect("listed"), keys[3..]);
    let made = Timestamp::from_secs(1);
    store.delete_connection(&keys[3].space, &keys[3].connection, made).await.expect("deleted");
    assert!(store.grants_in_doubt(10).await.expect("listed").is_empty());
}

/// Ordered by the time of their last write, in every space.
async fn idle_grants_are_found_oldest_first_and_page_by_page(Fresh { store, .. }: Fresh) {
    let write = async |name: &str, version, at| {
        let record = GrantRecord {
            updated_at: Timestamp::from_secs(at),
            ..grant(grant_key(name, "x", GrantOwner::Shared), version)
        };
        store.put_grant(record, Expected::Any).await.expect("written");
    };
    for (name, at) in [("a", 30), ("b", 10), ("c", 20), ("d", 20), ("e", 40)] {
        write(name, 1, at).await;
    }
    let idle = async |after: Option<&GrantRecord>, limit| {
        store.idle_grants(Timestamp::from_secs(40), after, limit).await.expect("listed")
    };
    let names = |records: &[GrantRecord]| records.iter().map(|record| record.key.space.to_string()).collect::<Vec<_>>();
    assert_eq!(names(&idle(None, 10).await), ["b", "c", "d", "a"]);
    let first = idle(None, 2).await;
    assert_eq!(names(&first), ["b", "c"]);
    assert_eq!(names(&idle(first.last(), 2).await), ["d", "a"]);
    assert!(store.idle_grants(Timestamp::from_secs(10), first.last(), 2).await.expect("listed").is_empty());
    write("b", 2, 50).await;
    assert_eq!(names(&idle(None, 10).await), ["c", "d", "a"]);
}

/// In all of the principal's connections, and no other principal's.
async fn the_grants_of_a_principal_are_found_in_one_space(Fresh { store, .. }: Fresh) {
    let ann = PrincipalId::parse("ann").expect("an id");
    for (space, connection, owner) in [
        ("s", "a", principal("ann")),
        ("s", "b", principal("ann")),
        ("s", "b", principal("anna")),
        ("s", "c", GrantOwner::Shared),
        ("t", "a", principal("ann")),
    ] {
        store.put_grant(grant(grant_key(space, connection, owner), 1), Expected::Absent).await.expect("written");
    }
    let found = store.grants_of_principal(&space("s"), &ann).await.expect("listed");
    let keys: Vec<_> = found.into_iter().map(|record| record.key).collect();
    assert_eq!(keys, ["a", "b"].map(|connection| grant_key("s", connection, principal("ann"))));
}
