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

use super::simd::Portable;
use super::{Cpu, Instructions};
use crate::backend::NttOps;
use crate::backend::arguments::check_transform;
use crate::error::Error;
use crate::field::KernelField;
use crate::host::HostBuffer;
use crate::transform::{Direction, Order, Transform};

/// log2 of the least size done in vectors: eight vectors of eight elements.
const LOG_SIZE_MIN: u32 = 6;

/// A field with an arithmetic for transforms in vectors.
pub trait Transformable: Sized {
    /// The fastest there is, on machines that have its instructions.
    type Transformer: Arithmetic<Self>;

    /// The proof that this machine has them.
    fn transformer() -> Option<Self::Transformer>;
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
        match (self.instructions(), F::transformer()) {
            (Instructions::Ifma, Some(transformer)) if log_size >= LOG_SIZE_MIN => {
                passes.run(transformer, &mut data.0);
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
