//! Guest state.

use crate::condition::Expected;
use crate::conformance::records::{state, state_key};
use crate::conformance::{Fresh, list};
use crate::repositories::StateWritten;

list![
    a_state_value_is_written_only_over_the_version_it_names,
    state_counts_against_the_quota_of_its_connection,
    state_is_found_only_under_its_own_key,
];

/// Compare and swap, for a new value and for an existing one.
async fn a_state_value_is_written_only_over_the_version_it_names(Fresh { store, .. }: Fresh) {
    let key = state_key("s", "a", "k");
    let put = async |version, expected| store.put_state(&key, state(1, version), expected, 100).await;
    assert_eq!(put(2, Expected::Version(1)).await.expect("answered"), StateWritten::Conflict(0));
    assert_eq!(put(1, Expected::Absent).await.expect("written"), StateWritten::Version(1));
    assert_eq!(put(1, Expected::Absent).await.expect("answered"), StateWritten::Conflict(1));
    assert_eq!(put(2, Expected::Version(1)).await.expect("written"), StateWritten::Version(2));
    assert_eq!(put(2, Expected::Any).await.expect("answered"), StateWritten::Conflict(2));
    assert_eq!(put(3, Expected::Any).await.expect("written"), StateWritten::Version(3));
    assert_eq!(store.state(&key).await.expect("read"), Some(state(1, 3)));
}

/// Replacing and deleting release the bytes of the old value.
async fn state_counts_against_the_quota_of_its_connection(Fresh { store, .. }: Fresh) {
    let put = async |connection: &str, key: &str, size, version, quota| {
        let key = state_key("s", connection, key);
        store.put_state(&key, state(size, version), Expected::Any, quota).await.expect("answered")
    };
    assert_eq!(put("a", "k", 60, 1, 100).await, StateWritten::Version(1));
    assert_eq!(put("a", "l", 41, 1, 100).await, StateWritten::QuotaExceeded);
    assert_eq!(put("b", "l", 41, 1, 100).await, StateWritten::Version(1), "another connection has its own");
    assert_eq!(put("a", "l", 40, 1, 100).await, StateWritten::Version(1));
    assert_eq!(put("a", "k", 61, 2, 100).await, StateWritten::QuotaExceeded);
    assert_eq!(store.state(&state_key("s", "a", "k")).await.expect("read"), Some(state(60, 1)));
    assert_eq!(put("a", "k", 50, 2, 80).await, StateWritten::Version(2), "shrinking is allowed above the quota");
    store.delete_state(&state_key("s", "a", "l")).await.expect("deleted");
    store.delete_state(&state_key("s", "a", "l")).await.expect("nothing to delete");
    assert_eq!(put("a", "m", 50, 1, 100).await, StateWritten::Version(1));
    assert_eq!(put("a", "n", u64::MAX, 1, 100).await, StateWritten::QuotaExceeded);
}

/// Any text can be a key, and belongs only to its connection.
async fn state_is_found_only_under_its_own_key(Fresh { store, .. }: Fresh) {
    let keys = ["", "k", "kk", "k\0", "\0", "a/b", "\u{1F511}"];
    let places = [("s", "a"), ("s", "ab"), ("t", "a")];
    for (size, (space, connection)) in (1..).zip(places) {
        for key in keys {
            let key = state_key(space, connection, key);
            assert_eq!(store.state(&key).await.expect("read"), None, "{key:?}");
            store.put_state(&key, state(size, 1), Expected::Absent, 100).await.expect("written");
        }
    }
    for (size, (space, connection)) in (1..).zip(places) {
        for key in keys {
            let found = store.state(&state_key(space, connection, key)).await.expect("read").expect("there");
            assert_eq!(found.size, size);
        }
    }
}
