//! Encryption from its definition: schoolbook products, randomness from a seed.

use pulseproof_packing::{
    DIMENSION, EncryptionWitness, Layout, LayoutRequest, PublicKey, Scale, Totals,
};
use pulseproof_prover::encryption::Secrets;
use rand::rngs::StdRng;
use rand::{Rng, RngCore};
use zeroize::Zeroizing;

/// A list, and what it was made of.
pub struct List {
    pub words: Vec<u64>,
    pub encryption: EncryptionWitness,
    pub slots: Vec<Totals>,
}

impl List {
    /// Encrypts readings.
    pub fn encrypt(key: &PublicKey, layout: &Layout, readings: &[i64], rng: &mut StdRng) -> Self {
        let bound = 1i64 << 17;
        let selector = (0..DIMENSION).map(|_| u64::from(rng.r#gen::<bool>())).collect();
        let mut noise = |count: usize| -> Vec<i64> {
            (0..count).map(|_| rng.gen_range(-bound..=bound)).collect()
        };
        let (mut mask_noise, mut body_noise) = (noise(DIMENSION), noise(layout.bodies()));
        // Both ends of the range.
        (mask_noise[0], mask_noise[1], body_noise[0]) = (bound, -bound, bound);
        let [mask_noise, body_noise] = [mask_noise, body_noise].map(Zeroizing::new);
        let encryption = EncryptionWitness::new(Zeroizing::new(selector), mask_noise, body_noise);
        let words = words_of(key, &encryption, &layout.encode(readings).unwrap());
        Self { words, encryption, slots: layout.quantities(readings).unwrap().to_vec() }
    }

    pub fn secrets(&self) -> Secrets<'_> {
        Secrets { encryption: &self.encryption, slots: &self.slots }
    }
}

/// The words that the randomness gives for these plaintexts.
pub fn words_of(key: &PublicKey, encryption: &EncryptionWitness, plaintexts: &[u64]) -> Vec<u64> {
    let masks = negacyclic(key.mask(), encryption.selector());
    let bodies = negacyclic(key.body(), encryption.selector());
    let masks = masks.iter().zip(encryption.mask_noise());
    let masks = masks.map(|(word, noise)| word.wrapping_add(noise.cast_unsigned()));
    let bodies = bodies.iter().rev().zip(encryption.body_noise()).zip(plaintexts);
    let bodies = bodies.map(|((word, noise), plaintext)| {
        word.wrapping_add(noise.cast_unsigned()).wrapping_add(*plaintext)
    });
    masks.chain(bodies).collect()
}

/// The product modulo X^2048 + 1 and 2^64.
fn negacyclic(a: &[u64], b: &[u64]) -> Vec<u64> {
    let mut product = vec![0u64; DIMENSION];
    for (i, &x) in a.iter().enumerate() {
        for (j, &y) in b.iter().enumerate().filter(|(_, y)| **y != 0) {
            let (index, term) = ((i + j) % DIMENSION, x.wrapping_mul(y));
            let sum = &mut product[index];
            *sum = if i + j < DIMENSION { sum.wrapping_add(term) } else { sum.wrapping_sub(term) };
        }
    }
    product
}

/// A key that is as good as any to prove with: nobody could decrypt.
pub fn public_key(rng: &mut StdRng) -> PublicKey {
    PublicKey::from_words((0..2 * DIMENSION).map(|_| rng.next_u64()).collect()).unwrap()
}

pub fn request(slots: usize, scale: (i64, i64), inside: (i64, i64), most: u64) -> LayoutRequest {
    let scale = Scale { decimals: 0, minimum: scale.0, maximum: scale.1 };
    LayoutRequest { scale, inside, slots, summands_max: most, totals: true }
}

pub fn layout(slots: usize, scale: (i64, i64), inside: (i64, i64), most: u64) -> Layout {
    Layout::plan(request(slots, scale, inside, most)).unwrap()
}

/// Codes and squares are cut into limbs, and there are no totals.
pub fn cut() -> Layout {
    let request = request(4, (0, 5000), (0, 0), 50_000);
    Layout::plan(LayoutRequest { totals: false, ..request }).unwrap()
}

/// A day of glucose.
pub fn day() -> Layout {
    layout(288, (40, 400), (70, 180), 20)
}
