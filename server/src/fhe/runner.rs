//! Takes jobs from the queue and computes several at a time. The store is the queue, so a job outlives
//! the process at any moment, and ends once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use pulseproof_kernels::Curve;
use pulseproof_sdk::Problem;
use pulseproof_sdk::api::JobState;
use pulseproof_sdk::fhe::FheRequest;
use tokio::sync::watch;
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::sleep;
use tracing::Instrument;

use super::compute::{Computed, Outcome, compute};
use super::prepare::{Prepared, prepare};
use crate::aggregate::internal;
use crate::app::App;
use crate::serve::stopped;
use crate::store::StoreError;
use crate::store::fhe_jobs::TakenFhe;
use crate::telemetry;

/// The pause after the store failed.
const RETRY_INTERVAL: Duration = Duration::from_secs(1);

/// Ways to stop the jobs at work.
#[derive(Default)]
pub struct Running(Mutex<HashMap<String, watch::Sender<bool>>>);

impl Running {
    /// Stops a job, if it is at work.
    pub fn stop(&self, id: &str) {
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
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Works until told to stop. Jobs at work are given up then and start anew with the next process: they
/// may take long, and nothing of them was released.
pub async fn run<C: Curve>(app: &Arc<App<C>>, stopping: watch::Receiver<bool>) {
    let mut jobs = JoinSet::new();
    let mut interrupted = true;
    while !*stopping.borrow() {
        let pause = match fill(app, &mut jobs, &mut interrupted).await {
            Ok(()) => Duration::MAX,
            Err(error) => {
                tracing::error!(%error, "the store failed; it will be tried again");
                RETRY_INTERVAL
            }
        };
        tokio::select! {
            () = app.fhe_queued.notified() => {}
            Some(_) = jobs.join_next() => {}
            () = sleep(pause) => {}
            () = stopped(stopping.clone()) => {}
        }
    }
    app.running.stop_all();
    while jobs.join_next().await.is_some() {}
}

/// Takes as many jobs as there is room for.
async fn fill<C: Curve>(
    app: &Arc<App<C>>,
    jobs: &mut JoinSet<()>,
    interrupted: &mut bool,
) -> Result<(), StoreError> {
    if *interrupted {
        let jobs = app.store.requeue_fhe().await?;
        *interrupted = false;
        if jobs > 0 {
            tracing::info!(jobs, "took up interrupted programs");
        }
    }
    while jobs.len() < app.config.fhe_jobs_max.max(1) {
        let Some(job) = app.store.take_fhe().await? else { break };
        telemetry::job(JobState::Running);
        let span = tracing::info_span!("program", id = %job.id);
        jobs.spawn(work(Arc::clone(app), job).instrument(span));
    }
    Ok(())
}

/// Does a job to its end, however often the store fails.
async fn work<C: Curve>(app: Arc<App<C>>, job: TakenFhe) {
    let stop = app.running.begin(&job.id);
    while let Err(error) = finish(&app, &job, stop.clone()).await {
        tracing::error!(%error, "the store failed; the job will be tried again");
        tokio::select! {
            () = sleep(RETRY_INTERVAL) => {}
            () = stopped(stop.clone()) => break,
        }
    }
    app.running.end(&job.id);
}

async fn finish<C: Curve>(
    app: &Arc<App<C>>,
    job: &TakenFhe,
    stop: watch::Receiver<bool>,
) -> Result<(), StoreError> {
    // It may have been cancelled before it could be told.
    if !app.store.is_running_fhe(&job.id).await? {
        return Ok(());
    }
    let (region, prepared) = match prepared(app, job).await? {
        Ok(ready) => ready,
        Err(problem) => return fail(app, job, &problem).await,
    };
    match compute(&app.registry, prepared, &region, stop).await {
        Outcome::Stopped => Ok(()),
        Outcome::Failed(problem) => fail(app, job, &problem).await,
        Outcome::Done(computed) => done(app, job, computed).await,
    }
}

async fn prepared<C: Curve>(
    app: &App<C>,
    job: &TakenFhe,
) -> Result<Result<(pulseproof_sdk::Name, Prepared), Problem>, StoreError> {
    let request: FheRequest = match job.parse() {
        Ok(request) => request,
        Err(error) => return Ok(Err(internal(&error.to_string()))),
    };
    let results = match app.store.sums(&request.sums).await? {
        Ok(results) => results,
        Err(problem) => return Ok(Err(problem)),
    };
    let Some(region) = request.sums.first().map(|sum| sum.region.clone()) else {
        return Ok(Err(internal("a stored program has no sums")));
    };
    let prepared = spawn_blocking(move || prepare::<C>(&request, &results)).await;
    let prepared = prepared.unwrap_or_else(|error| Err(internal(&error.to_string())));
    Ok(prepared.map(|prepared| (region, prepared)))
}

async fn done<C: Curve>(
    app: &App<C>,
    job: &TakenFhe,
    computed: Computed,
) -> Result<(), StoreError> {
    let Computed { bytes, engine, took } = computed;
    // Nothing is released of a job that was cancelled meanwhile.
    if app.store.finish_fhe(&job.id, &bytes, &engine, took).await? {
        telemetry::job(JobState::Done);
        telemetry::computed(&engine, took);
        tracing::info!(?took, "done");
    }
    Ok(())
}

async fn fail<C: Curve>(app: &App<C>, job: &TakenFhe, problem: &Problem) -> Result<(), StoreError> {
    if app.store.fail_fhe(&job.id, problem).await? {
        telemetry::job(JobState::Failed);
        tracing::warn!(%problem, "failed");
    }
    Ok(())
}
