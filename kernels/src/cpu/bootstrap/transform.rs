//! Transforms modulo X^N + 1, from coefficients to values and back without the factor 1/N, on vectors
//! that stay in the first-level cache.
//!
//! Forward, values between passes are from 0 to 4p, both excluded. Within a pass sums are that too, and
//! differences from −2p to 2p; which of them is which depends on positions alone, so that nothing is
//! corrected twice. Back, they are from 0 to 2p between passes; within one the first of the two that meet
//! next is from 0 to 2p and the second from −2p to 0: their difference can be multiplied as it is.
//!
//! The levels within vectors are done on squares of W vectors, of which lanes and vectors are exchanged.
//! Values stay so: they are only ever multiplied with others in the same order.
//!
//! Source of butterflies that reduce late: Harvey, "Faster arithmetic for number-theoretic transforms"
//! (2014).

use super::roots::Roots;
use super::vectors::{Factor, Vectors};
use crate::bootstrap::MODULUS;

/// The passes over whole vectors of a transform: first levels, and log2 of the vectors they take at once.
/// The first pass takes what the others leave.
fn passes(levels: u32, log_radix: u32) -> impl DoubleEndedIterator<Item = (u32, u32)> {
    let first = (levels - 1) % log_radix + 1;
    let others = (levels - first) / log_radix;
    let others = (0..others).map(move |index| (first + index * log_radix, log_radix));
    [(0, first)].into_iter().chain(others)
}

/// The levels over whole vectors, in place.
#[inline(always)]
pub(super) fn forward<A: Vectors<W>, const W: usize>(
    a: A,
    polynomial: &mut [A::V],
    roots: &Roots<A::V>,
) {
    for (level, log_radix) in passes(polynomial.len().ilog2(), A::LOG_RADIX) {
        let log_radix = if level == 0 { log_radix } else { A::LOG_RADIX };
        match log_radix {
            1 => forward_pass::<A, W, 2>(a, polynomial, level, roots),
            2 => forward_pass::<A, W, 4>(a, polynomial, level, roots),
            3 => forward_pass::<A, W, 8>(a, polynomial, level, roots),
            _ => forward_pass::<A, W, 16>(a, polynomial, level, roots),
        }
    }
}

/// The levels back over whole vectors. Results, from 0 to 2p, are given to `put` with their positions.
#[inline(always)]
pub(super) fn inverse<A: Vectors<W>, const W: usize>(
    a: A,
    polynomial: &mut [A::V],
    roots: &Roots<A::V>,
    mut put: impl FnMut(usize, A::V),
) {
    for (level, log_radix) in passes(polynomial.len().ilog2(), A::LOG_RADIX).rev() {
        if level == 0 {
            let put = |_: &mut A::V, at, value| put(at, value);
            inverse_pass_of(a, polynomial, (0, log_radix), roots, put);
        } else {
            let put = |place: &mut A::V, _, value| *place = value;
            inverse_pass_of(a, polynomial, (level, A::LOG_RADIX), roots, put);
        }
    }
}

#[inline(always)]
fn inverse_pass_of<A: Vectors<W>, const W: usize>(
    a: A,
    polynomial: &mut [A::V],
    (level, log_radix): (u32, u32),
    roots: &Roots<A::V>,
    put: impl FnMut(&mut A::V, usize, A::V),
) {
    match log_radix {
        1 => inverse_pass::<A, W, 2>(a, polynomial, level, roots, put),
        2 => inverse_pass::<A, W, 4>(a, polynomial, level, roots, put),
        3 => inverse_pass::<A, W, 8>(a, polynomial, level, roots, put),
        _ => inverse_pass::<A, W, 16>(a, polynomial, level, roots, put),
    }
}

/// Levels from `level` on, in one go over the polynomial.
#[inline(always)]
fn forward_pass<A: Vectors<W>, const W: usize, const RADIX: usize>(
    a: A,
    polynomial: &mut [A::V],
    level: u32,
    roots: &Roots<A::V>,
) {
    let run = polynomial.len() >> (level + RADIX.ilog2());
    for (block, values) in polynomial.chunks_exact_mut(RADIX * run).enumerate() {
        let first = (1 << level) + block;
        for i in 0..run {
            let mut x: [A::V; RADIX] = std::array::from_fn(
                #[inline(always)]
                |k| values[k * run + i],
            );
            forward_levels(
                a,
                &mut x,
                #[inline(always)]
                |level, block| roots.at(a, (first << level) + block),
            );
            for (k, x) in x.into_iter().enumerate() {
                values[k * run + i] = x;
            }
        }
    }
}

