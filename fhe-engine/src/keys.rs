//! The authority's key pair, and the bytes it travels in.

use std::fmt;

use rand::RngCore;
use rand::rngs::OsRng;
use sha2::{Digest, Sha256};
use tfhe::core_crypto::commons::math::random::Seed;
use tfhe::core_crypto::prelude::*;
use zeroize::Zeroizing;

use crate::cipher::phases;
use crate::error::KeyError;
use crate::format::Format;
use crate::noise::{DIMENSION, NOISE_BOUND_LOG2};

const PUBLIC: Format =
    Format { kind: "public key", magic: *b"PPFHEPUB", version: 1, body: 2 * DIMENSION * 8 };

const SECRET: Format =
    Format { kind: "secret key", magic: *b"PPFHESEC", version: 1, body: 32 + DIMENSION / 8 };

/// Encrypts readings. Anybody may have it.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey {
    key: LweCompactPublicKeyOwned<u64>,
    fingerprint: [u8; 32],
}

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
    let public = PublicKey::new(allocate_and_generate_new_lwe_compact_public_key(
        &secret,
        noise(),
        CiphertextModulus::new_native(),
        &mut generator,
    ));
    let bits = Zeroizing::new(secret.into_container());
    (SecretKey { bits, fingerprint: public.fingerprint }, public)
}

/// The distribution of every noise value.
pub(crate) fn noise() -> TUniform<u64> {
    TUniform::new(NOISE_BOUND_LOG2)
}

impl PublicKey {
    fn new(key: LweCompactPublicKeyOwned<u64>) -> Self {
        let mut hash = Sha256::new();
        hash.update(b"pulseproof/fhe/public-key/v1");
        for word in key.as_ref() {
            hash.update(word.to_le_bytes());
        }
        Self { key, fingerprint: hash.finalize().into() }
    }

    /// A name for the key: SHA-256 of its words.
    #[must_use]
    pub fn fingerprint(&self) -> [u8; 32] {
        self.fingerprint
    }

    /// The key in this library's format.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = PUBLIC.header();
        bytes.extend(self.key.as_ref().iter().flat_map(|word| word.to_le_bytes()));
        bytes
    }

    /// Reads what [`Self::to_bytes`] wrote, and nothing else.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KeyError> {
        let (words, _) = PUBLIC.open(bytes)?.as_chunks();
        let words = words.iter().map(|&word| u64::from_le_bytes(word)).collect();
        Ok(Self::new(LweCompactPublicKey::from_container(words, CiphertextModulus::new_native())))
    }

    pub(crate) fn key(&self) -> &LweCompactPublicKeyOwned<u64> {
        &self.key
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", Hex(&self.fingerprint))
    }
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
        let (mask, body) = public.key.as_ref().split_at(DIMENSION);
        let body: Vec<u64> = body.iter().rev().copied().collect();
        let noise = phases(&self.bits, mask, &body);
        self.fingerprint == public.fingerprint
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

struct Hex<'a>(&'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
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
