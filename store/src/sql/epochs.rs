//! Epochs that were closed, each by the one job that sums it, and how often that opened commitments.

use async_trait::async_trait;
use pulseproof_sdk::api::{JobRequest, JobState};
use pulseproof_sdk::fhe::SumRef;
use pulseproof_sdk::{Name, Roster};
use sqlx::Transaction;

use super::queue::{asked_before, finish, insert};
use super::{Db, SqlStore, asked, ordered, regions, submissions};
use crate::audit::Act;
use crate::epochs::{Check, Epochs};
use crate::jobs::{Ask, JobDetails, Lease, job_state};
use crate::{Denial, StoreError, Timestamp, from_json};

#[async_trait]
impl Epochs for SqlStore {
    async fn close_epoch(
        &self,
        ask: &Ask,
        region: &Name,
        epoch: u64,
        request: &JobRequest,
        check: &Check<'_>,
    ) -> Result<String, StoreError> {
        let mut transaction = self.write().await?;
        if let Some(job) = asked_before(&mut **transaction, ask).await? {
            return Ok(job);
        }
        let roster = regions::stored(&mut transaction, region).await?;
        let roster = roster.ok_or_else(|| Denial::UnknownRegion(region.clone()))?;
        if let Some(job) = closing_job(&mut transaction, region, epoch).await? {
            return Err(Denial::EpochReused { region: region.clone(), epoch, job }.into());
        }
        let devices = submissions::devices(&mut transaction, region, epoch).await?;
        check(&from_json("roster", &roster)?, &devices)
            .map_err(|problem| Denial::Refused(Box::new(problem)))?;
        insert(&mut transaction, ask, request, &JobDetails::default()).await?;
        close(&mut transaction, &ask.id, (region, epoch), &roster).await?;
        transaction.commit().await?;
        Ok(ask.id.clone())
    }

    async fn closing_roster(&self, job: &str) -> Result<Option<Roster>, StoreError> {
        let roster: Option<String> =
            sqlx::query_scalar("SELECT roster FROM closed_epochs WHERE job = $1")
                .bind(asked(job))
                .fetch_optional(&self.pool)
                .await?;
        roster.map(|json| from_json("roster", &json)).transpose()
    }

    async fn release(
        &self,
        lease: &Lease,
        region: &Name,
        epoch: u64,
        result: &[u8],
        facts: &JobDetails,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.write().await?;
        let counted = sqlx::query(
            "UPDATE submissions SET openings = openings + 1 WHERE region = $1 AND epoch = $2",
        )
        .bind(region.as_str())
        .bind(ordered(epoch))
        .execute(&mut **transaction)
        .await;
        match counted {
            Err(sqlx::Error::Database(error)) if error.is_check_violation() => {
                return Err(Denial::OpeningsExhausted.into());
            }
            counted => counted?,
        };
        // A job ends once: without this, a second release would count openings twice.
        if !finish(&mut transaction, lease, result, facts).await? {
            return Ok(false);
        }
        transaction.commit().await?;
        Ok(true)
    }

    async fn restored(
        &self,
        Timestamp(taken): Timestamp,
        is_first: bool,
    ) -> Result<u64, StoreError> {
        let mut transaction = self.write().await?;
        let counted = sqlx::query(
            "UPDATE submissions SET openings = CASE WHEN $1 = 1 THEN openings + 1 ELSE 3 END
             WHERE openings < 3 AND NOT EXISTS (
                 SELECT 1 FROM closed_epochs JOIN jobs ON jobs.id = closed_epochs.job
                 WHERE closed_epochs.region = submissions.region
                       AND closed_epochs.epoch = submissions.epoch AND jobs.state = 'done')",
        )
        .bind(i64::from(is_first))
        .execute(&mut **transaction)
        .await?;
        let uncertain = counted.rows_affected();
        transaction.note(&Act::Restored { taken, first: is_first, uncertain }).await?;
        transaction.commit().await?;
        Ok(uncertain)
    }

    async fn sums(&self, sums: &[SumRef]) -> Result<Vec<Vec<u8>>, StoreError> {
        let mut results = Vec::with_capacity(sums.len());
        for (index, sum) in sums.iter().enumerate() {
            let result = match &sum.result {
                Some(digest) => {
                    let found = self.result_of_others(digest, (&sum.region, sum.epoch)).await?;
                    found.ok_or_else(|| result_not_there(index, sum))?
                }
                None => self.own_sum(index, sum).await?,
            };
            results.push(result);
        }
        Ok(results)
    }
}

impl SqlStore {
    async fn own_sum(
        &self,
        index: usize,
        SumRef { region, epoch, .. }: &SumRef,
    ) -> Result<Vec<u8>, StoreError> {
        let row: Option<(String, Option<Vec<u8>>)> = sqlx::query_as(
            "SELECT state, result FROM closed_epochs JOIN jobs ON id = job
             WHERE region = $1 AND epoch = $2",
        )
        .bind(region.as_str())
        .bind(ordered(*epoch))
        .fetch_optional(&self.pool)
        .await?;
        let (region, epoch) = (region.clone(), *epoch);
        match row {
            Some((_, Some(result))) => Ok(result),
            Some((state, None)) => {
                let state: JobState = job_state(&state)?;
                Err(Denial::SumNotReady { index, region, epoch, state }.into())
            }
            None => Err(Denial::UnknownSum { index, region, epoch }.into()),
        }
    }
}

/// The job that closed an epoch, if one did.
pub(super) async fn closing_job(
    transaction: &mut Transaction<'_, Db>,
    region: &Name,
    epoch: u64,
) -> Result<Option<String>, StoreError> {
    Ok(sqlx::query_scalar("SELECT job FROM closed_epochs WHERE region = $1 AND epoch = $2")
        .bind(region.as_str())
        .bind(ordered(epoch))
        .fetch_optional(&mut **transaction)
        .await?)
}

async fn close(
    transaction: &mut Transaction<'_, Db>,
    job: &str,
    (region, epoch): (&Name, u64),
    roster: &str,
) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO closed_epochs (region, epoch, job, roster) VALUES ($1, $2, $3, $4)")
        .bind(region.as_str())
        .bind(ordered(epoch))
        .bind(job)
        .bind(roster)
        .execute(&mut **transaction)
        .await?;
    Ok(())
}

/// A sum of another appliance that is not there.
pub(super) fn result_not_there(index: usize, sum: &SumRef) -> StoreError {
    Denial::ResultNotThere { index, region: sum.region.clone(), epoch: sum.epoch }.into()
}
