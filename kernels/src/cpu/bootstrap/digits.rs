//! (X^e − 1)·A, cut into digits.
//!
//! A polynomial lies with its first W coefficients, negated, after its N: any W in a row of the 2N that it
//! has together with its negatives are one load, or the negative of one.

use super::residues::Residues;
use crate::bootstrap::integers::MODULUS_BITS;
use crate::bootstrap::{BootstrapShape, MODULUS};
use crate::cpu::simd::Vectors;

/// Writes the digits of (X^exponent − 1)·polynomial, exponent from 1 to 2N − 1: those of a level are the
/// vectors of `digits` from 2·level·N/W on. To each is added the constant of its vector.
#[inline(never)]
pub(super) fn turned_difference<A: Residues<W>, const W: usize>(
    a: A,
    shape: &BootstrapShape,
    polynomial: &[u64],
    exponent: usize,
    constants: &[u64],
    digits: &mut [A::V],
) {
    a.run(
        #[inline(always)]
        || {
            let residues = Turned { polynomial, exponent };
            if shape.levels == 1 {
                let shift = MODULUS_BITS - shape.base_log;
                residues.for_each(
                    a,
                    #[inline(always)]
                    |at, residue| {
                        digits[at] = a.only_digit(residue, shift, constants[at]);
                    },
                );
            } else {
                residues.for_each(
                    a,
                    #[inline(always)]
                    |at, residue| cut(a, shape, residue, constants[at], &mut digits[at..]),
                );
            }
        },
    );
}

/// (X^exponent − 1)·polynomial.
struct Turned<'a> {
    polynomial: &'a [u64],
    exponent: usize,
}

impl Turned<'_> {
    /// Gives the positions of vectors and their residues, from 0 to p, where p is zero, too.
    #[inline(always)]
    fn for_each<A: Residues<W>, const W: usize>(self, a: A, mut work: impl FnMut(usize, A::V)) {
        let size = self.polynomial.len() - W;
        // Coefficient j comes from 2N − exponent + j modulo 2N, the negatives being those from N on.
        let from = 2 * size - self.exponent;
        let (is_negative, from) = (from >= size, from % size);
        let vectors = (size - from).div_ceil(W);
        let rest = from + vectors * W - size;
        let (first, second) = ((from, 0..vectors), (rest, vectors..size / W));
        for ((from, to), is_negative) in [(first, is_negative), (second, !is_negative)] {
            let (turned, _) = self.polynomial[from..].as_chunks();
            let (plain, _) = self.polynomial.as_chunks();
            for ((turned, plain), at) in turned.iter().zip(&plain[to.clone()]).zip(to) {
                work(at, a.difference(turned, is_negative, plain));
            }
        }
    }
}

/// All digits of residues, each with the constant of its place.
#[inline(always)]
fn cut<A: Residues<W>, const W: usize>(
    a: A,
    shape: &BootstrapShape,
    residue: A::V,
    constant: u64,
    digits: &mut [A::V],
) {
    let BootstrapShape { base_log, levels, .. } = *shape;
    let shift = MODULUS_BITS - base_log * levels;
    let (w, residue) = (a.words(), a.integers(residue));
    let base = w.splat(1 << base_log);
    let is_negative = w.less(w.splat(MODULUS / 2), residue);
    let magnitude = w.select(is_negative, residue, w.sub(w.splat(MODULUS), residue));
    let mut rest = w.shift_right(w.add(magnitude, w.splat(1 << (shift - 1))), shift as usize);
    let places = digits.iter_mut().step_by(2 * shape.size() / W);
    for (place, above) in places.zip((0..levels).rev()) {
        // The last digit is what is left: at most half the base, as magnitudes are at most p/2.
        let mut digit = rest;
        if above > 0 {
            digit = w.and(rest, w.splat((1 << base_log) - 1));
            rest = w.shift_right(rest, base_log as usize);
            let next_bit = w.and(w.shift_right(rest, base_log as usize - 1), w.splat(1));
            let is_large = w.less(w.splat(1 << (base_log - 1)), w.add(digit, next_bit));
            rest = w.add_where(is_large, rest, w.splat(1));
            digit = w.select(is_large, digit, w.sub(digit, base));
        }
        let digit = w.select(is_negative, digit, w.sub(w.splat(0), digit));
        *place = a.enter_digit(digit, constant);
    }
}
