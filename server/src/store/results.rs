//! Proved results of other appliances.

use pulseproof_sdk::fhe::SumRef;
use pulseproof_sdk::{Digest, Name, Problem};
use sqlx::{Sqlite, Transaction};

use super::{Store, StoreError, ordered};

impl Store {
    /// Keeps a result; whether it is new, or why it is not kept.
    pub async fn add_result(
        &self,
        digest: &Digest,
        (region, epoch): (&Name, u64),
        bytes: &[u8],
        limit: usize,
    ) -> Result<Result<bool, Problem>, StoreError> {
        let mut transaction = self.write().await?;
        if is_known(&mut transaction, digest).await? {
            return Ok(Ok(false));
        }
        let count: i64 =
            sqlx::query_scalar("SELECT count(*) FROM results").fetch_one(&mut *transaction).await?;
        if usize::try_from(count).is_ok_and(|count| count >= limit) {
            let detail = format!("there are {count} results of others: delete one first");
            let problem = Problem::new(507, "too-many-results", detail).field("digest");
            return Ok(Err(problem.limit(limit as u64)));
        }
        sqlx::query("INSERT INTO results (digest, region, epoch, bytes) VALUES (?, ?, ?, ?)")
            .bind(digest.to_string())
            .bind(region.as_str())
            .bind(ordered(epoch))
            .bind(bytes)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(Ok(true))
    }

    /// Forgets a result, unless it is not there or an unfinished job needs it.
    pub async fn remove_result(&self, digest: &Digest) -> Result<Result<(), Problem>, StoreError> {
        let mut transaction = self.write().await?;
        if !is_known(&mut transaction, digest).await? {
            let detail = format!("there is no result {digest}");
            return Ok(Err(Problem::new(404, "unknown-result", detail).field("digest")));
        }
        let used: bool = sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM fhe_job_results JOIN fhe_jobs ON id = job
             WHERE digest = ? AND state IN ('queued', 'running'))",
        )
        .bind(digest.to_string())
        .fetch_one(&mut *transaction)
        .await?;
        if used {
            let detail = "an unfinished job needs this result";
            return Ok(Err(Problem::new(409, "result-in-use", detail).field("digest")));
        }
        sqlx::query("DELETE FROM results WHERE digest = ?")
            .bind(digest.to_string())
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(Ok(()))
    }

    /// Whether a result is there.
    pub async fn has_result(&self, digest: &Digest) -> Result<bool, StoreError> {
        let known = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM results WHERE digest = ?)");
        Ok(known.bind(digest.to_string()).fetch_one(&self.pool).await?)
    }

    /// A result of this epoch of a region, if it was handed in.
    pub(super) async fn result_of_others(
        &self,
        digest: &Digest,
        (region, epoch): (&Name, u64),
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let row = sqlx::query_scalar(
            "SELECT bytes FROM results WHERE (digest, region, epoch) = (?, ?, ?)",
        )
        .bind(digest.to_string())
        .bind(region.as_str())
        .bind(ordered(epoch));
        Ok(row.fetch_optional(&self.pool).await?)
    }
}

/// Notes that a job takes these results; the position of one that is not there any more.
pub(super) async fn take(
    transaction: &mut Transaction<'_, Sqlite>,
    job: &str,
    sums: &[SumRef],
) -> Result<Option<usize>, StoreError> {
    for (index, sum) in sums.iter().enumerate() {
        let Some(digest) = &sum.result else { continue };
        if !is_known(transaction, digest).await? {
            return Ok(Some(index));
        }
        sqlx::query("INSERT OR IGNORE INTO fhe_job_results (job, digest) VALUES (?, ?)")
            .bind(job)
            .bind(digest.to_string())
            .execute(&mut **transaction)
            .await?;
    }
    Ok(None)
}

async fn is_known(
    transaction: &mut Transaction<'_, Sqlite>,
    digest: &Digest,
) -> Result<bool, StoreError> {
    let known = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM results WHERE digest = ?)");
    Ok(known.bind(digest.to_string()).fetch_one(&mut **transaction).await?)
}
