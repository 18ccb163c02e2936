//! What a transform computes with: vectors of field elements and the two butterflies. The transform
//! is written once over [`Arithmetic`]; the bounds of values that are not fully reduced are each
//! implementation's own affair.

use crate::cpu::CpuField;
use crate::cpu::simd::Portable;

/// Vectors of `1 << LOG_WIDTH` field elements, and butterflies on them.
///
/// Every method but [`Self::run`] must be inlined into a call of `run`: it is there that the
/// CPU's instructions are switched on.
pub trait Arithmetic<F>: Copy + Send + Sync + 'static {
    /// log2 of the elements in a vector: 0 or 3.
    const LOG_WIDTH: u32;
    /// log2 of the elements that a core works on at a time: as many as its second-level cache holds.
    const LOG_TILE: u32;
    /// log2 of the least elements that lie together where a tile is gathered from memory.
    const LOG_COLUMNS: u32;
    /// Whether eight vectors and their factors fit the registers.
    const RADIX_8: bool;
    /// Elements.
    type Vector: Copy + Send + Sync + 'static;
    /// As many factors, in the form that multiplies fastest.
    type Factors: Copy + Send + Sync + 'static;

    /// Runs `work` with the instructions of this arithmetic.
    fn run<R>(self, work: impl FnOnce() -> R) -> R;

    /// As many elements as a vector has.
    fn load(self, values: &[F]) -> Self::Vector;

    /// Writes the elements, reduced.
    fn store(self, vector: Self::Vector, values: &mut [F]);

    /// As many factors as a vector has.
    fn factors(self, values: &[F]) -> Self::Factors;

    /// The factor in one lane, in all of them.
    fn spread(self, factors: &Self::Factors, lane: usize) -> Self::Factors;

    /// Products of factors, as factors.
    fn combine(self, a: Self::Factors, b: Self::Factors) -> Self::Factors;

    /// x·w.
    fn scale(self, x: Self::Vector, w: Self::Factors) -> Self::Vector;

    /// (u + v·w, u − v·w).
    fn forward(
        self,
        u: Self::Vector,
        v: Self::Vector,
        w: Self::Factors,
    ) -> (Self::Vector, Self::Vector);

    /// (u + v, (u − v)·w).
    fn inverse(
        self,
        u: Self::Vector,
        v: Self::Vector,
        w: Self::Factors,
    ) -> (Self::Vector, Self::Vector);

    /// Lane i of vector j becomes lane j of vector i, where a vector has eight lanes.
    fn transpose(self, vectors: &mut [Self::Vector; 8]);
}

impl<F: CpuField> Arithmetic<F> for Portable {
    const LOG_WIDTH: u32 = 0;
    const LOG_TILE: u32 = 13;
    const LOG_COLUMNS: u32 = 2;
    const RADIX_8: bool = false;
    type Vector = F;
    type Factors = F;

    #[inline(always)]
    fn run<R>(self, work: impl FnOnce() -> R) -> R {
        work()
    }

    #[inline(always)]
    fn load(self, values: &[F]) -> F {
        values[0]
    }

    #[inline(always)]
    fn store(self, vector: F, values: &mut [F]) {
        values[0] = vector;
    }

    #[inline(always)]
    fn factors(self, values: &[F]) -> F {
        values[0]
    }

    #[inline(always)]
    fn spread(self, factors: &F, _lane: usize) -> F {
        *factors
    }

    #[inline(always)]
    fn combine(self, a: F, b: F) -> F {
        a * b
    }

    #[inline(always)]
    fn scale(self, x: F, w: F) -> F {
        x * w
    }

    #[inline(always)]
    fn forward(self, u: F, v: F, w: F) -> (F, F) {
        let product = v * w;
        (u + product, u - product)
    }

    #[inline(always)]
    fn inverse(self, u: F, v: F, w: F) -> (F, F) {
        (u + v, (u - v) * w)
    }

    #[inline(always)]
    fn transpose(self, _vectors: &mut [F; 8]) {}
}
