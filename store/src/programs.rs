//! Jobs that compute programs, as they are asked for.

use async_trait::async_trait;
use pulseproof_sdk::api::Estimate;
use pulseproof_sdk::fhe::FheRequest;

use crate::StoreError;
use crate::jobs::{Ask, Room};

/// Programs that are asked for.
#[async_trait]
pub trait Programs: Send + Sync {
    /// Queues a job, if its key and the results that it takes are still there and not too many wait; the job's id.
    ///
    /// # Errors
    /// [`KeyNotThere`](crate::Denial::KeyNotThere), [`ResultNotThere`](crate::Denial::ResultNotThere),
    /// [`Busy`](crate::Denial::Busy), [`TooManyJobs`](crate::Denial::TooManyJobs), [`AskedOtherwise`](crate::Denial::AskedOtherwise).
    async fn create_program(
        &self,
        ask: &Ask,
        request: &FheRequest,
        estimate: Estimate,
        room: Room,
    ) -> Result<String, StoreError>;
}
