//! The one worker that sums: takes the oldest job, proves, releases. The store is the queue, so a job
//! outlives the process at any moment, and ends once.

use std::sync::Arc;
use std::time::Duration;

use pulseproof_kernels::backend::BackendKind;
use pulseproof_sdk::Problem;
use pulseproof_sdk::api::{JobRequest, JobState, Retried};
use pulseproof_sdk::identity::ApplianceKey;
use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tokio::time::sleep;
use tracing::Instrument;

use crate::app::App;
use crate::problems::internal;
use crate::serve::stopped;
use crate::service;
use crate::store::StoreError;
use crate::store::jobs::{Release, Released, Taken};
use crate::sums::{Failed, ProfileSums, Proved, Sum, Which, openings_exhausted};
use crate::telemetry;

/// The pause after the store failed. The job stays in the queue: a full disk is no reason to lose it.
const RETRY_INTERVAL: Duration = Duration::from_secs(1);

/// Works until told to stop; the job at work is finished first.
pub async fn run(app: &Arc<App>, stopping: watch::Receiver<bool>) {
    // Jobs that were running when the last process ended.
    let mut interrupted = true;
    while !*stopping.borrow() {
        match step(app, &mut interrupted).await {
            Ok(true) => {}
            Ok(false) => tokio::select! {
                () = app.queued.notified() => {}
                () = stopped(stopping.clone()) => {}
            },
            Err(error) => {
                tracing::error!(%error, "the store failed; the job will be tried again");
                interrupted = true;
                tokio::select! {
                    () = sleep(RETRY_INTERVAL) => {}
                    () = stopped(stopping.clone()) => {}
                }
            }
        }
    }
}

/// Does one job, or says that there is none.
async fn step(app: &Arc<App>, interrupted: &mut bool) -> Result<bool, StoreError> {
    if *interrupted {
        let jobs = app.store.requeue().await?;
        *interrupted = false;
        if jobs > 0 {
            tracing::info!(jobs, "took up interrupted jobs");
        }
    }
    let Some(job) = app.store.take().await? else { return Ok(false) };
    telemetry::job(JobState::Running);
    let span = tracing::info_span!("job", id = %job.id);
    finish(app, &job).instrument(span).await?;
    Ok(true)
}

async fn finish(app: &Arc<App>, job: &Taken) -> Result<(), StoreError> {
    let (request, roster) = match job.parse() {
        Ok(work) => work,
        Err(error) => return fail(app, job, &internal(&error.to_string())).await,
    };
    let JobRequest::Aggregate { region, epoch, weights } = request else {
        return fail(app, job, &internal("a stored sum is none")).await;
    };
    let stored = app.store.submissions(&region, epoch).await?;
    let of_profile = match app.sums_of(&roster.profile).await {
        Ok(sums) => sums,
        Err(refusal) => return fail(app, job, refusal.problem()).await,
    };
    let sum = Arc::new(Sum { epoch, weights, roster, stored });
    let (proved, retried) = match prove(app, &of_profile, &sum).await {
        Ok(proved) => proved,
        Err(problem) => return fail(app, job, &problem).await,
    };
    let (backend, prove, verify) = (proved.backend, proved.prove, proved.verify);
    match app.store.release(&job.id, &release(region, epoch, proved, retried)).await? {
        Released::OpeningsExhausted => fail(app, job, &openings_exhausted(None)).await,
        Released::Done => {
            telemetry::proved(backend, prove, verify);
            telemetry::job(JobState::Done);
            tracing::info!(?prove, ?verify, %backend, "done");
            Ok(())
        }
    }
}

/// Sums and proves on the device, and if that fails on the processor, whose word is final.
async fn prove(
    app: &App,
    sums: &Arc<dyn ProfileSums>,
    sum: &Arc<Sum>,
) -> Result<(Proved, Option<Retried>), Problem> {
    let device = app.sums.backend(Which::Primary);
    let attempt = |prover| attempt(sums, prover, &app.identity, sum);
    let mut retried = None;
    if device != BackendKind::Cpu && app.service.has(device) {
        match attempt(Which::Primary).await {
            Ok(proved) => return Ok((proved, None)),
            Err(Failed::Job(problem)) => return Err(problem),
            Err(Failed::Backend(reason)) => retried = Some(service::retried(device, &reason)),
        }
    }
    let proved = attempt(Which::Cpu).await.map_err(|failed| match failed {
        Failed::Job(problem) => problem,
        Failed::Backend(reason) => internal(&reason),
    })?;
    if retried.is_some() {
        app.service.failed(device);
    }
    Ok((proved, retried))
}

/// Works where that keeps nobody waiting. A panic in there is the backend's failure.
async fn attempt(
    sums: &Arc<dyn ProfileSums>,
    prover: Which,
    identity: &Arc<ApplianceKey>,
    sum: &Arc<Sum>,
) -> Result<Proved, Failed> {
    let (sums, identity, sum) = (Arc::clone(sums), Arc::clone(identity), Arc::clone(sum));
    let span = tracing::Span::current();
    let work = move || span.in_scope(|| sums.aggregate(prover, &identity, &sum));
    let working = spawn_blocking(work);
    working.await.unwrap_or_else(|error| Err(Failed::Backend(error.to_string())))
}

fn release(
    region: pulseproof_sdk::Name,
    epoch: u64,
    proved: Proved,
    retried: Option<Retried>,
) -> Release {
    Release {
        region,
        epoch,
        result: proved.result,
        backend: proved.backend,
        prove_us: micros(proved.prove),
        verify_us: micros(proved.verify),
        retried,
    }
}

async fn fail(app: &App, job: &Taken, problem: &Problem) -> Result<(), StoreError> {
    app.store.fail(&job.id, problem).await?;
    telemetry::job(JobState::Failed);
    tracing::warn!(%problem, "failed");
    Ok(())
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
