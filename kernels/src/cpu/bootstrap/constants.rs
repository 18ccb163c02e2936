//! Constants that make up for those that quick products add.
//!
//! Over whole vectors a transform gives T·x + f rather than T·x, and one back S·z + g rather than S·z. All
//! lanes are treated alike, so that a constant is needed for each vector only: −T^(−1)·f is added to what
//! is transformed, and −g to what has been transformed back.

use ark_ff::{Field, PrimeField};

use super::roots::Roots;
use super::transform::{block_vectors, forward_head, forward_tail, inverse_head, inverse_tail};
use super::vectors::Vectors;
use crate::bootstrap::MODULUS;
use crate::field::Prime50;

/// Below p, one for each vector of a polynomial.
pub(super) struct Constants {
    /// Added before a transform.
    pub before: Vec<u64>,
    /// Added after a transform back.
    pub after: Vec<u64>,
}

impl Constants {
    pub fn new<A: Vectors<W>, const W: usize>(
        a: A,
        vectors: usize,
        forward: &Roots<A::V>,
        inverse: &Roots<A::V>,
    ) -> Self {
        let zeros = vec![0; vectors];
        let off = there(a, forward, &zeros);
        let after = back(a, inverse, &zeros);
        // S·T is as many times the identity as there are vectors.
        let scale = Prime50::from(vectors as u64).inverse().expect("a power of two");
        let before = back(a, inverse, &off).into_iter().zip(&after);
        let before =
            before.map(|(x, &zero)| residue((Prime50::from(zero) - Prime50::from(x)) * scale));
        let before = before.collect();
        let after = after.into_iter().map(|x| residue(-Prime50::from(x))).collect();
        Self { before, after }
    }
}

fn residue(x: Prime50) -> u64 {
    x.into_bigint().0[0]
}

/// What the levels over whole vectors make of a polynomial with equal lanes.
fn there<A: Vectors<W>, const W: usize>(a: A, roots: &Roots<A::V>, lanes: &[u64]) -> Vec<u64> {
    let mut values: Vec<_> = lanes.iter().map(|&lane| a.splat(lane)).collect();
    forward_head(a, &mut values, roots);
    a.run(
        #[inline(always)]
        || {
            let block = block_vectors::<A, W>(values.len());
            for (index, block) in values.chunks_exact_mut(block).enumerate() {
                forward_tail(a, block, index, roots);
            }
        },
    );
    let lane = |&value| {
        let mut lanes = [0; W];
        a.store(value, &mut lanes);
        lanes[0] % MODULUS
    };
    values.iter().map(lane).collect()
}

/// The same back.
fn back<A: Vectors<W>, const W: usize>(a: A, roots: &Roots<A::V>, lanes: &[u64]) -> Vec<u64> {
    let mut values: Vec<_> = lanes.iter().map(|&lane| a.splat(lane)).collect();
    a.run(
        #[inline(always)]
        || {
            let block = block_vectors::<A, W>(values.len());
            for (index, block) in values.chunks_exact_mut(block).enumerate() {
                inverse_tail(a, block, index, roots);
            }
        },
    );
    let mut sums = vec![[0; W]; lanes.len()];
    inverse_head(a, &mut values, roots, &vec![0; lanes.len()], &mut sums);
    sums.into_iter().map(|sum| sum[0]).collect()
}
