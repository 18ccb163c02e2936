//! Regions and their rosters.

use async_trait::async_trait;
use pulseproof_sdk::{Name, Roster};

use crate::StoreError;

/// Rosters.
#[async_trait]
pub trait Regions: Send + Sync {
    /// A region's roster.
    async fn roster(&self, region: &Name) -> Result<Option<Roster>, StoreError>;

    /// Registers a region, or replaces its roster between epochs: true if it is new.
    ///
    /// # Errors
    /// [`EpochOpen`](crate::Denial::EpochOpen).
    async fn register(&self, roster: &Roster) -> Result<bool, StoreError>;
}
