//! `/v1/jobs`: ask for work, follow it, fetch the result.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Extension, Path, Request, State};
use axum::http::header::{CONTENT_TYPE, LOCATION};
use axum::http::{HeaderMap, HeaderName, Method, StatusCode, Uri};
use axum::response::IntoResponse;
use pulseproof_access::{Action, Resource};
use pulseproof_sdk::Problem;
use pulseproof_sdk::api::{Job, JobList, JobRequest, JobState};
use pulseproof_sdk::groth16::Groth16Proof;
use pulseproof_service::Client;
use pulseproof_service::body::{JSON_BYTES_MAX, parse_json};
use pulseproof_store::jobs::{Ask, JobKind, Once};
use pulseproof_store::{Act, Clock as _, SystemClock};

use super::job_query::{AskQuery, JobQuery};
use super::preferences::{PREFERENCE_APPLIED, idempotency_key, wait};
use crate::app::App;
use crate::guard::{Asking, client};
use crate::jobs::{self, find, is_over, until_ended};
use crate::refusal::Refusal;
use crate::upkeep;

/// Jobs that are looked at for one page, and how many at a time: a page may be short, and say where to go on.
const LOOKED_AT_MAX: usize = 500;
const LOOKED_AT_ONCE: usize = 100;

/// Queues a job of any kind, unless the same was asked for before under the same key; waits a while for its end, if
/// that is wanted.
#[utoipa::path(
    post,
    path = "/v1/jobs",
    tag = "jobs",
    params(
        (
            "Idempotency-Key" = Option<String>, Header,
            description = "The same key, query and body give the same job",
        ),
        (
            "priority" = Option<i8>, Query, minimum = -9, maximum = 9,
            description = "Higher ones of the same client are done first; 0 if nobody says",
        ),
        (
            "deadline" = Option<u32>, Query, minimum = 1, maximum = 2592000,
            description = "In so many seconds it fails if it has not ended; none of a sum",
        ),
        (
            "Prefer" = Option<String>, Header,
            description = "`wait=N`: hold the answer back for up to N seconds, at most 60, until the job has ended",
        ),
    ),
    request_body(content = JobRequest),
    responses(
        (
            status = 202, body = Job, headers(("Location" = String, description = "Where the job is")),
            description = "Queued; the job without secret inputs",
        ),
        (
            status = 200, body = Job, headers(("Location" = String, description = "Where the job is")),
            description = "It has ended: it was asked for before, or waited for",
        ),
    ),
    extensions((
        "x-problems" = json!(
            "404 unknown-job, unknown-region, unknown-witness; 409 epoch-reused, nothing-to-sum, \
             sum-not-ready; 422 bad-inputs, bad-job, bad-layout, bad-program, bad-weights, bad-word, \
             engine-unavailable, idempotency-key-reused, insecure-key, mixed-profiles, no-wasm, \
             too-many-summands, unknown-circuit, unknown-device, unknown-key, unknown-result, unknown-sum, \
             wrong-engine, wrong-length, wrong-profile; 429 too-many-jobs; 507 disk-full"
        )
    ))
)]
pub async fn create(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Asking>,
    request: Request,
) -> Result<impl IntoResponse, Refusal> {
    let patience = wait(request.headers());
    let key = idempotency_key(request.headers())?;
    let query = request.uri().query().unwrap_or_default().to_owned();
    let AskQuery { priority, deadline } = AskQuery::read(&query)?;
    let body = app.bodies.read_json(request, JSON_BYTES_MAX).await?;
    let request: JobRequest = parse_json(&body.bytes)?;
    check(&app, &caller, &request)?;
    let once = key.map(|key| Once { key, digest: app.request_digest(&query, &body.bytes) });
    if deadline.is_some() && JobKind::of(&request) == JobKind::Aggregate {
        let detail = "a sum closes its epoch, and has no deadline";
        return Err(Problem::new(422, "bad-job", detail).field("deadline").into());
    }
    let deadline = deadline.map(|deadline| SystemClock.now().after(deadline));
    let ask = Ask::new(jobs::new_id()?, client(&caller).as_str());
    let ask = Ask { once, priority, deadline, ..ask };
    let job = jobs::admit(&app, &ask, request).await?;
    // What was asked is on disk, and counts no more.
    drop(body);
    let (job, applied) = wait_for(&app, &caller, job, patience).await;
    let location = [(LOCATION, format!("/v1/jobs/{}", job.id))];
    let status = if is_over(job.state) { StatusCode::OK } else { StatusCode::ACCEPTED };
    Ok((status, location, applied, Json(job)))
}

