//! What requests and the worker share.

use std::sync::Arc;

use pulseproof_kernels::Curve;
use pulseproof_prover::commitment::CommitmentKey;
use pulseproof_sdk::Digest;
use tokio::sync::Notify;

use crate::config::Config;
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
    /// The limits.
    pub config: Config,
    /// The metrics.
    pub telemetry: Telemetry,
}

impl<C: Curve> App<C> {
    /// An appliance over an open store.
    pub fn new(
        prover: Arc<dyn Prover<C>>,
        store: Store,
        config: Config,
        telemetry: Telemetry,
    ) -> Self {
        Self {
            srs_id: Digest(prover.srs().verifying_key.id()),
            commitment_key: CommitmentKey::new(prover.srs()),
            prover,
            store,
            gate: Gate::new(config.intakes_max, config.intakes_waiting_max),
            queued: Notify::new(),
            config,
            telemetry,
        }
    }

    /// Whether somebody may be able to forge proofs.
    pub fn is_insecure(&self) -> bool {
        self.prover.srs().verifying_key.origin.is_insecure()
    }
}
