//! What every backend can do: a small trait for each family of operations.
//!
//! Operations are batch-first and work on buffers that stay where the backend computes. Results are
//! integers and the same on every backend, bit for bit; points are compared in affine form.

use ark_bls12_381::Bls12_381;
use ark_bn254::Bn254;

use crate::bootstrap::{BootstrapShape, KeyswitchShape};
use crate::curve::{Curve, G1, G2, Scalar};
use crate::element::Stored;
use crate::error::Error;
use crate::field::{Goldilocks, KernelField, Prime50};
use crate::group::Group;
use crate::msm::ScalarShape;
use crate::transform::Transform;

mod any;
pub(crate) mod arguments;

pub use crate::kind::{BackendKind, UnknownBackend};

pub use any::{
    AnyBackend, AnyBases, AnyBootstrapKey, AnyBuffer, AnyKeyswitchKey, ErasedField, ErasedGroup,
    ErasedKernels, ErasedMemory,
};

/// Keeps buffers and moves them.
pub trait Backend: Send + Sync + 'static {
    /// Values kept where this backend computes. Freed when dropped.
    type Buffer<T: Stored>: Send + Sync + 'static;

    /// Which backend this is.
    fn kind(&self) -> BackendKind;

    /// Counts how often its device was lost: what was made before is of no use.
    fn generation(&self) -> u64 {
        0
    }

    /// How many values a buffer holds.
    fn len<T: Stored>(&self, buffer: &Self::Buffer<T>) -> usize;

    /// A buffer of zeros.
    ///
    /// # Errors
    /// Out of memory, device lost.
    fn zeros<T: Stored>(&self, len: usize) -> Result<Self::Buffer<T>, Error>;

    /// A buffer with these values.
    ///
    /// # Errors
    /// Out of memory, device lost.
    fn upload<T: Stored>(&self, values: &[T]) -> Result<Self::Buffer<T>, Error>;

    /// The values of a buffer. Waits for what was begun before.
    ///
    /// # Errors
    /// Foreign buffer, device lost.
    fn download<T: Stored>(&self, buffer: &Self::Buffer<T>) -> Result<Vec<T>, Error>;

    /// Copies `from[range]` to `to[at..]`.
    ///
    /// # Errors
    /// A range outside its buffer, foreign buffer, device lost.
    fn copy<T: Stored>(
        &self,
        from: &Self::Buffer<T>,
        range: std::ops::Range<usize>,
        to: &mut Self::Buffer<T>,
        at: usize,
    ) -> Result<(), Error>;
}

/// An operation on two field elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binary {
    /// a + b.
    Add,
    /// a − b.
    Sub,
    /// a·b.
    Mul,
}

/// Vectors of field elements. Every method may fail with [`Error::ForeignBuffer`],
/// [`Error::OutOfMemory`], [`Error::DeviceLost`] or [`Error::DeviceGone`]; further errors are named where there are
/// any.
pub trait FieldOps<F: KernelField>: Backend {
    /// a\[i\] = a\[i\] ∘ b\[i mod m\], where m is the length of b.
    ///
    /// # Errors
    /// m is zero or does not divide the length of a.
    fn map(&self, op: Binary, a: &mut Self::Buffer<F>, b: &Self::Buffer<F>) -> Result<(), Error>;

    /// a\[i\] = a\[i\] ∘ s.
    ///
    /// # Errors
    /// See the trait.
    fn map_scalar(&self, op: Binary, a: &mut Self::Buffer<F>, s: F) -> Result<(), Error>;

    /// a\[i\] += s·b\[i\] for each i that b has.
    ///
    /// # Errors
    /// b is longer than a.
    fn add_scaled(&self, a: &mut Self::Buffer<F>, s: F, b: &Self::Buffer<F>) -> Result<(), Error>;

    /// A new buffer with out\[i\] = a\[(i + by) mod n\], where n is the length of a.
    ///
    /// # Errors
    /// See the trait.
    fn rotate(&self, a: &Self::Buffer<F>, by: usize) -> Result<Self::Buffer<F>, Error>;

