//! Vectors of residues modulo p: what transforms, products with a key and blind rotations are written over.
//!
//! How residues are kept, and how far from reduced they may be at which step, is each implementation's own
//! affair. What comes out at the end is reduced, and so the same bit for bit.

use crate::bootstrap::BASE_LOG_MAX;
use crate::cpu::simd::Vectors;
use crate::field::Prime50;

/// The greatest absolute value of a digit.
pub(super) const DIGIT: u64 = 1 << (BASE_LOG_MAX - 1);

/// Vectors of `W` residues.
///
/// Methods with `self` must be inlined into a call of [`Self::run`]: it is there that the CPU's
/// instructions are switched on.
pub(super) trait Residues<const W: usize>: Copy + Send + Sync + 'static {
    /// log2 of the vectors that a transform has in registers at a time, at most 4.
    const LOG_RADIX: u32;
    /// Whether the last pass over whole vectors is done block by block, together with the levels within vectors.
    const HAS_TAIL: bool;
    /// What multiplies the values of a key beforehand: log2 of a power of two that products are divided by.
    const KEY_BITS: u32;
    /// What sums of products lack when they are [reduced](Self::reduce).
    const MISSING: u64;
    /// The least constant that is added before a transform, so that digits may be negative.
    const OFFSET: u64;

    /// Residues.
    type V: Copy + Send + Sync;
    /// Vectors of integers, with the same instructions.
    type Words: Vectors<W>;
    /// What multiplies all lanes.
    type Factor: Copy + Send + Sync;
    /// What multiplies each lane.
    type Factors: Copy + Send + Sync;
    /// Sums of products that are not reduced.
    type Sum: Copy;

    /// The instructions on integers.
    fn words(self) -> Self::Words;

    /// Runs `work` with the instructions of these vectors.
    #[inline(always)]
    fn run<R>(self, work: impl FnOnce() -> R) -> R {
        self.words().run(work)
    }

    /// Asks the memory for a vector that will be read before long. It has no other effect.
    fn prefetch(self, v: &Self::V);

    /// How a residue below p lies in memory.
    fn stored(residue: u64) -> u64;

    /// The residue below p that lies there.
    fn residue(stored: u64) -> u64;

    /// −residue, of what lies in memory.
    fn negative(stored: u64) -> u64;

    /// Zero.
    fn zero(self) -> Self::V;

    /// Residues below p plus a constant of up to p + [`DIGIT`], reduced.
    fn enter_residues(self, residues: &[u64; W], constant: u64) -> Self::V;

    /// A digit, of at most [`DIGIT`], plus the constant of its place, that is at least [`Self::OFFSET`]: to be
    /// transformed.
    fn enter_digit(self, digit: <Self::Words as Vectors<W>>::V, constant: u64) -> Self::V;

    /// The same, reduced.
    fn reduced(self, x: Self::V) -> Self::V;

    /// What multiplies by w. A quick product may be off by a constant.
    fn factor(w: Prime50, is_quick: bool) -> Self::Factor;

    /// A factor for each lane.
    fn factors(self, factors: [Self::Factor; W]) -> Self::Factors;

    /// The same factor for all lanes.
    fn spread(self, factor: Self::Factor) -> Self::Factors;

    /// x·w, reduced, for a factor that is not quick.
    fn scale(self, x: Self::V, w: Self::Factors) -> Self::V;

    /// Lane i of vector j becomes lane j of vector i.
    fn transpose(self, vectors: [Self::V; W]) -> [Self::V; W];

    /// All levels of `RADIX` vectors: (u + v·w, u − v·w). The vectors are what these levels gave, or, where
    /// they `are_entered`, what was entered. `factor(l, b)` is that of block b in level l: quick over whole vectors,
    /// not within vectors.
    fn forward_levels<const RADIX: usize>(
        self,
        x: [Self::V; RADIX],
        are_entered: bool,
        is_quick: bool,
        factor: impl Fn(usize, usize) -> Self::Factors,
    ) -> [Self::V; RADIX];

    /// Levels back of `RADIX` vectors, down to `lowest`, 0 or 1: (u + v, (u − v)·w), with quick factors. The
    /// vectors are what [`Self::reduce`] or these levels, down to 0, gave.
    fn inverse_levels<const RADIX: usize>(
        self,
        x: [Self::V; RADIX],
        lowest: usize,
        factor: impl Fn(usize, usize) -> Self::Factors,
    ) -> [Self::V; RADIX];

    /// The last level back, of vectors that went down to level 1: u + v and (u − v)·w are added to what lies
    /// in memory.
    fn last_level(self, u: Self::V, v: Self::V, w: Self::Factors, sums: [&mut [u64; W]; 2]);

    /// Residues that lie in memory, or their negatives, less others that do.
    fn difference(self, of: &[u64; W], is_negative: bool, less: &[u64; W]) -> Self::V;

    /// The integers from 0 to p, where p is zero, too, of a [difference](Self::difference).
    fn integers(self, difference: Self::V) -> <Self::Words as Vectors<W>>::V;

    /// The one digit of a difference: of the residue nearest to zero, over 2^shift and rounded, a half away
    /// from zero. It is entered.
    fn only_digit(self, difference: Self::V, shift: u32, constant: u64) -> Self::V;

    /// A sum of no products, which [`Self::reduce`] gives as `start`, reduced.
    fn sum(self, start: Self::V) -> Self::Sum;

    /// sum + x·y for x as transforms leave it and y reduced. Twice between one [`Self::carry`] and the next.
    fn add_product(self, sum: Self::Sum, x: Self::V, y: Self::V) -> Self::Sum;

    /// The same sum with room for two more products.
    fn carry(self, sum: Self::Sum) -> Self::Sum;

    /// A sum of two products, or one that was carried: what transforms back take.
    fn reduce(self, sum: Self::Sum) -> Self::V;
}
