//! `/v1/evaluation-keys/{id}`: what bootstraps an authority's ciphertexts.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use pulseproof_sdk::Digest;
use pulseproof_sdk::api::EvaluationKeyInfo;
use pulseproof_store::keys::StoredKey;
use pulseproof_store::{Denial, StoreError};
use tokio::task::spawn_blocking;

use super::segment;
use super::uploads::{Expected, TakenIn, take_in};
use crate::app::App;
use crate::fhe::keys::{self, BYTES_MAX};
use crate::refusal::{Refusal, internal};
use crate::upkeep::remove_unneeded;

/// Takes in a key.
pub async fn put(
    State(app): State<Arc<App>>,
    path: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<StatusCode, Refusal> {
    let id: Digest = segment(&path?.0, "id")?;
    let expected = Expected::by_hash(id, "id", BYTES_MAX as u64);
    let held = match take_in(&app, request, expected).await? {
        TakenIn::Whole(held) => held,
        TakenIn::Piece(_) => return Ok(StatusCode::ACCEPTED),
    };
    if app.store.key(&id).await?.is_some() {
        return Ok(StatusCode::OK);
    }
    let blobs = Arc::clone(&app.blobs);
    // The place at the gate is kept while this holds the key, even if the client is gone.
    let parsing = spawn_blocking(move || {
        let parsed = keys::parse(&blobs, &id).map(|parsed| parsed.map(|key| key.listed()));
        (held, parsed)
    });
    let (held, parsed) = parsing.await?;
    let listed = match parsed.map_err(|error| internal(&error))? {
        Ok(key) => list(&app, id, key).await,
        Err(problem) => Err(problem.into()),
    };
    drop(held);
    if listed.is_err() {
        let _changing = app.blobs.changing.lock().await;
        remove_unneeded(&app, id).await?;
    }
    listed
}

/// Lists a key whose file is in its place.
async fn list(app: &App, id: Digest, key: StoredKey) -> Result<StatusCode, Refusal> {
    let _changing = app.blobs.changing.lock().await;
    let new = app.store.add_key(&id, &key, app.config.keys_max).await?;
    tracing::info!(%id, engine = %key.engine, "evaluation key");
    Ok(if new { StatusCode::CREATED } else { StatusCode::OK })
}

/// What is known of a key.
pub async fn show(
    State(app): State<Arc<App>>,
    path: Result<Path<String>, PathRejection>,
) -> Result<Json<EvaluationKeyInfo>, Refusal> {
    let id = segment(&path?.0, "id")?;
    let StoredKey { engine, fingerprint, bytes } =
        app.store.key(&id).await?.ok_or(StoreError::from(Denial::UnknownKey))?;
    let resident = app.registry.is_resident(id);
    Ok(Json(EvaluationKeyInfo { id, engine, bytes, fingerprint, resident }))
}

/// Forgets a key that no unfinished job needs.
pub async fn delete(
    State(app): State<Arc<App>>,
    path: Result<Path<String>, PathRejection>,
) -> Result<StatusCode, Refusal> {
    let id = segment(&path?.0, "id")?;
    let _changing = app.blobs.changing.lock().await;
    app.store.remove_key(&id).await?;
    app.registry.forget(id);
    remove_unneeded(&app, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
