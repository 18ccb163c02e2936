//! Roots of unity as these files mean them. Touches nothing.

use pulseproof_kernels::traits::*;

/// The generator of the subgroup of order 2^`log_size` that orders the rows of a circuit in keys, and
/// the points of a Lagrange basis in ceremonies' files: a power of the smallest quadratic non-residue.
///
/// It is arkworks' generator for BN254 and another for BLS12-381, whose smallest non-residue, 5, is not
/// the generator of the field that arkworks uses. `None` if there is no such subgroup.
pub fn root_of_unity<F: PrimeField>(log_size: u32) -> Option<F> {
    let squarings = F::TWO_ADICITY.checked_sub(log_size)?;
    let residue = (2u64..).map(F::from).find(|value| value.legendre().is_qnr())?;
    let mut odd_part = (-F::ONE).into_bigint();
    odd_part >>= F::TWO_ADICITY;
    let largest = residue.pow(odd_part.as_ref());
    Some((0..squarings).fold(largest, |root, _| root.square()))
}

/// The k for which that generator is arkworks's to the power of k. `None` if there is no such subgroup.
pub fn exponent<F: PrimeField>(log_size: u32) -> Option<usize> {
    let order = 1u64.checked_shl(log_size)?;
    Some(logarithm(root_of_unity(log_size)?, F::get_root_of_unity(order)?, log_size))
}

fn squared<F: Field>(value: F, times: u32) -> F {
    (0..times).fold(value, |value, _| value.square())
}

/// The k below 2^order with `power` = `base`^k, bit by bit from the lowest, for a base of that order.
fn logarithm<F: PrimeField>(power: F, base: F, order: u32) -> usize {
    let inverse = base.inverse().expect("a root of unity is not zero");
    let (mut exponent, mut left, mut step) = (0, power, inverse);
    for bit in 0..order {
        if !squared(left, order - 1 - bit).is_one() {
            exponent |= 1 << bit;
            left *= step;
        }
        step.square_in_place();
    }
    exponent
}
