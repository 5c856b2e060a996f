//! The rules that every store keeps, each as one function over a fresh store.
//!
//! ```ignore
//! innkeeper_store::conformance_tests!(std::sync::Arc::new(open_a_fresh_store().await));
//! ```

pub mod records;
mod rules;

pub use rules::*;

/// A test for each rule. The expression makes a fresh store, an `Arc<dyn Store>` or what becomes one; it may `await`.
#[macro_export]
macro_rules! conformance_tests {
    ($fresh:expr) => {
        $crate::conformance_tests! { @each $fresh;
            a_data_key_is_kept_once_and_the_first_of_two_wins
            a_data_key_is_wrapped_anew_in_its_place
            a_connector_is_replaced_with_its_component
            a_component_that_two_connectors_share_stays_while_one_has_it
            a_connection_is_written_only_over_the_version_it_names
            connections_are_listed_by_id_and_stay_in_their_space
            deleting_a_connection_removes_all_that_belongs_to_it_and_nothing_else
            a_new_connection_inherits_nothing_from_one_of_its_id
            a_grant_is_written_only_over_the_version_it_names
            of_many_writers_of_a_grant_one_wins
            a_grant_is_found_only_under_its_own_key
            a_grant_is_deleted_only_in_the_version_that_is_named
            a_grant_is_not_written_under_an_older_fencing_number
            grants_in_doubt_are_found_until_they_are_settled
            idle_grants_are_found_oldest_first_and_page_by_page
            the_grants_of_a_principal_are_found_in_one_space
            a_lease_has_one_holder_until_it_ends_or_is_given_back
            fencing_numbers_only_grow
            an_authorization_is_read_without_being_consumed
            of_fifty_callers_one_takes_the_authorization
            authorizations_that_ended_are_swept
            a_start_link_is_used_once_until_it_ends
            a_state_value_is_written_only_over_the_version_it_names
            state_counts_against_the_quota_of_its_connection
            state_is_found_only_under_its_own_key
            audit_records_are_listed_newest_first
            audit_records_stay_in_their_space_and_connection
            a_strict_audit_record_is_there_at_once
            sealed_texts_are_found_page_by_page
            a_sealed_text_is_replaced_only_while_it_is_the_one_that_was_read
        }
    };
    (@each $fresh:expr; $($rule:ident)*) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $rule() {
            let store: std::sync::Arc<dyn $crate::Store> = $fresh;
            $crate::conformance::$rule(store).await;
        }
    )*};
}
