//! Encryption from its definition: schoolbook products, randomness from a seed.

use pulseproof_packing::{DIMENSION, Layout, LayoutRequest, PublicKey, Scale, Totals};
use pulseproof_prover::encryption::Secrets;
use rand::rngs::StdRng;
use rand::{Rng, RngCore};

/// A list, and what it was made of.
pub struct List {
    pub words: Vec<u64>,
    pub bits: Vec<u64>,
    pub mask_noise: Vec<i64>,
    pub body_noise: Vec<i64>,
    pub slots: Vec<Totals>,
}

impl List {
    /// Encrypts readings.
    pub fn encrypt(key: &PublicKey, layout: &Layout, readings: &[i64], rng: &mut StdRng) -> Self {
        let bound = 1i64 << 17;
        let mut list = Self {
            words: Vec::new(),
            bits: (0..DIMENSION).map(|_| u64::from(rng.r#gen::<bool>())).collect(),
            mask_noise: (0..DIMENSION).map(|_| rng.gen_range(-bound..=bound)).collect(),
            body_noise: (0..layout.bodies()).map(|_| rng.gen_range(-bound..=bound)).collect(),
            slots: layout.quantities(readings).unwrap().to_vec(),
        };
        // Both ends of the range.
        (list.mask_noise[0], list.mask_noise[1]) = (bound, -bound);
        list.body_noise[0] = bound;
        list.words = list.words_of(key, &layout.encode(readings).unwrap());
        list
    }

    /// The words that the randomness gives for these plaintexts.
    pub fn words_of(&self, key: &PublicKey, plaintexts: &[u64]) -> Vec<u64> {
        let masks = negacyclic(key.mask(), &self.bits);
        let bodies = negacyclic(key.body(), &self.bits);
        let masks = masks.iter().zip(&self.mask_noise);
        let masks = masks.map(|(word, noise)| word.wrapping_add(noise.cast_unsigned()));
        let bodies = bodies.iter().rev().zip(&self.body_noise).zip(plaintexts);
        let bodies = bodies.map(|((word, noise), plaintext)| {
            word.wrapping_add(noise.cast_unsigned()).wrapping_add(*plaintext)
        });
        masks.chain(bodies).collect()
    }

    pub fn secrets(&self) -> Secrets<'_> {
        Secrets {
            bits: &self.bits,
            mask_noise: &self.mask_noise,
            body_noise: &self.body_noise,
            slots: &self.slots,
        }
    }
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

pub fn layout(slots: usize, scale: (i64, i64), inside: (i64, i64), summands_max: u64) -> Layout {
    let scale = Scale { decimals: 0, minimum: scale.0, maximum: scale.1 };
    Layout::plan(LayoutRequest { scale, inside, slots, summands_max, totals: true }).unwrap()
}

/// A day of glucose.
pub fn day() -> Layout {
    layout(288, (40, 400), (70, 180), 20)
}
