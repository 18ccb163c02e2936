//! What the words of regions' devices mean.

use async_trait::async_trait;
use pulseproof_sdk::Digest;
use pulseproof_sdk::profile::Profile;

use crate::StoreError;

/// Profiles.
#[async_trait]
pub trait Profiles: Send + Sync {
    /// A profile.
    async fn profile(&self, digest: &Digest) -> Result<Option<Profile>, StoreError>;

    /// Keeps a profile: true if it is new.
    ///
    /// # Errors
    /// [`TooManyProfiles`](crate::Denial::TooManyProfiles).
    async fn add_profile(&self, profile: &Profile, limit: usize) -> Result<bool, StoreError>;
}
