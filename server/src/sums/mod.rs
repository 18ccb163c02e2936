//! Everything an appliance does with sums, with their curve and backend forgotten: above this line nothing is
//! generic over a curve. No store, no network.
//!
//! - [`Sums`], [`ProfileSums`]: the line. [`on_curve`]: what is behind it, for every curve.
//! - [`intake`]: what a submission must pass. [`aggregate`]: a proved and verified sum of submissions.
//! - [`Prover`]: what proves sums, on whatever backend.

mod aggregate;
mod intake;
mod on_curve;
mod prover;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use pulseproof_kernels::CurveId;
use pulseproof_kernels::backend::BackendKind;
use pulseproof_sdk::api::Refused;
use pulseproof_sdk::identity::ApplianceKey;
use pulseproof_sdk::profile::Profile;
use pulseproof_sdk::{Digest, Name, Problem, Roster};
use pulseproof_store::submissions::{Candidate, StoredSubmission};

pub use aggregate::openings_exhausted;
pub use on_curve::OnCurve;
pub use prover::Prover;

/// Sums on one curve, with one reference string.
pub trait Sums: Send + Sync {
    /// The curve.
    fn curve(&self) -> CurveId;

    /// Identifies the SRS.
    fn srs(&self) -> Digest;

    /// Words of the longest vector, and devices of the largest sum.
    fn words_max(&self) -> usize;

    /// Whether somebody may be able to forge proofs.
    fn is_insecure(&self) -> bool;

    /// Where a prover computes.
    fn backend(&self, prover: ProverRole) -> BackendKind;

    /// Sums of a profile.
    ///
    /// # Errors
    /// Devices cannot prove what the profile asks them to.
    fn of(&self, profile: &Profile) -> Result<Arc<dyn ProfileSums>, Problem>;

    /// Reads a result, and does not ask whether it holds.
    ///
    /// # Errors
    /// The bytes are none.
    fn read(&self, result: &[u8]) -> Result<ReadResult, Problem>;
}

/// Sums of what one profile says that words mean.
pub trait ProfileSums: Send + Sync {
    /// The profile.
    fn digest(&self) -> Digest;

    /// How many words the proofs of its devices are about, if they prove anything.
    fn words(&self) -> Option<usize>;

    /// Checks every submission of a body against its region's roster, in parallel.
    ///
    /// # Errors
    /// The body is no batch.
    fn check(&self, roster: &Roster, epoch: u64, body: &Bytes) -> Result<Checked, Problem>;

    /// Sums what a region's devices submitted for an epoch, proves the sum, signs it and verifies all of
    /// it. The sum is checked with its proof: to the commitments only one belongs.
    ///
    /// # Errors
    /// See [`AggregateError`].
    fn aggregate(
        &self,
        prover: ProverRole,
        identity: &ApplianceKey,
        sum: &Sum,
    ) -> Result<Proved, AggregateError>;

    /// Verifies the sum in a result, whoever published it.
    ///
    /// # Errors
    /// It does not hold.
    fn verify(&self, result: &[u8], roster: &Roster) -> Result<(), Problem>;
}

/// One of an appliance's two provers. They may be the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProverRole {
    /// The backend in use.
    Primary,
    /// The CPU, whose word is final.
    Cpu,
}

/// A result as it says that it is.
pub struct ReadResult {
    /// The region.
    pub region: Name,
    /// The epoch.
    pub epoch: u64,
    /// The profile.
    pub profile: Digest,
    /// The digest of the sum.
    pub digest: Digest,
    /// The sum.
    pub words: Vec<u64>,
    /// The weights' total, if it is below 2^64.
    pub weight: Option<u64>,
}

/// A batch, sorted into what may be stored and what may not. Positions are those of the batch.
#[derive(Debug, Default)]
pub struct Checked {
    /// Positions of the candidates.
    pub positions: Vec<usize>,
    /// What the store may take.
    pub candidates: Vec<Candidate>,
    /// What it may not.
    pub refused: Vec<Refused>,
    /// Those among them that took many checks to find.
    pub culprits: usize,
}

/// What is to be summed.
pub struct Sum {
    /// The epoch.
    pub epoch: u64,
    /// Weights other than 1.
    pub weights: BTreeMap<Name, u64>,
    /// The roster when the epoch was closed.
    pub roster: Roster,
    /// What the region's devices submitted.
    pub stored: Vec<StoredSubmission>,
}

/// A result that verified.
pub struct Proved {
    /// Who proved it.
    pub backend: BackendKind,
    /// Its bytes.
    pub result: Vec<u8>,
    /// Time spent proving.
    pub prove: Duration,
    /// Time spent verifying.
    pub verify: Duration,
}

/// Why there is no proved sum.
pub enum AggregateError {
    /// The job's problem, whoever proves.
    Job(Problem),
    /// The backend proved nothing, or its sum or its proof is wrong.
    Backend(String),
}
