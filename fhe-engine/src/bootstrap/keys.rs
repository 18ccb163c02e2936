//! The evaluation key: made by the authority, used by the appliance.
//!
//! Its words come from tfhe-rs's key generation, under fresh small secrets that nobody keeps. It encrypts
//! bits of the secret key under a key that those bits are bootstrapped to, so its security rests on the
//! usual assumption of circular security (`docs/bootstrapping.md`).

use std::fmt;

use pulseproof_kernels::bootstrap::MODULUS;
use pulseproof_packing::{DIMENSION, Format, KeyError};
use sha2::{Digest, Sha256};
use tfhe::core_crypto::commons::math::random::{CompressionSeed, Seed};
use tfhe::core_crypto::prelude::*;
use zeroize::Zeroize;

use crate::bootstrap::parameters::{
    BOOTSTRAP, KEYSWITCH, RING_NOISE_BOUND_LOG2, SMALL_DIMENSION, SMALL_NOISE_BOUND_LOG2,
};
use crate::keys::{SecretKey, SystemSeeder, noise};

/// Words of the key-switching key as it travels: the bodies; the masks come from the seed.
const KEYSWITCH_WORDS: usize = DIMENSION * KEYSWITCH.levels as usize;
/// Words of the bootstrapping key modulo the prime.
const EXACT_WORDS: usize = SMALL_DIMENSION * BOOTSTRAP.levels as usize * 4 * DIMENSION;
/// Words of the bootstrapping key modulo 2^64 as it travels: the bodies.
const FLOATING_WORDS: usize = SMALL_DIMENSION * BOOTSTRAP.levels as usize * 2 * DIMENSION;

const EXACT: Format = Format {
    kind: "evaluation key",
    magic: *b"PPFHEEVA",
    version: 1,
    body: 32 + 16 + 8 * (KEYSWITCH_WORDS + EXACT_WORDS),
};

const FLOATING: Format = Format {
    kind: "floating-point evaluation key",
    magic: *b"PPFHEEVF",
    version: 1,
    body: 32 + 2 * 16 + 8 * (KEYSWITCH_WORDS + FLOATING_WORDS),
};

/// What bootstraps ciphertexts under one secret key, in exact integers.
pub struct EvaluationKey {
    /// Of the public key it belongs to.
    fingerprint: [u8; 32],
    keyswitch: Seeded<SeededLweKeyswitchKeyOwned<u64>>,
    /// Residues, in the order of [`BOOTSTRAP`].
    bootstrap: Vec<u64>,
}

/// What tfhe-rs's engines need: the same, modulo 2^64.
pub struct FloatingKey {
    /// Of the public key it belongs to.
    fingerprint: [u8; 32],
    keyswitch: Seeded<SeededLweKeyswitchKeyOwned<u64>>,
    bootstrap: Seeded<SeededLweBootstrapKeyOwned<u64>>,
}

/// A key whose masks come from a public seed.
struct Seeded<K> {
    seed: u128,
    key: K,
}

/// Secrets in between, erased when dropped.
struct SmallKey(LweSecretKeyOwned<u64>);

impl Drop for SmallKey {
    fn drop(&mut self) {
        self.0.as_mut().zeroize();
    }
}

/// The secret key once more, as the key of a ring. Erased when dropped.
struct RingKey(GlweSecretKeyOwned<u64>);

impl Drop for RingKey {
    fn drop(&mut self) {
        self.0.as_mut().zeroize();
    }
}

/// The modulus of the exact bootstrapping key.
pub(crate) fn exact_modulus() -> CiphertextModulus<u64> {
    CiphertextModulus::new(u128::from(MODULUS))
}

impl SecretKey {
    /// A new evaluation key, from the operating system's randomness. Takes a second or two.
    #[must_use]
    pub fn evaluation_key(&self) -> EvaluationKey {
        let seeder = &mut SystemSeeder;
        let (small, ring) = (small_key(seeder), self.ring_key());
        let keyswitch = keyswitch_key(&ring, &small, seeder);
        let mut generator =
            EncryptionRandomGenerator::<DefaultRandomGenerator>::new(seeder.seed(), seeder);
        let bootstrap = par_allocate_and_generate_new_lwe_bootstrap_key(
            &small.0,
            &ring.0,
            base_log(BOOTSTRAP.base_log),
            levels(BOOTSTRAP.levels),
            TUniform::new(RING_NOISE_BOUND_LOG2),
            exact_modulus(),
            &mut generator,
        );
        let bootstrap = bootstrap.into_container();
        EvaluationKey { fingerprint: self.fingerprint(), keyswitch, bootstrap }
    }

