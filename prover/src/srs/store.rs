//! SRS files on disk: written whole or not at all.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::path::Path;

use pulseproof_files::{Readers, write_bytes, write_new};
use pulseproof_kernels::Curve;
use rand::{CryptoRng, RngCore};

use super::file::{HEAD_BYTES, promised_length};
use super::{Srs, SrsError, develop};

impl<C: Curve> Srs<C> {
    /// Writes the SRS to a file, atomically: readers see the old file or the new one, never a part.
    ///
    /// # Errors
    /// The system refuses to write.
    pub fn save(&self, path: &Path) -> Result<(), SrsError> {
        let saved = write_bytes(path, Readers::Everybody, &self.to_bytes());
        saved.map_err(|source| in_file(path, source))
    }

    /// Reads a file that [`Srs::save`] wrote; what is checked is what [`Srs::from_bytes`] checks.
    ///
    /// # Errors
    /// The system refuses to read, or the bytes are not such a file. Either names the file.
    pub fn load(path: &Path) -> Result<Self, SrsError> {
        Self::read(path).map_err(|error| match error {
            SrsError::File { .. } => error,
            damaged => SrsError::Damaged { path: path.to_owned(), source: Box::new(damaged) },
        })
    }

    fn read(path: &Path) -> Result<Self, SrsError> {
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
        Err(SrsError::File { source, .. }) if source.kind() == ErrorKind::NotFound => {}
        loaded => return expect_size(loaded?, log_size, path).map(|srs| (srs, false)),
    }
    let srs = develop::generate(log_size, rng)?;
    if save_new(&srs, path).map_err(|source| in_file(path, source))? {
        return Ok((srs, true));
    }
    expect_size(Srs::load(path)?, log_size, path).map(|srs| (srs, false))
}

fn expect_size<C: Curve>(srs: Srs<C>, expected: u32, path: &Path) -> Result<Srs<C>, SrsError> {
    match srs.verifying_key.log_size() {
        got if got == expected => Ok(srs),
        got => Err(SrsError::OtherSize { path: path.to_owned(), got, expected }),
    }
}

/// Writes the file unless there is one; returns whether it did. Another process may already have handed
/// out commitments for what is there.
fn save_new<C: Curve>(srs: &Srs<C>, path: &Path) -> io::Result<bool> {
    path.parent().map_or(Ok(()), fs::create_dir_all)?;
    match write_new(path, Readers::Everybody, &srs.to_bytes()) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
        written => written.map(|()| true),
    }
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
