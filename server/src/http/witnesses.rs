//! `/v1/witnesses`: files that only who uploads them can go on with, ask for, or have proved.
//!
//! The answer to an upload's first request has a token, which every other request has to bring, and the job. The
//! file is named by a hash of the token, and nothing else is kept of it; two uploads of the same witness are two
//! files, so that nobody learns what others have. Neither a token nor a witness's hash is in a path: paths are
//! logged.

use std::fmt::Display;
use std::str::FromStr;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use pulseproof_sdk::groth16::{UPLOAD_SHA256, UPLOAD_TOKEN, Upload, UploadState};
use pulseproof_sdk::{Digest, Problem, UploadToken};
use pulseproof_service::body;

use super::document::FILES;
use super::uploads::{Expected, TakenIn, take_in};
use crate::app::App;
use crate::problems::{no_randomness, unknown_witness};
use crate::refusal::Refusal;
use crate::upkeep::remove_unneeded;

/// Receives the start of a witness, or all of it. It is looked at when a proof is made of it.
#[utoipa::path(
    post,
    path = "/v1/witnesses",
    tag = "uploads",
    params(
        ("Upload-Sha256" = Digest, Header, description = "SHA-256 of the file"),
    ),
    request_body(
        content = Vec<u8>, content_type = "application/octet-stream",
        description = "The `.wtns`, or its first piece",
    ),
    responses(
        (status = 201, body = Upload, description = "All of it is there"),
        (status = 202, body = Upload, description = "More bytes are expected"),
    ),
    extensions(("x-problems" = json!(FILES)))
)]
pub async fn begin(
    State(app): State<Arc<App>>,
    request: Request,
) -> Result<(StatusCode, Json<Upload>), Refusal> {
    let token = UploadToken::random().map_err(|error| no_randomness(&error))?;
    match receive(&app, request, token.id()).await {
        Ok((status, state)) => Ok((status, Json(Upload { token, state }))),
        Err(refusal) => {
            // Nobody has the token.
            let _changing = app.blobs.changing.lock().await;
            remove_unneeded(&app, token.id()).await?;
            Err(refusal)
        }
    }
}

/// Receives more of a witness.
#[utoipa::path(
    put,
    path = "/v1/witnesses",
    tag = "uploads",
    params(
        ("Upload-Sha256" = Digest, Header, description = "SHA-256 of the file"),
        ("Upload-Token" = UploadToken, Header, description = "What the first request was answered"),
    ),
    request_body(
        content = Vec<u8>, content_type = "application/octet-stream",
        description = "The next piece",
    ),
    responses(
        (status = 201, body = UploadState, description = "All of it is there"),
        (status = 200, body = UploadState, description = "All of it was there"),
        (status = 202, body = UploadState, description = "More bytes are expected"),
    ),
    extensions(("x-problems" = json!([FILES, "404 unknown-witness"])))
)]
pub async fn go_on(
    State(app): State<Arc<App>>,
    request: Request,
) -> Result<(StatusCode, Json<UploadState>), Refusal> {
    // What is missing is told before anything is looked for.
    let known = header::<Digest>(request.headers(), UPLOAD_SHA256);
    let known = match known.and_then(|_| find(&app, request.headers())) {
        Ok(id) => id,
        Err(problem) => {
            body::skip(request).await;
            return Err(problem.into());
        }
    };
    receive(&app, request, known).await.map(|(status, state)| (status, Json(state)))
}

/// Forgets a witness, unless a job is to prove it.
#[utoipa::path(
    delete,
    path = "/v1/witnesses",
    tag = "uploads",
    params(
        ("Upload-Token" = UploadToken, Header, description = "What the first request was answered"),
    ),
    responses(
        (status = 204, description = "Forgotten"),
    ),
    extensions(("x-problems" = json!("404 unknown-witness; 409 upload-in-progress, upload-in-use")))
)]
pub async fn remove(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
) -> Result<StatusCode, Refusal> {
    let id = find(&app, &headers)?;
    super::uploads::forget(&app, id).await
}

/// How much of a witness is there.
#[utoipa::path(
    get,
    path = "/v1/witnesses",
    tag = "uploads",
    params(
        ("Upload-Token" = UploadToken, Header, description = "What the first request was answered"),
    ),
    responses(
        (status = 200, body = UploadState, description = "How much of it is there"),
    ),
    extensions(("x-problems" = json!("404 unknown-witness")))
)]
pub async fn show(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
) -> Result<Json<UploadState>, Refusal> {
    let id = find(&app, &headers)?;
    Ok(Json(super::uploads::state(&app, &id)))
}

async fn receive(
    app: &App,
    request: Request,
    id: Digest,
) -> Result<(StatusCode, UploadState), Refusal> {
    let sha256 = match header(request.headers(), UPLOAD_SHA256) {
        Ok(sha256) => sha256,
        Err(problem) => {
            body::skip(request).await;
            return Err(problem.into());
        }
    };
    let known = app.blobs.length(&id).is_some();
    let limit = app.config.groth16.witness_bytes_max;
    match take_in(app, request, Expected { id, sha256, field: UPLOAD_SHA256, limit }).await? {
        TakenIn::Piece(state) => Ok((StatusCode::ACCEPTED, state)),
        TakenIn::Whole(_held) => {
            let status = if known { StatusCode::OK } else { StatusCode::CREATED };
            Ok((status, super::uploads::state(app, &id)))
        }
    }
}

/// The file of an upload's token. Whose token it was, if anybody's, makes no difference to the answer.
fn find(app: &App, headers: &HeaderMap) -> Result<Digest, Problem> {
    let id = header::<UploadToken>(headers, UPLOAD_TOKEN)?.id();
    if app.blobs.is_known(&id) { Ok(id) } else { Err(unknown_witness(UPLOAD_TOKEN)) }
}

/// A header that has to be there. Its value is in no answer.
fn header<T: FromStr<Err: Display>>(headers: &HeaderMap, name: &'static str) -> Result<T, Problem> {
    let malformed =
        |reason: &str| Problem::new(400, "malformed", format!("{name}: {reason}")).field(name);
    let value = headers.get(name).ok_or_else(|| malformed("the header is missing"))?;
    let text = value.to_str().map_err(|_| malformed("the header is no text"))?;
    text.parse().map_err(|error: T::Err| malformed(&error.to_string()))
}
