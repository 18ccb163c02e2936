//! Jobs that compute programs: from the request to the outputs. Many at a time, so that they share batches.

use std::sync::Arc;

use pulseproof_sdk::api::JobRequest;
use pulseproof_sdk::fhe::FheRequest;
use pulseproof_store::jobs::{Ask, JobDetails, JobKind, Lease, Room};
use pulseproof_store::{Denial, StoreError};
use tokio::task::spawn_blocking;
use tracing::Span;

use super::JobHandler;
use super::aggregate::micros;
use crate::app::App;
use crate::at_work::AtWork;
use crate::at_work::JobOutcome;
use crate::fhe::compute::{Computed, Site, check_engine, compute, wrong_engine};
use crate::fhe::prepare::{check_lengths, prepare};
use crate::problems::internal;
use crate::refusal::Refusal;
use crate::telemetry;

/// Homomorphic programs.
pub struct ProgramJobs;

impl JobHandler for ProgramJobs {
    type Request = Box<FheRequest>;
    type Output = Computed;
    const KIND: JobKind = JobKind::Fhe;
    const CANCELLABLE: bool = true;

    async fn admit(app: &Arc<App>, ask: &Ask, request: Box<FheRequest>) -> Result<String, Refusal> {
        check_lengths(&request)?;
        let key =
            app.store.key(&request.key).await?.ok_or(StoreError::from(Denial::KeyNotThere))?;
        if key.engine != request.engine.keyed_as() {
            return Err(wrong_engine(key.engine, request.engine).into());
        }
        // The place at the gate keeps the results in memory few.
        let permit = app.gate.enter(&ask.client).await?;
        let results = app.store.sums(&request.sums).await?;
        let (span, sums) = (Span::current(), Arc::clone(&app.sums));
        let check = move || {
            let prepared = check_engine(request.engine)
                .and_then(|()| prepare(&*sums, &request, key.fingerprint, &results));
            let estimate = prepared.map(|prepared| prepared.estimate);
            drop((results, permit));
            (request, estimate)
        };
        let (request, estimate) = spawn_blocking(move || span.in_scope(check)).await?;
        let room = Room::new(app.config.fhe_jobs_unfinished_max);
        Ok(app.store.create_program(ask, &request, estimate?, room).await?)
    }

    fn jobs_max(app: &App) -> usize {
        app.config.fhe_jobs_max
    }

    async fn work(
        app: &Arc<App>,
        _lease: &Lease,
        request: JobRequest,
        at_work: &AtWork,
    ) -> Result<JobOutcome<Computed>, StoreError> {
        let JobRequest::Fhe(request) = request else {
            return Ok(JobOutcome::Failed(internal("a stored program is none")));
        };
        at_work.begins("preparing");
        let results = app.store.sums(&request.sums).await?;
        let key = app.store.key(&request.key).await?.ok_or(Denial::KeyNotThere)?.fingerprint;
        let Some(region) = request.sums.first().map(|sum| sum.region.clone()) else {
            return Ok(JobOutcome::Failed(internal("a stored program has no sums")));
        };
        let sums = Arc::clone(&app.sums);
        let prepared = spawn_blocking(move || prepare(&*sums, &request, key, &results)).await;
        Ok(match prepared.unwrap_or_else(|error| Err(internal(&error.to_string()))) {
            Ok(prepared) => {
                let App { registry, health, voucher, .. } = &**app;
                let site = Site { registry, health, voucher };
                compute(site, prepared, &region, at_work).await
            }
            Err(problem) => JobOutcome::Failed(problem),
        })
    }

    async fn finish(app: &App, lease: &Lease, computed: Computed) -> Result<bool, StoreError> {
        let Computed { bytes, engine, took, retried } = computed;
        let facts = JobDetails {
            engine: Some(engine.clone()),
            compute_us: Some(micros(took)),
            retried,
            ..JobDetails::default()
        };
        let done = app.store.finish(lease, &bytes, &facts).await?;
        if done {
            telemetry::computed(&engine, took);
        }
        Ok(done)
    }
}
