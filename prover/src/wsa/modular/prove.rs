//! The prover's side.

use rand::{CryptoRng, RngCore};

use super::*;
use crate::commitment::Opening;
use crate::engine::prove::{Assignment, Masked, Unsatisfied, prove as prove_circuit};
use crate::srs::{COMMITMENT_BLINDERS, Srs};
use crate::wsa::{common_length, total_weight};

/// Why nothing was proved.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProveError {
    /// There is no such statement.
    #[error(transparent)]
    Statement(#[from] StatementError),
    /// The carries do not satisfy the circuit: cannot happen for weights that were checked.
    #[error(transparent)]
    Unsatisfied(#[from] Unsatisfied),
}

/// Sums the vectors and proves the sum. Cost: n·N word operations, then work independent of n.
///
/// The proof is worth something only if the openings open; see
/// [`find_culprits`](crate::commitment::find_culprits).
///
/// # Errors
/// Vectors of different lengths or longer than N, no vectors, zero or overflowing weights.
pub fn prove<C: Curve>(
    srs: &Srs<C>,
    openings: &[Opening<'_, C>],
    weights: &[u64],
    context: &[u8],
    rng: &mut (impl RngCore + CryptoRng),
) -> Result<(Statement<C, u64>, Proof<C>), ProveError> {
    let (assignment, statement) = assign(srs, openings, weights, context)?;
    let mut transcript = transcript(&srs.verifying_key, &statement);
    let proof = prove_circuit(srs, &circuit::<C>(), &mut transcript, assignment, rng)?;
    Ok((statement, Proof(proof)))
}

/// What a prover puts into the circuit, and the statement it then proves.
type Assigned<C> = (Assignment<Scalar<C>>, Statement<C, u64>);

pub(super) fn assign<C: Curve>(
    srs: &Srs<C>,
    openings: &[Opening<'_, C>],
    weights: &[u64],
    context: &[u8],
) -> Result<Assigned<C>, StatementError> {
    let length = common_length(openings.iter().map(|o| o.words.len()), srs.size())?;
    total_weight(weights, srs.size())?;
    let sums = weighted_sum(openings, weights, length);
    #[expect(clippy::cast_possible_truncation, reason = "the low word is the residue")]
    let aggregate: Vec<u64> = sums.iter().map(|&sum| sum as u64).collect();
    let statement = Statement {
        commitments: openings.iter().map(|opening| opening.commitment).collect(),
        weights: weights.to_vec(),
        aggregate,
        context: context.to_vec(),
    };
    statement.check(srs.size())?;
    let given = Masked {
        values: sums.iter().map(|&sum| sum.into()).collect(),
        blinders: combined_blinders(openings, weights),
    };
    let carries = sums.iter().map(|&sum| (sum >> 64).into()).collect();
    let public = public_columns::<C>(&statement.aggregate, srs.size());
    Ok((Assignment { public, given: vec![given], witness: vec![carries] }, statement))
}

/// Σ w_i·v_i over the integers: below N·2^64 ≤ 2^84.
fn weighted_sum<C: Curve>(
    openings: &[Opening<'_, C>],
    weights: &[u64],
    length: usize,
) -> Vec<u128> {
    let mut sums = vec![0u128; length];
    for (opening, &weight) in openings.iter().zip(weights) {
        for (sum, &word) in sums.iter_mut().zip(opening.words) {
            *sum += u128::from(weight) * u128::from(word);
        }
    }
    sums
}

fn combined_blinders<C: Curve>(openings: &[Opening<'_, C>], weights: &[u64]) -> Vec<Scalar<C>> {
    let combined = |b: usize| {
        let terms = openings.iter().zip(weights);
        terms.map(|(o, &weight)| o.blinders.0[b] * Scalar::<C>::from(weight)).sum()
    };
    (0..COMMITMENT_BLINDERS).map(combined).collect()
}
