//! What a command reads.

use std::ffi::OsString;
use std::fmt::{self, Display};
use std::fs::File;
use std::io::{self, Read, Seek};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::STANDARD;

/// Most bytes that are taken from a pipe where a file would be read here and there: it is kept in a file
/// without a name, in the folder for temporary files.
const PIPE_BYTES_MAX: u64 = 16 << 30;

/// A file, a pipe, or standard input. To be opened once: a pipe is read only once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// `-`.
    Standard,
    /// Anything with a name.
    Path(PathBuf),
}

impl From<OsString> for Input {
    fn from(name: OsString) -> Self {
        if name == STANDARD { Self::Standard } else { Self::Path(name.into()) }
    }
}

impl From<&Path> for Input {
    fn from(path: &Path) -> Self {
        Self::Path(path.to_owned())
    }
}

impl Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Standard => f.write_str("standard input"),
            Self::Path(path) => path.display().fmt(f),
        }
    }
}

impl Input {
    /// Opens it to be read from its start, and anywhere.
    ///
    /// # Errors
    /// It cannot be read, with its name.
    pub fn open(&self) -> Result<File, String> {
        self.seekable(PIPE_BYTES_MAX).map_err(|error| self.named(error))
    }

    /// Reads all of it, which may be secret.
    ///
    /// # Errors
    /// It cannot be read or has more bytes than `limit`, with its name.
    pub fn read(&self, limit: u64) -> Result<Zeroizing<Vec<u8>>, String> {
        let read = || {
            let mut bytes = Zeroizing::new(Vec::new());
            let file = self.file()?;
            // One allocation: what a buffer leaves behind when it grows is not erased.
            let expected = file.metadata()?.len().min(limit);
            bytes.reserve_exact(usize::try_from(expected).map_or(0, |length| length + 1));
            file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
            if bytes.len() as u64 > limit { Err(too_long(limit)) } else { Ok(bytes) }
        };
        read().map_err(|error| self.named(error))
    }

    /// The folder that it is in; of standard input, the one we are in.
    pub fn folder(&self) -> &Path {
        match self {
            Self::Path(path) => path.parent().unwrap_or(Path::new(".")),
            Self::Standard => Path::new("."),
        }
    }

    /// Whether there is anything to read.
    pub fn exists(&self) -> bool {
        match self {
            Self::Path(path) => path.exists(),
            Self::Standard => true,
        }
    }

    /// An error that names it.
    pub fn named(&self, error: impl Display) -> String {
        format!("{self}: {error}")
    }

    fn file(&self) -> io::Result<File> {
        match self {
            Self::Standard => Ok(io::stdin().as_fd().try_clone_to_owned()?.into()),
            Self::Path(path) => File::open(path),
        }
    }

    fn seekable(&self, limit: u64) -> io::Result<File> {
        let file = self.file()?;
        if file.metadata()?.is_file() {
            return Ok(file);
        }
        let mut kept = tempfile::tempfile()?;
        if io::copy(&mut file.take(limit.saturating_add(1)), &mut kept)? > limit {
            return Err(too_long(limit));
        }
        kept.rewind()?;
        Ok(kept)
    }
}

fn too_long(limit: u64) -> io::Error {
    io::Error::other(format!("more than {limit} bytes, which is the most that are read"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_hold_for_what_has_no_length() {
        let zeros = Input::from(OsString::from("/dev/zero"));
        let refused = "/dev/zero: more than 1000 bytes, which is the most that are read";
        assert_eq!(zeros.read(1000).unwrap_err(), refused);
        assert_eq!(zeros.seekable(1000).unwrap_err().to_string(), refused[11..]);
    }

    #[test]
    fn limits_are_exact() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), [7; 10]).unwrap();
        let input = Input::from(file.path());
        assert_eq!(input.read(10).unwrap()[..], [7; 10]);
        assert!(input.read(9).is_err());
    }

    #[test]
    fn a_dash_is_standard_input() {
        assert_eq!(Input::from(OsString::from("-")), Input::Standard);
        assert_eq!(Input::from(OsString::from("./-")), Input::Path("./-".into()));
    }
}
