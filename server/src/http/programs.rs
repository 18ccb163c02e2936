//! Jobs that compute programs: checked when they are asked for, and cancelled when they are not wanted.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use pulseproof_kernels::Curve;
use pulseproof_sdk::Problem;
use pulseproof_sdk::api::{Job, JobRequest, JobState};
use pulseproof_sdk::fhe::FheRequest;
use tokio::task::spawn_blocking;
use tracing::Span;

use super::answer::Refusal;
use super::jobs::{find, new_id};
use crate::app::App;
use crate::fhe::compute::wrong_engine;
use crate::fhe::prepare::{check_lengths, prepare};
use crate::store::fhe_jobs::unknown_key;
use crate::telemetry;

/// Checks a program against its key and its sums, and queues it.
pub async fn queue<C: Curve>(app: &Arc<App<C>>, request: Box<FheRequest>) -> Result<Job, Refusal> {
    check_lengths(&request)?;
    let key = app.store.key(&request.key).await?.ok_or_else(unknown_key)?;
    if key.engine != request.engine {
        return Err(wrong_engine(key.engine, request.engine).into());
    }
    // The place at the gate keeps the results in memory few.
    let permit = app.gate.enter().await?;
    let results = app.store.sums(&request.sums).await??;
    let span = Span::current();
    let check = move || {
        let estimate = prepare::<C>(&request, &results).map(|prepared| prepared.estimate);
        drop((results, permit));
        (request, estimate)
    };
    let (request, estimate) = spawn_blocking(move || span.in_scope(check)).await?;
    let estimate = estimate?;
    let id = new_id()?;
    let unfinished_max = app.config.fhe_jobs_unfinished_max;
    app.store.create_fhe_job(&id, &request, &estimate, unfinished_max).await??;
    app.fhe_queued.notify_one();
    let queued = Job::queued(id, JobRequest::Fhe(request));
    Ok(Job { estimate: Some(estimate), ..queued })
}

/// Cancels a program that is queued or running.
pub async fn cancel<C: Curve>(
    State(app): State<Arc<App<C>>>,
    path: Result<Path<String>, PathRejection>,
) -> Result<Json<Job>, Refusal> {
    let job = find(&app, &path?.0).await?;
    if matches!(job.request, JobRequest::Aggregate { .. }) {
        let detail = "a job that sums has closed its epoch and cannot be taken back";
        return Err(Problem::new(409, "not-cancellable", detail).field("id").into());
    }
    if app.store.cancel_fhe(&job.id).await? {
        app.running.stop(&job.id);
        telemetry::job(JobState::Cancelled);
        tracing::info!(id = job.id, "cancelled");
    }
    let job = find(&app, &job.id).await?;
    if job.state == JobState::Cancelled {
        return Ok(Json(job));
    }
    let detail = format!("job {} has ended already", job.id);
    Err(Problem::new(409, "job-finished", detail).field("id").into())
}
