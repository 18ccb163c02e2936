//! Number-theoretic transforms.

use ark_ff::{FftField, Field};
use rayon::prelude::*;

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
        let size = 1 << transform.log_size;
        let inverse = transform.direction == Direction::Inverse;
        let root = if inverse { root.inverse().unwrap_or(root) } else { root };
        let twiddles: Vec<F> = powers(F::ONE, root).take((size / 2).max(1)).collect();
        data.0.par_chunks_mut(size).for_each(|row| one_row(transform, &twiddles, row));
        Ok(())
    }
}

fn powers<F: Field>(first: F, base: F) -> impl Iterator<Item = F> {
    std::iter::successors(Some(first), move |&x| Some(x * base))
}

fn one_row<F: FftField>(transform: &Transform<F>, twiddles: &[F], row: &mut [F]) {
    let reversed = transform.order == Order::BitReversed;
    match transform.direction {
        Direction::Forward => {
            scale(row, F::ONE, transform.shift);
            decimate_in_frequency(row, twiddles);
            if !reversed {
                reverse(row);
            }
        }
        Direction::Inverse => {
            if !reversed {
                reverse(row);
            }
            decimate_in_time(row, twiddles);
            let size = F::from(row.len() as u64);
            let inverse = |x: F| x.inverse().unwrap_or(x);
            scale(row, inverse(size), inverse(transform.shift));
        }
    }
}

fn scale<F: Field>(row: &mut [F], first: F, base: F) {
    row.iter_mut().zip(powers(first, base)).for_each(|(x, power)| *x *= power);
}

fn reverse<F>(row: &mut [F]) {
    let unused = usize::BITS - row.len().trailing_zeros();
    for i in 1..row.len() {
        let j = i.reverse_bits() >> unused;
        if i < j {
            row.swap(i, j);
        }
    }
}

fn decimate_in_frequency<F: Field>(row: &mut [F], twiddles: &[F]) {
    let mut half = row.len() / 2;
    while half > 0 {
        for block in row.chunks_exact_mut(2 * half) {
            let (u, v) = block.split_at_mut(half);
            let step = twiddles.len() / half;
            for ((u, v), &w) in u.iter_mut().zip(v).zip(twiddles.iter().step_by(step)) {
                (*u, *v) = (*u + *v, (*u - *v) * w);
            }
        }
        half /= 2;
    }
}

fn decimate_in_time<F: Field>(row: &mut [F], twiddles: &[F]) {
    let mut half = 1;
    while half < row.len() {
        for block in row.chunks_exact_mut(2 * half) {
            let (u, v) = block.split_at_mut(half);
            let step = twiddles.len() / half;
            for ((u, v), &w) in u.iter_mut().zip(v).zip(twiddles.iter().step_by(step)) {
                let product = *v * w;
                (*u, *v) = (*u + product, *u - product);
            }
        }
        half *= 2;
    }
}

#[cfg(test)]
mod tests;
