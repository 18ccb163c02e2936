//! The multiplicative subgroup H of size N = 2^log_size, and transforms over it.
//!
//! Element i of a value vector belongs to ω^i (natural order). Coefficients are lowest first.

use ark_ec::PrimeGroup;
use ark_ff::{FftField, PrimeField, batch_inversion};
use ark_poly::{EvaluationDomain, Radix2EvaluationDomain};

use crate::field::KernelField;
use crate::group::Group;

/// H = {1, ω, …, ω^(N−1)}, or a coset of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Domain<F: FftField>(Radix2EvaluationDomain<F>);

impl<F: FftField> Domain<F> {
    /// The subgroup of size 2^`log_size`, or `None` if the field has none.
    pub fn new(log_size: u32) -> Option<Self> {
        let size = 1usize.checked_shl(log_size)?;
        Radix2EvaluationDomain::new(size).map(Self)
    }

    /// The same subgroup, shifted by the field's multiplicative generator: disjoint from H and from
    /// every other subgroup of two-power order.
    pub fn coset(self) -> Self {
        Self(self.0.get_coset(F::GENERATOR).expect("the generator is not zero"))
    }

    /// N.
    pub fn size(self) -> usize {
        self.0.size()
    }

    /// ω.
    pub fn generator(self) -> F {
        self.0.group_gen()
    }

    /// Evaluations of the polynomial with these coefficients; up to N of them, missing ones are zero.
    pub fn transform(self, mut coefficients: Vec<F>) -> Vec<F> {
        assert!(coefficients.len() <= self.size(), "transform: more coefficients than points");
        self.0.fft_in_place(&mut coefficients);
        coefficients
    }

    /// Coefficients of the polynomial of degree below N with these values; missing ones are zero.
    pub fn interpolate(self, mut values: Vec<F>) -> Vec<F> {
        assert!(values.len() <= self.size(), "interpolate: more values than points");
        self.0.ifft_in_place(&mut values);
        values
    }

    /// [`Self::interpolate`] in a group of the field's order: N points, N scalar multiplications per
    /// level of the transform.
    ///
    /// # Panics
    /// If there are more points than N.
    pub fn interpolate_points<G: Group<ScalarField = F>>(self, points: Vec<G>) -> Vec<G>
    where
        F: KernelField,
    {
        assert!(points.len() <= self.size(), "interpolate_points: more points than the domain has");
        G::interpolate(self, points)
    }

    /// The same, compiled wherever it is called.
    pub(crate) fn interpolate_in<G: PrimeGroup<ScalarField = F>>(self, mut points: Vec<G>) -> Vec<G>
    where
        F: PrimeField,
    {
        self.0.ifft_in_place(&mut points);
        points
    }

    /// Z_H(x) = x^N − 1 on the subgroup (x^N − g^N on its coset).
    pub fn vanishing(self, x: F) -> F {
        self.0.evaluate_vanishing_polynomial(x)
    }

    /// ω^0, ω^1, …, ω^(N−1), times the coset's offset.
    pub fn points(self) -> impl Iterator<Item = F> {
        self.0.elements()
    }

    /// L_0(x), …, L_(N−1)(x), for x outside the domain: L_j(x) = (ω^j / N)·(x^N − 1)/(x − ω^j).
    ///
    /// Returns `None` if x lies in the domain.
    pub fn lagrange_at(self, x: F) -> Option<Vec<F>> {
        let scale = self.vanishing(x) * self.0.size_inv();
        if scale.is_zero() {
            return None;
        }
        let points: Vec<F> = self.points().collect();
        let mut lagrange: Vec<F> = points.iter().map(|&point| x - point).collect();
        batch_inversion(&mut lagrange);
        for (value, point) in lagrange.iter_mut().zip(points) {
            *value *= point * scale;
        }
        Some(lagrange)
    }
}
