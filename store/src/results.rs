//! Proved results of other appliances.

use async_trait::async_trait;
use pulseproof_sdk::{Digest, Name};

use crate::StoreError;

/// Other appliances' results.
#[async_trait]
pub trait Results: Send + Sync {
    /// Keeps a result of an epoch: true if it is new.
    ///
    /// # Errors
    /// [`TooManyResults`](crate::Denial::TooManyResults).
    async fn add_result(
        &self,
        digest: &Digest,
        region: &Name,
        epoch: u64,
        bytes: &[u8],
        limit: usize,
    ) -> Result<bool, StoreError>;

    /// Forgets a result that no unfinished job needs.
    ///
    /// # Errors
    /// [`UnknownResult`](crate::Denial::UnknownResult), [`ResultInUse`](crate::Denial::ResultInUse).
    async fn remove_result(&self, digest: &Digest) -> Result<(), StoreError>;

    /// Whether a result is there.
    async fn has_result(&self, digest: &Digest) -> Result<bool, StoreError>;
}
