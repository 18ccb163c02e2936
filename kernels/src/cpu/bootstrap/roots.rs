//! Roots of unity for transforms modulo X^N + 1, in the order in which they are used.
//!
//! The polynomial modulo X^2m − ζ² is split modulo X^m − ζ and X^m + ζ. Block b of the 2^l that level l
//! splits has ζ = ψ^reversed(2^l + b), where ψ is a root of order 2N and the log2 N bits are reversed.
//!
//! Source: Longa and Naehrig, "Speeding up the number theoretic transform for faster ideal lattice-based
//! cryptography" (2016).

use ark_ff::{FftField, Field, PrimeField};

use super::vectors::{Factor, INVERSE, Vectors};
use crate::field::Prime50;

/// The factors of all levels, one way.
pub(super) struct Roots<V> {
    /// Of blocks of whole vectors: that of block b in level l at 2^l + b.
    across: Vec<Factor<u64>>,
    /// Of the levels within vectors. For W vectors that follow each other W − 1, ordered likewise, with
    /// a lane for each of these vectors.
    within: Vec<Factor<V>>,
}

/// The roots themselves: 2^l + b is that of block b in level l.
fn in_order(log_size: u32) -> Vec<Prime50> {
    let order = 2u64 << log_size;
    let root = Prime50::get_root_of_unity(order).expect("the order is at most 2^13");
    let reversed = |k: u64| k.reverse_bits() >> (u64::BITS - log_size);
    (0..order / 2).map(|k| root.pow([reversed(k)])).collect()
}

/// w as a factor, for products with R = 2^`bits`.
pub(super) fn factor(w: Prime50, bits: u32) -> Factor<u64> {
    let value = (w * Prime50::from(2u64).pow([u64::from(bits)])).into_bigint().0[0];
    Factor { value, quotient: value.wrapping_mul(INVERSE) & (u64::MAX >> (u64::BITS - bits)) }
}

impl<V: Copy> Roots<V> {
    /// From coefficients to values, and back.
    pub fn both_ways<A: Vectors<W, V = V>, const W: usize>(vectors: A, log_size: u32) -> [Self; 2] {
        let forward = in_order(log_size);
        let mut inverse = forward.clone();
        ark_ff::batch_inversion(&mut inverse);
        [forward, inverse].map(|roots| {
            let factors: Vec<_> = roots.into_iter().map(|root| factor(root, A::BITS)).collect();
            let within = Self::within_vectors(vectors, &factors);
            Self { across: factors[..factors.len() / W].to_vec(), within }
        })
    }

    fn within_vectors<A: Vectors<W, V = V>, const W: usize>(
        vectors: A,
        factors: &[Factor<u64>],
    ) -> Vec<Factor<V>> {
        let (blocks, squares) = (factors.len() / W, factors.len() / (W * W));
        let mut within = Vec::with_capacity(squares * (W - 1));
        for square in 0..squares {
            for at in 1..W {
                let level = at.ilog2();
                let block = at - (1 << level);
                let lane = |lane| factors[((blocks + square * W + lane) << level) + block];
                let load = |words: [u64; W]| vectors.load(&words);
                within.push(Factor {
                    value: load(std::array::from_fn(|i| lane(i).value)),
                    quotient: load(std::array::from_fn(|i| lane(i).quotient)),
                });
            }
        }
        within
    }

    /// The factor at a position of [`Self::across`], in all lanes.
    #[inline(always)]
    pub fn at<A: Vectors<W, V = V>, const W: usize>(&self, vectors: A, at: usize) -> Factor<V> {
        self.across[at].splat(vectors)
    }

    /// The W − 1 factors within the vectors of a square.
    #[inline(always)]
    pub fn of_square<const W: usize>(&self, square: usize) -> &[Factor<V>] {
        &self.within[square * (W - 1)..][..W - 1]
    }
}
