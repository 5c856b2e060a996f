//! Leases of grants.

use std::sync::Arc;

use innkeeper_ambient::Timestamp;

use crate::conformance::records::{grant_key, principal};
use crate::ids::GrantOwner;
use crate::records::LeaseHolder;
use crate::repositories::{Leasing, Store};

const ONE: LeaseHolder = LeaseHolder([1; 16]);
const OTHER: LeaseHolder = LeaseHolder([2; 16]);

/// Another may take it at its end, and what was given back at once.
pub async fn a_lease_has_one_holder_until_it_ends_or_is_given_back(store: Arc<dyn Store>) {
    let key = grant_key("s", "a", GrantOwner::Shared);
    let take = async |holder, now| {
        let (now, until) = (Timestamp::from_secs(now), Timestamp::from_secs(now + 60));
        store.take_lease(&key, holder, now, until).await.expect("answered")
    };
    let Leasing::Taken(first) = take(ONE, 100).await else { panic!("it was free") };
    assert_eq!((&first.key, first.holder, first.until), (&key, ONE, Timestamp::from_secs(160)));
    assert_eq!(take(OTHER, 159).await, Leasing::Held(Timestamp::from_secs(160)));
    let elsewhere = grant_key("s", "a", principal("ann"));
    let now = Timestamp::from_secs(100);
    assert!(matches!(store.take_lease(&elsewhere, OTHER, now, now).await.expect("answered"), Leasing::Taken(_)));
    let Leasing::Taken(second) = take(OTHER, 160).await else { panic!("it had ended") };
    assert!(!store.release_lease(&first).await.expect("answered"), "it is not the first holder's any more");
    assert_eq!(take(ONE, 161).await, Leasing::Held(Timestamp::from_secs(220)));
    assert!(store.release_lease(&second).await.expect("answered"));
    assert!(matches!(take(ONE, 161).await, Leasing::Taken(_)));
}

/// Whoever takes it, and however it ended.
pub async fn fencing_numbers_only_grow(store: Arc<dyn Store>) {
    let key = grant_key("s", "a", GrantOwner::Shared);
    let mut last = 0;
    for turn in 0..6 {
        let holder = if turn % 2 == 0 { ONE } else { OTHER };
        let now = Timestamp::from_secs(turn * 100);
        let until = Timestamp::from_secs(turn * 100 + 50);
        let Leasing::Taken(lease) = store.take_lease(&key, holder, now, until).await.expect("answered") else {
            panic!("it was free")
        };
        assert!(lease.fence > last, "{} after {last}", lease.fence);
        last = lease.fence;
        if turn % 3 == 0 {
            store.release_lease(&lease).await.expect("answered");
        }
    }
}