    /// A new key for tfhe-rs's engines.
    #[must_use]
    pub fn floating_key(&self) -> FloatingKey {
        let seeder = &mut SystemSeeder;
        let (small, ring) = (small_key(seeder), self.ring_key());
        let keyswitch = keyswitch_key(&ring, &small, seeder);
        let Seed(seed) = seeder.seed();
        let words = vec![0; FLOATING_WORDS];
        let mut bootstrap = floating_bootstrap(seed, words);
        par_generate_seeded_lwe_bootstrap_key(
            &small.0,
            &ring.0,
            &mut bootstrap.key,
            noise(),
            seeder,
        );
        FloatingKey { fingerprint: self.fingerprint(), keyswitch, bootstrap }
    }

    fn ring_key(&self) -> RingKey {
        let bits = self.bits().to_vec();
        RingKey(GlweSecretKey::from_container(bits, PolynomialSize(DIMENSION)))
    }
}

fn small_key(seeder: &mut SystemSeeder) -> SmallKey {
    let mut generator = SecretRandomGenerator::<DefaultRandomGenerator>::new(seeder.seed());
    let dimension = LweDimension(SMALL_DIMENSION);
    SmallKey(allocate_and_generate_new_binary_lwe_secret_key(dimension, &mut generator))
}

fn keyswitch_key(
    ring: &RingKey,
    small: &SmallKey,
    seeder: &mut SystemSeeder,
) -> Seeded<SeededLweKeyswitchKeyOwned<u64>> {
    let Seed(seed) = seeder.seed();
    let mut keyswitch = seeded_keyswitch(seed, vec![0; KEYSWITCH_WORDS]);
    generate_seeded_lwe_keyswitch_key(
        &LweSecretKey::from_container(ring.0.as_ref()),
        &small.0,
        &mut keyswitch.key,
        TUniform::new(SMALL_NOISE_BOUND_LOG2),
        seeder,
    );
    keyswitch
}

fn seeded_keyswitch(seed: u128, words: Vec<u64>) -> Seeded<SeededLweKeyswitchKeyOwned<u64>> {
    let key = SeededLweKeyswitchKey::from_container(
        words,
        base_log(KEYSWITCH.base_log),
        levels(KEYSWITCH.levels),
        LweDimension(SMALL_DIMENSION).to_lwe_size(),
        CompressionSeed::from(Seed(seed)),
        CiphertextModulus::new_native(),
    );
    Seeded { seed, key }
}

fn floating_bootstrap(seed: u128, words: Vec<u64>) -> Seeded<SeededLweBootstrapKeyOwned<u64>> {
    let key = SeededLweBootstrapKey::from_container(
        words,
        GlweSize(2),
        PolynomialSize(DIMENSION),
        base_log(BOOTSTRAP.base_log),
        levels(BOOTSTRAP.levels),
        CompressionSeed::from(Seed(seed)),
        CiphertextModulus::new_native(),
    );
    Seeded { seed, key }
}

fn base_log(bits: u32) -> DecompositionBaseLog {
    DecompositionBaseLog(bits as usize)
}

fn levels(levels: u32) -> DecompositionLevelCount {
    DecompositionLevelCount(levels as usize)
}

impl EvaluationKey {
    /// Length of [`Self::to_bytes`].
    pub const BYTES: usize = EXACT.bytes();

    /// The fingerprint of the public key that this key belongs to.
    #[must_use]
    pub fn fingerprint(&self) -> [u8; 32] {
        self.fingerprint
    }

    /// A name for the key: SHA-256 of its bytes.
    #[must_use]
    pub fn id(&self) -> [u8; 32] {
        Sha256::digest(self.to_bytes()).into()
    }

