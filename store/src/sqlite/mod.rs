//! The store in one SQLite file, synced to disk at the end of each writing transaction. Each of those begins with the
//! write lock, so that rules are checked in what is then written.
//!
//! No question that is asked for every job reads through jobs that have ended: they are in no index but those of their
//! ids and of clients' keys, where one is found at once, that of clients, for lists, and that of their ends, for who
//! forgets them; a test looks at the plans. Keys stay as long as their jobs: who asks again gets the same job.

mod audit;
mod blobs;
mod circuits;
mod copies;
mod epochs;
mod jobs;
mod keys;
mod profiles;
mod programs;
mod proofs;
mod queue;
mod regions;
mod results;
mod submissions;
mod tokens;

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use audit::Write;
use pulseproof_sdk::Digest;
use pulseproof_sqlite::{OpenError, SchemaChange};
use sqlx::SqlitePool;

use crate::audit::APPLIANCE;
use crate::clock::{Clock, Timestamp};
use crate::{Store, StoreError, corrupt};

/// The store's file name.
pub const FILE: &str = "appliance.sqlite";
/// Embedded schema changes, oldest first. Never edit one that was released.
const MIGRATIONS: [SchemaChange; 14] = [
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
    (11, "leases", include_str!("../../migrations/0011_leases.sql")),
    (12, "clients", include_str!("../../migrations/0012_clients.sql")),
    (13, "audit", include_str!("../../migrations/0013_audit.sql")),
    (14, "deadlines", include_str!("../../migrations/0014_deadlines.sql")),
];
/// What SQLite says when it cannot write for want of room.
const SQLITE_FULL: &str = "13";
/// Open connections: one writes, the others read.
const CONNECTIONS_MAX: u32 = 8;

/// A store in a file.
pub struct SqliteStore {
    pool: SqlitePool,
    clock: Arc<dyn Clock>,
    /// Who acts.
    who: Arc<str>,
}

impl SqliteStore {
    /// Opens or creates the store in a directory, for one SRS. Its owner alone may read it.
    ///
    /// # Errors
    /// The file cannot be used, or belongs to another SRS.
    pub async fn open(
        directory: &Path,
        srs: Digest,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StoreError> {
        let store = Self::open_any(directory, clock).await?;
        store.claim(srs).await?;
        Ok(store)
    }

    /// The same, for whatever SRS: for what has nothing to do with sums. Only for who knows that no appliance runs,
    /// which may be of an earlier version.
    ///
    /// # Errors
    /// The file cannot be used.
    pub async fn open_any(directory: &Path, clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        let pool =
            pulseproof_sqlite::open(&directory.join(FILE), &MIGRATIONS, CONNECTIONS_MAX).await?;
        Ok(Self { pool, clock, who: APPLIANCE.into() })
    }

    /// The same beside an appliance that runs: nothing is made, and nothing brought up to date.
    ///
    /// # Errors
    /// There is no store, or it is of another version; the file cannot be used.
    pub async fn open_beside(directory: &Path, clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        let file = directory.join(FILE);
        let pool = pulseproof_sqlite::open_as_it_is(&file, &MIGRATIONS, CONNECTIONS_MAX).await?;
        Ok(Self { pool, clock, who: APPLIANCE.into() })
    }

    async fn claim(&self, srs: Digest) -> Result<(), StoreError> {
        let mut transaction = self.write().await?;
        sqlx::query("INSERT INTO appliance (only, srs) VALUES (1, ?) ON CONFLICT DO NOTHING")
            .bind(srs.to_string())
            .execute(&mut **transaction)
            .await?;
        let stored: String =
            sqlx::query_scalar("SELECT srs FROM appliance").fetch_one(&mut **transaction).await?;
        transaction.commit().await?;
        if stored == srs.to_string() {
            Ok(())
        } else {
            Err(StoreError::WrongSrs { stored, given: srs })
        }
    }

    /// A transaction that holds the write lock from its start.
    async fn write(&self) -> Result<Write, StoreError> {
        let transaction = pulseproof_sqlite::write(&self.pool).await?;
        Ok(Write::new(transaction, &self.who, self.clock.now()))
    }
}

#[async_trait]
impl Store for SqliteStore {
    fn by(&self, who: &str) -> Arc<dyn Store> {
        let (pool, clock) = (self.pool.clone(), Arc::clone(&self.clock));
        Arc::new(Self { pool, clock, who: who.into() })
    }

    async fn close(&self) {
        self.pool.close().await;
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let code = error.as_database_error().and_then(|error| error.code());
        if code.as_deref() == Some(SQLITE_FULL) {
            return Self::Full;
        }
        Self::Database(Box::new(error))
    }
}

impl From<OpenError> for StoreError {
    fn from(error: OpenError) -> Self {
        Self::Open(Box::new(error))
    }
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

/// A number as SQLite keeps it.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn millis(Timestamp(millis): Timestamp) -> i64 {
    signed(millis)
}

#[cfg(test)]
mod tests;
