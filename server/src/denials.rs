//! The store's denials as problems.

use pulseproof_sdk::Problem;
use pulseproof_store::{Denial, StoreError};

use crate::refusal::{Refusal, disk_full, internal};
use crate::sums::openings_exhausted;

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Denied(denial) => problem(&denial).into(),
            StoreError::Full => Refusal::for_now(disk_full()),
            error => internal(&error),
        }
    }
}

/// What a denial is called over HTTP.
pub fn problem(denial: &Denial) -> Problem {
    use Denial as D;
    let about = |status, kind, field: &str| {
        Problem::new(status, kind, denial.to_string()).field(field.to_owned())
    };
    let of_sum =
        |status, kind, index: usize, rest| about(status, kind, &format!("sums[{index}]{rest}"));
    match denial {
        D::UnknownRegion(_) => about(404, "unknown-region", "region"),
        D::EpochOpen(_) => about(409, "epoch-open", "region"),
        D::RosterChanged(_) => about(409, "roster-changed", "region"),
        D::EpochClosed { .. } => about(409, "epoch-closed", "epoch"),
        D::EpochReused { .. } => about(409, "epoch-reused", "epoch"),
        D::SequenceReused { highest, .. } => {
            about(409, "sequence-reused", "sequence").limit(*highest)
        }
        D::Duplicate { .. } => about(409, "duplicate-submission", "device"),
        D::OpeningsExhausted => openings_exhausted(None),
        D::Busy { limit, .. } => about(503, "busy", "kind").limit(*limit as u64),
        D::TooManyJobs { limit, .. } => about(429, "too-many-jobs", "kind").limit(*limit as u64),
        D::Refused(problem) => Problem::clone(problem),
        D::AskedOtherwise => about(422, "idempotency-key-reused", "Idempotency-Key"),
        D::KeyNotThere => about(422, "unknown-key", "key"),
        D::CircuitNotThere => about(422, "unknown-circuit", "circuit"),
        D::UnknownSum { index, .. } => of_sum(422, "unknown-sum", *index, ""),
        D::SumNotReady { index, .. } => of_sum(409, "sum-not-ready", *index, ""),
        D::ResultNotThere { index, .. } => of_sum(422, "unknown-result", *index, ".result"),
        D::JobUnfinished => about(409, "job-unfinished", "id"),
        D::SumStays => about(409, "sum-stays", "id"),
        D::UnknownKey => about(404, "unknown-key", "id"),
        D::KeyInUse(_) => about(409, "key-in-use", "id"),
        D::TooManyKeys(limit) => about(409, "too-many-keys", "id").limit(*limit as u64),
        D::UnknownCircuit => about(404, "unknown-circuit", "name"),
        D::CircuitInUse(_) => about(409, "circuit-in-use", "name"),
        D::TooManyCircuits(limit) => about(409, "too-many-circuits", "name").limit(*limit as u64),
        D::NameTaken(_) => about(409, "name-taken", "name"),
        D::PartTaken { .. } => about(409, "part-taken", "sha256"),
        D::UnknownResult(_) => about(404, "unknown-result", "digest"),
        D::ResultInUse => about(409, "result-in-use", "digest"),
        D::TooManyResults(limit) => about(507, "too-many-results", "digest").limit(*limit as u64),
        D::UnknownProfile(_) => about(404, "unknown-profile", "profile"),
        D::TooManyProfiles(limit) => about(507, "too-many-profiles", "digest").limit(*limit as u64),
    }
}
