//! The queue, and what became of jobs.

use std::time::Duration;

use async_trait::async_trait;
use pulseproof_sdk::Problem;
use pulseproof_sdk::api::Job;
use sqlx::Row as _;

use super::queue::{self, ended};
use super::{SqliteStore, millis};
use crate::jobs::{Ask, JobDetails, JobKind, Jobs, Lease, Progress, StoredJob, Taken};
use crate::{StoreError, to_json};

pub(super) const JOB: &str =
    "SELECT request, state, facts, problem, stage, per_mille, queued_ms, started_ms, ended_ms
     FROM jobs WHERE id = ?1";

/// Jobs of every kind that are not finished: two terms, each of which has an index that fits it.
pub(super) const QUEUE_LENGTH: &str = "SELECT (SELECT count(*) FROM jobs WHERE state = 'queued')
          + (SELECT count(*) FROM jobs WHERE state = 'running')";

/// Takes the first of two candidates: who is first in the queue, and whose lease has run out. A job that was at work
/// when an earlier version ended has no lease that could; it is put back when the next process starts.
pub(super) const TAKE: &str =
    "UPDATE jobs SET state = 'running', attempts = attempts + 1, lease = ?3, lease_expires_ms = ?4,
                     started_ms = ?2, stage = NULL, per_mille = NULL
     WHERE position = (
         SELECT position FROM (
             SELECT * FROM (
                 SELECT position, priority FROM jobs WHERE state = 'queued' AND kind = ?1
                 ORDER BY priority DESC, position LIMIT 1)
             UNION ALL
             SELECT * FROM (
                 SELECT position, priority FROM jobs
                 WHERE state = 'running' AND kind = ?1 AND lease_expires_ms <= ?2
                 ORDER BY priority DESC, position LIMIT 1))
         ORDER BY priority DESC, position LIMIT 1)
     RETURNING id, attempts, request";

pub(super) const REQUEUE: &str =
    "UPDATE jobs SET state = 'queued', lease = NULL, lease_expires_ms = NULL, started_ms = NULL,
                     stage = NULL, per_mille = NULL
     WHERE state = 'running' AND kind = ?1";

#[async_trait]
impl Jobs for SqliteStore {
    async fn job(&self, id: &str) -> Result<Option<Job>, StoreError> {
        let row = sqlx::query(JOB).bind(id).fetch_optional(&self.pool).await?;
        let Some(row) = row else { return Ok(None) };
        let stored = StoredJob {
            request: row.try_get("request")?,
            state: row.try_get("state")?,
            facts: row.try_get("facts")?,
            problem: row.try_get("problem")?,
            stage: row.try_get("stage")?,
            per_mille: row.try_get("per_mille")?,
            queued_ms: row.try_get("queued_ms")?,
            started_ms: row.try_get("started_ms")?,
            ended_ms: row.try_get("ended_ms")?,
        };
        stored.read(id).map(Some)
    }

    async fn result(&self, id: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let row: Option<Option<Vec<u8>>> =
            sqlx::query_scalar("SELECT result FROM jobs WHERE id = ?")
                .bind(id)
                .fetch_optional(&self.pool)
                .await?;
        Ok(row.flatten())
    }

    async fn queue_length(&self) -> Result<i64, StoreError> {
        Ok(sqlx::query_scalar(QUEUE_LENGTH).fetch_one(&self.pool).await?)
    }

    async fn asked_before(&self, ask: &Ask) -> Result<Option<String>, StoreError> {
        queue::asked_before(&self.pool, ask).await
    }

    async fn check_room(&self, kind: JobKind, unfinished_max: usize) -> Result<(), StoreError> {
        queue::check_room(&mut self.pool.begin().await?, kind, unfinished_max).await
    }

    async fn requeue(&self, kind: JobKind) -> Result<u64, StoreError> {
        Ok(sqlx::query(REQUEUE).bind(kind.name()).execute(&self.pool).await?.rows_affected())
    }

    async fn take(&self, kind: JobKind, term: Duration) -> Result<Option<Taken>, StoreError> {
        let (token, now) = (Lease::new_token()?, self.clock.now());
        let row: Option<(String, i64, String)> = sqlx::query_as(TAKE)
            .bind(kind.name())
            .bind(millis(now))
            .bind(&token)
            .bind(millis(now.after(term)))
            .fetch_optional(&self.pool)
            .await?;
        Ok(row.map(|(id, attempts, request)| Taken {
            lease: Lease { id, token },
            attempt: attempts.unsigned_abs(),
            request,
        }))
    }

    async fn holds(&self, lease: &Lease) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (
                       SELECT 1 FROM jobs WHERE id = ? AND lease = ? AND state = 'running')";
        let holds = sqlx::query_scalar(sql).bind(&lease.id).bind(&lease.token);
        Ok(holds.fetch_one(&self.pool).await?)
    }

    async fn renew(&self, lease: &Lease, term: Duration) -> Result<bool, StoreError> {
        let renewed = sqlx::query(
            "UPDATE jobs SET lease_expires_ms = ?
             WHERE id = ? AND lease = ? AND state = 'running'",
        )
        .bind(millis(self.clock.now().after(term)))
        .bind(&lease.id)
        .bind(&lease.token)
        .execute(&self.pool)
        .await?;
        Ok(renewed.rows_affected() == 1)
    }

    async fn progress(&self, lease: &Lease, progress: Progress) -> Result<bool, StoreError> {
        let noted = sqlx::query(
            "UPDATE jobs SET stage = ?, per_mille = ?
             WHERE id = ? AND lease = ? AND state = 'running'",
        )
        .bind(progress.stage)
        .bind(progress.per_mille.map(|per_mille| per_mille.min(1000)))
        .bind(&lease.id)
        .bind(&lease.token)
        .execute(&self.pool)
        .await?;
        Ok(noted.rows_affected() == 1)
    }

    async fn finish(
        &self,
        lease: &Lease,
        result: &[u8],
        facts: &JobDetails,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.write().await?;
        let now = self.clock.now();
        let done = queue::finish(&mut transaction, lease, result, facts, now).await?;
        transaction.commit().await?;
        Ok(done)
    }

    async fn fail(&self, lease: &Lease, problem: &Problem) -> Result<bool, StoreError> {
        let json = to_json("problem", problem)?;
        let mut transaction = self.write().await?;
        let failed = sqlx::query(
            "UPDATE jobs SET state = 'failed', problem = ?, ended_ms = ?,
                             lease = NULL, lease_expires_ms = NULL
             WHERE id = ? AND lease = ? AND state = 'running'",
        )
        .bind(json)
        .bind(millis(self.clock.now()))
        .bind(&lease.id)
        .bind(&lease.token)
        .execute(&mut *transaction)
        .await?;
        let failed = failed.rows_affected() == 1;
        if failed {
            ended(&mut transaction, &lease.id).await?;
        }
        transaction.commit().await?;
        Ok(failed)
    }

    async fn cancel(&self, id: &str) -> Result<bool, StoreError> {
        let mut transaction = self.write().await?;
        let cancelled = sqlx::query(
            "UPDATE jobs SET state = 'cancelled', ended_ms = ?, lease = NULL, lease_expires_ms = NULL
             WHERE id = ? AND state IN ('queued', 'running')",
        )
        .bind(millis(self.clock.now()))
        .bind(id)
        .execute(&mut *transaction)
        .await?;
        let cancelled = cancelled.rows_affected() == 1;
        if cancelled {
            ended(&mut transaction, id).await?;
        }
        transaction.commit().await?;
        Ok(cancelled)
    }
}
