//! What a report is made for: an appliance's key, and the nonce of whoever asks.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha512};

use crate::bytes::Hex;

/// Says what is hashed, so that a report for this is one for nothing else.
const LABEL: &str = "pulseproof attestation v1";

/// An appliance's public signing key, and the nonce of whoever asks for evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Binding {
    /// The appliance's public key.
    pub key: Hex<32>,
    /// Random, chosen by the verifier for this one question: evidence with it was not there before.
    pub nonce: Hex<32>,
}

impl Binding {
    /// Of a key and a nonce.
    #[must_use]
    pub fn new(key: [u8; 32], nonce: [u8; 32]) -> Self {
        Self { key: Hex(key), nonce: Hex(nonce) }
    }

    /// The 64 bytes that the TEE signs with its report.
    #[must_use]
    pub fn report_data(&self) -> [u8; 64] {
        let hasher =
            Sha512::new().chain_update((LABEL.len() as u64).to_le_bytes()).chain_update(LABEL);
        hasher.chain_update(self.key.0).chain_update(self.nonce.0).finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed by Python's hashlib: the format is frozen.
    #[test]
    fn report_data_is_what_the_document_says() {
        let data = Binding::new([1; 32], [2; 32]).report_data();
        let expected = concat!(
            "9f578d684b064c09b37b1eb08584fcdca6130b4abf032411242bdf1e0a19a333",
            "a1f994df803de438a4e808162e4e74e59aeb009b7c83f84e3ac744e3ef0820d8"
        );
        assert_eq!(hex::encode(data), expected);
    }

    #[test]
    fn another_key_or_nonce_is_other_data() {
        let data = Binding::new([1; 32], [2; 32]).report_data();
        assert_ne!(data, Binding::new([2; 32], [1; 32]).report_data());
        assert_ne!(data, Binding::new([1; 32], [1; 32]).report_data());
        assert_ne!(data, Binding::new([2; 32], [2; 32]).report_data());
    }
}
