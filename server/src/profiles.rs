//! Profiles, prepared for checking submissions: once for all batches.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pulseproof_sdk::Digest;
use pulseproof_store::{Denial, Store, StoreError};

use crate::refusal::{Refusal, internal};
use crate::sums::{ProfileSums, Sums};

/// Prepared profiles by their digest. There are no more than the store keeps.
#[derive(Default)]
pub struct Profiles(Mutex<HashMap<Digest, Arc<dyn ProfileSums>>>);

impl Profiles {
    /// Keeps a profile that the store has.
    pub fn keep(&self, sums: Arc<dyn ProfileSums>) -> Arc<dyn ProfileSums> {
        Arc::clone(self.prepared().entry(sums.digest()).or_insert(sums))
    }

    /// A profile of the store.
    ///
    /// # Errors
    /// The store has none of this digest, or failed.
    pub async fn get(
        &self,
        store: &dyn Store,
        sums: &Arc<dyn Sums>,
        digest: &Digest,
    ) -> Result<Arc<dyn ProfileSums>, Refusal> {
        if let Some(prepared) = self.prepared().get(digest) {
            return Ok(Arc::clone(prepared));
        }
        let profile = store
            .profile(digest)
            .await?
            .ok_or(StoreError::from(Denial::UnknownProfile(*digest)))?;
        let sums = Arc::clone(sums);
        let prepared = tokio::task::spawn_blocking(move || sums.of(&profile)).await?;
        Ok(self.keep(prepared.map_err(|problem| internal(&problem))?))
    }

    fn prepared(&self) -> MutexGuard<'_, HashMap<Digest, Arc<dyn ProfileSums>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
