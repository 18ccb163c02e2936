//! What no request can bring about yet: jobs that are asked for twice under one key, and kinds that panic.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use pulseproof_kernels::cpu::Cpu;
use pulseproof_kernels::{Bn254, CurveId};
use pulseproof_prover::engine::prove::ProvingKey;
use pulseproof_prover::srs::develop;
use pulseproof_sdk::groth16::{Groth16Request, PartInfo};
use pulseproof_sdk::identity::ApplianceKey;
use pulseproof_sdk::{Digest, Name};
use pulseproof_store::SystemClock;
use pulseproof_store::circuits::{KeyInfo, Part, StoredCircuit};
use pulseproof_store::jobs::{Once, Room};
use pulseproof_store::proofs::Secret;
use pulseproof_store::sqlite::SqliteStore;
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::json;
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::time::sleep;

use super::*;
use crate::app::{Computers, Opened};
use crate::blobs::Blobs;
use crate::config::{Config, Uploads};
use crate::fhe::lookups::LookupStore;
use crate::groth16::programs::Programs;
use crate::groth16::prover::Groth16;
use crate::guard::Guard;
use crate::jobs::groth16::ProofJobs;
use crate::sums::OnCurve;
use crate::telemetry::Telemetry;
use pulseproof_fhe::bootstrap::engines::ExactOn;

fn name() -> Name {
    "sum".parse().unwrap()
}

fn circuit() -> StoredCircuit {
    let info = KeyInfo {
        curve: CurveId::Bn254,
        signals: 2,
        public: 1,
        domain_log: 3,
        contributions: 1,
        weakness: None,
    };
    StoredCircuit { name: name(), info, zkey: file("zkey"), wasm: None, r1cs: None, sym: None }
}

fn file(text: &str) -> PartInfo {
    PartInfo { sha256: Digest::sha256(text.as_bytes()), bytes: 7 }
}

/// An appliance that has a circuit, and whose drivers do not run.
pub(super) async fn appliance(folder: &Path) -> Arc<App> {
    let srs = Arc::new(develop::generate::<Bn254>(4, &mut StdRng::seed_from_u64(7)).unwrap());
    let prover = Arc::new(ProvingKey::new(Cpu::new(), srs).unwrap());
    let computers = Computers {
        sums: Arc::new(OnCurve::<Bn254>::new(prover.clone(), prover)),
        engines: Arc::new(ExactOn::new(Cpu::new())),
        groth16: Groth16::on(Cpu::new(), Programs::new(0, None)),
    };
    let srs = computers.sums.srs();
    let store = SqliteStore::open(folder, srs, Arc::new(SystemClock)).await.unwrap();
    let blobs = Blobs::open(folder, &Uploads::default()).unwrap();
    let lookups = LookupStore::open(folder, 1 << 20).unwrap();
    let (identity, telemetry) = (ApplianceKey::from_seed([1; 32]), Telemetry::install().unwrap());
    let (store, config) = (Arc::new(store), Config::new(folder));
    let (earlier, guard) = (Vec::new(), Guard::new(None));
    let opened = Opened { identity, earlier, store, blobs, lookups, guard };
    let app = App::new(computers, opened, config, telemetry);
    app.store.add_circuit(&circuit(), 1).await.unwrap();
    app.store.add_part(&name(), Part::Wasm, file("wasm")).await.unwrap();
    Arc::new(app)
}

async fn open() -> (TempDir, Arc<App>) {
    let folder = tempfile::tempdir().unwrap();
    let app = appliance(folder.path()).await;
    (folder, app)
}

/// Queues a proof, and checks nothing.
pub(super) async fn queue_proof(app: &App, id: &str) {
    let request = Groth16Request { circuit: name(), inputs: None, witness: None };
    let secret = Secret::Inputs(Digest::sha256(id.as_bytes()));
    app.store.create_proof(&Ask::new(id, "client"), &request, secret, Room::new(20)).await.unwrap();
}

fn once(id: &str, request: &str) -> Ask {
    let once = Once { key: "key".to_owned(), digest: Digest::sha256(request.as_bytes()) };
    Ask { once: Some(once), ..Ask::new(id, "client") }
}

