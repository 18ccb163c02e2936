//! Which rosters were ever trusted, and which region a device key belongs to.

use pulseproof_sdk::Roster;
use sqlx::{Sqlite, Transaction};

use super::{Vault, VaultError};

impl Vault {
    /// Notes the rosters' versions and binds each device key to its region, for ever: all of them or none.
    /// A key in two regions would let the difference of their sums speak for whoever is in only one.
    ///
    /// # Errors
    /// A key that belongs to another region, now or from before.
    pub async fn enrol(&self, rosters: impl Iterator<Item = &Roster>) -> Result<(), VaultError> {
        let mut transaction = self.write().await?;
        for roster in rosters {
            note(&mut transaction, roster).await?;
            bind(&mut transaction, roster).await?;
        }
        Ok(transaction.commit().await?)
    }
}

async fn note(
    transaction: &mut Transaction<'static, Sqlite>,
    roster: &Roster,
) -> Result<(), VaultError> {
    sqlx::query("INSERT INTO rosters (region, digest) VALUES (?, ?) ON CONFLICT DO NOTHING")
        .bind(roster.region.as_str())
        .bind(roster.digest().to_string())
        .execute(&mut **transaction)
        .await?;
    Ok(())
}

async fn bind(
    transaction: &mut Transaction<'static, Sqlite>,
    roster: &Roster,
) -> Result<(), VaultError> {
    for (device, key) in &roster.devices {
        let key = key.to_bytes();
        sqlx::query("INSERT INTO devices (key, region) VALUES (?, ?) ON CONFLICT DO NOTHING")
            .bind(&key[..])
            .bind(roster.region.as_str())
            .execute(&mut **transaction)
            .await?;
        let other: String = sqlx::query_scalar("SELECT region FROM devices WHERE key = ?")
            .bind(&key[..])
            .fetch_one(&mut **transaction)
            .await?;
        if other != roster.region.as_str() {
            let (region, device) = (roster.region.clone(), device.clone());
            return Err(VaultError::KeyInTwoRegions { region, device, other });
        }
    }
    Ok(())
}
