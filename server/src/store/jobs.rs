//! Jobs: the queue, what became of each job, and the results.

use pulseproof_kernels::backend::BackendKind;
use pulseproof_sdk::api::{Job, JobRequest, JobState, Retried};
use pulseproof_sdk::{Name, Problem, Roster};
use serde::de::DeserializeOwned;
use serde_json::from_str;
use sqlx::{Sqlite, Transaction};

use super::{Store, StoreError, corrupt, ordered, regions, submissions};

/// A job that was taken from the queue.
#[derive(Debug)]
pub struct Taken {
    /// Its id.
    pub id: String,
    /// What was asked, as stored.
    pub request: String,
    /// The roster when the epoch was closed, as stored.
    pub roster: String,
}

impl Taken {
    /// What was asked, and of whom.
    pub fn parse(&self) -> Result<(JobRequest, Roster), StoreError> {
        let request = from_str(&self.request).map_err(|error| corrupt("request", &error))?;
        Ok((request, regions::parse(&self.roster)?))
    }
}

/// A result to release.
#[derive(Debug)]
pub struct Release {
    /// The region.
    pub region: Name,
    /// The epoch.
    pub epoch: u64,
    /// The bytes of the proved result.
    pub result: Vec<u8>,
    /// Which backend did the work.
    pub backend: BackendKind,
    /// Time spent proving.
    pub prove_us: u64,
    /// Time spent verifying.
    pub verify_us: u64,
    /// The backend that failed first.
    pub retried: Option<Retried>,
}

/// What a release did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Released {
    /// The result is stored, the job is done.
    Done,
    /// A commitment was opened as often as it may be: nothing was stored.
    OpeningsExhausted,
}

impl Store {
    /// Closes an epoch and queues the job that sums it, if `check` finds nothing wrong. `check`
    /// sees the roster and who submitted, inside the transaction.
    pub async fn create_job(
        &self,
        id: &str,
        (region, epoch): (&Name, u64),
        request: &JobRequest,
        check: impl Fn(&Roster, &[String]) -> Result<(), Problem> + Send,
    ) -> Result<Result<(), Problem>, StoreError> {
        let mut transaction = self.write().await?;
        let Some(roster) = regions::stored(&mut transaction, region).await? else {
            return Ok(Err(unknown_region(region)));
        };
        if let Some(other) = closing_job(&mut transaction, region, epoch).await? {
            return Ok(Err(epoch_reused(region, epoch, &other)));
        }
        let devices = submissions::devices(&mut transaction, region, epoch).await?;
        if let Err(problem) = check(&regions::parse(&roster)?, &devices) {
            return Ok(Err(problem));
        }
        insert(&mut transaction, id, (region, epoch), request, &roster).await?;
        transaction.commit().await?;
        Ok(Ok(()))
    }

    /// A job, if it is known.
    pub async fn job(&self, id: &str) -> Result<Option<Job>, StoreError> {
        let row: Option<JobRow> = sqlx::query_as(
            "SELECT id, request, state, backend, prove_us, verify_us, retried, problem
             FROM jobs WHERE id = ?",
        )
        .bind(id)
        .fetch_optional(&self.pool)
        .await?;
        match row {
            Some(row) => job(row, |request| request).map(Some),
            None => match self.fhe_job(id).await? {
                Some(job) => Ok(Some(job)),
                None => self.groth16_job(id).await,
            },
        }
    }

    /// A finished job's result.
    pub async fn result(&self, id: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let row: Option<Option<Vec<u8>>> =
            sqlx::query_scalar("SELECT result FROM jobs WHERE id = ?")
                .bind(id)
                .fetch_optional(&self.pool)
                .await?;
        match row {
            Some(result) => Ok(result),
            None => match self.fhe_result(id).await? {
                Some(result) => Ok(Some(result)),
                None => self.groth16_result(id).await,
            },
        }
    }

    /// Jobs that are not finished.
    pub async fn queue_length(&self) -> Result<i64, StoreError> {
        Ok(sqlx::query_scalar(
            "SELECT (SELECT count(*) FROM jobs WHERE state IN ('queued', 'running'))
                  + (SELECT count(*) FROM fhe_jobs WHERE state IN ('queued', 'running'))
                  + (SELECT count(*) FROM groth16_jobs WHERE state IN ('queued', 'running'))",
        )
        .fetch_one(&self.pool)
        .await?)
    }

    /// Puts interrupted jobs back into the queue, at their old place. Only for the one worker.
    pub async fn requeue(&self) -> Result<u64, StoreError> {
        let requeued = sqlx::query("UPDATE jobs SET state = 'queued' WHERE state = 'running'")
            .execute(&self.pool)
            .await?;
        Ok(requeued.rows_affected())
    }

    /// Takes the oldest job from the queue.
    pub async fn take(&self) -> Result<Option<Taken>, StoreError> {
        let row: Option<(String, String, String)> = sqlx::query_as(
            "UPDATE jobs SET state = 'running' WHERE position = (
                 SELECT position FROM jobs WHERE state = 'queued' ORDER BY position LIMIT 1)
             RETURNING id, request, roster",
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(row.map(|(id, request, roster)| Taken { id, request, roster }))
    }

