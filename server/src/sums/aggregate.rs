//! From an epoch's submissions to a proved and verified result. No store, no network.

use std::time::Instant;

use pulseproof_kernels::Curve;
use pulseproof_prover::commitment::Opening;
use pulseproof_prover::srs::{COMMITMENT_BLINDERS, Srs};
use pulseproof_sdk::identity::ApplianceKey;
use pulseproof_sdk::profile::ProfileVerifier;
use pulseproof_sdk::result::{Claim, Contribution};
use pulseproof_sdk::{Digest, Name, Problem, ProvedResult, Submission};
use pulseproof_store::submissions::StoredSubmission;
use rayon::prelude::*;

use super::{AggregateError, Proved, Prover, Sum};
use crate::problems::internal;
use crate::telemetry;

/// How often a commitment may be opened before its blinders hide it no longer.
const OPENINGS_MAX: i64 = COMMITMENT_BLINDERS as i64 - 1;
const _: () = assert!(OPENINGS_MAX == 3, "the schema's CHECK on submissions.openings says so too");

/// Sums what a region's devices submitted for an epoch, proves the sum, signs it and verifies all of
/// it. The sum is checked with its proof: to the commitments only one belongs.
///
/// # Errors
/// See [`AggregateError`].
pub fn aggregate<C: Curve>(
    prover: &dyn Prover<C>,
    identity: &ApplianceKey,
    sum: &Sum,
    lists: &ProfileVerifier<C>,
) -> Result<Proved, AggregateError> {
    check_openings(&sum.stored).map_err(AggregateError::Job)?;
    let submissions = parse::<C>(&sum.stored, prover.srs().size()).map_err(AggregateError::Job)?;
    let claim = claim(prover.srs(), sum, &submissions);
    let start = Instant::now();
    let result = prove(prover, identity, claim, &submissions)?;
    let prove = start.elapsed();
    let start = Instant::now();
    let verified =
        result.verify(&prover.srs().verifying_key, &sum.roster, &[identity.public()], lists);
    verified.map_err(|error| {
        telemetry::proof_rejected();
        AggregateError::Backend(format!("the proof does not verify: {error}"))
    })?;
    let (backend, verify) = (prover.backend(), start.elapsed());
    Ok(Proved { backend, result: result.to_bytes(), prove, verify })
}

/// The problem of a job whose result would open a commitment once too often.
pub fn openings_exhausted(device: Option<&str>) -> Problem {
    let which = device.map_or_else(|| "a commitment".to_owned(), |name| format!("{name}'s"));
    let detail = format!("{which} was opened {OPENINGS_MAX} times, which is all its blinders hide");
    Problem::new(409, "openings-exhausted", detail)
        .field("openings")
        .limit(OPENINGS_MAX.unsigned_abs())
}

fn check_openings(stored: &[StoredSubmission]) -> Result<(), Problem> {
    match stored.iter().find(|submission| submission.openings >= OPENINGS_MAX) {
        Some(submission) => Err(openings_exhausted(Some(&submission.device))),
        None => Ok(()),
    }
}

fn parse<C: Curve>(
    stored: &[StoredSubmission],
    size: usize,
) -> Result<Vec<Submission<C>>, Problem> {
    stored
        .par_iter()
        .map(|submission| {
            Submission::from_bytes(&submission.bytes, size)
                .map_err(|error| internal(&format!("stored {}: {error}", submission.device)))
        })
        .collect()
}

/// Who is in the sum, with which weight, and who is missing. Submissions come ordered by device.
fn claim<C: Curve>(srs: &Srs<C>, sum: &Sum, submissions: &[Submission<C>]) -> Claim<C> {
    let Sum { epoch, weights, roster, .. } = sum;
    let contributions: Vec<_> = submissions
        .iter()
        .map(|submission| Contribution {
            device: submission.label.device.clone(),
            sequence: submission.label.sequence,
            weight: weights.get(&submission.label.device).copied().unwrap_or(1),
            commitment: submission.commitment,
            signature: submission.signature,
            proof: submission.proof.clone(),
        })
        .collect();
    let submitted =
        |device: &Name| contributions.binary_search_by(|c| c.device.cmp(device)).is_ok();
    let missing = roster.devices.keys().filter(|device| !submitted(device)).cloned().collect();
    Claim {
        srs: Digest(srs.verifying_key.id()),
        region: roster.region.clone(),
        epoch: *epoch,
        roster: roster.digest(),
        profile: roster.profile,
        contributions,
        missing,
    }
}

fn prove<C: Curve>(
    prover: &dyn Prover<C>,
    identity: &ApplianceKey,
    claim: Claim<C>,
    submissions: &[Submission<C>],
) -> Result<ProvedResult<C>, AggregateError> {
    let openings: Vec<Opening<'_, C>> = submissions
        .iter()
        .map(|Submission { commitment, words, blinders, .. }| Opening {
            commitment: *commitment,
            words,
            blinders,
        })
        .collect();
    let weights: Vec<u64> = claim.contributions.iter().map(|c| c.weight).collect();
    let context = claim.context().0;
    let (statement, proof) = prover
        .prove(&openings, &weights, &context)
        .map_err(|error| AggregateError::Backend(format!("nothing was proved: {error}")))?;
    Ok(ProvedResult::signed(claim, statement.aggregate, proof, identity))
}
