//! A backend whose type is forgotten. What is above the kernels is written for [`AnyBackend`] and compiled once,
//! whatever it runs on, and the kernels are compiled in this crate alone.
//!
//! - `erased`: the traits of [`backend`](super) again, object-safe: one for each field and group. Every backend
//!   has them.

mod erased;

use std::any::Any;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Range;
use std::sync::Arc;

pub use erased::{ErasedField, ErasedGroup, ErasedKernels, ErasedMemory};

use super::{
    Backend, BackendKind, Binary, BootstrapOps, FieldOps, Kernels, MsmOps, NttOps, Signedness,
    WordOps,
};
use crate::bootstrap::{BootstrapShape, KeyswitchShape};
use crate::cpu::Cpu;
use crate::element::Stored;
use crate::error::Error;
use crate::field::KernelField;
use crate::gpu::Gpu;
use crate::group::Group;
use crate::msm::ScalarShape;
use crate::naive::Naive;
use crate::transform::Transform;

/// What a backend keeps.
type Kept = Box<dyn Any + Send + Sync>;

/// Any backend. Clones share it.
///
/// ```
/// use pulseproof_kernels::backend::{AnyBackend, Backend, FieldOps};
/// use pulseproof_kernels::cpu::Cpu;
/// use pulseproof_kernels::field::Goldilocks;
///
/// let backend = AnyBackend::new(Cpu::new());
/// let squares = backend.powers(Goldilocks::from(1u64), Goldilocks::from(4u64), 3)?;
/// assert_eq!(backend.download(&squares)?, [1u64, 4, 16].map(Goldilocks::from));
/// # Ok::<(), pulseproof_kernels::Error>(())
/// ```
#[derive(Clone)]
pub struct AnyBackend(Arc<dyn ErasedKernels>);

impl AnyBackend {
    /// This backend.
    pub fn new(backend: impl Kernels) -> Self {
        Self(Arc::new(backend))
    }
}

macro_rules! any {
    ($($backend:ty),*) => { $(
        impl From<$backend> for AnyBackend {
            fn from(backend: $backend) -> Self {
                Self::new(backend)
            }
        }
    )* };
}

any!(Cpu, Gpu, Naive);

impl fmt::Debug for AnyBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AnyBackend({})", self.0.kind())
    }
}

/// A buffer of whatever backend.
pub struct AnyBuffer<T> {
    kept: Kept,
    len: usize,
    values: PhantomData<fn() -> T>,
}

/// Bases of whatever backend.
pub struct AnyBases<G> {
    kept: Kept,
    len: usize,
    bytes: usize,
    group: PhantomData<fn() -> G>,
}

/// A key-switching key of whatever backend.
pub struct AnyKeyswitchKey(Kept);

/// A bootstrapping key of whatever backend.
pub struct AnyBootstrapKey(Kept);

impl Backend for AnyBackend {
    type Buffer<T: Stored> = AnyBuffer<T>;

    fn kind(&self) -> BackendKind {
        self.0.kind()
    }

    fn generation(&self) -> u64 {
        self.0.generation()
    }

    fn len<T: Stored>(&self, buffer: &AnyBuffer<T>) -> usize {
        buffer.len
    }

    fn zeros<T: Stored>(&self, len: usize) -> Result<AnyBuffer<T>, Error> {
        T::memory(&*self.0).zeros(len)
    }

    fn upload<T: Stored>(&self, values: &[T]) -> Result<AnyBuffer<T>, Error> {
        T::memory(&*self.0).upload(values)
    }

    fn download<T: Stored>(&self, buffer: &AnyBuffer<T>) -> Result<Vec<T>, Error> {
        T::memory(&*self.0).download(buffer)
    }

    fn copy<T: Stored>(
        &self,
        from: &AnyBuffer<T>,
        range: Range<usize>,
        to: &mut AnyBuffer<T>,
        at: usize,
    ) -> Result<(), Error> {
        T::memory(&*self.0).copy(from, range, to, at)
    }
}

impl<F: KernelField> FieldOps<F> for AnyBackend {
    fn map(&self, op: Binary, a: &mut AnyBuffer<F>, b: &AnyBuffer<F>) -> Result<(), Error> {
        F::field(&*self.0).map(op, a, b)
    }

    fn map_scalar(&self, op: Binary, a: &mut AnyBuffer<F>, s: F) -> Result<(), Error> {
        F::field(&*self.0).map_scalar(op, a, s)
    }

