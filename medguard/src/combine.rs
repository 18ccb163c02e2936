//! Adding up the results of regions and epochs: what the cloud analyses and the authority decrypts.

use std::collections::BTreeSet;

use pulseproof_fhe::add_assign;
use pulseproof_kernels::Curve;
use pulseproof_sdk::{Problem, ProvedResult};

/// The sum of several regions and epochs: still a ciphertext.
pub struct Combined {
    /// The words.
    pub words: Vec<u64>,
    /// The total weight of what was summed.
    pub weight: u64,
}

/// Adds verified results word by word.
///
/// # Errors
/// No results, a region and epoch that occurs twice, different lengths, or an overflow of weights.
pub fn combine<'a, C: Curve>(
    results: impl IntoIterator<Item = &'a ProvedResult<C>>,
) -> Result<Combined, Problem> {
    let refuse = |kind, detail: String| Problem::new(422, kind, detail).field("results");
    let mut results = results.into_iter().peekable();
    let first = match results.peek() {
        Some(first) => *first,
        None => return Err(refuse("no-results", "there is nothing to combine".to_owned())),
    };
    let mut seen = BTreeSet::new();
    let mut combined = Combined { words: vec![0; first.aggregate.len()], weight: 0 };
    for result in results {
        let claim = &result.claim;
        if !seen.insert((&claim.region, claim.epoch)) {
            let detail = format!("{} epoch {} occurs twice", claim.region, claim.epoch);
            return Err(refuse("repeated-result", detail));
        }
        if claim.profile != first.claim.profile || result.aggregate.len() != combined.words.len() {
            let detail = format!("{} is packed or encrypted differently", claim.region);
            return Err(refuse("mixed-profiles", detail));
        }
        let weight = claim.total_weight().and_then(|weight| combined.weight.checked_add(weight));
        combined.weight =
            weight.ok_or_else(|| refuse("weight-overflow", "total weight over 2^64".to_owned()))?;
        add_assign(&mut combined.words, &result.aggregate, 1);
    }
    Ok(combined)
}
