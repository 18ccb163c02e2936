//! The log of what was done: chained and signed soon after, and begun and ended with the appliance itself.

use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use pulseproof_sdk::Digest;
use pulseproof_sdk::audit::AuditVerifier;
use pulseproof_store::audit::{SEALED_AT_ONCE, Signer};
use pulseproof_store::{Act, StoreError};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::app::App;
use crate::config::Access;
use crate::stopping::stopped;

/// How soon what was done is chained and signed.
const SEAL_INTERVAL: Duration = Duration::from_secs(1);
/// Entries that are looked at in one piece.
const PAGE: usize = 1000;
/// How often refusals are noted.
const REFUSALS_INTERVAL: Duration = Duration::from_secs(60);

/// Notes that the appliance has started, and with what.
///
/// # Errors
/// The store's.
pub async fn begin(app: &App) -> Result<(), StoreError> {
    let rules = match &app.config.access {
        Access::Open => None,
        Access::Rules(text) => Some(Digest::sha256(text.as_bytes())),
    };
    let (curve, srs) = (app.sums.curve().to_string(), app.sums.srs());
    let version = env!("CARGO_PKG_VERSION");
    app.store.note(&Act::Started { version, curve: &curve, srs, rules }).await
}

/// Keeps the log up to date until told to stop, once it was looked at whether it is whole.
pub async fn run(app: &Arc<App>, stopping: watch::Receiver<bool>) {
    check(app).await;
    let mut noted = Instant::now();
    while timeout(SEAL_INTERVAL, stopped(stopping.clone())).await.is_err() {
        if noted.elapsed() >= REFUSALS_INTERVAL {
            noted = Instant::now();
            complain(app.refusals.note(&*app.store).await);
        }
        complain(seal(app).await);
    }
}

/// Notes that the appliance has stopped as it should.
pub async fn end(app: &App) {
    complain(app.refusals.note(&*app.store).await);
    complain(app.store.note(&Act::Stopped).await);
    complain(seal(app).await);
}

async fn seal(app: &App) -> Result<(), StoreError> {
    let signer = Signer { key: &app.identity, earlier: &app.earlier };
    loop {
        let behind = *app.sealed.lock().unwrap_or_else(PoisonError::into_inner);
        let (count, last) = app.store.seal_log(&signer, behind).await?;
        *app.sealed.lock().unwrap_or_else(PoisonError::into_inner) = last;
        // What comes meanwhile waits for the next time.
        if count < SEALED_AT_ONCE {
            return Ok(());
        }
    }
}

/// Follows what is chained from its start. What was changed while no appliance looked is said, loudly; work goes on.
async fn check(app: &App) {
    let keys = app.earlier.iter().copied().chain([app.identity.public()]);
    let mut verifier = AuditVerifier::new(keys.collect());
    let mut after = 0;
    loop {
        let entries = match app.store.log(after, PAGE).await {
            Ok(entries) => entries,
            Err(error) => return complain(Err(error)),
        };
        for entry in &entries {
            if let Err(error) = verifier.next(entry) {
                return tracing::error!(%error, "the log of what was done WAS CHANGED");
            }
        }
        match entries.last() {
            Some(last) if entries.len() == PAGE => after = last.position,
            _ => return,
        }
    }
}

fn complain(done: Result<(), StoreError>) {
    if let Err(error) = done {
        tracing::error!(%error, "the log of what was done is behind");
    }
}
