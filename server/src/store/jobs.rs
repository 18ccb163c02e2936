//! Jobs of every kind: the queue, what became of each job, and the results.
//!
//! Whoever takes a job writes under a lease, which is the job's id and how often it was taken: once it is taken
//! again, or has ended, an older lease writes nothing.

use pulseproof_sdk::Problem;
use pulseproof_sdk::api::{Estimate, Job, JobRequest, JobState, Retried};
use serde::{Deserialize, Serialize};
use serde_json::{from_str, to_string};
use sqlx::{Sqlite, Transaction};

use super::{Denial, Store, StoreError, corrupt};

/// The kinds of jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Sums of an epoch.
    Aggregate,
    /// Homomorphic programs.
    Fhe,
    /// Proofs of circuits.
    Groth16,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Aggregate, Self::Fhe, Self::Groth16];

    /// The kind of a request.
    pub fn of(request: &JobRequest) -> Self {
        match request {
            JobRequest::Aggregate { .. } => Self::Aggregate,
            JobRequest::Fhe(_) => Self::Fhe,
            JobRequest::Groth16(_) => Self::Groth16,
        }
    }

    /// Its name in requests.
    pub fn name(self) -> &'static str {
        match self {
            Self::Aggregate => "aggregate",
            Self::Fhe => "fhe",
            Self::Groth16 => "groth16",
        }
    }

    /// What several of them are called.
    pub fn plural(self) -> &'static str {
        match self {
            Self::Aggregate => "sums",
            Self::Fhe => "programs",
            Self::Groth16 => "proofs",
        }
    }
}

/// The right to write what becomes of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The job.
    pub id: String,
    /// Which taking of it, from 1.
    attempt: i64,
}

/// A job that was taken from the queue.
#[derive(Debug)]
pub struct Taken {
    /// The right to end it.
    pub lease: Lease,
    /// What was asked, as stored.
    request: String,
}

impl Taken {
    /// What was asked.
    pub fn request(&self) -> Result<JobRequest, StoreError> {
        from_str(&self.request).map_err(|error| corrupt("request", &error))
    }
}

/// What is known of a job beside its state, its problem and its result: fields of [`Job`].
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Facts {
    /// What it costs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub estimate: Option<Estimate>,
    /// Which backend did the heavy work.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backend: Option<String>,
    /// Time spent proving.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prove_us: Option<u64>,
    /// Time spent verifying.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verify_us: Option<u64>,
    /// Which engine computed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub engine: Option<String>,
    /// Time spent computing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compute_us: Option<u64>,
    /// The backend that failed first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retried: Option<Retried>,
}

impl Store {
    /// A job, if it is known.
    pub async fn job(&self, id: &str) -> Result<Option<Job>, StoreError> {
        let sql = "SELECT request, state, facts, problem FROM jobs WHERE id = ?";
        let row: Option<(String, String, String, Option<String>)> =
            sqlx::query_as(sql).bind(id).fetch_optional(&self.pool).await?;
        let Some((request, state, facts, problem)) = row else { return Ok(None) };
        let request = from_str(&request).map_err(|error| corrupt("request", &error))?;
        let problem = problem.map(|json| from_str(&json)).transpose();
        let facts: Facts = from_str(&facts).map_err(|error| corrupt("facts", &error))?;
        Ok(Some(Job {
            id: id.to_owned(),
            request,
            state: job_state(&state)?,
            backend: facts.backend,
            prove_us: facts.prove_us,
            verify_us: facts.verify_us,
            estimate: facts.estimate,
            engine: facts.engine,
            compute_us: facts.compute_us,
            retried: facts.retried,
            problem: problem.map_err(|error| corrupt("problem", &error))?,
        }))
    }

    /// A finished job's result.
    pub async fn result(&self, id: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let row: Option<Option<Vec<u8>>> =
            sqlx::query_scalar("SELECT result FROM jobs WHERE id = ?")
                .bind(id)
                .fetch_optional(&self.pool)
                .await?;
        Ok(row.flatten())
    }

    /// Jobs that are not finished.
    pub async fn queue_length(&self) -> Result<i64, StoreError> {
        let sql = "SELECT count(*) FROM jobs WHERE state IN ('queued', 'running')";
        Ok(sqlx::query_scalar(sql).fetch_one(&self.pool).await?)
    }

    /// Refuses one more job of a kind than may be unfinished. Whoever creates one looks again.
    pub async fn check_room(&self, kind: Kind, unfinished_max: usize) -> Result<(), StoreError> {
        check_room(&mut self.pool.begin().await?, kind, unfinished_max).await
    }

    /// Puts interrupted jobs of a kind back into the queue, at their old place. Only for the one driver.
    pub async fn requeue(&self, kind: Kind) -> Result<u64, StoreError> {
        let sql = "UPDATE jobs SET state = 'queued' WHERE state = 'running' AND kind = ?";
        Ok(sqlx::query(sql).bind(kind.name()).execute(&self.pool).await?.rows_affected())
    }

