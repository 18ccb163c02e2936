//! (X^e − 1)·A, cut into digits.
//!
//! A polynomial lies with its first W coefficients, negated, after its N: any W in a row of the 2N that it
//! has together with its negatives are one load, or the negative of one.

use super::vectors::Vectors;
use crate::bootstrap::integers::MODULUS_BITS;
use crate::bootstrap::{BootstrapShape, MODULUS};

/// Writes the digits of (X^exponent − 1)·polynomial, exponent from 1 to 2N − 1: those of a level are the
/// vectors of `digits` from 2·level·N/W on. To each is added the constant of its vector.
#[inline(never)]
pub(super) fn turned_difference<A: Vectors<W>, const W: usize>(
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
                        digits[at] = a.add(only_digit(a, residue, shift), a.splat(constants[at]));
                    },
                );
            } else {
                residues.for_each(
                    a,
                    #[inline(always)]
                    |at, residue| cut(a, shape, residue, a.splat(constants[at]), &mut digits[at..]),
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
    fn for_each<A: Vectors<W>, const W: usize>(self, a: A, mut work: impl FnMut(usize, A::V)) {
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
                let turned = a.load(turned);
                let turned = if is_negative { a.sub(a.splat(MODULUS), turned) } else { turned };
                let difference = a.sub(turned, a.load(plain));
                work(at, a.min(difference, a.add(difference, a.splat(MODULUS))));
            }
        }
    }
}

/// The digit of residues where there is one. Rounding a half away from zero is rounding it up where a
/// negative number is less by one.
#[inline(always)]
fn only_digit<A: Vectors<W>, const W: usize>(a: A, residue: A::V, shift: u32) -> A::V {
    let is_negative = a.less(a.splat(MODULUS / 2), residue);
    let with_half = a.add(residue, a.splat(1 << (shift - 1)));
    let centred = a.add_where(is_negative, with_half, a.splat(!MODULUS));
    a.shift_right_signed(centred, shift)
}

/// Digits of residues, to which `offset` is added.
#[inline(always)]
fn cut<A: Vectors<W>, const W: usize>(
    a: A,
    shape: &BootstrapShape,
    residue: A::V,
    offset: A::V,
    digits: &mut [A::V],
) {
    let BootstrapShape { base_log, levels, .. } = *shape;
    let shift = MODULUS_BITS - base_log * levels;
    let base = a.splat(1 << base_log);
    let is_negative = a.less(a.splat(MODULUS / 2), residue);
    let magnitude = a.min(residue, a.sub(a.splat(MODULUS), residue));
    let mut rest = a.shift_right(a.add(magnitude, a.splat(1 << (shift - 1))), shift);
    let places = digits.iter_mut().step_by(2 * shape.size() / W);
    for (place, above) in places.zip((0..levels).rev()) {
        // The last digit is what is left: at most half the base, as magnitudes are at most p/2.
        let mut digit = rest;
        if above > 0 {
            digit = a.and(rest, a.splat((1 << base_log) - 1));
            rest = a.shift_right(rest, base_log);
            let next_bit = a.and(a.shift_right(rest, base_log - 1), a.splat(1));
            let is_large = a.less(a.splat(1 << (base_log - 1)), a.add(digit, next_bit));
            rest = a.add_where(is_large, rest, a.splat(1));
            digit = a.select(is_large, digit, a.sub(digit, base));
        }
        *place = a.select(is_negative, a.add(offset, digit), a.sub(offset, digit));
    }
}
