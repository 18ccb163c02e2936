//! Several appliances with one store, each with connections of its own.

use std::collections::BTreeSet;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use pulseproof_kernels::CurveId;
use pulseproof_sdk::audit::AuditVerifier;
use pulseproof_sdk::groth16::PartInfo;
use pulseproof_sdk::identity::ApplianceKey;
use pulseproof_sdk::{Digest, Name, Roster};
use pulseproof_store::audit::{Act, Signer};
use pulseproof_store::circuits::{KeyInfo, StoredCircuit};
use pulseproof_store::jobs::{Ask, JobDetails, JobKind, Room};
use pulseproof_store::laws::Place as _;
use pulseproof_store::postgres::PostgresStore;
use pulseproof_store::proofs::Secret;
use pulseproof_store::{Audit as _, Store, StoreError, SystemClock};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::Schema;

/// A test of a schema.
pub type Test = fn(Schema) -> Pin<Box<dyn Future<Output = ()>>>;

pub const TESTS: [(&str, Test); 5] = [
    ("two_appliances_take_turns_and_never_the_same_job", |schema| Box::pin(turns(schema))),
    ("two_appliances_write_one_log", |schema| Box::pin(log(schema))),
    ("many_that_open_a_new_store_at_once_open_one", |schema| Box::pin(opened_at_once(schema))),
    ("who_reads_waits_for_nobody", |schema| Box::pin(reading(schema))),
    ("a_store_in_another_schema_waits_for_nobody", |schema| Box::pin(elsewhere(schema))),
];

pub const TERM: Duration = Duration::from_secs(30);
/// Long enough for anything that waits for nobody.
const SOON: Duration = Duration::from_secs(15);

/// The store as an appliance opens it.
pub async fn appliance(schema: &Schema) -> Arc<dyn Store> {
    schema.open(Digest::sha256(b"srs"), Arc::new(SystemClock)).await.unwrap()
}

/// A circuit that jobs can be asked of.
pub async fn add_circuit(store: &dyn Store) {
    let info = KeyInfo {
        curve: CurveId::Bn254,
        signals: 2,
        public: 1,
        domain_log: 3,
        contributions: 1,
        weakness: None,
    };
    let zkey = PartInfo { sha256: Digest::sha256(b"zkey"), bytes: 4 };
    let circuit =
        StoredCircuit { name: name("sum"), info, zkey, wasm: None, r1cs: None, sym: None };
    store.add_circuit(&circuit, 10).await.unwrap();
}

pub fn name(text: &str) -> Name {
    text.parse().unwrap()
}

pub fn roster(region: &str) -> Roster {
    Roster {
        region: name(region),
        words: 4,
        profile: Digest::sha256(b"profile"),
        devices: [].into(),
    }
}