/// Who asks has to be allowed to ask it of all that is in it.
fn check(app: &App, caller: &Asking, request: &JobRequest) -> Result<(), Problem> {
    let on_regions = |action| {
        request
            .regions()
            .iter()
            .try_for_each(|region| app.guard.check(caller, action, Resource::Region(region)))
    };
    match request {
        JobRequest::Aggregate { .. } => on_regions(Action::Sum),
        JobRequest::Fhe(_) => on_regions(Action::Compute),
        JobRequest::Groth16(asked) => {
            app.guard.check(caller, Action::Prove, Resource::Circuit(&asked.circuit))
        }
    }
}

/// A job that somebody may see; others' are as if they were not there.
pub(super) async fn find_for(
    app: &App,
    caller: &Asking,
    action: Action,
    id: &str,
) -> Result<Job, Refusal> {
    let job = find(app, id).await?;
    if !permits(app, caller, Action::SeeJob, &job) {
        return Err(jobs::unknown_job().into());
    }
    let (owner, regions) = (job.client.as_deref().unwrap_or(""), job.request.regions());
    app.guard.check(caller, action, Resource::Job { id, owner, regions: &regions })?;
    Ok(job)
}

fn permits(app: &App, caller: &Asking, action: Action, job: &Job) -> bool {
    let (owner, regions) = (job.client.as_deref().unwrap_or(""), job.request.regions());
    app.guard.permits(caller, action, Resource::Job { id: &job.id, owner, regions: &regions })
}

/// Waits until a job has ended, for as long as is wanted; what is said of that. The job is there: if too many wait, or
/// it cannot be looked at again, it is answered as it was.
async fn wait_for(
    app: &App,
    caller: &Asking,
    job: Job,
    patience: Option<Duration>,
) -> (Job, Option<[(HeaderName, String); 1]>) {
    let Some(patience) = patience else { return (job, None) };
    if is_over(job.state) {
        return (job, applied(patience));
    }
    let Ok(_place) = app.waits.reserve(client(caller).as_str(), 1) else { return (job, None) };
    match until_ended(app, &job, patience).await {
        Ok(ended) => (ended, applied(patience)),
        Err(_) => (job, None),
    }
}

fn applied(patience: Duration) -> Option<[(HeaderName, String); 1]> {
    Some([(PREFERENCE_APPLIED, format!("wait={}", patience.as_secs()))])
}

/// Jobs that may be seen, the newest first.
#[utoipa::path(
    get,
    path = "/v1/jobs",
    tag = "jobs",
    params(
        ("state" = Option<JobState>, Query, description = "In this state"),
        (
            "kind" = Option<String>, Query, pattern = "^(aggregate|fhe|groth16)$",
            description = "Of this kind",
        ),
        ("mine" = Option<bool>, Query, description = "Those that whoever asks has asked for"),
        (
            "limit" = Option<u8>, Query, minimum = 1, maximum = 100,
            description = "So many at most; 20 if nobody says",
        ),
        ("after" = Option<i64>, Query, minimum = 0, description = "The `next` of the page before"),
    ),
    responses(
        (status = 200, body = JobList, description = "A page of them"),
    ),
    extensions(("x-problems" = json!("503 busy")))
)]
pub async fn list(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Asking>,
    uri: Uri,
) -> Result<Json<JobList>, Refusal> {
    app.guard.check(&caller, Action::ListJobs, Resource::Appliance)?;
    let query = JobQuery::read(uri.query().unwrap_or_default())?;
    let _place = app.lists.enter(client(&caller).as_str()).await?;
    let of = query.mine.then(|| client(&caller));
    let of = of.as_ref().map(Client::as_str);
    let (mut jobs, mut before, mut looked_at) = (Vec::new(), query.after, 0);
    while looked_at < LOOKED_AT_MAX {
        let page = app.store.jobs(before, of, LOOKED_AT_ONCE).await?;
        let is_last = page.len() < LOOKED_AT_ONCE;
        looked_at += page.len();
        for (position, job) in page {
            if jobs.len() == query.limit {
                return Ok(Json(JobList { jobs, next: before }));
            }
            before = Some(position);
            let (owner, regions) = (job.client.as_deref().unwrap_or(""), &job.regions[..]);
            let resource = Resource::Job { id: &job.id, owner, regions };
            if query.matches(&job) && app.guard.permits(&caller, Action::SeeJob, resource) {
                jobs.push(job);
            }
        }
        if is_last {
            return Ok(Json(JobList { jobs, next: None }));
        }
    }
    Ok(Json(JobList { jobs, next: before }))
}

