//! Sealed texts of every kind.

use crate::condition::Expected;
use crate::conformance::records::{authorization, connection, grant, grant_key, principal, sealed, state, state_key};
use crate::conformance::{Fresh, list};
use crate::identity::SealedPlace;
use crate::ids::GrantOwner;
use crate::page::Page;
use crate::repositories::{Reseal, Store};
use crate::sealed::DataKeyId;

list![sealed_texts_are_found_page_by_page, a_sealed_text_is_replaced_only_while_it_is_the_one_that_was_read,];

/// Every kind and every space, each text once, and none that is under the right key already.
async fn sealed_texts_are_found_page_by_page(Fresh { store, .. }: Fresh) {
    fill(&*store).await;
    let mut found: Vec<SealedPlace> = Vec::new();
    let mut page = Page::first(2);
    loop {
        let paged = store.sealed_under_others(DataKeyId(2), &page).await.expect("a page");
        assert!(paged.items.len() <= 2);
        found.extend(paged.items.into_iter().map(|(place, _)| place));
        let Some(next) = paged.next else { break };
        page = Page::after(next, 2);
    }
    assert_eq!(found.len(), 7);
    for (number, place) in found.iter().enumerate() {
        assert!(!found[..number].contains(place), "{place:?} twice");
    }
    let none = store.sealed_under_others(DataKeyId(1), &Page::first(9)).await.expect("a page");
    assert!(none.items.is_empty() && none.next.is_none());
}

/// The record keeps its version; a change in between is never overwritten.
async fn a_sealed_text_is_replaced_only_while_it_is_the_one_that_was_read(Fresh { store, .. }: Fresh) {
    fill(&*store).await;
    let page = store.sealed_under_others(DataKeyId(2), &Page::first(100)).await.expect("a page");
    let key = grant_key("s", "a", GrantOwner::Shared);
    store.put_grant(grant(key.clone(), 2), Expected::Version(1)).await.expect("written");
    let changes: Vec<_> = page.items.into_iter().map(|(place, old)| Reseal { place, old, new: sealed(2, 8) }).collect();
    assert_eq!(store.reseal(changes.clone()).await.expect("resealed"), 6);
    assert_eq!(store.reseal(changes).await.expect("answered"), 0);

    let renewed = store.grant(&key).await.expect("read").expect("there");
    assert_eq!((renewed.version, renewed.sealed.data_key()), (2, DataKeyId(1)));
    let value = store.state(&state_key("t", "b", "x\0y")).await.expect("read").expect("there");
    assert_eq!((value.version, value.size, value.sealed), (1, 7, sealed(2, 8)));
    let left = store.sealed_under_others(DataKeyId(2), &Page::first(100)).await.expect("a page");
    assert_eq!(left.items.len(), 1);
}

/// Seven texts under data key 1.
async fn fill(store: &dyn Store) {
    for space in ["s", "t"] {
        assert!(store.put_connection(connection(space, "a", 1), None).await.expect("written"));
    }
    for key in [grant_key("s", "a", GrantOwner::Shared), grant_key("s", "a", principal("ann"))] {
        store.put_grant(grant(key, 1), Expected::Absent).await.expect("written");
    }
    store.put_authorization(authorization("s", "a", 1, 50)).await.expect("written");
    for key in [state_key("s", "a", "k"), state_key("t", "b", "x\0y")] {
        store.put_state(&key, state(7, 1), Expected::Absent, 100).await.expect("written");
    }
}
