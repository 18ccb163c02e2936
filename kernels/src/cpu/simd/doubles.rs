//! Vectors of doubles, rounded to nearest, with fused multiply-add.

use ark_ff::{Fp, FpConfig};

use super::Vectors;

/// Added to a number of at most 2^51, it rounds that to an integer, which is in the low bits: those of the sum
/// less those of this.
pub(in crate::cpu) const ROUNDING: f64 = 1.5 * TWO_52;
/// 2^52. Its bits with an integer below it as the low ones are their sum.
pub(in crate::cpu) const TWO_52: f64 = 4_503_599_627_370_496.0;

/// Vectors of `W` doubles, and arithmetic in each lane.
///
/// As with [`Lanes`](super::Lanes), a value is the proof that the machine has the instructions, and methods
/// must be inlined where these are switched on.
pub trait Doubles<const W: usize>: Copy + std::fmt::Debug + Send + Sync + 'static {
    /// Doubles.
    type D: Copy + Send + Sync;
    /// Their bits.
    type Bits: Copy;
    /// Lanes.
    type Choice: Copy;

    /// The same double in every lane.
    fn every(self, x: f64) -> Self::D;

    /// The doubles that have these bits.
    fn doubles(self, bits: Self::Bits) -> Self::D;

    /// Their bits.
    fn bits(self, a: Self::D) -> Self::Bits;

    /// a + b.
    fn plus(self, a: Self::D, b: Self::D) -> Self::D;

    /// a − b.
    fn less_by(self, a: Self::D, b: Self::D) -> Self::D;

    /// a·b.
    fn times(self, a: Self::D, b: Self::D) -> Self::D;

    /// a·b + c, rounded once.
    fn multiply_add(self, a: Self::D, b: Self::D, c: Self::D) -> Self::D;

    /// c − a·b, rounded once.
    fn subtract_product(self, c: Self::D, a: Self::D, b: Self::D) -> Self::D;

    /// The lanes whose sign is set: a zero must have none.
    fn negative(self, a: Self::D) -> Self::Choice;

    /// The lanes whose bits are set.
    fn chosen(self, lanes: u8) -> Self::Choice;

    /// b in the lanes that are chosen, a in the others.
    fn choose(self, lanes: Self::Choice, a: Self::D, b: Self::D) -> Self::D;

    /// The lanes that are zero, as bits.
    fn zeros(self, a: Self::D) -> u8;

    /// Asks the memory for a vector that will be read before long. It has no other effect.
    fn ask_for(self, a: &Self::D);
}

/// Lane i of vector j becomes lane j of vector i.
#[inline(always)]
pub(in crate::cpu) fn transpose<D, const W: usize>(d: D, vectors: [D::D; W]) -> [D::D; W]
where
    D: Vectors<W> + Doubles<W, Bits = <D as Vectors<W>>::V>,
{
    let (mut bits, mut out) = ([d.splat(0); W], vectors);
    unroll!(i < W, {
        bits[i] = d.bits(vectors[i]);
    });
    let rows = Vectors::transpose(d, bits);
    unroll!(i < W, {
        out[i] = d.doubles(rows[i]);
    });
    out
}

/// Doubles and words in eight lanes, and what brings field elements there.
pub trait Eight: Vectors<8> + Doubles<8, Bits = <Self as Vectors<8>>::V> {
    /// Word j of each of eight consecutive elements, for each j.
    ///
    /// # Panics
    /// If there are fewer elements.
    fn load_elements<P: FpConfig<N>, const N: usize>(self, values: &[Fp<P, N>]) -> [Self::V; N];

    /// Writes what [`load_elements`](Self::load_elements) reads.
    ///
    /// # Panics
    /// If there are fewer than eight elements.
    fn store_elements<P: FpConfig<N>, const N: usize>(
        self,
        columns: [Self::V; N],
        values: &mut [Fp<P, N>],
    );
}
