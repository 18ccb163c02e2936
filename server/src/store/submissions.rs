//! Accepted submissions, byte for byte as they came.

use axum::body::Bytes;
use pulseproof_sdk::{Name, Problem, Roster};
use sqlx::{Sqlite, Transaction};

use super::{Store, StoreError, from_ordered, jobs, ordered, regions};

/// A submission that passed every check that needs no store.
#[derive(Debug)]
pub struct Candidate {
    /// The device.
    pub device: Name,
    /// Its sequence number.
    pub sequence: u64,
    /// The submission.
    pub bytes: Bytes,
    /// How often its commitment was opened already: once by a proof that came with it.
    pub openings: i64,
}

/// A stored submission.
pub struct StoredSubmission {
    /// The device.
    pub device: String,
    /// The submission.
    pub bytes: Vec<u8>,
    /// How often its commitment was opened: by its proof, and by released results.
    pub openings: i64,
}

impl Store {
    /// Stores what the rules allow, in one transaction: for each candidate nothing, or why it was
    /// refused. The outer error is a refusal of them all.
    pub async fn accept(
        &self,
        roster: &Roster,
        epoch: u64,
        candidates: &[Candidate],
    ) -> Result<Result<Vec<Option<Problem>>, Problem>, StoreError> {
        let checked_against = regions::to_json(roster)?;
        let region = &roster.region;
        let mut transaction = self.write().await?;
        if regions::stored(&mut transaction, region).await? != Some(checked_against) {
            return Ok(Err(roster_changed(region)));
        }
        let closed = jobs::closing_job(&mut transaction, region, epoch).await?;
        let mut refusals = Vec::with_capacity(candidates.len());
        for candidate in candidates {
            let refusal = match &closed {
                Some(job) => Some(epoch_closed(region, epoch, job)),
                None => refusal(&mut transaction, region, epoch, candidate).await?,
            };
            if refusal.is_none() {
                insert(&mut transaction, region, epoch, candidate).await?;
            }
            refusals.push(refusal);
        }
        transaction.commit().await?;
        Ok(Ok(refusals))
    }

    /// An epoch's submissions, ordered by device name.
    pub async fn submissions(
        &self,
        region: &Name,
        epoch: u64,
    ) -> Result<Vec<StoredSubmission>, StoreError> {
        let rows: Vec<(String, Vec<u8>, i64)> = sqlx::query_as(
            "SELECT device, bytes, openings FROM submissions
             WHERE region = ? AND epoch = ? ORDER BY device",
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
    transaction: &mut Transaction<'_, Sqlite>,
    region: &Name,
    epoch: u64,
) -> Result<Vec<String>, StoreError> {
    Ok(sqlx::query_scalar(
        "SELECT device FROM submissions WHERE region = ? AND epoch = ? ORDER BY device",
    )
    .bind(region.as_str())
    .bind(ordered(epoch))
    .fetch_all(&mut **transaction)
    .await?)
}

async fn refusal(
    transaction: &mut Transaction<'_, Sqlite>,
    region: &Name,
    epoch: u64,
    candidate: &Candidate,
) -> Result<Option<Problem>, StoreError> {
    if let Some(highest) = highest_sequence(transaction, region, &candidate.device).await?
        && candidate.sequence <= highest
    {
        return Ok(Some(sequence_reused(candidate, highest)));
    }
    let submitted: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM submissions WHERE region = ? AND epoch = ? AND device = ?)",
    )
    .bind(region.as_str())
    .bind(ordered(epoch))
    .bind(candidate.device.as_str())
    .fetch_one(&mut **transaction)
    .await?;
    Ok(submitted.then(|| duplicate(candidate, epoch)))
}

async fn highest_sequence(
    transaction: &mut Transaction<'_, Sqlite>,
    region: &Name,
    device: &Name,
) -> Result<Option<u64>, StoreError> {
    let highest: Option<Vec<u8>> =
        sqlx::query_scalar("SELECT max(sequence) FROM submissions WHERE region = ? AND device = ?")
            .bind(region.as_str())
            .bind(device.as_str())
            .fetch_one(&mut **transaction)
            .await?;
    highest.map(|bytes| from_ordered("sequence", &bytes)).transpose()
}

async fn insert(
    transaction: &mut Transaction<'_, Sqlite>,
    region: &Name,
    epoch: u64,
    candidate: &Candidate,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO submissions (region, epoch, device, sequence, bytes, openings)
         VALUES (?, ?, ?, ?, ?, ?)",
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

fn roster_changed(region: &Name) -> Problem {
    let detail =
        format!("{region}'s roster was replaced while the batch was checked; send it again");
    Problem::new(409, "roster-changed", detail).field("region")
}

fn epoch_closed(region: &Name, epoch: u64, job: &str) -> Problem {
    let detail = format!("epoch {epoch} of {region} was closed by job {job}");
    Problem::new(409, "epoch-closed", detail).field("epoch")
}

fn sequence_reused(candidate: &Candidate, highest: u64) -> Problem {
    let Candidate { device, sequence, .. } = candidate;
    let detail = format!("{device} sent sequence {sequence}, but {highest} was accepted already");
    Problem::new(409, "sequence-reused", detail).field("sequence").limit(highest)
}

fn duplicate(candidate: &Candidate, epoch: u64) -> Problem {
    let detail = format!("{} has submitted for epoch {epoch} already", candidate.device);
    Problem::new(409, "duplicate-submission", detail).field("device")
}
