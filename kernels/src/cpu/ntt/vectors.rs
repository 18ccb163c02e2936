//! Eight lanes of AVX-512 IFMA: the scalar fields in five limbs of 52 bits, the 50-bit prime in one.

use ark_ff::{Fp, MontBackend, MontConfig};

use super::arithmetic::Arithmetic;
use crate::cpu::simd::{Ifma, Lanes, Words};
use crate::field::{Prime50, Prime50Config};

/// Values are at most 4p on the way forward and 2p on the way back; factors at most 2p.
impl<P: MontConfig<4>> Arithmetic<Fp<MontBackend<P, 4>, 4>> for Ifma<5> {
    const LOG_WIDTH: u32 = 3;
    const LOG_TILE: u32 = 13;
    const LOG_COLUMNS: u32 = 3;
    const RADIX_8: bool = false;
    type Vector = [Words; 5];
    type Factors = [Words; 5];

    #[inline(always)]
    fn run<R>(self, work: impl FnOnce() -> R) -> R {
        self.words().run(work)
    }

    #[inline(always)]
    fn load(self, values: &[Fp<MontBackend<P, 4>, 4>]) -> [Words; 5] {
        Lanes::load(self, values)
    }

    #[inline(always)]
    fn store(self, vector: [Words; 5], values: &mut [Fp<MontBackend<P, 4>, 4>]) {
        Lanes::store(self, vector, values);
    }

    #[inline(always)]
    fn factors(self, values: &[Fp<MontBackend<P, 4>, 4>]) -> [Words; 5] {
        self.constants(values)
    }

    #[inline(always)]
    fn spread(self, factors: &[Words; 5], lane: usize) -> [Words; 5] {
        let words = self.words();
        let lane = words.splat(lane as u64);
        let mut spread = *factors;
        for limb in &mut spread {
            *limb = words.permute(lane, *limb);
        }
        spread
    }

    #[inline(always)]
    fn combine(self, a: [Words; 5], b: [Words; 5]) -> [Words; 5] {
        Lanes::<Fp<MontBackend<P, 4>, 4>>::mul(self, a, b)
    }

    #[inline(always)]
    fn scale(self, x: [Words; 5], w: [Words; 5]) -> [Words; 5] {
        Lanes::<Fp<MontBackend<P, 4>, 4>>::mul(self, x, w)
    }

    #[inline(always)]
    fn forward(self, u: [Words; 5], v: [Words; 5], w: [Words; 5]) -> ([Words; 5], [Words; 5]) {
        let u = Lanes::<Fp<MontBackend<P, 4>, 4>>::reduce(self, u);
        let v = Lanes::<Fp<MontBackend<P, 4>, 4>>::mul(self, v, w);
        (
            Lanes::<Fp<MontBackend<P, 4>, 4>>::add_lazy(self, u, v),
            Lanes::<Fp<MontBackend<P, 4>, 4>>::sub_lazy(self, u, v),
        )
    }

    #[inline(always)]
    fn inverse(self, u: [Words; 5], v: [Words; 5], w: [Words; 5]) -> ([Words; 5], [Words; 5]) {
        let difference = Lanes::<Fp<MontBackend<P, 4>, 4>>::sub_lazy(self, u, v);
        (
            Lanes::<Fp<MontBackend<P, 4>, 4>>::add(self, u, v),
            Lanes::<Fp<MontBackend<P, 4>, 4>>::mul(self, difference, w),
        )
    }

    #[inline(always)]
    fn transpose(self, vectors: &mut [[Words; 5]; 8]) {
        for limb in 0..5 {
            let mut rows = [vectors[0][limb]; 8];
            for (row, vector) in rows.iter_mut().zip(&*vectors) {
                *row = vector[limb];
            }
            for (vector, row) in vectors.iter_mut().zip(self.words().transpose(rows)) {
                vector[limb] = row;
            }
        }
    }
}

/// w·2^52 mod p, up to p, and what it is to be multiplied with for the quotient: that times p^(−1)
/// mod 2^52.
#[derive(Clone, Copy, Debug)]
pub struct Precomputed {
    factor: Words,
    quotient: Words,
}

const P: u64 = Prime50Config::MODULUS.0[0];
/// p^(−1) mod 2^52.
const INVERSE: u64 = Prime50Config::INV.wrapping_neg() & ((1 << 52) - 1);

