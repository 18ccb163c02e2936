//! `/v1/evaluation-keys/{id}`: what bootstraps an authority's ciphertexts.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use pulseproof_kernels::Curve;
use pulseproof_sdk::api::EvaluationKeyInfo;
use pulseproof_sdk::{Digest, Problem};
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use super::answer::{Refusal, internal};
use super::jobs::new_id;
use super::{body, segment};
use crate::app::App;
use crate::fhe::keys::{BYTES_MAX, Part};
use crate::store::keys::{StoredKey, no_such_key};

/// Chunks of a body that may wait to be written.
const CHUNKS_WAITING_MAX: usize = 16;

/// Takes in a key, on disk from the first byte on.
pub async fn put<C: Curve>(
    State(app): State<Arc<App<C>>>,
    path: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<StatusCode, Refusal> {
    let id: Digest = segment(&path?.0, "id")?;
    let permit = app.key_gate.enter().await?;
    let part = app.keys.begin(&new_id()?).map_err(|error| internal(&error))?;
    let part = Arc::new(part);
    receive(&app, request, &part, id).await?;
    let parsing = Arc::clone(&part);
    let key = spawn_blocking(move || {
        // The place at the gate is kept while this holds the key, even if the client is gone.
        (permit, parsing.parse().map(|parsed| parsed.map(|key| key.listed())))
    });
    let (_permit, parsed) = key.await?;
    let key = parsed.map_err(|error| internal(&error))??;
    store(&app, part, id, key).await
}

/// Writes a body to a file and checks that it has the name it should have.
async fn receive<C: Curve>(
    app: &App<C>,
    request: Request,
    part: &Arc<Part>,
    id: Digest,
) -> Result<(), Refusal> {
    let (chunks, receiver) = mpsc::channel(CHUNKS_WAITING_MAX);
    let part = Arc::clone(part);
    let writing = spawn_blocking(move || part.receive(receiver));
    let read = body::stream(request, BYTES_MAX, app.config.key_timeout, chunks).await;
    let found = writing.await?.map_err(|error| internal(&error))?;
    read?;
    if found == id {
        return Ok(());
    }
    let detail = format!("SHA-256 of the body is {found}");
    Err(Problem::new(422, "wrong-digest", detail).field("id").into())
}

/// Puts the file in its place and lists it.
async fn store<C: Curve>(
    app: &Arc<App<C>>,
    part: Arc<Part>,
    id: Digest,
    key: StoredKey,
) -> Result<StatusCode, Refusal> {
    let _changing = app.keys.changing.lock().await;
    if app.store.key(&id).await?.is_some() {
        return Ok(StatusCode::OK);
    }
    let keys = Arc::clone(&app.keys);
    let finished = spawn_blocking(move || keys.finish(&part, &id)).await?;
    finished.map_err(|error| internal(&error))?;
    match app.store.add_key(&id, &key, app.config.keys_max).await? {
        Ok(_) => {
            tracing::info!(%id, engine = %key.engine, "evaluation key");
            Ok(StatusCode::CREATED)
        }
        Err(problem) => {
            app.keys.remove(&id).map_err(|error| internal(&error))?;
            Err(problem.into())
        }
    }
}

/// What is known of a key.
pub async fn show<C: Curve>(
    State(app): State<Arc<App<C>>>,
    path: Result<Path<String>, PathRejection>,
) -> Result<Json<EvaluationKeyInfo>, Refusal> {
    let id = segment(&path?.0, "id")?;
    let StoredKey { engine, fingerprint, bytes } =
        app.store.key(&id).await?.ok_or_else(no_such_key)?;
    let resident = app.registry.is_resident(id);
    Ok(Json(EvaluationKeyInfo { id, engine, bytes, fingerprint, resident }))
}

/// Forgets a key that no unfinished job needs.
pub async fn delete<C: Curve>(
    State(app): State<Arc<App<C>>>,
    path: Result<Path<String>, PathRejection>,
) -> Result<StatusCode, Refusal> {
    let id = segment(&path?.0, "id")?;
    let _changing = app.keys.changing.lock().await;
    app.store.remove_key(&id).await??;
    app.registry.forget(id);
    app.keys.remove(&id).map_err(|error| internal(&error))?;
    Ok(StatusCode::NO_CONTENT)
}
