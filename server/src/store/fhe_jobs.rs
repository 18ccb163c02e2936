//! Jobs that compute programs: what was asked, what became of each, and the results.

use std::time::Duration;

use pulseproof_sdk::Problem;
use pulseproof_sdk::api::{Estimate, Job, JobRequest, JobState};
use pulseproof_sdk::fhe::{FheRequest, SumRef};
use serde_json::from_str;

use super::jobs::job_state;
use super::queue::{Queue, check_room};
use super::{Store, StoreError, corrupt, keys, ordered, results};

impl Store {
    /// Queues a job, if its key is still there and not too many wait.
    pub async fn create_fhe_job(
        &self,
        id: &str,
        request: &FheRequest,
        estimate: &Estimate,
        unfinished_max: usize,
    ) -> Result<Result<(), Problem>, StoreError> {
        let json = |error| corrupt("request", &error);
        let stored = serde_json::to_string(request).map_err(json)?;
        let estimate = serde_json::to_string(estimate).map_err(json)?;
        let mut transaction = self.write().await?;
        if !keys::is_known(&mut transaction, &request.key).await? {
            return Ok(Err(unknown_key()));
        }
        if let Err(problem) = check_room(&mut transaction, Queue::Fhe, unfinished_max).await? {
            return Ok(Err(problem));
        }
        sqlx::query("INSERT INTO fhe_jobs (id, key, request, estimate) VALUES (?, ?, ?, ?)")
            .bind(id)
            .bind(request.key.to_string())
            .bind(stored)
            .bind(estimate)
            .execute(&mut *transaction)
            .await?;
        if let Some(index) = results::take(&mut transaction, id, &request.sums).await? {
            return Ok(Err(unknown_result(index, &request.sums[index])));
        }
        transaction.commit().await?;
        Ok(Ok(()))
    }

    /// The results that sums name, in order.
    pub async fn sums(&self, sums: &[SumRef]) -> Result<Result<Vec<Vec<u8>>, Problem>, StoreError> {
        let mut results = Vec::with_capacity(sums.len());
        for (index, sum) in sums.iter().enumerate() {
            if let Some(digest) = &sum.result {
                match self.result_of_others(digest, (&sum.region, sum.epoch)).await? {
                    Some(result) => results.push(result),
                    None => return Ok(Err(unknown_result(index, sum))),
                }
                continue;
            }
            let row: Option<(String, Option<Vec<u8>>)> =
                sqlx::query_as("SELECT state, result FROM jobs WHERE region = ? AND epoch = ?")
                    .bind(sum.region.as_str())
                    .bind(ordered(sum.epoch))
                    .fetch_optional(&self.pool)
                    .await?;
            match row {
                Some((_, Some(result))) => results.push(result),
                Some((state, None)) => return Ok(Err(unfinished_sum(index, sum, &state))),
                None => return Ok(Err(unknown_sum(index, sum))),
            }
        }
        Ok(Ok(results))
    }

    /// A job that computes a program, if it is known.
    pub(super) async fn fhe_job(&self, id: &str) -> Result<Option<Job>, StoreError> {
        let row: Option<JobRow> = sqlx::query_as(
            "SELECT id, request, state, estimate, engine, compute_us, problem
             FROM fhe_jobs WHERE id = ?",
        )
        .bind(id)
        .fetch_optional(&self.pool)
        .await?;
        row.map(job).transpose()
    }

    /// A finished program's outputs.
    pub(super) async fn fhe_result(&self, id: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let row: Option<Option<Vec<u8>>> =
            sqlx::query_scalar("SELECT result FROM fhe_jobs WHERE id = ?")
                .bind(id)
                .fetch_optional(&self.pool)
                .await?;
        Ok(row.flatten())
    }

    /// Stores a result and ends its job; false if the job ended before.
    pub async fn finish_fhe(
        &self,
        id: &str,
        result: &[u8],
        engine: &str,
        took: Duration,
    ) -> Result<bool, StoreError> {
        let finished = sqlx::query(
            "UPDATE fhe_jobs SET state = 'done', result = ?, engine = ?, compute_us = ?
             WHERE id = ? AND state = 'running'",
        )
        .bind(result)
        .bind(engine)
        .bind(i64::try_from(took.as_micros()).unwrap_or(i64::MAX))
        .bind(id)
        .execute(&self.pool)
        .await?;
        Ok(finished.rows_affected() == 1)
    }
}

type JobRow = (String, String, String, String, Option<String>, Option<i64>, Option<String>);

fn job(
    (id, request, state, estimate, engine, compute_us, problem): JobRow,
) -> Result<Job, StoreError> {
    let request: FheRequest = from_str(&request).map_err(|error| corrupt("request", &error))?;
    let estimate = from_str(&estimate).map_err(|error| corrupt("estimate", &error))?;
    let problem = problem.map(|json| from_str(&json)).transpose();
    let state: JobState = job_state(&state)?;
    Ok(Job {
        state,
        estimate: Some(estimate),
        engine,
        compute_us: compute_us.map(i64::unsigned_abs),
        problem: problem.map_err(|error| corrupt("problem", &error))?,
        ..Job::queued(id, JobRequest::Fhe(Box::new(request)))
    })
}

/// The key that a job names is not there.
pub fn unknown_key() -> Problem {
    let detail = "there is no such evaluation key: PUT it to /v1/evaluation-keys first";
    Problem::new(422, "unknown-key", detail).field("key")
}

fn unknown_sum(index: usize, sum: &SumRef) -> Problem {
    let detail = format!("no job has summed epoch {} of {}", sum.epoch, sum.region);
    Problem::new(422, "unknown-sum", detail).field(format!("sums[{index}]"))
}

fn unknown_result(index: usize, SumRef { region, epoch, .. }: &SumRef) -> Problem {
    let detail = format!(
        "no such result of epoch {epoch} of {region} is here: PUT it to /v1/results/{{digest}} first"
    );
    Problem::new(422, "unknown-result", detail).field(format!("sums[{index}].result"))
}

fn unfinished_sum(index: usize, sum: &SumRef, state: &str) -> Problem {
    let detail = format!("the job that sums epoch {} of {} is {state}", sum.epoch, sum.region);
    Problem::new(409, "sum-not-ready", detail).field(format!("sums[{index}]"))
}
