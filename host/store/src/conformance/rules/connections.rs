//! Connections.

use innkeeper_ambient::Timestamp;

use crate::condition::Expected;
use crate::conformance::records::{
    audit, authorization, connection, grant, grant_key, id, principal, space, state, state_key,
};
use crate::conformance::{Fresh, list};
use crate::ids::GrantOwner;
use crate::page::{Cursor, Page};
use crate::records::{ConnectionRecord, Edition};
use crate::repositories::{AuditFilter, StateWritten, Store};

list![
    a_connection_is_written_only_over_the_edition_it_names,
    a_connection_is_deleted_only_if_it_is_the_one_that_was_meant,
    connections_are_listed_by_id_and_stay_in_their_space,
    connections_are_listed_page_by_page,
    a_connection_has_another_edition_after_each_change,
    deleting_a_connection_removes_all_that_belongs_to_it_and_nothing_else,
    a_new_connection_inherits_nothing_from_one_of_its_id,
];

/// Compare and swap, for a new record and for an existing one.
async fn a_connection_is_written_only_over_the_edition_it_names(Fresh { store, .. }: Fresh) {
    let edition = |version| connection("s", "a", version).edition();
    let put = async |version, before| store.put_connection(connection("s", "a", version), before).await;
    assert!(!put(2, Some(edition(1))).await.expect("answered"), "there is none to change");
    assert!(put(1, None).await.expect("written"));
    assert!(!put(1, None).await.expect("answered"), "there is one");
    assert!(put(2, Some(edition(1))).await.expect("written"));
    assert!(!put(2, Some(edition(1))).await.expect("answered"), "it was changed since");
    let earlier = Edition { created_at: Timestamp::from_secs(7), ..edition(2) };
    assert!(!put(3, Some(earlier)).await.expect("answered"), "it was deleted and created again since");
    assert!(put(9, Some(edition(2))).await.is_err(), "versions grow by one");

    let found = store.connection(&space("s"), &id("a")).await.expect("read").expect("there");
    assert_eq!(found, connection("s", "a", 2));
}

/// Not one that has taken its id since; the owner knows nothing of it.
async fn a_connection_is_deleted_only_if_it_is_the_one_that_was_meant(Fresh { store, .. }: Fresh) {
    let record = connection("s", "a", 1);
    assert!(store.put_connection(record.clone(), None).await.expect("written"));
    fill(&*store, "s", "a", 1).await;
    let earlier = Timestamp::from_secs(7);
    assert!(!store.delete_connection(&record.space, &record.id, earlier).await.expect("answered"));
    assert_eq!(belongings(&*store, "s", "a", 1).await, 4);
    assert!(store.delete_connection(&record.space, &record.id, record.created_at).await.expect("deleted"));
}

/// Neither a space whose name begins with the same text nor the same id in another space is affected.
async fn connections_are_listed_by_id_and_stay_in_their_space(Fresh { store, .. }: Fresh) {
    for (space, id) in [("s", "b"), ("s", "a"), ("s", "ab"), ("s2", "a"), ("t", "c")] {
        assert!(store.put_connection(connection(space, id, 1), None).await.expect("written"));
    }
    let listed = async |of: &str| {
        let listed = store.all_connections(&space(of)).await.expect("listed");
        listed.into_iter().map(|record| record.title).collect::<Vec<_>>()
    };
    assert_eq!(listed("s").await, ["s/a", "s/ab", "s/b"]);
    assert_eq!(listed("s2").await, ["s2/a"]);
    assert!(listed("none").await.is_empty());
    assert!(store.connection(&space("t"), &id("a")).await.expect("read").is_none());
    let made = connection("s", "a", 1).created_at;
    assert!(!store.delete_connection(&space("t"), &id("a"), made).await.expect("answered"));
    assert!(store.connection(&space("s"), &id("a")).await.expect("read").is_some());
}

/// Each connection once, whatever the page size.
async fn connections_are_listed_page_by_page(Fresh { store, .. }: Fresh) {
    let ids = ["a", "ab", "b", "c", "d"];
    for id in ids {
        assert!(store.put_connection(connection("s", id, 1), None).await.expect("written"));
    }
    assert!(store.put_connection(connection("t", "z", 1), None).await.expect("written"));
    for limit in 1..7 {
        let (mut listed, mut page) = (Vec::new(), Page::first(limit));
        loop {
            let found = store.connections(&space("s"), &page).await.expect("listed");
            assert!(found.items.len() == limit || found.next.is_none(), "only the last page is short");
            listed.extend(found.items.into_iter().map(|record| record.id.to_string()));
            let Some(next) = found.next else { break };
            page = Page::after(next, limit);
        }
        assert_eq!(listed, ids);
    }
    let beyond = Page::after(Cursor::new("zz"), 9);
    assert!(store.connections(&space("s"), &beyond).await.expect("listed").items.is_empty(), "no other space is met");
}

