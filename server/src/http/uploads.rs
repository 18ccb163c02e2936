//! Files as they arrive: to disk from the first byte on, kept when the connection breaks, whole once
//! their hash is what it was said to be. And `/v1/uploads/{sha256}`.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use pulseproof_sdk::groth16::UploadState;
use pulseproof_sdk::{Digest, Problem};
use pulseproof_service::Client;
use pulseproof_service::body::{self, Patience};
use pulseproof_service::budget::Reserved;
use pulseproof_service::gate::Place;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use super::content_range::{self, Brings};
use super::segment;
use crate::app::App;
use crate::blobs::{Claim, Finished, in_progress};
use crate::config::Uploads;
use crate::refusal::{Refusal, internal, of_disk};
use crate::upkeep::remove_unneeded;

/// Chunks of a body that may wait to be written.
const CHUNKS_WAITING_MAX: usize = 16;

/// A file to receive.
#[derive(Clone, Copy, Debug)]
pub struct Expected {
    /// What it is called.
    pub id: Digest,
    /// SHA-256 of its bytes.
    pub sha256: Digest,
    /// The part of the request that says so.
    pub field: &'static str,
    /// Its longest length.
    pub limit: u64,
}

impl Expected {
    /// A file that is named by its hash.
    pub fn by_hash(sha256: Digest, field: &'static str, limit: u64) -> Self {
        Self { id: sha256, sha256, field, limit }
    }
}

/// What became of a request that brought bytes of a file.
pub enum TakenIn {
    /// The whole file is there, and stays as long as this even if nothing refers to it yet.
    Whole(Held),
    /// There is more to come.
    Piece(UploadState),
}

/// A whole file, a place at the gate, and the right to be the one who does something with it.
pub struct Held {
    claim: Arc<Claim>,
    /// One of those that its sender may have at a time.
    _slot: Reserved,
    place: Option<Place>,
}

/// Takes in what a request brings of a file.
///
/// # Errors
/// What is wrong with the request; what was received before stays.
pub async fn take_in(app: &App, request: Request, expected: Expected) -> Result<TakenIn, Refusal> {
    let client = Client::of(&request);
    let ready = match Brings::of(&request, expected.limit) {
        Ok(brings) => prepare(app, &client, brings, expected).await,
        Err(problem) => Err(problem.into()),
    };
    let (held, brings) = match ready {
        Ok(ready) => ready,
        Err(refusal) => {
            // So that the client gets to see the answer.
            body::skip(request).await;
            return Err(refusal);
        }
    };
    if let Some(length) = app.blobs.length(&expected.id) {
        body::discard(request, patience(app)).await;
        // It may have come as something that may be longer.
        return match length > expected.limit {
            false => Ok(TakenIn::Whole(held.at_the_gate(app, &client).await?)),
            true => Err(content_range::too_large(length, expected.limit).into()),
        };
    }
    let (anew, from, until) = match brings {
        Brings::Piece { from, until, .. } => (false, from, until),
        Brings::Whole { total } => (true, 0, total),
        Brings::Nothing | Brings::End { .. } => return finish(app, &client, held, expected).await,
    };
    let received = receive(app, request, &held.claim, (anew, until - from)).await?;
    if received < until {
        let detail = format!("the body ended early: {received} bytes of the file are there");
        return Err(Problem::new(400, "malformed", detail).field("body").limit(received).into());
    }
    if received < brings.total() {
        let claim = Arc::clone(&held.claim);
        let kept = spawn_blocking(move || claim.keep()).await?;
        kept.map_err(|error| of_disk(&error))?;
        return Ok(TakenIn::Piece(UploadState { received, complete: false }));
    }
    finish(app, &client, held, expected).await
}

/// Sees to it that what comes goes on where the last request ended.
async fn prepare(
    app: &App,
    client: &Client,
    brings: Brings,
    expected: Expected,
) -> Result<(Held, Brings), Refusal> {
    let slot = app.uploads.reserve(client.as_str(), 1)?;
    let (blobs, id, sender) = (Arc::clone(&app.blobs), expected.id, client.clone());
    let claiming = move || blobs.claim(id, brings.total(), sender.as_str());
    let claimed = spawn_blocking(claiming).await?;
    let claim = match claimed.map_err(|error| internal(&error))? {
        Ok(claim) => Arc::new(claim),
        Err(problem) if problem.is("upload-in-progress") => return Err(Refusal::for_now(problem)),
        Err(problem) => return Err(problem.into()),
    };
    let held = Held { claim, _slot: slot, place: None };
    if app.blobs.length(&id).is_some() {
        return Ok((held, brings));
    }
    let received = app.blobs.received(&id);
    match brings {
        Brings::Nothing => Err(unknown_bytes(received).into()),
        Brings::Piece { total, .. } | Brings::End { total } if total < received => {
            let claim = held.claim;
            spawn_blocking(move || claim.discard()).await?.map_err(|error| internal(&error))?;
            let detail = format!("{received} bytes were received of {total}: start over");
            Err(Problem::new(422, "wrong-digest", detail).field(expected.field).into())
        }
        Brings::Piece { from, .. } if from != received => Err(wrong_offset(received).into()),
        Brings::End { total } if total != received || total == 0 => {
            Err(wrong_offset(received).into())
        }
        _ => Ok((held, brings)),
    }
}

