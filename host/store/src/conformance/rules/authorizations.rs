//! Authorizations that have begun.

use innkeeper_ambient::Timestamp;

use crate::conformance::records::{authorization, connection, principal, space};
use crate::conformance::{Fresh, list};
use crate::ids::PrincipalId;
use crate::records::AuthorizationRecord;

list![
    an_authorization_is_read_without_being_consumed,
    of_fifty_callers_one_takes_the_authorization,
    authorizations_that_ended_are_swept,
    authorizations_of_a_principal_are_deleted_in_one_space,
    a_start_link_is_used_once_until_it_ends,
];

/// Reading twice finds it twice; taking finds it once.
async fn an_authorization_is_read_without_being_consumed(Fresh { store, .. }: Fresh) {
    let record = authorization("s", "a", 1, 50);
    store.put_authorization(record.clone()).await.expect("written");
    for _ in 0..2 {
        let found = store.authorization(&[1; 32]).await.expect("read").expect("there");
        assert_eq!(found, record);
    }
    assert!(store.authorization(&[2; 32]).await.expect("read").is_none());
    assert!(store.take_authorization(&[2; 32]).await.expect("answered").is_none());
    let taken = store.take_authorization(&[1; 32]).await.expect("taken").expect("there");
    assert_eq!(taken, record);
    assert!(store.authorization(&[1; 32]).await.expect("read").is_none());
}

/// A code is redeemed once, however often the browser comes back.
async fn of_fifty_callers_one_takes_the_authorization(Fresh { store, .. }: Fresh) {
    store.put_authorization(authorization("s", "a", 1, 50)).await.expect("written");
    let callers: Vec<_> = (0..50)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move { store.take_authorization(&[1; 32]).await })
        })
        .collect();
    let mut taken = 0;
    for caller in callers {
        taken += usize::from(caller.await.expect("ends").expect("answered").is_some());
    }
    assert_eq!(taken, 1);
}

/// Authorizations that expire at exactly this moment are still valid.
async fn authorizations_that_ended_are_swept(Fresh { store, .. }: Fresh) {
    for (state_hash, ends) in [(1, 10), (2, 20), (3, 20), (4, 21), (255, 500)] {
        store.put_authorization(authorization("s", "a", state_hash, ends)).await.expect("written");
    }
    // Written again with another expiry.
    store.put_authorization(authorization("s", "a", 1, 400)).await.expect("written");
    assert_eq!(store.sweep_authorizations(Timestamp::from_secs(20)).await.expect("swept"), 0);
    assert_eq!(store.sweep_authorizations(Timestamp::from_secs(21)).await.expect("swept"), 2);
    assert_eq!(store.sweep_authorizations(Timestamp::from_secs(21)).await.expect("swept"), 0);
    for (state_hash, there) in [(1, true), (2, false), (3, false), (4, true), (255, true)] {
        let found = store.authorization(&[state_hash; 32]).await.expect("read");
        assert_eq!(found.is_some(), there, "{state_hash}");
    }
    let other = connection("s", "b", 1);
    assert!(store.put_connection(other.clone(), None).await.expect("written"));
    store.delete_connection(&other.space, &other.id, other.created_at).await.expect("deleted");
    assert!(store.authorization(&[4; 32]).await.expect("read").is_some());
}

/// For a user who has left: what others have begun, or the user in another space, stays.
async fn authorizations_of_a_principal_are_deleted_in_one_space(Fresh { store, .. }: Fresh) {
    let begun = [("s", "a", "ann"), ("s", "b", "ann"), ("s", "a", "ben"), ("s2", "a", "ann")];
    for (hash, (space, connection, owner)) in (1..).zip(begun) {
        let record = AuthorizationRecord { owner: principal(owner), ..authorization(space, connection, hash, 50) };
        store.put_authorization(record).await.expect("written");
    }
    store.put_authorization(authorization("s", "a", 5, 50)).await.expect("written");
    let ann = PrincipalId::parse("ann").expect("an id");
    assert_eq!(store.delete_authorizations(&space("s"), &ann).await.expect("deleted"), 2);
    assert_eq!(store.delete_authorizations(&space("s"), &ann).await.expect("answered"), 0);
    for (hash, there) in [(1, false), (2, false), (3, true), (4, true), (5, true)] {
        assert_eq!(store.authorization(&[hash; 32]).await.expect("read").is_some(), there, "{hash}");
    }
}

/// If several requests open one link at once, only one succeeds; the mark stays until the link expires.
async fn a_start_link_is_used_once_until_it_ends(Fresh { store, .. }: Fresh) {
    let openers: Vec<_> = (0..20)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move { store.use_link(&[1; 32], Timestamp::from_secs(20)).await })
        })
        .collect();
    let mut first = 0;
    for opener in openers {
        first += usize::from(opener.await.expect("ends").expect("answered"));
    }
    assert_eq!(first, 1);
    assert!(store.use_link(&[2; 32], Timestamp::from_secs(30)).await.expect("answered"), "another link");
    for (now, again) in [(20, [false, false]), (21, [true, false])] {
        assert_eq!(store.sweep_authorizations(Timestamp::from_secs(now)).await.expect("swept"), 0);
        for (link, again) in [1, 2].into_iter().zip(again) {
            let used = store.use_link(&[link; 32], Timestamp::from_secs(30)).await.expect("answered");
            assert_eq!(used, again, "link {link} at {now}");
        }
    }
}
