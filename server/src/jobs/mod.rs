//! Jobs: how each kind is admitted, worked on and finished, and one driver for all of them. The store is the queue,
//! so a job outlives the process at any moment, and ends once.
//!
//! - [`JobHandler`]: what a kind is. [`aggregate`], [`fhe`], [`groth16`]: the kinds.
//! - [`driver`]: takes jobs from the queue, some of each kind at a time.

pub mod aggregate;
pub mod driver;
pub mod fhe;
pub mod groth16;

use std::sync::Arc;

use pulseproof_sdk::Problem;
use pulseproof_sdk::api::{Job, JobRequest, JobState};
use pulseproof_store::StoreError;
use pulseproof_store::jobs::{Ask, JobKind, Lease};
use rand::RngCore;
use rand::rngs::OsRng;

use crate::app::App;
use crate::at_work::{AtWork, JobOutcome};
use crate::problems::no_randomness;
use crate::refusal::Refusal;
use crate::telemetry;

/// A kind of job.
pub trait JobHandler: Send + Sync + 'static {
    /// What is asked.
    type Request: Send;
    /// What a job comes to.
    type Output: Send;
    /// Which kind it is.
    const KIND: JobKind;
    /// Whether a job can be taken back.
    const CANCELLABLE: bool;

    /// Checks a request and queues its job; the job's id, which is the asked one unless it was asked for before.
    fn admit(
        app: &Arc<App>,
        ask: &Ask,
        request: Self::Request,
    ) -> impl Future<Output = Result<String, Refusal>> + Send;

    /// Jobs at work at the same time.
    fn jobs_max(app: &App) -> usize;

    /// Does a job, up to what is to be released; looks now and then whether to stop, and says how far it is.
    fn work(
        app: &Arc<App>,
        lease: &Lease,
        request: JobRequest,
        at_work: &AtWork,
    ) -> impl Future<Output = Result<JobOutcome<Self::Output>, StoreError>> + Send;

    /// Stores what a job came to and ends it, all at once; false if the lease is not valid any more.
    fn finish(
        app: &App,
        lease: &Lease,
        output: Self::Output,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Tidies up after a job.
    fn ended(_app: &Arc<App>) -> impl Future<Output = ()> + Send {
        async {}
    }
}

/// Queues a job of any kind, unless it was asked for before; the job as it is.
///
/// # Errors
/// What is wrong with the request, or the store's.
pub async fn admit(app: &Arc<App>, ask: &Ask, request: JobRequest) -> Result<Job, Refusal> {
    let kind = JobKind::of(&request);
    // Who asks again gets the job, whatever has become of what it needed.
    let id = match app.store.asked_before(ask).await? {
        Some(id) => id,
        None => queue(app, ask, request).await?,
    };
    let job = find(app, &id).await;
    // Also if the store fails now: it is queued.
    if id == ask.id {
        app.signals.of(kind).queued.notify_one();
        telemetry::job(JobState::Queued);
        tracing::info!(id, "queued");
    }
    job
}

async fn queue(app: &Arc<App>, ask: &Ask, request: JobRequest) -> Result<String, Refusal> {
    match request {
        JobRequest::Aggregate { region, epoch, weights } => {
            let request = aggregate::Request { region, epoch, weights };
            aggregate::AggregateJobs::admit(app, ask, request).await
        }
        JobRequest::Fhe(request) => fhe::ProgramJobs::admit(app, ask, request).await,
        JobRequest::Groth16(request) => groth16::ProofJobs::admit(app, ask, request).await,
    }
}

/// A job that is known.
///
/// # Errors
/// It is not, or the store's.
pub async fn find(app: &App, id: &str) -> Result<Job, Refusal> {
    let unknown = || Problem::new(404, "unknown-job", "there is no such job").field("id");
    Ok(app.store.job(id).await?.ok_or_else(unknown)?)
}

/// Cancels a job, unless it has ended or its kind cannot be cancelled.
///
/// # Errors
/// Why it is not cancelled, or the store's.
pub async fn cancel(app: &Arc<App>, job: &Job) -> Result<bool, Refusal> {
    match JobKind::of(&job.request) {
        JobKind::Aggregate => cancel_kind::<aggregate::AggregateJobs>(app, job).await,
        JobKind::Fhe => cancel_kind::<fhe::ProgramJobs>(app, job).await,
        JobKind::Groth16 => cancel_kind::<groth16::ProofJobs>(app, job).await,
    }
}

async fn cancel_kind<K: JobHandler>(app: &Arc<App>, job: &Job) -> Result<bool, Refusal> {
    if !K::CANCELLABLE {
        let detail = "a job that sums has closed its epoch and cannot be cancelled";
        return Err(Problem::new(409, "not-cancellable", detail).field("id").into());
    }
    if !app.store.cancel(&job.id).await? {
        return Ok(false);
    }
    app.signals.of(K::KIND).stop(&job.id);
    telemetry::job(JobState::Cancelled);
    tracing::info!(id = job.id, "cancelled");
    K::ended(app).await;
    Ok(true)
}

/// 128 random bits from the operating system: who was not told an id cannot guess it.
///
/// # Errors
/// The system gave none.
pub fn new_id() -> Result<String, Problem> {
    let mut bytes = [0; 16];
    OsRng.try_fill_bytes(&mut bytes).map_err(|error| no_randomness(&error))?;
    Ok(hex::encode(bytes))
}

#[cfg(test)]
mod tests;
