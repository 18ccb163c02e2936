//! Vectors of 64-bit words with Montgomery's products modulo p: what bootstrapping is written over, and
//! its form for any CPU.
//!
//! Words wrap modulo 2^64; a number from −4p to 0 stands there as one just below 2^64. The functions here
//! know no ranges but those of factors: everything else is said where they are used.

use crate::bootstrap::MODULUS;
use crate::cpu::simd::Portable;

/// p^(−1) mod 2^64. Newton's iteration doubles the number of right bits: p·p ≡ 1 mod 8 to begin with.
pub(super) const INVERSE: u64 = {
    let (mut x, mut round) = (MODULUS, 0);
    while round < 5 {
        x = x.wrapping_mul(2u64.wrapping_sub(MODULUS.wrapping_mul(x)));
        round += 1;
    }
    x
};

/// 1 − 1/R mod p: what is missing from a [`Vectors::quick_product`], and where a sum of products starts.
#[expect(clippy::cast_possible_truncation, reason = "below p")]
pub(super) const fn missing(bits: u32) -> u64 {
    let inverse = INVERSE & (u64::MAX >> (u64::BITS - bits));
    // p·p^(−1) = 1 + R·θ, so that θ = −1/R.
    ((inverse as u128 * MODULUS as u128) >> bits) as u64 + 1
}

/// w·R mod p, and that times p^(−1) mod R, or −p^(−1) for [`Vectors::quick_product`]: what multiplies by
/// w.
#[derive(Clone, Copy, Debug)]
pub(super) struct Factor<V> {
    pub value: V,
    pub quotient: V,
}

impl Factor<u64> {
    /// The same factor in every lane.
    #[inline(always)]
    pub fn splat<A: Vectors<W>, const W: usize>(self, vectors: A) -> Factor<A::V> {
        Factor { value: vectors.splat(self.value), quotient: vectors.splat(self.quotient) }
    }
}

/// Vectors of `W` words, and arithmetic in each lane.
///
/// Every method but [`Self::run`] must be inlined into a call of `run`: it is there that the CPU's
/// instructions are switched on.
pub(super) trait Vectors<const W: usize>: Copy + Send + Sync + 'static {
    /// log2 of R, at least 52: multiplied values are below R, which is over 4p.
    const BITS: u32;
    /// log2 of the vectors that a transform has in registers at a time, at most 4.
    const LOG_RADIX: u32;
    /// Words.
    type V: Copy + Send + Sync;
    /// Lanes.
    type Mask: Copy;
    /// Sums of products that are not reduced.
    type Sum: Copy;

    /// Runs `work` with the instructions of these vectors.
    fn run<R>(self, work: impl FnOnce() -> R) -> R;

    /// Asks the memory for a vector that will be read before long. It has no other effect.
    fn prefetch(self, v: &Self::V);

    /// The same word in every lane.
    fn splat(self, word: u64) -> Self::V;

    /// Words from memory.
    fn load(self, words: &[u64; W]) -> Self::V;

    /// Words to memory.
    fn store(self, v: Self::V, words: &mut [u64; W]);

    /// a + b.
    fn add(self, a: Self::V, b: Self::V) -> Self::V;

    /// a − b.
    fn sub(self, a: Self::V, b: Self::V) -> Self::V;

    /// The low half of a·b.
    fn mul_low(self, a: Self::V, b: Self::V) -> Self::V;

    /// The bits of both.
    fn and(self, a: Self::V, b: Self::V) -> Self::V;

    /// a shifted right.
    fn shift_right(self, a: Self::V, bits: u32) -> Self::V;

    /// a shifted right, with copies of its sign.
    fn shift_right_signed(self, a: Self::V, bits: u32) -> Self::V;

    /// The lesser, unsigned.
    fn min(self, a: Self::V, b: Self::V) -> Self::V;

    /// The greater, unsigned.
    fn max(self, a: Self::V, b: Self::V) -> Self::V;

    /// Where a is less than b, unsigned.
    fn less(self, a: Self::V, b: Self::V) -> Self::Mask;

    /// a + b where the mask is set, a where it is not.
    fn add_where(self, mask: Self::Mask, a: Self::V, b: Self::V) -> Self::V;

    /// b where the mask is set, a where it is not.
    fn select(self, mask: Self::Mask, a: Self::V, b: Self::V) -> Self::V;

    /// Lane i of vector j becomes lane j of vector i.
    fn transpose(self, vectors: [Self::V; W]) -> [Self::V; W];

    /// x·w + `offset` for x from 0 to 4p: from −p to p, both excluded, more than `offset`.
    ///
    /// Montgomery's product, with the quotient's factor computed beforehand as in Shoup's: as both low
    /// halves are equal, only the high ones are subtracted (Harvey, "Faster arithmetic for
    /// number-theoretic transforms", 2014, section 4).
    fn product(self, offset: Self::V, x: Self::V, w: Factor<Self::V>) -> Self::V;

    /// x·w + 1/R − 1 + `start` for x from 0 to 4p: from 0 to 2p, more than `start`.
    ///
    /// An operation less than [`Self::product`]. The multiple of p is chosen so that both low halves add
    /// up to R − 1: their carry is never anything but 0, and both high halves can be accumulated. What
    /// that adds, 1/R − 1, is the same for all x, so that a transform's results are off by constants.
    fn quick_product(self, start: Self::V, x: Self::V, w: Factor<Self::V>) -> Self::V;

    /// A sum of no products, which [`Self::reduce`] gives as `start`, below p.
    fn sum(self, start: Self::V) -> Self::Sum;

    /// sum + x·y for x from 0 to 4p and y below p. Twice between one [`Self::carry`] and the next.
    fn add_product(self, sum: Self::Sum, x: Self::V, y: Self::V) -> Self::Sum;

    /// The same sum with room for two more products.
    fn carry(self, sum: Self::Sum) -> Self::Sum;

    /// sum/R + 1/R − 1, from 0 to 4p, for a sum of two products, or one that was carried.
    fn reduce(self, sum: Self::Sum) -> Self::V;
}

