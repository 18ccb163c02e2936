//! `/v1/evaluation-keys/{id}`: what bootstraps an authority's ciphertexts.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Extension, Path, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use pulseproof_sdk::Digest;
use pulseproof_sdk::api::EvaluationKeyInfo;
use pulseproof_sdk::groth16::UploadState;
use pulseproof_service::Client;
use pulseproof_store::keys::StoredKey;
use pulseproof_store::{Denial, StoreError};
use tokio::task::spawn_blocking;

use super::document::FILES;
use super::segment;
use super::uploads::{Expected, Held, TakenIn, take_in};
use crate::app::App;
use crate::fhe::keys::{self, BYTES_MAX};
use crate::guard::Asking;
use crate::refusal::{Refusal, internal};
use crate::upkeep::remove_unneeded;

/// Takes in a key.
#[utoipa::path(
    put,
    path = "/v1/evaluation-keys/{id}",
    tag = "evaluation keys",
    request_body(
        content = Vec<u8>, content_type = "application/octet-stream",
        description = "The key, or a piece of it",
    ),
    responses(
        (status = 201, description = "New"),
        (status = 200, description = "Known"),
        (status = 202, body = UploadState, description = "More bytes are expected"),
    ),
    extensions(("x-problems" = json!([FILES, "409 too-many-keys; 422 bad-key"])))
)]
pub async fn put(
    State(app): State<Arc<App>>,
    path: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Response, Refusal> {
    let (id, client): (Digest, _) = (segment(&path?.0, "id")?, Client::of(&request));
    let expected = Expected::by_hash(id, "id", BYTES_MAX as u64);
    match take_in(&app, request, expected).await? {
        TakenIn::Whole(held) => Ok(check(&app, &client, id, held).await?.into_response()),
        TakenIn::Piece(state) => Ok((StatusCode::ACCEPTED, Json(state)).into_response()),
    }
}

/// Looks at a key whose file is in its place, and lists it.
async fn check(app: &App, client: &Client, id: Digest, held: Held) -> Result<StatusCode, Refusal> {
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
        Ok(key) => list(app, client, id, key).await,
        Err(problem) => Err(problem.into()),
    };
    drop(held);
    if listed.is_err() {
        let _changing = app.blobs.changing.lock().await;
        remove_unneeded(app, id).await?;
    }
    listed
}

/// Lists a key whose file is in its place.
async fn list(
    app: &App,
    client: &Client,
    id: Digest,
    key: StoredKey,
) -> Result<StatusCode, Refusal> {
    let _changing = app.blobs.changing.lock().await;
    let new = app.store.by(client.as_str()).add_key(&id, &key, app.config.keys_max).await?;
    tracing::info!(%id, engine = %key.engine, "evaluation key");
    Ok(if new { StatusCode::CREATED } else { StatusCode::OK })
}

/// What is known of a key.
#[utoipa::path(
    get,
    path = "/v1/evaluation-keys/{id}",
    tag = "evaluation keys",
    responses(
        (status = 200, body = EvaluationKeyInfo, description = "The key"),
    ),
    extensions(("x-problems" = json!("404 unknown-key")))
)]
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
#[utoipa::path(
    delete,
    path = "/v1/evaluation-keys/{id}",
    tag = "evaluation keys",
    responses(
        (status = 204, description = "Forgotten"),
    ),
    extensions(("x-problems" = json!("404 unknown-key; 409 key-in-use; 507 disk-full")))
)]
pub async fn delete(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Asking>,
    path: Result<Path<String>, PathRejection>,
) -> Result<StatusCode, Refusal> {
    let id = segment(&path?.0, "id")?;
    let _changing = app.blobs.changing.lock().await;
    app.store.by(&caller.name).remove_key(&id).await?;
    app.registry.forget(id);
    remove_unneeded(&app, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
