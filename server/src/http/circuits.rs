//! `/v1/circuits`: what proofs can be made of.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Extension, Path, Request, State};
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use pulseproof_kernels::backend::BackendKind;
use pulseproof_sdk::groth16::{CircuitInfo, CircuitList, PartInfo, UploadState};
use pulseproof_sdk::{Digest, Name, Problem};
use pulseproof_service::{Client, body};
use pulseproof_store::circuits::StoredCircuit;
use pulseproof_store::{Denial, StoreError};
use tokio::task::spawn_blocking;

use super::document::FILES;
use super::segment;
use super::uploads::{Expected, TakenIn, take_in};
use crate::app::App;
use crate::groth16::cache::{CacheError, Wanted};
use crate::groth16::prover::{KeyError, KeyInfo, Part};
use crate::guard::Asking;
use crate::health::shortened;
use crate::pinned;
use crate::problems::{insecure_key, warning};
use crate::refusal::{Refusal, internal};
use crate::upkeep::remove_unneeded;

/// Takes in a circuit's key.
#[utoipa::path(
    put,
    path = "/v1/circuits/{name}",
    tag = "circuits",
    params(
        ("sha256" = Digest, Query, description = "SHA-256 of the file"),
    ),
    request_body(
        content = Vec<u8>, content_type = "application/octet-stream",
        description = "The `.zkey`, or a piece of it",
    ),
    responses(
        (status = 201, body = CircuitInfo, description = "New: the circuit"),
        (status = 200, body = CircuitInfo, description = "Known: the circuit"),
        (status = 202, body = UploadState, description = "More bytes are expected"),
    ),
    extensions((
        "x-problems" = json!([
            FILES,
            "404 unknown-circuit; 409 name-taken, too-many-circuits; 422 bad-key, insecure-key, \
             key-too-large"
        ])
    ))
)]
pub async fn put(
    State(app): State<Arc<App>>,
    path: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Response, Refusal> {
    let (name, client): (Name, _) = (segment(&path?.0, "name")?, Client::of(&request));
    let id = digest(request.uri())?;
    if let Err(error) = check_name(&app, &name, id).await {
        body::skip(request).await;
        return Err(error.into());
    }
    let limit = app.config.groth16.zkey_bytes_max;
    let held = match take_in(&app, request, Expected::by_hash(id, "sha256", limit)).await? {
        TakenIn::Whole(held) => held,
        TakenIn::Piece(state) => return Ok((StatusCode::ACCEPTED, Json(state)).into_response()),
    };
    // Goes on if the client is gone, because a key that is being loaded cannot be aborted.
    let adding = tokio::spawn(async move {
        let added = add(&app, &client, &name, id).await;
        drop(held);
        keep_or_remove(&app, id, added, &name).await
    });
    adding.await?
}

/// Refuses a key before it is read.
async fn check_name(app: &App, name: &Name, id: Digest) -> Result<(), StoreError> {
    let circuits = app.store.circuits().await?;
    let limit = app.config.groth16.circuits_max;
    match circuits.iter().find(|circuit| circuit.name == *name) {
        Some(found) if found.zkey.sha256 != id => Err(Denial::NameTaken(name.clone()).into()),
        None if circuits.len() >= limit => Err(Denial::TooManyCircuits(limit).into()),
        _ => Ok(()),
    }
}

/// Checks a key and lists its circuit: true if it is new.
async fn add(app: &App, client: &Client, name: &Name, id: Digest) -> Result<bool, Refusal> {
    if app.store.circuit(name).await?.is_some_and(|found| found.zkey.sha256 == id) {
        return Ok(false);
    }
    let known = app.store.circuits().await?.into_iter().find(|other| other.zkey.sha256 == id);
    let info = match known {
        Some(other) => other.info,
        None => check(app, id).await?,
    };
    if let Some(weakness) = info.weakness.filter(|_| !app.config.groth16.insecure_keys) {
        return Err(insecure_key(weakness, "body").into());
    }
    let bytes = app.blobs.length(&id).unwrap_or(0);
    let zkey = PartInfo { sha256: id, bytes };
    let circuit =
        StoredCircuit { name: name.clone(), info, zkey, wasm: None, r1cs: None, sym: None };
    let changing = app.blobs.changing.lock().await;
    let store = app.store.by(client.as_str());
    let new = store.add_circuit(&circuit, app.config.groth16.circuits_max).await?;
    drop(changing);
    tracing::info!(%name, %id, signals = info.signals, "circuit");
    if let Some(weakness) = info.weakness {
        tracing::warn!(%name, %weakness, "the circuit's key is INSECURE");
    }
    pinned::load(app, &circuit).await;
    Ok(new)
}

/// Checks all of a key, once for all circuits that have it.
async fn check(app: &App, key: Digest) -> Result<KeyInfo, Refusal> {
    let cache = &app.backends.cpu.cache;
    let leased = cache.lease(Wanted { key, checked: false, pinned: false }).await;
    let info = leased.map(|lease| lease.key().info()).map_err(|error| match error {
        CacheError::Key(KeyError::Bad(reason)) => {
            Problem::new(422, "bad-key", shortened(&reason)).field("body").into()
        }
        CacheError::Key(error @ KeyError::Failed(_)) => internal(&error),
        error @ CacheError::TooLarge { room, .. } => Refusal::from(
            Problem::new(422, "key-too-large", error.to_string()).field("body").limit(room),
        ),
    });
    if app.backends.primary().is_some() {
        // It is not there that it will be needed.
        cache.forget(&key);
    }
    info
}

/// Answers with the circuit, or removes what was received for nothing.
async fn keep_or_remove(
    app: &App,
    id: Digest,
    added: Result<bool, Refusal>,
    name: &Name,
) -> Result<Response, Refusal> {
    match added {
        Ok(new) => {
            let status = if new { StatusCode::CREATED } else { StatusCode::OK };
            Ok((status, Json(info(app, find(app, name).await?))).into_response())
        }
        Err(refusal) => {
            let _changing = app.blobs.changing.lock().await;
            remove_unneeded(app, id).await?;
            Err(refusal)
        }
    }
}

/// Takes in what computes a circuit's witnesses.
#[utoipa::path(
    put,
    path = "/v1/circuits/{name}/wasm",
    tag = "circuits",
    params(
        ("sha256" = Digest, Query, description = "SHA-256 of the file"),
    ),
    request_body(
        content = Vec<u8>, content_type = "application/octet-stream",
        description = "The `.wasm`, or a piece of it",
    ),
    responses(
        (status = 201, body = CircuitInfo, description = "New: the circuit"),
        (status = 200, body = CircuitInfo, description = "Known: the circuit"),
        (status = 202, body = UploadState, description = "More bytes are expected"),
    ),
    extensions(("x-problems" = json!([FILES, "404 unknown-circuit; 409 part-taken; 422 bad-wasm"])))
)]
pub async fn put_wasm(
    State(app): State<Arc<App>>,
    path: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Response, Refusal> {
    let limit = app.config.groth16.wasm_bytes_max;
    put_part(app, &path?.0, request, (Part::Wasm, limit)).await
}

/// Takes in a circuit's constraints.
#[utoipa::path(
    put,
    path = "/v1/circuits/{name}/r1cs",
    tag = "circuits",
    params(
        ("sha256" = Digest, Query, description = "SHA-256 of the file"),
    ),
    request_body(
        content = Vec<u8>, content_type = "application/octet-stream",
        description = "The `.r1cs`, or a piece of it",
    ),
    responses(
        (status = 201, body = CircuitInfo, description = "New: the circuit"),
        (status = 200, body = CircuitInfo, description = "Known: the circuit"),
        (status = 202, body = UploadState, description = "More bytes are expected"),
    ),
    extensions(("x-problems" = json!([FILES, "404 unknown-circuit; 409 part-taken; 422 bad-r1cs"])))
)]
pub async fn put_r1cs(
    State(app): State<Arc<App>>,
    path: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Response, Refusal> {
    let limit = app.config.groth16.r1cs_bytes_max;
    put_part(app, &path?.0, request, (Part::R1cs, limit)).await
}

/// Takes in the names of a circuit's signals.
#[utoipa::path(
    put,
    path = "/v1/circuits/{name}/sym",
    tag = "circuits",
    params(
        ("sha256" = Digest, Query, description = "SHA-256 of the file"),
    ),
    request_body(
        content = Vec<u8>, content_type = "application/octet-stream",
        description = "The `.sym`, or a piece of it",
    ),
    responses(
        (status = 201, body = CircuitInfo, description = "New: the circuit"),
        (status = 200, body = CircuitInfo, description = "Known: the circuit"),
        (status = 202, body = UploadState, description = "More bytes are expected"),
    ),
    extensions(("x-problems" = json!([FILES, "404 unknown-circuit; 409 part-taken; 422 bad-sym"])))
)]
pub async fn put_sym(
    State(app): State<Arc<App>>,
    path: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Response, Refusal> {
    let limit = app.config.groth16.sym_bytes_max;
    put_part(app, &path?.0, request, (Part::Sym, limit)).await
}

async fn put_part(
    app: Arc<App>,
    name: &str,
    request: Request,
    (part, limit): (Part, u64),
) -> Result<Response, Refusal> {
    let (name, client): (Name, _) = (segment(name, "name")?, Client::of(&request));
    let id = digest(request.uri())?;
    let circuit = match app.store.circuit(&name).await? {
        None => Err(Denial::UnknownCircuit),
        Some(found) => match found.part(part) {
            Some(other) if other.sha256 != id => {
                Err(Denial::PartTaken { name: name.clone(), part })
            }
            _ => Ok(found.info),
        },
    };
    let circuit = match circuit {
        Ok(circuit) => circuit,
        Err(denial) => {
            body::skip(request).await;
            return Err(StoreError::from(denial).into());
        }
    };
    let held = match take_in(&app, request, Expected::by_hash(id, "sha256", limit)).await? {
        TakenIn::Whole(held) => held,
        TakenIn::Piece(state) => return Ok((StatusCode::ACCEPTED, Json(state)).into_response()),
    };
    let adding = tokio::spawn(async move {
        let added = add_part(&app, &client, &name, (part, id), circuit).await;
        drop(held);
        keep_or_remove(&app, id, added, &name).await
    });
    adding.await?
}

async fn add_part(
    app: &App,
    client: &Client,
    name: &Name,
    (part, id): (Part, Digest),
    circuit: KeyInfo,
) -> Result<bool, Refusal> {
    let (blobs, circuits) = (Arc::clone(&app.blobs), Arc::clone(&app.backends.circuits));
    let inspecting = spawn_blocking(move || Ok(circuits.inspect(part, blobs.file(&id)?, &circuit)));
    let inspected = inspecting.await?.map_err(|error: std::io::Error| internal(&error))?;
    inspected.map_err(|reason| {
        let kind = match part {
            Part::Wasm => "bad-wasm",
            Part::R1cs => "bad-r1cs",
            Part::Sym => "bad-sym",
        };
        Problem::new(422, kind, shortened(&reason)).field("body")
    })?;
    let bytes = app.blobs.length(&id).unwrap_or(0);
    let _changing = app.blobs.changing.lock().await;
    let store = app.store.by(client.as_str());
    Ok(store.add_part(name, part, PartInfo { sha256: id, bytes }).await?)
}

/// All circuits.
#[utoipa::path(
    get,
    path = "/v1/circuits",
    tag = "circuits",
    responses(
        (status = 200, body = CircuitList, description = "All of them"),
    ),
)]
pub async fn list(State(app): State<Arc<App>>) -> Result<Json<CircuitList>, Refusal> {
    let circuits = app.store.circuits().await?;
    let circuits = circuits.into_iter().map(|circuit| info(&app, circuit)).collect();
    Ok(Json(CircuitList { circuits }))
}

