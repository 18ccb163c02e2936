//! One proof: on the primary backend, and if that fails on the CPU, whose word is final.

use std::io;
use std::sync::Arc;
use std::time::Instant;

use pulseproof_groth16::prove::KEY_AT_FAULT;
use pulseproof_kernels::backend::BackendKind;
use pulseproof_sdk::api::Retried;
use pulseproof_sdk::{Digest, Problem};
use pulseproof_store::circuits::StoredCircuit;
use tokio::task::spawn_blocking;
use zeroize::Zeroizing;

use super::backends::{Backends, NoProof};
use super::cache::{CacheError, Wanted};
use super::prover::{ProveError, Proved, Unsatisfied, Witness};
use crate::blobs::Blobs;
use crate::health::{self, shortened};
use crate::problems::internal;

/// Where a witness is.
#[derive(Clone)]
pub enum Source {
    /// In an uploaded file.
    File(Digest),
    /// Computed from inputs.
    Values(Arc<Zeroizing<Vec<u64>>>),
}

impl Source {
    /// The part of the request that it comes from.
    pub fn field(&self) -> &'static str {
        match self {
            Self::File(_) => "witness",
            Self::Values(_) => "inputs",
        }
    }

    fn open(&self, blobs: &Blobs) -> io::Result<Witness> {
        match self {
            Self::File(id) => blobs.file(id).map(Witness::File),
            Self::Values(values) => Ok(Witness::Values(Arc::clone(values))),
        }
    }
}

/// A proof, and how it came about.
pub struct Made {
    /// The proof.
    pub proved: Proved,
    /// Who made it.
    pub backend: BackendKind,
    /// Who failed at it.
    pub retried: Option<Retried>,
}

/// Proves a circuit.
///
/// # Errors
/// The job's problem.
pub async fn prove(
    backends: &Backends,
    blobs: &Arc<Blobs>,
    circuit: &StoredCircuit,
    pinned: bool,
    source: &Source,
) -> Result<Made, Problem> {
    let wanted = Wanted { key: circuit.zkey.sha256, checked: true, pinned };
    let witness = || {
        let (source, blobs) = (source.clone(), Arc::clone(blobs));
        move || source.open(&blobs)
    };
    let (mut retried, begun) = (None, Instant::now());
    if let Some(primary) = backends.primary() {
        let backend = primary.kind;
        match primary.prove(wanted, witness()).await {
            Ok(proved) => return Ok(Made { proved, backend, retried: None }),
            Err(NoProof::Source(error)) => return Err(internal(&error.to_string())),
            Err(NoProof::Prove(ProveError::Witness(reason))) => {
                return Err(bad_witness(source, &reason));
            }
            // No fault of the backend's: it is only too small.
            Err(NoProof::Key(error @ CacheError::TooLarge { .. })) => {
                tracing::info!(%error, %backend, "the CPU proves instead");
            }
            Err(error) => retried = Some((backend, health::retried(backend, &error.to_string()))),
        }
    }
    match backends.cpu.prove(wanted, witness()).await {
        Ok(proved) => {
            let retried = retried.map(|(failed, retried): (_, Retried)| {
                backends.health.failed(failed, begun, &retried.reason);
                retried
            });
            Ok(Made { proved, backend: backends.cpu.kind, retried })
        }
        Err(NoProof::Prove(ProveError::Witness(reason))) => Err(bad_witness(source, &reason)),
        Err(NoProof::Prove(ProveError::Rejected)) => {
            Err(unsatisfied(backends, blobs, circuit, source).await)
        }
        Err(NoProof::Source(error)) => Err(internal(&error.to_string())),
        Err(NoProof::Key(error @ CacheError::TooLarge { room, .. })) => {
            Err(Problem::new(422, "key-too-large", error.to_string()).field("circuit").limit(room))
        }
        Err(error) => Err(backend_failed(&error)),
    }
}

/// The problem of a witness whose proof does not verify.
async fn unsatisfied(
    backends: &Backends,
    blobs: &Arc<Blobs>,
    circuit: &StoredCircuit,
    source: &Source,
) -> Problem {
    let detail = "the witness does not satisfy the circuit";
    let problem = |detail: &str| Problem::new(422, "unsatisfied", detail);
    let Some(r1cs) = circuit.r1cs else {
        let hint = "; with the circuit's .r1cs uploaded, the constraint would be named";
        return problem(&format!("{detail}{hint}")).field(source.field());
    };
    let (circuits, blobs, sym) = (Arc::clone(&backends.circuits), Arc::clone(blobs), circuit.sym);
    let (field, source) = (source.field(), source.clone());
    let looking = spawn_blocking(move || {
        let failed = |error: io::Error| error.to_string();
        let file = blobs.file(&r1cs.sha256).map_err(failed)?;
        let sym = sym.map(|sym| blobs.file(&sym.sha256)).transpose().map_err(failed)?;
        circuits.first_unsatisfied(file, source.open(&blobs).map_err(failed)?, sym)
    });
    match looking.await.unwrap_or_else(|error| Err(error.to_string())) {
        Ok(Some(Unsatisfied { constraint, signals })) => {
            let about = match signals.as_slice() {
                [] => String::new(),
                signals => format!(", of {}", signals.join(", ")),
            };
            let detail = format!("{detail}: constraint {constraint} does not hold{about}");
            problem(&shortened(&detail)).field(format!("constraints[{constraint}]"))
        }
        Ok(None) => problem(KEY_AT_FAULT).field("circuit"),
        Err(reason) => {
            let reason = shortened(&reason);
            problem(&format!("{detail}; which constraint was not found out: {reason}")).field(field)
        }
    }
}

fn bad_witness(source: &Source, reason: &str) -> Problem {
    Problem::new(422, "bad-witness", shortened(reason)).field(source.field())
}

fn backend_failed(error: &NoProof) -> Problem {
    let Problem { detail, .. } = internal(&error.to_string());
    Problem::new(500, "backend-failed", detail).field("circuit")
}
