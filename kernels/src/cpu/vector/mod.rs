//! Vectors of field elements.

mod elementwise;
mod lanes;
mod running;

use rayon::prelude::*;

use super::parallel::{CHUNK, for_each_chunk, map_chunks};
use super::simd::{Lanes, with_lanes};
use super::{Cpu, reserve, zeroed};
use crate::backend::arguments::{check_period, check_prefix, check_scan};
use crate::backend::{Binary, FieldOps};
use crate::cpu::CpuField;
use crate::error::Error;
use crate::host::HostBuffer;

/// Runs a block with `$lanes` bound to the arithmetic of a field, inside its `run`.
macro_rules! in_lanes {
    ($cpu:expr, $F:ty, $lanes:ident => $work:expr) => {
        with_lanes!($cpu.level, $F, $lanes => Lanes::<$F>::run(
            $lanes,
            #[inline(always)]
            || $work,
        ))
    };
}

impl<F: CpuField> FieldOps<F> for Cpu {
    fn map(&self, op: Binary, a: &mut HostBuffer<F>, b: &HostBuffer<F>) -> Result<(), Error> {
        check_period(a.0.len(), b.0.len())?;
        if let [s] = b.0[..] {
            return self.map_scalar(op, a, s);
        }
        for_each_chunk(&mut a.0, |at, chunk| match op {
            Binary::Add => elementwise::side_by_side(chunk, &b.0, at, elementwise::add),
            Binary::Sub => elementwise::side_by_side(chunk, &b.0, at, elementwise::subtract),
            Binary::Mul => in_lanes!(self, F, lanes => {
                elementwise::side_by_side(chunk, &b.0, at, #[inline(always)] |a, b| {
                    lanes::multiply(lanes, a, b);
                });
            }),
        });
        Ok(())
    }

    fn map_scalar(&self, op: Binary, a: &mut HostBuffer<F>, s: F) -> Result<(), Error> {
        for_each_chunk(&mut a.0, |_, chunk| match op {
            Binary::Add => chunk.iter_mut().for_each(|x| *x += s),
            Binary::Sub => chunk.iter_mut().for_each(|x| *x -= s),
            Binary::Mul => in_lanes!(self, F, lanes => lanes::scale(lanes, chunk, s)),
        });
        Ok(())
    }

    fn add_scaled(&self, a: &mut HostBuffer<F>, s: F, b: &HostBuffer<F>) -> Result<(), Error> {
        check_prefix(a.0.len(), b.0.len())?;
        let a = &mut a.0[..b.0.len()];
        for_each_chunk(a, |at, chunk| {
            in_lanes!(self, F, lanes => lanes::add_scaled(lanes, chunk, s, &b.0[at..]));
        });
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
            let first = first * base.pow([at as u64]);
            in_lanes!(self, F, lanes => lanes::powers(lanes, first, base, chunk));
        });
        Ok(HostBuffer(out))
    }

    fn invert(&self, a: &mut HostBuffer<F>) -> Result<(), Error> {
        for_each_chunk(&mut a.0, |_, chunk| {
            in_lanes!(self, F, lanes => lanes::invert(lanes, chunk));
        });
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
        let values =
            map_chunks(&a.0, |chunk| in_lanes!(self, F, lanes => lanes::evaluate(lanes, chunk, x)));
        Ok(elementwise::horner(&values, x.pow([CHUNK as u64])))
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
        // An element's words are those of the integer times R: the element R^(−1)·x has the integer's.
        let r = F::from(2u64).pow([64 * F::WORDS as u64]);
        let r_inverse = r.inverse().expect("a power of two is no multiple of p");
        let chunks = out.par_chunks_mut(CHUNK * F::WORDS).zip(a.0.par_chunks(CHUNK));
        chunks.for_each(|(words, chunk)| {
            in_lanes!(self, F, lanes => lanes::to_integers(lanes, chunk, r_inverse, words));
        });
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
