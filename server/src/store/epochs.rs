//! Epochs that were closed, each by the one job that sums it, and how often that opened commitments.

use pulseproof_sdk::api::{JobRequest, JobState};
use pulseproof_sdk::fhe::SumRef;
use pulseproof_sdk::{Name, Roster};
use sqlx::{Sqlite, Transaction};

use super::jobs::{Facts, Lease, finish, insert, job_state};
use super::{Denial, Store, StoreError, ordered, regions, submissions};

impl Store {
    /// Closes an epoch and queues the job that sums it, if `check` finds nothing wrong. `check`
    /// sees the roster and who submitted, inside the transaction.
    pub async fn close_epoch<P, E: From<StoreError> + From<P>>(
        &self,
        id: &str,
        (region, epoch): (&Name, u64),
        request: &JobRequest,
        check: impl Fn(&Roster, &[String]) -> Result<(), P> + Send,
    ) -> Result<(), E> {
        let mut transaction = self.write().await?;
        let roster = regions::stored(&mut transaction, region).await?;
        let denied = |denial: Denial| StoreError::from(denial);
        let roster = roster.ok_or_else(|| denied(Denial::UnknownRegion(region.clone())))?;
        if let Some(job) = closing_job(&mut transaction, region, epoch).await? {
            return Err(denied(Denial::EpochReused { region: region.clone(), epoch, job }).into());
        }
        let devices = submissions::devices(&mut transaction, region, epoch).await?;
        check(&regions::parse(&roster)?, &devices)?;
        insert(&mut transaction, id, request, &Facts::default()).await?;
        close(&mut transaction, id, (region, epoch), &roster).await?;
        transaction.commit().await.map_err(StoreError::from)?;
        Ok(())
    }

    /// The roster of an epoch when a job closed it.
    pub async fn closing_roster(&self, job: &str) -> Result<Option<Roster>, StoreError> {
        let roster: Option<String> =
            sqlx::query_scalar("SELECT roster FROM closed_epochs WHERE job = ?")
                .bind(job)
                .fetch_optional(&self.pool)
                .await?;
        roster.map(|json| regions::parse(&json)).transpose()
    }

    /// Stores a result, counts what it opened and ends its job, all at once; false if the lease is not valid any
    /// more.
    pub async fn release(
        &self,
        lease: &Lease,
        (region, epoch): (&Name, u64),
        result: &[u8],
        facts: &Facts,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.write().await?;
        let counted = sqlx::query(
            "UPDATE submissions SET openings = openings + 1 WHERE region = ? AND epoch = ?",
        )
        .bind(region.as_str())
        .bind(ordered(epoch))
        .execute(&mut *transaction)
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

    /// The results that sums name, in order.
    pub async fn sums(&self, sums: &[SumRef]) -> Result<Vec<Vec<u8>>, StoreError> {
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

    async fn own_sum(
        &self,
        index: usize,
        SumRef { region, epoch, .. }: &SumRef,
    ) -> Result<Vec<u8>, StoreError> {
        let row: Option<(String, Option<Vec<u8>>)> = sqlx::query_as(
            "SELECT state, result FROM closed_epochs JOIN jobs ON id = job
             WHERE region = ? AND epoch = ?",
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
    transaction: &mut Transaction<'_, Sqlite>,
    region: &Name,
    epoch: u64,
) -> Result<Option<String>, StoreError> {
    Ok(sqlx::query_scalar("SELECT job FROM closed_epochs WHERE region = ? AND epoch = ?")
        .bind(region.as_str())
        .bind(ordered(epoch))
        .fetch_optional(&mut **transaction)
        .await?)
}

async fn close(
    transaction: &mut Transaction<'_, Sqlite>,
    job: &str,
    (region, epoch): (&Name, u64),
    roster: &str,
) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO closed_epochs (region, epoch, job, roster) VALUES (?, ?, ?, ?)")
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
