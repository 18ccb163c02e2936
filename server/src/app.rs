//! What requests and the worker share.

use std::sync::Arc;

use pulseproof_fhe::batcher::Limits;
use pulseproof_kernels::Curve;
use pulseproof_prover::commitment::CommitmentKey;
use pulseproof_sdk::Digest;
use tokio::sync::Notify;

use crate::config::Config;
use crate::fhe::engines::Engines;
use crate::fhe::keys::Keys;
use crate::fhe::registry::Registry;
use crate::fhe::runner::Running;
use crate::http::gate::Gate;
use crate::prover::Prover;
use crate::store::Store;
use crate::telemetry::Telemetry;

/// A running appliance.
pub struct App<C: Curve> {
    /// What makes proofs.
    pub prover: Arc<dyn Prover<C>>,
    /// Identifies the SRS.
    pub srs_id: Digest,
    /// What submissions are checked with.
    pub commitment_key: CommitmentKey<C>,
    /// What must not be forgotten.
    pub store: Store,
    /// Keeps the bodies in memory few.
    pub gate: Gate,
    /// Tells the worker that a job was queued.
    pub queued: Notify,
    /// The files of evaluation keys.
    pub keys: Arc<Keys>,
    /// Keeps the keys that are read few.
    pub key_gate: Gate,
    /// The engines that hold a key.
    pub registry: Arc<Registry>,
    /// The programs at work.
    pub running: Running,
    /// Tells the runner that a program was queued.
    pub fhe_queued: Notify,
    /// The limits.
    pub config: Config,
    /// The metrics.
    pub telemetry: Telemetry,
}

impl<C: Curve> App<C> {
    /// An appliance over an open store.
    pub fn new(
        prover: Arc<dyn Prover<C>>,
        engines: Arc<dyn Engines>,
        store: Store,
        keys: Keys,
        config: Config,
        telemetry: Telemetry,
    ) -> Self {
        let keys = Arc::new(keys);
        // There is a session for every job.
        let limits = Limits { sessions_max: usize::MAX, ..config.batches };
        let registry = Registry::new(engines, Arc::clone(&keys), limits, config.engines_max);
        Self {
            srs_id: Digest(prover.srs().verifying_key.id()),
            commitment_key: CommitmentKey::new(prover.srs()),
            prover,
            store,
            gate: Gate::new(config.intakes_max, config.intakes_waiting_max),
            queued: Notify::new(),
            keys,
            key_gate: Gate::new(config.key_uploads_max, config.key_uploads_max),
            registry: Arc::new(registry),
            running: Running::default(),
            fhe_queued: Notify::new(),
            config,
            telemetry,
        }
    }

    /// Whether somebody may be able to forge proofs.
    pub fn is_insecure(&self) -> bool {
        self.prover.srs().verifying_key.origin.is_insecure()
    }
}
