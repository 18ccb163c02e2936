//! Takes jobs from the queue and works on several at a time, whatever their kind.

use std::sync::Arc;
use std::time::Duration;

use pulseproof_sdk::Problem;
use pulseproof_sdk::api::JobState;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;
use tracing::Instrument;

use super::{JobKind, Outcome};
use crate::app::App;
use crate::serve::stopped;
use crate::store::StoreError;
use crate::store::jobs::{Lease, Taken};
use crate::telemetry;

/// The pause after the store failed. The job stays in the queue: a full disk is no reason to lose it.
const RETRY_INTERVAL: Duration = Duration::from_secs(1);

/// Works on jobs of a kind until told to stop. Jobs at work that can be aborted are aborted then and start again
/// with the next process: nothing of them was released.
pub async fn run<K: JobKind>(app: &Arc<App>, stopping: watch::Receiver<bool>) {
    let lane = app.lanes.of(K::KIND);
    let mut jobs = JoinSet::new();
    let mut interrupted = true;
    while !*stopping.borrow() {
        let pause = match fill::<K>(app, &mut jobs, &mut interrupted).await {
            Ok(()) => Duration::MAX,
            Err(error) => {
                tracing::error!(%error, "the store failed; it will be tried again");
                RETRY_INTERVAL
            }
        };
        tokio::select! {
            () = lane.queued.notified() => {}
            Some(_) = jobs.join_next() => {}
            () = sleep(pause) => {}
            () = stopped(stopping.clone()) => {}
        }
    }
    lane.stop_all();
    while jobs.join_next().await.is_some() {}
}

/// Takes as many jobs as there is room for.
async fn fill<K: JobKind>(
    app: &Arc<App>,
    jobs: &mut JoinSet<()>,
    interrupted: &mut bool,
) -> Result<(), StoreError> {
    let kind = K::KIND.name();
    if *interrupted {
        let jobs = app.store.requeue(K::KIND).await?;
        *interrupted = false;
        if jobs > 0 {
            tracing::info!(jobs, kind, "took up interrupted jobs");
        }
    }
    while jobs.len() < K::jobs_max(app).max(1) {
        let Some(job) = app.store.take(K::KIND).await? else { break };
        telemetry::job(JobState::Running);
        let span = tracing::info_span!("job", kind, id = %job.lease.id);
        jobs.spawn(work::<K>(Arc::clone(app), job).instrument(span));
    }
    Ok(())
}

/// Does a job to its end, however often the store fails.
async fn work<K: JobKind>(app: Arc<App>, job: Taken) {
    let lane = app.lanes.of(K::KIND);
    let stop = lane.begin(&job.lease.id);
    while let Err(error) = finish::<K>(&app, &job, stop.clone()).await {
        tracing::error!(%error, "the store failed; the job will be tried again");
        tokio::select! {
            () = sleep(RETRY_INTERVAL) => {}
            () = stopped(stop.clone()) => break,
        }
    }
    lane.end(&job.lease.id);
    K::ended(&app).await;
}

async fn finish<K: JobKind>(
    app: &Arc<App>,
    job: &Taken,
    stop: watch::Receiver<bool>,
) -> Result<(), StoreError> {
    let lease = &job.lease;
    // It may have been cancelled before it could be told.
    if !app.store.holds(lease).await? {
        return Ok(());
    }
    let worked = match job.request() {
        Ok(request) => K::work(app, lease, request, stop).await,
        Err(error) => Err(error),
    };
    match worked {
        Ok(Outcome::Stopped) => Ok(()),
        Ok(Outcome::Done(output)) => match K::settle(app, lease, output).await {
            // Nothing is released of a job that was cancelled meanwhile.
            Ok(false) => Ok(()),
            Ok(true) => {
                telemetry::job(JobState::Done);
                tracing::info!("done");
                Ok(())
            }
            Err(error) => fail(app, lease, problem(error)?).await,
        },
        Ok(Outcome::Failed(problem)) => fail(app, lease, problem).await,
        Err(error) => fail(app, lease, problem(error)?).await,
    }
}

/// A rule of the store, or a row that cannot be read, is the job's problem; whatever else it is may pass.
fn problem(error: StoreError) -> Result<Problem, StoreError> {
    match error {
        StoreError::Denied(denial) => Ok((&denial).into()),
        StoreError::Corrupt { .. } => Ok(crate::problems::internal(&error.to_string())),
        error => Err(error),
    }
}

async fn fail(app: &App, lease: &Lease, problem: Problem) -> Result<(), StoreError> {
    if app.store.fail(lease, &problem).await? {
        telemetry::job(JobState::Failed);
        tracing::warn!(%problem, "failed");
    }
    Ok(())
}
