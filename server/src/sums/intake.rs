//! What a submission must pass before the store sees it. No store, no network: bytes in, verdicts
//! out, in parallel.

use axum::body::Bytes;
use pulseproof_kernels::Curve;
use pulseproof_prover::commitment::{CommitmentKey, Opening, find_culprits};
use pulseproof_prover::culprits::Culprits;
use pulseproof_prover::srs::VerifyingKey;
use pulseproof_sdk::api::Refused;
use pulseproof_sdk::profile::{ProfileVerifier, ProofClaim};
use pulseproof_sdk::submission::{Label, batch_from_bytes};
use pulseproof_sdk::{Digest, Name, Problem, Roster, Submission};
use pulseproof_store::submissions::Candidate;
use rand::rngs::OsRng;
use rayon::prelude::*;

use super::Checked;
use crate::problems::malformed;

/// What submissions are checked with.
pub struct Checks<'a, C: Curve> {
    /// What they commit with.
    pub key: &'a CommitmentKey<C>,
    /// What their proofs are verified with.
    pub srs: &'a VerifyingKey<C>,
    /// The profile of their region.
    pub lists: &'a ProfileVerifier<C>,
}

/// Submissions of a batch that do not hold, after which it is given up: each costs many times what an honest one does.
const CULPRITS_MAX: usize = 8;

type Verdict<C> = Result<Submission<C>, Box<Refused>>;

/// Checks every submission of a body against its region's roster.
///
/// # Errors
/// The body is no batch.
pub fn check<C: Curve>(
    checks: &Checks<'_, C>,
    roster: &Roster,
    epoch: u64,
    body: &Bytes,
) -> Result<Checked, Problem> {
    let parts = batch_from_bytes(body).map_err(|error| malformed(&error))?;
    let examine_one =
        |(index, bytes): (usize, &&[u8])| examine(checks.key, roster, epoch, index, bytes);
    let mut verdicts: Vec<Verdict<C>> = parts.par_iter().enumerate().map(examine_one).collect();
    let culprits = refuse_unopened(checks.key, &mut verdicts, CULPRITS_MAX)
        + refuse_unproved(checks, &mut verdicts, CULPRITS_MAX);

    let mut checked = Checked { culprits, ..Checked::default() };
    for (index, (verdict, bytes)) in verdicts.into_iter().zip(parts).enumerate() {
        match verdict {
            Ok(Submission { label: Label { device, sequence, .. }, proof, .. }) => {
                checked.positions.push(index);
                let (bytes, openings) = (body.slice_ref(bytes), i64::from(proof.is_some()));
                checked.candidates.push(Candidate { device, sequence, bytes, openings });
            }
            Err(refused) => checked.refused.push(*refused),
        }
    }
    Ok(checked)
}

fn examine<C: Curve>(
    key: &CommitmentKey<C>,
    roster: &Roster,
    epoch: u64,
    index: usize,
    bytes: &[u8],
) -> Verdict<C> {
    let refused = |device, problem| Box::new(Refused { index, device, problem });
    let submission = Submission::<C>::from_bytes(bytes, key.size())
        .map_err(|error| refused(None, malformed(&error)))?;
    match refusal(&submission, roster, epoch, Digest(key.srs_id())) {
        None => Ok(submission),
        Some(problem) => Err(refused(Some(submission.label.device), problem)),
    }
}

