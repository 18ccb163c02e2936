//! The traits of a backend, object-safe: buffers, bases and keys are whatever the backend made of them. What a
//! backend of another kind of memory made is refused with [`Error::ForeignBuffer`]; backends on the host share theirs.

use std::any::Any;
use std::marker::PhantomData;
use std::ops::Range;

use ark_bls12_381::Bls12_381;
use ark_bn254::Bn254;

use super::{AnyBases, AnyBootstrapKey, AnyBuffer, AnyKeyswitchKey, Kept};
use crate::backend::{
    Backend, BackendKind, Binary, BootstrapOps, FieldOps, Kernels, MsmOps, NttOps, Signedness,
    WordOps,
};
use crate::bootstrap::{BootstrapShape, KeyswitchShape};
use crate::curve::{G1, G2, Scalar};
use crate::element::Stored;
use crate::error::Error;
use crate::field::{Goldilocks, KernelField, Prime50};
use crate::group::Group;
use crate::msm::ScalarShape;
use crate::transform::Transform;

/// [`Backend`] for one type of elements.
pub trait ErasedMemory<T> {
    /// See [`Backend::zeros`].
    ///
    /// # Errors
    /// See there.
    fn zeros(&self, len: usize) -> Result<AnyBuffer<T>, Error>;

    /// See [`Backend::upload`].
    ///
    /// # Errors
    /// See there.
    fn upload(&self, values: &[T]) -> Result<AnyBuffer<T>, Error>;

    /// See [`Backend::download`].
    ///
    /// # Errors
    /// See there.
    fn download(&self, buffer: &AnyBuffer<T>) -> Result<Vec<T>, Error>;

    /// See [`Backend::copy`].
    ///
    /// # Errors
    /// See there.
    fn copy(
        &self,
        from: &AnyBuffer<T>,
        range: Range<usize>,
        to: &mut AnyBuffer<T>,
        at: usize,
    ) -> Result<(), Error>;
}

impl<T: Stored, B: Backend> ErasedMemory<T> for B {
    fn zeros(&self, len: usize) -> Result<AnyBuffer<T>, Error> {
        Ok(keep(self, Backend::zeros(self, len)?))
    }

    fn upload(&self, values: &[T]) -> Result<AnyBuffer<T>, Error> {
        Ok(keep(self, Backend::upload(self, values)?))
    }

    fn download(&self, buffer: &AnyBuffer<T>) -> Result<Vec<T>, Error> {
        Backend::download(self, own::<T, B>(buffer)?)
    }

    fn copy(
        &self,
        from: &AnyBuffer<T>,
        range: Range<usize>,
        to: &mut AnyBuffer<T>,
        at: usize,
    ) -> Result<(), Error> {
        Backend::copy(self, own::<T, B>(from)?, range, own_mut::<T, B>(to)?, at)
    }
}

/// [`FieldOps`] and [`NttOps`] for one field.
#[expect(missing_docs, reason = "they are those of the two traits")]
#[expect(clippy::missing_errors_doc, reason = "they are those of the two traits")]
pub trait ErasedField<F> {
    fn map(&self, op: Binary, a: &mut AnyBuffer<F>, b: &AnyBuffer<F>) -> Result<(), Error>;
    fn map_scalar(&self, op: Binary, a: &mut AnyBuffer<F>, s: F) -> Result<(), Error>;
    fn add_scaled(&self, a: &mut AnyBuffer<F>, s: F, b: &AnyBuffer<F>) -> Result<(), Error>;
    fn rotate(&self, a: &AnyBuffer<F>, by: usize) -> Result<AnyBuffer<F>, Error>;
    fn powers(&self, first: F, base: F, len: usize) -> Result<AnyBuffer<F>, Error>;
    fn invert(&self, a: &mut AnyBuffer<F>) -> Result<(), Error>;
    fn scan(&self, op: Binary, a: &mut AnyBuffer<F>, row: usize) -> Result<(), Error>;
    fn evaluate(&self, a: &AnyBuffer<F>, x: F) -> Result<F, Error>;
    fn divide_out(&self, a: &AnyBuffer<F>, x: F) -> Result<AnyBuffer<F>, Error>;
    fn to_integers(&self, a: &AnyBuffer<F>) -> Result<AnyBuffer<u64>, Error>;
    #[expect(clippy::wrong_self_convention, reason = "the backend is no value that is converted")]
    fn from_integers(&self, a: &AnyBuffer<u64>) -> Result<AnyBuffer<F>, Error>;
    fn first_nonzero(&self, a: &AnyBuffer<F>) -> Result<Option<usize>, Error>;
    fn ntt(&self, transform: &Transform<F>, data: &mut AnyBuffer<F>) -> Result<(), Error>;
}

