//! The log of what was done, and the transactions that write it.

use std::ops::{Deref, DerefMut};

use async_trait::async_trait;
use pulseproof_sdk::audit::{AuditEntry, AuditSignature, audit_hash, audit_start};
use serde_json::value::RawValue;
use sqlx::{Row as _, Transaction};

use super::dialect::NOTE;
use super::{Db, SqlRow, SqlStore, millis, signed};
use crate::audit::{Act, Audit, SEALED_AT_ONCE, Sealed, Signer};
use crate::{StoreError, Timestamp, corrupt, from_json, to_json};

pub const UNSEALED: &str =
    "SELECT position, at_ms, who, act FROM audit WHERE hash IS NULL ORDER BY position LIMIT $1";

/// A transaction that holds the write lock, of somebody.
pub(super) struct Write {
    transaction: Transaction<'static, Db>,
    who: String,
    now: Timestamp,
}

impl Write {
    pub fn new(transaction: Transaction<'static, Db>, who: &str, now: Timestamp) -> Self {
        Self { transaction, who: who.to_owned(), now }
    }

    /// When it began.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// Notes what it does.
    pub async fn note(&mut self, act: &Act<'_>) -> Result<(), StoreError> {
        let who = self.who.clone();
        self.note_by(&who, act).await
    }

    /// Notes what it does for somebody who is known better.
    pub async fn note_by(&mut self, who: &str, act: &Act<'_>) -> Result<(), StoreError> {
        sqlx::query(NOTE)
            .bind(millis(self.now))
            .bind(who)
            .bind(to_json("act", act)?)
            .execute(&mut *self.transaction)
            .await?;
        Ok(())
    }

    pub async fn commit(self) -> Result<(), StoreError> {
        Ok(self.transaction.commit().await?)
    }
}

impl Deref for Write {
    type Target = Transaction<'static, Db>;

    fn deref(&self) -> &Self::Target {
        &self.transaction
    }
}

impl DerefMut for Write {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.transaction
    }
}

#[async_trait]
impl Audit for SqlStore {
    async fn note(&self, act: &Act<'_>) -> Result<(), StoreError> {
        let mut transaction = self.write().await?;
        transaction.note(act).await?;
        transaction.commit().await
    }

    async fn seal_log(
        &self,
        signer: &Signer<'_>,
        behind: Option<Sealed>,
    ) -> Result<(u64, Option<Sealed>), StoreError> {
        let is_sealed =
            sqlx::query(UNSEALED).bind(1_i64).fetch_optional(&self.pool).await?.is_none();
        if is_sealed {
            return Ok((0, behind));
        }
        let mut transaction = self.write().await?;
        let mut last = last_sealed(&mut transaction, signer).await?;
        if let Some(behind) = behind {
            still_there(&mut transaction, behind).await?;
        }
        let entries = sqlx::query(UNSEALED).bind(signed(SEALED_AT_ONCE));
        let entries = entries.fetch_all(&mut **transaction).await?;
        for (index, row) in entries.iter().enumerate() {
            let (position, at): (i64, i64) = (row.try_get("position")?, row.try_get("at_ms")?);
            let (who, act): (String, String) = (row.try_get("who")?, row.try_get("act")?);
            let place = (position.unsigned_abs(), at.unsigned_abs());
            if position != signed(last.map_or(0, |last| last.position)) + 1 {
                return Err(corrupt("audit", &format!("entry {position} is not the next one")));
            }
            let before = last.map_or_else(audit_start, |last| last.hash);
            let hash = audit_hash(&before, place, &who, &act);
            let is_last = index + 1 == entries.len();
            let signature = is_last.then(|| String::from(AuditSignature::new(signer.key, &hash)));
            sqlx::query("UPDATE audit SET hash = $1, signature = $2 WHERE position = $3")
                .bind(hash.to_string())
                .bind(signature)
                .bind(position)
                .execute(&mut **transaction)
                .await?;
            last = Some(Sealed { position: place.0, hash });
        }
        transaction.commit().await?;
        Ok((entries.len() as u64, last))
    }

    async fn last_entry(&self) -> Result<Option<Sealed>, StoreError> {
        let last = "SELECT position, hash FROM audit
                    WHERE hash IS NOT NULL ORDER BY position DESC LIMIT 1";
        let row: Option<(i64, String)> = sqlx::query_as(last).fetch_optional(&self.pool).await?;
        let Some((position, hash)) = row else { return Ok(None) };
        let hash = hash.parse().map_err(|error| corrupt("hash", &error))?;
        Ok(Some(Sealed { position: position.unsigned_abs(), hash }))
    }

    async fn log(&self, after: u64, limit: usize) -> Result<Vec<AuditEntry>, StoreError> {
        let rows = sqlx::query(
            "SELECT position, at_ms, who, act, hash, signature FROM audit
             WHERE position > $1 AND hash IS NOT NULL ORDER BY position LIMIT $2",
        )
        .bind(signed(after))
        .bind(i64::try_from(limit).unwrap_or(i64::MAX));
        rows.fetch_all(&self.pool).await?.iter().map(read).collect()
    }
}

/// Refuses a log that does not go on from where it was left.
async fn still_there(transaction: &mut Write, behind: Sealed) -> Result<(), StoreError> {
    let hash: Option<Option<String>> =
        sqlx::query_scalar("SELECT hash FROM audit WHERE position = $1")
            .bind(signed(behind.position))
            .fetch_optional(&mut ***transaction)
            .await?;
    if hash.flatten() == Some(behind.hash.to_string()) {
        return Ok(());
    }
    Err(corrupt("audit", &"the log does not go on from where it was left"))
}

/// The last entry that was chained: as it was, and where this appliance signed, or nobody goes on from there.
async fn last_sealed(
    transaction: &mut Write,
    Signer { key, earlier }: &Signer<'_>,
) -> Result<Option<Sealed>, StoreError> {
    let rows = sqlx::query(
        "SELECT position, at_ms, who, act, hash, signature FROM audit
         WHERE hash IS NOT NULL ORDER BY position DESC LIMIT 2",
    )
    .fetch_all(&mut ***transaction)
    .await?;
    let mut entries = rows.iter().map(read);
    let Some(last) = entries.next().transpose()? else { return Ok(None) };
    let before = entries.next().transpose()?.map_or_else(audit_start, |entry| entry.hash);
    let AuditEntry { position, at, who, act, hash, signature } = last;
    if audit_hash(&before, (position, at), &who, act.get()) != hash {
        return Err(corrupt("audit", &format!("entry {position} was changed")));
    }
    let own = key.public();
    let is_signed = signature.is_some_and(|signature| {
        [&own].into_iter().chain(*earlier).any(|key| signature.is_of(key, &hash))
    });
    if is_signed {
        return Ok(Some(Sealed { position, hash }));
    }
    Err(corrupt("audit", &"the log does not end where this appliance signed it"))
}

fn read(row: &SqlRow) -> Result<AuditEntry, StoreError> {
    let number = |field| Ok::<_, StoreError>(row.try_get::<i64, _>(field)?.unsigned_abs());
    let text = |field| row.try_get::<String, _>(field);
    let signature: Option<String> = row.try_get("signature")?;
    let signature = signature.map(AuditSignature::try_from).transpose();
    Ok(AuditEntry {
        position: number("position")?,
        at: number("at_ms")?,
        who: text("who")?,
        act: from_json::<Box<RawValue>>("act", &text("act")?)?,
        hash: text("hash")?.parse().map_err(|error| corrupt("hash", &error))?,
        signature: signature.map_err(|error| corrupt("signature", &error))?,
    })
}
