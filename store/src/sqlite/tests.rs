//! What only this store has: files of earlier versions, and plans of queries. The laws are in `tests/sqlite.rs`.

use std::collections::BTreeMap;
use std::time::Duration;

use pulseproof_sdk::api::{Estimate, Job, JobRequest, JobState};
use pulseproof_sdk::{Name, Problem};
use sqlx::{AssertSqlSafe, Row as _};
use tempfile::TempDir;

use super::sql::{audit, from_ordered, jobs, ordered, queue};
use super::*;
use crate::jobs::{JobDetails, JobKind};
use crate::proofs::Secret;
use crate::{Blobs as _, Jobs as _, Proofs as _, SystemClock};

const TERM: Duration = Duration::from_secs(30);

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

fn problem() -> Problem {
    Problem::new(500, "internal", "it failed")
}

/// A store as an earlier version left it.
async fn old(version: usize, sql: &str) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join(FILE);
    let pool = pulseproof_sqlite::open(&file, &MIGRATIONS[..version], 1).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&pool).await.unwrap();
    pool.close().await;
    directory
}

async fn open(directory: &TempDir) -> SqliteStore {
    let srs = Digest::sha256(b"srs");
    SqliteStore::open(directory.path(), srs, Arc::new(SystemClock)).await.unwrap()
}

async fn job(store: &SqliteStore, id: &str) -> Job {
    store.job(id).await.unwrap().unwrap()
}

async fn take(store: &SqliteStore, kind: JobKind) -> Option<String> {
    store.take(kind, TERM).await.unwrap().map(|taken| taken.lease.id)
}

/// A store of the version before tokens, with a job that names its witness by its hash.
#[tokio::test]
async fn jobs_of_old_stores_keep_their_witness_and_lose_its_hash() {
    let hash = Digest::sha256(b"witness");
    let sql = format!(
        r#"INSERT INTO groth16_jobs (id, circuit, request, secret) VALUES
           ('witness', 'sum', '{{"circuit":"sum","witness":"{hash}"}}', '{hash}'),
           ('inputs', 'sum', '{{"circuit":"sum"}}', '{hash}');"#
    );
    let directory = old(3, &sql).await;
    let store = open(&directory).await;
    assert_eq!(store.secret("witness").await.unwrap(), Some(Secret::Witness(hash)));
    assert_eq!(store.secret("inputs").await.unwrap(), Some(Secret::Inputs(hash)));
    let job = job(&store, "witness").await;
    assert!(!serde_json::to_string(&job).unwrap().contains(&hash.to_string()));
    assert!(store.is_needed(&hash).await.unwrap());
}

