//! Vectors of field elements, one element at a time.

use super::{Naive, evaluate as value_at};
use crate::backend::arguments::{check_period, check_prefix, check_scan};
use crate::backend::{BackendKind, Binary, FieldOps};
use crate::error::Error;
use crate::field::KernelField;
use crate::host::HostBuffer;

impl<F: KernelField> FieldOps<F> for Naive {
    fn map(&self, op: Binary, a: &mut HostBuffer<F>, b: &HostBuffer<F>) -> Result<(), Error> {
        check_period(a.0.len(), b.0.len())?;
        for (i, a) in a.0.iter_mut().enumerate() {
            *a = apply(op, *a, b.0[i % b.0.len()]);
        }
        Ok(())
    }

    fn map_scalar(&self, op: Binary, a: &mut HostBuffer<F>, s: F) -> Result<(), Error> {
        a.0.iter_mut().for_each(|a| *a = apply(op, *a, s));
        Ok(())
    }

    fn add_scaled(&self, a: &mut HostBuffer<F>, s: F, b: &HostBuffer<F>) -> Result<(), Error> {
        check_prefix(a.0.len(), b.0.len())?;
        a.0.iter_mut().zip(&b.0).for_each(|(a, &b)| *a += s * b);
        Ok(())
    }

    fn rotate(&self, a: &HostBuffer<F>, by: usize) -> Result<HostBuffer<F>, Error> {
        let n = a.0.len();
        Ok(HostBuffer((0..n).map(|i| a.0[(i + by % n) % n]).collect()))
    }

    fn powers(&self, first: F, base: F, len: usize) -> Result<HostBuffer<F>, Error> {
        let mut powers = HostBuffer::reserve(BackendKind::Naive, len)?;
        powers.extend((0..len).map(|i| first * base.pow([i as u64])));
        Ok(HostBuffer(powers))
    }

    fn invert(&self, a: &mut HostBuffer<F>) -> Result<(), Error> {
        a.0.iter_mut().for_each(|a| *a = a.inverse().unwrap_or(*a));
        Ok(())
    }

    fn scan(&self, op: Binary, a: &mut HostBuffer<F>, row: usize) -> Result<(), Error> {
        check_scan(op, a.0.len(), row)?;
        for row in a.0.chunks_exact_mut(row) {
            for i in 1..row.len() {
                row[i] = apply(op, row[i - 1], row[i]);
            }
        }
        Ok(())
    }

    fn evaluate(&self, a: &HostBuffer<F>, x: F) -> Result<F, Error> {
        Ok(value_at(&a.0, x))
    }

    /// Coefficient j of the quotient is Σ_{i>j} a_i·x^(i−1−j).
    fn divide_out(&self, a: &HostBuffer<F>, x: F) -> Result<HostBuffer<F>, Error> {
        Ok(HostBuffer((1..a.0.len()).map(|from| value_at(&a.0[from..], x)).collect()))
    }

    fn to_integers(&self, a: &HostBuffer<F>) -> Result<HostBuffer<u64>, Error> {
        let integers: Vec<_> = a.0.iter().map(|a| a.into_bigint()).collect();
        Ok(HostBuffer(integers.iter().flat_map(|integer| integer.as_ref().to_vec()).collect()))
    }

    fn from_integers(&self, a: &HostBuffer<u64>) -> Result<HostBuffer<F>, Error> {
        Ok(HostBuffer(a.0.iter().map(|&a| F::from(a)).collect()))
    }

    fn first_nonzero(&self, a: &HostBuffer<F>) -> Result<Option<usize>, Error> {
        Ok(a.0.iter().position(|a| !a.is_zero()))
    }
}

fn apply<F: KernelField>(op: Binary, a: F, b: F) -> F {
    match op {
        Binary::Add => a + b,
        Binary::Sub => a - b,
        Binary::Mul => a * b,
    }
}
