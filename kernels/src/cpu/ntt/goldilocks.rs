//! Goldilocks in eight 64-bit lanes: p = 2^64 − 2^32 + 1, so that 2^64 ≡ 2^32 − 1 and 2^96 ≡ −1.

use ark_ff::PrimeField;

use super::arithmetic::Arithmetic;
use crate::cpu::simd::Vectors;
use crate::field::Goldilocks;

const P: u64 = Goldilocks::MODULUS.0[0];
/// 2^64 mod p.
const EPSILON: u64 = P.wrapping_neg();

/// Arithmetic in the words of `A`.
#[derive(Clone, Copy, Debug)]
pub struct Folded<A>(pub A);

/// The integers below p that factors stand for, and their high halves.
#[derive(Clone, Copy, Debug)]
pub struct Halves<V> {
    low: V,
    high: V,
}

/// Values are any 64-bit integers that are congruent to the element's Montgomery form.
impl<A: Vectors<8>> Arithmetic<Goldilocks> for Folded<A> {
    const LOG_WIDTH: u32 = 3;
    const LOG_TILE: u32 = 15;
    const LOG_COLUMNS: u32 = 5;
    const RADIX_8: bool = A::IS_ONE_REGISTER;
    type Vector = A::V;
    type Factors = Halves<A::V>;

    #[inline(always)]
    fn run<R>(self, work: impl FnOnce() -> R) -> R {
        self.0.run(work)
    }

    #[inline(always)]
    fn load(self, values: &[Goldilocks]) -> A::V {
        let mut words = [0; 8];
        for (word, value) in words.iter_mut().zip(values) {
            *word = value.0.0[0];
        }
        self.0.load(&words)
    }

    #[inline(always)]
    fn store(self, vector: A::V, values: &mut [Goldilocks]) {
        let mut words = [0; 8];
        self.0.store(self.below_p(vector), &mut words);
        let values = values.first_chunk_mut::<8>().expect("as many as a vector has");
        for (value, word) in values.iter_mut().zip(words) {
            value.0.0 = [word];
        }
    }

    #[inline(always)]
    fn factors(self, values: &[Goldilocks]) -> Halves<A::V> {
        let mut integers = [0; 8];
        for (integer, value) in integers.iter_mut().zip(values) {
            *integer = value.into_bigint().0[0];
        }
        self.halves_of(self.0.load(&integers))
    }

    #[inline(always)]
    fn spread(self, factors: &Halves<A::V>, lane: usize) -> Halves<A::V> {
        Halves { low: self.0.spread(factors.low, lane), high: self.0.spread(factors.high, lane) }
    }

    #[inline(always)]
    fn combine(self, a: Halves<A::V>, b: Halves<A::V>) -> Halves<A::V> {
        self.halves_of(self.below_p(self.scale(a.low, b)))
    }

    #[inline(always)]
    fn scale(self, x: A::V, w: Halves<A::V>) -> A::V {
        let (a, low) = (self.0, self.0.splat(EPSILON));
        let x_high = a.shift_right(x, 32);
        // The 128-bit product in 32-bit columns.
        let low_low = a.mul_u32(x, w.low);
        let high_low = a.add(a.mul_u32(x_high, w.low), a.shift_right(low_low, 32));
        let low_high = a.add(a.mul_u32(x, w.high), a.and(high_low, low));
        let high_high = a.mul_u32(x_high, w.high);
        let high =
            a.add(a.add(high_high, a.shift_right(high_low, 32)), a.shift_right(low_high, 32));
        let low = a.or(a.shift_left(low_high, 32), a.and(low_low, low));
        self.fold(low, high)
    }

    #[inline(always)]
    fn forward(self, u: A::V, v: A::V, w: Halves<A::V>) -> (A::V, A::V) {
        self.both(u, self.scale(v, w))
    }

    #[inline(always)]
    fn inverse(self, u: A::V, v: A::V, w: Halves<A::V>) -> (A::V, A::V) {
        let (sum, difference) = self.both(u, v);
        (sum, self.scale(difference, w))
    }

    #[inline(always)]
    fn transpose(self, vectors: &mut [A::V; 8]) {
        *vectors = self.0.transpose(*vectors);
    }
}

impl<A> Folded<A> {
    #[inline(always)]
    fn halves_of(self, low: A::V) -> Halves<A::V>
    where
        A: Vectors<8>,
    {
        Halves { low, high: self.0.shift_right(low, 32) }
    }

    /// The least value.
    #[inline(always)]
    fn below_p(self, x: A::V) -> A::V
    where
        A: Vectors<8>,
    {
        let a = self.0;
        a.add_where(a.below(a.splat(P - 1), x), x, a.splat(EPSILON))
    }

    /// u + v and u − v. With v below p a sum over 2^64, less 2^64, is below p, and a negative difference
    /// over −p: a single correction is enough.
    #[inline(always)]
    fn both(self, u: A::V, v: A::V) -> (A::V, A::V)
    where
        A: Vectors<8>,
    {
        let a = self.0;
        let v = self.below_p(v);
        let (sum, difference) = (a.add(u, v), a.sub(u, v));
        let (over, under) = (a.below(sum, v), a.below(u, v));
        (a.add_where(over, sum, a.splat(EPSILON)), a.add_where(under, difference, a.splat(P)))
    }

    /// low + 2^64·high, where high is a + 2^32·b: low + (2^32 − 1)·a − b.
    #[inline(always)]
    fn fold(self, low: A::V, high: A::V) -> A::V
    where
        A: Vectors<8>,
    {
        let a = self.0;
        let b = a.shift_right(high, 32);
        // A borrow is worth −2^64, that is, p − 2^64 more or less; there is room for it, as b is small
        // and the difference therefore close to 2^64.
        let less = a.sub(low, b);
        let less = a.add_where(a.below(low, b), less, a.splat(P));
        let times = a.mul_u32(high, a.splat(EPSILON));
        // A carry is worth 2^32 − 1. Where there is one, what is left is at most 2^64 − 2^33: there is room.
        let sum = a.add(less, times);
        a.add_where(a.below(sum, times), sum, a.splat(EPSILON))
    }
}
