//! The store in one SQLite file, synced to disk at the end of each writing transaction. Each of those begins with the
//! write lock, so that rules are checked in what is then written.
//!
//! No question that is asked for every job reads through jobs that have ended: they are in no index but those of their
//! ids and of clients' keys, where one is found at once, that of clients, for lists, and that of their ends, for who
//! forgets them; a test looks at the plans. Keys stay as long as their jobs: who asks again gets the same job.

mod copies;
mod dialect;
#[path = "../sql/mod.rs"]
#[allow(clippy::duplicate_mod, reason = "the same SQL for both databases; sql/mod.rs says why")]
mod sql;

use std::path::Path;
use std::sync::Arc;

use pulseproof_sdk::Digest;
use pulseproof_sqlite::{OpenError, SchemaChange};
pub use sql::SqlStore as SqliteStore;

use crate::StoreError;
use crate::clock::Clock;

/// The store's file name.
pub const FILE: &str = "appliance.sqlite";
/// Embedded schema changes, oldest first. Never edit one that was released.
const MIGRATIONS: [SchemaChange; 14] = [
    (1, "appliance", include_str!("../../migrations/sqlite/0001_appliance.sql")),
    (2, "fhe", include_str!("../../migrations/sqlite/0002_fhe.sql")),
    (3, "groth16", include_str!("../../migrations/sqlite/0003_groth16.sql")),
    (4, "retried", include_str!("../../migrations/sqlite/0004_retried.sql")),
    (5, "witness-tokens", include_str!("../../migrations/sqlite/0005_witness_tokens.sql")),
    (6, "profiles", include_str!("../../migrations/sqlite/0006_profiles.sql")),
    (7, "results", include_str!("../../migrations/sqlite/0007_results.sql")),
    (8, "names", include_str!("../../migrations/sqlite/0008_names.sql")),
    (9, "weak-keys", include_str!("../../migrations/sqlite/0009_weak_keys.sql")),
    (10, "one-queue", include_str!("../../migrations/sqlite/0010_one_queue.sql")),
    (11, "leases", include_str!("../../migrations/sqlite/0011_leases.sql")),
    (12, "clients", include_str!("../../migrations/sqlite/0012_clients.sql")),
    (13, "audit", include_str!("../../migrations/sqlite/0013_audit.sql")),
    (14, "deadlines", include_str!("../../migrations/sqlite/0014_deadlines.sql")),
];
/// What SQLite says when it cannot write for want of room.
pub(crate) const FULL: &str = "13";
/// Open connections: one writes, the others read.
const CONNECTIONS_MAX: u32 = 8;

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
        Ok(Self::new(pool, clock))
    }

    /// The same beside an appliance that runs: nothing is made, and nothing brought up to date.
    ///
    /// # Errors
    /// There is no store, or it is of another version; the file cannot be used.
    pub async fn open_beside(directory: &Path, clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        let file = directory.join(FILE);
        let pool = pulseproof_sqlite::open_as_it_is(&file, &MIGRATIONS, CONNECTIONS_MAX).await?;
        Ok(Self::new(pool, clock))
    }
}

impl From<OpenError> for StoreError {
    fn from(error: OpenError) -> Self {
        Self::Open(Box::new(error))
    }
}

#[cfg(test)]
mod tests;
