//! The queue, and what became of jobs.

use std::collections::HashSet;
use std::time::Duration;

use async_trait::async_trait;
use pulseproof_sdk::api::{Job, JobProgress, JobState, JobSummary};
use pulseproof_sdk::{Name, Problem};
use sqlx::Row as _;

use super::audit::Write;
use super::dialect::{circuit, epoch, regions};
use super::queue::{self, ended};
use super::{SqlRow, SqlStore, asked, millis};
use crate::audit::Act;
use crate::jobs::{
    Ask, JobDetails, JobKind, Jobs, Lease, Progress, Room, StoredJob, Taken, Unfinished, job_state,
};
use crate::{Denial, StoreError, Timestamp, corrupt, from_json, to_json};

pub const JOB: &str =
    "SELECT id, client, request, state, facts, problem, stage, per_mille, queued_ms, started_ms, ended_ms,
            deadline_ms
     FROM jobs WHERE id = $1";

/// What is listed of jobs, of which ones.
macro_rules! listed {
    ($which:literal) => {
        concat!(
            "SELECT position, id, client, kind, state, stage, per_mille, queued_ms, started_ms, ended_ms,
            problem, ",
            regions!(),
            " AS regions, ",
            epoch!(),
            " AS epoch, ",
            circuit!(),
            " AS circuit FROM jobs WHERE position < $1",
            $which,
            " ORDER BY position DESC LIMIT $2"
        )
    };
}

pub const JOBS: &str = listed!("");
pub const JOBS_OF: &str = listed!(" AND client = $3");

pub const PROGRESS: &str = "SELECT kind, state, stage, per_mille FROM jobs WHERE id = $1";

/// Jobs that are not finished, by kind: two terms, each of which has an index that fits it.
pub const UNFINISHED: &str = "SELECT kind, state, count(*) AS jobs FROM jobs
     WHERE state = 'queued' GROUP BY kind, state
     UNION ALL
     SELECT kind, state, count(*) FROM jobs WHERE state = 'running' GROUP BY kind, state";

/// Takes who is next of those in the queue and those whose lease has run out. A job that was at work when an earlier
/// version ended has no lease that could; it is put back when the next process starts.
pub const TAKE: &str =
    "UPDATE jobs SET state = 'running', attempts = attempts + 1, lease = $3, lease_expires_ms = $4,
                     started_ms = $2, stage = NULL, per_mille = NULL
     WHERE position = (
         SELECT position FROM (
             SELECT *, min(position) OVER (PARTITION BY client) AS first FROM (
                 SELECT position, client, priority FROM jobs WHERE state = 'queued' AND kind = $1
                 UNION ALL
                 SELECT position, client, priority FROM jobs
                 WHERE state = 'running' AND kind = $1 AND lease_expires_ms <= $2) AS open) AS ready
         LEFT JOIN turns ON turns.kind = $1 AND turns.client = ready.client
         ORDER BY coalesce(turn, 0), first, priority DESC, position LIMIT 1)
     RETURNING id, attempts, request, client";

/// A client was served, and is last now.
pub const SERVED: &str = "INSERT INTO turns (kind, client, turn)
     VALUES ($1, $2, (SELECT coalesce(max(turn), 0) + 1 FROM turns WHERE kind = $1))
     ON CONFLICT (kind, client) DO UPDATE SET turn = excluded.turn";

/// Who was served longer ago than so many others is next anyway.
pub const FORGET: &str = "DELETE FROM turns
     WHERE kind = $1 AND turn < (SELECT max(turn) - 10000 FROM turns WHERE kind = $1)";

/// Jobs that are too late: few of those that have a deadline, and none that has ended.
pub const OVERDUE: &str = "SELECT id, kind FROM jobs
     WHERE deadline_ms <= $1 AND state IN ('queued', 'running') AND kind <> 'aggregate'
     ORDER BY deadline_ms";

/// Jobs that ended long ago, and whose secrets are gone.
pub const ENDED: &str = "SELECT id FROM jobs
     WHERE ended_ms < $1 AND kind <> 'aggregate'
           AND NOT EXISTS (SELECT 1 FROM job_secrets WHERE job = id)
     ORDER BY ended_ms LIMIT $2";

pub const REQUEUE: &str =
    "UPDATE jobs SET state = 'queued', lease = NULL, lease_expires_ms = NULL, started_ms = NULL,
                     stage = NULL, per_mille = NULL
     WHERE state = 'running' AND kind = $1";

