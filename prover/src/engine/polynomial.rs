//! Columns and polynomials on a backend: N values on H, or coefficients, lowest first.

use pulseproof_kernels::Error;
use pulseproof_kernels::backend::{AnyBackend, AnyBuffer, Backend, FieldOps, NttOps};
use pulseproof_kernels::field::KernelField;
use pulseproof_kernels::traits::*;
use pulseproof_kernels::transform::Transform;
use rand::RngCore;
use zeroize::Zeroize;

/// Random multiples of Z_H that hide a column, wiped when dropped.
#[derive(Clone)]
pub struct Blinding<F: Field>(pub Vec<F>);

impl<F: Field> Drop for Blinding<F> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl<F: Field> Blinding<F> {
    /// `count` fresh random coefficients.
    pub fn fresh(count: usize, rng: &mut impl RngCore) -> Self {
        Self((0..count).map(|_| F::rand(rng)).collect())
    }
}

/// A column that is filled: N values on H, and β. Its polynomial is the interpolation of the values
/// plus β(X)·Z_H(X).
pub(super) struct Filled<F: KernelField> {
    /// The values on H.
    pub values: AnyBuffer<F>,
    /// β.
    pub blinding: Blinding<F>,
}

impl<F: KernelField> Filled<F> {
    /// The masked polynomial's coefficients.
    pub fn coefficients(&self, backend: &AnyBackend) -> Result<AnyBuffer<F>, Error> {
        let size = backend.len(&self.values);
        let mut values = resized(backend, &self.values, size)?;
        backend.ntt(&Transform::inverse(size.ilog2()), &mut values)?;
        let mut coefficients = resized(backend, &values, size + self.blinding.0.len())?;
        let blinders = backend.upload(&self.blinding.0)?;
        // β(X)·(X^N − 1). The two parts overlap where there are more blinders than rows.
        backend.copy(&blinders, 0..self.blinding.0.len(), &mut coefficients, size)?;
        backend.add_scaled(&mut coefficients, -F::ONE, &blinders)?;
        Ok(coefficients)
    }
}

/// A copy of the first `len` elements; zeros stand for those there are not.
pub(super) fn resized<F: KernelField>(
    backend: &AnyBackend,
    from: &AnyBuffer<F>,
    len: usize,
) -> Result<AnyBuffer<F>, Error> {
    let mut copy = backend.zeros(len)?;
    backend.copy(from, 0..backend.len(from).min(len), &mut copy, 0)?;
    Ok(copy)
}

/// Σ weight·polynomial; as long as the longest.
pub(super) fn combination<F: KernelField>(
    backend: &AnyBackend,
    terms: &[(F, &AnyBuffer<F>)],
) -> Result<AnyBuffer<F>, Error> {
    let longest = terms.iter().map(|(_, p)| backend.len(p)).max().unwrap_or(0);
    let mut sum = backend.zeros(longest)?;
    for (weight, polynomial) in terms {
        backend.add_scaled(&mut sum, *weight, polynomial)?;
    }
    Ok(sum)
}

#[cfg(test)]
mod tests {
    use super::*;
    use pulseproof_kernels::cpu::Cpu;
    use pulseproof_kernels::{Bn254, Domain, Scalar, naive};
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    type F = Scalar<Bn254>;

    #[test]
    fn masking_keeps_values_on_the_domain_and_moves_them_elsewhere() {
        let (cpu, rng) = (AnyBackend::new(Cpu::new()), &mut StdRng::seed_from_u64(2));
        let domain = Domain::<F>::new(3).unwrap();
        let values: Vec<F> = (0..8).map(|_| F::rand(rng)).collect();
        let blinding = Blinding::<F>::fresh(3, rng);
        let filled = Filled { values: cpu.upload(&values).unwrap(), blinding };
        let coefficients = cpu.download(&filled.coefficients(&cpu).unwrap()).unwrap();
        assert_eq!(coefficients.len(), 11);
        for (point, &value) in domain.points().zip(&values) {
            assert_eq!(naive::evaluate(&coefficients, point), value);
        }
        let (x, plain) = (F::rand(rng), domain.interpolate(values));
        assert_eq!(
            naive::evaluate(&coefficients, x) - naive::evaluate(&plain, x),
            naive::evaluate(&filled.blinding.0, x) * domain.vanishing(x)
        );
    }
}
