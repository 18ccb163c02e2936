//! Epochs that were closed, each by the one job that sums it, and how often that opened commitments.

use async_trait::async_trait;
use pulseproof_sdk::api::JobRequest;
use pulseproof_sdk::fhe::SumRef;
use pulseproof_sdk::{Name, Problem, Roster};

use crate::jobs::{Ask, JobDetails, Lease};
use crate::{StoreError, Timestamp};

/// What the roster and those who submitted must be like, so that an epoch is closed.
pub type Check<'a> = dyn Fn(&Roster, &[String]) -> Result<(), Problem> + Send + Sync + 'a;

/// Epochs that are closed.
#[async_trait]
pub trait Epochs: Send + Sync {
    /// Closes an epoch and queues the job that sums it, if `check` finds nothing wrong; the job's id. `check` sees the
    /// roster and who submitted, ordered by name, inside the transaction.
    ///
    /// # Errors
    /// [`UnknownRegion`](crate::Denial::UnknownRegion), [`EpochReused`](crate::Denial::EpochReused),
    /// [`AskedOtherwise`](crate::Denial::AskedOtherwise), and [`Refused`](crate::Denial::Refused) with what `check`
    /// says.
    async fn close_epoch(
        &self,
        ask: &Ask,
        region: &Name,
        epoch: u64,
        request: &JobRequest,
        check: &Check<'_>,
    ) -> Result<String, StoreError>;

    /// The roster of an epoch when a job closed it.
    async fn closing_roster(&self, job: &str) -> Result<Option<Roster>, StoreError>;

    /// Stores a result, counts what it opened and ends its job, all at once; false if the lease is not valid any
    /// more.
    ///
    /// # Errors
    /// [`OpeningsExhausted`](crate::Denial::OpeningsExhausted), and nothing is stored.
    async fn release(
        &self,
        lease: &Lease,
        region: &Name,
        epoch: u64,
        result: &[u8],
        facts: &JobDetails,
    ) -> Result<bool, StoreError>;

    /// Notes that this store is a copy of an earlier time, from which others may have gone on: of each submission that
    /// no sum has opened here an opening is counted that may have been made since, if this is the first time that the
    /// copy is put back; otherwise nobody knows how many those were, and it is opened no more. Says of how many.
    async fn restored(&self, taken: Timestamp, is_first: bool) -> Result<u64, StoreError>;

    /// The results that sums name, in order.
    ///
    /// # Errors
    /// [`UnknownSum`](crate::Denial::UnknownSum), [`SumNotReady`](crate::Denial::SumNotReady),
    /// [`ResultNotThere`](crate::Denial::ResultNotThere).
    async fn sums(&self, sums: &[SumRef]) -> Result<Vec<Vec<u8>>, StoreError>;
}
