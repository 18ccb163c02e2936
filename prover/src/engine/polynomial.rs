//! Polynomials as coefficient vectors, lowest first.

use pulseproof_kernels::Domain;
use pulseproof_kernels::traits::*;
use rand::RngCore;
use zeroize::Zeroize;

/// A committed column: N values on H, and the random multiples of Z_H that hide them.
#[derive(Clone)]
pub struct Masked<F: Field> {
    /// The values on H, all N.
    pub values: Vec<F>,
    /// β: the polynomial is the interpolation of the values plus β(X)·Z_H(X).
    pub blinders: Vec<F>,
}

impl<F: Field> Drop for Masked<F> {
    fn drop(&mut self) {
        self.blinders.zeroize();
    }
}

impl<F: FftField> Masked<F> {
    /// Masks a column with `count` fresh random coefficients.
    pub fn fresh(values: Vec<F>, count: usize, rng: &mut impl RngCore) -> Self {
        Self { values, blinders: (0..count).map(|_| F::rand(rng)).collect() }
    }

    /// The masked polynomial's coefficients.
    pub fn coefficients(&self, domain: Domain<F>) -> Vec<F> {
        let size = domain.size();
        let mut coefficients = domain.interpolate(self.values.clone());
        coefficients.resize(size + self.blinders.len(), F::ZERO);
        for (b, &blinder) in self.blinders.iter().enumerate() {
            coefficients[b] -= blinder;
            coefficients[size + b] += blinder;
        }
        coefficients
    }
}

/// p(x), by Horner's rule.
pub fn evaluate<F: Field>(coefficients: &[F], x: F) -> F {
    coefficients.iter().rev().fold(F::ZERO, |sum, &c| sum * x + c)
}

/// sum += factor · p.
pub fn add_scaled<F: Field>(sum: &mut Vec<F>, factor: F, coefficients: &[F]) {
    if sum.len() < coefficients.len() {
        sum.resize(coefficients.len(), F::ZERO);
    }
    for (s, &c) in sum.iter_mut().zip(coefficients) {
        *s += factor * c;
    }
}

/// (p(X) − p(x)) / (X − x), by synthetic division.
pub fn divide_out<F: Field>(mut coefficients: Vec<F>, x: F) -> Vec<F> {
    let mut carry = F::ZERO;
    for c in coefficients.iter_mut().rev() {
        carry = carry * x + *c;
        *c = carry;
    }
    // What is left in the constant's place is p(x).
    if !coefficients.is_empty() {
        coefficients.remove(0);
    }
    coefficients
}

#[cfg(test)]
mod tests {
    use super::*;
    use pulseproof_kernels::{Bn254, Scalar, naive};
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    type F = Scalar<Bn254>;

    #[test]
    fn division_multiplies_back() {
        let rng = &mut StdRng::seed_from_u64(1);
        let p: Vec<F> = (0..9).map(|_| F::rand(rng)).collect();
        let (x, y) = (F::rand(rng), F::rand(rng));
        let quotient = divide_out(p.clone(), x);
        assert_eq!(quotient.len(), 8);
        let left = naive::evaluate(&quotient, y) * (y - x);
        assert_eq!(left, naive::evaluate(&p, y) - naive::evaluate(&p, x));
        assert_eq!(evaluate(&p, y), naive::evaluate(&p, y));
    }

    #[test]
    fn masking_keeps_values_on_the_domain_and_moves_them_elsewhere() {
        let rng = &mut StdRng::seed_from_u64(2);
        let domain = Domain::<F>::new(3).unwrap();
        let values: Vec<F> = (0..8).map(|_| F::rand(rng)).collect();
        let masked = Masked::fresh(values.clone(), 3, rng);
        let plain = domain.interpolate(values.clone());
        let coefficients = masked.coefficients(domain);
        for (point, value) in domain.points().zip(values) {
            assert_eq!(evaluate(&coefficients, point), value);
        }
        let x = F::rand(rng);
        assert_eq!(
            evaluate(&coefficients, x) - evaluate(&plain, x),
            evaluate(&masked.blinders, x) * domain.vanishing(x)
        );
    }
}
