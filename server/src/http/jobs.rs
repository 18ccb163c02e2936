//! `/v1/jobs`: close an epoch, follow the job, fetch the result.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::header::{CONTENT_TYPE, LOCATION};
use axum::http::{HeaderName, StatusCode};
use axum::response::IntoResponse;
use pulseproof_sdk::Problem;
use pulseproof_sdk::api::{Job, JobRequest, JobState};
use pulseproof_service::body;
use pulseproof_store::jobs::Ask;

use crate::app::App;
use crate::jobs::{self, find};
use crate::refusal::Refusal;

/// Queues a job of any kind.
pub async fn create(
    State(app): State<Arc<App>>,
    request: Request,
) -> Result<impl IntoResponse, Refusal> {
    let request: JobRequest = body::json(request, app.config.body_timeout).await?;
    let ask = Ask::new(jobs::new_id()?);
    let job = jobs::admit(&app, &ask, request).await?;
    let location = [(LOCATION, format!("/v1/jobs/{}", job.id))];
    Ok((StatusCode::ACCEPTED, location, Json(job)))
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
    jobs::cancel(&app, &job).await?;
    let job = find(&app, &job.id).await?;
    if job.state == JobState::Cancelled {
        return Ok(Json(job));
    }
    let detail = format!("job {} has ended already", job.id);
    Err(Problem::new(409, "job-finished", detail).field("id").into())
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
