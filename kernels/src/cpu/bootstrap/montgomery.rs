//! Montgomery's products of words modulo p, not always reduced.
//!
//! A number from −4p to 0 stands in a word as one just below 2^64. The functions here know no ranges but
//! those of factors: everything else is said where they are used, in `late`.

use crate::bootstrap::MODULUS;
use crate::cpu::simd::Portable;
use crate::cpu::simd::Vectors;

/// p^(−1) mod 2^64. Newton's iteration doubles the number of right bits: p·p ≡ 1 mod 8 to begin with.
pub(super) const INVERSE: u64 = {
    let (mut x, mut round) = (MODULUS, 0);
    while round < 5 {
        x = x.wrapping_mul(2u64.wrapping_sub(MODULUS.wrapping_mul(x)));
        round += 1;
    }
    x
};

/// 1 − 1/R mod p: what is missing from a [`Montgomery::quick_product`], and where a sum of products starts.
#[expect(clippy::cast_possible_truncation, reason = "below p")]
pub(super) const fn missing(bits: u32) -> u64 {
    let inverse = INVERSE & (u64::MAX >> (u64::BITS - bits));
    // p·p^(−1) = 1 + R·θ, so that θ = −1/R.
    ((inverse as u128 * MODULUS as u128) >> bits) as u64 + 1
}

/// w·R mod p, and that times p^(−1) mod R, or −p^(−1) for [`Montgomery::quick_product`]: what multiplies by
/// w.
#[derive(Clone, Copy, Debug)]
pub(super) struct Factor<V> {
    pub value: V,
    pub quotient: V,
}

/// Vectors of words with Montgomery's products modulo p.
pub(super) trait Montgomery<const W: usize>: Vectors<W> {
    /// log2 of R, at least 52: multiplied values are below R, which is over 4p.
    const BITS: u32;
    /// log2 of the vectors that a transform has in registers at a time.
    const LOG_RADIX: u32;
    /// Sums of products that are not reduced.
    type Sum: Copy;

    /// Asks the memory for a vector that will be read before long. It has no other effect.
    fn prefetch(self, v: &Self::V);

    /// a shifted right, with copies of its sign.
    fn shift_right_signed(self, a: Self::V, bits: u32) -> Self::V;

    /// The lesser, unsigned.
    fn min(self, a: Self::V, b: Self::V) -> Self::V;

    /// The greater, unsigned.
    fn max(self, a: Self::V, b: Self::V) -> Self::V;

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

impl Montgomery<1> for Portable {
    const BITS: u32 = 64;
    const LOG_RADIX: u32 = 2;
    type Sum = u128;

    #[inline(always)]
    fn prefetch(self, _v: &u64) {}

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
