//! Removes files that nobody needs: inputs and witnesses when their jobs end, others after a while.

use std::sync::Arc;
use std::time::Duration;

use pulseproof_sdk::Digest;
use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use crate::app::App;
use crate::refusal::{self, Refusal};
use crate::stopping::stopped;

/// How often files that nobody needs are looked for.
const SWEEP_INTERVAL: Duration = Duration::from_secs(3600);

/// Removes the inputs and witnesses of jobs that have ended. What fails is tried again: the next job
/// that ends and the next start come here as well.
pub async fn discard_secrets(app: &Arc<App>) {
    let _changing = app.blobs.changing.lock().await;
    let spent = match app.store.spent_secrets().await {
        Ok(spent) => spent,
        Err(error) => return tracing::error!(%error, "inputs were not removed"),
    };
    for secret in spent {
        let removed = remove_unneeded(app, secret).await;
        if removed.is_err() || app.store.forget_secret(&secret).await.is_err() {
            tracing::error!("inputs were not removed");
        }
    }
}

/// Removes a file, unless something refers to it. Only with `changing` held.
///
/// # Errors
/// The store's, or the file system's.
pub async fn remove_unneeded(app: &App, id: Digest) -> Result<(), Refusal> {
    if app.store.is_needed(&id).await? {
        return Ok(());
    }
    let blobs = Arc::clone(&app.blobs);
    let removed = spawn_blocking(move || blobs.remove(&id)).await?;
    removed.map_err(|error| refusal::internal(&error))
}

/// Removes now and every hour what nobody needs, until told to stop.
pub async fn run(app: &Arc<App>, stopping: watch::Receiver<bool>) {
    loop {
        discard_secrets(app).await;
        sweep(app).await;
        if timeout(SWEEP_INTERVAL, stopped(stopping.clone())).await.is_ok() {
            return;
        }
    }
}

async fn sweep(app: &Arc<App>) {
    let _changing = app.blobs.changing.lock().await;
    let known = match app.store.needed_blobs().await {
        Ok(known) => known,
        Err(error) => return tracing::error!(%error, "old files were not removed"),
    };
    let (blobs, retention) = (Arc::clone(&app.blobs), app.config.uploads.retention);
    match spawn_blocking(move || blobs.sweep(&known, retention)).await {
        Ok(Ok(0)) => {}
        Ok(Ok(files)) => tracing::info!(files, "removed old files"),
        Ok(Err(error)) => tracing::error!(%error, "old files were not removed"),
        Err(error) => tracing::error!(%error, "old files were not removed"),
    }
}