fn inputs() -> Groth16Request {
    Groth16Request::from_inputs(name(), &json!({ "a": 1 })).unwrap()
}

#[tokio::test]
async fn who_asks_again_is_answered_with_the_job_as_it_is_whatever_became_of_what_it_needed() {
    let (_folder, app) = open().await;
    let ask = async |ask: Ask| admit(&app, &ask, JobRequest::Groth16(inputs())).await;
    let job = ask(once("a", "request")).await.unwrap();
    assert_eq!((job.id.as_str(), job.state), ("a", JobState::Queued));
    assert!(job.queued_at.is_some());
    assert!(cancel(&app, "somebody", &job).await.unwrap());
    app.store.remove_circuit(&name()).await.unwrap();
    let again = ask(once("b", "request")).await.unwrap();
    assert_eq!((again.id.as_str(), again.state), ("a", JobState::Cancelled));
    assert_eq!(again.queued_at, job.queued_at);
    assert!(app.store.job("b").await.unwrap().is_none());
    // Who asks for something else, or under no key, is not.
    let other = ask(once("c", "another")).await.unwrap_err();
    assert!(other.problem().is("idempotency-key-reused"), "{other:?}");
    let new = ask(Ask::new("d", "client")).await.unwrap_err();
    assert!(new.problem().is("unknown-circuit"), "{new:?}");
}

/// The kind itself is asked, as if both had found that nobody asked before.
#[tokio::test]
async fn of_two_who_ask_at_once_the_second_one_s_inputs_are_removed() {
    let (folder, app) = open().await;
    for id in ["a", "b"] {
        let job = ProofJobs::admit(&app, &once(id, "request"), inputs()).await.unwrap();
        assert_eq!(job, "a");
    }
    let Some(Secret::Inputs(kept)) = app.store.secret("a").await.unwrap() else {
        panic!("a proof without inputs");
    };
    let files = std::fs::read_dir(folder.path().join("blobs")).unwrap();
    let files: Vec<_> = files.map(|file| file.unwrap().file_name()).collect();
    assert_eq!(files, [kept.to_string().as_str()]);
}

/// Proofs that panic where they are awaited: at work, or in the end.
struct Panics;

impl JobHandler for Panics {
    type Request = ();
    type Output = ();
    const KIND: JobKind = JobKind::Groth16;
    const CANCELLABLE: bool = true;

    async fn admit(_app: &Arc<App>, ask: &Ask, (): ()) -> Result<String, Refusal> {
        Ok(ask.id.clone())
    }

    fn jobs_max(_app: &App) -> usize {
        1
    }

    async fn work(
        _app: &Arc<App>,
        lease: &Lease,
        _request: JobRequest,
        _at_work: &AtWork,
    ) -> Result<JobOutcome<()>, StoreError> {
        tokio::task::yield_now().await;
        assert_ne!(lease.id, "at work", "a job's panic, on purpose");
        Ok(JobOutcome::Done(()))
    }

    async fn finish(_app: &App, _lease: &Lease, (): ()) -> Result<bool, StoreError> {
        panic!("a job's panic, on purpose")
    }
}

#[tokio::test]
async fn a_job_that_panics_fails_and_leaves_its_place_to_the_next() {
    let (_folder, app) = open().await;
    for id in ["at work", "in the end"] {
        queue_proof(&app, id).await;
    }
    let (stop, stopping) = watch::channel(false);
    let driven = Arc::clone(&app);
    let driver = tokio::spawn(async move { driver::run::<Panics>(&driven, stopping).await });
    for id in ["at work", "in the end"] {
        let job = ended(&app, id).await;
        assert_eq!(job.state, JobState::Failed);
        assert!(job.problem.unwrap().is("internal"));
    }
    stop.send_replace(true);
    driver.await.unwrap();
    assert_eq!(app.signals.of(JobKind::Groth16).leases(), []);
    assert_eq!(app.store.queue_length().await.unwrap(), 0);
}

/// A job once it has ended.
async fn ended(app: &App, id: &str) -> Job {
    for _ in 0..400 {
        let job = find(app, id).await.unwrap();
        if job.ended_at.is_some() {
            return job;
        }
        sleep(Duration::from_millis(10)).await;
    }
    panic!("{id} does not end");
}
