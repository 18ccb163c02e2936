//! The store: one SQLite file. Everything that was answered with success is in it, synced to disk,
//! before the answer leaves.
//!
//! - [`regions`]: rosters. [`results`]: other appliances' sums. [`submissions`]: accepted readings. [`jobs`]: the queue and its results.
//! - [`keys`]: which evaluation keys there are. [`circuits`]: which circuits. [`blobs`]: which files
//!   beside the store are needed.
//! - [`queue`]: what queues of cancellable jobs share. [`fhe_jobs`], [`groth16_jobs`]: programs and
//!   proofs, and their results.
//!
//! Rules that depend on what is stored are checked inside the transaction that stores, and every
//! writing transaction begins with the write lock, so that two requests cannot both pass.

pub mod blobs;
pub mod circuits;
pub mod fhe_jobs;
pub mod groth16_jobs;
pub mod jobs;
pub mod keys;
pub mod profiles;
pub mod queue;
pub mod regions;
pub mod results;
pub mod submissions;

use std::fmt::Display;
use std::path::Path;
use std::time::Duration;

use pulseproof_sdk::Digest;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{AssertSqlSafe, SqlSafeStr, Sqlite, SqlitePool, Transaction};

/// The store's file name.
pub const FILE: &str = "appliance.sqlite";
/// Embedded schema changes, oldest first. Never edit one that was released.
const MIGRATIONS: [(i64, &str, &str); 9] = [
    (1, "appliance", include_str!("../../migrations/0001_appliance.sql")),
    (2, "fhe", include_str!("../../migrations/0002_fhe.sql")),
    (3, "groth16", include_str!("../../migrations/0003_groth16.sql")),
    (4, "retried", include_str!("../../migrations/0004_retried.sql")),
    (5, "witness-tokens", include_str!("../../migrations/0005_witness_tokens.sql")),
    (6, "profiles", include_str!("../../migrations/0006_profiles.sql")),
    (7, "results", include_str!("../../migrations/0007_results.sql")),
    (8, "names", include_str!("../../migrations/0008_names.sql")),
    (9, "weak-keys", include_str!("../../migrations/0009_weak_keys.sql")),
];
/// How long a writer waits for another before it gives up.
const BUSY_TIMEOUT: Duration = Duration::from_secs(30);
/// Open connections: one writes, the others read.
const CONNECTIONS_MAX: u32 = 8;

/// Why the store did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// SQLite failed.
    #[error("store: {0}")]
    Sqlite(#[from] sqlx::Error),
    /// The schema could not be brought up to date.
    #[error("store: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// A row does not hold what was written into it.
    #[error("store: {field} is corrupt: {reason}")]
    Corrupt {
        /// The column.
        field: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// The store belongs to another SRS.
    #[error("store: made with SRS {stored}, started with SRS {given}")]
    WrongSrs {
        /// The store's.
        stored: String,
        /// The one in use.
        given: Digest,
    },
}

/// An open store. Clones share it.
#[derive(Clone, Debug)]
pub struct Store {
    pool: SqlitePool,
}

impl Store {
    /// Opens or creates the store in a directory, for one SRS.
    ///
    /// # Errors
    /// The file cannot be used, or belongs to another SRS.
    pub async fn open(directory: &Path, srs: Digest) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::new()
            .filename(directory.join(FILE))
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY_TIMEOUT);
        let pool =
            SqlitePoolOptions::new().max_connections(CONNECTIONS_MAX).connect_with(options).await?;
        migrator().run(&pool).await?;
        let store = Self { pool };
        store.claim(srs).await?;
        Ok(store)
    }

    /// Waits for open transactions and closes the file.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    async fn claim(&self, srs: Digest) -> Result<(), StoreError> {
        let mut transaction = self.write().await?;
        sqlx::query("INSERT INTO appliance (only, srs) VALUES (1, ?) ON CONFLICT DO NOTHING")
            .bind(srs.to_string())
            .execute(&mut *transaction)
            .await?;
        let stored: String =
            sqlx::query_scalar("SELECT srs FROM appliance").fetch_one(&mut *transaction).await?;
        transaction.commit().await?;
        if stored == srs.to_string() {
            Ok(())
        } else {
            Err(StoreError::WrongSrs { stored, given: srs })
        }
    }

    /// A transaction that holds the write lock from its start.
    async fn write(&self) -> Result<Transaction<'static, Sqlite>, StoreError> {
        Ok(self.pool.begin_with("BEGIN IMMEDIATE").await?)
    }
}

