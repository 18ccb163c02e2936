//! Jobs that prove circuits: from the request to the proof in snarkjs's JSON. What is secret of a request goes into a
//! file, and nowhere else.

use std::io::Read;
use std::sync::Arc;
use std::time::Instant;

use pulseproof_sdk::api::JobRequest;
use pulseproof_sdk::groth16::{Groth16Proof, Groth16Request, Inputs};
use pulseproof_sdk::{Digest, Problem};
use pulseproof_store::circuits::StoredCircuit;
use pulseproof_store::jobs::{Ask, JobDetails, JobKind, Lease, Room};
use pulseproof_store::proofs::Secret;
use pulseproof_store::{Denial, StoreError};
use rand::RngCore;
use rand::rngs::OsRng;
use tokio::task::spawn_blocking;
use zeroize::Zeroizing;

use super::JobHandler;
use super::aggregate::micros;
use crate::app::App;
use crate::at_work::AtWork;
use crate::at_work::JobOutcome;
use crate::groth16::prove::{Made, Source, prove};
use crate::groth16::prover::Proved;
use crate::health::shortened;
use crate::pinned::is_pinned;
use crate::problems::unknown_witness;
use crate::problems::{insecure_key, internal};
use crate::problems::{no_randomness, warning};
use crate::refusal::{self, Refusal};
use crate::telemetry;
use crate::upkeep::{self, remove_unneeded};

/// Proofs of circuits.
pub struct ProofJobs;

impl JobHandler for ProofJobs {
    type Request = Groth16Request;
    type Output = (Made, Option<String>);
    const KIND: JobKind = JobKind::Groth16;
    const CANCELLABLE: bool = true;

    async fn admit(app: &Arc<App>, ask: &Ask, request: Groth16Request) -> Result<String, Refusal> {
        let Groth16Request { circuit, inputs, witness } = request;
        let found = app.store.circuit(&circuit).await?;
        let found = found.ok_or(StoreError::from(Denial::CircuitNotThere))?;
        if let Some(weakness) = found.info.weakness.filter(|_| !app.config.groth16.insecure_keys) {
            return Err(insecure_key(weakness, "circuit").into());
        }
        let room = Room::new(app.config.groth16.jobs_unfinished_max);
        app.store.check_room(JobKind::Groth16, &ask.client, room).await?;
        let secret = match (inputs, witness) {
            (Some(inputs), None) if found.wasm.is_some() => {
                Secret::Inputs(write(app, inputs).await?)
            }
            (Some(_), None) => return Err(no_wasm().into()),
            (None, Some(token)) => Secret::Witness(token.id()),
            _ => return Err(both_or_neither().into()),
        };
        let request = Groth16Request { circuit, inputs: None, witness: None };
        let created = create(app, ask, &request, secret).await;
        // A job that was asked for before has its own.
        let is_kept = created.as_ref().is_ok_and(|id| *id == ask.id);
        if let (false, Secret::Inputs(inputs)) = (is_kept, secret) {
            let _changing = app.blobs.changing.lock().await;
            remove_unneeded(app, inputs).await?;
        }
        created
    }

    fn jobs_max(app: &App) -> usize {
        app.config.groth16.jobs_max
    }