/// Writes a body behind what is there, and returns how much is there then.
async fn receive(
    app: &App,
    request: Request,
    claim: &Arc<Claim>,
    (anew, bytes): (bool, u64),
) -> Result<u64, Refusal> {
    let (chunks, receiver) = mpsc::channel(CHUNKS_WAITING_MAX);
    let claim = Arc::clone(claim);
    let writing = spawn_blocking(move || claim.receive(anew, receiver));
    let read = body::stream(request, bytes, patience(app), chunks).await;
    let received = writing.await?.map_err(|error| of_disk(&error))?;
    read?;
    Ok(received)
}

impl Held {
    /// Waits for a place to do something with the whole file: who is still sending keeps none.
    async fn at_the_gate(mut self, app: &App, client: &Client) -> Result<Self, Refusal> {
        self.place = Some(app.upload_gate.enter(client.as_str()).await?);
        Ok(self)
    }
}

/// Checks the hash of a file that was received to its end.
async fn finish(
    app: &App,
    client: &Client,
    held: Held,
    expected: Expected,
) -> Result<TakenIn, Refusal> {
    let held = held.at_the_gate(app, client).await?;
    let claim = Arc::clone(&held.claim);
    let finished = spawn_blocking(move || claim.finish(expected.sha256)).await?;
    match finished.map_err(|error| of_disk(&error))? {
        Finished::Whole => Ok(TakenIn::Whole(held)),
        Finished::Wrong(found) => {
            let detail = format!("SHA-256 of the file is {found}; nothing of it was kept");
            Err(Problem::new(422, "wrong-digest", detail).field(expected.field).into())
        }
    }
}

fn patience(app: &App) -> Patience {
    let Uploads { timeout: total, idle_timeout: idle, .. } = app.config.uploads;
    Patience { total, idle, slowest: app.config.slowest }
}

/// Forgets what was received of a file, unless something needs it.
#[utoipa::path(
    delete,
    path = "/v1/uploads/{sha256}",
    tag = "uploads",
    responses(
        (status = 204, description = "Forgotten, or never there"),
    ),
    extensions(("x-problems" = json!("409 upload-in-progress, upload-in-use")))
)]
pub async fn remove(
    State(app): State<Arc<App>>,
    path: Result<Path<String>, PathRejection>,
) -> Result<StatusCode, Refusal> {
    forget(&app, segment(&path?.0, "sha256")?).await
}

/// Forgets a file that nothing needs and nobody is sending.
pub(super) async fn forget(app: &App, id: Digest) -> Result<StatusCode, Refusal> {
    let _changing = app.blobs.changing.lock().await;
    if app.store.is_needed(&id).await? {
        let detail = "something that is kept needs this file: remove that first";
        return Err(Problem::new(409, "upload-in-use", detail).field("sha256").into());
    }
    remove_unneeded(app, id).await?;
    if app.blobs.is_known(&id) {
        return Err(Refusal::for_now(in_progress()));
    }
    Ok(StatusCode::NO_CONTENT)
}

/// How much of a file is there.
#[utoipa::path(
    get,
    path = "/v1/uploads/{sha256}",
    tag = "uploads",
    responses(
        (status = 200, body = UploadState, description = "How much of it is there"),
    ),
)]
pub async fn show(
    State(app): State<Arc<App>>,
    path: Result<Path<String>, PathRejection>,
) -> Result<Json<UploadState>, Refusal> {
    let id: Digest = segment(&path?.0, "sha256")?;
    Ok(Json(state(&app, &id)))
}

pub(super) fn state(app: &App, id: &Digest) -> UploadState {
    match app.blobs.length(id) {
        Some(received) => UploadState { received, complete: true },
        None => UploadState { received: app.blobs.received(id), complete: false },
    }
}

fn wrong_offset(received: u64) -> Problem {
    let detail = format!("{received} bytes were received: continue after them");
    Problem::new(409, "wrong-offset", detail).field("content-range").limit(received)
}

fn unknown_bytes(received: u64) -> Problem {
    let detail = format!("the appliance has {received} bytes of this file: send the others");
    Problem::new(422, "unknown-bytes", detail).field("body").limit(received)
}
