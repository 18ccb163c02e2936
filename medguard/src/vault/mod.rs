//! What the authority must not forget: one SQLite file. Everything that it answers is in it, synced to
//! disk, before anything is computed.
//!
//! - [`rosters`]: which versions of rosters it trusted, and whose a device key is.
//! - [`claims`]: the one claim of each region and epoch, what was asked of it, how many bits were released.
//! - [`evaluation`]: the evaluation key, so that it stays the same.
//!
//! Rules that depend on what is stored are checked inside the transaction that stores, and every writing
//! transaction begins with the write lock: of two requests that exclude each other, one passes. Whoever can
//! put an older copy of the file in its place makes the authority forget; `docs/medguard.md` says so.

pub mod claims;
pub mod evaluation;
pub mod rosters;

use std::io;
use std::path::{Path, PathBuf};

use pulseproof_files::private_folder;
use pulseproof_sdk::{Digest, Name, Problem};
use pulseproof_sqlite::{OpenError, SchemaChange};
use sqlx::{Sqlite, SqlitePool, Transaction};

/// The vault's file name.
pub const FILE: &str = "authority.sqlite";
/// Embedded schema changes, oldest first. Never edit one that was released.
const MIGRATIONS: [SchemaChange; 1] =
    [(1, "vault", include_str!("../../migrations/0001_vault.sql"))];
/// Open connections: all of them write.
const CONNECTIONS_MAX: u32 = 4;

/// Why the vault did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// SQLite failed.
    #[error("vault: {0}")]
    Sqlite(#[from] sqlx::Error),
    /// The database cannot be opened, or its schema not be brought up to date.
    #[error("vault: {0}")]
    Open(#[from] OpenError),
    /// The folder or the file beside the database failed.
    #[error("vault: {}: {source}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// What happened.
        source: io::Error,
    },
    /// The vault is that of another secret key.
    #[error("vault: kept for the public key {stored}, opened with {given}")]
    WrongKey {
        /// The vault's.
        stored: String,
        /// The one in use.
        given: Digest,
    },
    /// A device key stands in two regions' rosters, now or ever.
    #[error("{region}: the key of {device} stands in the roster of {other} too")]
    KeyInTwoRegions {
        /// The region that was to have it.
        region: Name,
        /// The device.
        device: Name,
        /// The region that has it.
        other: String,
    },
    /// The evaluation key's file is not the one that was written.
    #[error("vault: {}: not the evaluation key that this authority made", .0.display())]
    EvaluationKey(PathBuf),
}

impl From<VaultError> for Problem {
    /// What went wrong is for the log; who asked can only ask again.
    fn from(error: VaultError) -> Self {
        tracing::error!(%error, "the vault failed");
        Self::new(500, "internal", "the authority failed to do this; its log says why")
    }
}

/// An open vault. Clones share it.
#[derive(Clone, Debug)]
pub struct Vault {
    folder: PathBuf,
    pool: SqlitePool,
}

impl Vault {
    /// Opens or creates the vault in a folder, for one public key. Only its owner may read it.
    ///
    /// # Errors
    /// The folder or the file cannot be used, or belongs to another key.
    pub async fn open(folder: &Path, public_key: Digest) -> Result<Self, VaultError> {
        private_folder(folder)
            .map_err(|source| VaultError::Io { path: folder.to_owned(), source })?;
        let pool =
            pulseproof_sqlite::open(&folder.join(FILE), &MIGRATIONS, CONNECTIONS_MAX).await?;
        let vault = Self { folder: folder.to_owned(), pool };
        vault.own(public_key).await?;
        Ok(vault)
    }

    /// Waits for open transactions and closes the file.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    async fn own(&self, given: Digest) -> Result<(), VaultError> {
        let mut transaction = self.write().await?;
        sqlx::query(
            "INSERT INTO authority (only, public_key) VALUES (1, ?) ON CONFLICT DO NOTHING",
        )
        .bind(given.to_string())
        .execute(&mut *transaction)
        .await?;
        let stored: String = sqlx::query_scalar("SELECT public_key FROM authority")
            .fetch_one(&mut *transaction)
            .await?;
        transaction.commit().await?;
        let same = stored == given.to_string();
        if same { Ok(()) } else { Err(VaultError::WrongKey { stored, given }) }
    }

    /// A transaction that holds the write lock from its start.
    async fn write(&self) -> Result<Transaction<'static, Sqlite>, VaultError> {
        Ok(pulseproof_sqlite::write(&self.pool).await?)
    }
}
