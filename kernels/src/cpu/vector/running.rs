//! Operations in which each element depends on those before it: running sums and products, and the
//! two forms of Horner's rule. Long vectors are done in two passes over chunks: the total of each
//! chunk, then each chunk with what comes into it.

use ark_ff::Field;
use rayon::prelude::*;

use super::elementwise::horner;
use super::map_chunks;
use crate::cpu::parallel::CHUNK;

/// Running totals of each row.
pub(super) fn scan<F: Field>(a: &mut [F], row: usize, zero: F, op: impl Fn(F, F) -> F + Sync) {
    let chunk = |before: F, chunk: &mut [F]| {
        chunk.iter_mut().fold(before, |total, x| {
            *x = op(total, *x);
            *x
        });
    };
    if row <= CHUNK {
        let rows_at_once = CHUNK / row * row;
        return a.par_chunks_mut(rows_at_once).for_each(|rows| {
            rows.chunks_mut(row).for_each(|row| chunk(zero, row));
        });
    }
    for row in a.chunks_mut(row) {
        let totals = map_chunks(row, |chunk| chunk.iter().fold(zero, |total, &x| op(total, x)));
        let before = exclusive(&totals, zero, &op);
        row.par_chunks_mut(CHUNK).zip(before).for_each(|(values, before)| chunk(before, values));
    }
}

/// The total of all values before each.
fn exclusive<F: Field>(values: &[F], zero: F, op: impl Fn(F, F) -> F) -> Vec<F> {
    let running = values.iter().scan(zero, |total, &x| {
        let before = *total;
        *total = op(before, x);
        Some(before)
    });
    running.collect()
}

/// Coefficients from the second on become those of the quotient by X − x: q\[i\] = a\[i\] + x·q\[i + 1\].
pub(super) fn divide_out<F: Field>(a: &mut [F], x: F) {
    let values = map_chunks(a, |chunk| horner(chunk, x));
    let step = x.pow([CHUNK as u64]);
    let mut above = vec![F::ZERO; values.len()];
    for i in (1..values.len()).rev() {
        above[i - 1] = values[i] + step * above[i];
    }
    a.par_chunks_mut(CHUNK).zip(above).for_each(|(chunk, above)| {
        chunk.iter_mut().rev().fold(above, |above, c| {
            *c += x * above;
            *c
        });
    });
}
