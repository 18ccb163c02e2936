//! Accepted submissions, byte for byte as they came.

use async_trait::async_trait;
use pulseproof_sdk::{Digest, Name, Roster};
use sqlx::Transaction;

use super::{Db, SqlStore, epochs, from_ordered, ordered, regions};
use crate::audit::Act;
use crate::submissions::{Candidate, StoredSubmission};
use crate::{Denial, StoreError, Submissions, to_json};

#[async_trait]
impl Submissions for SqlStore {
    async fn accept(
        &self,
        roster: &Roster,
        epoch: u64,
        candidates: &[Candidate],
    ) -> Result<Vec<Option<Denial>>, StoreError> {
        let checked_against = to_json("roster", roster)?;
        let region = &roster.region;
        let mut transaction = self.write().await?;
        if regions::stored(&mut transaction, region).await? != Some(checked_against) {
            return Err(Denial::RosterChanged(region.clone()).into());
        }
        let closed = epochs::closing_job(&mut transaction, region, epoch).await?;
        let mut refusals = Vec::with_capacity(candidates.len());
        let mut accepted = Vec::new();
        for candidate in candidates {
            let refusal = match &closed {
                Some(job) => {
                    let (region, job) = (region.clone(), job.clone());
                    Some(Denial::EpochClosed { region, epoch, job })
                }
                None => refusal(&mut transaction, region, epoch, candidate).await?,
            };
            if refusal.is_none() {
                insert(&mut transaction, region, epoch, candidate).await?;
                accepted.extend(Digest::sha256(&candidate.bytes).0);
            }
            refusals.push(refusal);
        }
        if !accepted.is_empty() {
            let count = accepted.len() / 32;
            let digest = Digest::sha256(&accepted);
            let act = Act::SubmissionsAccepted { region, epoch, count, digest };
            transaction.note(&act).await?;
        }
        transaction.commit().await?;
        Ok(refusals)
    }

    async fn submissions(
        &self,
        region: &Name,
        epoch: u64,
    ) -> Result<Vec<StoredSubmission>, StoreError> {
        let rows: Vec<(String, Vec<u8>, i64)> = sqlx::query_as(
            "SELECT device, bytes, openings FROM submissions
             WHERE region = $1 AND epoch = $2 ORDER BY device",
        )
        .bind(region.as_str())
        .bind(ordered(epoch))
        .fetch_all(&self.pool)
        .await?;
        let stored = |(device, bytes, openings)| StoredSubmission { device, bytes, openings };
        Ok(rows.into_iter().map(stored).collect())
    }
}

/// Who submitted for an epoch, ordered by name.
pub(super) async fn devices(
    transaction: &mut Transaction<'_, Db>,
    region: &Name,
    epoch: u64,
) -> Result<Vec<String>, StoreError> {
    Ok(sqlx::query_scalar(
        "SELECT device FROM submissions WHERE region = $1 AND epoch = $2 ORDER BY device",
    )
    .bind(region.as_str())
    .bind(ordered(epoch))
    .fetch_all(&mut **transaction)
    .await?)
}

async fn refusal(
    transaction: &mut Transaction<'_, Db>,
    region: &Name,
    epoch: u64,
    candidate: &Candidate,
) -> Result<Option<Denial>, StoreError> {
    if let Some(highest) = highest_sequence(transaction, region, &candidate.device).await?
        && candidate.sequence <= highest
    {
        let (device, sequence) = (candidate.device.clone(), candidate.sequence);
        return Ok(Some(Denial::SequenceReused { device, sequence, highest }));
    }
    let submitted: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM submissions WHERE region = $1 AND epoch = $2 AND device = $3)",
    )
    .bind(region.as_str())
    .bind(ordered(epoch))
    .bind(candidate.device.as_str())
    .fetch_one(&mut **transaction)
    .await?;
    Ok(submitted.then(|| Denial::Duplicate { device: candidate.device.clone(), epoch }))
}

async fn highest_sequence(
    transaction: &mut Transaction<'_, Db>,
    region: &Name,
    device: &Name,
) -> Result<Option<u64>, StoreError> {
    // PostgreSQL has no maximum of bytes.
    let highest: Option<Vec<u8>> = sqlx::query_scalar(
        "SELECT sequence FROM submissions WHERE region = $1 AND device = $2
         ORDER BY sequence DESC LIMIT 1",
    )
    .bind(region.as_str())
    .bind(device.as_str())
    .fetch_optional(&mut **transaction)
    .await?;
    highest.map(|bytes| from_ordered("sequence", &bytes)).transpose()
}

async fn insert(
    transaction: &mut Transaction<'_, Db>,
    region: &Name,
    epoch: u64,
    candidate: &Candidate,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO submissions (region, epoch, device, sequence, bytes, openings)
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(region.as_str())
    .bind(ordered(epoch))
    .bind(candidate.device.as_str())
    .bind(ordered(candidate.sequence))
    .bind(&candidate.bytes[..])
    .bind(candidate.openings)
    .execute(&mut **transaction)
    .await?;
    Ok(())
}
