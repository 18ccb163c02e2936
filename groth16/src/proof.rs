//! A Groth16 proof and the public inputs it is about, in memory. Knows the curve and nothing else.

use pulseproof_kernels::traits::*;
use pulseproof_kernels::{Curve, G1Affine, G2Affine, Scalar};

/// The most public inputs a key or a document may have.
pub const PUBLIC_INPUTS_MAX: usize = 1 << 20;

/// A proof: three points.
///
/// [`json`](crate::json) reads only points of the groups. Whoever fills the fields otherwise answers for
/// that, or asks [`Self::is_in_groups`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proof<C: Curve> {
    /// A, in G1.
    pub a: G1Affine<C>,
    /// B, in G2.
    pub b: G2Affine<C>,
    /// C, in G1.
    pub c: G1Affine<C>,
}

impl<C: Curve> Proof<C> {
    /// Whether all points are on their curves and in the subgroups of prime order.
    pub fn is_in_groups(&self) -> bool {
        in_group(&self.a) && in_group(&self.b) && in_group(&self.c)
    }
}

/// What a proof is about: the circuit's public outputs and inputs, in the circuit's order, without the
/// constant one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicInputs<C: Curve>(pub Vec<Scalar<C>>);

impl<C: Curve> PublicInputs<C> {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Whether a point is on its curve and in the subgroup of prime order.
pub(crate) fn in_group<P: AffineRepr>(point: &P) -> bool {
    point.check().is_ok()
}
