//! One encrypted word: an LWE ciphertext of dimension 2048, modulo 2^64.

use pulseproof_packing::DIMENSION;

use crate::keys::SecretKey;
use crate::phase::phases;

/// 2048 mask words and a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ciphertext(Vec<u64>);

impl Ciphertext {
    /// Words of a ciphertext.
    pub const WORDS: usize = DIMENSION + 1;

    /// A number that everybody can read, without noise.
    #[must_use]
    pub fn trivial(word: u64) -> Self {
        let mut words = vec![0; Self::WORDS];
        words[DIMENSION] = word;
        Self(words)
    }

    /// The ciphertext of one body of a list: its mask is that of the list, turned.
    ///
    /// # Panics
    /// If the list has no such body.
    #[must_use]
    pub fn of_body(list: &[u64], body: usize) -> Self {
        let (mask, bodies) = list.split_at(DIMENSION);
        let (kept, turned) = mask.split_at(DIMENSION - body);
        let mut words = Vec::with_capacity(Self::WORDS);
        words.extend(turned.iter().map(|word| word.wrapping_neg()));
        words.extend_from_slice(kept);
        words.push(bodies[body]);
        Self(words)
    }

    /// Words in order, if there are as many as a ciphertext has.
    #[must_use]
    pub fn from_words(words: Vec<u64>) -> Option<Self> {
        (words.len() == Self::WORDS).then_some(Self(words))
    }

    /// # Panics
    /// If a kernel returned something else than a row.
    pub(crate) fn from_row(words: Vec<u64>) -> Self {
        assert_eq!(words.len(), Self::WORDS, "a row of a kernel is a ciphertext");
        Self(words)
    }

    /// Mask and body.
    #[must_use]
    pub fn words(&self) -> &[u64] {
        &self.0
    }

    /// Adds `factor` times the other, modulo 2^64.
    pub fn add_scaled(&mut self, factor: i64, other: &Self) {
        for (sum, word) in self.0.iter_mut().zip(&other.0) {
            *sum = sum.wrapping_add(word.wrapping_mul(factor.cast_unsigned()));
        }
    }

    /// Adds a number that everybody can read.
    pub fn add_constant(&mut self, word: u64) {
        self.0[DIMENSION] = self.0[DIMENSION].wrapping_add(word);
    }
}

impl SecretKey {
    /// Plaintext plus noise of a ciphertext.
    #[must_use]
    pub(crate) fn phase(&self, ciphertext: &Ciphertext) -> u64 {
        let (mask, body) = ciphertext.0.split_at(DIMENSION);
        phases(self.bits(), mask, body)[0]
    }
}
