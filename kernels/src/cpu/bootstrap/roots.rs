//! Roots of unity for transforms modulo X^N + 1, in the order in which they are used.
//!
//! The polynomial modulo X^2m − ζ² is split modulo X^m − ζ and X^m + ζ. Block b of the 2^l that level l
//! splits has ζ = ψ^reversed(2^l + b), where ψ is a root of order 2N and the log2 N bits are reversed.
//!
//! Source: Longa and Naehrig, "Speeding up the number theoretic transform for faster ideal lattice-based
//! cryptography" (2016).

use ark_ff::{FftField, Field};

use super::passes::{pass, passes};
use super::residues::Residues;
use crate::field::Prime50;

/// The factors of all levels, one way.
///
/// Those of a pass lie block by block. In a block come those of its levels, one, two, four and so on: that
/// of block b in level l at 2^l + b − 1.
pub(super) struct Roots<F, E> {
    /// Of the passes over whole vectors, quick.
    across: Vec<Vec<F>>,
    /// Of the levels within vectors: a block is a square, and has a lane for each of its vectors. Back
    /// they are quick, too.
    within: Vec<E>,
}

/// The roots themselves: at 2^l + b is that of block b in level l.
fn in_order(log_size: u32) -> Vec<Prime50> {
    let order = 2u64 << log_size;
    let root = Prime50::get_root_of_unity(order).expect("the order is at most 2^13");
    let reversed = |k: u64| k.reverse_bits() >> (u64::BITS - log_size);
    (0..order / 2).map(|k| root.pow([reversed(k)])).collect()
}

impl<F: Copy, E: Copy> Roots<F, E> {
    /// From coefficients to values, and back.
    pub fn both_ways<A, const W: usize>(a: A, log_size: u32) -> [Self; 2]
    where
        A: Residues<W, Factor = F, Factors = E>,
    {
        let forward = in_order(log_size);
        let mut inverse = forward.clone();
        ark_ff::batch_inversion(&mut inverse);
        [(forward, false), (inverse, true)].map(|(roots, is_quick_within)| {
            let factors = |is_quick| -> Vec<F> {
                roots.iter().map(|&root| A::factor(root, is_quick)).collect()
            };
            let quick = factors(true);
            let vectors = roots.len() / W;
            let across = (0..passes::<A, W>(vectors)).map(|index| {
                let (level, log_radix) = pass::<A, W>(vectors, index);
                (0..1 << level)
                    .flat_map(|block| of_block(&quick, level, block, log_radix))
                    .collect()
            });
            Self { across: across.collect(), within: within_vectors(a, &factors(is_quick_within)) }
        })
    }

    /// The factors of a pass over whole vectors.
    #[inline(always)]
    pub fn of_pass(&self, index: u32) -> &[F] {
        &self.across[index as usize]
    }

    /// The factors of a block in the last of these passes, which takes `RADIX` vectors at a time.
    #[inline(always)]
    pub fn of_tail<const RADIX: usize>(&self, block: usize) -> &[F] {
        &self.across[self.across.len() - 1][block * (RADIX - 1)..][..RADIX - 1]
    }

    /// The factors of a square.
    #[inline(always)]
    pub fn of_square<const W: usize>(&self, square: usize) -> &[E] {
        &self.within[square * (W - 1)..][..W - 1]
    }
}

/// Those of `levels` levels from `level` on.
fn of_block<F: Copy>(
    factors: &[F],
    level: u32,
    block: usize,
    levels: u32,
) -> impl Iterator<Item = F> {
    let first = (1 << level) + block;
    (0..levels).flat_map(move |level| factors[first << level..][..1 << level].iter().copied())
}

fn within_vectors<A: Residues<W>, const W: usize>(a: A, factors: &[A::Factor]) -> Vec<A::Factors> {
    let level = (factors.len() / W).ilog2();
    let lane = |block| of_block(factors, level, block, W.ilog2()).collect::<Vec<_>>();
    let square = |square| {
        let lanes: [Vec<_>; W] = std::array::from_fn(|i| lane(square * W + i));
        (0..W - 1).map(move |at| {
            let factors = std::array::from_fn(|i| lanes[i][at]);
            a.run(
                #[inline(always)]
                || a.factors(factors),
            )
        })
    };
    (0..factors.len() / (W * W)).flat_map(square).collect()
}
