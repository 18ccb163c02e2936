//! Jobs that are too late, and those that ended long ago.

use std::sync::Arc;
use std::time::{Duration, Instant};

use pulseproof_sdk::Problem;
use pulseproof_sdk::api::JobState;
use pulseproof_store::jobs::JobKind;
use pulseproof_store::{Clock as _, StoreError, SystemClock, Timestamp};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::app::App;
use crate::stopping::stopped;
use crate::telemetry;
use crate::upkeep;

/// How soon a job fails whose deadline has passed.
const OVERDUE_INTERVAL: Duration = Duration::from_secs(1);
/// How often jobs that ended long ago are looked for.
const SWEEP_INTERVAL: Duration = Duration::from_secs(3600);
/// Jobs that are forgotten in one transaction.
const FORGOTTEN_AT_ONCE: usize = 1000;

/// Fails jobs whose deadline has passed, and forgets now and every hour those that ended long ago, until told to stop.
pub async fn run(app: &Arc<App>, stopping: watch::Receiver<bool>) {
    let mut swept: Option<Instant> = None;
    loop {
        if swept.is_none_or(|when| when.elapsed() >= SWEEP_INTERVAL) {
            swept = Some(Instant::now());
            // The files of their inputs are found by them, and go first.
            upkeep::discard_secrets(app).await;
            if let Err(error) = forget_ended(app).await {
                tracing::error!(%error, "jobs that ended long ago were not forgotten");
            }
        }
        if timeout(OVERDUE_INTERVAL, stopped(stopping.clone())).await.is_ok() {
            return;
        }
        if let Err(error) = fail_overdue(app).await {
            tracing::error!(%error, "jobs that are too late were not ended");
        }
    }
}

async fn fail_overdue(app: &Arc<App>) -> Result<(), StoreError> {
    let detail = "the job had not ended when its deadline passed";
    let problem = Problem::new(408, "deadline-passed", detail).field("deadline");
    let failed = app.store.fail_overdue(&problem).await?;
    if failed.is_empty() {
        return Ok(());
    }
    for (kind, id) in &failed {
        app.signals.of(*kind).stop(id);
        app.signals.of(*kind).ended.notify_waiters();
        telemetry::job(JobState::Failed);
        tracing::warn!(id, "the deadline passed");
    }
    if failed.iter().any(|(kind, _)| *kind == JobKind::Groth16) {
        upkeep::discard_secrets(app).await;
    }
    Ok(())
}

/// Forgets jobs that ended longer ago than they are kept.
async fn forget_ended(app: &App) -> Result<(), StoreError> {
    let Some(kept) = app.config.jobs_kept else { return Ok(()) };
    let Timestamp(now) = SystemClock.now();
    let kept = u64::try_from(kept.as_millis()).unwrap_or(u64::MAX);
    let before = Timestamp(now.saturating_sub(kept));
    loop {
        let jobs = app.store.forget_ended(before, FORGOTTEN_AT_ONCE).await?;
        if jobs == 0 {
            return Ok(());
        }
        tracing::info!(jobs, "forgot jobs that ended long ago");
    }
}
