//! The obvious version of each operation. Slow, short, never optimised: what tests compare with.

use ark_ec::CurveGroup;
use ark_ff::{FftField, Field};

use crate::curve::{Curve, G1, G1Affine, Scalar};

/// Σ scalars\[i\]·bases\[i\], one double-and-add at a time.
pub fn msm<C: Curve>(bases: &[G1Affine<C>], scalars: &[Scalar<C>]) -> G1Affine<C> {
    bases.iter().zip(scalars).map(|(&base, scalar)| base * scalar).sum::<G1<C>>().into_affine()
}

/// p(x) by the sum of its terms.
pub fn evaluate<F: Field>(coefficients: &[F], x: F) -> F {
    coefficients.iter().enumerate().map(|(i, &c)| c * x.pow([i as u64])).sum()
}

/// The values of a polynomial at offset·ω^i, one evaluation at a time.
pub fn transform<F: FftField>(coefficients: &[F], omega: F, offset: F, size: usize) -> Vec<F> {
    (0..size).map(|i| evaluate(coefficients, offset * omega.pow([i as u64]))).collect()
}

/// L_j(x) by its definition Π_{i≠j} (x − ω^i)/(ω^j − ω^i).
pub fn lagrange<F: FftField>(omega: F, size: usize, j: usize, x: F) -> F {
    let point = |i: usize| omega.pow([i as u64]);
    (0..size).filter(|&i| i != j).map(|i| (x - point(i)) / (point(j) - point(i))).product()
}
