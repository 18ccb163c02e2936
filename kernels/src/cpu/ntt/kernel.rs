//! All levels of a transform of 2^count rows on a tile of vectors that stays in the cache.
//!
//! `FORWARD` says which way: from coefficients to values with levels ascending, or back.

use super::arithmetic::Arithmetic;
use super::twiddles::Twiddles;
use crate::cpu::CpuField;

/// Levels on whole vectors: `tile` is 2^`levels` rows of equally many vectors.
#[inline(always)]
pub(super) fn across<F: CpuField, A: Arithmetic<F>, const FORWARD: bool>(
    arithmetic: A,
    tile: &mut [A::Vector],
    twiddles: &Twiddles<F, A>,
    levels: u32,
) {
    let step = if A::RADIX_8 { 3 } else { 2 };
    let steps = levels.div_ceil(step);
    for index in 0..steps {
        let level = step * if FORWARD { index } else { steps - 1 - index };
        match levels - level {
            1 => sweep_2::<F, A, FORWARD>(arithmetic, tile, twiddles, level),
            2 => sweep_4::<F, A, FORWARD>(arithmetic, tile, twiddles, level),
            _ if A::RADIX_8 => sweep_8::<F, A, FORWARD>(arithmetic, tile, twiddles, level),
            _ => sweep_4::<F, A, FORWARD>(arithmetic, tile, twiddles, level),
        }
    }
}

/// One level.
#[inline(always)]
fn sweep_2<F: CpuField, A: Arithmetic<F>, const FORWARD: bool>(
    arithmetic: A,
    tile: &mut [A::Vector],
    twiddles: &Twiddles<F, A>,
    level: u32,
) {
    let run = tile.len() >> (level + 1);
    for (block, values) in tile.chunks_exact_mut(2 * run).enumerate() {
        let factor = twiddles.of_block(arithmetic, level, block);
        let (u, v) = values.split_at_mut(run);
        for (u, v) in u.iter_mut().zip(v) {
            (*u, *v) = two::<F, A, FORWARD>(arithmetic, (*u, *v), &factor);
        }
    }
}

/// Two levels in one go over the tile.
#[inline(always)]
fn sweep_4<F: CpuField, A: Arithmetic<F>, const FORWARD: bool>(
    arithmetic: A,
    tile: &mut [A::Vector],
    twiddles: &Twiddles<F, A>,
    level: u32,
) {
    let run = tile.len() >> (level + 2);
    for (block, values) in tile.chunks_exact_mut(4 * run).enumerate() {
        let factors = [
            twiddles.of_block(arithmetic, level, block),
            twiddles.of_block(arithmetic, level + 1, 2 * block),
            twiddles.of_block(arithmetic, level + 1, 2 * block + 1),
        ];
        for q in 0..run {
            let x = (values[q], values[run + q], values[2 * run + q], values[3 * run + q]);
            let [a, b, c] = &factors;
            let x = four::<F, A, FORWARD>(arithmetic, x, [a, b, c]);
            (values[q], values[run + q], values[2 * run + q], values[3 * run + q]) = x;
        }
    }
}

/// Three levels in one go over the tile.
#[inline(always)]
fn sweep_8<F: CpuField, A: Arithmetic<F>, const FORWARD: bool>(
    arithmetic: A,
    tile: &mut [A::Vector],
    twiddles: &Twiddles<F, A>,
    level: u32,
) {
    let run = tile.len() >> (level + 3);
    for (block, values) in tile.chunks_exact_mut(8 * run).enumerate() {
        let factors = [
            twiddles.of_block(arithmetic, level, block),
            twiddles.of_block(arithmetic, level + 1, 2 * block),
            twiddles.of_block(arithmetic, level + 1, 2 * block + 1),
            twiddles.of_block(arithmetic, level + 2, 4 * block),
            twiddles.of_block(arithmetic, level + 2, 4 * block + 1),
            twiddles.of_block(arithmetic, level + 2, 4 * block + 2),
            twiddles.of_block(arithmetic, level + 2, 4 * block + 3),
        ];
        for q in 0..run {
            let mut x = [values[q]; 8];
            for (j, x) in x.iter_mut().enumerate() {
                *x = values[j * run + q];
            }
            eight::<F, A, FORWARD>(arithmetic, &mut x, &factors);
            for (j, x) in x.into_iter().enumerate() {
                values[j * run + q] = x;
            }
        }
    }
}

/// The last levels, within vectors: lanes and vectors are exchanged for them.
#[inline(always)]
pub(super) fn within<F: CpuField, A: Arithmetic<F>, const FORWARD: bool>(
    arithmetic: A,
    tile: &mut [A::Vector],
    twiddles: &Twiddles<F, A>,
) {
    let (groups, _) = tile.as_chunks_mut::<8>();
    for (vectors, factors) in groups.iter_mut().zip(twiddles.within()) {
        arithmetic.transpose(vectors);
        eight::<F, A, FORWARD>(arithmetic, vectors, factors);
        arithmetic.transpose(vectors);
    }
}

/// A transform of eight vectors. Factors lie level by level.
#[inline(always)]
fn eight<F: CpuField, A: Arithmetic<F>, const FORWARD: bool>(
    arithmetic: A,
    x: &mut [A::Vector; 8],
    w: &[A::Factors; 7],
) {
    if FORWARD {
        for i in 0..4 {
            (x[i], x[i + 4]) = arithmetic.forward(x[i], x[i + 4], w[0]);
        }
    }
    for i in 0..2 {
        let half = (x[4 * i], x[4 * i + 1], x[4 * i + 2], x[4 * i + 3]);
        let w = [&w[1 + i], &w[3 + 2 * i], &w[4 + 2 * i]];
        (x[4 * i], x[4 * i + 1], x[4 * i + 2], x[4 * i + 3]) =
            four::<F, A, FORWARD>(arithmetic, half, w);
    }
    if !FORWARD {
        for i in 0..4 {
            (x[i], x[i + 4]) = arithmetic.inverse(x[i], x[i + 4], w[0]);
        }
    }
}

type Four<V> = (V, V, V, V);

/// A transform of four vectors.
#[inline(always)]
fn four<F: CpuField, A: Arithmetic<F>, const FORWARD: bool>(
    arithmetic: A,
    (a, b, c, d): Four<A::Vector>,
    [first, even, odd]: [&A::Factors; 3],
) -> Four<A::Vector> {
    if FORWARD {
        let (a, c) = arithmetic.forward(a, c, *first);
        let (b, d) = arithmetic.forward(b, d, *first);
        let (a, b) = arithmetic.forward(a, b, *even);
        let (c, d) = arithmetic.forward(c, d, *odd);
        (a, b, c, d)
    } else {
        let (a, b) = arithmetic.inverse(a, b, *even);
        let (c, d) = arithmetic.inverse(c, d, *odd);
        let (a, c) = arithmetic.inverse(a, c, *first);
        let (b, d) = arithmetic.inverse(b, d, *first);
        (a, b, c, d)
    }
}

/// A transform of two vectors.
#[inline(always)]
fn two<F: CpuField, A: Arithmetic<F>, const FORWARD: bool>(
    arithmetic: A,
    (u, v): (A::Vector, A::Vector),
    w: &A::Factors,
) -> (A::Vector, A::Vector) {
    if FORWARD { arithmetic.forward(u, v, *w) } else { arithmetic.inverse(u, v, *w) }
}
