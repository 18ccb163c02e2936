//! Jobs that prove circuits, as they are asked for.

use std::sync::Arc;

use pulseproof_sdk::api::{Job, JobRequest};
use pulseproof_sdk::groth16::{Groth16Request, Inputs};
use pulseproof_sdk::{Digest, Problem};
use rand::RngCore;
use rand::rngs::OsRng;
use serde_json::Value;
use tokio::task::spawn_blocking;
use zeroize::Zeroizing;

use super::answer::{Refusal, internal};
use super::jobs::{new_id, no_randomness};
use super::witnesses::unknown_witness;
use crate::app::App;
use crate::blobs::upkeep::remove_unneeded;
use crate::groth16::work::no_wasm;
use crate::store::circuits::insecure_key;
use crate::store::groth16_jobs::{Secret, unknown_circuit};

/// Queues a proof. What is secret of the request goes into a file, and nowhere else.
pub async fn queue(app: &Arc<App>, request: Groth16Request) -> Result<Job, Refusal> {
    let Groth16Request { circuit, inputs, witness } = request;
    let found = app.store.circuit(&circuit).await?.ok_or_else(unknown_circuit)?;
    if let Some(weakness) = found.info.weakness.filter(|_| !app.config.groth16.insecure_keys) {
        return Err(insecure_key(weakness, "circuit").into());
    }
    let unfinished_max = app.config.groth16.jobs_unfinished_max;
    app.store.check_groth16_room(unfinished_max).await??;
    let secret = match (inputs, witness) {
        (Some(inputs), None) if found.wasm.is_some() => Secret::Inputs(write(app, inputs).await?),
        (Some(_), None) => return Err(no_wasm().into()),
        (None, Some(token)) => Secret::Witness(token.id()),
        _ => return Err(both_or_neither().into()),
    };
    let id = new_id()?;
    let request = Groth16Request { circuit, inputs: None, witness: None };
    if let Err(refusal) = create(app, &id, &request, secret).await {
        if let Secret::Inputs(inputs) = secret {
            let _changing = app.blobs.changing.lock().await;
            remove_unneeded(app, inputs).await?;
        }
        return Err(refusal);
    }
    app.proofs.queued.notify_one();
    Ok(Job::queued(id, JobRequest::Groth16(request)))
}

async fn create(
    app: &App,
    id: &str,
    request: &Groth16Request,
    secret: Secret,
) -> Result<(), Refusal> {
    // No other job that ends removes the witness meanwhile.
    let _changing = app.blobs.changing.lock().await;
    if let Secret::Witness(witness) = secret
        && app.blobs.length(&witness).is_none()
    {
        return Err(unknown_witness("witness").into());
    }
    let unfinished_max = app.config.groth16.jobs_unfinished_max;
    Ok(app.store.create_groth16_job(id, request, secret, unfinished_max).await??)
}

/// Writes inputs to a file with a random name: their hash could tell what they are.
async fn write(app: &App, inputs: Inputs) -> Result<Digest, Refusal> {
    check(&inputs)?;
    let mut id = [0; 32];
    OsRng.try_fill_bytes(&mut id).map_err(|error| no_randomness(&error))?;
    let (id, blobs) = (Digest(id), Arc::clone(&app.blobs));
    let text = Zeroizing::new(inputs.0.to_string());
    let writing = spawn_blocking(move || blobs.write(&id, text.as_bytes()));
    writing.await?.map_err(|error| internal(&error))?;
    Ok(id)
}

fn check(inputs: &Inputs) -> Result<(), Problem> {
    let refuse = |detail: &str| Err(Problem::new(422, "bad-inputs", detail).field("inputs"));
    if !inputs.0.is_object() {
        return refuse("expected an object with a field for each of the circuit's inputs");
    }
    if has_fraction(&inputs.0) {
        return refuse("a number is no integer of 64 bits: write others as strings of digits");
    }
    Ok(())
}

/// Whether there is a number that JSON has rounded, or may have.
fn has_fraction(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.is_f64(),
        Value::Array(values) => values.iter().any(has_fraction),
        Value::Object(fields) => fields.values().any(has_fraction),
        Value::Null | Value::Bool(_) | Value::String(_) => false,
    }
}

fn both_or_neither() -> Problem {
    let detail = "say either the inputs or which witness";
    Problem::new(422, "bad-job", detail).field("inputs")
}
