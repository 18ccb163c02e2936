//! Jobs that prove circuits, as they are asked for. What is secret lies in a file, and is gone soon after the job
//! ended.

use pulseproof_sdk::Digest;
use pulseproof_sdk::api::JobRequest;
use pulseproof_sdk::groth16::Groth16Request;

use super::circuits::stored;
use super::jobs::{Facts, Kind, Need, check_room, insert};
use super::{Denial, Store, StoreError, corrupt};

/// The file of what is secret of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secret {
    /// Inputs.
    Inputs(Digest),
    /// A witness.
    Witness(Digest),
}

impl Store {
    /// Queues a job, if its circuit is still there and not too many wait. `request` is without what is
    /// secret.
    pub async fn create_proof(
        &self,
        id: &str,
        request: &Groth16Request,
        secret: Secret,
        unfinished_max: usize,
    ) -> Result<(), StoreError> {
        let mut transaction = self.write().await?;
        if stored(&mut *transaction, &request.circuit).await?.is_none() {
            return Err(Denial::CircuitNotThere.into());
        }
        check_room(&mut transaction, Kind::Groth16, unfinished_max).await?;
        let job = JobRequest::Groth16(request.clone());
        insert(&mut transaction, id, &job, &Facts::default()).await?;
        Need::Circuit.note(&mut transaction, id, request.circuit.as_str()).await?;
        let (file, from_witness) = match secret {
            Secret::Inputs(file) => (file, false),
            Secret::Witness(file) => (file, true),
        };
        sqlx::query("INSERT INTO job_secrets (job, file, from_witness) VALUES (?, ?, ?)")
            .bind(id)
            .bind(file.to_string())
            .bind(from_witness)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// The file of a job's inputs or witness.
    pub async fn secret(&self, job: &str) -> Result<Option<Secret>, StoreError> {
        let row: Option<(String, bool)> =
            sqlx::query_as("SELECT file, from_witness FROM job_secrets WHERE job = ?")
                .bind(job)
                .fetch_optional(&self.pool)
                .await?;
        let Some((file, from_witness)) = row else { return Ok(None) };
        let file = file.parse().map_err(|error| corrupt("file", &error))?;
        Ok(Some(if from_witness { Secret::Witness(file) } else { Secret::Inputs(file) }))
    }

    /// The files of inputs and witnesses whose jobs have ended.
    pub async fn spent_secrets(&self) -> Result<Vec<Digest>, StoreError> {
        let files: Vec<String> =
            sqlx::query_scalar("SELECT DISTINCT file FROM job_secrets WHERE spent = 1")
                .fetch_all(&self.pool)
                .await?;
        files.iter().map(|id| id.parse().map_err(|error| corrupt("file", &error))).collect()
    }

    /// Says that a file is not there any more for jobs that have ended.
    pub async fn forget_secret(&self, secret: &Digest) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM job_secrets WHERE file = ? AND spent = 1")
            .bind(secret.to_string())
            .execute(&self.pool)
            .await?;
        Ok(())
    }
}
