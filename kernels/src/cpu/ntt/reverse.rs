//! Bit reversal.

use rayon::prelude::*;

use crate::element::Element;

/// log2 of the elements that are moved together: 256 bytes of them.
const fn log_run<F: Element>() -> u32 {
    if F::WORDS == 1 { 5 } else { 3 }
}

/// Swaps, in each row of 2^`log_size` elements, those whose positions are each other's bits reversed.
pub(super) fn reverse<F: Element>(data: &mut [F], log_size: u32) {
    let rows = data.par_chunks_exact_mut(1 << log_size);
    if log_size <= 2 * log_run::<F>() {
        rows.for_each(|row| reverse_small(row, log_size));
    } else {
        rows.for_each(|row| reverse_large(row, log_size));
    }
}

fn reverse_small<F>(row: &mut [F], log_size: u32) {
    for i in 0..row.len() {
        let j = reversed(i, log_size);
        if i < j {
            row.swap(i, j);
        }
    }
}

/// Positions are (high, middle, low), low ones making a run. The square of runs with one middle
/// part, of all high and low parts, goes to that with the middle part reversed, its sides exchanged.
fn reverse_large<F: Element>(row: &mut [F], log_size: u32) {
    let log_middle = log_size - 2 * log_run::<F>();
    let (run, middles) = (1 << log_run::<F>(), 1 << log_middle);
    let mut squares: Vec<Vec<&mut [F]>> = Vec::with_capacity(middles);
    squares.resize_with(middles, || Vec::with_capacity(run));
    for high in row.chunks_exact_mut(middles * run) {
        for (square, piece) in squares.iter_mut().zip(high.chunks_exact_mut(run)) {
            square.push(piece);
        }
    }
    let pairs: Vec<_> = (0..middles)
        .map(|middle| (middle, reversed(middle, log_middle)))
        .filter(|(middle, other)| middle <= other)
        .map(|(middle, other)| {
            (std::mem::take(&mut squares[middle]), std::mem::take(&mut squares[other]))
        })
        .collect();
    let order: Vec<usize> = (0..run).map(|i| reversed(i, log_run::<F>())).collect();
    pairs.into_par_iter().for_each_init(Vec::new, |copies: &mut Vec<F>, (mut first, mut other)| {
        copies.clear();
        first.iter().for_each(|run| copies.extend_from_slice(run));
        let square = copies.len();
        other.iter().for_each(|run| copies.extend_from_slice(run));
        let (of_first, of_other) = copies.split_at(square);
        exchange(if other.is_empty() { of_first } else { of_other }, &mut first, &order);
        exchange(of_first, &mut other, &order);
    });
}

/// Writes a square, in runs, with its sides exchanged and both reversed.
fn exchange<F: Copy>(from: &[F], to: &mut [&mut [F]], order: &[usize]) {
    for (run, &column) in to.iter_mut().zip(order) {
        for (value, &row) in run.iter_mut().zip(order) {
            *value = from[row * order.len() + column];
        }
    }
}

fn reversed(i: usize, bits: u32) -> usize {
    i.reverse_bits().checked_shr(usize::BITS - bits).unwrap_or(0)
}
