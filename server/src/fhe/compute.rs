//! One job's work: an engine is leased, the circuit evaluated through its batcher, what the lookups gave is
//! kept, the outputs packed and signed.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use pulseproof_fhe::batcher::{BatchError, Session};
use pulseproof_fhe::bootstrap::engine::Lookup;
use pulseproof_fhe::bootstrap::tfhe_cuda::TfheCuda;
use pulseproof_sdk::api::EngineKind;
use pulseproof_sdk::identity::ApplianceKey;
use pulseproof_sdk::merkle::Tree;
use pulseproof_sdk::{Name, Outputs, Problem};
use tokio::task::spawn_blocking;

use super::lookups::LookupStore;
use super::prepare::Prepared;
use super::registry::{EngineGuard, Registry};
use crate::at_work::AtWork;
use crate::at_work::JobOutcome;
use crate::problems::internal;

/// How often a job is tried whose engine fails.
const ATTEMPTS: usize = 2;

/// A program's outputs.
pub struct Computed {
    /// The bytes of [`Outputs`].
    pub bytes: Vec<u8>,
    /// Who bootstrapped.
    pub engine: String,
    /// How long it took.
    pub took: Duration,
}

/// How an appliance answers for what it computes.
pub struct OutputSigner {
    /// It signs it.
    pub identity: Arc<ApplianceKey>,
    /// It shows what every lookup gave.
    pub lookups: LookupStore,
}

/// Computes what was prepared, unless it is stopped. An engine that fails is opened again, once.
pub async fn compute(
    registry: &Arc<Registry>,
    voucher: &Arc<OutputSigner>,
    prepared: Prepared,
    region: &Name,
    at_work: &AtWork,
) -> JobOutcome<Computed> {
    let prepared = Arc::new(prepared);
    let mut reason = String::new();
    for attempt in 1..=ATTEMPTS {
        let leased = tokio::select! {
            leased = registry.lease(prepared.claim.key, prepared.engine) => leased,
            () = at_work.stopped() => return JobOutcome::Stopped,
        };
        let error = match leased {
            Ok(lease) => match evaluate(&lease, voucher, &prepared, region, at_work).await {
                Ok(computed) => return JobOutcome::Done(computed),
                Err(Failure::Stopped) => return JobOutcome::Stopped,
                Err(Failure::NotKept(error)) => {
                    return JobOutcome::Failed(internal(&format!(
                        "lookups were not kept: {error}"
                    )));
                }
                Err(Failure::Engine(error)) => {
                    lease.discard();
                    error
                }
            },
            Err(error) => error,
        };
        tracing::warn!(%error, attempt, "the engine failed");
        reason = error;
    }
    JobOutcome::Failed(engine_failed(&reason))
}

enum Failure {
    Stopped,
    Engine(String),
    /// What the lookups gave could not be written.
    NotKept(io::Error),
}

impl From<BatchError> for Failure {
    fn from(error: BatchError) -> Self {
        match error {
            BatchError::Cancelled => Self::Stopped,
            error => Self::Engine(error.to_string()),
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
    let failed = |error: &dyn std::fmt::Display| Failure::Engine(error.to_string());
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
    match done {
        Ok(Ok(computed)) => Ok(computed),
        Ok(Err(failure)) => Err(failure),
        Err(error) => Err(failed(&error)),
    }
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
    Ok(Computed { bytes: outputs.signed(&voucher.identity).to_bytes(), engine, took })
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
