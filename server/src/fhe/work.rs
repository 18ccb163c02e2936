//! Jobs that compute programs: from the request to the outputs.

use std::sync::Arc;

use pulseproof_sdk::fhe::FheRequest;
use pulseproof_sdk::{Name, Problem};
use tokio::sync::watch;
use tokio::task::spawn_blocking;

use super::compute::{Computed, compute};
use super::prepare::{Prepared, prepare};
use crate::app::App;
use crate::problems::internal;
use crate::runner::{Lane, Outcome, Work};
use crate::store::StoreError;
use crate::store::fhe_jobs::unknown_key;
use crate::store::queue::{Queue, Taken};
use crate::telemetry;

/// Homomorphic programs: many at a time, so that they share batches.
pub struct Programs;

impl Work for Programs {
    type Output = Computed;
    const QUEUE: Queue = Queue::Fhe;
    const NAME: &'static str = "program";

    fn lane(app: &App) -> &Lane {
        &app.programs
    }

    fn jobs_max(app: &App) -> usize {
        app.config.fhe_jobs_max
    }

    async fn work(
        app: &Arc<App>,
        job: &Taken,
        stop: watch::Receiver<bool>,
    ) -> Result<Outcome<Computed>, StoreError> {
        Ok(match prepared(app, job).await? {
            Ok((region, prepared)) => {
                compute(&app.registry, &app.voucher, prepared, &region, stop).await
            }
            Err(problem) => Outcome::Failed(problem),
        })
    }

    async fn release(app: &App, id: &str, computed: Computed) -> Result<bool, StoreError> {
        let Computed { bytes, engine, took } = computed;
        let done = app.store.finish_fhe(id, &bytes, &engine, took).await?;
        if done {
            telemetry::computed(&engine, took);
        }
        Ok(done)
    }
}

async fn prepared(app: &App, job: &Taken) -> Result<Result<(Name, Prepared), Problem>, StoreError> {
    let request: FheRequest = match job.parse() {
        Ok(request) => request,
        Err(error) => return Ok(Err(internal(&error.to_string()))),
    };
    let results = match app.store.sums(&request.sums).await? {
        Ok(results) => results,
        Err(problem) => return Ok(Err(problem)),
    };
    let key = match app.store.key(&request.key).await? {
        Some(key) => key.fingerprint,
        None => return Ok(Err(unknown_key())),
    };
    let Some(region) = request.sums.first().map(|sum| sum.region.clone()) else {
        return Ok(Err(internal("a stored program has no sums")));
    };
    let sums = Arc::clone(&app.sums);
    let prepared = spawn_blocking(move || prepare(&*sums, &request, key, &results)).await;
    let prepared = prepared.unwrap_or_else(|error| Err(internal(&error.to_string())));
    Ok(prepared.map(|prepared| (region, prepared)))
}
