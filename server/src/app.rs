//! What requests and the worker share.

use std::sync::{Arc, Mutex};

use pulseproof_fhe::batcher::Limits;
use pulseproof_sdk::identity::{ApplianceKey, AppliancePublicKey};
use pulseproof_sdk::{Digest, Problem};
use pulseproof_service::Gate;
use pulseproof_service::body::{Bodies, Patience};
use pulseproof_service::budget::Budget;
use pulseproof_service::doors::DoorCounts;
use pulseproof_store::{Sealed, Store};
use tokio_util::task::TaskTracker;
use zeroize::Zeroizing;

use crate::blobs::Blobs;
use crate::charges::Charges;
use crate::config::Config;
use crate::fetched::Fetches;
use crate::fhe::compute::OutputSigner;
use crate::fhe::lookups::LookupStore;
use crate::fhe::registry::Registry;
use crate::groth16::backends::Backends;
use crate::groth16::prover::Groth16;
use crate::guard::Guard;
use crate::health::BackendHealth;
use crate::profiles::Profiles;
use crate::refusal::Refusal;
use crate::refused::Refusals;
use crate::signals::JobSignals;
use crate::sums::{ProfileSums, ProverRole, Sums};
use crate::telemetry::Telemetry;
use pulseproof_fhe::bootstrap::engines::Engines;

/// Whole files that are checked at the same time: each takes memory, and all of a processor.
const CHECKS_MAX: usize = 2;
/// Lists of jobs at work at the same time, and those that wait: most of the store's connections are for others.
const LISTS_MAX: usize = 2;
const LISTS_WAITING_MAX: usize = 128;
/// Those that wait for a report of the processor.
const REPORTS_WAITING_MAX: usize = 32;
/// Answers that are held back at the same time.
const WAITS_MAX: u64 = 512;

/// A running appliance.
pub struct App {
    /// What proves and checks sums.
    pub sums: Arc<dyn Sums>,
    /// Which backends are in service.
    pub health: Arc<BackendHealth>,
    /// What results and outputs are signed with.
    pub identity: Arc<ApplianceKey>,
    /// The keys that the log was signed with before.
    pub earlier: Vec<AppliancePublicKey>,
    /// What devices' words mean.
    pub profiles: Profiles,
    /// What must not be forgotten.
    pub store: Arc<dyn Store>,
    /// Who asks, and whether they may.
    pub guard: Guard,
    /// Reads bodies, and keeps those in memory few.
    pub bodies: Bodies,
    /// Keeps checks of batches and results at work few, client by client in turn.
    pub gate: Arc<Gate>,
    /// What was refused since that was last noted.
    pub refusals: Refusals,
    /// The last entry of the log that was chained, since the start.
    pub sealed: Mutex<Option<Sealed>>,
    /// Who was handed which result lately.
    pub fetches: Fetches,
    /// What clients owe for what did not hold.
    pub charges: Charges,
    /// The jobs at work.
    pub signals: JobSignals,
    /// The files beside the store.
    pub blobs: Arc<Blobs>,
    /// Keeps lists of jobs at work few, client by client in turn: each asks the store for much.
    pub lists: Arc<Gate>,
    /// One report of the processor at a time, client by client in turn.
    pub attesting: Arc<Gate>,
    /// What was begun for requests, whoever still waits for it.
    pub begun: TaskTracker,
    /// Keeps the files that are received few.
    pub uploads: Arc<Budget>,
    /// Keeps checks of whole files at work few.
    pub upload_gate: Arc<Gate>,
    /// Keeps answers that are held back few.
    pub waits: Arc<Budget>,
    /// What happened at the doors.
    pub doors: Arc<DoorCounts>,
    /// The engines that hold a key.
    pub registry: Arc<Registry>,
    /// How it answers for what programs computed.
    pub voucher: Arc<OutputSigner>,
    /// The backends that prove circuits.
    pub backends: Backends,
    /// The limits.
    pub config: Config,
    /// The metrics.
    pub telemetry: Telemetry,
}

/// What computes for an appliance, whatever its curve.
pub struct Computers {
    /// What proves and checks sums.
    pub sums: Arc<dyn Sums>,
    /// What bootstraps.
    pub engines: Arc<dyn Engines>,
    /// What proves circuits.
    pub groth16: Groth16,
}

