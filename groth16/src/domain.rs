//! Where constraints lie: snarkjs's order of the roots of unity, and the order transforms run in.
//!
//! snarkjs's root of unity is arkworks's for BN254, and an odd power of it for BLS12-381. Constraint i belongs
//! to ω^i, and point i of a key's section H to the odd power ω'^(2i + 1) of the root ω' of order 2N.
//!
//! Values lie in bit-reversed order of arkworks's root here, so that no transform permutes anything: the
//! rows of a key and its points H are put in their places once, when a key is loaded.

use pulseproof_formats::roots::{exponent, root_of_unity};
use pulseproof_kernels::traits::*;
use pulseproof_kernels::transform::{Order, Transform};

/// The subgroup of size N = 2^`log_size` and its coset of odd powers.
#[derive(Clone, Copy, Debug)]
pub struct Domain<F> {
    log_size: u32,
    /// snarkjs's root of order 2N.
    root: F,
    /// arkworks's root of order 2N.
    standard: F,
    /// `root` = `standard`^`exponent`.
    exponent: usize,
}

impl<F: PrimeField> Domain<F> {
    /// The domain, or `None` if the field has no root of unity of order 2N.
    pub fn new(log_size: u32) -> Option<Self> {
        let order = log_size.checked_add(1).filter(|&order| order <= F::TWO_ADICITY)?;
        let standard = F::get_root_of_unity(1 << order)?;
        let root = root_of_unity(order)?;
        Some(Self { log_size, root, standard, exponent: exponent::<F>(order)? })
    }

    /// log2 of N.
    pub fn log_size(&self) -> u32 {
        self.log_size
    }

    /// N.
    pub fn size(&self) -> usize {
        1 << self.log_size
    }

    /// snarkjs's root of order 2N.
    pub fn root(&self) -> F {
        self.root
    }

    /// Where the value at ω^i lies.
    pub fn place(&self, i: usize) -> usize {
        self.reversed(self.power(i))
    }

    /// Where the value at ω'^(2i + 1) lies.
    pub fn odd_place(&self, i: usize) -> usize {
        self.reversed(self.odd_power(i) >> 1)
    }

    /// The power of arkworks's root that ω^i is.
    pub fn power(&self, i: usize) -> usize {
        self.exponent.wrapping_mul(i) & (self.size() - 1)
    }

    /// The power of arkworks's root of order 2N that ω'^(2i + 1) is.
    pub fn odd_power(&self, i: usize) -> usize {
        self.root_power(2 * i + 1)
    }

    /// The power of arkworks's root of order 2N that ω'^j is.
    pub fn root_power(&self, j: usize) -> usize {
        self.exponent.wrapping_mul(j) & (2 * self.size() - 1)
    }

    /// From values on the subgroup to coefficients.
    pub fn interpolate(&self) -> Transform<F> {
        Transform::inverse(self.log_size).in_order(Order::BitReversed)
    }

    /// From coefficients to values on the odd powers.
    pub fn evaluate_odd(&self) -> Transform<F> {
        Transform::forward(self.log_size).on_coset(self.standard).in_order(Order::BitReversed)
    }

    /// The lowest `log_size` bits of i, reversed.
    fn reversed(&self, i: usize) -> usize {
        match self.log_size {
            0 => 0,
            bits => i.reverse_bits() >> (usize::BITS - bits),
        }
    }
}

#[cfg(test)]
mod tests {
    use pulseproof_kernels::{Bn254, Curve, Scalar, for_each_curve};

    use super::*;

    fn places<C: Curve>() {
        for log_size in [0, 1, 5] {
            let domain = Domain::<Scalar<C>>::new(log_size).unwrap();
            let n = domain.size();
            let omega = domain.root().square();
            assert!(omega.pow([n as u64]).is_one());
            let standard = domain.standard.square();
            let reversed = |j: usize| domain.reversed(j);
            for i in 0..n {
                let at = |place: usize| (0..n).find(|&j| reversed(j) == place).unwrap() as u64;
                assert_eq!(standard.pow([at(domain.place(i))]), omega.pow([i as u64]));
                let odd = domain.standard * standard.pow([at(domain.odd_place(i))]);
                assert_eq!(odd, domain.root().pow([2 * i as u64 + 1]));
            }
        }
    }

    #[test]
    fn every_power_has_its_place() {
        for_each_curve!(places);
    }

    #[test]
    fn sizes_without_roots_are_refused() {
        assert!(Domain::<Scalar<Bn254>>::new(27).is_some());
        assert!(Domain::<Scalar<Bn254>>::new(28).is_none());
        assert!(Domain::<Scalar<Bn254>>::new(u32::MAX).is_none());
    }
}