/// Values are below 4p on the way forward and 2p on the way back. Products are Montgomery's, with the
/// quotient's factor computed beforehand as in Shoup's: as both low halves are equal, only the high
/// ones are subtracted (Harvey, "Faster arithmetic for number-theoretic transforms", 2014, section 4).
impl Arithmetic<Prime50> for Ifma<1> {
    const LOG_WIDTH: u32 = 3;
    const LOG_TILE: u32 = 15;
    const LOG_COLUMNS: u32 = 5;
    const RADIX_8: bool = true;
    type Vector = Words;
    type Factors = Precomputed;

    #[inline(always)]
    fn run<R>(self, work: impl FnOnce() -> R) -> R {
        self.words().run(work)
    }

    #[inline(always)]
    fn load(self, values: &[Prime50]) -> Words {
        let [vector] = Lanes::load(self, values);
        vector
    }

    #[inline(always)]
    fn store(self, vector: Words, values: &mut [Prime50]) {
        Lanes::store(self, [vector], values);
    }

    #[inline(always)]
    fn factors(self, values: &[Prime50]) -> Precomputed {
        let [factor] = self.constants(values);
        self.precompute(factor)
    }

    #[inline(always)]
    fn spread(self, factors: &Precomputed, lane: usize) -> Precomputed {
        let words = self.words();
        let lane = words.splat(lane as u64);
        Precomputed {
            factor: words.permute(lane, factors.factor),
            quotient: words.permute(lane, factors.quotient),
        }
    }

    #[inline(always)]
    fn combine(self, a: Precomputed, b: Precomputed) -> Precomputed {
        self.precompute(self.scale(a.factor, b))
    }

    /// Up to 2p, for x below 2^52.
    #[inline(always)]
    fn scale(self, x: Words, w: Precomputed) -> Words {
        let t = self.words();
        let (zero, p) = (t.splat(0), t.splat(P));
        let quotient = t.mul_lo(zero, x, w.quotient);
        t.sub(t.mul_hi(p, x, w.factor), t.mul_hi(zero, quotient, p))
    }

    #[inline(always)]
    fn forward(self, u: Words, v: Words, w: Precomputed) -> (Words, Words) {
        let t = self.words();
        let two_p = t.splat(2 * P);
        let u = t.min(u, t.sub(u, two_p));
        let v = self.scale(v, w);
        (t.add(u, v), t.add(t.sub(u, v), two_p))
    }

    #[inline(always)]
    fn inverse(self, u: Words, v: Words, w: Precomputed) -> (Words, Words) {
        let t = self.words();
        let two_p = t.splat(2 * P);
        let sum = t.add(u, v);
        let difference = t.add(t.sub(u, v), two_p);
        (t.min(sum, t.sub(sum, two_p)), self.scale(difference, w))
    }

    #[inline(always)]
    fn transpose(self, vectors: &mut [Words; 8]) {
        *vectors = self.words().transpose(*vectors);
    }
}

impl Ifma<1> {
    /// For a factor up to 2p. It is reduced: values up to 4p times one over p would be over 2p.
    #[inline(always)]
    fn precompute(self, factor: Words) -> Precomputed {
        let t = self.words();
        let factor = t.min(factor, t.sub(factor, t.splat(P)));
        let quotient = t.mul_lo(t.splat(0), factor, t.splat(INVERSE));
        Precomputed { factor, quotient }
    }
}

#[cfg(test)]
mod tests {
    use ark_ff::UniformRand;
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;

    /// Over 2p, butterflies would leave 52 bits: once in some thousand transforms of random values.
    #[test]
    fn products_with_combined_factors_stay_below_two_p() {
        let Some(lanes) = Ifma::<1>::detect() else { return };
        let rng = &mut StdRng::seed_from_u64(5);
        let words = lanes.words();
        for _ in 0..2000 {
            let mut factors = || -> [Prime50; 8] { std::array::from_fn(|_| Prime50::rand(rng)) };
            let (a, b) = (factors(), factors());
            let (mut factor, mut product) = ([0; 8], [0; 8]);
            words.run(|| {
                let combined = lanes.combine(lanes.factors(&a), lanes.factors(&b));
                words.store(combined.factor, &mut factor);
                words.store(lanes.scale(words.splat(4 * P - 1), combined), &mut product);
            });
            assert!(factor.iter().all(|&factor| factor <= P), "{factor:?}");
            assert!(product.iter().all(|&product| product <= 2 * P), "{product:?}");
        }
    }
}
