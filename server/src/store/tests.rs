//! The store's laws: leases, needs, places in the queue, and what becomes of old stores.

use std::collections::BTreeMap;

use pulseproof_sdk::api::{Estimate, JobRequest, JobState};
use pulseproof_sdk::groth16::{Groth16Request, PartInfo};
use pulseproof_sdk::{Name, Problem};
use tempfile::TempDir;

use super::circuits::StoredCircuit;
use super::jobs::{Facts, Kind, Lease, Taken};
use super::proofs::Secret;
use super::*;
use crate::groth16::prover::KeyInfo;

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

/// A new store, with a circuit.
async fn store() -> (TempDir, Store) {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path(), Digest::sha256(b"srs")).await.unwrap();
    let zkey = PartInfo { sha256: Digest::sha256(b"zkey"), bytes: 4 };
    let info = KeyInfo {
        curve: pulseproof_kernels::CurveId::Bn254,
        signals: 2,
        public: 1,
        domain_log: 3,
        contributions: 1,
        weakness: None,
    };
    let circuit =
        StoredCircuit { name: name("sum"), info, zkey, wasm: None, r1cs: None, sym: None };
    store.add_circuit(&circuit, 10).await.unwrap();
    (directory, store)
}

/// Queues a proof.
async fn queue(store: &Store, id: &str) -> Result<(), StoreError> {
    let request = Groth16Request { circuit: name("sum"), inputs: None, witness: None };
    store.create_proof(id, &request, Secret::Inputs(Digest::sha256(id.as_bytes())), 3).await
}

async fn take(store: &Store) -> Option<Taken> {
    store.take(Kind::Groth16).await.unwrap()
}

async fn state(store: &Store, id: &str) -> JobState {
    store.job(id).await.unwrap().unwrap().state
}

fn problem() -> Problem {
    Problem::new(500, "internal", "it failed")
}

/// Everything that a lease can do, and whether it did.
async fn write(store: &Store, lease: &Lease) -> [bool; 3] {
    [
        store.holds(lease).await.unwrap(),
        store.finish(lease, b"late", &Facts::default()).await.unwrap(),
        store.fail(lease, &problem()).await.unwrap(),
    ]
}

#[tokio::test]
async fn a_lease_that_is_not_valid_any_more_writes_nothing() {
    let (_directory, store) = store().await;
    queue(&store, "a").await.unwrap();
    let old = take(&store).await.unwrap().lease;
    assert!(store.holds(&old).await.unwrap());
    // The process ended, and the next one takes the job again.
    assert_eq!(store.requeue(Kind::Groth16).await.unwrap(), 1);
    assert_eq!(write(&store, &old).await, [false; 3]);
    let new = take(&store).await.unwrap().lease;
    assert_eq!((&new.id, new == old), (&old.id, false));
    assert_eq!(write(&store, &old).await, [false; 3]);
    let facts = Facts { prove_us: Some(7), ..Facts::default() };
    assert!(store.finish(&new, b"proof", &facts).await.unwrap());
    assert_eq!(write(&store, &new).await, [false; 3]);
    assert!(!store.cancel("a").await.unwrap());
    let job = store.job("a").await.unwrap().unwrap();
    assert_eq!((job.state, job.prove_us), (JobState::Done, Some(7)));
    assert_eq!(store.result("a").await.unwrap().unwrap(), b"proof");
}

#[tokio::test]
async fn nothing_is_written_of_a_job_that_was_cancelled() {
    let (_directory, store) = store().await;
    queue(&store, "a").await.unwrap();
    let lease = take(&store).await.unwrap().lease;
    assert!(store.cancel("a").await.unwrap());
    assert_eq!(write(&store, &lease).await, [false; 3]);
    assert_eq!(state(&store, "a").await, JobState::Cancelled);
    assert!(take(&store).await.is_none());
}

