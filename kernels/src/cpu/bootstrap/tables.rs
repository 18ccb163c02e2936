//! What transforms of a size compute with: roots, and constants that make up for those that quick products
//! add.
//!
//! With quick products a transform gives T·x + f rather than T·x, and one back S·z + g rather than S·z.
//! Forward they are used over whole vectors only, where all lanes are treated alike: a constant for each
//! vector, −T^(−1)·f, is added to what is transformed. Back they are used everywhere, and −S^(−1)·g is
//! where the sums start that are transformed back.

use ark_ff::{Field, PrimeField};

use super::roots::{Roots, factor};
use super::transform::{
    block_vectors, forward_head, forward_tail, forward_within, inverse_head, inverse_tail,
    inverse_within, reduced,
};
use super::vectors::{Vectors, missing};
use crate::bootstrap::{BASE_LOG_MAX, MODULUS};
use crate::field::Prime50;

/// The greatest absolute value of a digit.
const DIGIT: u64 = 1 << (BASE_LOG_MAX - 1);

/// Roots and constants.
pub(super) struct Tables<V> {
    pub forward: Roots<V>,
    pub inverse: Roots<V>,
    /// Added before a transform, one for each vector: from [`DIGIT`] to p + `DIGIT`, so that digits may be
    /// negative. A digit's sum with it is from 0 to p + 2·`DIGIT`, less than the 2p that a transform takes.
    pub before: Vec<u64>,
    /// Where sums of products start, square by square; below p.
    pub start: Vec<V>,
}

impl<V: Copy + Send + Sync> Tables<V> {
    pub fn new<A: Vectors<W, V = V>, const W: usize>(a: A, log_size: u32) -> Self {
        let [forward, inverse] = Roots::both_ways(a, log_size);
        let vectors = (1 << log_size) / W;
        let zeros = vec![a.splat(0); vectors];
        let there = across(a, zeros.clone(), &forward);
        let [zero, there] = [zeros.clone(), there].map(|values| back(a, values, &inverse, false));
        // Both ways make as many times the polynomial as there are vectors.
        let scale = inverse_of(vectors);
        let before = zero.chunks(W).zip(there.chunks(W));
        let before = before.map(|(zero, there)| {
            DIGIT + residue(scale * (element(zero[0]) - element(there[0])) - element(DIGIT))
        });
        let before = before.collect();
        let off: Vec<u64> =
            back(a, zeros, &inverse, true).iter().map(|&g| residue(-element(g))).collect();
        let mut tables = Self { forward, inverse, before, start: Vec::new() };
        let missing = a.splat(missing(A::BITS));
        let start = tables.values(a, &off, inverse_of(off.len())).into_iter();
        tables.start = start.map(|value| reduced(a, a.add(value, missing))).collect();
        tables
    }

    /// The values of a polynomial times `scale`, below p, square by square.
    pub fn values<A: Vectors<W, V = V>, const W: usize>(
        &self,
        a: A,
        residues: &[u64],
        scale: Prime50,
    ) -> Vec<V> {
        let mut values = vec![a.splat(0); self.before.len()];
        a.run(
            #[inline(always)]
            || {
                let words = residues.as_chunks().0.iter().zip(&self.before);
                for (value, (words, &constant)) in values.iter_mut().zip(words) {
                    // Below 2p + DIGIT.
                    *value = reduced(a, a.add(a.load(words), a.splat(constant)));
                }
            },
        );
        let mut values = across(a, values, &self.forward);
        let scale = factor(scale, A::BITS).splat(a);
        a.run(
            #[inline(always)]
            || {
                for (index, square) in values.as_chunks_mut::<W>().0.iter_mut().enumerate() {
                    *square = forward_within(a, *square, self.forward.of_square::<W>(index));
                    for value in square {
                        *value = reduced(a, a.product(a.splat(MODULUS), *value, scale));
                    }
                }
            },
        );
        values
    }
}

fn element(residue: u64) -> Prime50 {
    residue.into()
}

fn residue(element: Prime50) -> u64 {
    element.into_bigint().0[0]
}

