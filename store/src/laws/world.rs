//! A small world that laws are tried in: a store, its clock, a region and a circuit.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use pulseproof_kernels::CurveId;
use pulseproof_sdk::api::{Estimate, Job, JobRequest, JobState};
use pulseproof_sdk::fhe::{FheRequest, SumRef};
use pulseproof_sdk::groth16::{Groth16Request, PartInfo};
use pulseproof_sdk::{Digest, Name, Problem, Roster};

use super::Place;
use crate::circuits::{KeyInfo, StoredCircuit};
use crate::jobs::{Ask, JobKind, Lease, Room, Taken};
use crate::proofs::Secret;
use crate::submissions::Candidate;
use crate::{Clock, Denial, Store, StoreError, Timestamp};

/// Who asks, where it makes no difference.
pub const CLIENT: &str = "client";
/// For how long jobs are taken.
pub const TERM: Duration = Duration::from_secs(30);

/// A clock that stands still until it is told not to.
#[derive(Debug)]
pub struct StoppedClock(AtomicU64);

impl StoppedClock {
    pub fn new() -> Arc<Self> {
        Arc::new(Self(AtomicU64::new(1_700_000_000_000)))
    }

    pub fn pass(&self, duration: Duration) {
        let millis = u64::try_from(duration.as_millis()).unwrap();
        self.0.fetch_add(millis, Ordering::SeqCst);
    }

    /// Somebody sets it back.
    pub fn go_back(&self, duration: Duration) {
        let millis = u64::try_from(duration.as_millis()).unwrap();
        self.0.fetch_sub(millis, Ordering::SeqCst);
    }
}

impl Clock for StoppedClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

/// An open store with the region `north` and the circuit `sum`.
#[derive(Clone)]
pub struct World {
    pub store: Arc<dyn Store>,
    pub clock: Arc<StoppedClock>,
}

impl World {
    pub async fn new(place: &dyn Place) -> Self {
        let world = Self::open(place, StoppedClock::new()).await;
        world.store.register(&roster(4)).await.unwrap();
        world.store.add_circuit(&circuit("sum"), 10).await.unwrap();
        world
    }

    pub async fn open(place: &dyn Place, clock: Arc<StoppedClock>) -> Self {
        let store = place.open(srs(), clock.clone()).await.unwrap();
        Self { store, clock }
    }

    /// Queues a proof, if fewer than three are unfinished.
    pub async fn queue(&self, id: &str) -> Result<String, StoreError> {
        self.ask(&Ask::new(id, CLIENT), 3).await
    }

    /// Queues a proof, if fewer are unfinished, whoever's.
    pub async fn ask(&self, ask: &Ask, unfinished_max: usize) -> Result<String, StoreError> {
        self.ask_within(ask, Room { all: unfinished_max, each: unfinished_max }).await
    }

    pub async fn ask_within(&self, ask: &Ask, room: Room) -> Result<String, StoreError> {
        let request = Groth16Request { circuit: name("sum"), inputs: None, witness: None };
        let secret = Secret::Inputs(digest(&ask.id));
        self.store.create_proof(ask, &request, secret, room).await
    }

    /// Takes a proof.
    pub async fn take(&self) -> Option<Taken> {
        self.store.take(JobKind::Groth16, TERM).await.unwrap()
    }

    /// Queues a program on a sum.
    pub async fn program(&self, id: &str, key: Digest, sum: SumRef) -> Result<String, StoreError> {
        self.store
            .create_program(&Ask::new(id, CLIENT), &program(key, sum), estimate(), Room::new(10))
            .await
    }

    /// Closes an epoch of the region, whoever submitted.
    pub async fn close(&self, id: &str, epoch: u64) -> Result<String, StoreError> {
        let (ask, region) = (Ask::new(id, CLIENT), name("north"));
        self.store.close_epoch(&ask, &region, epoch, &aggregate(epoch), &|_, _| Ok(())).await
    }

