//! Transforms modulo X^N + 1, from coefficients to values and back without the factor 1/N, on vectors
//! that stay in the first-level cache.
//!
//! Forward, values between passes are from 0 to 4p. Within a pass sums are that too, and differences from
//! −2p to 2p; which of them is which depends on positions alone, so that nothing is corrected twice.
//! Back, they are from 0 to 2p between passes; within one the first of the two that meet next is from 0 to
//! 2p and the second from −2p to 0: their difference can be multiplied as it is. Lower bounds are
//! attained, upper ones are not.
//!
//! The last levels forward are within vectors. They are done on squares of W vectors, of which lanes and
//! vectors are exchanged, and values stay so: they are only ever multiplied with others in the same
//! order.
//!
//! All but the last levels forward use [quick products](Vectors::quick_product), and so add constants to
//! what a transform should be: [`Tables`](super::tables::Tables) make up for them.
//!
//! Source of butterflies that reduce late: Harvey, "Faster arithmetic for number-theoretic transforms"
//! (2014).

use super::passes::{pass, passes};
use super::roots::Roots;
use super::vectors::{Factor, Vectors};
use crate::bootstrap::MODULUS;

/// The last pass is done block by block, unless it is the first, too.
fn has_tail<A: Vectors<W>, const W: usize>(vectors: usize) -> bool {
    passes::<A, W>(vectors) > 1
}

/// How many vectors make up a block: those that are in registers at a time in the tail, or a square.
pub(super) fn block_vectors<A: Vectors<W>, const W: usize>(vectors: usize) -> usize {
    if has_tail::<A, W>(vectors) { 1 << A::LOG_RADIX } else { W }
}

/// The first levels forward, of values from 0 to 2p.
#[inline(never)]
pub(super) fn forward_head<A: Vectors<W>, const W: usize>(
    a: A,
    polynomial: &mut [A::V],
    roots: &Roots<A::V>,
) {
    a.run(
        #[inline(always)]
        || {
            let vectors = polynomial.len();
            let heads = passes::<A, W>(vectors) - u32::from(has_tail::<A, W>(vectors));
            let (blocks, factors) = (polynomial.chunks_exact_mut(vectors), roots.of_pass(0));
            match pass::<A, W>(vectors, 0).1 {
                1 => forward_pass::<A, W, 2>(a, blocks, true, factors),
                2 => forward_pass::<A, W, 4>(a, blocks, true, factors),
                3 => forward_pass::<A, W, 8>(a, blocks, true, factors),
                _ => forward_pass::<A, W, 16>(a, blocks, true, factors),
            }
            for index in 1..heads {
                let (level, _) = pass::<A, W>(vectors, index);
                let blocks = polynomial.chunks_exact_mut(vectors >> level);
                if A::LOG_RADIX == 2 {
                    forward_pass::<A, W, 4>(a, blocks, false, roots.of_pass(index));
                } else {
                    forward_pass::<A, W, 16>(a, blocks, false, roots.of_pass(index));
                }
            }
        },
    );
}

/// The last levels back. Results are added to sums that are reduced.
#[inline(never)]
pub(super) fn inverse_head<A: Vectors<W>, const W: usize>(
    a: A,
    polynomial: &mut [A::V],
    roots: &Roots<A::V>,
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
                if A::LOG_RADIX == 2 {
                    inverse_pass::<A, W, 4>(a, blocks, roots.of_pass(index));
                } else {
                    inverse_pass::<A, W, 16>(a, blocks, roots.of_pass(index));
                }
            }
            let factors = roots.of_pass(0);
            match pass::<A, W>(vectors, 0).1 {
                1 => last_pass::<A, W, 2>(a, polynomial, factors, sums),
                2 => last_pass::<A, W, 4>(a, polynomial, factors, sums),
                3 => last_pass::<A, W, 8>(a, polynomial, factors, sums),
                _ => last_pass::<A, W, 16>(a, polynomial, factors, sums),
            }
        },
    );
}

/// Some levels, in one go over the polynomial. Values may be below 2p.
#[inline(always)]
fn forward_pass<'a, A: Vectors<W>, const W: usize, const RADIX: usize>(
    a: A,
    blocks: impl Iterator<Item = &'a mut [A::V]>,
    are_small: bool,
    factors: &[Factor<u64>],
) {
    for (block, factors) in blocks.zip(factors.chunks_exact(RADIX - 1)) {
        let run = block.len() / RADIX;
        for i in 0..run {
            let x = gather::<A, W, RADIX>(block, run, i);
            let x = forward_levels(a, x, are_small, across(a, factors));
            for (k, x) in x.into_iter().enumerate() {
                block[k * run + i] = x;
            }
        }
    }
}

