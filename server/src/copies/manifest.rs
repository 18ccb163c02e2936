//! What is in a copy, and the hash of each file.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use pulseproof_files::{Readers, write, write_bytes};
use pulseproof_sdk::Digest;
use pulseproof_sdk::identity::AppliancePublicKey;
use pulseproof_store::sqlite;
use rustix::fs::{Mode, OFlags};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{CopyError, at, damaged};
use crate::blobs;
use crate::identity;

/// The manifest's name. It is written last: a folder without it is no copy.
pub const FILE: &str = "manifest.json";
/// What it says that it is.
const FORMAT: &str = "pulseproof copy 1";
/// Longest manifest, in bytes: 150 a file.
const BYTES_MAX: u64 = 256 << 20;
const BLOCK: usize = 1 << 20;

/// What is in a copy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// `pulseproof copy 1`.
    pub format: String,
    /// The version of the program that took it.
    pub version: String,
    /// When it was taken, in milliseconds since 1970.
    pub taken_at: u64,
    /// The key that the appliance signs with.
    pub appliance: AppliancePublicKey,
    /// The last entry of the log that was chained, as `POSITION:HASH`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log: Option<String>,
    /// The files.
    pub files: Vec<Copied>,
}

/// A file of a copy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Copied {
    /// Its name, in the copy and in the appliance's folder.
    pub name: String,
    /// Its length.
    pub bytes: u64,
    /// SHA-256 of it.
    pub sha256: Digest,
}

impl Manifest {
    pub(super) fn new(
        taken_at: u64,
        appliance: AppliancePublicKey,
        log: Option<String>,
        files: Vec<Copied>,
    ) -> Self {
        let (format, version) = (FORMAT.to_owned(), env!("CARGO_PKG_VERSION").to_owned());
        Self { format, version, taken_at, appliance, log, files }
    }

    /// Bytes of all files together.
    pub fn bytes(&self) -> u64 {
        self.files.iter().fold(0, |sum, file| sum.saturating_add(file.bytes))
    }

    pub(super) fn write(&self, folder: &Path) -> Result<(), CopyError> {
        let path = folder.join(FILE);
        let json = serde_json::to_vec_pretty(self).map_err(|error| damaged(&path, &error))?;
        write_bytes(&path, Readers::Owner, &json).map_err(at(&path))
    }

    /// The manifest of a copy, whose files have the names that they may have, each once.
    ///
    /// # Errors
    /// It cannot be read, or is none.
    pub fn read(folder: &Path) -> Result<Self, CopyError> {
        let path = folder.join(FILE);
        let file = plain(&path).map_err(at(&path))?;
        let mut json = Vec::new();
        file.take(BYTES_MAX + 1).read_to_end(&mut json).map_err(at(&path))?;
        if json.len() as u64 > BYTES_MAX {
            return Err(damaged(&path, &format!("longer than {BYTES_MAX} bytes")));
        }
        let manifest: Self =
            serde_json::from_slice(&json).map_err(|error| damaged(&path, &error))?;
        if manifest.format != FORMAT {
            return Err(damaged(&path, &format!("not a {FORMAT}, but a {:?}", manifest.format)));
        }
        let mut names: Vec<_> = manifest.files.iter().map(|file| file.name.as_str()).collect();
        if let Some(name) = names.iter().find(|name| !may_be_called(name)) {
            return Err(damaged(&path, &format!("{name:?} is no file of an appliance")));
        }
        names.sort_unstable();
        if names.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(damaged(&path, &"a file comes twice"));
        }
        let missing = [sqlite::FILE, identity::FILE].into_iter().find(|name| !names.contains(name));
        missing.map_or(Ok(manifest), |name| Err(damaged(&path, &format!("{name} is missing"))))
    }
}

/// Names lead nowhere else: those of the store and the keys, and hashes in the folder of files.
fn may_be_called(name: &str) -> bool {
    let is_blob = |id: &str| id.parse::<Digest>().is_ok_and(|digest| digest.to_string() == id);
    [sqlite::FILE, identity::FILE, identity::EARLIER].contains(&name)
        || name
            .strip_prefix(blobs::FOLDER)
            .and_then(|rest| rest.strip_prefix('/'))
            .is_some_and(is_blob)
}

/// Copies a plain file for its owner alone, synced to disk, and says what it was; one that is longer than it may be is
/// an error. `copied` hears how long each piece is.
pub(super) fn copy(
    from: &Path,
    to: &Path,
    name: &str,
    bytes_max: u64,
    copied: &mut dyn FnMut(u64),
) -> io::Result<Copied> {
    let mut file = plain(&from.join(name))?;
    let mut read_as = None;
    write::<io::Error>(&to.join(name), Readers::Owner, |sink| {
        read_as = Some(read(&mut file, name, bytes_max, |piece| {
            copied(piece.len() as u64);
            sink.write_all(piece)
        })?);
        Ok(())
    })?;
    read_as.ok_or_else(|| io::Error::other("nothing was written"))
}

/// What a file is that was written in its place.
pub(super) fn describe(folder: &Path, name: &str) -> io::Result<Copied> {
    read(&mut plain(&folder.join(name))?, name, u64::MAX, |_| Ok(()))
}

/// Opens what must be a file: whoever wrote a copy has us read no device, and wait for no pipe.
fn plain(path: &Path) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty())?);
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::other("it is no plain file")) }
}

/// Reads a file piece by piece, and says what it was.
fn read(
    file: &mut File,
    name: &str,
    bytes_max: u64,
    mut take: impl FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<Copied> {
    let (mut bytes, mut hash, mut block) = (0u64, Sha256::new(), vec![0; BLOCK]);
    loop {
        let length = file.read(&mut block)?;
        if length == 0 {
            let sha256 = Digest(hash.finalize().into());
            return Ok(Copied { name: name.to_owned(), bytes, sha256 });
        }
        bytes += length as u64;
        if bytes > bytes_max {
            return Err(io::Error::other(format!("it has more than {bytes_max} bytes")));
        }
        hash.update(&block[..length]);
        take(&block[..length])?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_nowhere_else() {
        let id = "0".repeat(64);
        for name in ["appliance.sqlite", "identity.key", "identity.earlier", &format!("blobs/{id}")]
        {
            assert!(may_be_called(name), "{name}");
        }
        for name in [
            "",
            "..",
            "/etc/passwd",
            "../identity.key",
            "blobs/..",
            "blobs/../identity.key",
            "blobs/",
            "manifest.json",
            "appliance.lock",
            &format!("blobs//{id}"),
            &format!("blobs/{id}.part"),
            &format!("blobs/{}", "A".repeat(64)),
        ] {
            assert!(!may_be_called(name), "{name}");
        }
    }
}
