//! What is asked of this machine's CPU where no backend is given: by verifiers, of points that are used once.

use std::fmt::Debug;

use ark_ec::short_weierstrass::{Affine, Projective, SWCurveConfig};

use super::Integers;
use crate::error::Error;

/// Multi-scalar multiplication on the CPU, by a curve's parameters. It is implemented with the CPU's code, so that the
/// mathematics imports none of it; [`Group`](crate::group::Group) has the same methods.
pub trait Multiply: SWCurveConfig {
    /// Points that the CPU has prepared.
    type Prepared: Debug + Send + Sync;

    /// Prepares points.
    ///
    /// # Errors
    /// There are nearly [`BASES_MAX`](super::BASES_MAX) or more.
    fn prepare(points: &[Affine<Self>]) -> Result<Self::Prepared, Error>;

    /// Σ_i s_i·points\[i\] for each of the vectors of integers.
    fn multiply(
        points: &Self::Prepared,
        vectors: &[&[u64]],
        shape: &Integers,
    ) -> Vec<Projective<Self>>;

    /// For each k below `bits` the sum of the points whose mask has bit k.
    fn subset_sums(points: &Self::Prepared, masks: &[u32], bits: u32) -> Vec<Projective<Self>>;
}
