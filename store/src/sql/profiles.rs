//! What the words of regions' devices mean.

use async_trait::async_trait;
use pulseproof_sdk::Digest;
use pulseproof_sdk::profile::Profile;

use super::SqlStore;
use crate::audit::Act;
use crate::{Denial, Profiles, StoreError, corrupt};

#[async_trait]
impl Profiles for SqlStore {
    async fn profile(&self, digest: &Digest) -> Result<Option<Profile>, StoreError> {
        let row: Option<Vec<u8>> =
            sqlx::query_scalar("SELECT bytes FROM profiles WHERE digest = $1")
                .bind(digest.to_string())
                .fetch_optional(&self.pool)
                .await?;
        let parse = |bytes: Vec<u8>| {
            Profile::from_bytes(&bytes).map_err(|error| corrupt("profile", &error))
        };
        row.map(parse).transpose()
    }

    async fn add_profile(&self, profile: &Profile, limit: usize) -> Result<bool, StoreError> {
        let digest = profile.digest();
        let mut transaction = self.write().await?;
        let (known, count): (bool, i64) = sqlx::query_as(
            "SELECT EXISTS (SELECT 1 FROM profiles WHERE digest = $1),
                        (SELECT count(*) FROM profiles)",
        )
        .bind(digest.to_string())
        .fetch_one(&mut **transaction)
        .await?;
        if known {
            return Ok(false);
        }
        if usize::try_from(count).is_ok_and(|count| count >= limit) {
            return Err(Denial::TooManyProfiles(limit).into());
        }
        sqlx::query("INSERT INTO profiles (digest, bytes) VALUES ($1, $2)")
            .bind(digest.to_string())
            .bind(profile.to_bytes())
            .execute(&mut **transaction)
            .await?;
        transaction.note(&Act::ProfileAdded { profile: digest }).await?;
        transaction.commit().await?;
        Ok(true)
    }
}
