//! The laws, on the store in SQLite.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fs::{DirEntry, Permissions};
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

/// SQLite leaves files beside the store if the process is killed, and they hold what the store does.
#[tokio::test]
async fn what_a_killed_process_left_is_closed_to_others_too() {
    let (old, folder) = (Folder::new(), Folder::new());
    let (srs, beside) = (Digest([1; 32]), ["", "-wal", "-shm"].map(|end| format!("{FILE}{end}")));
    let killed = old.open(srs, Arc::new(SystemClock)).await.unwrap();
    let result = Digest::sha256(b"result");
    let north = "north".parse().unwrap();
    assert!(killed.add_result(&result, &north, 1, b"result", 1).await.unwrap());
    for file in &beside {
        let copy = folder.0.path().join(file);
        std::fs::copy(old.0.path().join(file), &copy).unwrap();
        std::fs::set_permissions(copy, Permissions::from_mode(0o644)).unwrap();
    }
    killed.close().await;
    let store = folder.open(srs, Arc::new(SystemClock)).await.unwrap();
    assert!(store.has_result(&result).await.unwrap());
    assert_eq!(modes(&folder), BTreeMap::from(beside.map(|file| (file, 0o600))));
    store.close().await;
}

/// Whose each file of a folder is.
fn modes(folder: &Folder) -> BTreeMap<String, u32> {
    let mode = |entry: std::io::Result<DirEntry>| {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        (entry.file_name().into_string().unwrap(), mode)
    };
    std::fs::read_dir(folder.0.path()).unwrap().map(mode).collect()
}

/// Submissions with their blinders are in it, and the ids of jobs.
#[tokio::test]
async fn only_its_owner_may_read_a_store() {
    let folder = Folder::new();
    // One of an earlier version, which others could read.
    let file = folder.0.path().join(FILE);
    std::fs::write(&file, "").unwrap();
    std::fs::set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
    let store = folder.open(Digest([1; 32]), Arc::new(SystemClock)).await.unwrap();
    let modes = modes(&folder);
    assert!(modes.values().all(|&mode| mode == 0o600), "{modes:?}");
    store.close().await;
}
