//! Jobs that prove circuits: from the request to the proof in snarkjs's JSON.

use std::io::Read;
use std::sync::Arc;
use std::time::Instant;

use pulseproof_groth16::Weakness;
use pulseproof_sdk::groth16::{Groth16Proof, Groth16Request};
use pulseproof_sdk::{Digest, Problem};
use tokio::sync::watch;
use tokio::task::spawn_blocking;
use zeroize::Zeroizing;

use super::pinned::is_pinned;
use super::prove::{Made, Source, prove};
use super::prover::Proved;
use crate::app::App;
use crate::blobs::upkeep;
use crate::problems::internal;
use crate::runner::{Lane, Outcome, Work};
use crate::service::shortened;
use crate::store::StoreError;
use crate::store::circuits::StoredCircuit;
use crate::store::groth16_jobs::{Proof, Secret, unknown_circuit};
use crate::store::queue::{Queue, Taken};
use crate::telemetry;

/// Proofs of circuits.
pub struct Proofs;

impl Work for Proofs {
    type Output = Proof;
    const QUEUE: Queue = Queue::Groth16;
    const NAME: &'static str = "proof";

    fn lane(app: &App) -> &Lane {
        &app.proofs
    }

    fn jobs_max(app: &App) -> usize {
        app.config.groth16.jobs_max
    }

    async fn work(
        app: &Arc<App>,
        job: &Taken,
        stop: watch::Receiver<bool>,
    ) -> Result<Outcome<Proof>, StoreError> {
        let (circuit, source) = match prepare(app, job).await? {
            Ok(prepared) => prepared,
            Err(problem) => return Ok(Outcome::Failed(problem)),
        };
        // Neither a witness nor a proof that is being computed can be given up.
        if *stop.borrow() {
            return Ok(Outcome::Stopped);
        }
        let pinned = is_pinned(app, &circuit);
        let made = prove(&app.backends, &app.blobs, &circuit, pinned, &source).await;
        let warning = circuit.info.weakness.map(warning);
        Ok(match made.and_then(|made| proof(made, warning)) {
            Ok(proof) => Outcome::Done(proof),
            Err(problem) => Outcome::Failed(problem),
        })
    }

    async fn release(app: &App, id: &str, proof: Proof) -> Result<bool, StoreError> {
        let done = app.store.finish_groth16(id, &proof).await?;
        if done {
            telemetry::groth16_proved(proof.backend, proof.prove, proof.verify);
        }
        Ok(done)
    }

    async fn ended(app: &Arc<App>) {
        upkeep::discard_secrets(app).await;
    }
}

/// The circuit of a job, and its witness.
async fn prepare(
    app: &Arc<App>,
    job: &Taken,
) -> Result<Result<(StoredCircuit, Source), Problem>, StoreError> {
    let request: Groth16Request = match job.parse() {
        Ok(request) => request,
        Err(error) => return Ok(Err(internal(&error.to_string()))),
    };
    let Some(circuit) = app.store.circuit(&request.circuit).await? else {
        return Ok(Err(unknown_circuit()));
    };
    let Some(secret) = app.store.groth16_secret(&job.id).await? else {
        return Ok(Err(internal("an unfinished proof has no inputs")));
    };
    let source = match secret {
        Secret::Witness(witness) => Ok(Source::File(witness)),
        Secret::Inputs(inputs) => compute(app, &circuit, inputs).await,
    };
    Ok(source.map(|source| (circuit, source)))
}

/// Computes the witness from the inputs in a file.
async fn compute(
    app: &Arc<App>,
    circuit: &StoredCircuit,
    inputs: Digest,
) -> Result<Source, Problem> {
    let Some(wasm) = circuit.wasm else { return Err(no_wasm()) };
    let (blobs, circuits) = (Arc::clone(&app.blobs), Arc::clone(&app.backends.circuits));
    let computing = spawn_blocking(move || {
        let start = Instant::now();
        let failed = |error: &dyn std::fmt::Display| internal(&format!("inputs: {error}"));
        let mut text = Zeroizing::new(Vec::new());
        let read = blobs.file(&inputs).and_then(|mut file| file.read_to_end(&mut text));
        read.map_err(|error| failed(&error))?;
        let inputs = serde_json::from_slice(&text)
            .map_err(|error| failed(&format_args!("{:?}", error.classify())))?;
        let wasm = blobs.file(&wasm.sha256).map_err(|error| failed(&error))?;
        let values = circuits.witness(wasm, &inputs).map_err(|reason| bad_inputs(&reason))?;
        telemetry::witness_computed(start.elapsed());
        Ok(Source::Values(Arc::new(values)))
    });
    computing.await.unwrap_or_else(|error| Err(internal(&error.to_string())))
}

/// What is said with everything that depends on a key that is a toy.
pub fn warning(weakness: Weakness) -> String {
    format!("INSECURE key: {weakness}")
}

fn proof(made: Made, warning: Option<String>) -> Result<Proof, Problem> {
    let Made { proved: Proved { proof, public, prove, verify }, backend, retried } = made;
    let result = serde_json::to_vec(&Groth16Proof { proof, public, warning });
    let result = result.map_err(|error| internal(&error.to_string()))?;
    tracing::info!(?prove, ?verify, %backend, "proved");
    Ok(Proof { result, backend, prove, verify, retried })
}

/// The circuit cannot take inputs.
pub fn no_wasm() -> Problem {
    let detail = "the circuit has no .wasm to compute a witness from inputs: PUT it to \
                  /v1/circuits/{name}/wasm, or send a witness";
    Problem::new(422, "no-wasm", detail).field("inputs")
}

fn bad_inputs(reason: &str) -> Problem {
    Problem::new(422, "bad-inputs", shortened(reason)).field("inputs")
}
