//! Transforms modulo X^N + 1, from coefficients to values and back without the factor 1/N, on vectors
//! that stay in the first-level cache.
//!
//! The last levels forward are within vectors. They are done on squares of W vectors, of which lanes and
//! vectors are exchanged, and values stay so: they are only ever multiplied with others in the same
//! order.

use super::passes::{pass, passes};
use super::residues::Residues;
use super::roots::Roots;

/// Runs a block with `$RADIX` the power of two of which `$log` is the logarithm.
macro_rules! with_radix {
    ($log:expr, $RADIX:ident => $work:expr) => {
        match $log {
            1 => {
                const $RADIX: usize = 2;
                $work
            }
            2 => {
                const $RADIX: usize = 4;
                $work
            }
            3 => {
                const $RADIX: usize = 8;
                $work
            }
            _ => {
                const $RADIX: usize = 16;
                $work
            }
        }
    };
}

/// The last pass may be done block by block, unless it is the first, too.
fn has_tail<A: Residues<W>, const W: usize>(vectors: usize) -> bool {
    const { assert!(!A::HAS_TAIL || W < 1 << A::LOG_RADIX, "a square would be taken for a tail") };
    A::HAS_TAIL && passes::<A, W>(vectors) > 1
}

/// How many vectors make up a block: those that are in registers at a time in the tail, or a square.
pub(super) fn block_vectors<A: Residues<W>, const W: usize>(vectors: usize) -> usize {
    if has_tail::<A, W>(vectors) { 1 << A::LOG_RADIX } else { W }
}

/// The first levels forward, of what was entered.
#[inline(never)]
pub(super) fn forward_head<A: Residues<W>, const W: usize>(
    a: A,
    polynomial: &mut [A::V],
    roots: &Roots<A::Factor, A::Factors>,
) {
    a.run(
        #[inline(always)]
        || {
            let vectors = polynomial.len();
            let heads = passes::<A, W>(vectors) - u32::from(has_tail::<A, W>(vectors));
            let (blocks, factors) = (polynomial.chunks_exact_mut(vectors), roots.of_pass(0));
            with_radix!(pass::<A, W>(vectors, 0).1, RADIX => {
                forward_pass::<A, W, RADIX>(a, blocks, true, factors);
            });
            for index in 1..heads {
                let (level, _) = pass::<A, W>(vectors, index);
                let blocks = polynomial.chunks_exact_mut(vectors >> level);
                with_radix!(A::LOG_RADIX, RADIX => {
                    forward_pass::<A, W, RADIX>(a, blocks, false, roots.of_pass(index));
                });
            }
        },
    );
}

/// The last levels back. Results are added to sums that are reduced.
#[inline(never)]
pub(super) fn inverse_head<A: Residues<W>, const W: usize>(
    a: A,
    polynomial: &mut [A::V],
    roots: &Roots<A::Factor, A::Factors>,
    sums: &mut [[u64; W]],
) {
    a.run(
        #[inline(always)]
        || {
            let vectors = polynomial.len();
            let heads = passes::<A, W>(vectors) - u32::from(has_tail::<A, W>(vectors));
            for index in (1..heads).rev() {
                let (level, _) = pass::<A, W>(vectors, index);
                let blocks = polynomial.chunks_exact_mut(vectors >> level);
                with_radix!(A::LOG_RADIX, RADIX => {
                    inverse_pass::<A, W, RADIX>(a, blocks, roots.of_pass(index));
                });
            }
            with_radix!(pass::<A, W>(vectors, 0).1, RADIX => {
                last_pass::<A, W, RADIX>(a, polynomial, roots.of_pass(0), sums);
            });
        },
    );
}

/// Some levels, in one go over the polynomial, of values that `are_entered`, or are not.
#[inline(always)]
fn forward_pass<'a, A: Residues<W>, const W: usize, const RADIX: usize>(
    a: A,
    blocks: impl Iterator<Item = &'a mut [A::V]>,
    are_entered: bool,
    factors: &[A::Factor],
) {
    for (block, factors) in blocks.zip(factors.chunks_exact(RADIX - 1)) {
        let run = block.len() / RADIX;
        for i in 0..run {
            let x = gather::<A, W, RADIX>(block, run, i);
            let x = a.forward_levels(x, are_entered, true, across(a, factors));
            for (k, x) in x.into_iter().enumerate() {
                block[k * run + i] = x;
            }
        }
    }
}