    /// Hands in a submission of each of these devices.
    pub async fn submit(&self, epoch: u64, devices: &[&str]) -> Vec<Option<Denial>> {
        let candidates: Vec<_> = devices.iter().map(|device| candidate(device, epoch)).collect();
        self.store.accept(&roster(4), epoch, &candidates).await.unwrap()
    }

    pub async fn job(&self, id: &str) -> Job {
        self.store.job(id).await.unwrap().unwrap()
    }

    pub async fn state(&self, id: &str) -> JobState {
        self.job(id).await.state
    }

    /// Everything that a lease can do, and whether it did.
    pub async fn write(&self, lease: &Lease) -> [bool; 6] {
        let (facts, north) = (crate::jobs::JobDetails::default(), name("north"));
        let progress = crate::jobs::Progress { stage: "late", per_mille: None };
        [
            self.store.holds(lease).await.unwrap(),
            self.store.renew(lease, TERM).await.unwrap(),
            self.store.progress(lease, progress).await.unwrap(),
            self.store.release(lease, &north, 1, b"late", &facts).await.unwrap(),
            self.store.finish(lease, b"late", &facts).await.unwrap(),
            self.store.fail(lease, &problem()).await.unwrap(),
        ]
    }
}

pub fn srs() -> Digest {
    digest("srs")
}

pub fn name(text: &str) -> Name {
    text.parse().unwrap()
}

pub fn digest(text: &str) -> Digest {
    Digest::sha256(text.as_bytes())
}

pub fn problem() -> Problem {
    Problem::new(500, "internal", "it failed")
}

/// The region, with so many words: another number is another roster.
pub fn roster(words: u32) -> Roster {
    Roster { region: name("north"), words, profile: digest("profile"), devices: [].into() }
}

pub fn candidate(device: &str, sequence: u64) -> Candidate {
    let bytes = format!("{device} {sequence}").into_bytes().into();
    Candidate { device: name(device), sequence, bytes, openings: 0 }
}

pub fn file(text: &str) -> PartInfo {
    PartInfo { sha256: digest(text), bytes: text.len() as u64 }
}

pub fn circuit(text: &str) -> StoredCircuit {
    let info = KeyInfo {
        curve: CurveId::Bn254,
        signals: 2,
        public: 1,
        domain_log: 3,
        contributions: 1,
        weakness: None,
    };
    let zkey = file(&format!("{text}.zkey"));
    StoredCircuit { name: name(text), info, zkey, wasm: None, r1cs: None, sym: None }
}

pub fn aggregate(epoch: u64) -> JobRequest {
    JobRequest::Aggregate { region: name("north"), epoch, weights: [].into() }
}

pub fn estimate() -> Estimate {
    Estimate { lookups: 1, depth: 1, failure_log2: -128.5 }
}

/// A program on a sum: made of JSON, since it may be nothing else here.
pub fn program(key: Digest, sum: SumRef) -> FheRequest {
    let json = r#"{
        "key": "0000000000000000000000000000000000000000000000000000000000000000",
        "layout": { "scale": { "decimals": 0, "minimum": 40, "maximum": 400 }, "inside": [70, 180],
                    "slots": 4, "summands_max": 3, "totals": true },
        "sums": [],
        "program": {
            "version": 1,
            "inputs": [{ "name": "sum", "from": "sum", "sum": 0, "total": "sum" }],
            "steps": [{ "name": "below", "op": "negative", "of": "sum" }],
            "outputs": ["below"] } }"#;
    let request: FheRequest = serde_json::from_str(json).unwrap();
    FheRequest { key, sums: vec![sum], ..request }
}

/// Whether something was denied, and for this reason.
#[track_caller]
pub fn assert_denied<T: std::fmt::Debug>(answer: Result<T, StoreError>, expected: &Denial) {
    match answer {
        Err(StoreError::Denied(denial)) => assert_eq!(denial, *expected),
        other => panic!("expected {expected:?}, got {other:?}"),
    }
}
