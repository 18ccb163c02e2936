//! All levels of a transform of 2^count rows on a tile of vectors that stays in the cache.

use super::arithmetic::Arithmetic;
use super::twiddles::Twiddles;
use crate::field::KernelField;
use crate::transform::Direction;

/// Levels on whole vectors: `tile` is 2^`levels` rows of equally many vectors, or a multiple.
#[inline(always)]
pub(super) fn across<F: KernelField, A: Arithmetic<F>>(
    arithmetic: A,
    direction: Direction,
    tile: &mut [A::Vector],
    twiddles: &Twiddles<F, A>,
    levels: u32,
) {
    let step = if A::RADIX_8 { 3 } else { 2 };
    let steps = levels.div_ceil(step);
    for index in 0..steps {
        let index = match direction {
            Direction::Forward => index,
            Direction::Inverse => steps - 1 - index,
        };
        let level = index * step;
        match step.min(levels - level) {
            3 => sweep::<F, A, 8>(arithmetic, direction, tile, twiddles, level),
            2 => sweep::<F, A, 4>(arithmetic, direction, tile, twiddles, level),
            _ => sweep::<F, A, 2>(arithmetic, direction, tile, twiddles, level),
        }
    }
}

/// log2 R levels in one go over the tile.
#[inline(always)]
fn sweep<F: KernelField, A: Arithmetic<F>, const R: usize>(
    arithmetic: A,
    direction: Direction,
    tile: &mut [A::Vector],
    twiddles: &Twiddles<F, A>,
    level: u32,
) {
    let blocks = 1 << level;
    let run = tile.len() / (blocks * R);
    for (block, values) in tile.chunks_exact_mut(R * run).enumerate() {
        let mut factors = [twiddles.of_block(arithmetic, level, block); R];
        let mut next = 1;
        for inner in 1..R.ilog2() {
            for k in 0..1 << inner {
                factors[next] = twiddles.of_block(arithmetic, level + inner, (block << inner) + k);
                next += 1;
            }
        }
        for q in 0..run {
            let mut x = [values[q]; R];
            for j in 1..R {
                x[j] = values[j * run + q];
            }
            network(arithmetic, direction, &mut x, &factors);
            for j in 0..R {
                values[j * run + q] = x[j];
            }
        }
    }
}

/// The last levels, within vectors: lanes and vectors are exchanged for them.
#[inline(always)]
pub(super) fn within<F: KernelField, A: Arithmetic<F>, const W: usize>(
    arithmetic: A,
    direction: Direction,
    tile: &mut [A::Vector],
    twiddles: &Twiddles<F, A>,
) {
    let (groups, _) = tile.as_chunks_mut::<W>();
    for (vectors, factors) in groups.iter_mut().zip(twiddles.within()) {
        let mut x = *vectors;
        arithmetic.transpose(&mut x);
        network(arithmetic, direction, &mut x, factors);
        arithmetic.transpose(&mut x);
        *vectors = x;
    }
}

/// A transform of R vectors, R = 2, 4 or 8, in registers. Factors lie level by level.
#[inline(always)]
fn network<F: KernelField, A: Arithmetic<F>, const R: usize>(
    arithmetic: A,
    direction: Direction,
    x: &mut [A::Vector; R],
    factors: &[A::Factors],
) {
    match direction {
        Direction::Forward => {
            forward::<F, A, R>(arithmetic, x, factors, 1);
            if R >= 4 {
                forward::<F, A, R>(arithmetic, x, factors, 2);
            }
            if R >= 8 {
                forward::<F, A, R>(arithmetic, x, factors, 4);
            }
        }
        Direction::Inverse => {
            if R >= 8 {
                inverse::<F, A, R>(arithmetic, x, factors, 4);
            }
            if R >= 4 {
                inverse::<F, A, R>(arithmetic, x, factors, 2);
            }
            inverse::<F, A, R>(arithmetic, x, factors, 1);
        }
    }
}

/// One level of [`network`].
#[inline(always)]
fn forward<F: KernelField, A: Arithmetic<F>, const R: usize>(
    arithmetic: A,
    x: &mut [A::Vector; R],
    factors: &[A::Factors],
    blocks: usize,
) {
    let half = R / blocks / 2;
    for pair in 0..R / 2 {
        let (block, k) = (pair / half, pair % half);
        let (u, v) = (2 * half * block + k, 2 * half * block + k + half);
        (x[u], x[v]) = arithmetic.forward(x[u], x[v], factors[blocks - 1 + block]);
    }
}

/// One level of [`network`], the way back.
#[inline(always)]
fn inverse<F: KernelField, A: Arithmetic<F>, const R: usize>(
    arithmetic: A,
    x: &mut [A::Vector; R],
    factors: &[A::Factors],
    blocks: usize,
) {
    let half = R / blocks / 2;
    for pair in 0..R / 2 {
        let (block, k) = (pair / half, pair % half);
        let (u, v) = (2 * half * block + k, 2 * half * block + k + half);
        (x[u], x[v]) = arithmetic.inverse(x[u], x[v], factors[blocks - 1 + block]);
    }
}