    async fn work(
        app: &Arc<App>,
        lease: &Lease,
        request: JobRequest,
        at_work: &AtWork,
    ) -> Result<JobOutcome<Self::Output>, StoreError> {
        let JobRequest::Groth16(request) = request else {
            return Ok(JobOutcome::Failed(internal("a stored proof is none")));
        };
        let circuit = app.store.circuit(&request.circuit).await?.ok_or(Denial::CircuitNotThere)?;
        let source = match app.store.secret(&lease.id).await? {
            None => Err(internal("an unfinished proof has no inputs")),
            Some(Secret::Witness(witness)) => Ok(Source::File(witness)),
            Some(Secret::Inputs(inputs)) => {
                at_work.begins("witness");
                compute(app, &circuit, inputs).await
            }
        };
        let source = match source {
            Ok(source) => source,
            Err(problem) => return Ok(JobOutcome::Failed(problem)),
        };
        // Neither a witness nor a proof that is being computed can be given up.
        if at_work.is_stopped() {
            return Ok(JobOutcome::Stopped);
        }
        at_work.begins("proving");
        let pinned = is_pinned(app, &circuit);
        let made = prove(&app.backends, &app.blobs, &circuit, pinned, &source).await;
        let warning = circuit.info.weakness.map(warning);
        Ok(made.map_or_else(JobOutcome::Failed, |made| JobOutcome::Done((made, warning))))
    }

    async fn finish(app: &App, lease: &Lease, output: Self::Output) -> Result<bool, StoreError> {
        let (Made { proved, backend, retried }, warning) = output;
        let Proved { proof, public, prove, verify } = proved;
        let result = serde_json::to_vec(&Groth16Proof { proof, public, warning });
        let reason = |error: serde_json::Error| error.to_string();
        let result = result
            .map_err(|error| StoreError::Corrupt { field: "result", reason: reason(error) })?;
        let facts = JobDetails {
            backend: Some(backend.to_string()),
            prove_us: Some(micros(prove)),
            verify_us: Some(micros(verify)),
            retried,
            ..JobDetails::default()
        };
        let done = app.store.finish(lease, &result, &facts).await?;
        if done {
            telemetry::groth16_proved(backend, prove, verify);
            tracing::info!(?prove, ?verify, %backend, "proved");
        }
        Ok(done)
    }

    async fn ended(app: &Arc<App>) {
        upkeep::discard_secrets(app).await;
    }
}

async fn create(
    app: &App,
    ask: &Ask,
    request: &Groth16Request,
    secret: Secret,
) -> Result<String, Refusal> {
    // No other job that ends removes the witness meanwhile.
    let _changing = app.blobs.changing.lock().await;
    if let Secret::Witness(witness) = secret
        && app.blobs.length(&witness).is_none()
    {
        return Err(unknown_witness("witness").into());
    }
    let room = Room::new(app.config.groth16.jobs_unfinished_max);
    Ok(app.store.create_proof(ask, request, secret, room).await?)
}

/// Writes inputs to a file with a random name: their hash could reveal what they are.
async fn write(app: &App, inputs: Inputs) -> Result<Digest, Refusal> {
    check(&inputs)?;
    let mut id = [0; 32];
    OsRng.try_fill_bytes(&mut id).map_err(|error| no_randomness(&error))?;
    let (id, blobs) = (Digest(id), Arc::clone(&app.blobs));
    let writing = spawn_blocking(move || blobs.write(&id, inputs.text().as_bytes()));
    writing.await?.map_err(|error| refusal::of_disk(&error))?;
    Ok(id)
}

fn check(inputs: &Inputs) -> Result<(), Problem> {
    let refuse = |detail: &str| Err(Problem::new(422, "bad-inputs", detail).field("inputs"));
    if !inputs.is_object() {
        return refuse("expected an object with a field for each of the circuit's inputs");
    }
    if inputs.has_fraction() {
        return refuse("a number is no integer of 64 bits: write others as strings of digits");
    }
    Ok(())
}

fn both_or_neither() -> Problem {
    let detail = "say either the inputs or which witness";
    Problem::new(422, "bad-job", detail).field("inputs")
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

/// The circuit cannot take inputs.
pub fn no_wasm() -> Problem {
    let detail = "the circuit has no .wasm to compute a witness from inputs: PUT it to \
                  /v1/circuits/{name}/wasm, or send a witness";
    Problem::new(422, "no-wasm", detail).field("inputs")
}

fn bad_inputs(reason: &str) -> Problem {
    Problem::new(422, "bad-inputs", shortened(reason)).field("inputs")
}
