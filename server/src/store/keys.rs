//! Which evaluation keys there are.

use pulseproof_sdk::Digest;
use pulseproof_sdk::api::EngineKind;
use sqlx::{Sqlite, Transaction};

use super::jobs::Need;
use super::{Denial, Store, StoreError, corrupt};

/// A key whose file is there.
#[derive(Clone, Copy, Debug)]
pub struct StoredKey {
    /// Who computes with it.
    pub engine: EngineKind,
    /// The fingerprint of its public key.
    pub fingerprint: Digest,
    /// Its length.
    pub bytes: u64,
}

impl Store {
    /// A key, if it is known.
    pub async fn key(&self, id: &Digest) -> Result<Option<StoredKey>, StoreError> {
        let row: Option<(String, String, i64)> =
            sqlx::query_as("SELECT engine, fingerprint, bytes FROM evaluation_keys WHERE id = ?")
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

    /// Adds a key, or finds that it is there: true if it is new.
    pub async fn add_key(
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
            .fetch_one(&mut *transaction)
            .await?;
        if keys.unsigned_abs() >= keys_max as u64 {
            return Err(Denial::TooManyKeys(keys_max).into());
        }
        sqlx::query(
            "INSERT INTO evaluation_keys (id, engine, fingerprint, bytes) VALUES (?, ?, ?, ?)",
        )
        .bind(id.to_string())
        .bind(key.engine.to_string())
        .bind(key.fingerprint.to_string())
        .bind(i64::try_from(key.bytes).unwrap_or(i64::MAX))
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// Removes a key that no unfinished job needs.
    pub async fn remove_key(&self, id: &Digest) -> Result<(), StoreError> {
        let mut transaction = self.write().await?;
        if !is_known(&mut transaction, id).await? {
            return Err(Denial::UnknownKey.into());
        }
        if let Some(job) = Need::EvaluationKey.of(&mut transaction, &id.to_string()).await? {
            return Err(Denial::KeyInUse(job).into());
        }
        sqlx::query("DELETE FROM evaluation_keys WHERE id = ?")
            .bind(id.to_string())
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(())
    }
}

/// Whether a key is there.
pub(super) async fn is_known(
    transaction: &mut Transaction<'_, Sqlite>,
    id: &Digest,
) -> Result<bool, StoreError> {
    Ok(sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM evaluation_keys WHERE id = ?)")
        .bind(id.to_string())
        .fetch_one(&mut **transaction)
        .await?)
}

fn engine_kind(text: &str) -> Result<EngineKind, StoreError> {
    let kinds = [EngineKind::Exact, EngineKind::TfheCpu];
    let found = kinds.into_iter().find(|kind| kind.to_string() == text);
    found.ok_or_else(|| corrupt("engine", &text))
}
