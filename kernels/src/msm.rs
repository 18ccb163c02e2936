//! Multi-scalar multiplication.

use ark_ec::VariableBaseMSM;

use crate::curve::{Curve, G1, G1Affine, Scalar};

/// Σ scalars\[i\]·bases\[i\]. Scalars of few significant bits (or their negatives) cost less.
///
/// Running time depends on the scalars.
///
/// # Panics
/// If the slices differ in length.
pub fn msm<C: Curve>(bases: &[G1Affine<C>], scalars: &[Scalar<C>]) -> G1<C> {
    assert_eq!(bases.len(), scalars.len(), "msm: one scalar per base");
    G1::<C>::msm_unchecked(bases, scalars)
}
