//! One job's work: an engine is leased, the circuit evaluated through its batcher, what the lookups gave is
//! kept, the outputs packed and signed.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use pulseproof_fhe::batcher::{BatchError, Session};
use pulseproof_fhe::bootstrap::engine::{EngineError, Lookup};
use pulseproof_fhe::bootstrap::tfhe_cuda::TfheCuda;
use pulseproof_sdk::api::{EngineKind, Retried};
use pulseproof_sdk::identity::ApplianceKey;
use pulseproof_sdk::merkle::Tree;
use pulseproof_sdk::{Name, Outputs, Problem};
use tokio::task::spawn_blocking;

use super::lookups::LookupStore;
use super::prepare::Prepared;
use super::registry::{EngineGuard, Registry, Wanted};
use crate::at_work::AtWork;
use crate::at_work::JobOutcome;
use crate::health::{self, BackendHealth};
use crate::problems::internal;

/// How often a job is tried whose engine fails, before it is the CPU's.
const ATTEMPTS: usize = 2;

/// A program's outputs.
pub struct Computed {
    /// The bytes of [`Outputs`].
    pub bytes: Vec<u8>,
    /// Who bootstrapped.
    pub engine: String,
    /// How long it took.
    pub took: Duration,
    /// Who failed at it first.
    pub retried: Option<Retried>,
}

/// What programs are computed with.
#[derive(Clone, Copy)]
pub struct Site<'a> {
    /// The engines.
    pub registry: &'a Arc<Registry>,
    /// Which backends are in service.
    pub health: &'a BackendHealth,
    /// How the appliance answers for it.
    pub voucher: &'a Arc<OutputSigner>,
}

/// How an appliance answers for what it computes.
pub struct OutputSigner {
    /// It signs it.
    pub identity: Arc<ApplianceKey>,
    /// It shows what every lookup gave.
    pub lookups: LookupStore,
}

/// Computes what was prepared, unless it is stopped. An engine that fails is opened again, once; what our kernels fail
/// at twice on a device, the CPU does.
pub async fn compute(
    site: Site<'_>,
    prepared: Prepared,
    region: &Name,
    at_work: &AtWork,
) -> JobOutcome<Computed> {
    let prepared = Arc::new(prepared);
    let device = site.registry.device(prepared.engine);
    let usable = device.is_none_or(|device| site.health.is_usable(device));
    if !usable {
        site.registry.forget_device();
    }
    let begun = Instant::now();
    let mut places: VecDeque<bool> = [!usable; ATTEMPTS].into();
    places.extend(device.filter(|_| usable).map(|_| true));
    let mut failure = EngineError::new("engine", "not tried");
    while let Some(on_cpu) = places.pop_front() {
        let wanted = Wanted { key: prepared.claim.key, kind: prepared.engine, on_cpu };
        match attempt(&site, wanted, &prepared, region, at_work).await {
            Ok(mut computed) => {
                computed.retried = device.filter(|_| on_cpu && usable).map(|device| {
                    // No fault of the device's: it is only too small.
                    if !failure.is_full {
                        site.health.failed(device, begun, &failure.reason);
                    }
                    health::retried(device, &failure.reason)
                });
                return JobOutcome::Done(computed);
            }
            Err(Failure::Stopped) => return JobOutcome::Stopped,
            Err(Failure::NotKept(error)) => {
                return JobOutcome::Failed(internal(&format!("lookups were not kept: {error}")));
            }
            Err(Failure::Engine(error)) => {
                tracing::warn!(%error, on_cpu, "the engine failed");
                // It would have no more room the next time.
                places.retain(|&on_cpu| on_cpu || !error.is_full);
                failure = error;
            }
        }
    }
    JobOutcome::Failed(engine_failed(&failure.to_string()))
}

