//! A naive reference implementation of each operation. Slow, short, never optimised: what tests compare with.
//!
//! [`Naive`] is a backend like any other; the functions are for tests that need no backend.

mod bootstrap;
mod msm;
mod ntt;
mod vector;
mod words;

use std::ops::Range;

use ark_ec::CurveGroup;
use ark_ff::{FftField, Field};

use crate::backend::{Backend, BackendKind};
use crate::curve::{Curve, G1, G1Affine, Scalar};
use crate::element::Stored;
use crate::error::Error;
use crate::host::HostBuffer;

/// The backend of the naive reference implementations.
#[derive(Clone, Copy, Debug, Default)]
pub struct Naive;

impl Backend for Naive {
    type Buffer<T: Stored> = HostBuffer<T>;

    fn kind(&self) -> BackendKind {
        BackendKind::Naive
    }

    fn len<T: Stored>(&self, buffer: &HostBuffer<T>) -> usize {
        buffer.0.len()
    }

    fn zeros<T: Stored>(&self, len: usize) -> Result<HostBuffer<T>, Error> {
        let mut zeros = HostBuffer::reserve(BackendKind::Naive, len)?;
        zeros.resize(len, T::zero());
        Ok(HostBuffer(zeros))
    }

    fn upload<T: Stored>(&self, values: &[T]) -> Result<HostBuffer<T>, Error> {
        Ok(HostBuffer(values.to_vec()))
    }

    fn download<T: Stored>(&self, buffer: &HostBuffer<T>) -> Result<Vec<T>, Error> {
        Ok(buffer.0.clone())
    }

    fn copy<T: Stored>(
        &self,
        from: &HostBuffer<T>,
        range: Range<usize>,
        to: &mut HostBuffer<T>,
        at: usize,
    ) -> Result<(), Error> {
        from.copy_to(range, to, at)
    }
}

/// Σ scalars\[i\]·bases\[i\], one double-and-add at a time.
pub fn msm<C: Curve>(bases: &[G1Affine<C>], scalars: &[Scalar<C>]) -> G1Affine<C> {
    bases.iter().zip(scalars).map(|(&base, scalar)| base * scalar).sum::<G1<C>>().into_affine()
}

/// p(x) by the sum of its terms.
pub fn evaluate<F: Field>(coefficients: &[F], x: F) -> F {
    coefficients.iter().enumerate().map(|(i, &c)| c * x.pow([i as u64])).sum()
}

/// The values of a polynomial at offset·ω^i, one evaluation at a time.
pub fn transform<F: FftField>(coefficients: &[F], omega: F, offset: F, size: usize) -> Vec<F> {
    (0..size).map(|i| evaluate(coefficients, offset * omega.pow([i as u64]))).collect()
}

/// L_j(x) by its definition Π_{i≠j} (x − ω^i)/(ω^j − ω^i).
pub fn lagrange<F: FftField>(omega: F, size: usize, j: usize, x: F) -> F {
    let point = |i: usize| omega.pow([i as u64]);
    (0..size).filter(|&i| i != j).map(|i| (x - point(i)) / (point(j) - point(i))).product()
}
