//! What every store is held to, whatever it keeps things in: one suite of laws, stamped on each store.
//!
//! A [`Place`] is where a store lies. [`stamp_laws!`](crate::stamp_laws) makes a test of each law, with a place of its
//! own; [`LAWS`] is for harnesses of another kind. What only one store has, as files of its earlier versions, is tested beside that store.

#![allow(clippy::unwrap_used, reason = "a law that does not hold fails by panicking")]

mod audit;
mod epochs;
mod lasting;
mod late;
mod leases;
mod needs;
mod queue;
mod races;
mod rules;
mod tokens;
mod world;

use std::pin::Pin;
use std::sync::Arc;

use async_trait::async_trait;
use pulseproof_sdk::Digest;

use crate::{Clock, Store, StoreError};

/// Where a store lies: nowhere yet, or where it was left.
#[async_trait]
pub trait Place: Send + Sync {
    /// Opens the store that lies there, or makes one.
    async fn open(&self, srs: Digest, clock: Arc<dyn Clock>) -> Result<Arc<dyn Store>, StoreError>;
}

/// A law.
pub type Law = for<'a> fn(&'a dyn Place) -> Pin<Box<dyn Future<Output = ()> + 'a>>;

/// Lists the laws, once: what is not listed is dead code, and the compiler says so.
macro_rules! laws {
    ($dollar:tt $($topic:ident::$law:ident),* $(,)?) => {
        $(
            #[doc = concat!("The law `", stringify!($law), "`, of `", stringify!($topic), "`.")]
            pub async fn $law(place: &dyn Place) {
                $topic::$law(place).await;
            }
        )*

        /// Each law by its name, for a harness that finds out first whether there is a place.
        pub const LAWS: &[(&str, Law)] = &[
            $((stringify!($law), |place| Box::pin($law(place)))),*
        ];

        /// Makes a test of each law. The expression gives a new [`Place`](crate::laws::Place).
        #[macro_export]
        macro_rules! stamp_laws {
            ($dollar place:expr) => {
                $(
                    #[tokio::test(flavor = "multi_thread")]
                    async fn $law() {
                        $dollar crate::laws::$law(&$dollar place).await;
                    }
                )*
            };
        }
    };
}

laws! {
    $
    leases::a_lease_that_is_not_valid_any_more_writes_nothing,
    leases::nothing_is_written_of_a_job_that_was_cancelled,
    leases::a_lease_that_ran_out_is_taken_over,
    leases::a_lease_that_ran_out_is_good_until_it_is_taken_over,
    leases::a_lease_that_is_renewed_does_not_run_out,
    leases::a_clock_that_goes_back_takes_no_job_from_anybody,
    leases::a_job_says_how_far_it_is_and_when_what_happened,
    queue::jobs_are_taken_in_order_each_once_and_keep_their_place,
    queue::higher_priorities_are_taken_first_also_of_leases_that_ran_out,
    queue::a_clock_that_goes_back_changes_nobody_s_turn,
    queue::clients_take_turns,
    queue::one_client_fills_no_queue,
    queue::a_list_says_which_regions_are_in_a_job_whatever_else_it_asks,
    queue::what_nobody_could_be_called_is_nobody_s_job,
    queue::jobs_are_listed_the_newest_first_page_by_page,
    queue::kinds_have_queues_of_their_own,
    queue::what_is_asked_twice_is_queued_once,
    queue::a_key_is_for_one_request_of_one_client,
    needs::circuits_and_secrets_of_unfinished_jobs_stay,
    needs::keys_and_results_of_unfinished_jobs_stay,
    needs::needed_files_are_those_of_keys_circuits_and_unfinished_jobs,
    epochs::an_epoch_is_closed_by_one_job,
    epochs::what_is_refused_leaves_nothing,
    epochs::a_release_counts_what_it_opens_once,
    epochs::commitments_are_opened_no_more_often_than_blinders_hide_them,
    epochs::a_copy_counts_an_opening_that_may_have_been,
    epochs::sums_are_those_of_finished_jobs_and_of_others,
    rules::rosters_are_replaced_between_epochs,
    rules::submissions_are_in_order_and_each_once,
    rules::devices_are_in_the_order_of_their_bytes,
    rules::there_is_no_more_than_there_may_be,
    rules::a_circuit_has_one_file_of_each_kind,
    races::each_job_ends_once,
    races::no_more_jobs_are_unfinished_than_may_be,
    races::an_epoch_is_closed_once_and_its_job_sees_what_was_accepted,
    races::many_who_ask_for_the_same_get_one_job,
    tokens::a_token_is_good_until_it_expires_or_is_revoked,
    audit::what_is_done_is_noted_with_who_did_it,
    audit::jobs_and_submissions_are_noted_without_names,
    audit::a_log_that_was_changed_is_found_out,
    audit::a_log_goes_on_under_another_key,
    audit::a_log_that_several_seal_is_one,
    late::a_job_whose_deadline_has_passed_fails_whoever_has_it,
    late::a_job_that_has_ended_is_forgotten_and_a_sum_is_not,
    late::jobs_that_ended_long_ago_are_forgotten_a_few_at_a_time,
    lasting::what_was_stored_is_there_when_the_store_is_opened_again,
    lasting::jobs_go_on_where_another_process_left_them,
    lasting::a_store_is_of_one_reference_string,
}
