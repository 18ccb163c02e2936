//! Compiled code on disk, by what it was compiled from. Nothing in it is needed: whatever is missing or
//! damaged is compiled again.

use std::fs;
use std::io::{self, Write as _};
use std::path::PathBuf;

use pulseproof_files::{Readers, write};
use sha2::{Digest, Sha256};

/// A folder of compiled code.
#[derive(Clone, Debug)]
pub(super) struct Cache {
    folder: PathBuf,
}

/// What code is kept under: everything that decides what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Key(String);

impl Key {
    pub fn new(source: &str, options: &[&str], architecture: u32, version: (u32, u32)) -> Self {
        let compiler = format!("{}.{} sm_{architecture}", version.0, version.1);
        let mut hash = Sha256::new();
        for part in [compiler.as_str(), &options.join(" "), source] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        Self(hex(&hash.finalize()))
    }
}

/// Length of a digest in front of the code.
const DIGEST_BYTES: usize = 32;

impl Cache {
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// The code kept under a key, if it is as it was written.
    pub fn get(&self, key: &Key) -> Option<Vec<u8>> {
        let path = self.path(key);
        let mut bytes = fs::read(&path).ok()?;
        if bytes.len() > DIGEST_BYTES {
            let code = bytes.split_off(DIGEST_BYTES);
            if Sha256::digest(&code)[..] == bytes[..] {
                return Some(code);
            }
        }
        tracing::warn!(path = %path.display(), "compiled kernels on disk are damaged: compiling again");
        None
    }

    /// Keeps code. It appears under its key at once and whole, whoever else writes it.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn put(&self, key: &Key, code: &[u8]) -> io::Result<()> {
        fs::create_dir_all(&self.folder)?;
        write::<io::Error>(&self.path(key), Readers::Everybody, |sink| {
            sink.write_all(&Sha256::digest(code))?;
            sink.write_all(code)
        })
    }

    fn path(&self, key: &Key) -> PathBuf {
        self.folder.join(format!("{}.cubin", key.0))
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// `$XDG_CACHE_HOME/pulseproof`, or `~/.cache/pulseproof`, or, without a home, a folder for temporary
/// files.
pub(super) fn default_folder() -> PathBuf {
    let variable =
        |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    variable("XDG_CACHE_HOME")
        .or_else(|| variable("HOME").map(|home| home.join(".cache")))
        .unwrap_or_else(std::env::temp_dir)
        .join("pulseproof")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(source: &str) -> Key {
        Key::new(source, &["-a", "-b"], 90, (13, 0))
    }

    #[test]
    fn what_was_put_is_there_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(folder.path().join("made/when/needed"));
        assert_eq!(cache.get(&key("a")), None);
        cache.put(&key("a"), b"code").unwrap();
        cache.put(&key("b"), b"other").unwrap();
        assert_eq!(cache.get(&key("a")), Some(b"code".to_vec()));
        cache.put(&key("a"), b"newer").unwrap();
        assert_eq!(cache.get(&key("a")), Some(b"newer".to_vec()));
        assert_eq!(fs::read_dir(&cache.folder).unwrap().count(), 2, "no partial files are left");
    }

    #[test]
    fn damaged_code_is_not_returned() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(folder.path().into());
        cache.put(&key("a"), b"code").unwrap();
        let path = cache.path(&key("a"));
        let whole = fs::read(&path).unwrap();
        for at in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] ^= 1;
            fs::write(&path, damaged).unwrap();
            assert_eq!(cache.get(&key("a")), None, "byte {at}");
            fs::write(&path, &whole[..at]).unwrap();
            assert_eq!(cache.get(&key("a")), None, "cut to {at}");
        }
        fs::write(&path, whole).unwrap();
        assert!(cache.get(&key("a")).is_some());
    }

    #[test]
    fn every_part_of_a_key_counts() {
        let keys = [
            key("a"),
            key("b"),
            Key::new("a", &["-a", "-c"], 90, (13, 0)),
            Key::new("a", &["-a", "-b"], 89, (13, 0)),
            Key::new("a", &["-a", "-b"], 90, (13, 1)),
            Key::new("a", &["-a", "-b"], 90, (1, 30)),
        ];
        for (i, a) in keys.iter().enumerate() {
            assert!(keys[..i].iter().all(|b| a != b));
        }
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "in the way").unwrap();
        assert!(Cache::new(file.join("below")).put(&key("a"), b"code").is_err());
    }
}
