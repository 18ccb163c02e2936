//! The laws, on the store in SQLite.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use async_trait::async_trait;
use pulseproof_sdk::Digest;
use pulseproof_store::laws::Place;
use pulseproof_store::sqlite::SqliteStore;
use pulseproof_store::{Clock, Store, StoreError, stamp_laws};
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
