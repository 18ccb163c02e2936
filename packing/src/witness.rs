//! The randomness of one encryption, which only a proof about it needs.

use std::fmt;

use zeroize::Zeroizing;

use crate::noise::DIMENSION;

/// What a list was encrypted with: u = a·r̄ + e′ and c_i = [X^(2047−i)](b·r̄) + e″_i + Δ·m_i, modulo
/// X^2048 + 1 and 2^64. Whoever has it can read the list. Its memory is erased when it is dropped.
#[derive(Clone)]
pub struct EncryptionWitness {
    selector: Zeroizing<Vec<u64>>,
    mask_noise: Zeroizing<Vec<i64>>,
    body_noise: Zeroizing<Vec<i64>>,
}

impl EncryptionWitness {
    /// The witness of r̄, e′ and e″, each from the coefficient of X^0, or from the first body, on.
    ///
    /// # Panics
    /// If r̄ and e′ are not 2048, there are more bodies than that, or r̄ is not binary.
    #[must_use]
    pub fn new(
        selector: Zeroizing<Vec<u64>>,
        mask_noise: Zeroizing<Vec<i64>>,
        body_noise: Zeroizing<Vec<i64>>,
    ) -> Self {
        assert_eq!((selector.len(), mask_noise.len()), (DIMENSION, DIMENSION));
        assert!(body_noise.len() <= DIMENSION);
        assert_eq!(selector.iter().fold(0, |all, bit| all | bit) >> 1, 0, "r̄ is binary");
        Self { selector, mask_noise, body_noise }
    }

    /// The coefficients of r̄, from that of X^0 on: 2048 words, each 0 or 1.
    #[must_use]
    pub fn selector(&self) -> &[u64] {
        &self.selector
    }

    /// The coefficients of e′, from that of X^0 on: 2048 numbers within ±2^17.
    #[must_use]
    pub fn mask_noise(&self) -> &[i64] {
        &self.mask_noise
    }

    /// e″, one number for each body, within ±2^17.
    #[must_use]
    pub fn body_noise(&self) -> &[i64] {
        &self.body_noise
    }
}

impl fmt::Debug for EncryptionWitness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EncryptionWitness").finish_non_exhaustive()
    }
}
