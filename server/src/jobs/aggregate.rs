//! Jobs that sum an epoch: from the request that closes it to the proved result. One at a time, and none is taken
//! back: its epoch is closed.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use pulseproof_kernels::backend::BackendKind;
use pulseproof_prover::wsa::total_weight;
use pulseproof_sdk::api::{Job, JobRequest, Retried};
use pulseproof_sdk::identity::ApplianceKey;
use pulseproof_sdk::{Name, Problem, Roster};
use pulseproof_service::answer::Refusal;
use tokio::sync::watch;
use tokio::task::spawn_blocking;

use super::{JobKind, Outcome};
use crate::app::App;
use crate::problems::internal;
use crate::service;
use crate::store::StoreError;
use crate::store::jobs::{Facts, Kind, Lease};
use crate::sums::{Failed, ProfileSums, Proved, Sum, Which};
use crate::telemetry;

/// Sums of epochs.
pub struct Aggregates;

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

impl JobKind for Aggregates {
    type Request = Request;
    type Output = Output;
    const KIND: Kind = Kind::Aggregate;
    const CANCELLABLE: bool = false;

    async fn admit(app: &Arc<App>, id: String, request: Request) -> Result<Job, Refusal> {
        let Request { region, epoch, weights } = request;
        let size = app.sums.words_max();
        let check =
            |roster: &Roster, devices: &[String]| check(&weights, epoch, size, roster, devices);
        let (named, weights) = (region.clone(), weights.clone());
        let asked = JobRequest::Aggregate { region, epoch, weights };
        app.store.close_epoch::<Problem, Refusal>(&id, (&named, epoch), &asked, check).await?;
        Ok(Job::queued(id, asked))
    }

    fn jobs_max(_app: &App) -> usize {
        1
    }

    async fn work(
        app: &Arc<App>,
        lease: &Lease,
        request: JobRequest,
        _stop: watch::Receiver<bool>,
    ) -> Result<Outcome<Output>, StoreError> {
        let JobRequest::Aggregate { region, epoch, weights } = request else {
            return Ok(Outcome::Failed(internal(
                "the stored request of an aggregate job has another kind",
            )));
        };
        let Some(roster) = app.store.closing_roster(&lease.id).await? else {
            return Ok(Outcome::Failed(internal("a stored sum has closed no epoch")));
        };
        let stored = app.store.submissions(&region, epoch).await?;
        let sums = match app.sums_of(&roster.profile).await {
            Ok(sums) => sums,
            Err(refusal) => return Ok(Outcome::Failed(refusal.problem().clone())),
        };
        let sum = Arc::new(Sum { epoch, weights, roster, stored });
        Ok(match prove(app, &sums, &sum).await {
            Ok((proved, retried)) => Outcome::Done(Output { region, epoch, proved, retried }),
            Err(problem) => Outcome::Failed(problem),
        })
    }

    async fn settle(app: &App, lease: &Lease, output: Output) -> Result<bool, StoreError> {
        let Output { region, epoch, proved, retried } = output;
        let Proved { backend, result, prove, verify } = proved;
        let facts = Facts {
            backend: Some(backend.to_string()),
            prove_us: Some(micros(prove)),
            verify_us: Some(micros(verify)),
            retried,
            ..Facts::default()
        };
        let done = app.store.release(lease, (&region, epoch), &result, &facts).await?;
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
