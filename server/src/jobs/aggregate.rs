//! Jobs that sum an epoch: from the request that closes it to the proved result. One at a time, and none is taken
//! back: its epoch is closed.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use pulseproof_kernels::backend::BackendKind;
use pulseproof_prover::wsa::total_weight;
use pulseproof_sdk::api::{JobRequest, Retried};
use pulseproof_sdk::identity::ApplianceKey;
use pulseproof_sdk::{Name, Problem, Roster};
use pulseproof_store::StoreError;
use pulseproof_store::jobs::{Ask, JobDetails, JobKind, Lease};
use tokio::task::spawn_blocking;

use super::JobHandler;
use crate::app::App;
use crate::at_work::AtWork;
use crate::at_work::JobOutcome;
use crate::health;
use crate::problems::internal;
use crate::refusal::Refusal;
use crate::sums::{AggregateError, ProfileSums, Proved, ProverRole, Sum};
use crate::telemetry;

/// Sums of epochs.
pub struct AggregateJobs;

/// Which epoch to close.
pub struct Request {
    /// The region.
    pub region: Name,
    /// The epoch.
    pub epoch: u64,
    /// Weights other than 1.
    pub weights: BTreeMap<Name, u64>,
}

/// A sum, and who failed at it first.
pub struct Output {
    region: Name,
    epoch: u64,
    proved: Proved,
    retried: Option<Retried>,
}

impl JobHandler for AggregateJobs {
    type Request = Request;
    type Output = Output;
    const KIND: JobKind = JobKind::Aggregate;
    const CANCELLABLE: bool = false;

    async fn admit(app: &Arc<App>, ask: &Ask, request: Request) -> Result<String, Refusal> {
        let Request { region, epoch, weights } = request;
        let size = app.sums.words_max();
        let check =
            |roster: &Roster, devices: &[String]| check(&weights, epoch, size, roster, devices);
        let (named, weights) = (region.clone(), weights.clone());
        let asked = JobRequest::Aggregate { region, epoch, weights };
        Ok(app.store.close_epoch(ask, &named, epoch, &asked, &check).await?)
    }

    fn jobs_max(_app: &App) -> usize {
        1
    }

    async fn work(
        app: &Arc<App>,
        lease: &Lease,
        request: JobRequest,
        at_work: &AtWork,
    ) -> Result<JobOutcome<Output>, StoreError> {
        let JobRequest::Aggregate { region, epoch, weights } = request else {
            return Ok(JobOutcome::Failed(internal("a stored sum is none")));
        };
        let Some(roster) = app.store.closing_roster(&lease.id).await? else {
            return Ok(JobOutcome::Failed(internal("a stored sum has closed no epoch")));
        };
        let stored = app.store.submissions(&region, epoch).await?;
        let sums = match app.sums_of(&roster.profile).await {
            Ok(sums) => sums,
            Err(refusal) => return Ok(JobOutcome::Failed(refusal.problem().clone())),
        };
        at_work.begins("proving");
        let sum = Arc::new(Sum { epoch, weights, roster, stored });
        Ok(match prove(app, &sums, &sum).await {
            Ok((proved, retried)) => JobOutcome::Done(Output { region, epoch, proved, retried }),
            Err(problem) => JobOutcome::Failed(problem),
        })
    }

    async fn finish(app: &App, lease: &Lease, output: Output) -> Result<bool, StoreError> {
        let Output { region, epoch, proved, retried } = output;
        let Proved { backend, result, prove, verify } = proved;
        let facts = JobDetails {
            backend: Some(backend.to_string()),
            prove_us: Some(micros(prove)),
            verify_us: Some(micros(verify)),
            retried,
            ..JobDetails::default()
        };
        let done = app.store.release(lease, &region, epoch, &result, &facts).await?;
        if done {
            telemetry::proved(backend, prove, verify);
            tracing::info!(?prove, ?verify, %backend, "proved");
        }
        Ok(done)
    }
}

/// Sums and proves on the device, and if that fails on the CPU, whose word is final.
async fn prove(
    app: &App,
    sums: &Arc<dyn ProfileSums>,
    sum: &Arc<Sum>,
) -> Result<(Proved, Option<Retried>), Problem> {
    let device = app.sums.backend(ProverRole::Primary);
    let attempt = |prover| attempt(sums, prover, &app.identity, sum);
    let (mut retried, begun) = (None, Instant::now());
    if device != BackendKind::Cpu && app.health.is_usable(device) {
        match attempt(ProverRole::Primary).await {
            Ok(proved) => return Ok((proved, None)),
            Err(AggregateError::Job(problem)) => return Err(problem),
            Err(AggregateError::Backend(reason)) => {
                retried = Some(health::retried(device, &reason));
            }
        }
    }
    let proved = attempt(ProverRole::Cpu).await.map_err(|failed| match failed {
        AggregateError::Job(problem) => problem,
        AggregateError::Backend(reason) => internal(&reason),
    })?;
    if let Some(Retried { reason, .. }) = &retried {
        app.health.failed(device, begun, reason);
    }
    Ok((proved, retried))
}

/// Works where that keeps nobody waiting. A panic in there is the backend's failure.
async fn attempt(
    sums: &Arc<dyn ProfileSums>,
    prover: ProverRole,
    identity: &Arc<ApplianceKey>,
    sum: &Arc<Sum>,
) -> Result<Proved, AggregateError> {
    let (sums, identity, sum) = (Arc::clone(sums), Arc::clone(identity), Arc::clone(sum));
    let span = tracing::Span::current();
    let work = move || span.in_scope(|| sums.aggregate(prover, &identity, &sum));
    let working = spawn_blocking(work);
    working.await.unwrap_or_else(|error| Err(AggregateError::Backend(error.to_string())))
}

/// Microseconds of a duration.
pub fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

fn check(
    weights: &BTreeMap<Name, u64>,
    epoch: u64,
    size: usize,
    roster: &Roster,
    devices: &[String],
) -> Result<(), Problem> {
    let limit = size as u64;
    for (device, &weight) in weights {
        let field = format!("weights.{device}");
        if !roster.devices.contains_key(device) {
            let detail = format!("{device} is not in the roster of {}", roster.region);
            return Err(Problem::new(422, "unknown-device", detail).field(field));
        }
        if weight == 0 {
            return Err(bad_weights("a weight must be at least 1", limit).field(field));
        }
    }
    if devices.is_empty() {
        let detail = format!("nobody of {} has submitted for epoch {epoch}", roster.region);
        return Err(Problem::new(409, "nothing-to-sum", detail).field("epoch"));
    }
    let named: BTreeMap<&str, u64> = weights.iter().map(|(d, &w)| (d.as_str(), w)).collect();
    let weight = |device: &String| named.get(device.as_str()).copied().unwrap_or(1);
    let effective: Vec<u64> = devices.iter().map(weight).collect();
    let total = total_weight(&effective, size);
    total.map(drop).map_err(|error| bad_weights(&error.to_string(), limit))
}

fn bad_weights(detail: &str, limit: u64) -> Problem {
    Problem::new(422, "bad-weights", detail).field("weights").limit(limit)
}