    /// first, first·base, …, first·base^(len−1).
    ///
    /// # Errors
    /// See the trait.
    fn powers(&self, first: F, base: F, len: usize) -> Result<Self::Buffer<F>, Error>;

    /// Replaces every element that is not zero by its inverse.
    ///
    /// # Errors
    /// See the trait.
    fn invert(&self, a: &mut Self::Buffer<F>) -> Result<(), Error>;

    /// Replaces each of the rows, `row` elements long, by its running sums (`Binary::Add`) or running
    /// products (`Binary::Mul`), the element itself included.
    ///
    /// # Errors
    /// `row` is zero or does not divide the length; `op` is `Binary::Sub`.
    fn scan(&self, op: Binary, a: &mut Self::Buffer<F>, row: usize) -> Result<(), Error>;

    /// Σ a\[i\]·x^i.
    ///
    /// # Errors
    /// See the trait.
    fn evaluate(&self, a: &Self::Buffer<F>, x: F) -> Result<F, Error>;

    /// (p(X) − p(x))/(X − x) for the polynomial with coefficients a: one element shorter than a; a
    /// buffer of length zero gives one of length zero.
    ///
    /// # Errors
    /// See the trait.
    fn divide_out(&self, a: &Self::Buffer<F>, x: F) -> Result<Self::Buffer<F>, Error>;

    /// The integers below p that the elements stand for, `F::WORDS` words each.
    ///
    /// # Errors
    /// See the trait.
    fn to_integers(&self, a: &Self::Buffer<F>) -> Result<Self::Buffer<u64>, Error>;

    /// The elements that 64-bit integers stand for, reduced.
    ///
    /// # Errors
    /// See the trait.
    #[expect(clippy::wrong_self_convention, reason = "the backend is no value that is converted")]
    fn from_integers(&self, a: &Self::Buffer<u64>) -> Result<Self::Buffer<F>, Error>;

    /// The position of the first element that is not zero.
    ///
    /// # Errors
    /// See the trait.
    fn first_nonzero(&self, a: &Self::Buffer<F>) -> Result<Option<usize>, Error>;
}

/// Number-theoretic transforms.
pub trait NttOps<F: KernelField>: Backend {
    /// Transforms each of the rows of `data`, 2^`log_size` elements long, in place.
    ///
    /// # Errors
    /// A size the field has no roots for, a length that is no multiple of it, or one of the errors
    /// every operation may have.
    fn ntt(&self, transform: &Transform<F>, data: &mut Self::Buffer<F>) -> Result<(), Error>;
}

/// How the words of a vector are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signedness {
    /// 0 to 2^64 − 1.
    Unsigned,
    /// Two's complement.
    Signed,
}

/// Vectors of 64-bit words.
pub trait WordOps: Backend {
    /// Σ_i weights\[i\]·vectors\[i·n + j\] for each j, modulo 2^128 in two's complement: the low and
    /// the high words. n is the length of `vectors` divided by the number of weights.
    ///
    /// # Errors
    /// No weights, or a length that their number does not divide.
    #[expect(clippy::type_complexity, reason = "two buffers")]
    fn weighted_sums(
        &self,
        vectors: &Self::Buffer<u64>,
        weights: &[u64],
        signedness: Signedness,
    ) -> Result<(Self::Buffer<u64>, Self::Buffer<u64>), Error>;
}

/// Multi-scalar multiplication over bases that are prepared once.
pub trait MsmOps<G: Group>: Backend {
    /// Points that stay with the backend, with multiples of them if asked for.
    type Bases: Send + Sync + 'static;

    /// Prepares bases. With `levels` over 1 the multiples 2^(k·s)·P for k below `levels` are stored
    /// too: that much more memory, and as many times fewer sums of buckets.
    ///
    /// # Errors
    /// `levels` is zero or over [`crate::msm::LEVELS_MAX`], more than [`crate::msm::BASES_MAX`] points
    /// with their multiples, out of memory, device lost.
    fn bases(&self, points: &[G::Affine], levels: u32) -> Result<Self::Bases, Error>;