    /// Stores a result, counts what it opened and ends its job, all at once.
    pub async fn release(&self, id: &str, release: &Release) -> Result<Released, StoreError> {
        let mut transaction = self.write().await?;
        let counted = sqlx::query(
            "UPDATE submissions SET openings = openings + 1 WHERE region = ? AND epoch = ?",
        )
        .bind(release.region.as_str())
        .bind(ordered(release.epoch))
        .execute(&mut *transaction)
        .await;
        match counted {
            Err(sqlx::Error::Database(error)) if error.is_check_violation() => {
                return Ok(Released::OpeningsExhausted);
            }
            counted => counted?,
        };
        finish(&mut transaction, id, release).await?;
        transaction.commit().await?;
        Ok(Released::Done)
    }

    /// Ends a job without a result.
    pub async fn fail(&self, id: &str, problem: &Problem) -> Result<(), StoreError> {
        let json = serde_json::to_string(problem).map_err(|error| corrupt("problem", &error))?;
        sqlx::query(
            "UPDATE jobs SET state = 'failed', problem = ? WHERE id = ? AND state = 'running'",
        )
        .bind(json)
        .bind(id)
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}

/// A row of a job that proves: id, request, state, backend, times of proving and verifying, who failed
/// first, and the problem.
pub(super) type JobRow = (
    String,
    String,
    String,
    Option<String>,
    Option<i64>,
    Option<i64>,
    Option<String>,
    Option<String>,
);

/// Reads a row, whose request is of a kind of its own.
pub(super) fn job<T: DeserializeOwned>(
    (id, request, state, backend, prove_us, verify_us, retried, problem): JobRow,
    kind: impl FnOnce(T) -> JobRequest,
) -> Result<Job, StoreError> {
    let request = from_str(&request).map_err(|error| corrupt("request", &error))?;
    let retried = retried.map(|json| from_str(&json)).transpose();
    let problem = problem.map(|json| from_str(&json)).transpose();
    Ok(Job {
        state: job_state(&state)?,
        backend,
        prove_us: prove_us.map(i64::unsigned_abs),
        verify_us: verify_us.map(i64::unsigned_abs),
        retried: retried.map_err(|error| corrupt("retried", &error))?,
        problem: problem.map_err(|error| corrupt("problem", &error))?,
        ..Job::queued(id, kind(request))
    })
}

pub(super) fn job_state(text: &str) -> Result<JobState, StoreError> {
    match text {
        "queued" => Ok(JobState::Queued),
        "running" => Ok(JobState::Running),
        "done" => Ok(JobState::Done),
        "failed" => Ok(JobState::Failed),
        "cancelled" => Ok(JobState::Cancelled),
        other => Err(corrupt("state", &other)),
    }
}

async fn insert(
    transaction: &mut Transaction<'_, Sqlite>,
    id: &str,
    (region, epoch): (&Name, u64),
    request: &JobRequest,
    roster: &str,
) -> Result<(), StoreError> {
    let json = serde_json::to_string(request).map_err(|error| corrupt("request", &error))?;
    sqlx::query("INSERT INTO jobs (id, region, epoch, request, roster) VALUES (?, ?, ?, ?, ?)")
        .bind(id)
        .bind(region.as_str())
        .bind(ordered(epoch))
        .bind(json)
        .bind(roster)
        .execute(&mut **transaction)
        .await?;
    Ok(())
}

async fn finish(
    transaction: &mut Transaction<'_, Sqlite>,
    id: &str,
    release: &Release,
) -> Result<(), StoreError> {
    let micros = |micros: u64| i64::try_from(micros).unwrap_or(i64::MAX);
    let retried = release.retried.as_ref().map(serde_json::to_string).transpose();
    let retried = retried.map_err(|error| corrupt("retried", &error))?;
    let finished = sqlx::query(
        "UPDATE jobs
         SET state = 'done', result = ?, backend = ?, prove_us = ?, verify_us = ?, retried = ?
         WHERE id = ? AND state = 'running'",
    )
    .bind(&release.result)
    .bind(release.backend.to_string())
    .bind(micros(release.prove_us))
    .bind(micros(release.verify_us))
    .bind(retried)
    .bind(id)
    .execute(&mut **transaction)
    .await?;
    // A job ends once: without this, a second release would count openings twice.
    match finished.rows_affected() {
        1 => Ok(()),
        _ => Err(corrupt("state", &format!("job {id} is not running"))),
    }
}

/// The job that closed an epoch, if one did.
pub(super) async fn closing_job(
    transaction: &mut Transaction<'_, Sqlite>,
    region: &Name,
    epoch: u64,
) -> Result<Option<String>, StoreError> {
    Ok(sqlx::query_scalar("SELECT id FROM jobs WHERE region = ? AND epoch = ?")
        .bind(region.as_str())
        .bind(ordered(epoch))
        .fetch_optional(&mut **transaction)
        .await?)
}

/// No region of that name is registered.
pub fn unknown_region(region: &Name) -> Problem {
    let detail = format!("no region {region} is registered");
    Problem::new(404, "unknown-region", detail).field("region")
}

fn epoch_reused(region: &Name, epoch: u64, job: &str) -> Problem {
    let detail = format!("epoch {epoch} of {region} was closed by job {job}");
    Problem::new(409, "epoch-reused", detail).field("epoch")
}
