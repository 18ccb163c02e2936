//! The laws, on the store in SQLite.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use async_trait::async_trait;
use pulseproof_sdk::Digest;
use pulseproof_store::laws::Place;
use pulseproof_store::sqlite::{FILE, SqliteStore};
use pulseproof_store::{Clock, Store, StoreError, SystemClock, stamp_laws};
use tempfile::TempDir;

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }
}

#[async_trait]
impl Place for Folder {
    async fn open(&self, srs: Digest, clock: Arc<dyn Clock>) -> Result<Arc<dyn Store>, StoreError> {
        Ok(Arc::new(SqliteStore::open(self.0.path(), srs, clock).await?))
    }
}

stamp_laws!(Folder::new());

/// Submissions with their blinders are in it, and the ids of jobs.
#[tokio::test]
async fn only_its_owner_may_read_a_store() {
    let folder = Folder::new();
    // One of an earlier version, which others could read.
    let file = folder.0.path().join(FILE);
    std::fs::write(&file, "").unwrap();
    std::fs::set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
    let store = folder.open(Digest([1; 32]), Arc::new(SystemClock)).await.unwrap();
    for entry in std::fs::read_dir(folder.0.path()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{:?}", entry.file_name());
    }
    store.close().await;
}
