//! Proved results of other appliances.

use async_trait::async_trait;
use pulseproof_sdk::{Digest, Name};
use sqlx::Transaction;

use super::queue::needed_by;
use super::{Db, SqlStore, ordered};
use crate::audit::Act;
use crate::jobs::Dependency;
use crate::{Denial, Results, StoreError};

#[async_trait]
impl Results for SqlStore {
    async fn add_result(
        &self,
        digest: &Digest,
        region: &Name,
        epoch: u64,
        bytes: &[u8],
        limit: usize,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.write().await?;
        if is_known(&mut transaction, digest).await? {
            return Ok(false);
        }
        let count: i64 = sqlx::query_scalar("SELECT count(*) FROM results")
            .fetch_one(&mut **transaction)
            .await?;
        if usize::try_from(count).is_ok_and(|count| count >= limit) {
            return Err(Denial::TooManyResults(limit).into());
        }
        sqlx::query("INSERT INTO results (digest, region, epoch, bytes) VALUES ($1, $2, $3, $4)")
            .bind(digest.to_string())
            .bind(region.as_str())
            .bind(ordered(epoch))
            .bind(bytes)
            .execute(&mut **transaction)
            .await?;
        transaction.note(&Act::ResultAdded { result: *digest, region, epoch }).await?;
        transaction.commit().await?;
        Ok(true)
    }

    async fn remove_result(&self, digest: &Digest) -> Result<(), StoreError> {
        let mut transaction = self.write().await?;
        if !is_known(&mut transaction, digest).await? {
            return Err(Denial::UnknownResult(*digest).into());
        }
        if needed_by(&mut transaction, Dependency::Result, &digest.to_string()).await?.is_some() {
            return Err(Denial::ResultInUse.into());
        }
        sqlx::query("DELETE FROM results WHERE digest = $1")
            .bind(digest.to_string())
            .execute(&mut **transaction)
            .await?;
        transaction.note(&Act::ResultRemoved { result: *digest }).await?;
        transaction.commit().await?;
        Ok(())
    }

    async fn has_result(&self, digest: &Digest) -> Result<bool, StoreError> {
        let known = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM results WHERE digest = $1)");
        Ok(known.bind(digest.to_string()).fetch_one(&self.pool).await?)
    }
}

impl SqlStore {
    /// A result of this epoch of a region, if it was handed in.
    pub(super) async fn result_of_others(
        &self,
        digest: &Digest,
        (region, epoch): (&Name, u64),
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let row = sqlx::query_scalar(
            "SELECT bytes FROM results WHERE (digest, region, epoch) = ($1, $2, $3)",
        )
        .bind(digest.to_string())
        .bind(region.as_str())
        .bind(ordered(epoch));
        Ok(row.fetch_optional(&self.pool).await?)
    }
}

/// Whether a result is there.
pub(super) async fn is_known(
    transaction: &mut Transaction<'_, Db>,
    digest: &Digest,
) -> Result<bool, StoreError> {
    let known = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM results WHERE digest = $1)");
    Ok(known.bind(digest.to_string()).fetch_one(&mut **transaction).await?)
}