impl<F: KernelField, B: FieldOps<F> + NttOps<F>> ErasedField<F> for B {
    fn map(&self, op: Binary, a: &mut AnyBuffer<F>, b: &AnyBuffer<F>) -> Result<(), Error> {
        FieldOps::map(self, op, own_mut::<F, B>(a)?, own::<F, B>(b)?)
    }

    fn map_scalar(&self, op: Binary, a: &mut AnyBuffer<F>, s: F) -> Result<(), Error> {
        FieldOps::map_scalar(self, op, own_mut::<F, B>(a)?, s)
    }

    fn add_scaled(&self, a: &mut AnyBuffer<F>, s: F, b: &AnyBuffer<F>) -> Result<(), Error> {
        FieldOps::add_scaled(self, own_mut::<F, B>(a)?, s, own::<F, B>(b)?)
    }

    fn rotate(&self, a: &AnyBuffer<F>, by: usize) -> Result<AnyBuffer<F>, Error> {
        Ok(keep(self, FieldOps::rotate(self, own::<F, B>(a)?, by)?))
    }

    fn powers(&self, first: F, base: F, len: usize) -> Result<AnyBuffer<F>, Error> {
        Ok(keep(self, FieldOps::powers(self, first, base, len)?))
    }

    fn invert(&self, a: &mut AnyBuffer<F>) -> Result<(), Error> {
        FieldOps::invert(self, own_mut::<F, B>(a)?)
    }

    fn scan(&self, op: Binary, a: &mut AnyBuffer<F>, row: usize) -> Result<(), Error> {
        FieldOps::scan(self, op, own_mut::<F, B>(a)?, row)
    }

    fn evaluate(&self, a: &AnyBuffer<F>, x: F) -> Result<F, Error> {
        FieldOps::evaluate(self, own::<F, B>(a)?, x)
    }

    fn divide_out(&self, a: &AnyBuffer<F>, x: F) -> Result<AnyBuffer<F>, Error> {
        Ok(keep(self, FieldOps::divide_out(self, own::<F, B>(a)?, x)?))
    }

    fn to_integers(&self, a: &AnyBuffer<F>) -> Result<AnyBuffer<u64>, Error> {
        Ok(keep(self, FieldOps::<F>::to_integers(self, own::<F, B>(a)?)?))
    }

    fn from_integers(&self, a: &AnyBuffer<u64>) -> Result<AnyBuffer<F>, Error> {
        Ok(keep(self, FieldOps::<F>::from_integers(self, own::<u64, B>(a)?)?))
    }

    fn first_nonzero(&self, a: &AnyBuffer<F>) -> Result<Option<usize>, Error> {
        FieldOps::<F>::first_nonzero(self, own::<F, B>(a)?)
    }

    fn ntt(&self, transform: &Transform<F>, data: &mut AnyBuffer<F>) -> Result<(), Error> {
        NttOps::ntt(self, transform, own_mut::<F, B>(data)?)
    }
}

/// [`MsmOps`] for one group.
pub trait ErasedGroup<G: Group> {
    /// See [`MsmOps::bases`].
    ///
    /// # Errors
    /// See there.
    fn bases(&self, points: &[G::Affine], levels: u32) -> Result<AnyBases<G>, Error>;

    /// See [`MsmOps::msm_batch`].
    ///
    /// # Errors
    /// See there.
    fn msm_batch(
        &self,
        bases: &AnyBases<G>,
        scalars: &AnyBuffer<u64>,
        shape: ScalarShape,
    ) -> Result<Vec<G>, Error>;
}

impl<G: Group, B: MsmOps<G>> ErasedGroup<G> for B {
    fn bases(&self, points: &[G::Affine], levels: u32) -> Result<AnyBases<G>, Error> {
        let bases = MsmOps::<G>::bases(self, points, levels)?;
        let (len, bytes) = (self.bases_len(&bases), self.bases_bytes(&bases));
        Ok(AnyBases { kept: Box::new(bases), len, bytes, group: PhantomData })
    }

    fn msm_batch(
        &self,
        bases: &AnyBases<G>,
        scalars: &AnyBuffer<u64>,
        shape: ScalarShape,
    ) -> Result<Vec<G>, Error> {
        let bases = bases.kept.downcast_ref().ok_or(Error::ForeignBuffer)?;
        MsmOps::<G>::msm_batch(self, bases, own::<u64, B>(scalars)?, shape)
    }
}