/// Forgets a job that has ended, with its result. Sums stay: each has closed its epoch.
#[utoipa::path(
    delete,
    path = "/v1/jobs/{id}/result",
    tag = "jobs",
    responses((status = 204, description = "Forgotten")),
    extensions((
        "x-problems" = json!("404 unknown-job; 409 job-unfinished, sum-stays; 507 disk-full")
    ))
)]
pub async fn forget(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Asking>,
    path: Result<Path<String>, PathRejection>,
) -> Result<StatusCode, Refusal> {
    let job = find_for(&app, &caller, Action::ForgetJob, &path?.0).await?;
    // Whoever saw that it has ended was faster than who removes its inputs.
    upkeep::discard_secrets(&app).await;
    match app.store.by(&caller.name).forget(&job.id).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(jobs::unknown_job().into()),
    }
}

/// Where a job stands, now or when it has ended.
#[utoipa::path(
    get,
    path = "/v1/jobs/{id}",
    tag = "jobs",
    params(
        (
            "Prefer" = Option<String>, Header,
            description = "`wait=N`: hold the answer back for up to N seconds, at most 60, until the job has ended",
        ),
    ),
    responses(
        (status = 200, body = Job, description = "The job"),
    ),
    extensions(("x-problems" = json!("404 unknown-job")))
)]
pub async fn show(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Asking>,
    path: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Result<impl IntoResponse, Refusal> {
    let job = find_for(&app, &caller, Action::SeeJob, &path?.0).await?;
    let (job, applied) = wait_for(&app, &caller, job, wait(&headers)).await;
    Ok((applied, Json(job)))
}

/// A finished job's result.
#[utoipa::path(
    get,
    path = "/v1/jobs/{id}/result",
    tag = "jobs",
    responses(
        (
            status = 200, content((Vec<u8> = "application/octet-stream"), (Groth16Proof = "application/json")),
            description = "A proved sum or a program's outputs, binary; a circuit's proof",
        ),
    ),
    extensions((
        "x-problems" = json!(
            "404 unknown-job, unknown-profile; 408 deadline-passed; 409 job-cancelled, openings-exhausted, \
             result-not-ready, sum-not-ready; 422 bad-inputs, bad-layout, bad-program, bad-witness, bad-word, key-too-large, \
             mixed-profiles, no-wasm, too-many-summands, unknown-circuit, unknown-key, unknown-result, \
             unknown-sum, unsatisfied, wrong-length, wrong-profile; 500 backend-failed, engine-failed; 507 disk-full"
        )
    ))
)]
pub async fn result(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Asking>,
    method: Method,
    path: Result<Path<String>, PathRejection>,
) -> Result<([(HeaderName, &'static str); 1], Vec<u8>), Refusal> {
    let job = find_for(&app, &caller, Action::FetchResult, &path?.0).await?;
    match (job.problem, app.store.result(&job.id).await?) {
        (Some(problem), _) => Err(problem.into()),
        (None, None) if job.state == JobState::Cancelled => {
            Err(Problem::new(409, "job-cancelled", format!("job {} was cancelled", job.id)).into())
        }
        (None, Some(bytes)) => {
            // Who only looks is handed nothing.
            if method != Method::HEAD && app.fetches.is_news(&caller.name, &job.id) {
                let act = Act::ResultFetched { job: &job.id };
                app.store.by(&caller.name).note(&act).await?;
                app.fetches.was_noted(&caller.name, &job.id);
            }
            Ok(([(CONTENT_TYPE, media_type(&job.request))], bytes))
        }
        (None, None) => Err(Refusal::for_now(not_ready(&job.id))),
    }
}

/// Cancels a job that is queued or running, and closes no epoch.
#[utoipa::path(
    delete,
    path = "/v1/jobs/{id}",
    tag = "jobs",
    responses(
        (status = 200, body = Job, description = "The job, cancelled"),
    ),
    extensions(("x-problems" = json!("404 unknown-job; 409 job-finished, not-cancellable; 507 disk-full")))
)]
pub async fn cancel(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Asking>,
    path: Result<Path<String>, PathRejection>,
) -> Result<Json<Job>, Refusal> {
    let job = find_for(&app, &caller, Action::CancelJob, &path?.0).await?;
    jobs::cancel(&app, &caller.name, &job).await?;
    let job = find(&app, &job.id).await?;
    if job.state == JobState::Cancelled {
        return Ok(Json(job));
    }
    let detail = format!("job {} has ended already", job.id);
    Err(Problem::new(409, "job-finished", detail).field("id").into())
}

fn media_type(request: &JobRequest) -> &'static str {
    match JobKind::of(request) {
        JobKind::Groth16 => "application/json",
        JobKind::Aggregate | JobKind::Fhe => "application/octet-stream",
    }
}

fn not_ready(id: &str) -> Problem {
    Problem::new(409, "result-not-ready", format!("job {id} is not finished"))
}
