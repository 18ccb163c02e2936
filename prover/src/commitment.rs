//! Commitments to vectors of 64-bit words, and the check that one opens.
//!
//! p(X) = Σ v_j·L_j(X) + β(X)·Z_H(X) with β random of degree below B = 4, and C = \[p(τ)\]₁: a
//! Pedersen commitment over the SRS. Perfectly hiding, binding under the discrete logarithm of the
//! SRS, and additive: the sum of commitments commits to the sum of vectors over the scalar field.

use std::fmt;

use pulseproof_kernels::traits::*;
use pulseproof_kernels::{Curve, G1, G1Affine, Scalar, msm};
use rand::{CryptoRng, RngCore};
use zeroize::Zeroize;

use crate::culprits::{self, Culprits};
use crate::encoding::{DecodeError, Reader, Writer};
use crate::srs::{COMMITMENT_BLINDERS, Srs};

/// β, the random coefficients that hide a vector. A commitment may be opened at
/// [`COMMITMENT_BLINDERS`] − 1 points before they are used up.
pub struct Blinders<C: Curve>(pub(crate) [Scalar<C>; COMMITMENT_BLINDERS]);

impl<C: Curve> Blinders<C> {
    /// Fresh blinders.
    pub fn random(rng: &mut (impl RngCore + CryptoRng)) -> Self {
        Self(std::array::from_fn(|_| Scalar::<C>::rand(rng)))
    }

    /// Appends the scalars.
    pub fn write(&self, writer: &mut Writer) {
        for scalar in &self.0 {
            writer.element(scalar);
        }
    }

    /// Reads what [`Self::write`] wrote.
    ///
    /// # Errors
    /// Truncated input or a scalar that is not reduced.
    pub fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let mut scalars = [Scalar::<C>::ZERO; COMMITMENT_BLINDERS];
        for scalar in &mut scalars {
            *scalar = reader.scalar::<C>("blinder")?;
        }
        Ok(Self(scalars))
    }
}

impl<C: Curve> Drop for Blinders<C> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl<C: Curve> fmt::Debug for Blinders<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Blinders(hidden)")
    }
}

/// The bases that commitments are made with.
pub struct CommitmentKey<C: Curve> {
    srs_id: [u8; 32],
    lagrange: Vec<G1Affine<C>>,
    blinding: Vec<G1Affine<C>>,
}

impl<C: Curve> CommitmentKey<C> {
    /// The part of an SRS that committing needs.
    pub fn new(srs: &Srs<C>) -> Self {
        Self {
            srs_id: srs.verifying_key.id(),
            lagrange: srs.lagrange.clone(),
            blinding: srs.blinding_bases(COMMITMENT_BLINDERS),
        }
    }

    /// N: the most words a vector may have.
    pub fn size(&self) -> usize {
        self.lagrange.len()
    }

    /// Identifies the SRS these bases come from.
    pub fn srs_id(&self) -> [u8; 32] {
        self.srs_id
    }

    /// The points that blinders multiply.
    pub fn blinding_bases(&self) -> &[G1Affine<C>] {
        &self.blinding
    }

    /// Commits to unsigned words (missing ones are zero).
    ///
    /// Running time depends on the words and the blinders: it hides them from whoever sees the
    /// commitment, not from a process on the same machine.
    ///
    /// # Panics
    /// If there are more than N words.
    pub fn commit(&self, words: &[u64], blinders: &Blinders<C>) -> G1Affine<C> {
        let values: Vec<_> = words.iter().map(|&word| word.into()).collect();
        self.commit_scalars(&values, &blinders.0).into_affine()
    }

    /// Commits to signed words (missing ones are zero); see [`Self::commit`].
    ///
    /// # Panics
    /// If there are more than N words.
    pub fn commit_signed(&self, words: &[i64], blinders: &Blinders<C>) -> G1Affine<C> {
        let values: Vec<_> = words.iter().map(|&word| word.into()).collect();
        self.commit_scalars(&values, &blinders.0).into_affine()
    }

    pub(crate) fn commit_scalars(&self, values: &[Scalar<C>], blinders: &[Scalar<C>]) -> G1<C> {
        msm::<C>(&self.lagrange[..values.len()], values)
            + msm::<C>(&self.blinding[..blinders.len()], blinders)
    }

    pub(crate) fn lagrange(&self) -> &[G1Affine<C>] {
        &self.lagrange
    }
}

/// A commitment with its claimed opening.
pub struct Opening<'a, C: Curve> {
    /// The commitment.
    pub commitment: G1Affine<C>,
    /// The words it should open to, at most N.
    pub words: &'a [u64],
    /// The blinders it was made with.
    pub blinders: &'a Blinders<C>,
}

/// Checks many openings with one multi-scalar multiplication and returns those that do not open.
///
/// With random 128-bit ρ_i the batch holds if Σ ρ_i·C_i = Com(Σ ρ_i·v_i, Σ ρ_i·β_i); a batch with
/// a culprit passes with probability 2^-128 at most. A batch that fails is halved until culprits
/// stand alone, and no more are looked for than `most`: c culprits among n cost at most 1 + 2c·⌈log₂ n⌉ checks, and
/// never over 2n − 1.
///
/// The commitments must be of the prime-order subgroup, as decoding makes sure.
pub fn find_culprits<C: Curve>(
    key: &CommitmentKey<C>,
    openings: &[Opening<'_, C>],
    most: usize,
    rng: &mut (impl RngCore + CryptoRng),
) -> Culprits {
    culprits::find(openings, most, |openings| all_open(key, openings, rng))
}

fn all_open<C: Curve>(
    key: &CommitmentKey<C>,
    openings: &[Opening<'_, C>],
    rng: &mut (impl RngCore + CryptoRng),
) -> bool {
    if openings.iter().any(|opening| opening.words.len() > key.size()) {
        return false;
    }
    let longest = openings.iter().map(|opening| opening.words.len()).max().unwrap_or(0);
    let mut values = vec![Scalar::<C>::ZERO; longest];
    let mut blinders = [Scalar::<C>::ZERO; COMMITMENT_BLINDERS];
    let (mut points, mut weights) = (Vec::new(), Vec::new());
    for opening in openings {
        let rho = Scalar::<C>::from(u128::rand(rng));
        for (value, &word) in values.iter_mut().zip(opening.words) {
            *value += rho * Scalar::<C>::from(word);
        }
        for (sum, &blinder) in blinders.iter_mut().zip(&opening.blinders.0) {
            *sum += rho * blinder;
        }
        points.push(opening.commitment);
        weights.push(-rho);
    }
    let claimed = key.commit_scalars(&values, &blinders);
    blinders.zeroize();
    (claimed + msm::<C>(&points, &weights)).is_zero()
}
