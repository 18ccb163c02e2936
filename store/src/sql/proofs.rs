//! Jobs that prove circuits, as they are asked for.

use async_trait::async_trait;
use pulseproof_sdk::Digest;
use pulseproof_sdk::api::JobRequest;
use pulseproof_sdk::groth16::Groth16Request;

use super::circuits::stored;
use super::queue::{asked_before, check_room, insert, note};
use super::{SqlStore, asked};
use crate::jobs::{Ask, Dependency, JobDetails, JobKind, Room};
use crate::proofs::{Proofs, Secret};
use crate::{Denial, StoreError, corrupt};

#[async_trait]
impl Proofs for SqlStore {
    async fn create_proof(
        &self,
        ask: &Ask,
        request: &Groth16Request,
        secret: Secret,
        room: Room,
    ) -> Result<String, StoreError> {
        let mut transaction = self.write().await?;
        if let Some(job) = asked_before(&mut **transaction, ask).await? {
            return Ok(job);
        }
        if stored(&mut **transaction, &request.circuit).await?.is_none() {
            return Err(Denial::CircuitNotThere.into());
        }
        check_room(&mut transaction, JobKind::Groth16, &ask.client, room).await?;
        let job = JobRequest::Groth16(request.clone());
        insert(&mut transaction, ask, &job, &JobDetails::default()).await?;
        note(&mut transaction, &ask.id, Dependency::Circuit, request.circuit.as_str()).await?;
        sqlx::query("INSERT INTO job_secrets (job, file, from_witness) VALUES ($1, $2, $3)")
            .bind(&ask.id)
            .bind(secret.file().to_string())
            .bind(i64::from(matches!(secret, Secret::Witness(_))))
            .execute(&mut **transaction)
            .await?;
        transaction.commit().await?;
        Ok(ask.id.clone())
    }

    async fn secret(&self, job: &str) -> Result<Option<Secret>, StoreError> {
        let row: Option<(String, i64)> =
            sqlx::query_as("SELECT file, from_witness FROM job_secrets WHERE job = $1")
                .bind(asked(job))
                .fetch_optional(&self.pool)
                .await?;
        let Some((file, from_witness)) = row else { return Ok(None) };
        let file = file.parse().map_err(|error| corrupt("file", &error))?;
        Ok(Some(if from_witness == 1 { Secret::Witness(file) } else { Secret::Inputs(file) }))
    }

    async fn spent_secrets(&self) -> Result<Vec<Digest>, StoreError> {
        let files: Vec<String> =
            sqlx::query_scalar("SELECT DISTINCT file FROM job_secrets WHERE spent = 1")
                .fetch_all(&self.pool)
                .await?;
        files.iter().map(|id| id.parse().map_err(|error| corrupt("file", &error))).collect()
    }

    async fn forget_secret(&self, secret: &Digest) -> Result<(), StoreError> {
        let mut transaction = self.write().await?;
        sqlx::query("DELETE FROM job_secrets WHERE file = $1 AND spent = 1")
            .bind(secret.to_string())
            .execute(&mut **transaction)
            .await?;
        transaction.commit().await
    }
}
