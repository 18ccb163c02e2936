//! Number-theoretic transforms.

mod arithmetic;
mod kernel;
mod passes;
mod reverse;
mod twiddles;

use arithmetic::Scalar;
use passes::Passes;
use reverse::reverse;

use super::Cpu;
use crate::backend::NttOps;
use crate::backend::arguments::check_transform;
use crate::error::Error;
use crate::field::KernelField;
use crate::host::HostBuffer;
use crate::transform::{Direction, Order, Transform};

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
        Passes { log_size, direction, root, shift }.run(Scalar, &mut data.0);
        if order == Order::Natural && direction == Direction::Forward {
            reverse(&mut data.0, log_size);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
