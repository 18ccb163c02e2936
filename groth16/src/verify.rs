//! Verification, of one proof and of many at once. Pairings, and one multi-scalar multiplication on the
//! CPU.
//!
//! A proof (A, B, C) for inputs x verifies if e(A, B) = e(α, β)·e(X, γ)·e(C, δ), X = ic₀ + Σ xᵢ·icᵢ.
//!
//! Of many proofs the equations are raised to random powers and multiplied: if any of them is wrong, the
//! product is right for one choice of a power in 2^128. Equal powers would not do: two wrong proofs can be
//! made whose errors cancel.

use pulseproof_kernels::traits::*;
use pulseproof_kernels::{Curve, G1, G1Affine, G2Affine, Scalar, apart, msm};
use rand::{CryptoRng, Rng, RngCore};
use rayon::prelude::*;

use crate::{Proof, PublicInputs, VerifyingKey};

/// Why a proof is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// Inputs for another circuit.
    #[error("{got} public inputs, the key expects {expected}")]
    Inputs {
        /// How many there are.
        got: usize,
        /// How many the key has points for.
        expected: usize,
    },
    /// The equation does not hold: another statement, another key, or no proof at all.
    #[error("the proof does not verify")]
    Invalid,
}

/// Why a batch is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BatchError {
    /// Inputs for another circuit.
    #[error("proof {index}: {got} public inputs, the key expects {expected}")]
    Inputs {
        /// Whose inputs.
        index: usize,
        /// How many there are.
        got: usize,
        /// How many the key has points for.
        expected: usize,
    },
    /// Some proofs do not verify; all others do.
    #[error("{} of the proofs do not verify, the first is proof {}", .0.len(), .0[0])]
    Invalid(Vec<usize>),
}

/// A verifying key with what does not depend on the proof computed once.
#[derive(Clone, Debug)]
pub struct PreparedVerifyingKey<C: Curve> {
    key: VerifyingKey<C>,
    alpha_beta: PairingOutput<C>,
    minus_beta: C::G2Prepared,
    minus_gamma: C::G2Prepared,
    minus_delta: C::G2Prepared,
}

impl<C: Curve> PreparedVerifyingKey<C> {
    /// Prepares a key.
    ///
    /// # Panics
    /// If the key has no point for the constant one. Keys that were read have it.
    pub fn new(key: VerifyingKey<C>) -> Self {
        assert!(!key.ic.is_empty(), "a verifying key has a point for the constant one");
        let minus = |point: G2Affine<C>| C::prepared((-point.into_group()).into_affine());
        Self {
            alpha_beta: key.alpha_beta(),
            minus_beta: minus(key.beta_g2),
            minus_gamma: minus(key.gamma_g2),
            minus_delta: minus(key.delta_g2),
            key,
        }
    }

    /// The key.
    pub fn key(&self) -> &VerifyingKey<C> {
        &self.key
    }

    /// How many inputs are wrong, if they are.
    fn check_inputs(&self, inputs: &PublicInputs<C>) -> Result<(), VerifyError> {
        let (got, expected) = (inputs.len(), self.key.public_inputs());
        if got == expected { Ok(()) } else { Err(VerifyError::Inputs { got, expected }) }
    }
}

/// Checks a proof, whose points must be in their groups.
///
/// # Errors
/// A wrong number of inputs, or a proof that does not verify.
pub fn verify<C: Curve>(
    key: &PreparedVerifyingKey<C>,
    inputs: &PublicInputs<C>,
    proof: &Proof<C>,
) -> Result<(), VerifyError> {
    key.check_inputs(inputs)?;
    let (constant, rest) = key.key.ic.split_at(1);
    let x = (msm::<C>(rest, &inputs.0) + constant[0]).into_affine();
    let b = C::prepared(proof.b);
    let product = C::prepared_product(
        &[proof.a, x, proof.c],
        vec![b, key.minus_gamma.clone(), key.minus_delta.clone()],
    );
    if product == key.alpha_beta { Ok(()) } else { Err(VerifyError::Invalid) }
}

