//! SRS files on disk: written whole or not at all.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use pulseproof_kernels::Curve;
use rand::rngs::OsRng;
use rand::{CryptoRng, RngCore};

use super::file::{HEAD_BYTES, promised_length};
use super::{Srs, SrsError, develop};

impl<C: Curve> Srs<C> {
    /// Writes the SRS to a file, atomically: readers see the old file or the new one, never a part.
    ///
    /// # Errors
    /// The system refuses to write.
    pub fn save(&self, path: &Path) -> Result<(), SrsError> {
        let save = || {
            let draft = Draft::write(path, &self.to_bytes())?;
            fs::rename(&draft.0, path)?;
            sync_folder(path)
        };
        save().map_err(|source| in_file(path, source))
    }

    /// Reads a file that [`Srs::save`] wrote; what is checked is what [`Srs::from_bytes`] checks.
    ///
    /// # Errors
    /// The system refuses to read, or the bytes are not such a file.
    pub fn load(path: &Path) -> Result<Self, SrsError> {
        let mut file = File::open(path).map_err(|source| in_file(path, source))?;
        let got = file.metadata().map_err(|source| in_file(path, source))?.len();
        let mut bytes = read_up_to(&mut file, HEAD_BYTES as u64, path)?;
        let expected = promised_length::<C>(&bytes)?;
        if got != expected {
            return Err(SrsError::Length { got, expected });
        }
        bytes.extend(read_up_to(&mut file, expected - HEAD_BYTES as u64, path)?);
        Self::from_bytes(&bytes)
    }
}

/// Reads the SRS at `path`, or makes a development SRS and stores it there if there is none yet.
///
/// Returns whether it was newly made. However many processes start at once, all get the same SRS,
/// as long as the file system knows hard links.
///
/// # Errors
/// What is there is not an SRS of this curve and size, or none can be made or written.
pub fn load_or_develop<C: Curve>(
    path: &Path,
    log_size: u32,
    rng: &mut (impl RngCore + CryptoRng),
) -> Result<(Srs<C>, bool), SrsError> {
    match Srs::load(path) {
        Err(SrsError::File { source, .. }) if source.kind() == io::ErrorKind::NotFound => {}
        loaded => return expect_size(loaded?, log_size, path).map(|srs| (srs, false)),
    }
    let srs = develop::generate(log_size, rng)?;
    if save_new(&srs, path).map_err(|source| in_file(path, source))? {
        return Ok((srs, true));
    }
    expect_size(Srs::load(path)?, log_size, path).map(|srs| (srs, false))
}

fn expect_size<C: Curve>(srs: Srs<C>, expected: u32, path: &Path) -> Result<Srs<C>, SrsError> {
    match srs.verifying_key.log_size {
        got if got == expected => Ok(srs),
        got => Err(SrsError::OtherSize { path: path.to_owned(), got, expected }),
    }
}

/// Writes the file unless there is one; returns whether it did.
fn save_new<C: Curve>(srs: &Srs<C>, path: &Path) -> io::Result<bool> {
    fs::create_dir_all(folder(path))?;
    let draft = Draft::write(path, &srs.to_bytes())?;
    // A hard link fails if the name is taken, where a rename would replace what another process
    // may already have handed out commitments for.
    match fs::hard_link(&draft.0, path) {
        Ok(()) => {}
        Err(_) if path.try_exists()? => return Ok(false),
        // File systems of memory cards know no hard links.
        Err(_) => fs::rename(&draft.0, path)?,
    }
    sync_folder(path)?;
    Ok(true)
}

/// A complete file beside its final place, removed when no longer needed.
struct Draft(PathBuf);

impl Draft {
    fn write(target: &Path, bytes: &[u8]) -> io::Result<Self> {
        let mut name = target.file_name().map_or_else(OsString::new, OsString::from);
        name.push(format!(".{:016x}.tmp", OsRng.next_u64()));
        let path = folder(target).join(name);
        let mut file = OpenOptions::new().write(true).create_new(true).open(&path)?;
        let draft = Self(path);
        file.write_all(bytes)?;
        file.sync_all()?;
        Ok(draft)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // After a rename there is nothing left to remove.
        let _ = fs::remove_file(&self.0);
    }
}

fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Makes the new name survive a power failure, where the system lets a folder be opened.
fn sync_folder(path: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder(path))?.sync_all() } else { Ok(()) }
}

/// Reads `length` bytes, no more.
fn read_up_to(file: &mut File, length: u64, path: &Path) -> Result<Vec<u8>, SrsError> {
    let mut bytes = Vec::new();
    file.take(length).read_to_end(&mut bytes).map_err(|source| in_file(path, source))?;
    Ok(bytes)
}

fn in_file(path: &Path, source: io::Error) -> SrsError {
    SrsError::File { path: path.to_owned(), source }
}
