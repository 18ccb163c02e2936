//! What a submission must pass before the store sees it. No store, no network: bytes in, verdicts
//! out, in parallel.

use axum::body::Bytes;
use pulseproof_kernels::Curve;
use pulseproof_prover::commitment::{CommitmentKey, Opening, find_culprits};
use pulseproof_prover::encoding::DecodeError;
use pulseproof_sdk::api::Refused;
use pulseproof_sdk::submission::{Label, batch_from_bytes};
use pulseproof_sdk::{Digest, Name, Problem, Roster, Submission};
use rand::rngs::OsRng;
use rayon::prelude::*;

use crate::store::submissions::Candidate;

/// A batch, sorted into what may be stored and what may not. Positions are those of the batch.
#[derive(Debug, Default)]
pub struct Checked {
    /// Positions of the candidates.
    pub positions: Vec<usize>,
    /// What the store may take.
    pub candidates: Vec<Candidate>,
    /// What it may not.
    pub refused: Vec<Refused>,
}

type Verdict<C> = Result<Submission<C>, Box<Refused>>;

/// Checks every submission of a body against its region's roster.
///
/// # Errors
/// The body is no batch.
pub fn check<C: Curve>(
    key: &CommitmentKey<C>,
    roster: &Roster,
    epoch: u64,
    body: &Bytes,
) -> Result<Checked, Problem> {
    let parts = batch_from_bytes(body).map_err(|error| malformed(&error))?;
    let examine_one = |(index, bytes): (usize, &&[u8])| examine(key, roster, epoch, index, bytes);
    let mut verdicts: Vec<Verdict<C>> = parts.par_iter().enumerate().map(examine_one).collect();
    refuse_culprits(key, &mut verdicts);

    let mut checked = Checked::default();
    for (index, (verdict, bytes)) in verdicts.into_iter().zip(parts).enumerate() {
        match verdict {
            Ok(Submission { label: Label { device, sequence, .. }, .. }) => {
                checked.positions.push(index);
                let bytes = body.slice_ref(bytes);
                checked.candidates.push(Candidate { device, sequence, bytes });
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

/// One check for all that passed so far; only if it fails are culprits looked for.
fn refuse_culprits<C: Curve>(key: &CommitmentKey<C>, verdicts: &mut [Verdict<C>]) {
    let passed: Vec<(usize, Opening<'_, C>)> = verdicts
        .iter()
        .enumerate()
        .filter_map(|(index, verdict)| Some((index, opening(verdict.as_ref().ok()?))))
        .collect();
    let (positions, openings): (Vec<_>, Vec<_>) = passed.into_iter().unzip();
    for culprit in find_culprits(key, &openings, &mut OsRng) {
        let index = positions[culprit];
        if let Ok(submission) = &verdicts[index] {
            let device = submission.label.device.clone();
            let problem = bad_commitment(&device);
            verdicts[index] = Err(Box::new(Refused { index, device: Some(device), problem }));
        }
    }
}

fn opening<C: Curve>(submission: &Submission<C>) -> Opening<'_, C> {
    let Submission { commitment, words, blinders, .. } = submission;
    Opening { commitment: *commitment, words, blinders }
}

fn bad_commitment(device: &Name) -> Problem {
    let detail = format!("the words of {device} are not those that it committed to and signed");
    Problem::new(422, "bad-commitment", detail).field("commitment")
}

/// Bytes that are not what they should be.
pub fn malformed(error: &DecodeError) -> Problem {
    let problem = Problem::new(400, "malformed", error.to_string());
    match error {
        DecodeError::TooLong { field, limit, .. } => problem.field(*field).limit(*limit as u64),
        DecodeError::Truncated { field, .. }
        | DecodeError::NotOnCurve { field }
        | DecodeError::WrongSubgroup { field }
        | DecodeError::NonCanonical { field }
        | DecodeError::Invalid { field, .. } => problem.field(*field),
        DecodeError::Magic { .. } => problem.field("magic"),
        DecodeError::Version { .. } => problem.field("version"),
        DecodeError::WrongCurve { .. } => problem.field("curve"),
        DecodeError::Trailing(_) => problem,
    }
}
