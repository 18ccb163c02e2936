//! Doubles: the scalar fields in five limbs of 51 bits, the 50-bit prime in one.

use ark_ff::{Fp, MontBackend, MontConfig, PrimeField};

use super::arithmetic::Arithmetic;
use crate::cpu::simd::{Eight, Fp50, Fp51, Lanes, Vectors, doubles};
use crate::field::Prime50;

type Prime<P> = Fp<MontBackend<P, 4>, 4>;

/// Values are up to 5p/4 on the way forward, with limbs that are not carried, up to 2^51 and hardly more, and less than
/// p on the way back; factors are carried, and up to p/2.
impl<P: MontConfig<4>, D: Eight, const ROWS: usize> Arithmetic<Prime<P>> for Fp51<D, 5, ROWS> {
    const LOG_WIDTH: u32 = 3;
    const LOG_TILE: u32 = 13;
    const LOG_COLUMNS: u32 = 3;
    const RADIX_8: bool = false;
    type Vector = [D::D; 5];
    type Factors = [D::D; 5];

    #[inline(always)]
    fn run<R>(self, work: impl FnOnce() -> R) -> R {
        self.0.run(work)
    }

    #[inline(always)]
    fn load(self, values: &[Prime<P>]) -> [D::D; 5] {
        Lanes::load(self, values)
    }

    #[inline(always)]
    fn store(self, vector: [D::D; 5], values: &mut [Prime<P>]) {
        Lanes::store(self, self.reduce_late::<P, 4>(vector), values);
    }

    #[inline(always)]
    fn factors(self, values: &[Prime<P>]) -> [D::D; 5] {
        self.reduce_late::<P, 4>(self.constants(values))
    }

    #[inline(always)]
    fn spread(self, factors: &[D::D; 5], lane: usize) -> [D::D; 5] {
        let (d, mut spread) = (self.0, *factors);
        unroll!(limb < 5, {
            spread[limb] = d.doubles(Vectors::spread(d, d.bits(factors[limb]), lane));
        });
        spread
    }

    #[inline(always)]
    fn combine(self, a: [D::D; 5], b: [D::D; 5]) -> [D::D; 5] {
        self.reduce_late::<P, 4>(Lanes::<Prime<P>>::mul(self, a, b))
    }

    #[inline(always)]
    fn scale(self, x: [D::D; 5], w: [D::D; 5]) -> [D::D; 5] {
        Lanes::<Prime<P>>::mul(self, x, w)
    }

    #[inline(always)]
    fn forward(self, u: [D::D; 5], v: [D::D; 5], w: [D::D; 5]) -> ([D::D; 5], [D::D; 5]) {
        let u = self.reduce_late::<P, 4>(u);
        let v = Lanes::<Prime<P>>::mul(self, v, w);
        (self.add_late(u, v), self.sub_late(u, v))
    }

    #[inline(always)]
    fn inverse(self, u: [D::D; 5], v: [D::D; 5], w: [D::D; 5]) -> ([D::D; 5], [D::D; 5]) {
        let difference = self.sub_late(u, v);
        (Lanes::<Prime<P>>::add(self, u, v), Lanes::<Prime<P>>::mul(self, difference, w))
    }

    #[inline(always)]
    fn transpose(self, vectors: &mut [[D::D; 5]; 8]) {
        unroll!(limb < 5, {
            let mut rows = [vectors[0][limb]; 8];
            unroll!(i < 8, {
                rows[i] = vectors[i][limb];
            });
            let rows = doubles::transpose(self.0, rows);
            unroll!(i < 8, {
                vectors[i][limb] = rows[i];
            });
        });
    }
}

/// Values are up to 1.15p on the way forward and 3p/4 on the way back: what is not multiplied is brought to
/// p/2 at each level. They stand for elements in Montgomery's form, and factors for the integers themselves.
impl<D: Eight> Arithmetic<Prime50> for Fp50<D> {
    const LOG_WIDTH: u32 = 3;
    const LOG_TILE: u32 = 15;
    const LOG_COLUMNS: u32 = 5;
    const RADIX_8: bool = D::IS_ONE_REGISTER;
    type Vector = D::D;
    type Factors = D::D;

    #[inline(always)]
    fn run<R>(self, work: impl FnOnce() -> R) -> R {
        self.0.run(work)
    }

    #[inline(always)]
    fn load(self, values: &[Prime50]) -> D::D {
        let mut words = [0; 8];
        for (word, value) in words.iter_mut().zip(values) {
            *word = value.0.0[0];
        }
        self.enter(Vectors::load(self.0, &words))
    }

    #[inline(always)]
    fn store(self, vector: D::D, values: &mut [Prime50]) {
        let mut words = [0; 8];
        Vectors::store(self.0, self.residues(self.nearest(vector)), &mut words);
        let values = values.first_chunk_mut::<8>().expect("as many as a vector has");
        for (value, word) in values.iter_mut().zip(words) {
            value.0.0 = [word];
        }
    }

    #[inline(always)]
    fn factors(self, values: &[Prime50]) -> D::D {
        let mut integers = [0; 8];
        for (integer, value) in integers.iter_mut().zip(values) {
            *integer = value.into_bigint().0[0];
        }
        self.nearest(self.enter(Vectors::load(self.0, &integers)))
    }

    #[inline(always)]
    fn spread(self, factors: &D::D, lane: usize) -> D::D {
        let d = self.0;
        d.doubles(Vectors::spread(d, d.bits(*factors), lane))
    }

    #[inline(always)]
    fn combine(self, a: D::D, b: D::D) -> D::D {
        self.nearest(self.product(a, b))
    }

    #[inline(always)]
    fn scale(self, x: D::D, w: D::D) -> D::D {
        self.product(x, w)
    }

    #[inline(always)]
    fn forward(self, u: D::D, v: D::D, w: D::D) -> (D::D, D::D) {
        let (u, v) = (self.nearest(u), self.product(v, w));
        (self.0.plus(u, v), self.0.less_by(u, v))
    }

    #[inline(always)]
    fn inverse(self, u: D::D, v: D::D, w: D::D) -> (D::D, D::D) {
        let (sum, difference) = (self.0.plus(u, v), self.0.less_by(u, v));
        (self.nearest(sum), self.product(difference, w))
    }

    #[inline(always)]
    fn transpose(self, vectors: &mut [D::D; 8]) {
        *vectors = doubles::transpose(self.0, *vectors);
    }
}
