//! Bit reversal.

use rayon::prelude::*;

/// log2 of the elements that are moved together.
const LOG_RUN: u32 = 3;

/// Swaps, in each row of 2^`log_size` elements, those whose positions are each other's bits reversed.
pub(super) fn reverse<F: Copy + Send>(data: &mut [F], log_size: u32) {
    if log_size < 2 * LOG_RUN + 1 {
        let rows = data.par_chunks_exact_mut(1 << log_size).with_min_len(64);
        return rows.for_each(|row| reverse_small(row, log_size));
    }
    // Positions are (high, middle, low), with runs of low ones. The runs of all high parts with one middle
    // part go, transposed, to those with that middle part reversed, and the other way round.
    data.par_chunks_exact_mut(1 << log_size).for_each(|row| {
        let log_middle = log_size - 2 * LOG_RUN;
        let middles = 1usize << log_middle;
        let mut runs: Vec<Vec<&mut [F]>> = Vec::with_capacity(middles);
        runs.resize_with(middles, || Vec::with_capacity(1 << LOG_RUN));
        for high in row.chunks_exact_mut(middles << LOG_RUN) {
            for (runs, run) in runs.iter_mut().zip(high.chunks_exact_mut(1 << LOG_RUN)) {
                runs.push(run);
            }
        }
        let mut pairs = Vec::with_capacity(middles);
        let mut runs: Vec<_> = runs.into_iter().map(Some).collect();
        for middle in 0..middles {
            let reversed = reversed(middle, log_middle);
            if middle <= reversed {
                let first = runs[middle].take();
                let second = if middle < reversed { runs[reversed].take() } else { None };
                pairs.push((first, second));
            }
        }
        pairs.into_par_iter().with_min_len(32).for_each(|(first, second)| {
            if let Some(mut first) = first {
                swap(&mut first, second);
            }
        });
    });
}

fn swap<F: Copy>(first: &mut [&mut [F]], second: Option<Vec<&mut [F]>>) {
    const RUN: usize = 1 << LOG_RUN;
    let place = |i: usize| (reversed(i % RUN, LOG_RUN), reversed(i / RUN, LOG_RUN));
    let mut copy = [first[0][0]; RUN * RUN];
    for (run, values) in copy.chunks_exact_mut(RUN).zip(&*first) {
        run.copy_from_slice(values);
    }
    match second {
        None => (0..RUN * RUN).for_each(|i| {
            let (high, low) = place(i);
            first[high][low] = copy[i];
        }),
        Some(mut second) => {
            for i in 0..RUN * RUN {
                let (high, low) = place(i);
                first[i / RUN][i % RUN] = second[high][low];
            }
            for i in 0..RUN * RUN {
                let (high, low) = place(i);
                second[high][low] = copy[i];
            }
        }
    }
}

fn reversed(i: usize, bits: u32) -> usize {
    i.reverse_bits().checked_shr(usize::BITS - bits).unwrap_or(0)
}

fn reverse_small<F>(row: &mut [F], log_size: u32) {
    for i in 0..row.len() {
        let j = reversed(i, log_size);
        if i < j {
            row.swap(i, j);
        }
    }
}