fn migrator() -> Migrator {
    migrations(MIGRATIONS)
}

fn migrations(all: impl IntoIterator<Item = (i64, &'static str, &'static str)>) -> Migrator {
    let migration = |(version, name, sql): (i64, &'static str, &'static str)| {
        let sql = AssertSqlSafe(sql).into_sql_str();
        Migration::new(version, name.into(), MigrationType::Simple, sql, false)
    };
    Migrator::with_migrations(all.into_iter().map(migration).collect())
}

/// A number in a form whose order in SQLite is the numbers' order, over all 64 bits.
fn ordered(number: u64) -> Vec<u8> {
    number.to_be_bytes().to_vec()
}

fn from_ordered(field: &'static str, bytes: &[u8]) -> Result<u64, StoreError> {
    match bytes.try_into() {
        Ok(bytes) => Ok(u64::from_be_bytes(bytes)),
        Err(_) => Err(corrupt(field, &format!("{} bytes instead of 8", bytes.len()))),
    }
}

fn corrupt(field: &'static str, reason: &dyn Display) -> StoreError {
    StoreError::Corrupt { field, reason: reason.to_string() }
}

#[cfg(test)]
mod tests {
    use super::groth16_jobs::Secret;
    use super::*;

    /// A store of the version before tokens, with a job that names its witness by its hash.
    #[tokio::test]
    async fn jobs_of_old_stores_keep_their_witness_and_lose_its_hash() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join(FILE);
        let options = SqliteConnectOptions::new().filename(file).create_if_missing(true);
        let pool = SqlitePoolOptions::new().connect_with(options).await.unwrap();
        migrations(MIGRATIONS.into_iter().take(3)).run(&pool).await.unwrap();
        let hash = Digest::sha256(b"witness");
        let with = format!(r#"{{"circuit":"sum","witness":"{hash}"}}"#);
        for (id, request) in [("witness", with.as_str()), ("inputs", r#"{"circuit":"sum"}"#)] {
            let sql =
                "INSERT INTO groth16_jobs (id, circuit, request, secret) VALUES (?, 'sum', ?, ?)";
            let query = sqlx::query(sql).bind(id).bind(request).bind(hash.to_string());
            query.execute(&pool).await.unwrap();
        }
        pool.close().await;
        let store = Store::open(directory.path(), Digest::sha256(b"srs")).await.unwrap();
        let secret = async |id| store.groth16_secret(id).await.unwrap();
        assert_eq!(secret("witness").await, Some(Secret::Witness(hash)));
        assert_eq!(secret("inputs").await, Some(Secret::Inputs(hash)));
        let job = store.job("witness").await.unwrap().unwrap();
        assert!(!serde_json::to_string(&job).unwrap().contains(&hash.to_string()));
        assert!(store.is_needed(&hash).await.unwrap());
    }

    #[test]
    fn the_stored_order_is_the_numbers_order() {
        let numbers = [0, 1, 255, 256, 1 << 40, i64::MAX as u64, 1 << 63, u64::MAX];
        assert!(numbers.map(ordered).is_sorted());
        for number in numbers {
            assert_eq!(from_ordered("number", &ordered(number)).unwrap(), number);
        }
        assert!(from_ordered("number", &[1, 2, 3]).is_err());
    }
}
