//! Multi-scalar multiplication: what it is asked to do, and its plan.

mod plan;

pub use plan::{BASES_MAX, BITS_MAX, Costs, Integers, LEVELS_MAX, Plan, WINDOW_MAX, best_window};

use ark_ec::VariableBaseMSM;

use crate::curve::{Curve, G1, G1Affine, Scalar};

/// Σ scalars\[i\]·bases\[i\] on the processor, for bases that are used once.
///
/// Running time depends on the scalars.
///
/// # Panics
/// If the slices differ in length.
pub fn msm<C: Curve>(bases: &[G1Affine<C>], scalars: &[Scalar<C>]) -> G1<C> {
    assert_eq!(bases.len(), scalars.len(), "msm: one scalar per base");
    G1::<C>::msm_unchecked(bases, scalars)
}