/// Some levels back, in one go over the polynomial.
#[inline(always)]
fn inverse_pass<'a, A: Vectors<W>, const W: usize, const RADIX: usize>(
    a: A,
    blocks: impl Iterator<Item = &'a mut [A::V]>,
    factors: &[Factor<u64>],
) {
    for (block, factors) in blocks.zip(factors.chunks_exact(RADIX - 1)) {
        let run = block.len() / RADIX;
        for i in 0..run {
            let x = gather::<A, W, RADIX>(block, run, i);
            for (k, x) in inverse_levels(a, x, 0, across(a, factors)).into_iter().enumerate() {
                block[k * run + i] = x;
            }
        }
    }
}

/// The last levels back, and sums.
#[inline(always)]
fn last_pass<A: Vectors<W>, const W: usize, const RADIX: usize>(
    a: A,
    polynomial: &[A::V],
    factors: &[Factor<u64>],
    sums: &mut [[u64; W]],
) {
    let run = polynomial.len() / RADIX;
    let factors = &factors[..RADIX - 1];
    let two_p = a.splat(2 * MODULUS);
    for i in 0..run {
        let x = gather::<A, W, RADIX>(polynomial, run, i);
        let x = inverse_levels(a, x, 1, across(a, factors));
        unroll!(k < RADIX / 2, {
            let (low, high) = (k * run + i, (k + RADIX / 2) * run + i);
            let (sum, difference) = (a.add(x[k], x[k + RADIX / 2]), a.sub(x[k], x[k + RADIX / 2]));
            // Sums are below p, what is added to them below 2p: 3p, which is reduced.
            let first = a.add(a.load(&sums[low]), a.min(sum, a.add(sum, two_p)));
            let start = a.load(&sums[high]);
            let second = a.quick_product(start, difference, factors[0].splat(a));
            a.store(reduced(a, first), &mut sums[low]);
            a.store(reduced(a, second), &mut sums[high]);
        });
    }
}

/// Below p, for x below 4p.
#[inline(always)]
pub(super) fn reduced<A: Vectors<W>, const W: usize>(a: A, x: A::V) -> A::V {
    let x = a.min(x, a.sub(x, a.splat(2 * MODULUS)));
    a.min(x, a.sub(x, a.splat(MODULUS)))
}

/// The last levels over whole vectors, of a block.
#[inline(always)]
pub(super) fn forward_tail<A: Vectors<W>, const W: usize>(
    a: A,
    block: &mut [A::V],
    index: usize,
    roots: &Roots<A::V>,
) {
    if let Some(block) = block.first_chunk_mut::<4>().filter(|_| A::LOG_RADIX == 2) {
        *block = forward_levels(a, *block, false, across(a, roots.of_tail::<4>(index)));
    } else if let Some(block) = block.first_chunk_mut::<16>() {
        *block = forward_levels(a, *block, false, across(a, roots.of_tail::<16>(index)));
    }
}

/// The first levels back over whole vectors, of a block.
#[inline(always)]
pub(super) fn inverse_tail<A: Vectors<W>, const W: usize>(
    a: A,
    block: &mut [A::V],
    index: usize,
    roots: &Roots<A::V>,
) {
    if let Some(block) = block.first_chunk_mut::<4>().filter(|_| A::LOG_RADIX == 2) {
        *block = inverse_levels(a, *block, 0, across(a, roots.of_tail::<4>(index)));
    } else if let Some(block) = block.first_chunk_mut::<16>() {
        *block = inverse_levels(a, *block, 0, across(a, roots.of_tail::<16>(index)));
    }
}

/// The last levels forward, of a square.
#[inline(always)]
pub(super) fn forward_within<A: Vectors<W>, const W: usize>(
    a: A,
    square: [A::V; W],
    factors: &[Factor<A::V>],
) -> [A::V; W] {
    forward_levels(a, a.transpose(square), false, within(a, factors))
}

/// The first levels back, of a square.
#[inline(always)]
pub(super) fn inverse_within<A: Vectors<W>, const W: usize>(
    a: A,
    square: [A::V; W],
    factors: &[Factor<A::V>],
) -> [A::V; W] {
    a.transpose(inverse_levels(a, square, 0, quick_within(a, factors)))
}

