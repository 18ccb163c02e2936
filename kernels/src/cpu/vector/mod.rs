//! Vectors of field elements.

mod elementwise;
mod running;

use rayon::prelude::*;

use super::parallel::{CHUNK, for_each_chunk, map_chunks};
use super::{Cpu, reserve, zeroed};
use crate::backend::arguments::{check_period, check_prefix, check_scan};
use crate::backend::{Binary, FieldOps};
use crate::error::Error;
use crate::field::KernelField;
use crate::host::HostBuffer;

impl<F: KernelField> FieldOps<F> for Cpu {
    fn map(&self, op: Binary, a: &mut HostBuffer<F>, b: &HostBuffer<F>) -> Result<(), Error> {
        check_period(a.0.len(), b.0.len())?;
        for_each_chunk(&mut a.0, |at, chunk| elementwise::map(op, chunk, &b.0, at));
        Ok(())
    }

    fn map_scalar(&self, op: Binary, a: &mut HostBuffer<F>, s: F) -> Result<(), Error> {
        for_each_chunk(&mut a.0, |_, chunk| elementwise::map_scalar(op, chunk, s));
        Ok(())
    }

    fn add_scaled(&self, a: &mut HostBuffer<F>, s: F, b: &HostBuffer<F>) -> Result<(), Error> {
        check_prefix(a.0.len(), b.0.len())?;
        let a = &mut a.0[..b.0.len()];
        for_each_chunk(a, |at, chunk| elementwise::add_scaled(chunk, s, &b.0[at..]));
        Ok(())
    }

    fn rotate(&self, a: &HostBuffer<F>, by: usize) -> Result<HostBuffer<F>, Error> {
        let mut out = reserve(a.0.len())?;
        let (head, tail) = a.0.split_at(by.checked_rem(a.0.len()).unwrap_or(0));
        out.extend_from_slice(tail);
        out.extend_from_slice(head);
        Ok(HostBuffer(out))
    }

    fn powers(&self, first: F, base: F, len: usize) -> Result<HostBuffer<F>, Error> {
        let mut out = zeroed(len)?;
        for_each_chunk(&mut out, |at, chunk| {
            elementwise::powers(first * base.pow([at as u64]), base, chunk);
        });
        Ok(HostBuffer(out))
    }

    fn invert(&self, a: &mut HostBuffer<F>) -> Result<(), Error> {
        for_each_chunk(&mut a.0, |_, chunk| elementwise::invert(chunk));
        Ok(())
    }

    fn scan(&self, op: Binary, a: &mut HostBuffer<F>, row: usize) -> Result<(), Error> {
        check_scan(op, a.0.len(), row)?;
        match op {
            Binary::Mul => running::scan(&mut a.0, row, F::ONE, |x, y| x * y),
            Binary::Add | Binary::Sub => running::scan(&mut a.0, row, F::ZERO, |x, y| x + y),
        }
        Ok(())
    }

    fn evaluate(&self, a: &HostBuffer<F>, x: F) -> Result<F, Error> {
        Ok(running::evaluate(&a.0, x))
    }

    fn divide_out(&self, a: &HostBuffer<F>, x: F) -> Result<HostBuffer<F>, Error> {
        let mut quotient = reserve(a.0.len())?;
        quotient.extend_from_slice(a.0.get(1..).unwrap_or(&[]));
        running::divide_out(&mut quotient, x);
        Ok(HostBuffer(quotient))
    }

    fn to_integers(&self, a: &HostBuffer<F>) -> Result<HostBuffer<u64>, Error> {
        // A vector of elements has room for as many words: the product cannot overflow.
        let mut out = zeroed(a.0.len() * F::WORDS)?;
        let rows = out.par_chunks_exact_mut(F::WORDS).with_min_len(CHUNK);
        rows.zip(&a.0).for_each(|(words, x)| words.copy_from_slice(x.into_bigint().as_ref()));
        Ok(HostBuffer(out))
    }

    fn from_integers(&self, a: &HostBuffer<u64>) -> Result<HostBuffer<F>, Error> {
        let mut out = zeroed(a.0.len())?;
        for_each_chunk(&mut out, |at, chunk| {
            chunk.iter_mut().zip(&a.0[at..]).for_each(|(x, &word)| *x = F::from(word));
        });
        Ok(HostBuffer(out))
    }

    fn first_nonzero(&self, a: &HostBuffer<F>) -> Result<Option<usize>, Error> {
        Ok(a.0.par_iter().with_min_len(CHUNK).position_first(|x| !x.is_zero()))
    }
}

#[cfg(test)]
mod tests;