/// What is known of a circuit.
#[utoipa::path(
    get,
    path = "/v1/circuits/{name}",
    tag = "circuits",
    responses(
        (status = 200, body = CircuitInfo, description = "The circuit"),
    ),
    extensions(("x-problems" = json!("404 unknown-circuit")))
)]
pub async fn show(
    State(app): State<Arc<App>>,
    path: Result<Path<String>, PathRejection>,
) -> Result<Json<CircuitInfo>, Refusal> {
    let name: Name = segment(&path?.0, "name")?;
    Ok(Json(info(&app, find(&app, &name).await?)))
}

/// Forgets a circuit that no unfinished job needs, and its files unless another circuit has them.
#[utoipa::path(
    delete,
    path = "/v1/circuits/{name}",
    tag = "circuits",
    responses(
        (status = 204, description = "Forgotten"),
    ),
    extensions(("x-problems" = json!("404 unknown-circuit; 409 circuit-in-use; 507 disk-full")))
)]
pub async fn delete(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Asking>,
    path: Result<Path<String>, PathRejection>,
) -> Result<StatusCode, Refusal> {
    let name: Name = segment(&path?.0, "name")?;
    let _changing = app.blobs.changing.lock().await;
    let removed = app.store.by(&caller.name).remove_circuit(&name).await?;
    if !app.store.is_needed(&removed.zkey.sha256).await? {
        app.backends.forget(&removed.zkey.sha256);
    }
    for file in removed.files() {
        remove_unneeded(&app, file).await?;
    }
    tracing::info!(%name, "circuit removed");
    Ok(StatusCode::NO_CONTENT)
}

