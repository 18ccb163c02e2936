//! Goldilocks in eight 64-bit lanes: p = 2^64 − 2^32 + 1, so that 2^64 ≡ 2^32 − 1 and 2^96 ≡ −1.

use ark_ff::PrimeField;

use super::arithmetic::Arithmetic;
use crate::cpu::simd::{Avx512, Words};
use crate::field::Goldilocks;

const P: u64 = Goldilocks::MODULUS.0[0];
/// 2^64 mod p.
const EPSILON: u64 = P.wrapping_neg();

/// The integers below p that factors stand for, and their high halves.
#[derive(Clone, Copy, Debug)]
pub struct Halves {
    low: Words,
    high: Words,
}

/// Values are any 64-bit integers that are congruent to the element's Montgomery form.
impl Arithmetic<Goldilocks> for Avx512 {
    const LOG_WIDTH: u32 = 3;
    const LOG_TILE: u32 = 15;
    const LOG_COLUMNS: u32 = 5;
    const RADIX_8: bool = true;
    type Vector = Words;
    type Factors = Halves;

    #[inline(always)]
    fn run<R>(self, work: impl FnOnce() -> R) -> R {
        Avx512::run(self, work)
    }

    #[inline(always)]
    fn load(self, values: &[Goldilocks]) -> Words {
        let [vector] = self.load_elements(values);
        vector
    }

    #[inline(always)]
    fn store(self, vector: Words, values: &mut [Goldilocks]) {
        self.store_elements([self.below_p(vector)], values);
    }

    #[inline(always)]
    fn factors(self, values: &[Goldilocks]) -> Halves {
        let mut integers = [0; 8];
        for (integer, value) in integers.iter_mut().zip(values) {
            *integer = value.into_bigint().0[0];
        }
        self.halves_of(Avx512::load(self, &integers))
    }

    #[inline(always)]
    fn spread(self, factors: &Halves, lane: usize) -> Halves {
        let lane = self.splat(lane as u64);
        Halves { low: self.permute(lane, factors.low), high: self.permute(lane, factors.high) }
    }

    #[inline(always)]
    fn combine(self, a: Halves, b: Halves) -> Halves {
        self.halves_of(self.below_p(self.scale(a.low, b)))
    }

    #[inline(always)]
    fn scale(self, x: Words, w: Halves) -> Words {
        let (bits, low) = (self.splat(32), self.splat(EPSILON));
        let x_high = self.shift_right(x, bits);
        // The 128-bit product in 32-bit columns.
        let low_low = self.mul_u32(x, w.low);
        let high_low = self.add(self.mul_u32(x_high, w.low), self.shift_right(low_low, bits));
        let low_high = self.add(self.mul_u32(x, w.high), self.and(high_low, low));
        let high_high = self.mul_u32(x_high, w.high);
        let high = self.add(
            self.add(high_high, self.shift_right(high_low, bits)),
            self.shift_right(low_high, bits),
        );
        let low = self.or(self.shift_left(low_high, bits), self.and(low_low, low));
        self.fold(low, high)
    }

    #[inline(always)]
    fn forward(self, u: Words, v: Words, w: Halves) -> (Words, Words) {
        self.both(u, self.scale(v, w))
    }

    #[inline(always)]
    fn inverse(self, u: Words, v: Words, w: Halves) -> (Words, Words) {
        let (sum, difference) = self.both(u, v);
        (sum, self.scale(difference, w))
    }

    #[inline(always)]
    fn transpose(self, vectors: &mut [Words; 8]) {
        *vectors = Avx512::transpose(self, *vectors);
    }
}

impl Avx512 {
    #[inline(always)]
    fn halves_of(self, low: Words) -> Halves {
        Halves { low, high: self.shift_right(low, self.splat(32)) }
    }

    /// The least value.
    #[inline(always)]
    fn below_p(self, x: Words) -> Words {
        self.min(x, self.sub(x, self.splat(P)))
    }

    /// u + v and u − v. With v below p a sum over 2^64, less 2^64, is below p, and a negative difference
    /// over −p: a single correction is enough.
    #[inline(always)]
    fn both(self, u: Words, v: Words) -> (Words, Words) {
        let v = self.below_p(v);
        let (sum, difference) = (self.add(u, v), self.sub(u, v));
        let (over, under) = (self.less(sum, v), self.less(u, v));
        (
            self.add_where(over, sum, self.splat(EPSILON)),
            self.add_where(under, difference, self.splat(P)),
        )
    }

    /// low + 2^64·high, where high is a + 2^32·b: low + (2^32 − 1)·a − b.
    #[inline(always)]
    fn fold(self, low: Words, high: Words) -> Words {
        let b = self.shift_right(high, self.splat(32));
        // A borrow is worth −2^64, that is, p − 2^64 more or less; there is room for it, as b is small
        // and the difference therefore close to 2^64.
        let less = self.sub(low, b);
        let less = self.add_where(self.less(low, b), less, self.splat(P));
        let a = self.mul_u32(high, self.splat(EPSILON));
        // A carry is worth 2^32 − 1, and the sum is at most 2^64 − 2^32 below it.
        let sum = self.add(less, a);
        self.add_where(self.less(sum, a), sum, self.splat(EPSILON))
    }
}