/// Levels down to `level`, in one go over the polynomial.
#[inline(always)]
fn inverse_pass<A: Vectors<W>, const W: usize, const RADIX: usize>(
    a: A,
    polynomial: &mut [A::V],
    level: u32,
    roots: &Roots<A::V>,
    mut put: impl FnMut(&mut A::V, usize, A::V),
) {
    let run = polynomial.len() >> (level + RADIX.ilog2());
    for (block, values) in polynomial.chunks_exact_mut(RADIX * run).enumerate() {
        let first = (1 << level) + block;
        for i in 0..run {
            let mut x: [A::V; RADIX] = std::array::from_fn(
                #[inline(always)]
                |k| values[k * run + i],
            );
            inverse_levels(
                a,
                &mut x,
                #[inline(always)]
                |level, block| roots.at(a, (first << level) + block),
            );
            for (k, x) in x.into_iter().enumerate() {
                let at = k * run + i;
                put(&mut values[at], block * RADIX * run + at, x);
            }
        }
    }
}

/// The last levels forward, of a square.
#[inline(always)]
pub(super) fn forward_within<A: Vectors<W>, const W: usize>(
    a: A,
    square: &mut [A::V; W],
    factors: &[Factor<A::V>],
) {
    a.transpose(square);
    forward_levels(
        a,
        square,
        #[inline(always)]
        |level, block| factors[(1 << level) + block - 1],
    );
}

/// The first levels back, of a square.
#[inline(always)]
pub(super) fn inverse_within<A: Vectors<W>, const W: usize>(
    a: A,
    square: &mut [A::V; W],
    factors: &[Factor<A::V>],
) {
    inverse_levels(
        a,
        square,
        #[inline(always)]
        |level, block| factors[(1 << level) + block - 1],
    );
    a.transpose(square);
}

/// A transform of `RADIX` vectors.
#[inline(always)]
fn forward_levels<A: Vectors<W>, const W: usize, const RADIX: usize>(
    a: A,
    x: &mut [A::V; RADIX],
    factor: impl Fn(usize, usize) -> Factor<A::V>,
) {
    let two_p = a.splat(2 * MODULUS);
    unroll!(level < RADIX.ilog2() as usize, {
        unroll!(pair < RADIX / 2, {
            let half = RADIX >> (level + 1);
            let block = pair / half;
            let at = pair + block * half;
            let is_difference = level > 0 && block % 2 == 1;
            (x[at], x[at + half]) =
                forward_pair(a, x[at], x[at + half], factor(level, block), is_difference);
        });
    });
    unroll!(pair < RADIX / 2, {
        x[2 * pair + 1] = a.add(x[2 * pair + 1], two_p);
    });
}

/// The transform back of `RADIX` vectors.
#[inline(always)]
fn inverse_levels<A: Vectors<W>, const W: usize, const RADIX: usize>(
    a: A,
    x: &mut [A::V; RADIX],
    factor: impl Fn(usize, usize) -> Factor<A::V>,
) {
    let two_p = a.splat(2 * MODULUS);
    unroll!(pair < RADIX / 2, {
        x[2 * pair + 1] = a.sub(x[2 * pair + 1], two_p);
    });
    let levels = RADIX.ilog2() as usize;
    unroll!(step < levels, {
        unroll!(pair < RADIX / 2, {
            let level = levels - 1 - step;
            let half = RADIX >> (level + 1);
            let block = pair / half;
            let at = pair + block * half;
            let is_second = level > 0 && block % 2 == 1;
            (x[at], x[at + half]) =
                inverse_pair(a, x[at], x[at + half], factor(level, block), is_second);
        });
    });
}

/// (u + v·w, u − v·w): from 0 to 4p, and from −2p to 2p. Both operands are one or the other.
#[inline(always)]
fn forward_pair<A: Vectors<W>, const W: usize>(
    a: A,
    u: A::V,
    v: A::V,
    w: Factor<A::V>,
    are_differences: bool,
) -> (A::V, A::V) {
    let two_p = a.splat(2 * MODULUS);
    let (u, v) = if are_differences {
        (a.min(u, a.add(u, two_p)), a.add(v, two_p))
    } else {
        (a.min(u, a.sub(u, two_p)), v)
    };
    let product = a.product(a.splat(MODULUS), v, w);
    (a.add(u, product), a.sub(u, product))
}

/// (u + v, (u − v)·w) for u from 0 to 2p and v from −2p to 0: both from 0 to 2p, or from −2p to 0.
#[inline(always)]
fn inverse_pair<A: Vectors<W>, const W: usize>(
    a: A,
    u: A::V,
    v: A::V,
    w: Factor<A::V>,
    is_second: bool,
) -> (A::V, A::V) {
    let two_p = a.splat(2 * MODULUS);
    let (sum, difference) = (a.add(u, v), a.sub(u, v));
    if is_second {
        let less = a.max(sum, a.sub(sum, two_p));
        (less, a.product(a.splat(MODULUS.wrapping_neg()), difference, w))
    } else {
        let more = a.min(sum, a.add(sum, two_p));
        (more, a.product(a.splat(MODULUS), difference, w))
    }
}