/// Computes on one engine, which nobody gets any more if it fails.
async fn attempt(
    site: &Site<'_>,
    wanted: Wanted,
    prepared: &Arc<Prepared>,
    region: &Name,
    at_work: &AtWork,
) -> Result<Computed, Failure> {
    let lease = tokio::select! {
        lease = site.registry.lease(wanted) => lease.map_err(Failure::Engine)?,
        () = at_work.stopped() => return Err(Failure::Stopped),
    };
    let result = evaluate(&lease, site.voucher, prepared, region, at_work).await;
    if matches!(&result, Err(Failure::Engine(error)) if !error.is_full) {
        lease.discard();
    }
    result
}

/// Why an engine gave no result.
enum Failure {
    Stopped,
    Engine(EngineError),
    /// What the lookups gave could not be written.
    NotKept(io::Error),
}

impl From<BatchError> for Failure {
    fn from(error: BatchError) -> Self {
        match error {
            BatchError::Cancelled => Self::Stopped,
            BatchError::Engine(error) => Self::Engine(error),
            error => Self::Engine(EngineError::new("engine", error.to_string())),
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::NotKept(error)
    }
}

async fn evaluate(
    lease: &EngineGuard,
    voucher: &Arc<OutputSigner>,
    prepared: &Arc<Prepared>,
    region: &Name,
    at_work: &AtWork,
) -> Result<Computed, Failure> {
    let failed = |error: &dyn std::fmt::Display| {
        Failure::Engine(EngineError::new("engine", error.to_string()))
    };
    let batcher = lease.batcher().ok_or_else(|| failed(&"not open"))?;
    let engine = batcher.engine().name();
    let session = batcher.open(region.as_str()).map_err(|error| failed(&error))?;
    let canceller = session.canceller();
    let (prepared, voucher, says) = (Arc::clone(prepared), Arc::clone(voucher), at_work.clone());
    let mut work = spawn_blocking(move || run(&prepared, &voucher, session, engine, &says));
    let done = tokio::select! {
        done = &mut work => done,
        () = at_work.stopped() => {
            canceller.cancel();
            work.await
        }
    };
    done.unwrap_or_else(|error| Err(failed(&error)))
}

fn run(
    prepared: &Prepared,
    voucher: &OutputSigner,
    mut session: Session,
    engine: String,
    at_work: &AtWork,
) -> Result<Computed, Failure> {
    let start = Instant::now();
    let Prepared { circuit, inputs, claim, estimate, .. } = prepared;
    let mut done = 0;
    let look_up = |lookups: Vec<Lookup>| {
        at_work.has_done("computing", done, estimate.lookups);
        done += lookups.len();
        session.look_up(lookups)
    };
    let results = circuit.results(inputs, look_up)?;
    let took = start.elapsed();
    let outputs = circuit.outputs_of(circuit.digits(inputs, &results));
    let tree = Tree::over(&results);
    voucher.lookups.keep(&tree, &results)?;
    let lookups = tree.root();
    let outputs = Outputs { engine: engine.clone(), outputs, lookups, ..claim.clone() };
    let bytes = outputs.signed(&voucher.identity).to_bytes();
    Ok(Computed { bytes, engine, took, retried: None })
}

fn engine_failed(reason: &str) -> Problem {
    let Problem { detail, .. } = internal(reason);
    Problem::new(500, "engine-failed", detail).field("engine")
}

/// Refuses an engine that this appliance or this machine has not.
///
/// # Errors
/// What is missing, and what to do.
pub fn check_engine(kind: EngineKind) -> Result<(), Problem> {
    match kind {
        EngineKind::Exact | EngineKind::TfheCpu => Ok(()),
        EngineKind::TfheCuda => TfheCuda::check().map_err(|error| {
            Problem::new(422, "engine-unavailable", error.to_string()).field("engine")
        }),
    }
}

/// The problem of a job whose key is for another engine.
pub fn wrong_engine(found: EngineKind, asked: EngineKind) -> Problem {
    let detail = format!("the evaluation key is for the engine {found}, asked is {asked}");
    Problem::new(422, "wrong-engine", detail).field("engine")
}