#[tokio::test]
async fn jobs_are_taken_in_order_each_once_and_keep_their_place() {
    let (_directory, store) = store().await;
    for id in ["a", "b", "c"] {
        queue(&store, id).await.unwrap();
    }
    let busy = queue(&store, "d").await.unwrap_err();
    let limit = Denial::Busy { kind: Kind::Groth16, limit: 3 };
    assert!(matches!(busy, StoreError::Denied(denial) if denial == limit));
    // Many at once, and every job is somebody's, once.
    let all = (0..8).map(|_| {
        let store = store.clone();
        tokio::spawn(async move { take(&store).await.map(|taken| taken.lease.id) })
    });
    let mut taken = Vec::new();
    for one in all.collect::<Vec<_>>() {
        taken.extend(one.await.unwrap());
    }
    taken.sort();
    assert_eq!(taken, ["a", "b", "c"]);
    store.requeue(Kind::Groth16).await.unwrap();
    assert!(store.take(Kind::Fhe).await.unwrap().is_none());
    assert_eq!(take(&store).await.unwrap().lease.id, "a");
    assert_eq!(store.queue_length().await.unwrap(), 3);
}

#[tokio::test]
async fn what_unfinished_jobs_need_is_not_removed() {
    let (_directory, store) = store().await;
    let file = |id: &str| Digest::sha256(id.as_bytes());
    for (id, end) in [("done", 0), ("failed", 1), ("cancelled", 2)] {
        queue(&store, id).await.unwrap();
        let refused = store.remove_circuit(&name("sum")).await.unwrap_err();
        let in_use = Denial::CircuitInUse(id.to_owned());
        assert!(matches!(refused, StoreError::Denied(denial) if denial == in_use));
        assert!(store.is_needed(&file(id)).await.unwrap());
        let lease = take(&store).await.unwrap().lease;
        let ended = match end {
            0 => store.finish(&lease, b"proof", &Facts::default()).await,
            1 => store.fail(&lease, &problem()).await,
            _ => store.cancel(id).await,
        };
        assert!(ended.unwrap());
        assert!(!store.is_needed(&file(id)).await.unwrap());
        assert_eq!(store.spent_secrets().await.unwrap(), [file(id)]);
        store.forget_secret(&file(id)).await.unwrap();
        assert_eq!(store.secret(id).await.unwrap(), None);
    }
    store.remove_circuit(&name("sum")).await.unwrap();
}

/// A store as an earlier version left it.
async fn old(version: usize, sql: &str) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join(FILE);
    let options = SqliteConnectOptions::new().filename(file).create_if_missing(true);
    let pool = SqlitePoolOptions::new().connect_with(options).await.unwrap();
    migrations(MIGRATIONS.into_iter().take(version)).run(&pool).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&pool).await.unwrap();
    pool.close().await;
    directory
}

async fn open(directory: &TempDir) -> Store {
    Store::open(directory.path(), Digest::sha256(b"srs")).await.unwrap()
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
    let job = store.job("witness").await.unwrap().unwrap();
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
    let a = store.job("a").await.unwrap().unwrap();
    assert_eq!((a.state, a.backend.as_deref()), (JobState::Done, Some("cpu")));
    assert_eq!((a.prove_us, a.verify_us, a.retried), (Some(5), Some(6), None));
    let (region, weights) = (name("north"), BTreeMap::new());
    assert_eq!(a.request, JobRequest::Aggregate { region, epoch: u64::MAX, weights });
    assert_eq!(store.result("a").await.unwrap().unwrap(), [1, 2]);
    let d = store.job("d").await.unwrap().unwrap();
    assert_eq!((d.state, d.retried.unwrap().backend.as_str()), (JobState::Failed, "cuda"));
    assert_eq!(d.problem.unwrap().detail, "it failed");
    assert_eq!(store.spent_secrets().await.unwrap(), [spent]);
    assert_eq!(store.secret("e").await.unwrap(), Some(Secret::Witness(needed)));
    assert!(store.is_needed(&needed).await.unwrap() && !store.is_needed(&spent).await.unwrap());
    assert_eq!(store.take(Kind::Aggregate).await.unwrap().unwrap().lease.id, "b");
    assert_eq!(store.requeue(Kind::Fhe).await.unwrap(), 1);
    assert_eq!(store.take(Kind::Groth16).await.unwrap().unwrap().lease.id, "e");
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
    let facts: Facts = serde_json::from_str(&facts).unwrap();
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

#[test]
fn the_stored_order_is_the_numbers_order() {
    let numbers = [0, 1, 255, 256, 1 << 40, i64::MAX as u64, 1 << 63, u64::MAX];
    assert!(numbers.map(ordered).is_sorted());
    for number in numbers {
        assert_eq!(from_ordered("number", &ordered(number)).unwrap(), number);
    }
    assert!(from_ordered("number", &[1, 2, 3]).is_err());
}
