//! Addition of lists, decryption of sums.

use pulseproof_packing::{DIMENSION, DecryptError, Layout, Totals};
use zeroize::Zeroizing;

use crate::keys::SecretKey;

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

/// Plaintext plus noise of each body: the body minus the inner product of the key with the mask
/// times X^i, in the ring of polynomials modulo X^2048 + 1.
///
/// Which words are added does not depend on the key, only whether each is masked to zero.
pub(crate) fn phases(key: &[u64], mask: &[u64], bodies: &[u64]) -> Zeroizing<Vec<u64>> {
    // Coefficient j of mask·X^i is word DIMENSION − i + j of this.
    let rotations: Vec<u64> =
        mask.iter().map(|word| word.wrapping_neg()).chain(mask.iter().copied()).collect();
    let phase = |(i, &body): (usize, &u64)| {
        let rotated = &rotations[DIMENSION - i..];
        key.iter()
            .zip(rotated)
            .fold(body, |phase, (bit, word)| phase.wrapping_sub(word & bit.wrapping_neg()))
    };
    Zeroizing::new(bodies.iter().enumerate().map(phase).collect())
}
