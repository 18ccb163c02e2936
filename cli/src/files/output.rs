//! What a command writes.

use std::error::Error;
use std::ffi::OsString;
use std::fmt::{self, Display};
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::path::PathBuf;

use pulseproof_files::{Readers, Sink, write, write_new, write_through};

use super::STANDARD;
use crate::output::{complain, say};

/// What standard output is called by those whose commands know no `-`. It may be a file, which is neither
/// replaced nor written to from its start.
const STANDARD_PATH: &str = "/dev/stdout";

/// A file, something that is written through, or standard output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// `-`.
    Standard,
    /// Anything with a name.
    Path(PathBuf),
}

impl From<OsString> for Output {
    fn from(name: OsString) -> Self {
        let standard = name == STANDARD || name == STANDARD_PATH;
        if standard { Self::Standard } else { Self::Path(name.into()) }
    }
}

impl Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Standard => f.write_str("standard output"),
            Self::Path(path) => path.display().fmt(f),
        }
    }
}

impl Output {
    /// Writes it whole or not at all.
    ///
    /// # Errors
    /// The content's, or the system's, with its name.
    pub fn write<E: Into<Box<dyn Error + Send + Sync>>>(
        &self,
        content: impl FnOnce(&mut Sink) -> Result<(), E>,
    ) -> Result<(), String> {
        self.put(Readers::Everybody, content)
    }

    /// The same, for its owner's eyes only.
    ///
    /// # Errors
    /// As [`Self::write`].
    pub fn write_secret<E: Into<Box<dyn Error + Send + Sync>>>(
        &self,
        content: impl FnOnce(&mut Sink) -> Result<(), E>,
    ) -> Result<(), String> {
        self.put(Readers::Owner, content)
    }

    fn put<E: Into<Box<dyn Error + Send + Sync>>>(
        &self,
        readers: Readers,
        content: impl FnOnce(&mut Sink) -> Result<(), E>,
    ) -> Result<(), String> {
        let written = match self {
            Self::Standard => write_standard(content),
            Self::Path(path) => write(path, readers, content),
        };
        written.map_err(|error| self.named(error))
    }

    /// Writes text as it is.
    ///
    /// # Errors
    /// The system's, with its name.
    pub fn write_text(&self, text: &str) -> Result<(), String> {
        self.write(|sink| sink.write_all(text.as_bytes()))
    }

    /// Writes a file that must not be there yet.
    ///
    /// # Errors
    /// It is there, or the system's, with its name.
    pub fn write_new(&self, readers: Readers, bytes: &[u8]) -> Result<(), String> {
        let written = match self {
            Self::Standard => write_standard(|sink| sink.write_all(bytes)),
            Self::Path(path) => write_new(path, readers, bytes),
        };
        written.map_err(|error| self.named(error))
    }

    /// How to say something beside outputs: on standard error if one of them takes standard output.
    pub fn beside<'a>(outputs: impl IntoIterator<Item = &'a Self>) -> fn(&str) {
        let taken = outputs.into_iter().any(|output| *output == Self::Standard);
        if taken { complain } else { say }
    }

    /// An error that names it.
    pub fn named(&self, error: impl Display) -> String {
        format!("{self}: {error}")
    }
}

fn write_standard<E: Into<Box<dyn Error + Send + Sync>>>(
    content: impl FnOnce(&mut Sink) -> Result<(), E>,
) -> io::Result<()> {
    write_through(io::stdout().as_fd().try_clone_to_owned()?.into(), content)
}
