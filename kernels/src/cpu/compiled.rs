//! What the CPU does with points of the four groups, compiled once.

use ark_ec::short_weierstrass::{Affine, Projective};
use ark_ec::{CurveGroup, ScalarMul, VariableBaseMSM};

use super::Cpu;
use super::msm::Bases;
use crate::compiled::CompiledGroup;
use crate::curve::Scalar;
use crate::domain::Domain;
use crate::error::Error;
use crate::msm::ScalarShape;

macro_rules! compiled {
    ($($parameters:ty: $curve:ty),*) => { $(
        impl CompiledGroup for $parameters {
            type Prepared = Bases<Projective<Self>>;

            fn prepare(points: &[Affine<Self>]) -> Result<Self::Prepared, Error> {
                Bases::for_cpu(Cpu::new(), points, 1)
            }

            fn multiply(
                points: &Self::Prepared,
                vectors: &[&[u64]],
                shape: &ScalarShape,
            ) -> Vec<Projective<Self>> {
                points.multiply(vectors, shape)
            }

            fn subset_sums(
                points: &Self::Prepared,
                masks: &[u32],
                bits: u32,
            ) -> Vec<Projective<Self>> {
                points.subset_sums(masks, bits)
            }

            fn arkworks_msm(
                points: &[Affine<Self>],
                scalars: &[Scalar<$curve>],
            ) -> Projective<Self> {
                Projective::msm_unchecked(points, scalars)
            }

            fn affine(points: &[Projective<Self>]) -> Vec<Affine<Self>> {
                Projective::normalize_batch(points)
            }

            fn multiples(
                base: Projective<Self>,
                scalars: &[Scalar<$curve>],
            ) -> Vec<Affine<Self>> {
                base.batch_mul(scalars)
            }

            fn interpolate(
                domain: Domain<Scalar<$curve>>,
                points: Vec<Projective<Self>>,
            ) -> Vec<Projective<Self>> {
                domain.interpolate_in(points)
            }
        }
    )* };
}

compiled!(
    ark_bls12_381::g1::Config: ark_bls12_381::Bls12_381,
    ark_bls12_381::g2::Config: ark_bls12_381::Bls12_381,
    ark_bn254::g1::Config: ark_bn254::Bn254,
    ark_bn254::g2::Config: ark_bn254::Bn254
);
