//! Copies of the file, which only this store has.

use std::path::Path;

use super::SqliteStore;
use crate::{StoreError, corrupt};

impl SqliteStore {
    /// Writes the store as it is at one moment to a file that is not there yet, while others go on. It is not synced
    /// to disk.
    ///
    /// # Errors
    /// The file cannot be written; the disk is full.
    pub async fn copy_to(&self, file: &Path) -> Result<(), StoreError> {
        let name = file.to_str().ok_or_else(|| corrupt("file", &"its name is not UTF-8"))?;
        sqlx::query("VACUUM INTO ?").bind(name).execute(&self.pool).await?;
        Ok(())
    }

    /// Looks whether the file is whole, and reads all of it.
    ///
    /// # Errors
    /// It is not.
    pub async fn check(&self) -> Result<(), StoreError> {
        let found: String =
            sqlx::query_scalar("PRAGMA integrity_check(1)").fetch_one(&self.pool).await?;
        if found == "ok" { Ok(()) } else { Err(corrupt("file", &found)) }
    }
}