/// A store with three tables of jobs becomes one with one, and nothing is lost.
#[tokio::test]
async fn jobs_of_every_kind_move_into_one_queue() {
    let (spent, needed, key) = (Digest::sha256(b"1"), Digest::sha256(b"2"), Digest::sha256(b"3"));
    let problem = serde_json::to_string(&problem()).unwrap();
    let program = format!(
        r#"{{"key":"{key}","sums":[{{"region":"north","epoch":18446744073709551615}}],"words":[],
            "layout":{{}},"program":{{"version":1}}}}"#
    );
    let sql = format!(
        r#"INSERT INTO regions VALUES ('north', '{{"region":"north","words":4,"devices":{{}}}}');
           INSERT INTO jobs (id, region, epoch, request, roster, state, backend, prove_us, verify_us, result)
           VALUES ('a', 'north', x'ffffffffffffffff',
                   '{{"kind":"aggregate","region":"north","epoch":18446744073709551615}}',
                   'the roster', 'done', 'cpu', 5, 6, x'0102');
           INSERT INTO jobs (id, region, epoch, request, roster)
           VALUES ('b', 'north', x'0000000000000001',
                   '{{"kind":"aggregate","region":"north","epoch":1}}', 'the roster');
           INSERT INTO fhe_jobs (id, key, request, estimate, state)
           VALUES ('c', '{key}', '{program}', '{{"lookups":1,"depth":1,"failure_log2":-128.5}}', 'running');
           INSERT INTO groth16_jobs (id, circuit, request, secret, state, problem, retried)
           VALUES ('d', 'sum', '{{"circuit":"sum"}}', '{spent}', 'failed', '{problem}',
                   '{{"backend":"cuda","reason":"lost"}}');
           INSERT INTO groth16_jobs (id, circuit, request, secret, from_witness)
           VALUES ('e', 'sum', '{{"circuit":"sum"}}', '{needed}', 1);"#
    );
    let directory = old(9, &sql).await;
    let store = open(&directory).await;
    let a = job(&store, "a").await;
    assert_eq!((a.state, a.backend.as_deref()), (JobState::Done, Some("cpu")));
    assert_eq!((a.prove_us, a.verify_us, a.retried), (Some(5), Some(6), None));
    let (region, weights) = (name("north"), BTreeMap::new());
    assert_eq!(a.request, JobRequest::Aggregate { region, epoch: u64::MAX, weights });
    assert_eq!(store.result("a").await.unwrap().unwrap(), [1, 2]);
    let d = job(&store, "d").await;
    assert_eq!((d.state, d.retried.unwrap().backend.as_str()), (JobState::Failed, "cuda"));
    assert_eq!(d.problem.unwrap().detail, "it failed");
    assert_eq!(store.spent_secrets().await.unwrap(), [spent]);
    assert_eq!(store.secret("e").await.unwrap(), Some(Secret::Witness(needed)));
    assert!(store.is_needed(&needed).await.unwrap() && !store.is_needed(&spent).await.unwrap());
    assert_eq!(take(&store, JobKind::Aggregate).await.as_deref(), Some("b"));
    assert_eq!(store.requeue(JobKind::Fhe).await.unwrap(), 1);
    assert_eq!(take(&store, JobKind::Groth16).await.as_deref(), Some("e"));
    assert_eq!(store.queue_length().await.unwrap(), 3);
    // An epoch that was closed stays so.
    let epoch: Vec<(String, Vec<u8>)> =
        sqlx::query_as("SELECT job, epoch FROM closed_epochs ORDER BY epoch")
            .fetch_all(&store.pool)
            .await
            .unwrap();
    assert_eq!(epoch, [("b".to_owned(), ordered(1)), ("a".to_owned(), ordered(u64::MAX))]);
    let facts: String = sqlx::query_scalar("SELECT facts FROM jobs WHERE id = 'c'")
        .fetch_one(&store.pool)
        .await
        .unwrap();
    let facts: JobDetails = serde_json::from_str(&facts).unwrap();
    let estimate = Estimate { lookups: 1, depth: 1, failure_log2: -128.5 };
    assert_eq!(facts.estimate, Some(estimate));
    let needs: Vec<(String, String, String)> =
        sqlx::query_as("SELECT what, name, job FROM job_needs ORDER BY what")
            .fetch_all(&store.pool)
            .await
            .unwrap();
    let need = |what: &str, name: &str, job: &str| (what.into(), name.into(), job.into());
    let key = key.to_string();
    assert_eq!(needs, [need("circuit", "sum", "e"), need("evaluation-key", &key, "c")]);
}

/// A store of the version before leases ran out, with jobs in every state.
#[tokio::test]
async fn jobs_without_times_are_taken_up_and_get_them() {
    let problem = serde_json::to_string(&problem()).unwrap();
    let sql = format!(
        r#"INSERT INTO jobs (id, kind, request, state, attempts, facts, problem, result) VALUES
           ('done', 'groth16', '{{"kind":"groth16","circuit":"sum"}}', 'done', 1, '{{"prove_us":5}}', NULL, x'01'),
           ('failed', 'groth16', '{{"kind":"groth16","circuit":"sum"}}', 'failed', 1, '{{}}', '{problem}', NULL),
           ('running', 'groth16', '{{"kind":"groth16","circuit":"sum"}}', 'running', 3, '{{}}', NULL, NULL),
           ('queued', 'groth16', '{{"kind":"groth16","circuit":"sum"}}', 'queued', 0, '{{}}', NULL, NULL);"#
    );
    let directory = old(10, &sql).await;
    let store = open(&directory).await;
    for (id, state) in [
        ("done", JobState::Done),
        ("failed", JobState::Failed),
        ("running", JobState::Running),
        ("queued", JobState::Queued),
    ] {
        let job = job(&store, id).await;
        assert_eq!((job.state, job.stage, job.progress), (state, None, None));
        assert_eq!((job.queued_at, job.started_at, job.ended_at), (None, None, None));
    }
    assert_eq!(job(&store, "done").await.prove_us, Some(5));
    assert_eq!(store.result("done").await.unwrap().unwrap(), [1]);
    assert_eq!(job(&store, "failed").await.problem.unwrap().detail, "it failed");
    assert_eq!(store.queue_length().await.unwrap(), 2);
    // What was at work has no lease that could run out: the next process puts it back, at its old place.
    assert_eq!(take(&store, JobKind::Groth16).await.as_deref(), Some("queued"));
    assert_eq!(take(&store, JobKind::Groth16).await, None);
    assert_eq!(store.requeue(JobKind::Groth16).await.unwrap(), 2);
    let taken = store.take(JobKind::Groth16, TERM).await.unwrap().unwrap();
    assert_eq!((taken.lease.id.as_str(), taken.attempt), ("running", 4));
    assert!(store.finish(&taken.lease, b"proof", &JobDetails::default()).await.unwrap());
    let job = job(&store, "running").await;
    assert!(job.queued_at.is_none() && job.started_at <= job.ended_at && job.ended_at.is_some());
}

