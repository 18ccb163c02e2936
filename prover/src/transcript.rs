//! The Fiat–Shamir transcript: SHA-256 over labelled, length-prefixed messages.
//!
//! A message is `len(label) ‖ label ‖ len(data) ‖ data`, lengths as 64-bit little-endian words, so
//! that no two sequences of messages are the same byte string. A challenge hashes everything so
//! far to a digest d, is the 512-bit little-endian integer SHA-256(d ‖ 0) ‖ SHA-256(d ‖ 1) reduced
//! modulo the group order (bias below 2^-250), and d opens the next stretch. SHA-256 is used
//! because it is in every gateway's hardware and is a precompile on Ethereum, where the integer
//! form of the argument is checked.

use pulseproof_kernels::traits::*;
use sha2::{Digest, Sha256};

use crate::encoding::compressed;

/// The running hash of everything public that was said so far.
#[derive(Clone)]
pub struct Transcript(Sha256);

impl Transcript {
    /// A transcript of its own for each protocol: `label` separates them.
    pub fn new(label: &str) -> Self {
        let mut transcript = Self(Sha256::new());
        transcript.absorb("protocol", label.as_bytes());
        transcript
    }

    /// Absorbs bytes under a label.
    pub fn absorb(&mut self, label: &str, data: &[u8]) {
        self.prefix(label, data.len() as u64);
        self.0.update(data);
    }

    /// Absorbs an integer under a label.
    pub fn absorb_u64(&mut self, label: &str, value: u64) {
        self.absorb(label, &value.to_le_bytes());
    }

    /// Absorbs a point, a scalar or a slice of either, in compressed form.
    pub fn absorb_element(&mut self, label: &str, element: &impl CanonicalSerialize) {
        self.absorb(label, &compressed(element));
    }

    /// A challenge that depends on everything absorbed so far.
    pub fn challenge<F: PrimeField>(&mut self, label: &str) -> F {
        self.prefix(label, 0);
        let digest: [u8; 32] = self.0.finalize_reset().into();
        self.0.update(digest);
        let half = |index: u8| Sha256::new().chain_update(digest).chain_update([index]).finalize();
        F::from_le_bytes_mod_order(&[half(0), half(1)].concat())
    }

    fn prefix(&mut self, label: &str, data_length: u64) {
        self.0.update((label.len() as u64).to_le_bytes());
        self.0.update(label.as_bytes());
        self.0.update(data_length.to_le_bytes());
    }
}
