//! The store, for who is at the machine itself: also beside an appliance that runs.

use std::error::Error;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use pulseproof_server::{ServeError, lock};
use pulseproof_store::sqlite::{FILE, SqliteStore};
use pulseproof_store::{Store, SystemClock};

/// Whether there is a store in a folder.
pub fn exists(folder: &Path) -> bool {
    folder.join(FILE).exists()
}

/// An open store, and its folder's lock if no appliance has it.
pub struct OpenStore {
    pub store: SqliteStore,
    lock: Option<File>,
}

impl OpenStore {
    /// Opens a store that is there.
    ///
    /// # Errors
    /// There is none, or as [`Self::make`].
    pub async fn open(folder: &Path) -> Result<Self, Box<dyn Error>> {
        if !exists(folder) {
            return Err(no_store(folder).into());
        }
        Self::make(folder).await
    }

    /// Opens a store, and makes it or brings it up to date if no appliance runs.
    ///
    /// # Errors
    /// The store cannot be used; what to do about it.
    pub async fn make(folder: &Path) -> Result<Self, Box<dyn Error>> {
        let clock = Arc::new(SystemClock);
        match lock(folder) {
            Ok(lock) => {
                let store = SqliteStore::open_any(folder, clock).await?;
                Ok(Self { store, lock: Some(lock) })
            }
            Err(ServeError::InUse(_)) => {
                let opened = SqliteStore::open_beside(folder, clock).await;
                let store = opened.map_err(|error| {
                    format!("{error}; an appliance runs there: stop it first if it is of an earlier version")
                })?;
                Ok(Self { store, lock: None })
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Opens a store that is there as it is, whether an appliance runs or not, and brings nothing up to date.
    ///
    /// # Errors
    /// There is none, it is of another version, or it cannot be used.
    pub async fn open_as_it_is(folder: &Path) -> Result<Self, Box<dyn Error>> {
        if !exists(folder) {
            return Err(no_store(folder).into());
        }
        let lock = match lock(folder) {
            Ok(lock) => Some(lock),
            Err(ServeError::InUse(_)) => None,
            Err(error) => return Err(error.into()),
        };
        let store = SqliteStore::open_beside(folder, Arc::new(SystemClock)).await?;
        Ok(Self { store, lock })
    }

    /// Lets go of it.
    pub async fn close(self) {
        self.store.close().await;
        drop(self.lock);
    }
}

fn no_store(folder: &Path) -> String {
    format!("{}: no appliance's store is there; --store names its folder", folder.display())
}