fn refusal<C: Curve>(
    submission: &Submission<C>,
    roster: &Roster,
    epoch: u64,
    srs_id: Digest,
) -> Option<Problem> {
    let Label { region, epoch: signed_epoch, device, profile, srs, .. } = &submission.label;
    let refuse = |kind, field, detail| Some(Problem::new(422, kind, detail).field(field));
    if *region != roster.region {
        let detail = format!("signed for region {region}, sent to {}", roster.region);
        return refuse("wrong-region", "region", detail);
    }
    if *signed_epoch != epoch {
        let detail = format!("signed for epoch {signed_epoch}, sent to epoch {epoch}");
        return refuse("wrong-epoch", "epoch", detail);
    }
    let Some(device_key) = roster.devices.get(device) else {
        let detail = format!("{device} is not in the roster of {region}");
        return refuse("unknown-device", "device", detail);
    };
    if *profile != roster.profile {
        let detail = format!("signed for profile {profile}, the roster's is {}", roster.profile);
        return refuse("wrong-profile", "profile", detail);
    }
    if *srs != srs_id {
        let detail = format!("committed with SRS {srs}, this appliance's is {srs_id}");
        return refuse("wrong-srs", "srs", detail);
    }
    if submission.words.len() as u64 != u64::from(roster.words) {
        let detail = format!("{} words, the roster says {}", submission.words.len(), roster.words);
        let problem = Problem::new(422, "wrong-length", detail).field("words");
        return Some(problem.limit(roster.words.into()));
    }
    if !submission.is_signed_by(device_key) {
        let detail = format!("the signature is not that of {device} on this submission");
        return refuse("bad-signature", "signature", detail);
    }
    None
}

/// One check for all that passed so far; only if it fails are culprits looked for, and no more than so many. How many
/// were found.
fn refuse_unopened<C: Curve>(
    key: &CommitmentKey<C>,
    verdicts: &mut [Verdict<C>],
    most: usize,
) -> usize {
    refuse(verdicts, bad_commitment, |passed| {
        let openings: Vec<_> = passed.iter().map(|submission| opening(submission)).collect();
        find_culprits(key, &openings, most, &mut OsRng)
    })
}

/// The same of the proofs that words are well-formed encryptions.
fn refuse_unproved<C: Curve>(
    checks: &Checks<'_, C>,
    verdicts: &mut [Verdict<C>],
    most: usize,
) -> usize {
    refuse(verdicts, bad_encryption, |passed| {
        let claimed = passed.iter().map(|Submission { label, commitment, proof, .. }| ProofClaim {
            commitment: *commitment,
            message: label.message::<C>(commitment),
            proof: proof.as_ref(),
        });
        checks.lists.find_false(checks.srs, &claimed.collect::<Vec<_>>(), most)
    })
}

/// Refuses those of the submissions that passed so far which `find` finds, and those that it has not checked.
fn refuse<C: Curve>(
    verdicts: &mut [Verdict<C>],
    problem: fn(&Name) -> Problem,
    find: impl FnOnce(&[&Submission<C>]) -> Culprits,
) -> usize {
    let passed = verdicts.iter().enumerate();
    let passed = passed.filter_map(|(index, verdict)| Some((index, verdict.as_ref().ok()?)));
    let (positions, submissions): (Vec<_>, Vec<_>) = passed.unzip();
    let Culprits { found, unchecked } = find(&submissions);
    let named = |at: &usize, problem: &dyn Fn(&Name) -> Problem| {
        let device = submissions[*at].label.device.clone();
        let problem = problem(&device);
        (positions[*at], Refused { index: positions[*at], device: Some(device), problem })
    };
    let refused: Vec<_> = (found.iter().map(|at| named(at, &problem)))
        .chain(unchecked.iter().map(|at| named(at, &not_checked)))
        .collect();
    for (index, refused) in refused {
        verdicts[index] = Err(Box::new(refused));
    }
    found.len()
}

fn opening<C: Curve>(submission: &Submission<C>) -> Opening<'_, C> {
    let Submission { commitment, words, blinders, .. } = submission;
    Opening { commitment: *commitment, words, blinders }
}

fn bad_commitment(device: &Name) -> Problem {
    let detail = format!("the words of {device} are not those that it committed to and signed");
    Problem::new(422, "bad-commitment", detail).field("commitment")
}

fn not_checked(device: &Name) -> Problem {
    let detail = format!(
        "{CULPRITS_MAX} others of this batch do not hold, so that of {device} was not looked at: send it again without \
         them"
    );
    Problem::new(429, "not-checked", detail).limit(CULPRITS_MAX as u64)
}

fn bad_encryption(device: &Name) -> Problem {
    let detail = format!(
        "the proof of {device} that its words are an encryption of readings is missing, wrong, or not asked \
         for by its profile"
    );
    Problem::new(422, "bad-encryption", detail).field("proof")
}
