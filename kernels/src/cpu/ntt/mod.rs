//! Number-theoretic transforms.

mod arithmetic;
#[cfg(target_arch = "x86_64")]
mod goldilocks;
mod kernel;
mod passes;
mod reverse;
mod twiddles;
#[cfg(target_arch = "x86_64")]
mod vectors;

use passes::Passes;
use reverse::reverse;

use ark_ff::PrimeField;

use super::simd::{self, Portable};
use super::{Cpu, Instructions};
use crate::backend::NttOps;
use crate::backend::arguments::check_transform;
use crate::cpu::CpuField;
use crate::element::Element;
use crate::error::Error;
use crate::field::{Goldilocks, Prime50};
use crate::host::HostBuffer;
use crate::transform::{Direction, Order, Transform};

/// log2 of the least size done in vectors: eight vectors of eight elements.
const LOG_SIZE_MIN: u32 = 6;

/// A field whose transforms are compiled in this crate, once: generic functions are compiled again in
/// every crate that calls them, and these are large.
pub trait Transformable: PrimeField + Element {
    /// Does the passes, with the best of these instructions that the field has an arithmetic for.
    fn run(passes: &Passes<Self>, instructions: Instructions, data: &mut [Self]);
}

macro_rules! transformable {
    ($($field:ty: $wide:ty),*) => { $(
        impl Transformable for $field {
            fn run(passes: &Passes<Self>, instructions: Instructions, data: &mut [Self]) {
                #[cfg(target_arch = "x86_64")]
                if instructions == Instructions::Ifma
                    && passes.log_size >= LOG_SIZE_MIN
                    && let Some(wide) = <$wide>::detect()
                {
                    return passes.run(wide, data);
                }
                passes.run(Portable, data);
            }
        }
    )* };
}

transformable!(
    ark_bls12_381::Fr: simd::Ifma<5>,
    ark_bn254::Fr: simd::Ifma<5>,
    Prime50: simd::Ifma<1>,
    Goldilocks: simd::Avx512
);

impl<F: CpuField> NttOps<F> for Cpu {
    fn ntt(&self, transform: &Transform<F>, data: &mut HostBuffer<F>) -> Result<(), Error> {
        let (root, _) = check_transform(transform, data.0.len())?;
        let Transform { log_size, direction, order, shift } = *transform;
        let inverse = |x: F| x.inverse().expect("roots and shifts are not zero");
        let (root, shift) = match direction {
            Direction::Forward => (root, shift),
            Direction::Inverse => (inverse(root), inverse(shift)),
        };
        if order == Order::Natural && direction == Direction::Inverse {
            reverse(&mut data.0, log_size);
        }
        let passes = Passes { log_size, direction, root, shift };
        F::run(&passes, self.instructions(), &mut data.0);
        if order == Order::Natural && direction == Direction::Forward {
            reverse(&mut data.0, log_size);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