    fn add_scaled(&self, a: &mut AnyBuffer<F>, s: F, b: &AnyBuffer<F>) -> Result<(), Error> {
        F::field(&*self.0).add_scaled(a, s, b)
    }

    fn rotate(&self, a: &AnyBuffer<F>, by: usize) -> Result<AnyBuffer<F>, Error> {
        F::field(&*self.0).rotate(a, by)
    }

    fn powers(&self, first: F, base: F, len: usize) -> Result<AnyBuffer<F>, Error> {
        F::field(&*self.0).powers(first, base, len)
    }

    fn invert(&self, a: &mut AnyBuffer<F>) -> Result<(), Error> {
        F::field(&*self.0).invert(a)
    }

    fn scan(&self, op: Binary, a: &mut AnyBuffer<F>, row: usize) -> Result<(), Error> {
        F::field(&*self.0).scan(op, a, row)
    }

    fn evaluate(&self, a: &AnyBuffer<F>, x: F) -> Result<F, Error> {
        F::field(&*self.0).evaluate(a, x)
    }

    fn divide_out(&self, a: &AnyBuffer<F>, x: F) -> Result<AnyBuffer<F>, Error> {
        F::field(&*self.0).divide_out(a, x)
    }

    fn to_integers(&self, a: &AnyBuffer<F>) -> Result<AnyBuffer<u64>, Error> {
        F::field(&*self.0).to_integers(a)
    }

    fn from_integers(&self, a: &AnyBuffer<u64>) -> Result<AnyBuffer<F>, Error> {
        F::field(&*self.0).from_integers(a)
    }

    fn first_nonzero(&self, a: &AnyBuffer<F>) -> Result<Option<usize>, Error> {
        F::field(&*self.0).first_nonzero(a)
    }
}

impl<F: KernelField> NttOps<F> for AnyBackend {
    fn ntt(&self, transform: &Transform<F>, data: &mut AnyBuffer<F>) -> Result<(), Error> {
        F::field(&*self.0).ntt(transform, data)
    }
}

impl WordOps for AnyBackend {
    fn weighted_sums(
        &self,
        vectors: &AnyBuffer<u64>,
        weights: &[u64],
        signedness: Signedness,
    ) -> Result<(AnyBuffer<u64>, AnyBuffer<u64>), Error> {
        self.0.weighted_sums(vectors, weights, signedness)
    }
}

impl<G: Group> MsmOps<G> for AnyBackend {
    type Bases = AnyBases<G>;

    fn bases(&self, points: &[G::Affine], levels: u32) -> Result<AnyBases<G>, Error> {
        G::group(&*self.0).bases(points, levels)
    }

    fn bases_len(&self, bases: &AnyBases<G>) -> usize {
        bases.len
    }

    fn bases_bytes(&self, bases: &AnyBases<G>) -> usize {
        bases.bytes
    }

    fn msm_batch(
        &self,
        bases: &AnyBases<G>,
        scalars: &AnyBuffer<u64>,
        shape: ScalarShape,
    ) -> Result<Vec<G>, Error> {
        G::group(&*self.0).msm_batch(bases, scalars, shape)
    }
}

impl BootstrapOps for AnyBackend {
    type KeyswitchKey = AnyKeyswitchKey;
    type BootstrapKey = AnyBootstrapKey;

    fn keyswitch_key(
        &self,
        shape: KeyswitchShape,
        words: &[u64],
    ) -> Result<AnyKeyswitchKey, Error> {
        self.0.keyswitch_key(shape, words)
    }

    fn bootstrap_key(
        &self,
        shape: BootstrapShape,
        residues: &[u64],
    ) -> Result<AnyBootstrapKey, Error> {
        self.0.bootstrap_key(shape, residues)
    }

    fn keyswitch_batch(
        &self,
        key: &AnyKeyswitchKey,
        ciphertexts: &AnyBuffer<u64>,
    ) -> Result<AnyBuffer<u64>, Error> {
        self.0.keyswitch_batch(key, ciphertexts)
    }

    fn pbs_batch(
        &self,
        key: &AnyBootstrapKey,
        ciphertexts: &AnyBuffer<u64>,
        tables: &AnyBuffer<u64>,
        choices: &[u32],
    ) -> Result<AnyBuffer<u64>, Error> {
        self.0.pbs_batch(key, ciphertexts, tables, choices)
    }
}
