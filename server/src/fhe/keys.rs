//! Evaluation keys: what their files hold.

use std::io::{self, Read};

use pulseproof_fhe::KeyError;
use pulseproof_fhe::bootstrap::keys::{EvaluationKey, FloatingKey};
use pulseproof_sdk::api::EngineKind;
use pulseproof_sdk::{Digest, Problem};
use pulseproof_store::keys::StoredKey;

use crate::blobs::Blobs;

/// The folder that earlier versions kept keys in, in that of the store.
pub const OLD_FOLDER: &str = "evaluation-keys";
/// What followed a key's hash there.
pub const OLD_SUFFIX: &str = ".key";

/// The longest key of any engine.
pub const BYTES_MAX: usize = if EvaluationKey::BYTES > FloatingKey::BYTES {
    EvaluationKey::BYTES
} else {
    FloatingKey::BYTES
};

/// A key, in the form it came in.
pub enum Key {
    /// For our kernels.
    Exact(EvaluationKey),
    /// For tfhe-rs.
    Floating(FloatingKey),
}

impl Key {
    /// Reads the bytes of either kind.
    ///
    /// # Errors
    /// Neither kind, or damaged.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KeyError> {
        match EvaluationKey::from_bytes(bytes) {
            Err(KeyError::Magic { .. }) => FloatingKey::from_bytes(bytes).map(Self::Floating),
            other => other.map(Self::Exact),
        }
    }

    /// Whose it is.
    fn engine(&self) -> EngineKind {
        match self {
            Self::Exact(_) => EngineKind::Exact,
            Self::Floating(_) => EngineKind::TfheCpu,
        }
    }

    /// What is listed of it.
    pub fn listed(&self) -> StoredKey {
        let (fingerprint, bytes) = match self {
            Self::Exact(key) => (key.fingerprint(), EvaluationKey::BYTES),
            Self::Floating(key) => (key.fingerprint(), FloatingKey::BYTES),
        };
        StoredKey { engine: self.engine(), fingerprint: Digest(fingerprint), bytes: bytes as u64 }
    }
}

/// Reads a key that has just come.
///
/// # Errors
/// The file system's, or the problem with the key.
pub fn parse(blobs: &Blobs, id: &Digest) -> io::Result<Result<Key, Problem>> {
    let mut bytes = Vec::new();
    blobs.file(id)?.read_to_end(&mut bytes)?;
    Ok(Key::from_bytes(&bytes).map_err(|error| no_key(&error)))
}

/// Reads a key that was checked when it came.
///
/// # Errors
/// The file cannot be read, or is not what it was.
pub fn load(blobs: &Blobs, id: &Digest) -> Result<Key, String> {
    let mut bytes = Vec::new();
    let read = blobs.checked_file(id).and_then(|mut file| file.read_to_end(&mut bytes));
    read.map_err(|error| error.to_string())?;
    Key::from_bytes(&bytes).map_err(|error| error.to_string())
}

fn no_key(error: &KeyError) -> Problem {
    let problem = Problem::new(422, "bad-key", error.to_string());
    match error {
        KeyError::Truncated { expected, .. } | KeyError::Trailing { expected, .. } => {
            problem.field("body").limit(*expected as u64)
        }
        KeyError::Magic { .. } => problem.field("magic"),
        KeyError::Version { expected, .. } => problem.field("version").limit((*expected).into()),
        _ => problem.field("body"),
    }
}
