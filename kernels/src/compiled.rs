//! What is compiled once. Generic code is compiled anew in every crate that calls it, and some of it is large:
//! multiplications, pairings, transforms, ours and arkworks's. Behind these traits, which the four groups and the two
//! curves implement in this crate, it is compiled here. They are also where the mathematics calls the CPU without
//! importing its code: `cpu/compiled.rs` implements the groups' trait.

use std::fmt::Debug;

use ark_ec::pairing::{Pairing, PairingOutput};
use ark_ec::short_weierstrass::{Affine, Projective, SWCurveConfig};

use crate::domain::Domain;
use crate::error::Error;
use crate::msm::ScalarShape;

/// What the CPU does with points of a group, by the curve's parameters. [`Group`](crate::group::Group) has the same
/// functions.
pub trait CompiledGroup: SWCurveConfig {
    /// Points that the CPU has prepared.
    type Prepared: Debug + Send + Sync;

    /// Prepares points.
    ///
    /// # Errors
    /// There are nearly [`BASES_MAX`](crate::msm::BASES_MAX) or more.
    fn prepare(points: &[Affine<Self>]) -> Result<Self::Prepared, Error>;

    /// Σ_i s_i·points\[i\] for each of the vectors of integers.
    fn multiply(
        points: &Self::Prepared,
        vectors: &[&[u64]],
        shape: &ScalarShape,
    ) -> Vec<Projective<Self>>;

    /// For each k below `bits` the sum of the points whose mask has bit k.
    fn subset_sums(points: &Self::Prepared, masks: &[u32], bits: u32) -> Vec<Projective<Self>>;

    /// Σ_i scalars\[i\]·points\[i\] by arkworks, as far as both go: for a few points, and for comparison.
    fn arkworks_msm(points: &[Affine<Self>], scalars: &[Self::ScalarField]) -> Projective<Self>;

    /// The points in affine form.
    fn affine(points: &[Projective<Self>]) -> Vec<Affine<Self>>;

    /// scalars\[i\]·base for each i.
    fn multiples(base: Projective<Self>, scalars: &[Self::ScalarField]) -> Vec<Affine<Self>>;

    /// See [`Domain::interpolate_points`].
    fn interpolate(
        domain: Domain<Self::ScalarField>,
        points: Vec<Projective<Self>>,
    ) -> Vec<Projective<Self>>;
}

/// The pairing of a curve.
pub trait CompiledPairing: Pairing {
    /// A point of G2 as pairings take it.
    fn prepared(point: Self::G2Affine) -> Self::G2Prepared;

    /// Π_i e(g1\[i\], g2\[i\]).
    fn prepared_product(g1: &[Self::G1Affine], g2: Vec<Self::G2Prepared>) -> PairingOutput<Self>;

    /// Π_i e(g1\[i\], g2\[i\]), of points in whatever form.
    fn pairing_product<const N: usize>(
        g1: &[impl Into<Self::G1Affine> + Copy; N],
        g2: &[impl Into<Self::G2Affine> + Copy; N],
    ) -> PairingOutput<Self> {
        let g2 = g2.iter().map(|&point| Self::prepared(point.into())).collect();
        Self::prepared_product(&g1.map(Into::into), g2)
    }
}

macro_rules! paired {
    ($($curve:ty),*) => { $(
        impl CompiledPairing for $curve {
            fn prepared(point: Self::G2Affine) -> Self::G2Prepared {
                point.into()
            }

            fn prepared_product(
                g1: &[Self::G1Affine],
                g2: Vec<Self::G2Prepared>,
            ) -> PairingOutput<Self> {
                Self::multi_pairing(g1, g2)
            }
        }
    )* };
}

paired!(ark_bls12_381::Bls12_381, ark_bn254::Bn254);
