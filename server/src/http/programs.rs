//! Jobs that compute programs: checked when they are asked for.

use std::sync::Arc;

use pulseproof_sdk::api::{Job, JobRequest};
use pulseproof_sdk::fhe::FheRequest;
use tokio::task::spawn_blocking;
use tracing::Span;

use super::answer::Refusal;
use super::jobs::new_id;
use crate::app::App;
use crate::fhe::compute::{check_engine, wrong_engine};
use crate::fhe::prepare::{check_lengths, prepare};
use crate::store::fhe_jobs::unknown_key;

/// Checks a program against its key and its sums, and queues it.
pub async fn queue(app: &Arc<App>, request: Box<FheRequest>) -> Result<Job, Refusal> {
    check_lengths(&request)?;
    let key = app.store.key(&request.key).await?.ok_or_else(unknown_key)?;
    if key.engine != request.engine.keyed_as() {
        return Err(wrong_engine(key.engine, request.engine).into());
    }
    // The place at the gate keeps the results in memory few.
    let permit = app.gate.enter().await?;
    let results = app.store.sums(&request.sums).await??;
    let (span, sums) = (Span::current(), Arc::clone(&app.sums));
    let check = move || {
        let prepared = check_engine(request.engine)
            .and_then(|()| prepare(&*sums, &request, key.fingerprint, &results));
        let estimate = prepared.map(|prepared| prepared.estimate);
        drop((results, permit));
        (request, estimate)
    };
    let (request, estimate) = spawn_blocking(move || span.in_scope(check)).await?;
    let estimate = estimate?;
    let id = new_id()?;
    let unfinished_max = app.config.fhe_jobs_unfinished_max;
    app.store.create_fhe_job(&id, &request, &estimate, unfinished_max).await??;
    app.programs.queued.notify_one();
    let queued = Job::queued(id, JobRequest::Fhe(request));
    Ok(Job { estimate: Some(estimate), ..queued })
}
