//! The prover's side.

use pulseproof_kernels::Error;
use pulseproof_kernels::backend::{Signedness, WordOps};
use rand::{CryptoRng, RngCore};

use super::*;
use crate::commitment::Opening;
use crate::engine::prove::{
    Assignment, Blinding, Masked, ProveError as EngineError, ProvingKey, prove as prove_circuit,
};
use crate::srs::COMMITMENT_BLINDERS;
use crate::wsa::{common_length, total_weight};

/// Why nothing was proved.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProveError {
    /// There is no such statement.
    #[error(transparent)]
    Statement(#[from] StatementError),
    /// The backend failed, or the carries do not satisfy the circuit, which cannot happen for weights
    /// that were checked.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The backend failed. The next proof starts over.
    #[error(transparent)]
    Kernel(#[from] Error),
}

/// Sums the vectors and proves the sum. Cost: n·N word operations, then work independent of n.
///
/// The proof is worth something only if the openings open; see
/// [`find_culprits`](crate::commitment::find_culprits).
///
/// # Errors
/// Vectors of different lengths or longer than N, no vectors, zero or overflowing weights; the backend
/// failed.
pub fn prove<C: Curve>(
    key: &ProvingKey<C>,
    openings: &[Opening<'_, C>],
    weights: &[u64],
    context: &[u8],
    rng: &mut (impl RngCore + CryptoRng),
) -> Result<(Statement<C, u64>, Proof<C>), ProveError> {
    let (assignment, statement) = assign(key, openings, weights, context)?;
    let mut transcript = transcript(&key.srs().verifying_key, &statement);
    let proof = prove_circuit(key, &circuit::<C>(), &mut transcript, assignment, rng)?;
    Ok((statement, Proof(proof)))
}

/// What a prover puts into the circuit, and the statement it then proves.
type Assigned<C> = (Assignment<'static, Scalar<C>>, Statement<C, u64>);

pub(super) fn assign<C: Curve>(
    key: &ProvingKey<C>,
    openings: &[Opening<'_, C>],
    weights: &[u64],
    context: &[u8],
) -> Result<Assigned<C>, ProveError> {
    let size = key.srs().size();
    let length = common_length(openings.iter().map(|o| o.words.len()), size)?;
    total_weight(weights, size)?;
    let sums = weighted_sums(key.backend(), openings, weights, length)
        .inspect_err(|error| key.note(error))?;
    #[expect(clippy::cast_possible_truncation, reason = "the low word is the residue")]
    let aggregate: Vec<u64> = sums.iter().map(|&sum| sum as u64).collect();
    let statement = Statement {
        commitments: openings.iter().map(|opening| opening.commitment).collect(),
        weights: weights.to_vec(),
        aggregate,
        context: context.to_vec(),
    };
    statement.check(size)?;
    let given = Masked {
        values: sums.iter().map(|&sum| sum.into()).collect(),
        blinding: Blinding(combined_blinders(openings, weights)),
    };
    let carries = sums.iter().map(|&sum| (sum >> 64).into()).collect();
    let public = public_columns::<C>(&statement.aggregate, size);
    let (given, witness) = (vec![given], vec![carries]);
    Ok((Assignment { public, given, witness, weights: &engine::unweighted }, statement))
}

/// Σ w_i·v_i over the integers: below N·2^64 ≤ 2^84.
fn weighted_sums<C: Curve>(
    backend: &impl WordOps,
    openings: &[Opening<'_, C>],
    weights: &[u64],
    length: usize,
) -> Result<Vec<u128>, Error> {
    let mut vectors = backend.zeros(openings.len() * length)?;
    for (row, opening) in openings.iter().enumerate() {
        let words = backend.upload(opening.words)?;
        backend.copy(&words, 0..length, &mut vectors, row * length)?;
    }
    let (low, high) = backend.weighted_sums(&vectors, weights, Signedness::Unsigned)?;
    let (low, high) = (backend.download(&low)?, backend.download(&high)?);
    Ok(low.iter().zip(&high).map(|(&l, &h)| u128::from(l) | u128::from(h) << 64).collect())
}

fn combined_blinders<C: Curve>(openings: &[Opening<'_, C>], weights: &[u64]) -> Vec<Scalar<C>> {
    let combined = |b: usize| {
        let terms = openings.iter().zip(weights);
        terms.map(|(o, &weight)| o.blinders.0[b] * Scalar::<C>::from(weight)).sum()
    };
    (0..COMMITMENT_BLINDERS).map(combined).collect()
}
