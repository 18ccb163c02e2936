//! What an operator may set.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use pulseproof_attestation::REPORTS;
use pulseproof_fhe::batcher::Limits;
use pulseproof_sdk::Name;
use pulseproof_service::Doors;
use pulseproof_service::body::Slowest;
use pulseproof_service::doors::hosts::Hosts;

/// Where an appliance keeps its store, whom it lets in, and its limits.
#[derive(Clone, Debug)]
pub struct Config {
    /// The folder of the store; made if it is missing. One appliance at a time may use it.
    pub data_dir: PathBuf,
    /// Who may do what.
    pub access: Access,
    /// How connections are let in.
    pub doors: Doors,
    /// The names that are answered to.
    pub hosts: Hosts,
    /// Bytes of bodies in memory at the same time, files that are uploaded left out; one client's are at most a quarter.
    pub bodies_bytes_max: u64,
    /// Longest body of a batch of submissions, in bytes.
    pub body_bytes_max: usize,
    /// The longest that reading one body may take.
    pub body_timeout: Duration,
    /// How slowly a body may come, files that are uploaded included.
    pub slowest: Slowest,
    /// Batches checked at the same time.
    pub intakes_max: usize,
    /// Batches that wait for their turn, of one client at most half of them; one more is turned away with a 503.
    pub intakes_waiting_max: usize,
    /// Submissions of one client that may be found not to hold, at once and in a minute: each takes many checks.
    pub culprits_per_minute_max: u32,
    /// Profiles kept; some 33 kB each, and ten times as much in memory.
    pub profiles_max: usize,
    /// Results of other appliances kept; some 35 kB each.
    pub results_max: usize,
    /// Evaluation keys kept; some 60 MB each.
    pub keys_max: usize,
    /// Evaluation keys that engines hold in memory at the same time.
    pub engines_max: usize,
    /// Programs computed at the same time, so that they share batches.
    pub fhe_jobs_max: usize,
    /// Programs queued or running; one more is turned away with a 503.
    pub fhe_jobs_unfinished_max: usize,
    /// Bytes of what programs' lookups gave, some 16 kB each, that are kept for anyone who doubts the outputs; the
    /// oldest go. At least what a job of 8192 lookups takes, 135 MB, or it fails.
    pub lookups_bytes_max: u64,
    /// When batches of bootstraps close.
    pub batches: Limits,
    /// Files that are uploaded.
    pub uploads: Uploads,
    /// Circuits, and proofs of them.
    pub groth16: Groth16Limits,
    /// The kernel's folder for reports on where this process runs.
    pub reports: PathBuf,
    /// For how long jobs that have ended are kept, sums left out; for ever if nobody says.
    pub jobs_kept: Option<Duration>,
    /// Jobs that a device failed at and the CPU did, until the device is taken out of service; it is back with the next
    /// process. At least 1.
    pub backend_failures_max: u32,
}

/// Who may do what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Access {
    /// Whoever reaches the appliance may do everything.
    Open,
    /// Whoever has a token may do what these rules, in Cedar, permit.
    Rules(String),
}

impl Config {
    /// The default limits, with the store in this folder.
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            data_dir: data_dir.into(),
            access: Access::Open,
            doors: Doors::default(),
            hosts: Hosts::these([]),
            bodies_bytes_max: 512 << 20,
            body_bytes_max: 64 << 20,
            slowest: Slowest::default(),
            body_timeout: Duration::from_secs(30),
            intakes_max: 4,
            intakes_waiting_max: 256,
            culprits_per_minute_max: 64,
            profiles_max: 64,
            results_max: 4096,
            keys_max: 8,
            engines_max: 2,
            fhe_jobs_max: 8,
            fhe_jobs_unfinished_max: 1024,
            lookups_bytes_max: 4 << 30,
            batches: Limits::default(),
            uploads: Uploads::default(),
            groth16: Groth16Limits::default(),
            reports: REPORTS.into(),
            jobs_kept: None,
            backend_failures_max: 3,
        }
    }
}

/// Limits of files that are uploaded.
#[derive(Clone, Debug)]
pub struct Uploads {
    /// Files received at the same time.
    pub at_once_max: usize,
    /// Of one client.
    pub at_once_each_max: usize,
    /// Unfinished files that are kept; for one more, the oldest that nobody writes goes.
    pub unfinished_max: usize,
    /// Of one client, whose own oldest goes then.
    pub unfinished_each_max: usize,
    /// The longest that one request may take; what it brought stays, and another may go on.
    pub timeout: Duration,
    /// The longest that a request may bring nothing.
    pub idle_timeout: Duration,
    /// Bytes of all files together.
    pub bytes_max: u64,
    /// How long unfinished files, and whole ones that nobody uses, are kept.
    pub retention: Duration,
}

impl Default for Uploads {
    fn default() -> Self {
        Self {
            at_once_max: 64,
            at_once_each_max: 16,
            unfinished_max: 1024,
            unfinished_each_max: 128,
            timeout: Duration::from_secs(3600),
            idle_timeout: Duration::from_secs(30),
            bytes_max: 64 << 30,
            retention: Duration::from_secs(24 * 3600),
        }
    }
}

/// Limits of circuits, and of proofs of them.
#[derive(Clone, Debug)]
pub struct Groth16Limits {
    /// Circuits kept.
    pub circuits_max: usize,
    /// Longest key of a circuit, in bytes.
    pub zkey_bytes_max: u64,
    /// Longest program that computes witnesses.
    pub wasm_bytes_max: u64,
    /// Longest file of constraints.
    pub r1cs_bytes_max: u64,
    /// Longest file of names.
    pub sym_bytes_max: u64,
    /// Longest witness.
    pub witness_bytes_max: u64,
    /// Jobs at work at the same time: while one proves, another's witness is computed.
    pub jobs_max: usize,
    /// Jobs queued or running; one more is turned away with a 503.
    pub jobs_unfinished_max: usize,
    /// Bytes of keys in the memory of the primary backend, if that is not the CPU.
    pub device_key_bytes_max: u64,
    /// Bytes of keys in the CPU's memory.
    pub host_key_bytes_max: u64,
    /// Accept recognisably insecure keys, and prove with them: for tests.
    pub insecure_keys: bool,
    /// Circuits whose keys stay in memory once they are there.
    pub pinned: BTreeSet<Name>,
}

impl Default for Groth16Limits {
    fn default() -> Self {
        Self {
            circuits_max: 64,
            zkey_bytes_max: 8 << 30,
            wasm_bytes_max: 64 << 20,
            r1cs_bytes_max: 4 << 30,
            sym_bytes_max: 4 << 30,
            witness_bytes_max: 1 << 30,
            jobs_max: 2,
            jobs_unfinished_max: 256,
            device_key_bytes_max: 8 << 30,
            host_key_bytes_max: 8 << 30,
            insecure_keys: false,
            pinned: BTreeSet::new(),
        }
    }
}
