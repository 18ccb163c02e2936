//! Which evaluation keys there are.

use async_trait::async_trait;
use pulseproof_sdk::Digest;
use sqlx::Transaction;

use super::queue::needed_by;
use super::{Db, SqlStore, signed};
use crate::audit::Act;
use crate::jobs::Dependency;
use crate::keys::{StoredKey, engine_kind};
use crate::{Denial, Keys, StoreError, corrupt};

#[async_trait]
impl Keys for SqlStore {
    async fn key(&self, id: &Digest) -> Result<Option<StoredKey>, StoreError> {
        let row: Option<(String, String, i64)> =
            sqlx::query_as("SELECT engine, fingerprint, bytes FROM evaluation_keys WHERE id = $1")
                .bind(id.to_string())
                .fetch_optional(&self.pool)
                .await?;
        let stored = |(engine, fingerprint, bytes): (String, String, i64)| {
            let fingerprint =
                fingerprint.parse().map_err(|error| corrupt("fingerprint", &error))?;
            let engine = engine_kind(&engine)?;
            Ok(StoredKey { engine, fingerprint, bytes: bytes.unsigned_abs() })
        };
        row.map(stored).transpose()
    }

    async fn add_key(
        &self,
        id: &Digest,
        key: &StoredKey,
        keys_max: usize,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.write().await?;
        if is_known(&mut transaction, id).await? {
            return Ok(false);
        }
        let keys: i64 = sqlx::query_scalar("SELECT count(*) FROM evaluation_keys")
            .fetch_one(&mut **transaction)
            .await?;
        if keys.unsigned_abs() >= keys_max as u64 {
            return Err(Denial::TooManyKeys(keys_max).into());
        }
        sqlx::query(
            "INSERT INTO evaluation_keys (id, engine, fingerprint, bytes) VALUES ($1, $2, $3, $4)",
        )
        .bind(id.to_string())
        .bind(key.engine.to_string())
        .bind(key.fingerprint.to_string())
        .bind(signed(key.bytes))
        .execute(&mut **transaction)
        .await?;
        transaction.note(&Act::KeyAdded { key: *id }).await?;
        transaction.commit().await?;
        Ok(true)
    }

    async fn remove_key(&self, id: &Digest) -> Result<(), StoreError> {
        let mut transaction = self.write().await?;
        if !is_known(&mut transaction, id).await? {
            return Err(Denial::UnknownKey.into());
        }
        if let Some(job) =
            needed_by(&mut transaction, Dependency::EvaluationKey, &id.to_string()).await?
        {
            return Err(Denial::KeyInUse(job).into());
        }
        sqlx::query("DELETE FROM evaluation_keys WHERE id = $1")
            .bind(id.to_string())
            .execute(&mut **transaction)
            .await?;
        transaction.note(&Act::KeyRemoved { key: *id }).await?;
        transaction.commit().await?;
        Ok(())
    }
}

/// Whether a key is there.
pub(super) async fn is_known(
    transaction: &mut Transaction<'_, Db>,
    id: &Digest,
) -> Result<bool, StoreError> {
    Ok(sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM evaluation_keys WHERE id = $1)")
        .bind(id.to_string())
        .fetch_one(&mut **transaction)
        .await?)
}
