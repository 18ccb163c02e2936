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

use arithmetic::Arithmetic;
use passes::Passes;
use reverse::reverse;

use ark_ff::PrimeField;

use super::simd::Portable;
use super::{Cpu, Instructions};
use crate::backend::NttOps;
use crate::backend::arguments::check_transform;
use crate::element::Element;
use crate::error::Error;
use crate::field::KernelField;
use crate::host::HostBuffer;
use crate::transform::{Direction, Order, Transform};

/// A field with an arithmetic for transforms in vectors.
pub trait Transformable: PrimeField + Element {
    /// The fastest there is, on machines that have its instructions.
    type Wide: Arithmetic<Self>;

    /// The proof that this machine has them.
    fn wide() -> Option<Self::Wide>;
}

impl<F: KernelField> NttOps<F> for Cpu {
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
        match (self.instructions(), F::wide()) {
            (Instructions::Ifma, Some(simd)) if log_size >= 2 * F::Wide::LOG_WIDTH => {
                passes.run(simd, &mut data.0);
            }
            _ => passes.run(Portable, &mut data.0),
        }
        if order == Order::Natural && direction == Direction::Forward {
            reverse(&mut data.0, log_size);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
