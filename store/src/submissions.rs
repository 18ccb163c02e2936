//! Accepted submissions, byte for byte as they came.

use async_trait::async_trait;
use bytes::Bytes;
use pulseproof_sdk::{Name, Roster};

use crate::{Denial, StoreError};

/// Accepted submissions.
#[async_trait]
pub trait Submissions: Send + Sync {
    /// Stores what the rules allow, in one transaction: for each candidate nothing, or why it was refused, which is
    /// [`EpochClosed`](Denial::EpochClosed), [`SequenceReused`](Denial::SequenceReused) or
    /// [`Duplicate`](Denial::Duplicate).
    ///
    /// # Errors
    /// A refusal of them all: [`RosterChanged`](Denial::RosterChanged).
    async fn accept(
        &self,
        roster: &Roster,
        epoch: u64,
        candidates: &[Candidate],
    ) -> Result<Vec<Option<Denial>>, StoreError>;

    /// An epoch's submissions, ordered by device name.
    async fn submissions(
        &self,
        region: &Name,
        epoch: u64,
    ) -> Result<Vec<StoredSubmission>, StoreError>;
}

/// A submission that passed every check that needs no store.
#[derive(Debug)]
pub struct Candidate {
    /// The device.
    pub device: Name,
    /// Its sequence number.
    pub sequence: u64,
    /// The submission.
    pub bytes: Bytes,
    /// How often its commitment was opened already: once by a proof that came with it.
    pub openings: i64,
}

/// A stored submission.
pub struct StoredSubmission {
    /// The device.
    pub device: String,
    /// The submission.
    pub bytes: Vec<u8>,
    /// How often its commitment was opened: by its proof, and by released results.
    pub openings: i64,
}
