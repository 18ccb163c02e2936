//! (X^e − 1)·A, cut into digits.
//!
//! A polynomial lies with its first W coefficients, negated, after its N: any W in a row of the 2N that it
//! has together with its negatives are one load, or the negative of one.

use super::vectors::Vectors;
use crate::bootstrap::integers::MODULUS_BITS;
use crate::bootstrap::{BootstrapShape, MODULUS};

/// Writes the digits of (X^exponent − 1)·polynomial, from 0 to 4p as they are 2p too large: those of a
/// level are the vectors of `digits` from 2·level·N/W on. The exponent is from 1 to 2N − 1.
#[inline(always)]
pub(super) fn turned_difference<A: Vectors<W>, const W: usize>(
    a: A,
    shape: &BootstrapShape,
    polynomial: &[u64],
    exponent: usize,
    digits: &mut [A::V],
) {
    let size = shape.size();
    // Coefficient j comes from 2N − exponent + j modulo 2N, the negatives being those from N on.
    let from = 2 * size - exponent;
    let (is_negative, from) = (from >= size, from % size);
    let vectors = (size - from).div_ceil(W);
    let rest = from + vectors * W - size;
    let (first, second) = ((from, 0..vectors), (rest, vectors..size / W));
    for ((from, to), is_negative) in [(first, is_negative), (second, !is_negative)] {
        let (turned, _) = polynomial[from..].as_chunks();
        let (plain, _) = polynomial.as_chunks();
        let pairs = turned.iter().zip(&plain[to.clone()]);
        for ((turned, plain), at) in pairs.zip(to) {
            let turned = a.load(turned);
            let turned = if is_negative { a.sub(a.splat(MODULUS), turned) } else { turned };
            let difference = a.sub(turned, a.load(plain));
            let residue = a.min(difference, a.add(difference, a.splat(MODULUS)));
            cut(a, shape, residue, at, digits);
        }
    }
}

/// Digits of residues from 0 to p; p is a zero, too.
#[inline(always)]
fn cut<A: Vectors<W>, const W: usize>(
    a: A,
    shape: &BootstrapShape,
    residue: A::V,
    at: usize,
    digits: &mut [A::V],
) {
    let BootstrapShape { base_log, levels, .. } = *shape;
    let stride = 2 * shape.size() / W;
    let shift = MODULUS_BITS - base_log * levels;
    let base = a.splat(1 << base_log);
    let is_negative = a.less(a.splat(MODULUS / 2), residue);
    let magnitude = a.min(residue, a.sub(a.splat(MODULUS), residue));
    let mut rest = a.shift_right(a.add(magnitude, a.splat(1 << (shift - 1))), shift);
    let with_sign = |digit| {
        let two_p = a.splat(2 * MODULUS);
        a.select(is_negative, a.add(two_p, digit), a.sub(two_p, digit))
    };
    for level in 0..levels as usize - 1 {
        let digit = a.and(rest, a.splat((1 << base_log) - 1));
        rest = a.shift_right(rest, base_log);
        let next_bit = a.and(a.shift_right(rest, base_log - 1), a.splat(1));
        let is_large = a.less(a.splat(1 << (base_log - 1)), a.add(digit, next_bit));
        rest = a.select(is_large, rest, a.add(rest, a.splat(1)));
        let digit = a.select(is_large, digit, a.sub(digit, base));
        digits[level * stride + at] = with_sign(digit);
    }
    // What is left is at most half the base, as magnitudes are at most p/2.
    digits[(levels as usize - 1) * stride + at] = with_sign(rest);
}
