//! Addition of lists, decryption of sums.

use pulseproof_packing::{DIMENSION, DecryptError, Layout, Totals};

use crate::keys::SecretKey;
use crate::phase::phases;

/// Adds `weight` times `list` to `sum`, word by word, modulo 2^64.
///
/// # Panics
///
/// If the two are not equally long.
pub fn add_assign(sum: &mut [u64], list: &[u64], weight: u64) {
    assert_eq!(sum.len(), list.len(), "lists of one layout are equally long");
    for (sum, word) in sum.iter_mut().zip(list) {
        *sum = sum.wrapping_add(word.wrapping_mul(weight));
    }
}

impl SecretKey {
    /// Opens a sum of total weight `summands` and returns its totals, or refuses it whole if any
    /// field holds what that many readings per slot cannot add up to.
    pub fn decrypt(
        &self,
        layout: &Layout,
        sum: &[u64],
        summands: u64,
    ) -> Result<Totals, DecryptError> {
        if sum.len() != layout.words() {
            return Err(DecryptError::Length { found: sum.len(), expected: layout.words() });
        }
        if summands == 0 {
            return Err(DecryptError::NoSummands);
        }
        let limit = layout.request().summands_max;
        if summands > limit {
            return Err(DecryptError::TooManySummands { found: summands, limit });
        }
        let (mask, bodies) = sum.split_at(DIMENSION);
        let mut plaintexts = phases(self.bits(), mask, bodies);
        for (word, noise_bits) in plaintexts.iter_mut().zip(layout.noise_bits()) {
            *word = word.wrapping_add(1 << (noise_bits - 1)) >> noise_bits;
        }
        layout.decode(&plaintexts, summands)
    }
}
