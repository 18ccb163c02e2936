//! Whether an appliance with a long history is slower: proofs of a small circuit a second, in a new store and in one
//! with as many finished jobs as the argument says (300,000 if there is none), in turn.
//!
//!     cargo bench --workspace --bench history -- 300000

#![allow(clippy::unwrap_used, reason = "a bench fails by panicking")]
#![allow(clippy::print_stdout, reason = "what a bench found is printed")]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use pulseproof_kernels::Bn254;
use pulseproof_kernels::cpu::Cpu;
use pulseproof_prover::engine::prove::ProvingKey;
use pulseproof_prover::srs::{Srs, develop};
use pulseproof_sdk::Name;
use pulseproof_sdk::api::JobRequest;
use pulseproof_sdk::client::ApplianceClient;
use pulseproof_sdk::client::circuits::CircuitPart;
use pulseproof_sdk::groth16::Groth16Request;
use pulseproof_server::{Config, ExactOn, Groth16, Machine, Programs, serve};
use rand::rngs::OsRng;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// Proofs of one measurement, and measurements of each store.
const PROOFS: usize = 100;
const ROUNDS: usize = 5;

struct Running {
    client: ApplianceClient,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Running {
    async fn start(srs: &Arc<Srs<Bn254>>, folder: &Path) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let client =
            ApplianceClient::new(format!("http://{}", listener.local_addr().unwrap())).unwrap();
        let (stop, stopped) = oneshot::channel();
        let prover = Arc::new(ProvingKey::new(Cpu::new(), Arc::clone(srs)).unwrap());
        let machine = Machine {
            prover: prover.clone(),
            cpu: prover,
            engines: Arc::new(ExactOn::new(Cpu::new())),
            groth16: Groth16::on(Cpu::new(), Programs::new(1 << 30, None)),
        };
        let config = Config::new(folder.to_owned());
        let task = tokio::spawn(async move {
            serve(listener, machine, config, async { drop(stopped.await) }).await.unwrap();
        });
        Self { client, stop, task }
    }

    async fn stop(self) {
        self.stop.send(()).unwrap();
        self.task.await.unwrap();
    }

    /// Proofs a second.
    async fn measure(&self) -> f64 {
        let start = Instant::now();
        let mut jobs = Vec::new();
        for i in 0..PROOFS {
            let inputs = serde_json::json!({ "a": i, "b": 3, "c": 5 });
            let request = Groth16Request::from_inputs(name(), &inputs).unwrap();
            jobs.push(self.client.create_job(&JobRequest::Groth16(request)).await.unwrap());
        }
        for job in jobs {
            self.client.wait(&job.id).await.unwrap();
        }
        PROOFS as f64 / start.elapsed().as_secs_f64()
    }
}

fn name() -> Name {
    "tiny".parse().unwrap()
}

fn fixture(kind: &str) -> PathBuf {
    let fixtures = "../formats/tests/fixtures/bn128/tiny.";
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("{fixtures}{kind}"))
}

/// A store with a circuit, and so many jobs that have ended.
async fn store(srs: &Arc<Srs<Bn254>>, finished: u32) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let running = Running::start(srs, folder.path()).await;
    running.client.put_circuit(&name(), &fixture("zkey")).await.unwrap();
    let part = CircuitPart::Wasm;
    running.client.put_circuit_part(&name(), part, &fixture("wasm")).await.unwrap();
    running.stop().await;
    let options = SqliteConnectOptions::new().filename(folder.path().join("appliance.sqlite"));
    let pool = SqlitePoolOptions::new().connect_with(options).await.unwrap();
    sqlx::query(
        r#"WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
           INSERT INTO jobs (id, kind, request, state, facts, result)
           SELECT 'old' || i, 'groth16', '{"kind":"groth16","circuit":"tiny"}', 'done', '{}', zeroblob(1000)
           FROM n WHERE ? > 0"#,
    )
    .bind(finished)
    .bind(finished)
    .execute(&pool)
    .await
    .unwrap();
    pool.close().await;
    folder
}

#[tokio::main]
async fn main() {
    let finished = std::env::args().find_map(|word| word.parse().ok()).unwrap_or(300_000);
    let srs = Arc::new(develop::generate::<Bn254>(3, &mut OsRng).unwrap());
    let stores = [store(&srs, 0).await, store(&srs, finished).await];
    let mut found = [Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        for (folder, found) in stores.iter().zip(&mut found) {
            let running = Running::start(&srs, folder.path()).await;
            found.push(running.measure().await);
            running.stop().await;
        }
    }
    let [new, old] = found.map(|mut found| {
        found.sort_by(f64::total_cmp);
        found[ROUNDS / 2]
    });
    println!("new store: {new:.1} proofs a second");
    println!("with {finished} finished jobs: {old:.1} proofs a second, {:.2} times", old / new);
}
