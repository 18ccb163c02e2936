//! The authority's key pair, and the bytes it travels in.

use std::fmt;

use pulseproof_packing::{
    DIMENSION, Format, Hex, KEY_NOISE_MAX, KeyError, NOISE_BOUND, NOISE_BOUND_LOG2, PublicKey,
    SECRET_WEIGHT_MAX,
};
use rand::RngCore;
use rand::rngs::OsRng;
use tfhe::core_crypto::commons::math::random::Seed;
use tfhe::core_crypto::prelude::*;
use zeroize::Zeroizing;

use crate::phase::phases;

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

/// A new key pair from the randomness of `seeder`: the first whose noise stays within what layouts
/// count on, which nearly every pair's does.
pub(crate) fn generate_keys_from(seeder: &mut impl Seeder) -> (SecretKey, PublicKey) {
    loop {
        let (secret, public) = any_keys_from(seeder);
        if secret.opens(&public) {
            return (secret, public);
        }
    }
}

/// A new key pair, whatever its noise.
fn any_keys_from(seeder: &mut impl Seeder) -> (SecretKey, PublicKey) {
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

    /// Whether this key decrypts what `public` encrypts, whoever encrypts: the fingerprints agree, so do
    /// the keys, up to the noise of key generation, and neither noise nor key can make a list's noise
    /// larger than [`NOISE_MAX_PER_SUMMAND`](pulseproof_packing::NOISE_MAX_PER_SUMMAND).
    ///
    /// Nothing branches on the key or its noise but the answer itself.
    #[must_use]
    pub fn opens(&self, public: &PublicKey) -> bool {
        let weight: u64 = self.bits.iter().sum();
        (self.fingerprint == public.fingerprint())
            & (weight <= SECRET_WEIGHT_MAX)
            & is_small(&self.noise_of(public))
    }

    /// e = b − a·s̄, from the coefficient of X^2047 down, in two's complement.
    fn noise_of(&self, public: &PublicKey) -> Zeroizing<Vec<u64>> {
        let body: Vec<u64> = public.body().iter().rev().copied().collect();
        phases(&self.bits, public.mask(), &body)
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

/// Whether every value of a public key's noise is within its bound, and whatever a binary r selects of
/// them within [`KEY_NOISE_MAX`], either way, in every body.
///
/// In body i, r selects from e_0, …, e_m and from −e_(m+1), …, −e_2047, with m = 2047 − i, so that the
/// most are the sum of the positive ones and that of the negative ones. From one body to the next,
/// e_m changes its sign, and both sums change by it.
fn is_small(noise_from_the_last: &[u64]) -> bool {
    let part = |word: u64, is_negative: u64| word & (word >> 63 ^ is_negative).wrapping_sub(1);
    let sum = |total: u64, word: u64| total.wrapping_add(word);
    let mut above = noise_from_the_last.iter().map(|&word| part(word, 0)).fold(0, sum);
    let mut below =
        noise_from_the_last.iter().map(|&word| part(word, 1).wrapping_neg()).fold(0, sum);
    noise_from_the_last.iter().fold(true, |small, &word| {
        let value_is_small = word.wrapping_add(NOISE_BOUND) <= 2 * NOISE_BOUND;
        let sums_are_small = (above <= KEY_NOISE_MAX) & (below <= KEY_NOISE_MAX);
        above = above.wrapping_sub(word);
        below = below.wrapping_add(word);
        small & value_is_small & sums_are_small
    })
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretKey(of public key {})", Hex(&self.fingerprint))
    }
}

/// Seeds the generators from the operating system, whatever the CPU offers.
pub(crate) struct SystemSeeder;

impl Seeder for SystemSeeder {
    fn seed(&mut self) -> Seed {
        Seed(u128::from(OsRng.next_u64()) << 64 | u128::from(OsRng.next_u64()))
    }

    fn is_available() -> bool {
        true
    }
}
