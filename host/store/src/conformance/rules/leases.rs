//! Leases of grants.

use std::time::Duration;

use crate::conformance::records::{grant_key, principal};
use crate::conformance::{Fresh, list};
use crate::ids::GrantOwner;
use crate::records::LeaseHolder;
use crate::repositories::Leasing;

const ONE: LeaseHolder = LeaseHolder([1; 16]);
const OTHER: LeaseHolder = LeaseHolder([2; 16]);

list![a_lease_has_one_holder_until_it_ends_or_is_given_back, fencing_numbers_only_grow];

/// By the store's clock. Another holder may take it when it expires, or at once after it was released.
async fn a_lease_has_one_holder_until_it_ends_or_is_given_back(Fresh { store, clock }: Fresh) {
    let key = grant_key("s", "a", GrantOwner::Shared);
    let life = Duration::from_mins(1);
    let take = async |holder| store.take_lease(&key, holder, life).await.expect("answered");
    let pass = |seconds| clock.advance(Duration::from_secs(seconds));
    let Leasing::Taken(first) = take(ONE).await else { panic!("it was free") };
    assert_eq!((&first.key, first.holder), (&key, ONE));
    pass(59);
    assert_eq!(take(OTHER).await, Leasing::Held(Duration::from_secs(1)));
    let elsewhere = grant_key("s", "a", principal("ann"));
    let other_grant = store.take_lease(&elsewhere, OTHER, Duration::ZERO).await.expect("answered");
    assert!(matches!(other_grant, Leasing::Taken(_)));
    pass(1);
    let Leasing::Taken(second) = take(OTHER).await else { panic!("it had ended") };
    assert!(!store.release_lease(&first).await.expect("answered"), "it is not the first holder's any more");
    pass(1);
    assert_eq!(take(ONE).await, Leasing::Held(Duration::from_secs(59)));
    let Leasing::Taken(third) = take(OTHER).await else { panic!("the holder gets a new one") };
    assert!(!store.release_lease(&second).await.expect("answered"), "there is a newer one");
    assert!(store.release_lease(&third).await.expect("answered"));
    assert!(matches!(take(ONE).await, Leasing::Taken(_)));
}

/// Across holders, and whether the last lease was released or expired.
async fn fencing_numbers_only_grow(Fresh { store, clock }: Fresh) {
    let key = grant_key("s", "a", GrantOwner::Shared);
    let mut last = 0;
    for turn in 0..6 {
        let holder = if turn % 2 == 0 { ONE } else { OTHER };
        let leasing = store.take_lease(&key, holder, Duration::from_secs(50)).await.expect("answered");
        let Leasing::Taken(lease) = leasing else { panic!("it was free") };
        assert!(lease.fence > last, "{} after {last}", lease.fence);
        last = lease.fence;
        if turn % 3 == 0 {
            store.release_lease(&lease).await.expect("answered");
        }
        clock.advance(Duration::from_secs(100));
    }
}
