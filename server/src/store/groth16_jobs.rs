//! Jobs that prove circuits: what was asked, what became of each, and the proofs. What is secret lies
//! in a file, and is gone soon after the job ended.

use std::time::Duration;

use pulseproof_kernels::backend::BackendKind;
use pulseproof_sdk::api::{Job, JobRequest, Retried};
use pulseproof_sdk::groth16::Groth16Request;
use pulseproof_sdk::{Digest, Problem};

use super::circuits::stored;
use super::jobs::{JobRow, job};
use super::queue::{Queue, check_room};
use super::{Store, StoreError, corrupt};

/// The file of what is secret of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secret {
    /// Inputs.
    Inputs(Digest),
    /// A witness.
    Witness(Digest),
}

/// A proof to release.
#[derive(Debug)]
pub struct Proof {
    /// The result's JSON.
    pub result: Vec<u8>,
    /// Which backend proved.
    pub backend: BackendKind,
    /// Time spent proving.
    pub prove: Duration,
    /// Time spent verifying.
    pub verify: Duration,
    /// The backend that failed first.
    pub retried: Option<Retried>,
}

impl Store {
    /// Refuses one more job than may be unfinished. [`Self::create_groth16_job`] looks again.
    pub async fn check_groth16_room(
        &self,
        unfinished_max: usize,
    ) -> Result<Result<(), Problem>, StoreError> {
        let mut transaction = self.pool.begin().await?;
        check_room(&mut transaction, Queue::Groth16, unfinished_max).await
    }

    /// Queues a job, if its circuit is still there and not too many wait. `request` is without what is
    /// secret.
    pub async fn create_groth16_job(
        &self,
        id: &str,
        request: &Groth16Request,
        secret: Secret,
        unfinished_max: usize,
    ) -> Result<Result<(), Problem>, StoreError> {
        let json = serde_json::to_string(request).map_err(|error| corrupt("request", &error))?;
        let mut transaction = self.write().await?;
        if stored(&mut *transaction, &request.circuit).await?.is_none() {
            return Ok(Err(unknown_circuit()));
        }
        if let Err(problem) = check_room(&mut transaction, Queue::Groth16, unfinished_max).await? {
            return Ok(Err(problem));
        }
        let (file, from_witness) = match secret {
            Secret::Inputs(file) => (file, false),
            Secret::Witness(file) => (file, true),
        };
        sqlx::query(
            "INSERT INTO groth16_jobs (id, circuit, request, secret, from_witness)
             VALUES (?, ?, ?, ?, ?)",
        )
        .bind(id)
        .bind(request.circuit.as_str())
        .bind(json)
        .bind(file.to_string())
        .bind(from_witness)
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(Ok(()))
    }

    /// A job that proves a circuit, if it is known.
    pub(super) async fn groth16_job(&self, id: &str) -> Result<Option<Job>, StoreError> {
        let row: Option<JobRow> = sqlx::query_as(
            "SELECT id, request, state, backend, prove_us, verify_us, retried, problem
             FROM groth16_jobs WHERE id = ?",
        )
        .bind(id)
        .fetch_optional(&self.pool)
        .await?;
        row.map(|row| job(row, JobRequest::Groth16)).transpose()
    }

    /// A finished proof.
    pub(super) async fn groth16_result(&self, id: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let row: Option<Option<Vec<u8>>> =
            sqlx::query_scalar("SELECT result FROM groth16_jobs WHERE id = ?")
                .bind(id)
                .fetch_optional(&self.pool)
                .await?;
        Ok(row.flatten())
    }

    /// The file of a job's inputs or witness.
    pub async fn groth16_secret(&self, id: &str) -> Result<Option<Secret>, StoreError> {
        let row: Option<(String, bool)> = sqlx::query_as(
            "SELECT secret, from_witness FROM groth16_jobs WHERE id = ? AND secret IS NOT NULL",
        )
        .bind(id)
        .fetch_optional(&self.pool)
        .await?;
        let Some((file, from_witness)) = row else { return Ok(None) };
        let file = file.parse().map_err(|error| corrupt("secret", &error))?;
        Ok(Some(if from_witness { Secret::Witness(file) } else { Secret::Inputs(file) }))
    }

    /// The files of inputs and witnesses whose jobs have ended.
    pub async fn spent_secrets(&self) -> Result<Vec<Digest>, StoreError> {
        let ids: Vec<String> = sqlx::query_scalar(
            "SELECT DISTINCT secret FROM groth16_jobs
             WHERE secret IS NOT NULL AND state NOT IN ('queued', 'running')",
        )
        .fetch_all(&self.pool)
        .await?;
        ids.iter().map(|id| id.parse().map_err(|error| corrupt("secret", &error))).collect()
    }

    /// Says that a file is not there any more for jobs that have ended.
    pub async fn forget_secret(&self, secret: &Digest) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE groth16_jobs SET secret = NULL
             WHERE secret = ? AND state NOT IN ('queued', 'running')",
        )
        .bind(secret.to_string())
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Stores a proof and ends its job; false if the job ended before.
    pub async fn finish_groth16(&self, id: &str, proof: &Proof) -> Result<bool, StoreError> {
        let retried = proof.retried.as_ref().map(serde_json::to_string).transpose();
        let retried = retried.map_err(|error| corrupt("retried", &error))?;
        let finished = sqlx::query(
            "UPDATE groth16_jobs
             SET state = 'done', result = ?, backend = ?, prove_us = ?, verify_us = ?, retried = ?
             WHERE id = ? AND state = 'running'",
        )
        .bind(&proof.result)
        .bind(proof.backend.to_string())
        .bind(micros(proof.prove))
        .bind(micros(proof.verify))
        .bind(retried)
        .bind(id)
        .execute(&self.pool)
        .await?;
        Ok(finished.rows_affected() == 1)
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

/// The circuit that a job names is not there.
pub fn unknown_circuit() -> Problem {
    let detail = "there is no such circuit: PUT its key to /v1/circuits first";
    Problem::new(422, "unknown-circuit", detail).field("circuit")
}
