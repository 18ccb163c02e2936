//! Which files beside the store are needed.

use std::collections::HashSet;

use async_trait::async_trait;
use pulseproof_sdk::Digest;

use super::SqlStore;
use crate::{Blobs, StoreError, corrupt};

#[async_trait]
impl Blobs for SqlStore {
    async fn needed_blobs(&self) -> Result<HashSet<Digest>, StoreError> {
        let ids: Vec<String> =
            sqlx::query_scalar("SELECT id FROM blobs_needed").fetch_all(&self.pool).await?;
        ids.iter().map(|id| id.parse().map_err(|error| corrupt("id", &error))).collect()
    }

    async fn is_needed(&self, id: &Digest) -> Result<bool, StoreError> {
        Ok(sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM blobs_needed WHERE id = $1)")
            .bind(id.to_string())
            .fetch_one(&self.pool)
            .await?)
    }
}