#[async_trait]
impl Jobs for SqlStore {
    async fn job(&self, id: &str) -> Result<Option<Job>, StoreError> {
        let row = sqlx::query(JOB).bind(asked(id)).fetch_optional(&self.pool).await?;
        row.map(|row| read(&row)).transpose()
    }

    async fn jobs(
        &self,
        before: Option<i64>,
        client: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(i64, JobSummary)>, StoreError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let sql = if client.is_some() { JOBS_OF } else { JOBS };
        let query = sqlx::query(sql).bind(before.unwrap_or(i64::MAX)).bind(limit);
        let query = match client {
            Some(client) => query.bind(client),
            None => query,
        };
        let rows = query.fetch_all(&self.pool).await?;
        rows.iter().map(|row| Ok((row.try_get("position")?, summary(row)?))).collect()
    }

    async fn progress_of(&self, id: &str) -> Result<Option<(JobKind, JobProgress)>, StoreError> {
        let row = sqlx::query(PROGRESS).bind(asked(id)).fetch_optional(&self.pool).await?;
        let Some(row) = row else { return Ok(None) };
        let name: String = row.try_get("kind")?;
        let per_mille: Option<i64> = row.try_get("per_mille")?;
        let progress = JobProgress {
            state: job_state(&row.try_get::<String, _>("state")?)?,
            stage: row.try_get("stage")?,
            progress: per_mille.and_then(|per_mille| u16::try_from(per_mille).ok()),
        };
        Ok(Some((kind_named(&name)?, progress)))
    }

    async fn result(&self, id: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let row: Option<Option<Vec<u8>>> =
            sqlx::query_scalar("SELECT result FROM jobs WHERE id = $1")
                .bind(asked(id))
                .fetch_optional(&self.pool)
                .await?;
        Ok(row.flatten())
    }

    async fn unfinished(&self) -> Result<Vec<Unfinished>, StoreError> {
        let rows: Vec<(String, String, i64)> =
            sqlx::query_as(UNFINISHED).fetch_all(&self.pool).await?;
        let count = |kind: JobKind, state: JobState| {
            let of = |row: &&(String, String, i64)| row.0 == kind.name() && row.1 == state.name();
            rows.iter().find(of).map_or(0, |row| row.2.unsigned_abs())
        };
        let of = |kind| Unfinished {
            kind,
            queued: count(kind, JobState::Queued),
            running: count(kind, JobState::Running),
        };
        Ok(JobKind::ALL.map(of).to_vec())
    }

    async fn asked_before(&self, ask: &Ask) -> Result<Option<String>, StoreError> {
        queue::asked_before(&self.pool, ask).await
    }

    async fn check_room(&self, kind: JobKind, client: &str, room: Room) -> Result<(), StoreError> {
        queue::check_room(&mut self.pool.begin().await?, kind, client, room).await
    }

    async fn requeue(&self, kind: JobKind) -> Result<u64, StoreError> {
        let mut transaction = self.write().await?;
        let requeued = sqlx::query(REQUEUE).bind(kind.name()).execute(&mut **transaction).await?;
        transaction.commit().await?;
        Ok(requeued.rows_affected())
    }

    async fn take(&self, kind: JobKind, term: Duration) -> Result<Option<Taken>, StoreError> {
        let (token, now) = (Lease::new_token()?, self.clock.now());
        let mut transaction = self.write().await?;
        let row: Option<(String, i64, String, String)> = sqlx::query_as(TAKE)
            .bind(kind.name())
            .bind(millis(now))
            .bind(&token)
            .bind(millis(now.after(term)))
            .fetch_optional(&mut **transaction)
            .await?;
        let Some((id, attempts, request, client)) = row else { return Ok(None) };
        let served = sqlx::query(SERVED).bind(kind.name()).bind(client);
        served.execute(&mut **transaction).await?;
        sqlx::query(FORGET).bind(kind.name()).execute(&mut **transaction).await?;
        transaction.commit().await?;
        let (lease, attempt) = (Lease { id, token }, attempts.unsigned_abs());
        Ok(Some(Taken { lease, attempt, request }))
    }

