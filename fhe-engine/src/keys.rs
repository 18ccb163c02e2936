//! The authority's key pair, and the bytes it travels in.

use std::fmt;

use pulseproof_packing::{DIMENSION, Format, Hex, KeyError, NOISE_BOUND_LOG2, PublicKey};
use rand::RngCore;
use rand::rngs::OsRng;
use tfhe::core_crypto::commons::math::random::Seed;
use tfhe::core_crypto::prelude::*;
use zeroize::Zeroizing;

use crate::cipher::phases;

const SECRET: Format =
    Format { kind: "secret key", magic: *b"PPFHESEC", version: 1, body: 32 + DIMENSION / 8 };

/// Opens sums, and every single list as well. Its memory is erased when it is dropped.
pub struct SecretKey {
    /// One bit a word.
    bits: Zeroizing<Vec<u64>>,
    /// Of the public key it belongs to.
    fingerprint: [u8; 32],
}

/// A new key pair from the operating system's randomness.
///
/// # Panics
///
/// If the operating system has no randomness to give.
#[must_use]
pub fn generate_keys() -> (SecretKey, PublicKey) {
    generate_keys_from(&mut SystemSeeder)
}

/// A new key pair from the randomness of `seeder`.
pub(crate) fn generate_keys_from(seeder: &mut impl Seeder) -> (SecretKey, PublicKey) {
    let mut secret_generator = SecretRandomGenerator::<DefaultRandomGenerator>::new(seeder.seed());
    let mut generator =
        EncryptionRandomGenerator::<DefaultRandomGenerator>::new(seeder.seed(), seeder);
    let secret = allocate_and_generate_new_binary_lwe_secret_key(
        LweDimension(DIMENSION),
        &mut secret_generator,
    );
    let words = allocate_and_generate_new_lwe_compact_public_key(
        &secret,
        noise(),
        CiphertextModulus::new_native(),
        &mut generator,
    );
    let public = PublicKey::from_words(words.into_container()).expect("tfhe-rs makes a whole key");
    let bits = Zeroizing::new(secret.into_container());
    (SecretKey { bits, fingerprint: public.fingerprint() }, public)
}

/// The distribution of every noise value.
pub(crate) fn noise() -> TUniform<u64> {
    TUniform::new(NOISE_BOUND_LOG2)
}

impl SecretKey {
    /// The fingerprint of the public key that this key belongs to.
    #[must_use]
    pub fn fingerprint(&self) -> [u8; 32] {
        self.fingerprint
    }

    /// Whether this key opens what `public` encrypts: the fingerprints agree, and so do the keys,
    /// up to the noise of key generation.
    #[must_use]
    pub fn opens(&self, public: &PublicKey) -> bool {
        let body: Vec<u64> = public.body().iter().rev().copied().collect();
        let noise = phases(&self.bits, public.mask(), &body);
        self.fingerprint == public.fingerprint()
            && noise.iter().all(|word| word.cast_signed().unsigned_abs() <= 1 << NOISE_BOUND_LOG2)
    }

    /// The key in this library's format.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let mut bytes = Zeroizing::new(SECRET.header());
        bytes.extend_from_slice(&self.fingerprint);
        let (bits, _) = self.bits.as_chunks::<8>();
        bytes
            .extend(bits.iter().map(|bits| {
                bits.iter().rev().fold(0, |byte, &bit| byte << 1 | u8::from(bit == 1))
            }));
        bytes
    }

    /// Reads what [`Self::to_bytes`] wrote, and nothing else.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KeyError> {
        let body = SECRET.open(bytes)?;
        let (fingerprint, packed) = body.split_at(32);
        let bits =
            packed.iter().flat_map(|&byte| (0..8).map(move |bit| u64::from(byte >> bit & 1)));
        let mut key = Self { bits: Zeroizing::new(vec![0; DIMENSION]), fingerprint: [0; 32] };
        key.fingerprint.copy_from_slice(fingerprint);
        key.bits.iter_mut().zip(bits).for_each(|(word, bit)| *word = bit);
        Ok(key)
    }

    pub(crate) fn bits(&self) -> &[u64] {
        &self.bits
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretKey(of public key {})", Hex(&self.fingerprint))
    }
}

/// Seeds the generators from the operating system, whatever the processor offers.
pub(crate) struct SystemSeeder;

impl Seeder for SystemSeeder {
    fn seed(&mut self) -> Seed {
        Seed(u128::from(OsRng.next_u64()) << 64 | u128::from(OsRng.next_u64()))
    }

    fn is_available() -> bool {
        true
    }
}