/// [`Kernels`].
#[expect(missing_docs, reason = "they are those of the backend's traits")]
#[expect(clippy::missing_errors_doc, reason = "they are those of the backend's traits")]
pub trait ErasedKernels:
    ErasedMemory<u64>
    + ErasedMemory<Scalar<Bls12_381>>
    + ErasedMemory<Scalar<Bn254>>
    + ErasedMemory<Goldilocks>
    + ErasedMemory<Prime50>
    + ErasedField<Scalar<Bls12_381>>
    + ErasedField<Scalar<Bn254>>
    + ErasedField<Goldilocks>
    + ErasedField<Prime50>
    + ErasedGroup<G1<Bls12_381>>
    + ErasedGroup<G2<Bls12_381>>
    + ErasedGroup<G1<Bn254>>
    + ErasedGroup<G2<Bn254>>
    + Send
    + Sync
{
    fn kind(&self) -> BackendKind;
    fn generation(&self) -> u64;
    fn weighted_sums(
        &self,
        vectors: &AnyBuffer<u64>,
        weights: &[u64],
        signedness: Signedness,
    ) -> Result<(AnyBuffer<u64>, AnyBuffer<u64>), Error>;
    fn keyswitch_key(&self, shape: KeyswitchShape, words: &[u64])
    -> Result<AnyKeyswitchKey, Error>;
    fn bootstrap_key(
        &self,
        shape: BootstrapShape,
        residues: &[u64],
    ) -> Result<AnyBootstrapKey, Error>;
    fn keyswitch_batch(
        &self,
        key: &AnyKeyswitchKey,
        ciphertexts: &AnyBuffer<u64>,
    ) -> Result<AnyBuffer<u64>, Error>;
    fn pbs_batch(
        &self,
        key: &AnyBootstrapKey,
        ciphertexts: &AnyBuffer<u64>,
        tables: &AnyBuffer<u64>,
        choices: &[u32],
    ) -> Result<AnyBuffer<u64>, Error>;
}

impl<B: Kernels> ErasedKernels for B {
    fn kind(&self) -> BackendKind {
        Backend::kind(self)
    }

    fn generation(&self) -> u64 {
        Backend::generation(self)
    }

    fn weighted_sums(
        &self,
        vectors: &AnyBuffer<u64>,
        weights: &[u64],
        signedness: Signedness,
    ) -> Result<(AnyBuffer<u64>, AnyBuffer<u64>), Error> {
        let vectors = own::<u64, B>(vectors)?;
        let (low, high) = WordOps::weighted_sums(self, vectors, weights, signedness)?;
        Ok((keep(self, low), keep(self, high)))
    }

    fn keyswitch_key(
        &self,
        shape: KeyswitchShape,
        words: &[u64],
    ) -> Result<AnyKeyswitchKey, Error> {
        Ok(AnyKeyswitchKey(Box::new(BootstrapOps::keyswitch_key(self, shape, words)?)))
    }

    fn bootstrap_key(
        &self,
        shape: BootstrapShape,
        residues: &[u64],
    ) -> Result<AnyBootstrapKey, Error> {
        Ok(AnyBootstrapKey(Box::new(BootstrapOps::bootstrap_key(self, shape, residues)?)))
    }

    fn keyswitch_batch(
        &self,
        key: &AnyKeyswitchKey,
        ciphertexts: &AnyBuffer<u64>,
    ) -> Result<AnyBuffer<u64>, Error> {
        let (key, ciphertexts) = (recall(&key.0)?, own::<u64, B>(ciphertexts)?);
        Ok(keep(self, BootstrapOps::keyswitch_batch(self, key, ciphertexts)?))
    }

    fn pbs_batch(
        &self,
        key: &AnyBootstrapKey,
        ciphertexts: &AnyBuffer<u64>,
        tables: &AnyBuffer<u64>,
        choices: &[u32],
    ) -> Result<AnyBuffer<u64>, Error> {
        let (ciphertexts, tables) = (own::<u64, B>(ciphertexts)?, own::<u64, B>(tables)?);
        let out = BootstrapOps::pbs_batch(self, recall(&key.0)?, ciphertexts, tables, choices)?;
        Ok(keep(self, out))
    }
}

fn keep<T: Stored, B: Backend>(backend: &B, buffer: B::Buffer<T>) -> AnyBuffer<T> {
    let len = Backend::len(backend, &buffer);
    AnyBuffer { kept: Box::new(buffer), len, values: PhantomData }
}

fn own<T: Stored, B: Backend>(buffer: &AnyBuffer<T>) -> Result<&B::Buffer<T>, Error> {
    recall(&buffer.kept)
}

fn own_mut<T: Stored, B: Backend>(buffer: &mut AnyBuffer<T>) -> Result<&mut B::Buffer<T>, Error> {
    buffer.kept.downcast_mut().ok_or(Error::ForeignBuffer)
}

fn recall<T: Any>(kept: &Kept) -> Result<&T, Error> {
    kept.downcast_ref().ok_or(Error::ForeignBuffer)
}