    async fn holds(&self, lease: &Lease) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (
                       SELECT 1 FROM jobs WHERE id = $1 AND lease = $2 AND state = 'running')";
        let holds = sqlx::query_scalar(sql).bind(&lease.id).bind(&lease.token);
        Ok(holds.fetch_one(&self.pool).await?)
    }

    async fn renew(&self, lease: &Lease, term: Duration) -> Result<bool, StoreError> {
        let mut transaction = self.write().await?;
        let renewed = sqlx::query(
            "UPDATE jobs SET lease_expires_ms = $1
             WHERE id = $2 AND lease = $3 AND state = 'running'",
        )
        .bind(millis(transaction.now().after(term)))
        .bind(&lease.id)
        .bind(&lease.token)
        .execute(&mut **transaction)
        .await?;
        transaction.commit().await?;
        Ok(renewed.rows_affected() == 1)
    }

    async fn progress(&self, lease: &Lease, progress: Progress) -> Result<bool, StoreError> {
        let mut transaction = self.write().await?;
        let noted = sqlx::query(
            "UPDATE jobs SET stage = $1, per_mille = $2
             WHERE id = $3 AND lease = $4 AND state = 'running'",
        )
        .bind(progress.stage)
        .bind(progress.per_mille.map(|per_mille| i64::from(per_mille.min(1000))))
        .bind(&lease.id)
        .bind(&lease.token)
        .execute(&mut **transaction)
        .await?;
        transaction.commit().await?;
        Ok(noted.rows_affected() == 1)
    }

    async fn finish(
        &self,
        lease: &Lease,
        result: &[u8],
        facts: &JobDetails,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.write().await?;
        let done = queue::finish(&mut transaction, lease, result, facts).await?;
        transaction.commit().await?;
        Ok(done)
    }

    async fn fail(&self, lease: &Lease, problem: &Problem) -> Result<bool, StoreError> {
        let json = to_json("problem", problem)?;
        let mut transaction = self.write().await?;
        let failed = sqlx::query(
            "UPDATE jobs SET state = 'failed', problem = $1, ended_ms = $2,
                             lease = NULL, lease_expires_ms = NULL
             WHERE id = $3 AND lease = $4 AND state = 'running'",
        )
        .bind(json)
        .bind(millis(self.clock.now()))
        .bind(&lease.id)
        .bind(&lease.token)
        .execute(&mut **transaction)
        .await?;
        let failed = failed.rows_affected() == 1;
        if failed {
            let (state, problem) = (JobState::Failed, Some(problem.short_kind()));
            let act = Act::JobEnded { job: &lease.id, state, result: None, problem };
            ended(&mut transaction, &lease.id, &act).await?;
        }
        transaction.commit().await?;
        Ok(failed)
    }

    async fn cancel(&self, id: &str) -> Result<bool, StoreError> {
        let mut transaction = self.write().await?;
        let cancelled = sqlx::query(
            "UPDATE jobs SET state = 'cancelled', ended_ms = $1, lease = NULL, lease_expires_ms = NULL
             WHERE id = $2 AND state IN ('queued', 'running')",
        )
        .bind(millis(self.clock.now()))
        .bind(asked(id))
        .execute(&mut **transaction)
        .await?;
        let cancelled = cancelled.rows_affected() == 1;
        if cancelled {
            let state = JobState::Cancelled;
            let act = Act::JobEnded { job: id, state, result: None, problem: None };
            ended(&mut transaction, id, &act).await?;
        }
        transaction.commit().await?;
        Ok(cancelled)
    }

    async fn fail_overdue(&self, problem: &Problem) -> Result<Vec<(JobKind, String)>, StoreError> {
        let now = millis(self.clock.now());
        let overdue = sqlx::query(OVERDUE).bind(now).fetch_optional(&self.pool).await?;
        if overdue.is_none() {
            return Ok(Vec::new());
        }
        let json = to_json("problem", problem)?;
        let mut transaction = self.write().await?;
        let overdue: Vec<(String, String)> =
            sqlx::query_as(OVERDUE).bind(now).fetch_all(&mut **transaction).await?;
        let mut failed = Vec::with_capacity(overdue.len());
        for (id, kind) in overdue {
            sqlx::query(
                "UPDATE jobs SET state = 'failed', problem = $1, ended_ms = $2,
                                 lease = NULL, lease_expires_ms = NULL WHERE id = $3",
            )
            .bind(&json)
            .bind(now)
            .bind(&id)
            .execute(&mut **transaction)
            .await?;
            let (state, problem) = (JobState::Failed, Some(problem.short_kind()));
            let act = Act::JobEnded { job: &id, state, result: None, problem };
            ended(&mut transaction, &id, &act).await?;
            failed.push((kind_named(&kind)?, id));
        }
        transaction.commit().await?;
        Ok(failed)
    }

    async fn forget(&self, id: &str) -> Result<bool, StoreError> {
        let mut transaction = self.write().await?;
        let found: Option<(String, String, bool)> = sqlx::query_as(
            "SELECT kind, state, EXISTS (SELECT 1 FROM job_secrets WHERE job = id)
             FROM jobs WHERE id = $1",
        )
        .bind(asked(id))
        .fetch_optional(&mut **transaction)
        .await?;
        let Some((kind, state, has_secret)) = found else { return Ok(false) };
        if kind_named(&kind)? == JobKind::Aggregate {
            return Err(Denial::SumStays.into());
        }
        // A secret's file is found by its job, and goes first.
        if has_secret || matches!(job_state(&state)?, JobState::Queued | JobState::Running) {
            return Err(Denial::JobUnfinished.into());
        }
        delete(&mut transaction, id).await?;
        transaction.note(&Act::JobForgotten { job: id }).await?;
        transaction.commit().await?;
        Ok(true)
    }

    async fn forget_ended(&self, before: Timestamp, limit: usize) -> Result<u64, StoreError> {
        let mut transaction = self.write().await?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let ids: Vec<String> = sqlx::query_scalar(ENDED)
            .bind(millis(before))
            .bind(limit)
            .fetch_all(&mut **transaction)
            .await?;
        for id in &ids {
            delete(&mut transaction, id).await?;
        }
        let count = ids.len() as u64;
        if count > 0 {
            transaction.note(&Act::JobsForgotten { count, before: before.0 }).await?;
        }
        transaction.commit().await?;
        Ok(count)
    }
}

