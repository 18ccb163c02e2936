//! Many proofs, one pairing product.

use pulseproof_kernels::traits::*;
use pulseproof_kernels::{Curve, Scalar, msm};
use rand::{CryptoRng, RngCore};

use super::verify::Combination;
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

/// The positions of equations that do not hold, none if all do.
///
/// With independent random 128-bit ρ_i, all hold if their sum weighted with ρ_i does, but for a
/// probability of 2^-128: the target group has prime order, so at most one value of ρ_i hides an
/// equation that fails, given the others. A sum that fails is halved until culprits stand alone: c
/// culprits among n cost at most 1 + 2c·⌈log₂ n⌉ sums, and never over 2n − 1.
pub fn find_false<C: Curve>(
    key: &VerifyingKey<C>,
    equations: &[Equation<C>],
    rng: &mut (impl RngCore + CryptoRng),
) -> Vec<usize> {
    let mut culprits = Vec::new();
    bisect(key, equations, 0, &mut culprits, rng);
    culprits
}

fn bisect<C: Curve>(
    key: &VerifyingKey<C>,
    equations: &[Equation<C>],
    first: usize,
    culprits: &mut Vec<usize>,
    rng: &mut (impl RngCore + CryptoRng),
) {
    if weighted(equations, rng).holds(key) {
        return;
    }
    if equations.len() == 1 {
        culprits.push(first);
        return;
    }
    let (left, right) = equations.split_at(equations.len() / 2);
    bisect(key, left, first, culprits, rng);
    bisect(key, right, first + left.len(), culprits, rng);
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
