//! Vectors of 64-bit words, which wrap modulo 2^64.

use super::Portable;

/// Vectors of `W` words, and arithmetic in each lane.
///
/// Every method but [`Self::run`] must be inlined into a call of `run`: it is there that the CPU's
/// instructions are switched on.
pub trait Vectors<const W: usize>: Copy + Send + Sync + 'static {
    /// Whether a vector is one register of many, so that eight vectors fit beside what they need.
    const IS_ONE_REGISTER: bool;
    /// Words.
    type V: Copy + Send + Sync + 'static;
    /// Lanes.
    type Mask: Copy;

    /// Runs `work` with the instructions of these vectors.
    fn run<R>(self, work: impl FnOnce() -> R) -> R;

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

    /// The bits of either.
    fn or(self, a: Self::V, b: Self::V) -> Self::V;

    /// a shifted left.
    fn shift_left(self, a: Self::V, bits: usize) -> Self::V;

    /// a shifted right.
    fn shift_right(self, a: Self::V, bits: usize) -> Self::V;

    /// Where a is less than b, both below 2^63.
    fn less(self, a: Self::V, b: Self::V) -> Self::Mask;

    /// a + b where the mask is set, a where it is not.
    fn add_where(self, mask: Self::Mask, a: Self::V, b: Self::V) -> Self::V;

    /// b where the mask is set, a where it is not.
    fn select(self, mask: Self::Mask, a: Self::V, b: Self::V) -> Self::V;

    /// Where a is less than b, without signs.
    fn below(self, a: Self::V, b: Self::V) -> Self::Mask;

    /// The product of the low 32 bits of a and b.
    fn mul_u32(self, a: Self::V, b: Self::V) -> Self::V;

    /// The same. The compiler keeps the order in which values are settled: what comes from one that is settled
    /// later is not begun before.
    #[inline(always)]
    fn settle(self, a: Self::V) -> Self::V {
        a
    }

    /// The word of one lane in every lane.
    fn spread(self, a: Self::V, lane: usize) -> Self::V;

    /// Lane i of vector j becomes lane j of vector i.
    fn transpose(self, vectors: [Self::V; W]) -> [Self::V; W];
}

impl Vectors<1> for Portable {
    const IS_ONE_REGISTER: bool = false;
    type V = u64;
    type Mask = bool;

    #[inline(always)]
    fn run<R>(self, work: impl FnOnce() -> R) -> R {
        work()
    }

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
    fn or(self, a: u64, b: u64) -> u64 {
        a | b
    }

    #[inline(always)]
    fn shift_left(self, a: u64, bits: usize) -> u64 {
        a << bits
    }

    #[inline(always)]
    fn shift_right(self, a: u64, bits: usize) -> u64 {
        a >> bits
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
    fn below(self, a: u64, b: u64) -> bool {
        a < b
    }

    #[inline(always)]
    fn mul_u32(self, a: u64, b: u64) -> u64 {
        (a & u64::from(u32::MAX)) * (b & u64::from(u32::MAX))
    }

    #[inline(always)]
    fn spread(self, a: u64, _lane: usize) -> u64 {
        a
    }

    #[inline(always)]
    fn transpose(self, vectors: [u64; 1]) -> [u64; 1] {
        vectors
    }
}
