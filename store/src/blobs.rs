//! Which files beside the store are needed.

use std::collections::HashSet;

use async_trait::async_trait;
use pulseproof_sdk::Digest;

use crate::StoreError;

/// Files beside the store: those of keys and circuits, and what is secret of unfinished jobs.
#[async_trait]
pub trait Blobs: Send + Sync {
    /// All files that must stay.
    async fn needed_blobs(&self) -> Result<HashSet<Digest>, StoreError>;

    /// Whether a file must stay.
    async fn is_needed(&self, id: &Digest) -> Result<bool, StoreError>;
}
