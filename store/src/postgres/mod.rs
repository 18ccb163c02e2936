//! The store in a PostgreSQL database, of one appliance or of several that share their work. What was answered with
//! success is on the server's disk, and every write is alone: see `sql`, which has the rules, and `dialect`.
//!
//! A store is a schema: that which comes first in the search path of who opens it.

mod dialect;
mod server;
#[path = "../sql/mod.rs"]
#[allow(clippy::duplicate_mod, reason = "the same SQL for both databases; sql/mod.rs says why")]
mod sql;

use std::sync::Arc;

use pulseproof_sdk::Digest;
use pulseproof_sqlite::{SchemaChange, migrator};
pub use server::OpenError;
pub use sql::SqlStore as PostgresStore;

use crate::StoreError;
use crate::clock::Clock;

/// Embedded schema changes, oldest first. Never edit one that was released.
const MIGRATIONS: [SchemaChange; 1] =
    [(1, "appliance", include_str!("../../migrations/postgres/0001_appliance.sql"))];
/// What PostgreSQL says when it cannot write for want of room.
pub(crate) const FULL: &str = "53100";

impl PostgresStore {
    /// Opens the store in a database, or makes one in it, for one SRS. The address is
    /// `postgres://USER:PASSWORD@HOST:PORT/DATABASE`, with `?sslmode=verify-full&sslrootcert=FILE` where somebody
    /// may listen in: without it, what the server offers is taken, and its certificate is not looked at.
    ///
    /// # Errors
    /// The database cannot be used, or not without losing something; the store belongs to another SRS.
    pub async fn open(url: &str, srs: Digest, clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        let store = Self::open_any(url, clock).await?;
        store.claim(srs).await?;
        Ok(store)
    }

    /// The same, for whatever SRS: for what has nothing to do with sums. Only for who knows that no appliance runs,
    /// which may be of an earlier version.
    ///
    /// # Errors
    /// The database cannot be used, or not without losing something.
    pub async fn open_any(url: &str, clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        let pool = server::connect(url).await?;
        migrator(&MIGRATIONS).run(&pool).await.map_err(OpenError::from)?;
        Ok(Self::new(pool, clock))
    }

    /// The same beside an appliance that runs: nothing is made, and nothing brought up to date.
    ///
    /// # Errors
    /// There is no store, or it is of another version; the database cannot be used.
    pub async fn open_beside(url: &str, clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        let pool = server::connect(url).await?;
        let newest = "SELECT max(version) FROM _sqlx_migrations WHERE success";
        // Without that table there is no schema at all.
        let found: Option<i64> = sqlx::query_scalar(newest).fetch_one(&pool).await.unwrap_or(None);
        if found != MIGRATIONS.last().map(|change| change.0) {
            return Err(OpenError::OtherVersion.into());
        }
        Ok(Self::new(pool, clock))
    }
}

impl From<OpenError> for StoreError {
    fn from(error: OpenError) -> Self {
        Self::Open(Box::new(error))
    }
}
