//! One claim of each region and epoch, what was asked of it and how much was released.

use pulseproof_sdk::{Digest, Name, Problem};
use sqlx::{Sqlite, Transaction};

use super::{Vault, VaultError};

/// A claim that a question is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pin {
    /// The region.
    pub region: Name,
    /// The epoch.
    pub epoch: u64,
    /// What is claimed of them: a hash of the claim, its roster's hash in it, and of the sum.
    pub claim: Digest,
}

/// A question whose public checks all passed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedQuestion {
    /// What makes it this question and no other.
    pub digest: Digest,
    /// What it is about.
    pub pins: Vec<Pin>,
    /// Bits that an answer reveals about each of them.
    pub bits: u64,
}

/// A question that may be answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Admitted {
    /// It is paid for and pinned, and yet to be computed.
    Unanswered,
    /// It was answered before, with these bytes.
    Answered(Vec<u8>),
}

impl Vault {
    /// Pins the claims, takes the bits off each one's budget of `bits_max`, and notes the question: all of
    /// it or nothing. A question that was noted before costs nothing.
    ///
    /// # Errors
    /// The vault failed. Inside: another claim was first, or a budget is spent.
    pub async fn admit(
        &self,
        question: &CheckedQuestion,
        bits_max: u64,
    ) -> Result<Result<Admitted, Problem>, VaultError> {
        let mut transaction = self.write().await?;
        let known: Option<Option<Vec<u8>>> =
            sqlx::query_scalar("SELECT answer FROM questions WHERE digest = ?")
                .bind(question.digest.to_string())
                .fetch_optional(&mut *transaction)
                .await?;
        if let Some(answer) = known {
            return Ok(Ok(answer.map_or(Admitted::Unanswered, Admitted::Answered)));
        }
        for pin in &question.pins {
            // Leaving early rolls all of it back.
            if !is_first(&mut transaction, pin).await? {
                return Ok(Err(pinned(pin)));
            }
            if !charge(&mut transaction, pin, question.bits, bits_max).await? {
                return Ok(Err(exhausted(pin, bits_max)));
            }
        }
        sqlx::query("INSERT INTO questions (digest) VALUES (?)")
            .bind(question.digest.to_string())
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(Ok(Admitted::Unanswered))
    }

    /// Keeps the answer of an admitted question and returns what is kept: if two computed it at once, the
    /// first one's.
    ///
    /// # Errors
    /// The vault failed.
    pub async fn keep(&self, question: Digest, answer: &[u8]) -> Result<Vec<u8>, VaultError> {
        let mut transaction = self.write().await?;
        sqlx::query("UPDATE questions SET answer = ? WHERE digest = ? AND answer IS NULL")
            .bind(answer)
            .bind(question.to_string())
            .execute(&mut *transaction)
            .await?;
        let kept = sqlx::query_scalar("SELECT answer FROM questions WHERE digest = ?")
            .bind(question.to_string())
            .fetch_one(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(kept)
    }
}

/// Whether nothing else was ever claimed of the region and epoch; from now on nothing else will be.
async fn is_first(
    transaction: &mut Transaction<'static, Sqlite>,
    pin: &Pin,
) -> Result<bool, VaultError> {
    let epoch = pin.epoch.to_be_bytes();
    sqlx::query(
        "INSERT INTO claims (region, epoch, claim, bits) VALUES (?, ?, ?, 0) ON CONFLICT DO NOTHING",
    )
    .bind(pin.region.as_str())
    .bind(&epoch[..])
    .bind(pin.claim.to_string())
    .execute(&mut **transaction)
    .await?;
    let claim: String =
        sqlx::query_scalar("SELECT claim FROM claims WHERE region = ? AND epoch = ?")
            .bind(pin.region.as_str())
            .bind(&epoch[..])
            .fetch_one(&mut **transaction)
            .await?;
    Ok(claim == pin.claim.to_string())
}

/// Whether the bits were still to be had.
async fn charge(
    transaction: &mut Transaction<'static, Sqlite>,
    pin: &Pin,
    bits: u64,
    bits_max: u64,
) -> Result<bool, VaultError> {
    let signed = |bits: u64| i64::try_from(bits).unwrap_or(i64::MAX);
    // What is over the budget by itself is refused before any sum could overflow.
    if bits > bits_max {
        return Ok(false);
    }
    let charged = sqlx::query(
        "UPDATE claims SET bits = bits + ? WHERE region = ? AND epoch = ? AND bits <= ?",
    )
    .bind(signed(bits))
    .bind(pin.region.as_str())
    .bind(&pin.epoch.to_be_bytes()[..])
    .bind(signed(bits_max - bits))
    .execute(&mut **transaction)
    .await?;
    Ok(charged.rows_affected() == 1)
}

fn pinned(pin: &Pin) -> Problem {
    let detail = format!(
        "another claim of {} for epoch {} was here first; there is one of each, for ever",
        pin.region, pin.epoch
    );
    Problem::new(409, "epoch-claimed", detail).field("results")
}

fn exhausted(pin: &Pin, bits_max: u64) -> Problem {
    let detail = format!(
        "no more is released about {} epoch {}: an answer to this would exceed {bits_max} bits",
        pin.region, pin.epoch
    );
    Problem::new(403, "budget-exhausted", detail).field("results").limit(bits_max)
}
