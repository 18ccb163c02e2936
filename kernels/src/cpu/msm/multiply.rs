//! The CPU's multiplications for callers without a backend. Generic code is compiled again in every crate that calls
//! it, and this is a lot of it: it is compiled here, once.

use ark_ec::short_weierstrass::{Affine, Projective};

use super::{Bases, multiply, subset_sums};
use crate::cpu::Cpu;
use crate::error::Error;
use crate::msm::{Integers, Multiply};

macro_rules! multiplied {
    ($($parameters:ty),*) => { $(
        impl Multiply for $parameters {
            type Prepared = Bases<Projective<Self>>;

            fn prepare(points: &[Affine<Self>]) -> Result<Self::Prepared, Error> {
                Bases::for_cpu(Cpu::new(), points, 1)
            }

            fn multiply(
                points: &Self::Prepared,
                vectors: &[&[u64]],
                shape: &Integers,
            ) -> Vec<Projective<Self>> {
                multiply(points, vectors, shape)
            }

            fn subset_sums(
                points: &Self::Prepared,
                masks: &[u32],
                bits: u32,
            ) -> Vec<Projective<Self>> {
                subset_sums(points, masks, bits)
            }
        }
    )* };
}

multiplied!(
    ark_bls12_381::g1::Config,
    ark_bls12_381::g2::Config,
    ark_bn254::g1::Config,
    ark_bn254::g2::Config
);