async fn delete(transaction: &mut Write, id: &str) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM jobs WHERE id = $1").bind(id).execute(&mut ***transaction).await?;
    Ok(())
}

fn kind_named(name: &str) -> Result<JobKind, StoreError> {
    let kind = JobKind::ALL.into_iter().find(|kind| kind.name() == name);
    kind.ok_or_else(|| corrupt("kind", &name))
}

fn read(row: &SqlRow) -> Result<Job, StoreError> {
    let stored = StoredJob {
        id: row.try_get("id")?,
        client: row.try_get("client")?,
        request: row.try_get("request")?,
        state: row.try_get("state")?,
        facts: row.try_get("facts")?,
        problem: row.try_get("problem")?,
        stage: row.try_get("stage")?,
        per_mille: row.try_get("per_mille")?,
        queued_ms: row.try_get("queued_ms")?,
        started_ms: row.try_get("started_ms")?,
        ended_ms: row.try_get("ended_ms")?,
        deadline_ms: row.try_get("deadline_ms")?,
    };
    stored.read()
}

/// What is listed of a job: small, whatever was asked.
fn summary(row: &SqlRow) -> Result<JobSummary, StoreError> {
    let time =
        |field| Ok::<_, StoreError>(row.try_get::<Option<i64>, _>(field)?.map(i64::unsigned_abs));
    let client: String = row.try_get("client")?;
    let per_mille: Option<i64> = row.try_get("per_mille")?;
    let mut regions: Vec<Name> = from_json("regions", &row.try_get::<String, _>("regions")?)?;
    let mut seen = HashSet::new();
    regions.retain(|region| seen.insert(region.clone()));
    let problem: Option<String> = row.try_get("problem")?;
    let problem = problem.map(|json| from_json::<Problem>("problem", &json)).transpose()?;
    let epoch: Option<String> = row.try_get("epoch")?;
    let circuit: Option<String> = row.try_get("circuit")?;
    Ok(JobSummary {
        id: row.try_get("id")?,
        client: Some(client).filter(|client| !client.is_empty()),
        kind: row.try_get("kind")?,
        regions,
        epoch: epoch.map(|json| from_json("epoch", &json)).transpose()?,
        circuit: circuit
            .map(|name| name.parse())
            .transpose()
            .map_err(|error| corrupt("circuit", &error))?,
        state: job_state(&row.try_get::<String, _>("state")?)?,
        stage: row.try_get("stage")?,
        progress: per_mille.and_then(|per_mille| u16::try_from(per_mille).ok()),
        queued_at: time("queued_ms")?,
        started_at: time("started_ms")?,
        ended_at: time("ended_ms")?,
        problem: problem.map(|problem| problem.kind),
    })
}
