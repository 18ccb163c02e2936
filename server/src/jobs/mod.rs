//! Jobs: how each kind is admitted, worked on and settled, and one driver for all of them. The store is the queue,
//! so a job outlives the process at any moment, and ends once.
//!
//! - [`JobKind`]: what a kind is. [`aggregate`], [`fhe`], [`groth16`]: the kinds.
//! - [`driver`]: takes jobs from the queue, some of each kind at a time.

pub mod aggregate;
pub mod driver;
pub mod fhe;
pub mod groth16;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pulseproof_sdk::Problem;
use pulseproof_sdk::api::{Job, JobRequest, JobState};
use pulseproof_service::answer::Refusal;
use rand::RngCore;
use rand::rngs::OsRng;
use tokio::sync::{Notify, watch};

use crate::app::App;
use crate::store::StoreError;
use crate::store::jobs::{Kind, Lease};
use crate::telemetry;

/// A kind of job.
pub trait JobKind: Send + Sync + 'static {
    /// What is asked.
    type Request: Send;
    /// What a job comes to.
    type Output: Send;
    /// Which kind it is.
    const KIND: Kind;
    /// Whether a job can be cancelled.
    const CANCELLABLE: bool;

    /// Checks a request and queues its job, under this id.
    fn admit(
        app: &Arc<App>,
        id: String,
        request: Self::Request,
    ) -> impl Future<Output = Result<Job, Refusal>> + Send;

    /// Jobs at work at the same time.
    fn jobs_max(app: &App) -> usize;

    /// Does a job, up to what is to be released; looks now and then whether to stop.
    fn work(
        app: &Arc<App>,
        lease: &Lease,
        request: JobRequest,
        stop: watch::Receiver<bool>,
    ) -> impl Future<Output = Result<Outcome<Self::Output>, StoreError>> + Send;

    /// Stores what a job came to and ends it, all at once; false if the lease is not valid any more.
    fn settle(
        app: &App,
        lease: &Lease,
        output: Self::Output,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Tidies up after a job.
    fn ended(_app: &Arc<App>) -> impl Future<Output = ()> + Send {
        async {}
    }
}

/// What a job came to.
pub enum Outcome<T> {
    /// A result.
    Done(T),
    /// None, and why.
    Failed(Problem),
    /// It was stopped from outside.
    Stopped,
}

/// Queues a job of any kind.
///
/// # Errors
/// What is wrong with the request, or the store's.
pub async fn admit(app: &Arc<App>, request: JobRequest) -> Result<Job, Refusal> {
    let id = new_id()?;
    let job = match request {
        JobRequest::Aggregate { region, epoch, weights } => {
            let request = aggregate::Request { region, epoch, weights };
            aggregate::Aggregates::admit(app, id, request).await?
        }
        JobRequest::Fhe(request) => fhe::Programs::admit(app, id, request).await?,
        JobRequest::Groth16(request) => groth16::Proofs::admit(app, id, request).await?,
    };
    app.lanes.of(Kind::of(&job.request)).queued.notify_one();
    telemetry::job(JobState::Queued);
    tracing::info!(id = job.id, "queued");
    Ok(job)
}

/// Cancels a job, unless it has ended or its kind cannot be cancelled.
///
/// # Errors
/// Why it is not cancelled, or the store's.
pub async fn cancel(app: &Arc<App>, job: &Job) -> Result<bool, Refusal> {
    match Kind::of(&job.request) {
        Kind::Aggregate => cancel_kind::<aggregate::Aggregates>(app, job).await,
        Kind::Fhe => cancel_kind::<fhe::Programs>(app, job).await,
        Kind::Groth16 => cancel_kind::<groth16::Proofs>(app, job).await,
    }
}

async fn cancel_kind<K: JobKind>(app: &Arc<App>, job: &Job) -> Result<bool, Refusal> {
    if !K::CANCELLABLE {
        let detail = "a job that sums has closed its epoch and cannot be cancelled";
        return Err(Problem::new(409, "not-cancellable", detail).field("id").into());
    }
    if !app.store.cancel(&job.id).await? {
        return Ok(false);
    }
    app.lanes.of(K::KIND).stop(&job.id);
    telemetry::job(JobState::Cancelled);
    tracing::info!(id = job.id, "cancelled");
    K::ended(app).await;
    Ok(true)
}

/// 128 random bits from the operating system: who was not told an id cannot guess it.
fn new_id() -> Result<String, Problem> {
    let mut bytes = [0; 16];
    OsRng.try_fill_bytes(&mut bytes).map_err(|error| no_randomness(&error))?;
    Ok(hex::encode(bytes))
}

/// The system gave no random bytes.
pub fn no_randomness(error: &rand::Error) -> Problem {
    tracing::error!(%error, "no randomness");
    Problem::new(500, "internal", "the operating system gave no randomness")
}

/// A lane for each kind.
#[derive(Default)]
pub struct Lanes([Lane; Kind::ALL.len()]);

impl Lanes {
    /// The lane of a kind.
    pub fn of(&self, kind: Kind) -> &Lane {
        &self.0[kind as usize]
    }
}

/// The jobs of one kind.
#[derive(Default)]
pub struct Lane {
    /// Tells the driver that a job was queued.
    pub queued: Notify,
    /// Ways to stop the jobs at work.
    running: Mutex<HashMap<String, watch::Sender<bool>>>,
}

impl Lane {
    /// Stops a job, if it is at work.
    fn stop(&self, id: &str) {
        if let Some(stop) = self.lock().get(id) {
            stop.send_replace(true);
        }
    }

    fn stop_all(&self) {
        self.lock().values().for_each(|stop| stop.send_modify(|stop| *stop = true));
    }

    fn begin(&self, id: &str) -> watch::Receiver<bool> {
        let (stop, stopping) = watch::channel(false);
        self.lock().insert(id.to_owned(), stop);
        stopping
    }

    fn end(&self, id: &str) {
        self.lock().remove(id);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, watch::Sender<bool>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
