//! Proved results of other appliances.

use pulseproof_sdk::{Digest, Name, Problem};

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
        let (known, count): (bool, i64) =
            sqlx::query_as("SELECT coalesce(max(digest = ?), 0), count(*) FROM results")
                .bind(digest.to_string())
                .fetch_one(&mut *transaction)
                .await?;
        if known {
            return Ok(Ok(false));
        }
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
        // A request names a result by its 64 digits, and nothing else in it looks like them.
        let (known, used): (bool, bool) = sqlx::query_as(
            "SELECT EXISTS (SELECT 1 FROM results WHERE digest = ?1), EXISTS (
                 SELECT 1 FROM fhe_jobs
                 WHERE state IN ('queued', 'running') AND instr(request, ?1) > 0)",
        )
        .bind(digest.to_string())
        .fetch_one(&mut *transaction)
        .await?;
        if !known {
            return Ok(Err(unknown_result(digest)));
        }
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

fn unknown_result(digest: &Digest) -> Problem {
    Problem::new(404, "unknown-result", format!("there is no result {digest}")).field("digest")
}
