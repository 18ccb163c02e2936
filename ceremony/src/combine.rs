//! Random linear combinations: equations of one family are checked at once, with coefficients below 2^128 that
//! nobody could know when the points were made. If any of them is wrong, the combination holds with a probability
//! of at most 2^−128. That argument needs points of prime order ([`crate::subgroup`]).

use pulseproof_kernels::group::Group;
use pulseproof_kernels::msm::ScalarShape;
use pulseproof_kernels::traits::*;
use pulseproof_kernels::{Curve, Error, G1Affine, G2Affine};
use rand::RngCore;
use rand::rngs::OsRng;

/// Bits of a random coefficient, and of security against points that do not belong together.
const COEFFICIENT_BITS: u32 = 128;
/// 64-bit words of a random coefficient.
const COEFFICIENT_WORDS: usize = 2;

/// Random integers below 2^128, from the system.
#[derive(Debug)]
pub struct Coefficients(Vec<u64>);

impl Coefficients {
    /// As many as there are points.
    pub fn random(count: usize) -> Self {
        let mut bytes = vec![0; count * COEFFICIENT_WORDS * 8];
        OsRng.fill_bytes(&mut bytes);
        let (words, _) = bytes.as_chunks::<8>();
        Self(words.iter().map(|word| u64::from_le_bytes(*word)).collect())
    }

    /// Σ ρ_i·P_i.
    ///
    /// # Errors
    /// There is no memory.
    pub fn combine<G: Group>(&self, points: &[G::Affine]) -> Result<G, Error> {
        let shape = ScalarShape::unsigned(points.len(), COEFFICIENT_BITS);
        let bases = G::prepare(points)?;
        Ok(G::multiply(&bases, &[&self.0], &shape).into_iter().sum())
    }

    /// The same integers in a field.
    pub fn scalars<F: PrimeField>(&self) -> impl Iterator<Item = F> {
        let (pairs, _) = self.0.as_chunks::<COEFFICIENT_WORDS>();
        pairs.iter().map(|[low, high]| F::from(u128::from(*low) | u128::from(*high) << 64))
    }
}

/// Whether two points of G1 have the ratio of two points of G2, none of them infinity.
pub fn same_ratio<C: Curve>(
    (a, b): (G1Affine<C>, G1Affine<C>),
    (c, d): (G2Affine<C>, G2Affine<C>),
) -> bool {
    let finite = !a.is_zero() && !b.is_zero() && !c.is_zero() && !d.is_zero();
    finite && C::pairing_product(&[a, (-b.into_group()).into_affine()], &[d, c]).is_zero()
}
