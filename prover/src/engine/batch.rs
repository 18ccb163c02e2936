//! Many proofs, one pairing product.

use pulseproof_kernels::traits::*;
use pulseproof_kernels::{Curve, Scalar, msm};
use rand::{CryptoRng, RngCore};

use super::verify::Combination;
use crate::culprits::{self, Culprits};
use crate::srs::VerifyingKey;

/// e(left, \[τ\]₂) = e(right, \[1\]₂): what is left to check of a proof.
pub struct Equation<C: Curve> {
    /// What meets \[τ\]₂.
    pub(super) left: Combination<C>,
    /// What meets \[1\]₂.
    pub(super) right: Combination<C>,
}

impl<C: Curve> Equation<C> {
    /// Whether it holds.
    pub fn holds(&self, key: &VerifyingKey<C>) -> bool {
        let [left, right] = [&self.left, &self.right].map(|terms| sum::<C>(terms));
        C::pairing_product(&[left, -right], &[key.tau_h, key.h]).is_zero()
    }
}

/// The equations that do not hold.
///
/// With independent random 128-bit ρ_i, all hold if their sum weighted with ρ_i does, but for a
/// probability of 2^-128: the target group has prime order, so at most one value of ρ_i hides an
/// equation that fails, given the others. A sum that fails is halved until culprits stand alone, and no more are looked
/// for than `most`.
pub fn find_false<C: Curve>(
    key: &VerifyingKey<C>,
    equations: &[Equation<C>],
    most: usize,
    rng: &mut (impl RngCore + CryptoRng),
) -> Culprits {
    culprits::find(equations, most, |equations| weighted(equations, rng).holds(key))
}

/// Σ ρ_i·equation_i.
fn weighted<C: Curve>(
    equations: &[Equation<C>],
    rng: &mut (impl RngCore + CryptoRng),
) -> Equation<C> {
    let mut all = Equation { left: Vec::new(), right: Vec::new() };
    for equation in equations {
        let rho = Scalar::<C>::from(u128::rand(rng));
        let scaled = |terms: &Combination<C>| -> Combination<C> {
            terms.iter().map(|&(scalar, point)| (rho * scalar, point)).collect()
        };
        all.left.extend(scaled(&equation.left));
        all.right.extend(scaled(&equation.right));
    }
    all
}

fn sum<C: Curve>(terms: &Combination<C>) -> C::G1 {
    let (scalars, points): (Vec<_>, Vec<_>) = terms.iter().copied().unzip();
    msm::<C>(&points, &scalars)
}