/// Some levels back, in one go over the polynomial.
#[inline(always)]
fn inverse_pass<'a, A: Residues<W>, const W: usize, const RADIX: usize>(
    a: A,
    blocks: impl Iterator<Item = &'a mut [A::V]>,
    factors: &[A::Factor],
) {
    for (block, factors) in blocks.zip(factors.chunks_exact(RADIX - 1)) {
        let run = block.len() / RADIX;
        for i in 0..run {
            let x = gather::<A, W, RADIX>(block, run, i);
            for (k, x) in a.inverse_levels(x, 0, across(a, factors)).into_iter().enumerate() {
                block[k * run + i] = x;
            }
        }
    }
}

/// The last levels back, and sums.
#[inline(always)]
fn last_pass<A: Residues<W>, const W: usize, const RADIX: usize>(
    a: A,
    polynomial: &[A::V],
    factors: &[A::Factor],
    sums: &mut [[u64; W]],
) {
    let run = polynomial.len() / RADIX;
    let factors = &factors[..RADIX - 1];
    for i in 0..run {
        let x = gather::<A, W, RADIX>(polynomial, run, i);
        let x = a.inverse_levels(x, 1, across(a, factors));
        let (low, high) = sums.split_at_mut(run * (RADIX / 2));
        unroll!(k < RADIX / 2, {
            let sums = [&mut low[k * run + i], &mut high[k * run + i]];
            a.last_level(x[k], x[k + RADIX / 2], a.spread(factors[0]), sums);
        });
    }
}

/// The last levels over whole vectors, of a block.
#[inline(always)]
pub(super) fn forward_tail<A: Residues<W>, const W: usize>(
    a: A,
    block: &mut [A::V],
    index: usize,
    roots: &Roots<A::Factor, A::Factors>,
) {
    with_radix!(A::LOG_RADIX, RADIX => {
        if A::HAS_TAIL && let Some(block) = block.first_chunk_mut::<RADIX>() {
            let factors = across(a, roots.of_tail::<RADIX>(index));
            *block = a.forward_levels(*block, false, true, factors);
        }
    });
}

/// The first levels back over whole vectors, of a block.
#[inline(always)]
pub(super) fn inverse_tail<A: Residues<W>, const W: usize>(
    a: A,
    block: &mut [A::V],
    index: usize,
    roots: &Roots<A::Factor, A::Factors>,
) {
    with_radix!(A::LOG_RADIX, RADIX => {
        if A::HAS_TAIL && let Some(block) = block.first_chunk_mut::<RADIX>() {
            let factors = across(a, roots.of_tail::<RADIX>(index));
            *block = a.inverse_levels(*block, 0, factors);
        }
    });
}

/// The last levels forward, of a square.
#[inline(always)]
pub(super) fn forward_within<A: Residues<W>, const W: usize>(
    a: A,
    square: [A::V; W],
    factors: &[A::Factors],
) -> [A::V; W] {
    a.forward_levels(a.transpose(square), false, false, within(factors))
}

/// The first levels back, of a square.
#[inline(always)]
pub(super) fn inverse_within<A: Residues<W>, const W: usize>(
    a: A,
    square: [A::V; W],
    factors: &[A::Factors],
) -> [A::V; W] {
    a.transpose(a.inverse_levels(square, 0, within(factors)))
}

/// Every `run`-th vector from the i-th on.
#[inline(always)]
fn gather<A: Residues<W>, const W: usize, const RADIX: usize>(
    values: &[A::V],
    run: usize,
    i: usize,
) -> [A::V; RADIX] {
    std::array::from_fn(
        #[inline(always)]
        |k| values[k * run + i],
    )
}

/// The factor of a block in a level, for whole vectors.
#[inline(always)]
fn across<A: Residues<W>, const W: usize>(
    a: A,
    factors: &[A::Factor],
) -> impl Fn(usize, usize) -> A::Factors {
    #[inline(always)]
    move |level, block| a.spread(factors[(1 << level) + block - 1])
}

/// The factors of a block in a level, within vectors.
#[inline(always)]
fn within<F: Copy>(factors: &[F]) -> impl Fn(usize, usize) -> F {
    #[inline(always)]
    move |level, block| factors[(1 << level) + block - 1]
}
