//! Number-theoretic transforms.

mod arithmetic;
mod doubles;
mod goldilocks;
#[cfg(target_arch = "x86_64")]
mod ifma;
mod kernel;
mod passes;
mod reverse;
mod twiddles;

use goldilocks::Folded;
use passes::Passes;
use reverse::reverse;

use ark_ff::PrimeField;

use super::Cpu;
use super::instructions::Level;
#[cfg(target_arch = "x86_64")]
use super::simd::Ifma;
use super::simd::{Fp50, Fp51, Portable, Twice};
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
    ($($field:ty: $ifma:expr, $doubles:expr, $beside_scalar:expr;)*) => { $(
        impl Transformable for $field {
            fn run(passes: &Passes<Self>, cpu: Cpu, data: &mut [Self]) {
                match cpu.level {
                    _ if passes.log_size < LOG_SIZE_MIN => passes.run(Portable, data),
                    #[cfg(target_arch = "x86_64")]
                    Level::Ifma(avx) => passes.run($ifma(avx), data),
                    #[cfg(target_arch = "x86_64")]
                    Level::Avx512(avx) => passes.run($doubles(avx), data),
                    #[cfg(target_arch = "x86_64")]
                    Level::Avx2(avx) => passes.run($doubles(Twice(avx)), data),
                    #[cfg(target_arch = "aarch64")]
                    Level::Neon(neon) => passes.run($doubles(Twice(Twice(neon))), data),
                    #[cfg(target_arch = "aarch64")]
                    Level::NeonScalar(neon) => passes.run($beside_scalar(Twice(Twice(neon))), data),
                    Level::Portable => passes.run(Portable, data),
                }
            }
        }
    )* };
}

transformable! {
    ark_bls12_381::Fr: Ifma::<5>, Fp51::<_, 5, 6>, |_| Portable;
    ark_bn254::Fr: Ifma::<5>, Fp51::<_, 5, 6>, |_| Portable;
    Prime50: Ifma::<1>, Fp50, Fp50;
    Goldilocks: Folded, Folded, Folded;
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
