//! Regions and their rosters.

use async_trait::async_trait;
use pulseproof_sdk::{Name, Roster};
use sqlx::Transaction;

use super::{Db, SqlStore};
use crate::audit::Act;
use crate::{Denial, Regions, StoreError, from_json, to_json};

#[async_trait]
impl Regions for SqlStore {
    async fn roster(&self, region: &Name) -> Result<Option<Roster>, StoreError> {
        let row: Option<String> = sqlx::query_scalar("SELECT roster FROM regions WHERE name = $1")
            .bind(region.as_str())
            .fetch_optional(&self.pool)
            .await?;
        row.map(|json| from_json("roster", &json)).transpose()
    }

    async fn register(&self, roster: &Roster) -> Result<bool, StoreError> {
        // Equal rosters, equal text.
        let json = to_json("roster", roster)?;
        let region = &roster.region;
        let mut transaction = self.write().await?;
        let new = match stored(&mut transaction, region).await? {
            None => true,
            Some(stored) if stored == json => return Ok(false),
            Some(_) if has_open_epoch(&mut transaction, region).await? => {
                return Err(Denial::EpochOpen(region.clone()).into());
            }
            Some(_) => false,
        };
        sqlx::query(
            "INSERT INTO regions (name, roster) VALUES ($1, $2)
             ON CONFLICT (name) DO UPDATE SET roster = $2",
        )
        .bind(region.as_str())
        .bind(json)
        .execute(&mut **transaction)
        .await?;
        transaction.note(&Act::RegionRegistered { region, roster: roster.digest() }).await?;
        transaction.commit().await?;
        Ok(new)
    }
}

/// A region's roster as it was stored.
pub(super) async fn stored(
    transaction: &mut Transaction<'_, Db>,
    region: &Name,
) -> Result<Option<String>, StoreError> {
    Ok(sqlx::query_scalar("SELECT roster FROM regions WHERE name = $1")
        .bind(region.as_str())
        .fetch_optional(&mut **transaction)
        .await?)
}

async fn has_open_epoch(
    transaction: &mut Transaction<'_, Db>,
    region: &Name,
) -> Result<bool, StoreError> {
    Ok(sqlx::query_scalar(
        "SELECT EXISTS (
             SELECT 1 FROM submissions s WHERE s.region = $1 AND NOT EXISTS (
                 SELECT 1 FROM closed_epochs c WHERE c.region = s.region AND c.epoch = s.epoch))",
    )
    .bind(region.as_str())
    .fetch_one(&mut **transaction)
    .await?)
}
