//! What verifiers of a circuit's proofs need: `/v1/circuits/{name}/verification-key`, `/verifier.sol` and
//! `/public-signals`.

use std::fs::File;
use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use pulseproof_sdk::groth16::PublicSignals;
use pulseproof_sdk::{Digest, Problem};
use tokio::task::spawn_blocking;

use super::circuits::find;
use super::segment;
use crate::app::App;
use crate::groth16::prover::Circuits;
use crate::refusal::{Refusal, internal};

type Named = Result<Path<String>, PathRejection>;

/// The verification key, as snarkjs writes it.
#[utoipa::path(
    get,
    path = "/v1/circuits/{name}/verification-key",
    tag = "circuits",
    responses(
        (
            status = 200, body = Value,
            description = "snarkjs's `verification_key.json`, byte for byte",
        ),
    ),
    extensions(("x-problems" = json!("404 unknown-circuit")))
)]
pub async fn key(State(app): State<Arc<App>>, path: Named) -> Result<Response, Refusal> {
    let circuit = find(&app, &segment(&path?.0, "name")?).await?;
    let zkey = circuit.zkey.sha256;
    let text = look(&app, zkey, |circuits, file| circuits.verification_key(file)).await?;
    Ok(([(CONTENT_TYPE, "application/json")], text).into_response())
}

/// The contract that verifies its proofs.
#[utoipa::path(
    get,
    path = "/v1/circuits/{name}/verifier.sol",
    tag = "circuits",
    responses(
        (status = 200, body = String, content_type = "text/plain", description = "The contract"),
    ),
    extensions(("x-problems" = json!("404 unknown-circuit; 422 too-many-inputs")))
)]
pub async fn contract(State(app): State<Arc<App>>, path: Named) -> Result<Response, Refusal> {
    let circuit = find(&app, &segment(&path?.0, "name")?).await?;
    let zkey = circuit.zkey.sha256;
    let text = look(&app, zkey, |circuits, file| circuits.contract(file)).await?;
    let text = text.map_err(|error| {
        let limit = error.limit as u64;
        Problem::new(422, "too-many-inputs", error.to_string()).field("name").limit(limit)
    })?;
    Ok(([(CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response())
}

/// The names of its public signals.
#[utoipa::path(
    get,
    path = "/v1/circuits/{name}/public-signals",
    tag = "circuits",
    responses(
        (
            status = 200, body = PublicSignals,
            description = "Their names, in the order of `public.json`",
        ),
    ),
    extensions(("x-problems" = json!("404 no-sym, unknown-circuit")))
)]
pub async fn public_signals(
    State(app): State<Arc<App>>,
    path: Named,
) -> Result<Json<PublicSignals>, Refusal> {
    let circuit = find(&app, &segment(&path?.0, "name")?).await?;
    let Some(sym) = circuit.sym else {
        let detail =
            "the circuit has no .sym, which has the names: PUT it to /v1/circuits/{name}/sym";
        return Err(Problem::new(404, "no-sym", detail).field("name").into());
    };
    let public = circuit.info.public;
    let names =
        look(&app, sym.sha256, move |circuits, file| circuits.public_names(file, public)).await?;
    Ok(Json(PublicSignals { names }))
}

/// Looks at a file that was checked when it came: if it is no good now, that is the appliance's fault.
async fn look<T: Send + 'static>(
    app: &App,
    file: Digest,
    at: impl FnOnce(&dyn Circuits, File) -> Result<T, String> + Send + 'static,
) -> Result<T, Refusal> {
    let (blobs, circuits) = (Arc::clone(&app.blobs), Arc::clone(&app.backends.circuits));
    let looking = spawn_blocking(move || {
        let file = blobs.file(&file)?;
        at(&*circuits, file).map_err(std::io::Error::other)
    });
    looking.await?.map_err(|error| internal(&error))
}