fn inverse_of(size: usize) -> Prime50 {
    Prime50::from(size as u64).inverse().expect("a power of two")
}

/// The levels over whole vectors, on values from 0 to 2p.
fn across<A: Vectors<W>, const W: usize>(
    a: A,
    mut values: Vec<A::V>,
    roots: &Roots<A::V>,
) -> Vec<A::V> {
    let block = block_vectors::<A, W>(values.len());
    forward_head(a, &mut values, roots);
    a.run(
        #[inline(always)]
        || {
            for (index, block) in values.chunks_exact_mut(block).enumerate() {
                forward_tail(a, block, index, roots);
            }
        },
    );
    values
}

/// The levels back over whole vectors, on values from 0 to 4p, with those before within vectors or without;
/// reduced.
fn back<A: Vectors<W>, const W: usize>(
    a: A,
    mut values: Vec<A::V>,
    roots: &Roots<A::V>,
    is_within: bool,
) -> Vec<u64> {
    let block = block_vectors::<A, W>(values.len());
    a.run(
        #[inline(always)]
        || {
            for value in &mut values {
                *value = reduced(a, *value);
            }
            for (index, square) in values.as_chunks_mut::<W>().0.iter_mut().enumerate() {
                if is_within {
                    *square = inverse_within(a, *square, roots.of_square::<W>(index));
                }
            }
            for (index, block) in values.chunks_exact_mut(block).enumerate() {
                inverse_tail(a, block, index, roots);
            }
        },
    );
    let mut sums = vec![[0; W]; values.len()];
    inverse_head(a, &mut values, roots, &mut sums);
    sums.into_flattened()
}

#[cfg(test)]
mod tests {
    use rand::rngs::StdRng;
    use rand::{Rng, SeedableRng};

    use super::*;
    use crate::cpu::simd::Portable;

    /// Modulo X^N + 1, product by product.
    fn schoolbook(x: &[u64], y: &[u64]) -> Vec<u64> {
        let coefficient = |k: usize| {
            let terms = x.iter().enumerate().map(|(i, &word)| {
                let product = i128::from(word) * i128::from(y[(x.len() + k - i) % x.len()]);
                if i <= k { product } else { -product }
            });
            terms.sum::<i128>().rem_euclid(MODULUS.into()).try_into().unwrap()
        };
        (0..x.len()).map(coefficient).collect()
    }

    /// By values, which are multiplied one by one.
    fn by_values<A: Vectors<W>, const W: usize>(a: A, x: &[u64], y: &[u64]) -> Vec<u64> {
        let tables = Tables::new(a, x.len().ilog2());
        let lanes = |v: &A::V| {
            let mut lanes = [0; W];
            a.store(*v, &mut lanes);
            lanes.map(element)
        };
        let x = tables.values(a, x, 1u64.into());
        let y = tables.values(a, y, inverse_of(y.len()));
        let values = x.iter().zip(&y).zip(&tables.start).map(|((x, y), start)| {
            let (x, y, start) = (lanes(x), lanes(y), lanes(start));
            let start = start.map(|start| start - element(missing(A::BITS)));
            a.load(&std::array::from_fn(|i| residue(x[i] * y[i] + start[i])))
        });
        back(a, values.collect(), &tables.inverse, true)
    }

    #[test]
    fn products_are_those_of_schoolbook() {
        let rng = &mut StdRng::seed_from_u64(1);
        for log_size in 6..=12 {
            let size = 1 << log_size;
            let random: Vec<u64> = (0..size).map(|_| rng.gen_range(0..MODULUS)).collect();
            for other in [random.clone(), vec![0; size], vec![1; size], vec![MODULUS - 1; size]] {
                let expected = schoolbook(&random, &other);
                assert_eq!(by_values(Portable, &random, &other), expected);
                #[cfg(target_arch = "x86_64")]
                if let Some(avx) = crate::cpu::simd::Avx512::detect() {
                    assert_eq!(by_values(avx, &random, &other), expected);
                }
            }
        }
    }
}
