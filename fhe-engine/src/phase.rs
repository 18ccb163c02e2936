//! What decryption begins with: plaintexts with their noise.

use pulseproof_packing::DIMENSION;
use zeroize::Zeroizing;

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