/// What an appliance has open.
pub struct Opened {
    /// What results and outputs are signed with.
    pub identity: ApplianceKey,
    /// The keys that it had before.
    pub earlier: Vec<AppliancePublicKey>,
    /// What must not be forgotten.
    pub store: Arc<dyn Store>,
    /// The files beside it.
    pub blobs: Blobs,
    /// What programs' lookups gave.
    pub lookups: LookupStore,
    /// Who asks, and whether they may.
    pub guard: Guard,
}

impl App {
    /// An appliance over an open store.
    pub fn new(computers: Computers, opened: Opened, config: Config, telemetry: Telemetry) -> Self {
        let Opened { identity, earlier, store, blobs, lookups, guard } = opened;
        let Computers { sums, engines, groth16 } = computers;
        let of = |prover| sums.backend(prover);
        let others = [groth16.primary.backend(), engines.backend()];
        let kinds = [of(ProverRole::Primary), of(ProverRole::Cpu)].into_iter().chain(others);
        let health = Arc::new(BackendHealth::new(kinds, config.backend_failures_max));
        let (blobs, identity) = (Arc::new(blobs), Arc::new(identity));
        // There is a session for every job.
        let limits = Limits { sessions_max: usize::MAX, ..config.batches };
        let registry = Registry::new(engines, Arc::clone(&blobs), limits, config.engines_max);
        Self {
            voucher: Arc::new(OutputSigner { identity: Arc::clone(&identity), lookups }),
            identity,
            earlier,
            sums,
            profiles: Profiles::default(),
            store,
            guard,
            bodies: bodies(&config),
            gate: Gate::new(config.intakes_max, config.intakes_waiting_max, busy()),
            refusals: Refusals::default(),
            sealed: Mutex::default(),
            fetches: Fetches::default(),
            charges: Charges::new(config.culprits_per_minute_max),
            signals: JobSignals::default(),
            backends: Backends::new(groth16, &health, &blobs, &config.groth16),
            health,
            blobs,
            attesting: Gate::new(1, REPORTS_WAITING_MAX, busy()),
            begun: TaskTracker::new(),
            lists: Gate::new(LISTS_MAX, LISTS_WAITING_MAX, busy()),
            uploads: Budget::new(
                config.uploads.at_once_max as u64,
                config.uploads.at_once_each_max as u64,
                "uploads",
            ),
            upload_gate: Gate::new(CHECKS_MAX, config.uploads.at_once_max, busy()),
            waits: Budget::new(WAITS_MAX, WAITS_MAX / 2, "answers that wait"),
            doors: Arc::clone(&config.doors.counts),
            registry: Arc::new(registry),
            config,
            telemetry,
        }
    }

    /// Stands for a request, so that another one is noticed. It tells nothing of what is in it to who has not the
    /// appliance's key: requests may be secret, and few enough to be tried.
    pub fn request_digest(&self, query: &str, body: &[u8]) -> Digest {
        let key = Zeroizing::new(self.identity.seed());
        // JSON begins with no question mark: no body stands for a query and another body.
        let query = if query.is_empty() { String::new() } else { format!("?{query}\n") };
        let request = Zeroizing::new([&key[..], query.as_bytes(), body].concat());
        let inner = Digest::of("pulseproof request v1", &request);
        Digest::of("pulseproof request v1", &Zeroizing::new([&key[..], &inner.0[..]].concat()))
    }

    /// Sums of a profile that the store has.
    ///
    /// # Errors
    /// The store has none of this digest, or failed.
    pub async fn sums_of(&self, profile: &Digest) -> Result<Arc<dyn ProfileSums>, Refusal> {
        self.profiles.get(&*self.store, &self.sums, profile).await
    }
}

fn bodies(config: &Config) -> Bodies {
    let total = config.body_timeout;
    let patience = Patience { total, idle: total, slowest: config.slowest };
    let share = config.bodies_bytes_max / 4;
    Bodies { budget: Budget::new(config.bodies_bytes_max, share, "bytes of bodies"), patience }
}

/// What whoever finds no place at a gate is told.
fn busy() -> Problem {
    Problem::new(503, "busy", "too much is waiting for its turn; send this one again")
}
