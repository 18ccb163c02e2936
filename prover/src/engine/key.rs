//! What proving needs, kept where proofs are computed.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pulseproof_kernels::backend::{AnyBackend, AnyBases, AnyBuffer, Backend, FieldOps, MsmOps};
use pulseproof_kernels::msm::ScalarShape;
use pulseproof_kernels::traits::*;
use pulseproof_kernels::{Curve, Domain, Error, G1, G1Affine, Scalar};

use super::prove::ProveError;
use crate::srs::Srs;

/// How many multiples of each base are stored: memory for time. Measured best for keys of 2^12.
const LEVELS: u32 = 4;

/// An SRS on a backend. The points are sent there once and stay.
pub struct ProvingKey<C: Curve> {
    backend: AnyBackend,
    srs: Arc<Srs<C>>,
    /// Empty until the first proof, and after the device was lost until the next one.
    resident: Mutex<Option<Arc<Resident<C>>>>,
}

/// The points of an SRS, on a backend.
struct Resident<C: Curve> {
    /// The backend's, when they were sent there.
    generation: u64,
    lagrange: AnyBases<G1<C>>,
    powers: AnyBases<G1<C>>,
}

impl<C: Curve> ProvingKey<C> {
    /// Sends the points to the backend.
    ///
    /// # Errors
    /// The backend has no room for them, or was lost.
    pub fn new(backend: impl Into<AnyBackend>, srs: Arc<Srs<C>>) -> Result<Self, Error> {
        let key = Self::standby(backend, srs);
        key.session()?;
        Ok(key)
    }

    /// For a backend that may never be needed: the points are sent there with its first proof.
    pub fn standby(backend: impl Into<AnyBackend>, srs: Arc<Srs<C>>) -> Self {
        Self { backend: backend.into(), srs, resident: Mutex::new(None) }
    }

    /// The SRS.
    pub fn srs(&self) -> &Srs<C> {
        &self.srs
    }

    /// Who proves.
    pub fn backend(&self) -> &AnyBackend {
        &self.backend
    }

    /// Does the work of one proof. If the device is lost, the next proof sends the points again.
    pub(super) fn proving<T>(
        &self,
        work: impl FnOnce(Committer<'_, C>) -> Result<T, ProveError>,
    ) -> Result<T, ProveError> {
        let result = self.session().map_err(ProveError::from).and_then(work);
        if let Err(ProveError::Kernel(error)) = &result {
            self.note(error);
        }
        result
    }

    /// Forgets the points if the error says that the device has lost them.
    pub(crate) fn note(&self, error: &Error) {
        if error.is_loss() || matches!(error, Error::ForeignBuffer) {
            *self.slot() = None;
        }
    }

    fn session(&self) -> Result<Committer<'_, C>, Error> {
        let mut slot = self.slot();
        let generation = self.backend.generation();
        // Of a device that somebody else has lost meanwhile nothing is left.
        let known = slot.as_ref().filter(|resident| resident.generation == generation);
        let resident = match known {
            Some(resident) => Arc::clone(resident),
            None => {
                let bases = |points| MsmOps::<G1<C>>::bases(&self.backend, points, LEVELS);
                let (lagrange, powers) = (bases(&self.srs.lagrange)?, bases(&self.srs.powers)?);
                let resident = Resident { generation, lagrange, powers };
                slot.insert(Arc::new(resident)).clone()
            }
        };
        Ok(Committer { backend: &self.backend, srs: &self.srs, resident })
    }

    fn slot(&self) -> MutexGuard<'_, Option<Arc<Resident<C>>>> {
        self.resident.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Commitments on a backend, during one proof.
pub(super) struct Committer<'a, C: Curve> {
    pub backend: &'a AnyBackend,
    pub srs: &'a Srs<C>,
    resident: Arc<Resident<C>>,
}

impl<C: Curve> Committer<'_, C> {
    /// H.
    pub fn domain(&self) -> Domain<Scalar<C>> {
        self.srs.verifying_key.domain
    }

    /// Σ values\[j\]·\[L_j(τ)\]₁, for values known to be short.
    pub fn commit_short(&self, values: &Short) -> Result<G1<C>, Error> {
        let shape = ScalarShape::unsigned(values.count, values.bits);
        let words = self.backend.upload(&values.words)?;
        let bases = &self.resident.lagrange;
        Ok(one(MsmOps::<G1<C>>::msm_batch(self.backend, bases, &words, shape)?))
    }

    /// Σ values\[j\]·\[L_j(τ)\]₁.
    pub fn commit_values(&self, values: &AnyBuffer<Scalar<C>>) -> Result<G1<C>, Error> {
        self.commit(&self.resident.lagrange, values)
    }

    /// \[p(τ)\]₁ for the polynomial with these coefficients.
    pub fn commit_coefficients(
        &self,
        coefficients: &AnyBuffer<Scalar<C>>,
    ) -> Result<G1Affine<C>, Error> {
        Ok(self.commit(&self.resident.powers, coefficients)?.into_affine())
    }

    /// A column on the backend, filled with zeros to N.
    ///
    /// # Panics
    /// If it is longer than N.
    pub fn column(&self, values: &[Scalar<C>]) -> Result<AnyBuffer<Scalar<C>>, Error> {
        assert!(values.len() <= self.srs.size(), "a column is longer than N");
        let mut column = self.backend.zeros(self.srs.size())?;
        let filled = self.backend.upload(values)?;
        self.backend.copy(&filled, 0..values.len(), &mut column, 0)?;
        Ok(column)
    }

    fn commit(
        &self,
        bases: &AnyBases<G1<C>>,
        scalars: &AnyBuffer<Scalar<C>>,
    ) -> Result<G1<C>, Error> {
        let shape = ScalarShape::unsigned(self.backend.len(scalars), Scalar::<C>::MODULUS_BIT_SIZE);
        let integers = self.backend.to_integers(scalars)?;
        Ok(one(MsmOps::<G1<C>>::msm_batch(self.backend, bases, &integers, shape)?))
    }
}

/// The sum of a batch of one; of an empty vector it is zero.
fn one<G: Zero>(sums: Vec<G>) -> G {
    sums.into_iter().next().unwrap_or_else(G::zero)
}

/// Integers in as few bits as the largest of them needs: what is short costs less to commit to.
pub(super) struct Short {
    words: Vec<u64>,
    count: usize,
    bits: u32,
}

impl Short {
    /// The integers that field elements stand for.
    pub fn of<F: PrimeField>(values: &[F]) -> Self {
        let integers: Vec<F::BigInt> = values.iter().map(|value| value.into_bigint()).collect();
        let bits = integers.iter().map(BigInteger::num_bits).max().unwrap_or(0).max(1);
        let length = bits.div_ceil(64) as usize;
        let words = integers.iter().flat_map(|i| i.as_ref()[..length].to_vec()).collect();
        Self { words, count: values.len(), bits }
    }
}
