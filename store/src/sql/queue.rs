//! What all kinds of jobs need of the queue inside a transaction: how they come in, and what they leave behind.

use pulseproof_sdk::Digest;
use pulseproof_sdk::api::{JobRequest, JobState};
use serde_json::{Map, Value};
use sqlx::{Executor, Transaction};

use super::audit::Write;
use super::{Db, millis};
use crate::audit::Act;
use crate::jobs::{Ask, Dependency, JobDetails, JobKind, Lease, Once, Room};
use crate::{Denial, StoreError, corrupt, from_json, to_json};

/// Unfinished jobs of a kind: two terms, each of which has an index that fits it.
pub const UNFINISHED: &str =
    "SELECT (SELECT count(*) FROM jobs WHERE state = 'queued' AND kind = $1)
          + (SELECT count(*) FROM jobs WHERE state = 'running' AND kind = $1)";

/// Those of one client.
pub const UNFINISHED_OF: &str =
    "SELECT (SELECT count(*) FROM jobs WHERE state = 'queued' AND kind = $1 AND client = $2)
          + (SELECT count(*) FROM jobs WHERE state = 'running' AND kind = $1 AND client = $2)";

/// Finds ended jobs, too: who asks again, however late, gets the same job.
pub const ASKED_BEFORE: &str =
    "SELECT id, request_digest FROM jobs WHERE client = $1 AND idempotency_key = $2";

/// Refuses one more job of a kind and a client than may be unfinished.
pub(super) async fn check_room(
    transaction: &mut Transaction<'_, Db>,
    kind: JobKind,
    client: &str,
    Room { all, each }: Room,
) -> Result<(), StoreError> {
    let unfinished: i64 =
        sqlx::query_scalar(UNFINISHED).bind(kind.name()).fetch_one(&mut **transaction).await?;
    if unfinished.unsigned_abs() >= all as u64 {
        return Err(Denial::Busy { kind, limit: all }.into());
    }
    let of_client: i64 = sqlx::query_scalar(UNFINISHED_OF)
        .bind(kind.name())
        .bind(client)
        .fetch_one(&mut **transaction)
        .await?;
    if of_client.unsigned_abs() >= each as u64 {
        return Err(Denial::TooManyJobs { kind, limit: each }.into());
    }
    Ok(())
}

/// The job that was asked for before under the same key, if there is one.
pub(super) async fn asked_before(
    executor: impl Executor<'_, Database = Db>,
    ask: &Ask,
) -> Result<Option<String>, StoreError> {
    let Some(Once { key, digest }) = &ask.once else { return Ok(None) };
    let found: Option<(String, String)> =
        sqlx::query_as(ASKED_BEFORE).bind(&ask.client).bind(key).fetch_optional(executor).await?;
    let Some((id, stored)) = found else { return Ok(None) };
    let stored: Digest = stored.parse().map_err(|error| corrupt("request_digest", &error))?;
    if stored == *digest { Ok(Some(id)) } else { Err(Denial::AskedOtherwise.into()) }
}

/// Queues a job.
pub(super) async fn insert(
    transaction: &mut Write,
    ask: &Ask,
    request: &JobRequest,
    facts: &JobDetails,
) -> Result<(), StoreError> {
    let now = transaction.now();
    let act = Act::queued(&ask.id, JobKind::of(request), request.regions());
    transaction.note_by(&ask.client, &act).await?;
    let once = ask.once.as_ref();
    sqlx::query(
        "INSERT INTO jobs (id, kind, request, facts, priority, queued_ms,
                           client, idempotency_key, request_digest, deadline_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(&ask.id)
    .bind(JobKind::of(request).name())
    .bind(to_json("request", request)?)
    .bind(to_json("facts", facts)?)
    .bind(ask.priority)
    .bind(millis(now))
    .bind(&ask.client)
    .bind(once.map(|once| &once.key))
    .bind(once.map(|once| once.digest.to_string()))
    .bind(ask.deadline.map(millis))
    .execute(&mut ***transaction)
    .await?;
    Ok(())
}

/// Stores a result and ends its job; false if the lease is not valid any more.
pub(super) async fn finish(
    transaction: &mut Write,
    lease: &Lease,
    result: &[u8],
    facts: &JobDetails,
) -> Result<bool, StoreError> {
    let known: Option<String> = sqlx::query_scalar(
        "SELECT facts FROM jobs WHERE id = $1 AND lease = $2 AND state = 'running'",
    )
    .bind(&lease.id)
    .bind(&lease.token)
    .fetch_optional(&mut ***transaction)
    .await?;
    let Some(known) = known else { return Ok(false) };
    sqlx::query(
        "UPDATE jobs SET state = 'done', result = $1, facts = $2, ended_ms = $3,
                         lease = NULL, lease_expires_ms = NULL, stage = NULL, per_mille = NULL
         WHERE id = $4",
    )
    .bind(result)
    .bind(merged(&known, facts)?)
    .bind(millis(transaction.now()))
    .bind(&lease.id)
    .execute(&mut ***transaction)
    .await?;
    let (state, digest) = (JobState::Done, Some(Digest::sha256(result)));
    let act = Act::JobEnded { job: &lease.id, state, result: digest, problem: None };
    ended(transaction, &lease.id, &act).await?;
    Ok(true)
}

/// What was known of a job, and what is known of it now.
fn merged(known: &str, facts: &JobDetails) -> Result<String, StoreError> {
    let mut all: Map<String, Value> = from_json("facts", known)?;
    all.extend(from_json::<Map<String, Value>>("facts", &to_json("facts", facts)?)?);
    to_json("facts", &all)
}

/// Lets go of what an ended job needed, and notes that it ended.
pub(super) async fn ended(
    transaction: &mut Write,
    id: &str,
    act: &Act<'_>,
) -> Result<(), StoreError> {
    transaction.note(act).await?;
    for sql in
        ["DELETE FROM job_needs WHERE job = $1", "UPDATE job_secrets SET spent = 1 WHERE job = $1"]
    {
        sqlx::query(sql).bind(id).execute(&mut ***transaction).await?;
    }
    Ok(())
}

/// Notes that a job needs something until it has ended.
pub(super) async fn note(
    transaction: &mut Transaction<'_, Db>,
    job: &str,
    need: Dependency,
    name: &str,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO job_needs (what, name, job) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
    )
    .bind(need.name())
    .bind(name)
    .bind(job)
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

/// An unfinished job that needs something.
pub(super) async fn needed_by(
    transaction: &mut Transaction<'_, Db>,
    need: Dependency,
    name: &str,
) -> Result<Option<String>, StoreError> {
    let sql = "SELECT job FROM job_needs WHERE what = $1 AND name = $2 LIMIT 1";
    let job = sqlx::query_scalar(sql).bind(need.name()).bind(name);
    Ok(job.fetch_optional(&mut **transaction).await?)
}
