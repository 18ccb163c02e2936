//! The store: one SQLite file. Everything that was answered with success is in it, synced to disk,
//! before the answer leaves.
//!
//! - [`regions`]: rosters. [`submissions`]: accepted readings. [`results`]: other appliances' sums.
//! - [`keys`]: which evaluation keys there are. [`circuits`]: which circuits. [`blobs`]: which files
//!   beside the store are needed.
//! - [`jobs`]: the queue and its results, whatever the kind. [`epochs`], [`programs`], [`proofs`]: what each kind
//!   of job needs beside.
//! - [`denial`]: the rules.
//!
//! Rules that depend on what is stored are checked inside the transaction that stores, and every
//! writing transaction begins with the write lock, so that two requests cannot both pass.

pub mod blobs;
pub mod circuits;
pub mod denial;
pub mod epochs;
pub mod jobs;
pub mod keys;
pub mod profiles;
pub mod programs;
pub mod proofs;
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

pub use denial::Denial;

/// The store's file name.
pub const FILE: &str = "appliance.sqlite";
/// Embedded schema changes, oldest first. Never edit one that was released.
const MIGRATIONS: [(i64, &str, &str); 10] = [
    (1, "appliance", include_str!("../../migrations/0001_appliance.sql")),
    (2, "fhe", include_str!("../../migrations/0002_fhe.sql")),
    (3, "groth16", include_str!("../../migrations/0003_groth16.sql")),
    (4, "retried", include_str!("../../migrations/0004_retried.sql")),
    (5, "witness-tokens", include_str!("../../migrations/0005_witness_tokens.sql")),
    (6, "profiles", include_str!("../../migrations/0006_profiles.sql")),
    (7, "results", include_str!("../../migrations/0007_results.sql")),
    (8, "names", include_str!("../../migrations/0008_names.sql")),
    (9, "weak-keys", include_str!("../../migrations/0009_weak_keys.sql")),
    (10, "one-queue", include_str!("../../migrations/0010_one_queue.sql")),
];
/// How long a writer waits for another before it gives up.
const BUSY_TIMEOUT: Duration = Duration::from_secs(30);
/// Open connections: one writes, the others read.
const CONNECTIONS_MAX: u32 = 8;

/// Why the store did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A rule forbids it.
    #[error(transparent)]
    Denied(#[from] Denial),
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
mod tests;
