//! The laws can fail: stores that keep something else than they were told, each found by a law.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use async_trait::async_trait;
use pulseproof_sdk::Digest;
use pulseproof_store::laws::{self, Place};
use pulseproof_store::sqlite::{FILE, SqliteStore};
use pulseproof_store::{Clock, Store, StoreError};
use sqlx::SqlitePool;
use tempfile::TempDir;

/// A store in which something happens after a change that nobody asked for.
struct Liar {
    folder: TempDir,
    after: &'static str,
    lie: &'static str,
}

#[async_trait]
impl Place for Liar {
    async fn open(&self, srs: Digest, clock: Arc<dyn Clock>) -> Result<Arc<dyn Store>, StoreError> {
        let store = SqliteStore::open(self.folder.path(), srs, clock).await?;
        let file = self.folder.path().join(FILE);
        let pool = SqlitePool::connect(&format!("sqlite://{}", file.display())).await.unwrap();
        let Self { after, lie, .. } = self;
        let sql = format!("CREATE TRIGGER IF NOT EXISTS lie AFTER {after} BEGIN {lie}; END");
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&pool).await.unwrap();
        pool.close().await;
        Ok(Arc::new(store))
    }
}

macro_rules! lies {
    ($($name:ident: $law:ident says $expected:literal, after $after:literal, $lie:literal;)*) => {
        $(
            #[tokio::test(flavor = "multi_thread")]
            #[should_panic(expected = $expected)]
            async fn $name() {
                let folder = tempfile::tempdir().unwrap();
                laws::$law(&Liar { folder, after: $after, lie: $lie }).await;
            }
        )*
    };
}

lies! {
    an_opening_that_a_copy_does_not_count: a_copy_counts_an_opening_that_may_have_been says "epoch 2",
        after "UPDATE OF openings ON submissions WHEN OLD.epoch = x'0000000000000002'",
        "UPDATE submissions SET openings = OLD.openings
         WHERE region = OLD.region AND epoch = OLD.epoch AND device = OLD.device";
    a_token_that_stays: a_lease_that_ran_out_is_taken_over says "assertion",
        after "UPDATE OF lease ON jobs WHEN OLD.lease IS NOT NULL",
        "UPDATE jobs SET lease = OLD.lease WHERE id = OLD.id";
    a_lease_that_runs_out_at_once: a_lease_that_is_renewed_does_not_run_out says "assertion",
        after "UPDATE OF lease_expires_ms ON jobs WHEN NEW.lease IS NOT NULL",
        "UPDATE jobs SET lease_expires_ms = 0 WHERE id = OLD.id";
    a_lease_that_never_runs_out: jobs_go_on_where_another_process_left_them says "None",
        after "UPDATE OF lease_expires_ms ON jobs WHEN NEW.lease IS NOT NULL",
        "UPDATE jobs SET lease_expires_ms = NULL WHERE id = OLD.id";
    a_priority_that_is_lost: higher_priorities_are_taken_first_also_of_leases_that_ran_out says "assertion",
        after "INSERT ON jobs", "UPDATE jobs SET priority = 0 WHERE id = NEW.id";
    a_time_that_is_wrong: a_job_says_how_far_it_is_and_when_what_happened says "assertion",
        after "UPDATE OF started_ms ON jobs", "UPDATE jobs SET started_ms = 0 WHERE id = OLD.id";
    a_key_that_is_lost: many_who_ask_for_the_same_get_one_job says "assertion",
        after "INSERT ON jobs WHEN NEW.idempotency_key IS NOT NULL",
        "UPDATE jobs SET idempotency_key = NEW.id WHERE id = NEW.id";
    a_digest_that_is_lost: what_is_asked_twice_is_queued_once says "AskedOtherwise",
        after "INSERT ON jobs WHEN NEW.idempotency_key IS NOT NULL",
        "UPDATE jobs SET request_digest = lower(hex(zeroblob(32))) WHERE id = NEW.id";
    a_need_that_is_lost: circuits_and_secrets_of_unfinished_jobs_stay says "expected CircuitInUse",
        after "INSERT ON job_needs", "DELETE FROM job_needs WHERE job = NEW.job";
    a_secret_that_stays: circuits_and_secrets_of_unfinished_jobs_stay says "assertion",
        after "UPDATE OF spent ON job_secrets", "UPDATE job_secrets SET spent = 0 WHERE job = OLD.job";
    an_opening_that_is_not_counted: a_release_counts_what_it_opens_once says "assertion",
        after "UPDATE OF openings ON submissions",
        "UPDATE submissions SET openings = OLD.openings WHERE device = OLD.device";
    an_epoch_that_opens_again: an_epoch_is_closed_once_and_its_job_sees_what_was_accepted says "assertion",
        after "INSERT ON closed_epochs", "DELETE FROM closed_epochs WHERE job = NEW.job";
    a_job_that_comes_back: each_job_ends_once says "assertion",
        after "UPDATE OF state ON jobs WHEN NEW.state = 'cancelled'",
        "UPDATE jobs SET state = 'queued' WHERE id = OLD.id";
    an_act_that_is_lost: what_is_done_is_noted_with_who_did_it says "is not the next one",
        after "INSERT ON audit WHEN NEW.act LIKE '%key-added%'", "DELETE FROM audit WHERE position = NEW.position";
    somebody_else_who_did_it: jobs_and_submissions_are_noted_without_names says "assertion",
        after "INSERT ON audit", "UPDATE audit SET who = 'somebody' WHERE position = NEW.position";
    an_entry_that_is_changed_once_it_is_sealed: what_is_done_is_noted_with_who_did_it says "Hash",
        after "UPDATE OF hash ON audit", "UPDATE audit SET at_ms = at_ms + 1 WHERE position = NEW.position";
    an_entry_that_is_changed_behind_the_last_signature: a_log_goes_on_under_another_key says "was changed",
        after "INSERT ON audit WHEN NEW.act LIKE '%job-queued%'",
        "UPDATE audit SET at_ms = at_ms + 1 WHERE hash IS NOT NULL";
    an_entry_that_is_put_in_far_behind: a_log_goes_on_under_another_key says "is not the next one",
        after "INSERT ON audit WHEN NEW.act LIKE '%job-queued%'",
        "UPDATE audit SET position = position + 50 WHERE position = NEW.position";
}
