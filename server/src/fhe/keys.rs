//! Evaluation keys as files beside the store: written whole, or not at all.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use axum::body::Bytes;
use pulseproof_fhe::KeyError;
use pulseproof_fhe::bootstrap::keys::{EvaluationKey, FloatingKey};
use pulseproof_sdk::api::EngineKind;
use pulseproof_sdk::{Digest, Problem};
use sha2::{Digest as _, Sha256};
use tokio::sync::Mutex;
use tokio::sync::mpsc::Receiver;

use crate::store::keys::StoredKey;

/// The folder of the keys, in that of the store.
const FOLDER: &str = "evaluation-keys";

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

/// The folder of the keys.
pub struct Keys {
    folder: PathBuf,
    /// Held while a file comes or goes together with its row.
    pub changing: Mutex<()>,
}

impl Keys {
    /// Opens or makes the folder, and removes all but these keys: what was not written to its end, or
    /// not listed.
    ///
    /// # Errors
    /// The folder cannot be used.
    pub fn open(directory: &Path, known: &[Digest]) -> io::Result<Self> {
        let keys = Self { folder: directory.join(FOLDER), changing: Mutex::default() };
        fs::create_dir_all(&keys.folder)?;
        let known: Vec<_> = known.iter().map(|id| keys.path(id)).collect();
        for entry in fs::read_dir(&keys.folder)? {
            let path = entry?.path();
            if !known.contains(&path) {
                fs::remove_file(path)?;
            }
        }
        Ok(keys)
    }

    /// A file to receive a key in.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn begin(&self, unique: &str) -> io::Result<Part> {
        let path = self.folder.join(format!("{unique}.part"));
        let file = File::create_new(&path)?;
        Ok(Part { path, file })
    }

    /// Puts a whole file in its place, durably.
    ///
    /// # Errors
    /// The file system's.
    pub fn finish(&self, part: &Part, id: &Digest) -> io::Result<()> {
        part.file.sync_all()?;
        fs::rename(&part.path, self.path(id))?;
        File::open(&self.folder)?.sync_all()
    }

    /// Removes a key's file.
    ///
    /// # Errors
    /// The file system's.
    pub fn remove(&self, id: &Digest) -> io::Result<()> {
        match fs::remove_file(self.path(id)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Reads a key that was checked when it came.
    ///
    /// # Errors
    /// The file cannot be read, or is not what it was.
    pub fn load(&self, id: &Digest) -> Result<Key, String> {
        let path = self.path(id);
        let named = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        let bytes = fs::read(&path).map_err(|error| named(&error))?;
        if Digest::sha256(&bytes) != *id {
            return Err(named(&"damaged: SHA-256 is not its name"));
        }
        Key::from_bytes(&bytes).map_err(|error| named(&error))
    }

    fn path(&self, id: &Digest) -> PathBuf {
        self.folder.join(format!("{id}.key"))
    }
}

/// A file that is being written. What is not finished is removed.
pub struct Part {
    path: PathBuf,
    file: File,
}

impl Part {
    /// Writes what arrives, and returns its SHA-256.
    ///
    /// # Errors
    /// The file system's.
    pub fn receive(&self, mut chunks: Receiver<Bytes>) -> io::Result<Digest> {
        let (mut file, mut hash) = (&self.file, Sha256::new());
        while let Some(chunk) = chunks.blocking_recv() {
            hash.update(&chunk);
            file.write_all(&chunk)?;
        }
        Ok(Digest(hash.finalize().into()))
    }

    /// Reads it back as a key.
    ///
    /// # Errors
    /// The file system's, or the problem with the key.
    pub fn parse(&self) -> io::Result<Result<Key, Problem>> {
        let bytes = fs::read(&self.path)?;
        Ok(Key::from_bytes(&bytes).map_err(|error| no_key(&error)))
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        // A file that was put in its place is not there any more.
        let _ = fs::remove_file(&self.path);
    }
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
