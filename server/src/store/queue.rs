//! What queues of jobs have in common, whatever the jobs do. Each is a table of its own.

use pulseproof_sdk::Problem;
use serde::de::DeserializeOwned;
use serde_json::from_str;
use sqlx::query::Query;
use sqlx::sqlite::SqliteArguments;
use sqlx::{AssertSqlSafe, Sqlite, Transaction};

use super::{Store, StoreError, corrupt};

/// A queue of jobs that can be cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Queue {
    /// Homomorphic programs.
    Fhe,
    /// Proofs of circuits.
    Groth16,
}

impl Queue {
    fn table(self) -> &'static str {
        match self {
            Self::Fhe => "fhe_jobs",
            Self::Groth16 => "groth16_jobs",
        }
    }

    /// SQL with the table's name for `{}`.
    fn sql(self, text: &str) -> AssertSqlSafe<String> {
        AssertSqlSafe(text.replace("{}", self.table()))
    }

    fn query(self, text: &str) -> Query<'static, Sqlite, SqliteArguments> {
        sqlx::query(self.sql(text))
    }
}

/// A job that was taken from a queue.
#[derive(Debug)]
pub struct Taken {
    /// Its id.
    pub id: String,
    /// What was asked, as stored.
    request: String,
}

impl Taken {
    /// What was asked.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, StoreError> {
        from_str(&self.request).map_err(|error| corrupt("request", &error))
    }
}

impl Store {
    /// Puts interrupted jobs back into their queue, at their old place. Only for the one runner.
    pub async fn requeue_in(&self, queue: Queue) -> Result<u64, StoreError> {
        let requeued = queue
            .query("UPDATE {} SET state = 'queued' WHERE state = 'running'")
            .execute(&self.pool)
            .await?;
        Ok(requeued.rows_affected())
    }

    /// Takes the oldest job from a queue.
    pub async fn take_from(&self, queue: Queue) -> Result<Option<Taken>, StoreError> {
        let sql = "UPDATE {} SET state = 'running' WHERE position = (
                       SELECT position FROM {} WHERE state = 'queued' ORDER BY position LIMIT 1)
                   RETURNING id, request";
        let row: Option<(String, String)> =
            sqlx::query_as(queue.sql(sql)).fetch_optional(&self.pool).await?;
        Ok(row.map(|(id, request)| Taken { id, request }))
    }

    /// Whether a job is being worked on, and not cancelled.
    pub async fn is_running(&self, queue: Queue, id: &str) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM {} WHERE id = ? AND state = 'running')";
        Ok(sqlx::query_scalar(queue.sql(sql)).bind(id.to_owned()).fetch_one(&self.pool).await?)
    }

    /// Ends a job without a result; false if the job ended before.
    pub async fn fail_in(
        &self,
        queue: Queue,
        id: &str,
        problem: &Problem,
    ) -> Result<bool, StoreError> {
        let json = serde_json::to_string(problem).map_err(|error| corrupt("problem", &error))?;
        let failed = queue
            .query("UPDATE {} SET state = 'failed', problem = ? WHERE id = ? AND state = 'running'")
            .bind(json)
            .bind(id.to_owned())
            .execute(&self.pool)
            .await?;
        Ok(failed.rows_affected() == 1)
    }

    /// Cancels a job; false if the job ended before.
    pub async fn cancel_in(&self, queue: Queue, id: &str) -> Result<bool, StoreError> {
        let cancelled = queue
            .query(
                "UPDATE {} SET state = 'cancelled'
                 WHERE id = ? AND state IN ('queued', 'running')",
            )
            .bind(id.to_owned())
            .execute(&self.pool)
            .await?;
        Ok(cancelled.rows_affected() == 1)
    }
}

/// Refuses one more job than may be unfinished.
pub(super) async fn check_room(
    transaction: &mut Transaction<'_, Sqlite>,
    queue: Queue,
    unfinished_max: usize,
) -> Result<Result<(), Problem>, StoreError> {
    let sql = "SELECT count(*) FROM {} WHERE state IN ('queued', 'running')";
    let unfinished: i64 = sqlx::query_scalar(queue.sql(sql)).fetch_one(&mut **transaction).await?;
    if unfinished.unsigned_abs() < unfinished_max as u64 {
        return Ok(Ok(()));
    }
    let what = match queue {
        Queue::Fhe => "programs",
        Queue::Groth16 => "proofs",
    };
    let detail = format!("{unfinished_max} {what} are queued or running: try again later");
    let problem = Problem::new(503, "busy", detail).field("kind");
    Ok(Err(problem.limit(unfinished_max as u64)))
}