/// Checks many proofs under one key with one product of n + 3 pairings. If it fails, parts of the
/// batch are checked until all proofs that do not verify are known.
///
/// # Errors
/// A wrong number of inputs, before anything is computed; or which proofs do not verify.
pub fn verify_batch<C: Curve>(
    key: &PreparedVerifyingKey<C>,
    proofs: &[(PublicInputs<C>, Proof<C>)],
    rng: &mut (impl RngCore + CryptoRng),
) -> Result<(), BatchError> {
    for (index, (inputs, _)) in proofs.iter().enumerate() {
        key.check_inputs(inputs).map_err(|_| BatchError::Inputs {
            index,
            got: inputs.len(),
            expected: key.key.public_inputs(),
        })?;
    }
    let weighted: Vec<Weighted<'_, C>> = proofs
        .iter()
        .enumerate()
        .map(|(index, (inputs, proof))| (index, rng.gen_range(1..=u128::MAX), inputs, proof))
        .map(|(index, weight, inputs, proof)| Weighted { index, weight, inputs, proof })
        .collect();
    if proofs.is_empty() || holds(key, &weighted) {
        return Ok(());
    }
    Err(BatchError::Invalid(find_bad(key, &weighted)))
}

/// A proof with its random power, which is not zero.
struct Weighted<'a, C: Curve> {
    index: usize,
    weight: u128,
    inputs: &'a PublicInputs<C>,
    proof: &'a Proof<C>,
}

/// The proofs that do not verify, of some whose product is wrong.
///
/// Halves are checked while only one of them is wrong. Where both are, each proof is checked alone: so a few bad
/// proofs cost little, and a batch full of them about six times its own check. A single proof's check
/// is exact: the order is prime, and no power other than zero makes a wrong equation right.
fn find_bad<C: Curve>(key: &PreparedVerifyingKey<C>, mut proofs: &[Weighted<'_, C>]) -> Vec<usize> {
    while proofs.len() > 1 {
        let (left, right) = proofs.split_at(proofs.len() / 2);
        proofs = if holds(key, left) {
            right
        } else if holds(key, right) {
            left
        } else {
            break;
        };
    }
    let bad = |proof: &Weighted<'_, C>| !holds(key, std::slice::from_ref(proof));
    let bad = apart::map(proofs.iter().collect(), |proof| bad(proof).then_some(proof.index));
    bad.into_iter().flatten().collect()
}

/// Whether the product of the weighted equations is one.
fn holds<C: Curve>(key: &PreparedVerifyingKey<C>, proofs: &[Weighted<'_, C>]) -> bool {
    let weights: Vec<Scalar<C>> = proofs.iter().map(|p| Scalar::<C>::from(p.weight)).collect();
    let total: Scalar<C> = weights.iter().sum();
    let x = msm::<C>(&key.key.ic, &combined_inputs(key.key.ic.len(), proofs, &weights));
    let points: Vec<G1Affine<C>> = proofs.iter().map(|p| p.proof.c).collect();
    let c = msm::<C>(&points, &weights);
    let mut left: Vec<G1<C>> =
        proofs.par_iter().map(|p| p.proof.a.mul_bigint(limbs(p.weight))).collect();
    left.extend([key.key.alpha_g1 * total, x, c]);
    let right = proofs.iter().map(|p| C::prepared(p.proof.b)).chain([
        key.minus_beta.clone(),
        key.minus_gamma.clone(),
        key.minus_delta.clone(),
    ]);
    C::prepared_product(&G1::<C>::affine(&left), right.collect()).is_zero()
}

/// The scalars of the key's points: the sum of the weights, then the weighted sum of each input.
fn combined_inputs<C: Curve>(
    count: usize,
    proofs: &[Weighted<'_, C>],
    weights: &[Scalar<C>],
) -> Vec<Scalar<C>> {
    let mut sums = vec![Scalar::<C>::ZERO; count];
    for (weighted, weight) in proofs.iter().zip(weights) {
        sums[0] += weight;
        for (sum, input) in sums[1..].iter_mut().zip(&weighted.inputs.0) {
            *sum += *input * weight;
        }
    }
    sums
}

/// The low and the high word.
fn limbs(value: u128) -> [u64; 2] {
    #[expect(clippy::cast_possible_truncation, reason = "the low word; the high one follows")]
    let low = value as u64;
    [low, u64::try_from(value >> 64).expect("half of 128 bits")]
}