/// Every `run`-th vector from the i-th on.
#[inline(always)]
fn gather<A: Vectors<W>, const W: usize, const RADIX: usize>(
    values: &[A::V],
    run: usize,
    i: usize,
) -> [A::V; RADIX] {
    std::array::from_fn(
        #[inline(always)]
        |k| values[k * run + i],
    )
}

/// x·w + start for the factor w of a level and a block in it.
trait Multiply<V>: Fn(usize, usize, V, V) -> V {}
impl<V, F: Fn(usize, usize, V, V) -> V> Multiply<V> for F {}

/// Products of whole vectors.
#[inline(always)]
fn across<A: Vectors<W>, const W: usize>(a: A, factors: &[Factor<u64>]) -> impl Multiply<A::V> {
    #[inline(always)]
    move |level, block, start, x| {
        a.quick_product(start, x, factors[(1 << level) + block - 1].splat(a))
    }
}

/// Exact products within vectors.
#[inline(always)]
fn within<A: Vectors<W>, const W: usize>(a: A, factors: &[Factor<A::V>]) -> impl Multiply<A::V> {
    #[inline(always)]
    move |level, block, _, x| a.product(a.splat(MODULUS), x, factors[(1 << level) + block - 1])
}

/// Products within vectors.
#[inline(always)]
fn quick_within<A: Vectors<W>, const W: usize>(
    a: A,
    factors: &[Factor<A::V>],
) -> impl Multiply<A::V> {
    #[inline(always)]
    move |level, block, start, x| a.quick_product(start, x, factors[(1 << level) + block - 1])
}

/// All levels of `RADIX` vectors, which may be below 2p.
#[inline(always)]
fn forward_levels<A: Vectors<W>, const W: usize, const RADIX: usize>(
    a: A,
    mut x: [A::V; RADIX],
    are_small: bool,
    multiply: impl Multiply<A::V>,
) -> [A::V; RADIX] {
    let two_p = a.splat(2 * MODULUS);
    unroll!(level < RADIX.ilog2() as usize, {
        unroll!(pair < RADIX / 2, {
            let half = RADIX >> (level + 1);
            let block = pair / half;
            let at = pair + block * half;
            let are_differences = level > 0 && block % 2 == 1;
            let (u, v) = (x[at], x[at + half]);
            // u to 0 to 2p, v to 0 to 4p, which is below R: their product is from 0 to 2p.
            let (u, v) = if level == 0 && are_small {
                (u, v)
            } else if are_differences {
                (a.min(u, a.add(u, two_p)), a.add(v, two_p))
            } else {
                (a.min(u, a.sub(u, two_p)), v)
            };
            let product = multiply(level, block, a.splat(0), v);
            // From 0 to 4p, and from −2p to 2p.
            (x[at], x[at + half]) = (a.add(u, product), a.sub(u, product));
        });
    });
    unroll!(pair < RADIX / 2, {
        x[2 * pair + 1] = a.add(x[2 * pair + 1], two_p);
    });
    x
}

/// Levels back of `RADIX` vectors, down to `lowest`.
#[inline(always)]
fn inverse_levels<A: Vectors<W>, const W: usize, const RADIX: usize>(
    a: A,
    mut x: [A::V; RADIX],
    lowest: usize,
    multiply: impl Multiply<A::V>,
) -> [A::V; RADIX] {
    let two_p = a.splat(2 * MODULUS);
    unroll!(pair < RADIX / 2, {
        x[2 * pair + 1] = a.sub(x[2 * pair + 1], two_p);
    });
    let levels = RADIX.ilog2() as usize;
    unroll!(step < levels - lowest, {
        unroll!(pair < RADIX / 2, {
            let level = levels - 1 - step;
            let half = RADIX >> (level + 1);
            let block = pair / half;
            let at = pair + block * half;
            let is_second = level > 0 && block % 2 == 1;
            // u is from 0 to 2p, v from −2p to 0: their sum from −2p to 2p, their difference from 0 to
            // 4p, which is below R.
            let (u, v) = (x[at], x[at + half]);
            let (sum, difference) = (a.add(u, v), a.sub(u, v));
            let start = if is_second { (2 * MODULUS).wrapping_neg() } else { 0 };
            // To −2p to 0 where it is the second of the next pair, to 0 to 2p where it is not.
            x[at] = if is_second {
                a.max(sum, a.sub(sum, two_p))
            } else {
                a.min(sum, a.add(sum, two_p))
            };
            x[at + half] = multiply(level, block, a.splat(start), difference);
        });
    });
    x
}