/// One word at a time. R = 2^64.
impl Vectors<1> for Portable {
    const BITS: u32 = 64;
    const LOG_RADIX: u32 = 2;
    type V = u64;
    type Mask = bool;
    type Sum = u128;

    #[inline(always)]
    fn run<R>(self, work: impl FnOnce() -> R) -> R {
        work()
    }

    #[inline(always)]
    fn prefetch(self, _v: &u64) {}

    #[inline(always)]
    fn splat(self, word: u64) -> u64 {
        word
    }

    #[inline(always)]
    fn load(self, words: &[u64; 1]) -> u64 {
        words[0]
    }

    #[inline(always)]
    fn store(self, v: u64, words: &mut [u64; 1]) {
        words[0] = v;
    }

    #[inline(always)]
    fn add(self, a: u64, b: u64) -> u64 {
        a.wrapping_add(b)
    }

    #[inline(always)]
    fn sub(self, a: u64, b: u64) -> u64 {
        a.wrapping_sub(b)
    }

    #[inline(always)]
    fn mul_low(self, a: u64, b: u64) -> u64 {
        a.wrapping_mul(b)
    }

    #[inline(always)]
    fn and(self, a: u64, b: u64) -> u64 {
        a & b
    }

    #[inline(always)]
    fn shift_right(self, a: u64, bits: u32) -> u64 {
        a >> bits
    }

    #[inline(always)]
    fn shift_right_signed(self, a: u64, bits: u32) -> u64 {
        (a.cast_signed() >> bits).cast_unsigned()
    }

    #[inline(always)]
    fn min(self, a: u64, b: u64) -> u64 {
        a.min(b)
    }

    #[inline(always)]
    fn max(self, a: u64, b: u64) -> u64 {
        a.max(b)
    }

    #[inline(always)]
    fn less(self, a: u64, b: u64) -> bool {
        a < b
    }

    #[inline(always)]
    fn add_where(self, mask: bool, a: u64, b: u64) -> u64 {
        if mask { a.wrapping_add(b) } else { a }
    }

    #[inline(always)]
    fn select(self, mask: bool, a: u64, b: u64) -> u64 {
        if mask { b } else { a }
    }

    #[inline(always)]
    fn transpose(self, vectors: [u64; 1]) -> [u64; 1] {
        vectors
    }

    #[inline(always)]
    fn product(self, offset: u64, x: u64, w: Factor<u64>) -> u64 {
        let quotient = x.wrapping_mul(w.quotient);
        offset.wrapping_add(high(x, w.value)).wrapping_sub(high(quotient, MODULUS))
    }

    #[inline(always)]
    fn quick_product(self, start: u64, x: u64, w: Factor<u64>) -> u64 {
        let quotient = x.wrapping_mul(w.quotient).wrapping_sub(INVERSE);
        start.wrapping_add(high(x, w.value)).wrapping_add(high(quotient, MODULUS))
    }

    #[inline(always)]
    fn sum(self, start: u64) -> u128 {
        u128::from(start) << 64
    }

    #[inline(always)]
    fn add_product(self, sum: u128, x: u64, y: u64) -> u128 {
        sum + u128::from(x) * u128::from(y)
    }

    /// There are at most 2·49 products below 2^102.
    #[inline(always)]
    fn carry(self, sum: u128) -> u128 {
        sum
    }

    #[inline(always)]
    #[expect(clippy::cast_possible_truncation, reason = "the two halves")]
    fn reduce(self, sum: u128) -> u64 {
        // As in a quick product: −(low + 1)/p.
        let quotient = (!(sum as u64)).wrapping_mul(INVERSE);
        ((sum >> 64) as u64) + high(quotient, MODULUS)
    }
}

/// The high half of a product.
#[inline(always)]
fn high(a: u64, b: u64) -> u64 {
    ((u128::from(a) * u128::from(b)) >> 64) as u64
}
