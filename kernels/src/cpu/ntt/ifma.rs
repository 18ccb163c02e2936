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

/// w·2^52 mod p, below p, and what it is to be multiplied with for the quotient: that times p^(−1)
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
        // A factor of up to 2p would make products of up to 3p.
        let t = self.words();
        let product = self.scale(a.factor, b);
        self.precompute(t.min(product, t.sub(product, t.splat(P))))
    }

    /// Below 2p, for x below 2^52.
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
    #[inline(always)]
    fn precompute(self, factor: Words) -> Precomputed {
        let t = self.words();
        let quotient = t.mul_lo(t.splat(0), factor, t.splat(INVERSE));
        Precomputed { factor, quotient }
    }
}

#[cfg(test)]
mod tests {
    use ark_ff::{AdditiveGroup, Field, UniformRand};
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;
    use crate::cpu::simd::Avx512Ifma;

    /// Rare, and wrong by much: what factors that are made of others must hold to.
    #[test]
    fn combined_factors_are_below_p_and_their_products_below_2p() {
        let Some(ifma) = Avx512Ifma::detect().map(Ifma::<1>) else {
            println!("SKIPPED: no AVX-512 IFMA here");
            return;
        };
        let (words, rng) = (ifma.words(), &mut StdRng::seed_from_u64(1));
        let lanes = |vector| {
            let mut lanes = [0; 8];
            words.store(vector, &mut lanes);
            lanes
        };
        for round in 0..20_000 {
            let values = |rng: &mut StdRng| match round {
                0 => [-Prime50::ONE; 8],
                1 => [Prime50::ONE.double(); 8],
                _ => [(); 8].map(|()| Prime50::rand(rng)),
            };
            let (a, b) = (values(rng), values(rng));
            let combined = ifma.combine(ifma.factors(&a), ifma.factors(&b));
            assert!(lanes(combined.factor).iter().all(|&factor| factor < P));
            for x in [(1 << 52) - 1, 4 * P - 1, 0, 1] {
                let product = lanes(ifma.scale(words.splat(x), combined));
                assert!(product.iter().all(|&product| product < 2 * P));
                for ((&product, a), b) in product.iter().zip(a).zip(b) {
                    assert_eq!(Prime50::from(product), Prime50::from(x) * a * b);
                }
            }
        }
    }
}