    /// The words of the key-switching key, in the order of [`KEYSWITCH`].
    #[must_use]
    pub fn keyswitch_words(&self) -> Vec<u64> {
        self.keyswitch.key.clone().par_decompress_into_lwe_keyswitch_key().into_container()
    }

    /// The residues of the bootstrapping key, in the order of [`BOOTSTRAP`].
    #[must_use]
    pub fn bootstrap_residues(&self) -> &[u64] {
        &self.bootstrap
    }

    /// The key in this library's format.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = EXACT.header();
        bytes.extend_from_slice(&self.fingerprint);
        write_seeded(&mut bytes, self.keyswitch.seed, self.keyswitch.key.as_ref());
        write_words(&mut bytes, &self.bootstrap);
        bytes
    }

    /// Reads what [`Self::to_bytes`] wrote, and nothing else.
    ///
    /// # Errors
    /// Another format or version, another length, a residue that is not below the modulus.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KeyError> {
        let mut body = Body(EXACT.open(bytes)?);
        let key = Self {
            fingerprint: body.take(),
            keyswitch: seeded_keyswitch(body.seed(), body.words(KEYSWITCH_WORDS)),
            bootstrap: body.words(EXACT_WORDS),
        };
        match key.bootstrap.iter().position(|&residue| residue >= MODULUS) {
            None => Ok(key),
            Some(index) => Err(KeyError::Residue { kind: EXACT.kind, index }),
        }
    }
}

impl FloatingKey {
    /// Length of [`Self::to_bytes`].
    pub const BYTES: usize = FLOATING.bytes();

    /// The fingerprint of the public key that this key belongs to.
    #[must_use]
    pub fn fingerprint(&self) -> [u8; 32] {
        self.fingerprint
    }

    /// The two keys, in tfhe-rs's types.
    pub(crate) fn keys(&self) -> (LweKeyswitchKeyOwned<u64>, LweBootstrapKeyOwned<u64>) {
        let keyswitch = self.keyswitch.key.clone().par_decompress_into_lwe_keyswitch_key();
        (keyswitch, self.bootstrap.key.clone().par_decompress_into_lwe_bootstrap_key())
    }

    /// The key in this library's format.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = FLOATING.header();
        bytes.extend_from_slice(&self.fingerprint);
        write_seeded(&mut bytes, self.keyswitch.seed, self.keyswitch.key.as_ref());
        write_seeded(&mut bytes, self.bootstrap.seed, self.bootstrap.key.as_ref());
        bytes
    }

    /// Reads what [`Self::to_bytes`] wrote, and nothing else.
    ///
    /// # Errors
    /// Another format or version, another length.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KeyError> {
        let mut body = Body(FLOATING.open(bytes)?);
        Ok(Self {
            fingerprint: body.take(),
            keyswitch: seeded_keyswitch(body.seed(), body.words(KEYSWITCH_WORDS)),
            bootstrap: floating_bootstrap(body.seed(), body.words(FLOATING_WORDS)),
        })
    }
}

fn write_seeded(bytes: &mut Vec<u8>, seed: u128, words: &[u64]) {
    bytes.extend_from_slice(&seed.to_le_bytes());
    write_words(bytes, words);
}

fn write_words(bytes: &mut Vec<u8>, words: &[u64]) {
    bytes.extend(words.iter().flat_map(|word| word.to_le_bytes()));
}

/// A body whose length the format has checked.
struct Body<'a>(&'a [u8]);

impl Body<'_> {
    fn take<const N: usize>(&mut self) -> [u8; N] {
        let (first, rest) = self.0.split_first_chunk().expect("the format has checked the length");
        self.0 = rest;
        *first
    }

    fn seed(&mut self) -> u128 {
        u128::from_le_bytes(self.take())
    }

    fn words(&mut self, count: usize) -> Vec<u64> {
        let (words, rest) = self.0.split_at(8 * count);
        self.0 = rest;
        words.as_chunks().0.iter().map(|&word| u64::from_le_bytes(word)).collect()
    }
}

impl fmt::Debug for EvaluationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EvaluationKey").finish_non_exhaustive()
    }
}

impl fmt::Debug for FloatingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FloatingKey").finish_non_exhaustive()
    }
}
