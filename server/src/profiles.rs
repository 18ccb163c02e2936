//! Profiles, prepared for checking submissions: once for all batches.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pulseproof_kernels::Curve;
use pulseproof_sdk::profile::Lists;
use pulseproof_sdk::{Digest, Problem};

use crate::http::answer::{Refusal, internal};
use crate::store::Store;

/// Prepared profiles by their digest. There are no more than the store keeps.
pub struct Profiles<C: Curve>(Mutex<HashMap<Digest, Arc<Lists<C>>>>);

impl<C: Curve> Default for Profiles<C> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<C: Curve> Profiles<C> {
    /// Keeps a profile that the store has.
    pub fn keep(&self, lists: Lists<C>) -> Arc<Lists<C>> {
        Arc::clone(self.prepared().entry(lists.digest()).or_insert_with(|| Arc::new(lists)))
    }

    /// A profile of the store.
    ///
    /// # Errors
    /// The store has none of this digest, or failed.
    pub async fn get(&self, store: &Store, digest: &Digest) -> Result<Arc<Lists<C>>, Refusal> {
        if let Some(lists) = self.prepared().get(digest) {
            return Ok(Arc::clone(lists));
        }
        let profile = store.profile(digest).await?.ok_or_else(|| unknown_profile(digest))?;
        let prepare = move || Lists::new(&profile);
        let lists = tokio::task::spawn_blocking(prepare).await?;
        Ok(self.keep(lists.map_err(|error| internal(&error))?))
    }

    fn prepared(&self) -> MutexGuard<'_, HashMap<Digest, Arc<Lists<C>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The problem of a roster or a request that names a profile nobody handed in.
pub fn unknown_profile(digest: &Digest) -> Problem {
    let detail = format!("hand it in first: PUT /v1/profiles/{digest}");
    Problem::new(404, "unknown-profile", detail).field("profile")
}
