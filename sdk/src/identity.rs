//! An appliance's signing key: whose sums and programs these are.
//!
//! What is signed says what it is, so that a signature on one thing is none on another.

use std::fmt;
use std::str::FromStr;

use rand::{CryptoRng, RngCore};
use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::signing::{DeviceKey, DevicePublicKey, InvalidKey, SIGNATURE_BYTES};

/// An appliance's secret key, zeroized when dropped.
pub struct ApplianceKey(DeviceKey);

/// An appliance's public key, in hexadecimal where it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AppliancePublicKey(DevicePublicKey);

/// What is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signed {
    /// A proved sum.
    Result,
    /// A program's outputs.
    Outputs,
    /// An entry of the log, and all before it.
    Audit,
}

impl ApplianceKey {
    /// A fresh key.
    pub fn generate(rng: &mut (impl RngCore + CryptoRng)) -> Self {
        Self(DeviceKey::generate(rng))
    }

    /// The key of a 32-byte seed.
    pub fn from_seed(seed: [u8; 32]) -> Self {
        Self(DeviceKey::from_seed(seed))
    }

    /// The seed, to be stored as a secret.
    pub fn seed(&self) -> [u8; 32] {
        self.0.seed()
    }

    /// The public key.
    pub fn public(&self) -> AppliancePublicKey {
        AppliancePublicKey(self.0.public())
    }

    /// Signs the digest of something.
    pub fn sign(&self, what: Signed, digest: &Digest) -> [u8; SIGNATURE_BYTES] {
        self.0.sign(&message(what, digest))
    }
}

impl fmt::Debug for ApplianceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ApplianceKey(hidden, public {})", self.public())
    }
}

impl AppliancePublicKey {
    /// The key, as RFC 8032 encodes it.
    pub fn to_bytes(self) -> [u8; 32] {
        self.0.to_bytes()
    }

    /// Whether the signature on the digest of something is this key's.
    pub fn verifies(
        &self,
        what: Signed,
        digest: &Digest,
        signature: &[u8; SIGNATURE_BYTES],
    ) -> bool {
        self.0.verifies(&message(what, digest), signature)
    }
}

impl fmt::Display for AppliancePublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from(self.0))
    }
}

impl FromStr for AppliancePublicKey {
    type Err = InvalidKey;

    fn from_str(text: &str) -> Result<Self, InvalidKey> {
        text.parse().map(Self)
    }
}

fn message(what: Signed, digest: &Digest) -> Vec<u8> {
    let label: &[u8] = match what {
        Signed::Result => b"pulseproof appliance: result v2",
        Signed::Outputs => b"pulseproof appliance: outputs v2",
        Signed::Audit => b"pulseproof appliance: audit v1",
    };
    [label, &digest.0].concat()
}
