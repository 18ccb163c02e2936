//! Number-theoretic transforms.

mod arithmetic;
#[cfg(target_arch = "x86_64")]
mod doubles;
#[cfg(target_arch = "x86_64")]
mod goldilocks;
mod kernel;
mod passes;
mod reverse;
mod twiddles;
#[cfg(target_arch = "x86_64")]
mod vectors;

#[cfg(target_arch = "x86_64")]
use goldilocks::Folded;
use passes::Passes;
use reverse::reverse;

use ark_ff::PrimeField;

use super::Cpu;
use super::instructions::Level;
use super::simd::Portable;
#[cfg(target_arch = "x86_64")]
use super::simd::{Fp50, Fp51, Ifma, Twice};
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
    fn run(passes: &Passes<Self>, cpu: Cpu, data: &mut [Self]);
}

macro_rules! transformable {
    ($($field:ty: $ifma:expr, $doubles:expr, $twice:expr;)*) => { $(
        impl Transformable for $field {
            fn run(passes: &Passes<Self>, cpu: Cpu, data: &mut [Self]) {
                match cpu.level {
                    #[cfg(target_arch = "x86_64")]
                    Level::Ifma(avx) if passes.log_size >= LOG_SIZE_MIN => {
                        passes.run($ifma(avx), data);
                    }
                    #[cfg(target_arch = "x86_64")]
                    Level::Avx512(avx) if passes.log_size >= LOG_SIZE_MIN => {
                        passes.run($doubles(avx), data);
                    }
                    #[cfg(target_arch = "x86_64")]
                    Level::Avx2(avx) if passes.log_size >= LOG_SIZE_MIN => {
                        passes.run($twice(avx), data);
                    }
                    _ => passes.run(Portable, data),
                }
            }
        }
    )* };
}

transformable! {
    ark_bls12_381::Fr: Ifma::<5>, Fp51::<_, 5, 6>, |avx| Fp51::<_, 5, 6>(Twice(avx));
    ark_bn254::Fr: Ifma::<5>, Fp51::<_, 5, 6>, |avx| Fp51::<_, 5, 6>(Twice(avx));
    Prime50: Ifma::<1>, Fp50, |avx| Fp50(Twice(avx));
    Goldilocks: Folded, Folded, |avx| Folded(Twice(avx));
}

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
        F::run(&passes, *self, &mut data.0);
        if order == Order::Natural && direction == Direction::Forward {
            reverse(&mut data.0, log_size);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
