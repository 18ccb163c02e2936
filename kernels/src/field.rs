//! The fields transforms run over.

use ark_ff::{BigInteger, Fp64, MontBackend, MontConfig, PrimeField};
use serde::{Deserialize, Serialize};

use crate::backend::{ErasedField, ErasedKernels};
use crate::element::{Element, Stored};
use crate::names::names;

/// Parameters of [`Goldilocks`].
#[derive(MontConfig)]
#[modulus = "18446744069414584321"]
#[generator = "7"]
pub struct GoldilocksConfig;

/// The integers modulo 2^64 − 2^32 + 1, in which powers of two are roots of unity of order 192.
pub type Goldilocks = Fp64<MontBackend<GoldilocksConfig, 1>>;

/// Parameters of [`Prime50`].
#[derive(MontConfig)]
#[modulus = "1125899437080577"]
#[generator = "5"]
pub struct Prime50Config;

/// The integers modulo 2^50 − 7·2^26 + 1, the largest prime below 2^50 with roots of unity of order
/// 2^24 or more: its products fit the 52-bit multipliers of AVX-512 and the mantissa of a double.
pub type Prime50 = Fp64<MontBackend<Prime50Config, 1>>;

/// A prime field with a name and roots of unity of large two-power order.
pub trait KernelField: PrimeField + Stored {
    /// The field's identity.
    const ID: FieldId;

    /// The part of a backend that computes in this field.
    fn field(kernels: &dyn ErasedKernels) -> &dyn ErasedField<Self>;
}

/// A field chosen at run time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum FieldId {
    /// Scalars of BLS12-381: 255 bits, roots of unity up to order 2^32.
    Bls12_381,
    /// Scalars of BN254: 254 bits, up to 2^28.
    Bn254,
    /// [`Goldilocks`]: 64 bits, up to 2^32.
    Goldilocks,
    /// [`Prime50`]: 50 bits, up to 2^26.
    Prime50,
}

macro_rules! kernel_field {
    ($($field:ty: $id:ident),*) => { $(
        impl KernelField for $field {
            const ID: FieldId = FieldId::$id;

            fn field(kernels: &dyn ErasedKernels) -> &dyn ErasedField<Self> {
                kernels
            }
        }
    )* };
}

kernel_field!(
    ark_bls12_381::Fr: Bls12_381,
    ark_bn254::Fr: Bn254,
    Goldilocks: Goldilocks,
    Prime50: Prime50
);

names!(
    FieldId, UnknownField, "field":
    Bls12_381 = "bls12-381",
    Bn254 = "bn254",
    Goldilocks = "goldilocks",
    Prime50 = "prime50",
);

/// What a kernel source needs to know of a prime field: the one place it comes from is arkworks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Montgomery {
    /// p, little-endian words.
    pub modulus: Vec<u64>,
    /// R mod p with R = 2^(64·words): one, in Montgomery form.
    pub r: Vec<u64>,
    /// R² mod p: what brings an integer into Montgomery form.
    pub r_squared: Vec<u64>,
    /// −p^(−1) mod 2^64.
    pub inverse: u64,
}

impl Montgomery {
    /// The constants of a field.
    pub fn of<F: PrimeField + Element>() -> Self {
        let modulus = F::MODULUS.as_ref().to_vec();
        let r = F::ONE;
        // The Montgomery form of R is R².
        let r_squared = F::from(2u64).pow([64 * F::WORDS as u64]);
        // Newton's iteration doubles the number of right bits: p·p ≡ 1 mod 8 to begin with.
        let p = modulus[0];
        let inverse = (0..5).fold(p, |x, _| x.wrapping_mul(2u64.wrapping_sub(p.wrapping_mul(x))));
        let words = |value: F| crate::element::to_words(&[value]);
        debug_assert_eq!(F::MODULUS.num_bits(), F::MODULUS_BIT_SIZE);
        Self { modulus, r: words(r), r_squared: words(r_squared), inverse: inverse.wrapping_neg() }
    }
}
