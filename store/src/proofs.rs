//! Jobs that prove circuits, as they are asked for. What is secret lies in a file, and is gone soon after the job
//! ended.

use async_trait::async_trait;
use pulseproof_sdk::Digest;
use pulseproof_sdk::groth16::Groth16Request;

use crate::StoreError;
use crate::jobs::{Ask, Room};

/// Proofs that are asked for.
#[async_trait]
pub trait Proofs: Send + Sync {
    /// Queues a job, if its circuit is still there and not too many wait; the job's id. `request` is without what is
    /// secret. Of a job that was asked for before the secret stays what it was.
    ///
    /// # Errors
    /// [`CircuitNotThere`](crate::Denial::CircuitNotThere), [`Busy`](crate::Denial::Busy), [`TooManyJobs`](crate::Denial::TooManyJobs),
    /// [`AskedOtherwise`](crate::Denial::AskedOtherwise).
    async fn create_proof(
        &self,
        ask: &Ask,
        request: &Groth16Request,
        secret: Secret,
        room: Room,
    ) -> Result<String, StoreError>;

    /// The file of a job's inputs or witness.
    async fn secret(&self, job: &str) -> Result<Option<Secret>, StoreError>;

    /// The files of inputs and witnesses whose jobs have ended.
    async fn spent_secrets(&self) -> Result<Vec<Digest>, StoreError>;

    /// Says that a file is not there any more for jobs that have ended.
    async fn forget_secret(&self, secret: &Digest) -> Result<(), StoreError>;
}

/// The file of what is secret of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secret {
    /// Inputs.
    Inputs(Digest),
    /// A witness.
    Witness(Digest),
}

impl Secret {
    /// The file.
    pub fn file(self) -> Digest {
        match self {
            Self::Inputs(file) | Self::Witness(file) => file,
        }
    }
}
