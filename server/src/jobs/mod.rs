//! Jobs: how each kind is admitted, worked on and finished, and one driver for all of them. The store is the queue,
//! so a job outlives the process at any moment, and ends once.
//!
//! - [`JobHandler`]: what a kind is. [`aggregate`], [`fhe`], [`groth16`]: the kinds.
//! - [`driver`]: takes jobs from the queue, some of each kind at a time.

pub mod aggregate;
pub mod driver;
pub mod fhe;
pub mod groth16;
pub mod late;

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use pulseproof_sdk::Problem;
use pulseproof_sdk::api::{Job, JobRequest, JobState};
use pulseproof_store::StoreError;
use pulseproof_store::jobs::{Ask, JobKind, Lease};
use rand::RngCore;
use rand::rngs::OsRng;
use tokio::time::{Instant, timeout};

use crate::app::App;
use crate::at_work::{AtWork, JobOutcome};
use crate::problems::no_randomness;
use crate::refusal::Refusal;
use crate::telemetry;

/// How often whoever waits for a job looks at it, whoever works on it.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

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
    Ok(app.store.job(id).await?.ok_or_else(unknown_job)?)
}

/// There is no such job, or none that whoever asks may see.
pub fn unknown_job() -> Problem {
    Problem::new(404, "unknown-job", "there is no such job").field("id")
}

/// Whether nothing more becomes of a job.
pub fn is_over(state: JobState) -> bool {
    !matches!(state, JobState::Queued | JobState::Running)
}

/// A job when it has ended, after so long, or when the appliance stops.
///
/// # Errors
/// The store's.
pub async fn until_ended(app: &App, job: &Job, patience: Duration) -> Result<Job, Refusal> {
    let (deadline, lane) = (Instant::now() + patience, app.signals.of(JobKind::of(&job.request)));
    loop {
        // Before it is looked at, so that no end comes in between.
        let mut ended = pin!(lane.ended.notified());
        ended.as_mut().enable();
        let (_, progress) = app.store.progress_of(&job.id).await?.ok_or_else(unknown_job)?;
        let left = deadline.saturating_duration_since(Instant::now());
        if is_over(progress.state) || left.is_zero() || lane.is_closed() {
            return find(app, &job.id).await;
        }
        // Another appliance may be the one that works on it.
        let _ = timeout(left.min(LOOK_INTERVAL), ended).await;
    }
}

/// Cancels a job, unless it has ended or its kind cannot be cancelled.
///
/// # Errors
/// Why it is not cancelled, or the store's.
pub async fn cancel(app: &Arc<App>, who: &str, job: &Job) -> Result<bool, Refusal> {
    match JobKind::of(&job.request) {
        JobKind::Aggregate => cancel_kind::<aggregate::AggregateJobs>(app, who, job).await,
        JobKind::Fhe => cancel_kind::<fhe::ProgramJobs>(app, who, job).await,
        JobKind::Groth16 => cancel_kind::<groth16::ProofJobs>(app, who, job).await,
    }
}

async fn cancel_kind<K: JobHandler>(app: &Arc<App>, who: &str, job: &Job) -> Result<bool, Refusal> {
    if !K::CANCELLABLE {
        let detail = "a job that sums has closed its epoch and cannot be cancelled";
        return Err(Problem::new(409, "not-cancellable", detail).field("id").into());
    }
    if !app.store.by(who).cancel(&job.id).await? {
        return Ok(false);
    }
    app.signals.of(K::KIND).stop(&job.id);
    app.signals.of(K::KIND).ended.notify_waiters();
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
