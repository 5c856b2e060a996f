//! Wrapped data keys.

use crate::conformance::records::{data_key, sealed};
use crate::conformance::{Fresh, list};
use crate::sealed::DataKeyId;

list![a_data_key_is_kept_once_and_the_first_of_two_wins, a_data_key_is_wrapped_anew_in_its_place,];

/// The second writer gets the existing key.
async fn a_data_key_is_kept_once_and_the_first_of_two_wins(Fresh { store, .. }: Fresh) {
    let first = data_key(1, "a");
    assert_eq!(store.add_data_key(first.clone()).await.expect("added"), first);
    let answered = store.add_data_key(data_key(1, "b")).await.expect("answered");
    assert_eq!(answered, first);
    store.add_data_key(data_key(10, "a")).await.expect("added");
    store.add_data_key(data_key(2, "a")).await.expect("added");
    let ids: Vec<_> = store.data_keys().await.expect("listed").iter().map(|key| key.id).collect();
    assert_eq!(ids, [DataKeyId(1), DataKeyId(2), DataKeyId(10)]);
}

/// Wrapping again changes no id and adds none.
async fn a_data_key_is_wrapped_anew_in_its_place(Fresh { store, .. }: Fresh) {
    store.add_data_key(data_key(1, "a")).await.expect("added");
    let mut again = data_key(1, "b");
    again.wrapped = sealed(1, 77);
    store.rewrap_data_key(again.clone()).await.expect("wrapped");
    assert_eq!(store.data_keys().await.expect("listed"), [again]);
    assert!(store.rewrap_data_key(data_key(2, "b")).await.is_err(), "there is none to wrap");
}
