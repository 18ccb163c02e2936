//! What requests and the worker share.

use std::sync::Arc;

use pulseproof_fhe::batcher::Limits;
use pulseproof_sdk::identity::ApplianceKey;
use pulseproof_sdk::{Digest, Problem};
use pulseproof_service::Gate;
use pulseproof_store::Store;

use crate::blobs::Blobs;
use crate::config::Config;
use crate::fhe::compute::OutputSigner;
use crate::fhe::lookups::LookupStore;
use crate::fhe::registry::Registry;
use crate::groth16::backends::Backends;
use crate::groth16::prover::Groth16;
use crate::health::BackendHealth;
use crate::profiles::Profiles;
use crate::refusal::Refusal;
use crate::signals::JobSignals;
use crate::sums::{ProfileSums, ProverRole, Sums};
use crate::telemetry::Telemetry;
use pulseproof_fhe::bootstrap::engines::Engines;

/// A running appliance.
pub struct App {
    /// What proves and checks sums.
    pub sums: Arc<dyn Sums>,
    /// Which backends are in service.
    pub health: Arc<BackendHealth>,
    /// What results and outputs are signed with.
    pub identity: Arc<ApplianceKey>,
    /// What devices' words mean.
    pub profiles: Profiles,
    /// What must not be forgotten.
    pub store: Arc<dyn Store>,
    /// Keeps the bodies in memory few.
    pub gate: Gate,
    /// The jobs at work.
    pub signals: JobSignals,
    /// The files beside the store.
    pub blobs: Arc<Blobs>,
    /// Keeps the files that are received few.
    pub upload_gate: Gate,
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

impl App {
    /// An appliance over an open store.
    pub fn new(
        computers: Computers,
        identity: ApplianceKey,
        store: Arc<dyn Store>,
        blobs: Blobs,
        lookups: LookupStore,
        config: Config,
        telemetry: Telemetry,
    ) -> Self {
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
            sums,
            profiles: Profiles::default(),
            store,
            gate: Gate::new(config.intakes_max, config.intakes_waiting_max, busy()),
            signals: JobSignals::default(),
            backends: Backends::new(groth16, &health, &blobs, &config.groth16),
            health,
            blobs,
            upload_gate: Gate::new(config.uploads.at_once_max, config.uploads.at_once_max, busy()),
            registry: Arc::new(registry),
            config,
            telemetry,
        }
    }

    /// Sums of a profile that the store has.
    ///
    /// # Errors
    /// The store has none of this digest, or failed.
    pub async fn sums_of(&self, profile: &Digest) -> Result<Arc<dyn ProfileSums>, Refusal> {
        self.profiles.get(&*self.store, &self.sums, profile).await
    }
}

/// What whoever finds no place at a gate is told.
fn busy() -> Problem {
    Problem::new(503, "busy", "too many bodies are waiting to be read; send this one again")
}
