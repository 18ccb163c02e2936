//! Writes the outer layer. Needs no seeking: every section's size is known before it is written.

use std::io::{self, Write};

use crate::error::{FileKind, FormatError};

/// Writes magic, version and sections, one after the other.
#[derive(Debug)]
pub struct ContainerWriter<W> {
    sink: W,
    kind: FileKind,
    /// Sections still to come.
    sections: u32,
    /// Bytes still to come of the section begun last.
    left: u64,
}

impl<W: Write> ContainerWriter<W> {
    /// Begins a file of so many sections.
    ///
    /// # Errors
    /// Writing fails.
    pub fn new(mut sink: W, kind: FileKind, sections: u32) -> Result<Self, FormatError> {
        let mut head = kind.name().as_bytes().to_vec();
        head.extend_from_slice(&kind.version().to_le_bytes());
        head.extend_from_slice(&sections.to_le_bytes());
        sink.write_all(&head).map_err(kind.io())?;
        Ok(Self { sink, kind, sections, left: 0 })
    }

    /// Begins a section of so many bytes.
    ///
    /// # Errors
    /// The section before is not complete, there are too many, or writing fails.
    pub fn section(&mut self, section: u32, size: u64) -> Result<(), FormatError> {
        if self.left > 0 {
            return Err(self.misuse("a section is shorter than announced"));
        }
        if self.sections == 0 {
            return Err(self.misuse("more sections than announced"));
        }
        self.sections -= 1;
        self.left = size;
        let head = [&section.to_le_bytes()[..], &size.to_le_bytes()].concat();
        self.sink.write_all(&head).map_err(self.kind.io())
    }

    /// Writes more of a section.
    ///
    /// # Errors
    /// The section is longer than announced, or writing fails.
    pub fn bytes(&mut self, bytes: &[u8]) -> Result<(), FormatError> {
        match self.left.checked_sub(bytes.len() as u64) {
            Some(left) => self.left = left,
            None => return Err(self.misuse("a section is longer than announced")),
        }
        self.sink.write_all(bytes).map_err(self.kind.io())
    }

    /// Ends the file.
    ///
    /// # Errors
    /// Something announced is missing, or writing fails.
    pub fn finish(mut self) -> Result<(), FormatError> {
        if self.left > 0 || self.sections > 0 {
            return Err(self.misuse("less was written than announced"));
        }
        self.sink.flush().map_err(self.kind.io())
    }

    fn misuse(&self, what: &str) -> FormatError {
        self.kind.io()(io::Error::new(io::ErrorKind::InvalidInput, what))
    }
}
