//! The prover's side.

use rand::{CryptoRng, RngCore};
use zeroize::Zeroize;

use super::*;
use crate::commitment::Blinders;
use crate::wsa::{common_length, total_weight};

/// A commitment with its opening in signed words.
pub struct Opening<'a, C: Curve> {
    /// The commitment.
    pub commitment: G1Affine<C>,
    /// The words, at most N.
    pub words: &'a [i64],
    /// The blinders it was made with.
    pub blinders: &'a Blinders<C>,
}

/// Sums the vectors and proves the sum.
///
/// # Errors
/// Vectors of different lengths or longer than N, no vectors, zero or overflowing weights.
pub fn prove<C: Curve>(
    key: &CommitmentKey<C>,
    openings: &[Opening<'_, C>],
    weights: &[u64],
    context: &[u8],
    rng: &mut (impl RngCore + CryptoRng),
) -> Result<(Statement<C, i128>, Proof<C>), StatementError> {
    let length = common_length(openings.iter().map(|o| o.words.len()), key.size())?;
    total_weight(weights, key.size())?;
    let mut aggregate = vec![0i128; length];
    let mut secret = [Scalar::<C>::ZERO; COMMITMENT_BLINDERS];
    for (opening, &weight) in openings.iter().zip(weights) {
        for (sum, &word) in aggregate.iter_mut().zip(opening.words) {
            *sum += i128::from(weight) * i128::from(word);
        }
        for (sum, &blinder) in secret.iter_mut().zip(&opening.blinders.0) {
            *sum += Scalar::<C>::from(weight) * blinder;
        }
    }
    let statement = Statement {
        commitments: openings.iter().map(|opening| opening.commitment).collect(),
        weights: weights.to_vec(),
        aggregate,
        context: context.to_vec(),
    };
    statement.check_words(key.size())?;
    let mut nonces: [_; COMMITMENT_BLINDERS] = std::array::from_fn(|_| Scalar::<C>::rand(rng));
    let nonce = msm::<C>(key.blinding_bases(), &nonces).into_affine();
    let challenge = statement.challenge(key.srs_id(), &nonce);
    let responses = std::array::from_fn(|b| nonces[b] + challenge * secret[b]);
    nonces.zeroize();
    secret.zeroize();
    Ok((statement, Proof { nonce, responses }))
}