    /// Takes the oldest job of a kind from the queue.
    pub async fn take(&self, kind: Kind) -> Result<Option<Taken>, StoreError> {
        let row: Option<(String, i64, String)> = sqlx::query_as(
            "UPDATE jobs SET state = 'running', attempts = attempts + 1 WHERE position = (
                 SELECT position FROM jobs WHERE state = 'queued' AND kind = ?
                 ORDER BY position LIMIT 1)
             RETURNING id, attempts, request",
        )
        .bind(kind.name())
        .fetch_optional(&self.pool)
        .await?;
        Ok(row.map(|(id, attempt, request)| Taken { lease: Lease { id, attempt }, request }))
    }

    /// Whether a lease can still write: the job has not ended, and nobody took it again.
    pub async fn holds(&self, lease: &Lease) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (
                       SELECT 1 FROM jobs WHERE id = ? AND attempts = ? AND state = 'running')";
        let holds = sqlx::query_scalar(sql).bind(&lease.id).bind(lease.attempt);
        Ok(holds.fetch_one(&self.pool).await?)
    }

    /// Stores a result and ends its job; false if the lease is not valid any more.
    pub async fn finish(
        &self,
        lease: &Lease,
        result: &[u8],
        facts: &Facts,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.write().await?;
        let done = finish(&mut transaction, lease, result, facts).await?;
        transaction.commit().await?;
        Ok(done)
    }

    /// Ends a job without a result; false if the lease is not valid any more.
    pub async fn fail(&self, lease: &Lease, problem: &Problem) -> Result<bool, StoreError> {
        let json = to_string(problem).map_err(|error| corrupt("problem", &error))?;
        let mut transaction = self.write().await?;
        let failed = sqlx::query(
            "UPDATE jobs SET state = 'failed', problem = ?
             WHERE id = ? AND attempts = ? AND state = 'running'",
        )
        .bind(json)
        .bind(&lease.id)
        .bind(lease.attempt)
        .execute(&mut *transaction)
        .await?;
        let failed = failed.rows_affected() == 1;
        if failed {
            ended(&mut transaction, &lease.id).await?;
        }
        transaction.commit().await?;
        Ok(failed)
    }

    /// Cancels a job; false if the job ended before.
    pub async fn cancel(&self, id: &str) -> Result<bool, StoreError> {
        let mut transaction = self.write().await?;
        let cancelled = sqlx::query(
            "UPDATE jobs SET state = 'cancelled' WHERE id = ? AND state IN ('queued', 'running')",
        )
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

/// Queues a job.
pub(super) async fn insert(
    transaction: &mut Transaction<'_, Sqlite>,
    id: &str,
    request: &JobRequest,
    facts: &Facts,
) -> Result<(), StoreError> {
    let json = to_string(request).map_err(|error| corrupt("request", &error))?;
    let facts = to_string(facts).map_err(|error| corrupt("facts", &error))?;
    sqlx::query("INSERT INTO jobs (id, kind, request, facts) VALUES (?, ?, ?, ?)")
        .bind(id)
        .bind(Kind::of(request).name())
        .bind(json)
        .bind(facts)
        .execute(&mut **transaction)
        .await?;
    Ok(())
}

/// Stores a result and ends its job; false if the lease is not valid any more.
pub(super) async fn finish(
    transaction: &mut Transaction<'_, Sqlite>,
    lease: &Lease,
    result: &[u8],
    facts: &Facts,
) -> Result<bool, StoreError> {
    let facts = to_string(facts).map_err(|error| corrupt("facts", &error))?;
    let finished = sqlx::query(
        "UPDATE jobs SET state = 'done', result = ?, facts = json_patch(facts, ?)
         WHERE id = ? AND attempts = ? AND state = 'running'",
    )
    .bind(result)
    .bind(facts)
    .bind(&lease.id)
    .bind(lease.attempt)
    .execute(&mut **transaction)
    .await?;
    let finished = finished.rows_affected() == 1;
    if finished {
        ended(transaction, &lease.id).await?;
    }
    Ok(finished)
}

/// Lets go of what an ended job needed.
async fn ended(transaction: &mut Transaction<'_, Sqlite>, id: &str) -> Result<(), StoreError> {
    for sql in
        ["DELETE FROM job_needs WHERE job = ?", "UPDATE job_secrets SET spent = 1 WHERE job = ?"]
    {
        sqlx::query(sql).bind(id).execute(&mut **transaction).await?;
    }
    Ok(())
}

/// What jobs need of what clients can remove.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    EvaluationKey,
    Circuit,
    Result,
}

impl Need {
    fn name(self) -> &'static str {
        match self {
            Self::EvaluationKey => "evaluation-key",
            Self::Circuit => "circuit",
            Self::Result => "result",
        }
    }

    /// Notes that a job needs it until it has ended.
    pub async fn note(
        self,
        transaction: &mut Transaction<'_, Sqlite>,
        job: &str,
        name: &str,
    ) -> Result<(), StoreError> {
        sqlx::query("INSERT OR IGNORE INTO job_needs (what, name, job) VALUES (?, ?, ?)")
            .bind(self.name())
            .bind(name)
            .bind(job)
            .execute(&mut **transaction)
            .await?;
        Ok(())
    }

    /// An unfinished job that needs it.
    pub async fn of(
        self,
        transaction: &mut Transaction<'_, Sqlite>,
        name: &str,
    ) -> Result<Option<String>, StoreError> {
        let sql = "SELECT job FROM job_needs WHERE what = ? AND name = ? LIMIT 1";
        let job = sqlx::query_scalar(sql).bind(self.name()).bind(name);
        Ok(job.fetch_optional(&mut **transaction).await?)
    }
}

/// Refuses one more job of a kind than may be unfinished.
pub(super) async fn check_room(
    transaction: &mut Transaction<'_, Sqlite>,
    kind: Kind,
    unfinished_max: usize,
) -> Result<(), StoreError> {
    let sql = "SELECT count(*) FROM jobs WHERE state IN ('queued', 'running') AND kind = ?";
    let unfinished: i64 =
        sqlx::query_scalar(sql).bind(kind.name()).fetch_one(&mut **transaction).await?;
    if unfinished.unsigned_abs() < unfinished_max as u64 {
        return Ok(());
    }
    Err(Denial::Busy { kind, limit: unfinished_max }.into())
}

pub(super) fn job_state(text: &str) -> Result<JobState, StoreError> {
    let found = JobState::ALL.into_iter().find(|state| state.name() == text);
    found.ok_or_else(|| corrupt("state", &text))
}
