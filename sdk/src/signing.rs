//! Device keys: Ed25519, verified strictly (RFC 8032 with small-order points refused).

use std::fmt;
use std::str::FromStr;

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use rand::{CryptoRng, RngCore};
use serde::{Deserialize, Serialize};

/// Length of a signature in bytes.
pub const SIGNATURE_BYTES: usize = 64;

/// A device's secret key, zeroized when dropped.
pub struct DeviceKey(SigningKey);

/// A device's public key, in hexadecimal where it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DevicePublicKey(VerifyingKey);

/// The text is no public key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an Ed25519 public key: {0}")]
pub struct InvalidKey(String);

impl DeviceKey {
    /// A fresh key.
    pub fn generate(rng: &mut (impl RngCore + CryptoRng)) -> Self {
        let mut seed = [0; 32];
        rng.fill_bytes(&mut seed);
        Self::from_seed(seed)
    }

    /// The key of a 32-byte seed (RFC 8032's private key).
    pub fn from_seed(seed: [u8; 32]) -> Self {
        Self(SigningKey::from_bytes(&seed))
    }

    /// The seed, to be stored as a secret.
    pub fn seed(&self) -> [u8; 32] {
        self.0.to_bytes()
    }

    /// The public key.
    pub fn public(&self) -> DevicePublicKey {
        DevicePublicKey(self.0.verifying_key())
    }

    /// Signs a message.
    pub fn sign(&self, message: &[u8]) -> [u8; SIGNATURE_BYTES] {
        self.0.sign(message).to_bytes()
    }
}

impl fmt::Debug for DeviceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DeviceKey(hidden, public {})", String::from(self.public()))
    }
}

impl DevicePublicKey {
    /// Whether the signature on the message is this key's.
    pub fn verifies(&self, message: &[u8], signature: &[u8; SIGNATURE_BYTES]) -> bool {
        self.0.verify_strict(message, &Signature::from_bytes(signature)).is_ok()
    }

    /// The 32 bytes of the key.
    pub fn to_bytes(self) -> [u8; 32] {
        self.0.to_bytes()
    }
}

impl FromStr for DevicePublicKey {
    type Err = InvalidKey;

    fn from_str(text: &str) -> Result<Self, InvalidKey> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes)
            .map_err(|e| InvalidKey(format!("expected 64 hexadecimal digits: {e}")))?;
        let key = VerifyingKey::from_bytes(&bytes).map_err(|e| InvalidKey(e.to_string()))?;
        if key.is_weak() {
            return Err(InvalidKey("a point of small order".to_owned()));
        }
        Ok(Self(key))
    }
}

impl TryFrom<String> for DevicePublicKey {
    type Error = InvalidKey;

    fn try_from(text: String) -> Result<Self, InvalidKey> {
        text.parse()
    }
}

impl From<DevicePublicKey> for String {
    fn from(key: DevicePublicKey) -> Self {
        hex::encode(key.0.as_bytes())
    }
}