/// How SQLite goes about a query.
async fn plan(store: &SqliteStore, sql: &'static str) -> Vec<String> {
    let rows = sqlx::query(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}")))
        .fetch_all(&store.pool)
        .await
        .unwrap();
    rows.iter().map(|row| row.get("detail")).collect()
}

/// The indexes of unfinished jobs hold no others; in one that does, a job is found by its whole key.
#[tokio::test]
async fn what_is_asked_for_every_job_reads_through_no_job_that_has_ended() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(&directory).await;
    let narrow = ["jobs_queued", "jobs_running", "INTEGER PRIMARY KEY (rowid=?)"];
    for sql in
        [jobs::TAKE, jobs::REQUEUE, jobs::UNFINISHED, queue::UNFINISHED, queue::UNFINISHED_OF]
    {
        let plan = plan(&store, sql).await;
        let looks = |step: &&String| step.contains(" jobs ") || step.ends_with(" jobs");
        let steps: Vec<_> = plan.iter().filter(looks).collect();
        assert!(!steps.is_empty(), "{plan:#?}");
        for step in steps {
            assert!(narrow.iter().any(|index| step.contains(index)), "{sql}: {plan:#?}");
        }
    }
    let by_id = "SEARCH jobs USING INDEX sqlite_autoindex_jobs_1 (id=?)";
    assert_eq!(plan(&store, jobs::JOB).await, [by_id]);
    assert_eq!(plan(&store, jobs::PROGRESS).await, [by_id]);
    let by_key = "SEARCH jobs USING INDEX jobs_by_key (client=? AND idempotency_key=?)";
    assert_eq!(plan(&store, queue::ASKED_BEFORE).await, [by_key]);
    let in_order = "SEARCH jobs USING INTEGER PRIMARY KEY (rowid<?)";
    assert_eq!(plan(&store, jobs::JOBS).await[0], in_order);
    let of_client = "SEARCH jobs USING INDEX jobs_by_client (client=? AND position<?)";
    assert_eq!(plan(&store, jobs::JOBS_OF).await[0], of_client);
    let unsealed = "SCAN audit USING INDEX audit_unsealed";
    assert_eq!(plan(&store, audit::UNSEALED).await, [unsealed]);
    let overdue = "SEARCH jobs USING INDEX jobs_by_deadline (deadline_ms<?)";
    assert_eq!(plan(&store, jobs::OVERDUE).await, [overdue]);
    let ended = "SEARCH jobs USING INDEX jobs_by_end (ended_ms<?)";
    assert!(plan(&store, jobs::ENDED).await.iter().any(|step| step == ended));
    // The question can be answered with no.
    let slow = plan(&store, "SELECT count(*) FROM jobs WHERE state IN ('queued', 'running')").await;
    assert_eq!(slow, ["SCAN jobs"]);
}

#[test]
fn the_stored_order_is_the_numbers_order() {
    let numbers = [0, 1, 255, 256, 1 << 40, i64::MAX as u64, 1 << 63, u64::MAX];
    assert!(numbers.map(ordered).is_sorted());
    for number in numbers {
        assert_eq!(from_ordered("number", &ordered(number)).unwrap(), number);
    }
    assert!(from_ordered("number", &[1, 2, 3]).is_err());
}