/// A circuit, which has to be there.
pub async fn find(app: &App, name: &Name) -> Result<StoredCircuit, Refusal> {
    Ok(app.store.circuit(name).await?.ok_or(StoreError::from(Denial::UnknownCircuit))?)
}

fn info(app: &App, circuit: StoredCircuit) -> CircuitInfo {
    let StoredCircuit { name, info, zkey, wasm, r1cs, sym } = circuit;
    let KeyInfo { curve, signals, public, domain_log, contributions, weakness } = info;
    let resident = |(kind, resident): (BackendKind, bool)| (kind.to_string(), resident);
    let resident: BTreeMap<_, _> = app
        .backends
        .all()
        .map(|backend| resident((backend.kind, backend.cache.is_resident(&zkey.sha256))))
        .collect();
    let warning = weakness.map(warning);
    let curve = curve.to_string();
    CircuitInfo {
        name,
        curve,
        signals,
        public,
        domain_log,
        contributions,
        key: zkey,
        wasm,
        r1cs,
        sym,
        resident,
        warning,
    }
}

/// The hash in `?sha256=`, in its one canonical spelling.
fn digest(uri: &Uri) -> Result<Digest, Problem> {
    match uri.query().unwrap_or_default().strip_prefix("sha256=") {
        Some(text) => segment(text, "sha256"),
        None => {
            let detail = "say what the file's SHA-256 is: ?sha256= and 64 hexadecimal digits";
            Err(Problem::new(400, "malformed", detail).field("sha256"))
        }
    }
}
