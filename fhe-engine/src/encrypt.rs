//! Encryption of readings, by whoever may have to prove that it was done as prescribed.

use pulseproof_packing::{DIMENSION, EncryptError, EncryptionWitness, Layout, PublicKey};
use tfhe::core_crypto::algorithms::polynomial_algorithms::polynomial_wrapping_add_mul_assign;
use tfhe::core_crypto::commons::math::random::RandomGenerator;
use tfhe::core_crypto::prelude::*;
use zeroize::Zeroizing;

use crate::ciphertext::Ciphertext;
use crate::keys::{SystemSeeder, noise};

/// What a public key does.
pub trait Encrypt {
    /// Encrypts raw values, each in the next slot; slots left over count as absent.
    ///
    /// # Errors
    /// More readings than slots, a reading outside the scale.
    fn encrypt(&self, layout: &Layout, readings: &[i64]) -> Result<Vec<u64>, EncryptError> {
        Ok(self.encrypt_with_witness(layout, readings)?.0)
    }

    /// Encrypts, and returns what a proof about the list needs: its randomness, which opens it.
    ///
    /// # Errors
    /// Those of [`Self::encrypt`].
    fn encrypt_with_witness(
        &self,
        layout: &Layout,
        readings: &[i64],
    ) -> Result<(Vec<u64>, EncryptionWitness), EncryptError>;

    /// Encrypts a number by itself, in a plaintext of `plaintext_bits`: a word for a program.
    ///
    /// # Panics
    /// If the number does not fit.
    #[must_use]
    fn encrypt_word(&self, value: u64, plaintext_bits: u32) -> Ciphertext;
}

impl Encrypt for PublicKey {
    fn encrypt_with_witness(
        &self,
        layout: &Layout,
        readings: &[i64],
    ) -> Result<(Vec<u64>, EncryptionWitness), EncryptError> {
        let plaintexts = layout.encode(readings)?;
        let witness = draw(plaintexts.len(), &mut SystemSeeder);
        Ok((list(self, &plaintexts, &witness), witness))
    }

    fn encrypt_word(&self, value: u64, plaintext_bits: u32) -> Ciphertext {
        assert!(value.checked_shr(plaintext_bits).is_none_or(|rest| rest == 0), "too wide");
        let word = Zeroizing::new([value << (u64::BITS - plaintext_bits)]);
        let witness = draw(1, &mut SystemSeeder);
        Ciphertext::of_body(&list(self, &word[..], &witness), 0)
    }
}

/// The randomness of a list with so many bodies, from a generator that `seeder` seeds: tfhe-rs's, and
/// drawn in tfhe-rs's order, so that the same seed gives the same list.
pub(crate) fn draw(bodies: usize, seeder: &mut impl Seeder) -> EncryptionWitness {
    let mut generator = RandomGenerator::<DefaultRandomGenerator>::new(seeder.seed());
    let mut selector = Zeroizing::new(vec![0u64; DIMENSION]);
    generator.fill_slice_with_random_uniform_binary_bits(&mut selector);
    // tfhe-rs draws r and multiplies by r̄.
    selector.reverse();
    let mut noise_of = |count: usize| {
        let mut words = Zeroizing::new(vec![0u64; count]);
        generator.fill_slice_with_random_from_distribution(&mut words, noise());
        Zeroizing::new(words.iter().map(|word| word.cast_signed()).collect::<Vec<_>>())
    };
    let mask_noise = noise_of(DIMENSION);
    EncryptionWitness::new(selector, mask_noise, noise_of(bodies))
}

/// One mask, and a body for each plaintext, encrypted with this randomness.
pub(crate) fn list(key: &PublicKey, plaintexts: &[u64], witness: &EncryptionWitness) -> Vec<u64> {
    let mut words = Vec::with_capacity(DIMENSION + plaintexts.len());
    words.extend(witness.mask_noise().iter().map(|noise| noise.cast_unsigned()));
    add_product(&mut words, key.mask(), witness.selector());

    let mut selected = Zeroizing::new(vec![0; DIMENSION]);
    add_product(&mut selected, key.body(), witness.selector());
    let bodies = selected.iter().rev().zip(witness.body_noise()).zip(plaintexts);
    words.extend(bodies.map(|((product, noise), plaintext)| {
        product.wrapping_add(noise.cast_unsigned()).wrapping_add(*plaintext)
    }));
    words
}

/// Adds a product modulo X^2048 + 1 and 2^64. The work does not depend on the factors.
fn add_product(sum: &mut [u64], left: &[u64], right: &[u64]) {
    polynomial_wrapping_add_mul_assign(
        &mut Polynomial::from_container(sum),
        &Polynomial::from_container(left),
        &Polynomial::from_container(right),
    );
}
