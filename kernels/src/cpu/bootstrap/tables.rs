//! What transforms of a size compute with: roots, and constants that make up for those that quick products
//! add.
//!
//! With quick products a transform gives T·x + f rather than T·x, and one back S·z + g rather than S·z.
//! Forward they are used over whole vectors only, where all lanes are treated alike: a constant for each
//! vector, −T^(−1)·f, is added to what is transformed. Back they are used everywhere, and −S^(−1)·g is
//! where the sums start that are transformed back.

use ark_ff::{Field, PrimeField};

use super::residues::Residues;
use super::roots::Roots;
use super::transform::{
    block_vectors, forward_head, forward_tail, forward_within, inverse_head, inverse_tail,
    inverse_within,
};
use crate::field::Prime50;

/// Roots and constants.
pub(super) struct Tables<A: Residues<W>, const W: usize> {
    pub forward: Roots<A::Factor, A::Factors>,
    pub inverse: Roots<A::Factor, A::Factors>,
    /// Added before a transform, one for each vector: from [`Residues::OFFSET`] to p and as much.
    pub before: Vec<u64>,
    /// Where sums of products start, square by square; reduced.
    pub start: Vec<A::V>,
}

impl<A: Residues<W>, const W: usize> Tables<A, W> {
    pub fn new(a: A, log_size: u32) -> Self {
        let [forward, inverse] = Roots::both_ways(a, log_size);
        let vectors = (1 << log_size) / W;
        let zeros = vec![a.zero(); vectors];
        let there = across(a, zeros.clone(), &forward);
        let [zero, there] = [zeros.clone(), there].map(|values| back(a, values, &inverse, false));
        // Both ways make as many times the polynomial as there are vectors.
        let scale = inverse_of(vectors);
        let before = zero.chunks(W).zip(there.chunks(W));
        let before = before.map(|(zero, there)| {
            let constant = scale * (element(zero[0]) - element(there[0]));
            A::OFFSET + residue(constant - element(A::OFFSET))
        });
        let before = before.collect();
        let mut off: Vec<u64> =
            back(a, zeros, &inverse, true).iter().map(|&g| residue(-element(g))).collect();
        // What every value lacks is the constant coefficient of a polynomial.
        let size = Prime50::from(off.len() as u64);
        off[0] = residue(element(off[0]) + element(A::MISSING) * size);
        let mut tables = Self { forward, inverse, before, start: Vec::new() };
        tables.start = tables.values(a, &off, inverse_of(off.len()));
        tables
    }

    /// The values of a polynomial times `scale`, reduced, square by square.
    pub fn values(&self, a: A, residues: &[u64], scale: Prime50) -> Vec<A::V> {
        let mut values = vec![a.zero(); self.before.len()];
        a.run(
            #[inline(always)]
            || {
                let words = residues.as_chunks().0.iter().zip(&self.before);
                for (value, (words, &constant)) in values.iter_mut().zip(words) {
                    *value = a.enter_residues(words, constant);
                }
            },
        );
        let mut values = across(a, values, &self.forward);
        a.run(
            #[inline(always)]
            || {
                let scale = a.spread(A::factor(scale, false));
                for (index, square) in values.as_chunks_mut::<W>().0.iter_mut().enumerate() {
                    *square = forward_within(a, *square, self.forward.of_square::<W>(index));
                    for value in square {
                        *value = a.scale(*value, scale);
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

/// The levels over whole vectors, on values that were entered.
fn across<A: Residues<W>, const W: usize>(
    a: A,
    mut values: Vec<A::V>,
    roots: &Roots<A::Factor, A::Factors>,
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

/// The levels back over whole vectors, on values as transforms leave them, with those before within vectors or
/// without; reduced.
fn back<A: Residues<W>, const W: usize>(
    a: A,
    mut values: Vec<A::V>,
    roots: &Roots<A::Factor, A::Factors>,
    is_within: bool,
) -> Vec<u64> {
    let block = block_vectors::<A, W>(values.len());
    a.run(
        #[inline(always)]
        || {
            for value in &mut values {
                *value = a.reduced(*value);
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
    let mut sums = vec![[A::stored(0); W]; values.len()];
    inverse_head(a, &mut values, roots, &mut sums);
    sums.into_flattened().into_iter().map(A::residue).collect()
}

#[cfg(test)]
mod tests {
    use rand::rngs::StdRng;
    use rand::{Rng, SeedableRng};

    use super::*;
    use crate::bootstrap::MODULUS;
    use crate::cpu::Cpu;
    use crate::cpu::bootstrap::with_vectors;
    use crate::cpu::simd::Vectors;

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
    fn by_values<A: Residues<W>, const W: usize>(a: A, x: &[u64], y: &[u64]) -> Vec<u64> {
        let tables = Tables::new(a, x.len().ilog2());
        let lanes = |v: &A::V| {
            let mut lanes = [0; W];
            a.words().store(a.integers(a.reduced(*v)), &mut lanes);
            lanes.map(element)
        };
        let x = tables.values(a, x, 1u64.into());
        let y = tables.values(a, y, inverse_of(y.len()));
        let values = x.iter().zip(&y).zip(&tables.start).map(|((x, y), start)| {
            let (x, y, start) = (lanes(x), lanes(y), lanes(start));
            let start = start.map(|start| start - element(A::MISSING));
            a.enter_residues(&std::array::from_fn(|i| residue(x[i] * y[i] + start[i])), 0)
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
                for cpu in Cpu::each() {
                    with_vectors!(cpu, _words, residues => {
                        assert_eq!(by_values(residues, &random, &other), expected);
                    });
                }
            }
        }
    }
}