/// Deleting and creating again is a change, too.
async fn a_connection_has_another_edition_after_each_change(Fresh { store, .. }: Fresh) {
    let edition = async || store.edition(&space("s"), &id("a")).await.expect("read");
    let delete = async |made| store.delete_connection(&space("s"), &id("a"), made).await.expect("deleted");
    assert_eq!(edition().await, None);
    let first = connection("s", "a", 1);
    let again = ConnectionRecord { created_at: Timestamp::from_secs(7), ..first.clone() };
    let mut seen = Vec::new();
    for record in [first.clone(), connection("s", "a", 2), again.clone()] {
        if !seen.is_empty() && record.version == 1 {
            assert!(delete(first.created_at).await);
        }
        let before = store.revision();
        assert!(store.put_connection(record.clone(), edition().await).await.expect("written"));
        assert!(before.is_none() || store.revision() != before, "a store that has a revision changes it");
        let found = edition().await.expect("there");
        assert_eq!(found, record.edition());
        assert!(!seen.contains(&found));
        seen.push(found);
    }
    let before = store.revision();
    assert!(delete(again.created_at).await);
    assert_eq!(edition().await, None);
    assert!(before.is_none() || store.revision() != before, "a store that has a revision changes it");
}

/// Grants, authorizations, state and the quota that the state used.
async fn deleting_a_connection_removes_all_that_belongs_to_it_and_nothing_else(Fresh { store, .. }: Fresh) {
    for (number, (space, id)) in (1..).zip(NEIGHBOURS) {
        assert!(store.put_connection(connection(space, id, 1), None).await.expect("written"));
        fill(&*store, space, id, number).await;
    }
    store.write_audit(&[audit("s", "a", 1)]).expect("recorded");

    let delete = async || store.delete_connection(&space("s"), &id("a"), connection("s", "a", 1).created_at).await;
    assert!(delete().await.expect("deleted"));
    assert!(!delete().await.expect("answered"));
    assert!(store.connection(&space("s"), &id("a")).await.expect("read").is_none());
    assert_eq!(belongings(&*store, "s", "a", 1).await, 0);
    for (number, (space, id)) in (1..).zip(NEIGHBOURS).skip(1) {
        assert_eq!(belongings(&*store, space, id, number).await, 4, "{space}/{id}");
    }
    let trail = store.audit(&AuditFilter::new(space("s")), &Page::first(9)).await.expect("listed");
    assert_eq!(trail.items.len(), 1, "what happened has happened");
    let whole_quota = store.put_state(&state_key("s", "a", "k"), state(100, 1), Expected::Absent, 100).await;
    assert_eq!(whole_quota.expect("written"), StateWritten::Version(1));
}

/// Late writes for the deleted connection leave nothing behind for the next one with its id.
async fn a_new_connection_inherits_nothing_from_one_of_its_id(Fresh { store, .. }: Fresh) {
    fill(&*store, "s", "a", 1).await;
    let first = connection("s", "a", 1);
    assert!(store.put_connection(first.clone(), None).await.expect("written"));
    assert_eq!(belongings(&*store, "s", "a", 1).await, 0);
    fill(&*store, "s", "a", 1).await;
    assert!(store.put_connection(connection("s", "a", 2), Some(first.edition())).await.expect("written"));
    assert_eq!(belongings(&*store, "s", "a", 1).await, 4);
}

const NEIGHBOURS: [(&str, &str); 4] = [("s", "a"), ("s", "ab"), ("s", "b"), ("t", "a")];

/// Two grants, an authorization and a value of state.
async fn fill(store: &dyn Store, space: &str, connection: &str, number: u8) {
    for owner in [GrantOwner::Shared, principal("ann")] {
        let record = grant(grant_key(space, connection, owner), 1);
        store.put_grant(record, Expected::Absent).await.expect("written");
    }
    store.put_authorization(authorization(space, connection, number, 50)).await.expect("written");
    let key = state_key(space, connection, "k");
    store.put_state(&key, state(60, 1), Expected::Absent, 100).await.expect("written");
}

async fn belongings(store: &dyn Store, space_id: &str, connection: &str, number: u8) -> usize {
    let grants = store.grants(&space(space_id), &id(connection)).await.expect("listed").len();
    let authorization = store.authorization(&[number; 32]).await.expect("read");
    let state = store.state(&state_key(space_id, connection, "k")).await.expect("read");
    grants + usize::from(authorization.is_some()) + usize::from(state.is_some())
}
