//! Limbs from words, and back.

use ark_ff::MontConfig;

use super::constants::{BIAS, BIAS_CARRIED, BITS, Constants, LIMB, RADIX};
use super::{Eight, Fp51, Limbs, each};
use crate::cpu::simd::Line;
use crate::cpu::simd::doubles::ROUNDING;

impl<D: Eight, const L: usize, const ROWS: usize> Fp51<D, L, ROWS> {
    /// The 51-bit limbs of N words, from 0 to 2^51 − 1.
    #[inline(always)]
    pub(super) fn unpack<const N: usize>(self, words: [D::Bits; N]) -> Limbs<D, L> {
        let d = self.0;
        each!(d.every(0.0), i => {
            let (word, shift) = (BITS * i / 64, BITS * i % 64);
            let mut limb = d.shift_right(words[word], shift);
            if shift > 64 - BITS && word + 1 < N {
                limb = d.or(limb, d.shift_left(words[word + 1], 64 - shift));
            }
            self.double(d.and(limb, d.splat(LIMB)), 0.0)
        })
    }

    /// The N words of a number between −p and p, to which p is added if it is below zero.
    #[inline(always)]
    pub(super) fn pack<P: MontConfig<N>, const N: usize>(self, a: Limbs<D, L>) -> [D::Bits; N] {
        let d = self.0;
        let p = Constants::<P, N, L, ROWS>::MODULUS;
        // Limbs below the highest that is not zero do not outweigh it.
        let mut sign = a[L - 1];
        unroll!(i < L - 1, {
            sign = d.multiply_add(sign, d.every(RADIX), a[L - 2 - i]);
        });
        // A zero that has a sign loses it.
        let negative = d.negative(d.plus(sign, d.every(0.0)));
        let mut carried = [d.splat(0); L];
        unroll!(i < L, {
            let more = d.choose(negative, d.every(0.0), d.doubles(d.splat(p[i])));
            let bits = d.add(d.bits(d.plus(a[i], d.every(ROUNDING))), d.bits(more));
            let offset = BIAS.wrapping_sub(ROUNDING.to_bits());
            carried[i] = d.add(bits, d.splat(offset));
            if i > 0 {
                let carry = d.shift_right(carried[i - 1], BITS);
                carried[i] = d.add(carried[i], d.sub(carry, d.splat(BIAS_CARRIED)));
            }
        });
        let limbs = each!(d.splat(0), i => d.and(carried[i], d.splat(LIMB)));
        let mut words = [d.splat(0); N];
        unroll!(i < N, {
            // The limbs that overlap bits 64·i to 64·i + 63: two, or three.
            let (first, shift) = (64 * i / BITS, 64 * i % BITS);
            let mut word = d.shift_right(limbs[first], shift);
            if first + 1 < L {
                word = d.or(word, d.shift_left(limbs[first + 1], BITS - shift));
            }
            if first + 2 < L && 2 * BITS - shift < 64 {
                let at = 2 * BITS - shift;
                word = d.or(word, d.shift_left(limbs[first + 2], at));
            }
            words[i] = word;
        });
        words
    }

    /// Word k of the line of each lane, for each k.
    #[inline(always)]
    pub(super) fn columns<'a>(self, line: impl Fn(usize) -> &'a Line) -> [D::V; 8] {
        let mut rows = [self.0.splat(0); 8];
        unroll!(lane < 8, {
            rows[lane] = self.0.load(&line(lane).0);
        });
        self.0.transpose(rows)
    }
}
