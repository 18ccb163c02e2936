//! `/v1/jobs`: close an epoch, follow the job, fetch the result.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::header::{CONTENT_TYPE, LOCATION};
use axum::http::{HeaderName, StatusCode};
use axum::response::IntoResponse;
use pulseproof_prover::wsa::total_weight;
use pulseproof_sdk::api::{Job, JobRequest, JobState};
use pulseproof_sdk::{Name, Problem, Roster};
use rand::RngCore;
use rand::rngs::OsRng;

use super::answer::Refusal;
use super::{body, programs, proofs};
use crate::app::App;
use crate::blobs::upkeep::discard_secrets;
use crate::store::queue::Queue;
use crate::telemetry;

/// Queues a job of any kind.
pub async fn create(
    State(app): State<Arc<App>>,
    request: Request,
) -> Result<impl IntoResponse, Refusal> {
    let request: JobRequest = body::json(request, app.config.body_timeout).await?;
    let job = match request {
        JobRequest::Fhe(request) => programs::queue(&app, request).await?,
        JobRequest::Groth16(request) => proofs::queue(&app, request).await?,
        JobRequest::Aggregate { region, epoch, weights } => {
            queue(&app, region, epoch, weights).await?
        }
    };
    telemetry::job(JobState::Queued);
    tracing::info!(id = job.id, "queued");
    let location = [(LOCATION, format!("/v1/jobs/{}", job.id))];
    Ok((StatusCode::ACCEPTED, location, Json(job)))
}

/// Closes an epoch and queues the job that sums it.
async fn queue(
    app: &App,
    region: Name,
    epoch: u64,
    weights: BTreeMap<Name, u64>,
) -> Result<Job, Refusal> {
    let size = app.sums.words_max();
    let check = |roster: &Roster, devices: &[String]| check(&weights, epoch, size, roster, devices);
    let id = new_id()?;
    let request = JobRequest::Aggregate { region: region.clone(), epoch, weights: weights.clone() };
    app.store.create_job(&id, (&region, epoch), &request, check).await??;
    app.queued.notify_one();
    Ok(Job::queued(id, request))
}

/// Where a job stands.
pub async fn show(
    State(app): State<Arc<App>>,
    path: Result<Path<String>, PathRejection>,
) -> Result<Json<Job>, Refusal> {
    Ok(Json(find(&app, &path?.0).await?))
}

/// A finished job's result.
pub async fn result(
    State(app): State<Arc<App>>,
    path: Result<Path<String>, PathRejection>,
) -> Result<([(HeaderName, &'static str); 1], Vec<u8>), Refusal> {
    let job = find(&app, &path?.0).await?;
    match (job.problem, app.store.result(&job.id).await?) {
        (Some(problem), _) => Err(problem.into()),
        (None, None) if job.state == JobState::Cancelled => {
            Err(Problem::new(409, "job-cancelled", format!("job {} was cancelled", job.id)).into())
        }
        (None, Some(bytes)) => Ok(([(CONTENT_TYPE, media_type(&job.request))], bytes)),
        (None, None) => Err(Refusal::for_now(not_ready(&job.id))),
    }
}

/// Cancels a job that is queued or running, and closes no epoch.
pub async fn cancel(
    State(app): State<Arc<App>>,
    path: Result<Path<String>, PathRejection>,
) -> Result<Json<Job>, Refusal> {
    let job = find(&app, &path?.0).await?;
    let (queue, lane) = match job.request {
        JobRequest::Fhe(_) => (Queue::Fhe, &app.programs),
        JobRequest::Groth16(_) => (Queue::Groth16, &app.proofs),
        JobRequest::Aggregate { .. } => {
            let detail = "a job that sums has closed its epoch and cannot be taken back";
            return Err(Problem::new(409, "not-cancellable", detail).field("id").into());
        }
    };
    if app.store.cancel_in(queue, &job.id).await? {
        lane.stop(&job.id);
        telemetry::job(JobState::Cancelled);
        tracing::info!(id = job.id, "cancelled");
        discard_secrets(&app).await;
    }
    let job = find(&app, &job.id).await?;
    if job.state == JobState::Cancelled {
        return Ok(Json(job));
    }
    let detail = format!("job {} has ended already", job.id);
    Err(Problem::new(409, "job-finished", detail).field("id").into())
}

pub(super) async fn find(app: &App, id: &str) -> Result<Job, Refusal> {
    app.store
        .job(id)
        .await?
        .ok_or_else(|| Problem::new(404, "unknown-job", "there is no such job").field("id").into())
}

fn media_type(request: &JobRequest) -> &'static str {
    match request {
        JobRequest::Groth16(_) => "application/json",
        JobRequest::Aggregate { .. } | JobRequest::Fhe(_) => "application/octet-stream",
    }
}

fn not_ready(id: &str) -> Problem {
    Problem::new(409, "result-not-ready", format!("job {id} is not finished"))
}

/// 128 random bits from the operating system: who was not told an id cannot guess it.
pub(super) fn new_id() -> Result<String, Problem> {
    let mut bytes = [0; 16];
    OsRng.try_fill_bytes(&mut bytes).map_err(|error| no_randomness(&error))?;
    Ok(hex::encode(bytes))
}

pub(super) fn no_randomness(error: &rand::Error) -> Problem {
    tracing::error!(%error, "no randomness");
    Problem::new(500, "internal", "the operating system gave no randomness")
}

fn check(
    weights: &BTreeMap<Name, u64>,
    epoch: u64,
    size: usize,
    roster: &Roster,
    devices: &[String],
) -> Result<(), Problem> {
    let limit = size as u64;
    for (device, &weight) in weights {
        let field = format!("weights.{device}");
        if !roster.devices.contains_key(device) {
            let detail = format!("{device} is not in the roster of {}", roster.region);
            return Err(Problem::new(422, "unknown-device", detail).field(field));
        }
        if weight == 0 {
            return Err(bad_weights("a weight must be at least 1", limit).field(field));
        }
    }
    if devices.is_empty() {
        let detail = format!("nobody of {} has submitted for epoch {epoch}", roster.region);
        return Err(Problem::new(409, "nothing-to-sum", detail).field("epoch"));
    }
    let named: BTreeMap<&str, u64> = weights.iter().map(|(d, &w)| (d.as_str(), w)).collect();
    let weight = |device: &String| named.get(device.as_str()).copied().unwrap_or(1);
    let effective: Vec<u64> = devices.iter().map(weight).collect();
    let total = total_weight(&effective, size);
    total.map(drop).map_err(|error| bad_weights(&error.to_string(), limit))
}

fn bad_weights(detail: &str, limit: u64) -> Problem {
    Problem::new(422, "bad-weights", detail).field("weights").limit(limit)
}
