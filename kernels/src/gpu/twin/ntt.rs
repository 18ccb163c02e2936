//! Twins of `ntt`. Tiles are a matter of shared memory: a twin does the levels of a pass on whole rows.

use super::{Call, Twin};
use crate::field::KernelField;
use crate::source::tile_log;

pub(super) fn find<F: KernelField>(entry: &str) -> Option<Twin> {
    Some(match entry {
        "ntt_dif" => ntt_dif::<F>,
        "ntt_dit" => ntt_dit::<F>,
        "ntt_reverse" => ntt_reverse::<F>,
        _ => return None,
    })
}

/// The size of a row, the number of rows, and the levels of a pass.
fn pass<F: KernelField>(call: &Call<'_>) -> (usize, usize, std::ops::Range<usize>) {
    let [log_n, first, count, lanes] = [0, 1, 2, 3].map(|at| call.number(at));
    assert!(count + lanes <= tile_log(F::ID, call.limits) as usize, "a tile fits shared memory");
    assert!(first + count + lanes <= log_n, "a tile fits its row");
    let tiles = 1 << (log_n - count - lanes);
    assert!(call.groups.is_multiple_of(tiles), "whole rows");
    (1 << log_n, call.groups / tiles, first..first + count)
}

/// Calls `butterfly` with u, v and their root for all pairs of a level.
fn level<F: KernelField>(
    row: &mut [F],
    twiddles: &[F],
    level: usize,
    butterfly: impl Fn(F, F, F) -> (F, F),
) {
    let distance = row.len() >> (level + 1);
    for block in row.chunks_exact_mut(2 * distance) {
        for k in 0..distance {
            (block[k], block[k + distance]) =
                butterfly(block[k], block[k + distance], twiddles[k << level]);
        }
    }
}

fn ntt_dif<F: KernelField>(call: &mut Call<'_>) {
    let (size, rows, levels) = pass::<F>(call);
    let (mut a, twiddles) = (call.get::<F>(0), call.get::<F>(1));
    for row in a.chunks_exact_mut(size).take(rows) {
        for l in levels.clone() {
            level(row, &twiddles, l, |u, v, w| (u + v, (u - v) * w));
        }
    }
    call.set(0, &a);
}

fn ntt_dit<F: KernelField>(call: &mut Call<'_>) {
    let (size, rows, levels) = pass::<F>(call);
    let (mut a, twiddles) = (call.get::<F>(0), call.get::<F>(1));
    for row in a.chunks_exact_mut(size).take(rows) {
        for l in levels.clone().rev() {
            level(row, &twiddles, l, |u, v, w| (u + v * w, u - v * w));
        }
    }
    call.set(0, &a);
}

fn ntt_reverse<F: KernelField>(call: &mut Call<'_>) {
    let (n, log_n) = (call.number(0), call.parameters[1]);
    let mut a = call.get::<F>(0);
    for thread in call.threads(n) {
        let (start, i) = (thread >> log_n << log_n, thread & ((1 << log_n) - 1));
        let reversed = i.reverse_bits() >> (usize::BITS - log_n);
        if i < reversed {
            a.swap(start + i, start + reversed);
        }
    }
    call.set(0, &a);
}