/// Queues a proof.
pub async fn queue(store: &dyn Store, id: &str) -> Result<String, StoreError> {
    let request = serde_json::from_str(r#"{ "circuit": "sum" }"#).unwrap();
    let secret = Secret::Inputs(Digest::sha256(id.as_bytes()));
    store.create_proof(&Ask::new(id, "client"), &request, secret, Room::new(10_000)).await
}

/// The log's positions, as they are stored.
pub async fn positions(schema: &Schema) -> Vec<i64> {
    let sql = format!("SELECT position FROM {}.audit ORDER BY position", schema.name);
    let mut connection = schema.server.connect().await;
    sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(&mut connection).await.unwrap()
}

/// A connection that holds a lock of a table, and so the write lock if it is that of `appliance`.
pub async fn lock(schema: &Schema, table: &str, mode: &str) -> PgConnection {
    let mut connection = schema.server.connect().await;
    let sql = format!("BEGIN; LOCK TABLE {}.{table} IN {mode} MODE", schema.name);
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
    connection
}

async fn turns(schema: Schema) {
    const JOBS: usize = 60;
    let stores = [appliance(&schema).await, appliance(&schema).await];
    add_circuit(&*stores[0]).await;
    let mut all = JoinSet::new();
    for index in 0..JOBS {
        let store = Arc::clone(&stores[index % 2]);
        all.spawn(async move {
            queue(&*store, &format!("job-{index}")).await.unwrap();
            Vec::new()
        });
    }
    for worker in 0..6 {
        let store = Arc::clone(&stores[worker % 2]);
        all.spawn(async move {
            let mut taken = Vec::new();
            // There may be none yet.
            for _ in 0..JOBS {
                let Some(job) = store.take(JobKind::Groth16, TERM).await.unwrap() else { continue };
                assert_eq!(job.attempt, 1);
                assert!(store.renew(&job.lease, TERM).await.unwrap());
                let facts = JobDetails::default();
                assert!(store.finish(&job.lease, b"proof", &facts).await.unwrap());
                taken.push(job.lease.id);
            }
            taken
        });
    }
    let mut taken = all.join_all().await.concat();
    while let Some(job) = stores[1].take(JobKind::Groth16, TERM).await.unwrap() {
        taken.push(job.lease.id);
    }
    assert_eq!(taken.len(), JOBS);
    assert_eq!(taken.into_iter().collect::<BTreeSet<_>>().len(), JOBS);
}

async fn log(schema: Schema) {
    let stores = [appliance(&schema).await, appliance(&schema).await];
    add_circuit(&*stores[0]).await;
    let mut all = JoinSet::new();
    for task in 0..4_usize {
        let store = Arc::clone(&stores[task % 2]);
        all.spawn(async move {
            let key = ApplianceKey::from_seed([7; 32]);
            let mut last = None;
            for index in 0..20 {
                queue(&*store, &format!("{task}-{index}")).await.unwrap();
                // What is refused leaves no gap.
                assert!(queue(&*store, &format!("{task}-{index}")).await.is_err());
                store.note(&Act::Stopped).await.unwrap();
                let signer = Signer { key: &key, earlier: &[] };
                let (_, sealed) = store.seal_log(&signer, last).await.unwrap();
                last = sealed;
            }
        });
    }
    all.join_all().await;
    let key = ApplianceKey::from_seed([7; 32]);
    stores[1].seal_log(&Signer { key: &key, earlier: &[] }, None).await.unwrap();
    let entries = stores[0].log(0, usize::MAX).await.unwrap();
    let mut verifier = AuditVerifier::new(vec![key.public()]);
    entries.iter().for_each(|entry| verifier.next(entry).unwrap());
    // One is the circuit.
    assert_eq!(verifier.end().unwrap(), 1 + 4 * 20 * 2);
    assert_eq!(positions(&schema).await, (1..=1 + 4 * 20 * 2).collect::<Vec<_>>());
}

async fn opened_at_once(schema: Schema) {
    schema.make().await;
    let mut all = JoinSet::new();
    for _ in 0..8 {
        let url = schema.url();
        all.spawn(async move {
            let srs = Digest::sha256(b"srs");
            let store = PostgresStore::open(&url, srs, Arc::new(SystemClock)).await.unwrap();
            store.note(&Act::Stopped).await.unwrap();
            store.close().await;
        });
    }
    all.join_all().await;
    assert_eq!(positions(&schema).await, (1..=8).collect::<Vec<_>>());
}

async fn reading(schema: Schema) {
    let store = appliance(&schema).await;
    add_circuit(&*store).await;
    queue(&*store, "a").await.unwrap();
    let writer = lock(&schema, "appliance", "EXCLUSIVE").await;
    timeout(SOON, async {
        assert!(store.job("a").await.unwrap().is_some());
        assert_eq!(store.jobs(None, None, 10).await.unwrap().len(), 1);
        store.check_room(JobKind::Groth16, "client", Room::new(10)).await.unwrap();
        assert!(store.circuit(&name("sum")).await.unwrap().is_some());
    })
    .await
    .unwrap();
    // And who writes waits.
    let mut waiting = tokio::spawn(async move { store.cancel("a").await.unwrap() });
    assert!(timeout(Duration::from_millis(300), &mut waiting).await.is_err());
    writer.close().await.unwrap();
    assert!(timeout(SOON, waiting).await.unwrap().unwrap());
}

async fn elsewhere(schema: Schema) {
    let other = Schema::new(&schema.server, "another_schema");
    let (here, there) = (appliance(&schema).await, appliance(&other).await);
    let _writer = lock(&schema, "appliance", "EXCLUSIVE").await;
    timeout(SOON, there.register(&roster("north"))).await.unwrap().unwrap();
    assert!(here.roster(&name("north")).await.unwrap().is_none());
}
