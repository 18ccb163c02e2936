//! What requests and the worker share.

use std::sync::Arc;

use pulseproof_fhe::batcher::Limits;
use pulseproof_kernels::Curve;
use pulseproof_prover::commitment::CommitmentKey;
use pulseproof_sdk::Digest;
use pulseproof_sdk::identity::ApplianceKey;
use pulseproof_sdk::profile::Lists;
use tokio::sync::Notify;

use crate::blobs::Blobs;
use crate::config::Config;
use crate::fhe::compute::Voucher;
use crate::fhe::registry::Registry;
use crate::fhe::transcripts::Transcripts;
use crate::groth16::backends::Backends;
use crate::http::gate::Gate;
use crate::intake::Checks;
use crate::profiles::Profiles;
use crate::prover::Prover;
use crate::runner::Lane;
use crate::serve::Machine;
use crate::service::Service;
use crate::store::Store;
use crate::telemetry::Telemetry;

/// A running appliance.
pub struct App<C: Curve> {
    /// What makes proofs.
    pub prover: Arc<dyn Prover<C>>,
    /// The processor: makes proofs of sums when `prover` fails.
    pub cpu: Arc<dyn Prover<C>>,
    /// Which backends are in service.
    pub service: Arc<Service>,
    /// Identifies the SRS.
    pub srs_id: Digest,
    /// What results and outputs are signed with.
    pub identity: Arc<ApplianceKey>,
    /// What submissions are checked with.
    pub commitment_key: CommitmentKey<C>,
    /// What devices' words mean.
    pub profiles: Profiles<C>,
    /// What must not be forgotten.
    pub store: Store,
    /// Keeps the bodies in memory few.
    pub gate: Gate,
    /// Tells the worker that a job was queued.
    pub queued: Notify,
    /// The files beside the store.
    pub blobs: Arc<Blobs>,
    /// Keeps the files that are received few.
    pub upload_gate: Gate,
    /// The engines that hold a key.
    pub registry: Arc<Registry>,
    /// How it answers for what programs computed.
    pub voucher: Arc<Voucher>,
    /// The programs at work.
    pub programs: Lane,
    /// The backends that prove circuits.
    pub backends: Backends,
    /// The proofs of circuits at work.
    pub proofs: Lane,
    /// The limits.
    pub config: Config,
    /// The metrics.
    pub telemetry: Telemetry,
}

impl<C: Curve> App<C> {
    /// An appliance over an open store.
    pub fn new(
        machine: Machine<C>,
        identity: ApplianceKey,
        store: Store,
        blobs: Blobs,
        transcripts: Transcripts,
        config: Config,
        telemetry: Telemetry,
    ) -> Self {
        let Machine { prover, cpu, engines, groth16 } = machine;
        let kinds = [prover.backend(), cpu.backend(), groth16.primary.backend()];
        let service = Arc::new(Service::new(kinds, config.backend_failures_max));
        let (blobs, identity) = (Arc::new(blobs), Arc::new(identity));
        // There is a session for every job.
        let limits = Limits { sessions_max: usize::MAX, ..config.batches };
        let registry = Registry::new(engines, Arc::clone(&blobs), limits, config.engines_max);
        Self {
            srs_id: Digest(prover.srs().verifying_key.id()),
            voucher: Arc::new(Voucher { identity: Arc::clone(&identity), transcripts }),
            identity,
            commitment_key: CommitmentKey::new(prover.srs()),
            prover,
            cpu,
            profiles: Profiles::default(),
            store,
            gate: Gate::new(config.intakes_max, config.intakes_waiting_max),
            queued: Notify::new(),
            backends: Backends::new(groth16, &service, &blobs, &config.groth16),
            service,
            blobs,
            upload_gate: Gate::new(config.uploads.at_once_max, config.uploads.at_once_max),
            registry: Arc::new(registry),
            programs: Lane::default(),
            proofs: Lane::default(),
            config,
            telemetry,
        }
    }

    /// What submissions of a profile are checked with.
    pub fn checks<'a>(&'a self, lists: &'a Lists<C>) -> Checks<'a, C> {
        let (key, srs) = (&self.commitment_key, &self.prover.srs().verifying_key);
        Checks { key, srs, lists }
    }

    /// Whether somebody may be able to forge proofs.
    pub fn is_insecure(&self) -> bool {
        self.prover.srs().verifying_key.origin.is_insecure()
    }
}
