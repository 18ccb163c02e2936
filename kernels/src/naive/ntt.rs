//! A transform is N evaluations.

use super::{Naive, evaluate, transform as values_of};
use crate::backend::NttOps;
use crate::backend::arguments::check_transform;
use crate::error::Error;
use crate::field::KernelField;
use crate::host::HostBuffer;
use crate::transform::{Direction, Order, Transform};

impl<F: KernelField> NttOps<F> for Naive {
    fn ntt(&self, transform: &Transform<F>, data: &mut HostBuffer<F>) -> Result<(), Error> {
        let (omega, _) = check_transform(transform, data.0.len())?;
        for row in data.0.chunks_exact_mut(1 << transform.log_size) {
            let result = match transform.direction {
                Direction::Forward => {
                    let values = values_of(row, omega, transform.shift, row.len());
                    in_order(transform, &values)
                }
                Direction::Inverse => {
                    coefficients(&in_order(transform, row), omega, transform.shift)
                }
            };
            row.copy_from_slice(&result);
        }
        Ok(())
    }
}

/// c_j = Σ_i v_i·ω^(−ij) / (N·g^j): the polynomial with coefficients v at ω^(−j), scaled.
fn coefficients<F: KernelField>(values: &[F], omega: F, shift: F) -> Vec<F> {
    let n = F::from(values.len() as u64);
    let coefficient = |j: usize| {
        let point = omega.pow([j as u64]).inverse().expect("a root of unity is not zero");
        evaluate(values, point) / (n * shift.pow([j as u64]))
    };
    (0..values.len()).map(coefficient).collect()
}

/// From natural order to the transform's, or back, which is the same.
fn in_order<F: KernelField>(transform: &Transform<F>, values: &[F]) -> Vec<F> {
    match transform.order {
        Order::Natural => values.to_vec(),
        Order::BitReversed => {
            (0..values.len()).map(|i| values[reverse(i, transform.log_size)]).collect()
        }
    }
}

/// The lowest `bits` bits of i, the last first.
fn reverse(i: usize, bits: u32) -> usize {
    (0..bits).map(|bit| (i >> bit & 1) << (bits - 1 - bit)).sum()
}
