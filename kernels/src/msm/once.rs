//! Multi-scalar multiplication over bases that are used once, on the CPU.

use ark_ec::VariableBaseMSM;
use ark_ff::{BigInteger, PrimeField};
use rayon::prelude::*;

use super::Integers;
use crate::curve::{Curve, G1, G1Affine, Scalar};
use crate::group::Group;

/// Fewest points that are worth preparing, measured on both curves.
const POINTS_MIN: usize = 64;

/// Σ scalars\[i\]·bases\[i\] on the CPU, for bases that are used once.
///
/// Scalars near zero on either side of it, as integers modulo the order, cost as little as they are
/// short. Running time depends on the scalars and on the points.
///
/// # Panics
/// If the slices differ in length.
pub fn msm<C: Curve>(bases: &[G1Affine<C>], scalars: &[Scalar<C>]) -> G1<C> {
    assert_eq!(bases.len(), scalars.len(), "msm: one scalar per base");
    if bases.len() >= POINTS_MIN
        && let Ok(bases) = G1::<C>::prepare(bases)
    {
        let (words, shape) = signed(scalars);
        return G1::<C>::multiply(&bases, &[&words], &shape).into_iter().sum();
    }
    G1::<C>::msm_unchecked(bases, scalars)
}

/// The scalars as the integers nearest to zero, as narrow as they all fit.
fn signed<F: PrimeField>(scalars: &[F]) -> (Vec<u64>, Integers) {
    let integers: Vec<(bool, F::BigInt)> = scalars.par_iter().map(nearest).collect();
    let widest = integers.par_iter().map(|(_, magnitude)| magnitude.num_bits()).max();
    let shape = Integers { count: scalars.len(), bits: widest.unwrap_or(0) + 1, signed: true };
    let mut words = vec![0; shape.count * shape.words()];
    words.par_chunks_mut(shape.words()).zip(&integers).for_each(|(words, integer)| {
        write(words, integer.0, integer.1.as_ref());
    });
    (words, shape)
}

/// Whether the integer nearest to zero is negative, and its magnitude.
fn nearest<F: PrimeField>(scalar: &F) -> (bool, F::BigInt) {
    let integer = scalar.into_bigint();
    if integer <= F::MODULUS_MINUS_ONE_DIV_TWO {
        return (false, integer);
    }
    let mut magnitude = F::MODULUS;
    magnitude.sub_with_borrow(&integer);
    (true, magnitude)
}

/// Two's complement, in as many words as there are.
fn write(words: &mut [u64], negative: bool, magnitude: &[u64]) {
    let mut carry = negative;
    for (word, &magnitude) in words.iter_mut().zip(magnitude) {
        let flipped = if negative { !magnitude } else { magnitude };
        (*word, carry) = flipped.overflowing_add(u64::from(carry));
    }
}

#[cfg(test)]
mod tests {
    use ark_bn254::Fr;
    use ark_ff::{AdditiveGroup, Field};

    use super::*;

    #[test]
    fn integers_nearest_to_zero() {
        let (words, shape) = signed(&[Fr::ZERO, Fr::ONE, -Fr::ONE, Fr::from(1u64 << 40)]);
        assert_eq!((shape.bits, shape.signed, shape.words()), (42, true, 1));
        assert_eq!(words, [0, 1, u64::MAX, 1 << 40]);
        let (words, shape) = signed(&[-Fr::from(u64::MAX), Fr::from(7u64)]);
        assert_eq!(shape.bits, 65);
        assert_eq!(words, [1, u64::MAX, 7, 0]);
        let (words, shape) = signed(&[-Fr::from(1u128 << 64)]);
        assert_eq!((shape.bits, words), (66, vec![0, u64::MAX]));
        let half = Fr::from_bigint(Fr::MODULUS_MINUS_ONE_DIV_TWO).unwrap();
        assert_eq!(signed(&[half, half + Fr::ONE]).1.bits, 254);
        assert_eq!(signed::<Fr>(&[]).1.bits, 1);
    }
}
