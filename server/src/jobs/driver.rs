//! Takes jobs from the queue and works on several at a time, whatever their kind, each under a lease that is renewed
//! until the job ends.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use pulseproof_sdk::Problem;
use pulseproof_sdk::api::JobState;
use pulseproof_store::jobs::{Lease, Progress, Taken};
use pulseproof_store::{Jobs, StoreError};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, interval_at, sleep};
use tracing::Instrument;

use super::JobHandler;
use crate::app::App;
use crate::at_work::AtWork;
use crate::at_work::JobOutcome;
use crate::denials;
use crate::problems::internal;
use crate::stopping::stopped;
use crate::telemetry;

/// The pause after the store failed. The job stays in the queue: a full disk is no reason to lose it.
const RETRY_INTERVAL: Duration = Duration::from_secs(1);
/// How long a job is this process's without a word: if the process ends, another may take the job then.
const TERM: Duration = Duration::from_secs(30);
/// Time between two words on how far a job is: each is a write to the disk.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(500);

/// Works on jobs of a kind until told to stop. Jobs at work that can be aborted are aborted then and start again
/// with the next process: nothing of them was released.
pub async fn run<K: JobHandler>(app: &Arc<App>, stopping: watch::Receiver<bool>) {
    let lane = app.signals.of(K::KIND);
    let mut jobs = JoinSet::new();
    let mut interrupted = true;
    while !*stopping.borrow() {
        let pause = match fill::<K>(app, &mut jobs, &mut interrupted).await {
            // Somebody's lease may have run out by then.
            Ok(()) => TERM,
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
    lane.close();
    while jobs.join_next().await.is_some() {}
}

/// Takes as many jobs as there is room for.
async fn fill<K: JobHandler>(
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
    // The process may have slept, or the store have failed, until leases of its own jobs ran out: those are not
    // taken from who works on them.
    for lease in app.signals.of(K::KIND).leases() {
        app.store.renew(&lease, TERM).await?;
    }
    while jobs.len() < K::jobs_max(app).max(1) {
        let Some(job) = app.store.take(K::KIND, TERM).await? else { break };
        telemetry::job(JobState::Running);
        let span = tracing::info_span!("job", kind, id = %job.lease.id, attempt = job.attempt);
        jobs.spawn(work::<K>(Arc::clone(app), job).instrument(span));
    }
    Ok(())
}

/// Does a job to its end, and keeps its lease meanwhile.
async fn work<K: JobHandler>(app: Arc<App>, job: Taken) {
    let lane = app.signals.of(K::KIND);
    let (at_work, said) = AtWork::new(lane.begin(&job.lease));
    let mut working = pin!(insist::<K>(&app, &job, &at_work));
    tokio::select! {
        () = &mut working => {}
        () = keep(&*app.store, &job.lease, said) => {
            lane.stop_lost(&job.lease);
            working.await;
        }
    }
    lane.end(&job.lease);
    K::ended(&app).await;
}

/// Does a job to its end, however often the store fails.
async fn insist<K: JobHandler>(app: &Arc<App>, job: &Taken, at_work: &AtWork) {
    while let Err(error) = attempt::<K>(app, job, at_work).await {
        tracing::error!(%error, "the store failed; the job will be tried again");
        tokio::select! {
            () = sleep(RETRY_INTERVAL) => {}
            () = at_work.stopped() => return,
        }
    }
}

/// Renews a lease and hands on how far its job is, until the lease is not valid any more.
async fn keep(jobs: &dyn Jobs, lease: &Lease, mut said: watch::Receiver<Option<Progress>>) {
    let mut renewal = interval_at(Instant::now() + TERM / 3, TERM / 3);
    loop {
        let kept = tokio::select! {
            _ = renewal.tick() => jobs.renew(lease, TERM).await,
            Ok(()) = said.changed() => {
                // What ends sooner is not worth a write.
                sleep(PROGRESS_INTERVAL).await;
                let progress = *said.borrow_and_update();
                let Some(progress) = progress else { continue };
                jobs.progress(lease, progress).await
            }
        };
        match kept {
            Ok(true) => {}
            Ok(false) => return tracing::info!("the lease is not valid any more"),
            Err(error) => {
                tracing::error!(%error, "the store failed; the lease was not renewed");
                renewal.reset_after(RETRY_INTERVAL);
            }
        }
    }
}

/// Does a job once; what the store fails at may be tried again. A panic is the job's problem: the next attempt would
/// panic, too.
async fn attempt<K: JobHandler>(
    app: &Arc<App>,
    job: &Taken,
    at_work: &AtWork,
) -> Result<(), StoreError> {
    let lease = &job.lease;
    // It may have been cancelled before it could be told.
    if !app.store.holds(lease).await? {
        return Ok(());
    }
    let problem = match caught(finish::<K>(app, job, at_work)).await {
        Some(Ok(None)) => return Ok(()),
        Some(Ok(Some(problem))) => problem,
        Some(Err(error)) => problem(error)?,
        None => internal("the job panicked"),
    };
    // Whoever hears that it failed hears where.
    if let Some(progress) = at_work.last() {
        app.store.progress(lease, progress).await?;
    }
    if app.store.fail(lease, &problem).await? {
        telemetry::job(JobState::Failed);
        tracing::warn!(%problem, "failed");
    }
    Ok(())
}

/// Does a job and stores its result; its problem, if it has one instead.
async fn finish<K: JobHandler>(
    app: &Arc<App>,
    job: &Taken,
    at_work: &AtWork,
) -> Result<Option<Problem>, StoreError> {
    let output = match K::work(app, &job.lease, job.request()?, at_work).await? {
        JobOutcome::Stopped => return Ok(None),
        JobOutcome::Failed(problem) => return Ok(Some(problem)),
        JobOutcome::Done(output) => output,
    };
    // Nothing is released of a job that was cancelled meanwhile.
    if K::finish(app, &job.lease, output).await? {
        telemetry::job(JobState::Done);
        tracing::info!("done");
    }
    Ok(None)
}

/// What a future comes to, or nothing if it panics.
async fn caught<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    poll_fn(|context| {
        let polled = catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context)));
        polled.map_or(Poll::Ready(None), |polled| polled.map(Some))
    })
    .await
}

/// A rule of the store, or a row that cannot be read, is the job's problem; whatever else it is may pass.
fn problem(error: StoreError) -> Result<Problem, StoreError> {
    match error {
        StoreError::Denied(denial) => Ok(denials::problem(&denial)),
        StoreError::Corrupt { .. } => Ok(internal(&error.to_string())),
        error => Err(error),
    }
}

#[cfg(test)]
mod tests;