    /// How many bases there are, multiples not counted.
    fn bases_len(&self, bases: &Self::Bases) -> usize;

    /// Bytes that bases take where they are kept, multiples counted.
    fn bases_bytes(&self, bases: &Self::Bases) -> usize;

    /// Σ_i s_i·bases\[i\] for each of the vectors of integers that lie one after the other in
    /// `scalars`: `shape.count` integers each, over the first `shape.count` bases.
    ///
    /// Running time depends on the scalars.
    ///
    /// # Errors
    /// More integers in a vector than bases, a length that is no multiple of a vector's, a width of
    /// zero or over 256 bits, or one of the errors every operation may have.
    fn msm_batch(
        &self,
        bases: &Self::Bases,
        scalars: &Self::Buffer<u64>,
        shape: ScalarShape,
    ) -> Result<Vec<G>, Error>;
}

/// Key switching and bootstrapping of LWE ciphertexts, as [`bootstrap`](crate::bootstrap) defines them.
pub trait BootstrapOps: Backend {
    /// A key-switching key in the form the backend computes with.
    type KeyswitchKey: Send + Sync + 'static;

    /// A bootstrapping key in the form the backend computes with.
    type BootstrapKey: Send + Sync + 'static;

    /// Prepares a key-switching key.
    ///
    /// # Errors
    /// A shape out of range, a length that is not the shape's, out of memory, device lost.
    fn keyswitch_key(
        &self,
        shape: KeyswitchShape,
        words: &[u64],
    ) -> Result<Self::KeyswitchKey, Error>;

    /// Prepares a bootstrapping key.
    ///
    /// # Errors
    /// A shape out of range, a length that is not the shape's, a residue that is not below the modulus,
    /// out of memory, device lost.
    fn bootstrap_key(
        &self,
        shape: BootstrapShape,
        residues: &[u64],
    ) -> Result<Self::BootstrapKey, Error>;

    /// Switches each of the ciphertexts of `shape.from` + 1 words that lie one after the other.
    ///
    /// # Errors
    /// A length that is no multiple of a ciphertext's, or one of the errors every operation may have.
    fn keyswitch_batch(
        &self,
        key: &Self::KeyswitchKey,
        ciphertexts: &Self::Buffer<u64>,
    ) -> Result<Self::Buffer<u64>, Error>;

    /// Bootstraps each of the ciphertexts of `shape.dimension` + 1 words that lie one after the other:
    /// the i-th with table `choices[i]` of those that lie, N words each, in `tables`. Running time does
    /// not depend on which tables are chosen.
    ///
    /// # Errors
    /// A length that is no multiple of a ciphertext's or a table's, a choice for each ciphertext missing
    /// or of no table, or one of the errors every operation may have.
    fn pbs_batch(
        &self,
        key: &Self::BootstrapKey,
        ciphertexts: &Self::Buffer<u64>,
        tables: &Self::Buffer<u64>,
        choices: &[u32],
    ) -> Result<Self::Buffer<u64>, Error>;
}

/// Everything a prover over the curve `C` needs.
pub trait CurveOps<C: Curve>:
    FieldOps<Scalar<C>> + NttOps<Scalar<C>> + WordOps + MsmOps<G1<C>> + MsmOps<G2<C>>
{
}

impl<C: Curve, B> CurveOps<C> for B where
    B: FieldOps<Scalar<C>> + NttOps<Scalar<C>> + WordOps + MsmOps<G1<C>> + MsmOps<G2<C>>
{
}

/// All kernels: every operation over every field and group.
pub trait Kernels:
    CurveOps<Bls12_381>
    + CurveOps<Bn254>
    + FieldOps<Goldilocks>
    + NttOps<Goldilocks>
    + FieldOps<Prime50>
    + NttOps<Prime50>
    + BootstrapOps
{
}

impl<B> Kernels for B where
    B: CurveOps<Bls12_381>
        + CurveOps<Bn254>
        + FieldOps<Goldilocks>
        + NttOps<Goldilocks>
        + FieldOps<Prime50>
        + NttOps<Prime50>
        + BootstrapOps
{
}
