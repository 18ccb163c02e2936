//! Tokens.

use async_trait::async_trait;
use pulseproof_sdk::access::TokenId;
use sqlx::Row as _;

use super::{SqlRow, SqlStore, millis};
use crate::audit::Act;
use crate::clock::Timestamp;
use crate::tokens::{StoredToken, Tokens};
use crate::{StoreError, corrupt, from_json, to_json};

const COLUMNS: &str =
    "SELECT id, digest, name, role, regions, created_ms, expires_ms, revoked_ms FROM tokens";

#[async_trait]
impl Tokens for SqlStore {
    async fn add_token(&self, token: &StoredToken) -> Result<(), StoreError> {
        let regions = token.regions.as_ref().map(|regions| to_json("regions", regions));
        let mut transaction = self.write().await?;
        let of = token.regions.as_ref().map(|regions| regions.iter().cloned().collect());
        let act = Act::TokenCreated { token: token.id, role: token.role, regions: of };
        transaction.note(&act).await?;
        sqlx::query(
            "INSERT INTO tokens (id, digest, name, role, regions, created_ms, expires_ms, revoked_ms)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(token.id.to_string())
        .bind(token.digest.to_string())
        .bind(token.name.as_str())
        .bind(token.role.name())
        .bind(regions.transpose()?)
        .bind(millis(token.created))
        .bind(token.expires.map(millis))
        .bind(token.revoked.map(millis))
        .execute(&mut **transaction)
        .await?;
        transaction.commit().await
    }

    async fn token(&self, id: TokenId) -> Result<Option<StoredToken>, StoreError> {
        let sql = format!("{COLUMNS} WHERE id = $1");
        let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(id.to_string());
        row.fetch_optional(&self.pool).await?.map(|row| read(&row)).transpose()
    }

    async fn tokens(&self) -> Result<Vec<StoredToken>, StoreError> {
        let sql = format!("{COLUMNS} ORDER BY created_ms, id");
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).fetch_all(&self.pool).await?;
        rows.iter().map(read).collect()
    }

    async fn revoke_token(&self, id: TokenId) -> Result<bool, StoreError> {
        let mut transaction = self.write().await?;
        let revoked =
            sqlx::query("UPDATE tokens SET revoked_ms = $1 WHERE id = $2 AND revoked_ms IS NULL")
                .bind(millis(self.clock.now()))
                .bind(id.to_string())
                .execute(&mut **transaction)
                .await?;
        let revoked = revoked.rows_affected() == 1;
        if revoked {
            transaction.note(&Act::TokenRevoked { token: id }).await?;
        }
        transaction.commit().await?;
        Ok(revoked)
    }
}

fn read(row: &SqlRow) -> Result<StoredToken, StoreError> {
    let text = |field: &'static str| row.try_get::<String, _>(field);
    let time = |millis: i64| Timestamp(millis.unsigned_abs());
    let regions: Option<String> = row.try_get("regions")?;
    Ok(StoredToken {
        id: text("id")?.parse().map_err(|error| corrupt("id", &error))?,
        digest: text("digest")?.parse().map_err(|error| corrupt("digest", &error))?,
        name: text("name")?.parse().map_err(|error| corrupt("name", &error))?,
        role: text("role")?.parse().map_err(|error| corrupt("role", &error))?,
        regions: regions.map(|json| from_json("regions", &json)).transpose()?,
        created: time(row.try_get("created_ms")?),
        expires: row.try_get::<Option<i64>, _>("expires_ms")?.map(time),
        revoked: row.try_get::<Option<i64>, _>("revoked_ms")?.map(time),
    })
}
