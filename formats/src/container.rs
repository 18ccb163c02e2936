//! The outer layer of every file: magic, version, and sections of a type and a size each.
//!
//! All integers are little-endian. Nothing is read that was not first found to fit the file, so that
//! nobody can be made to allocate more than he was sent. Sections may come in any order. Sections of
//! unknown types are skipped; two sections of one type are refused.

mod fields;
mod writer;

use std::collections::BTreeMap;
use std::io::{Read, Seek, SeekFrom};

pub(crate) use self::fields::{Fields, read_u32};
pub use self::writer::ContainerWriter;
use crate::error::{FileKind, FormatError};

/// No file has more than 15.
const SECTIONS_MAX: u32 = 64;

/// Where a section's content lies.
#[derive(Clone, Copy, Debug)]
pub struct Section {
    /// Its name, for messages.
    pub name: &'static str,
    /// Its bytes.
    pub size: u64,
    offset: u64,
}

/// A file whose sections are known and tile it exactly.
#[derive(Debug)]
pub struct Container<S> {
    source: S,
    kind: FileKind,
    /// Offset and size by section type.
    sections: BTreeMap<u32, (u64, u64)>,
}

impl<S: Read + Seek> Container<S> {
    /// Reads the table of sections.
    ///
    /// # Errors
    /// Another kind of file or version, sections that do not tile the file, or two of one type.
    pub fn open(mut source: S, kind: FileKind) -> Result<Self, FormatError> {
        let left = source.seek(SeekFrom::End(0)).map_err(kind.io())?;
        source.rewind().map_err(kind.io())?;
        let mut walk = Walk { source: &mut source, kind, offset: 0, left };
        if walk.array::<4>("magic bytes")? != kind.name().as_bytes() {
            return Err(FormatError::Magic { file: kind });
        }
        let version = walk.u32("version")?;
        if version != kind.version() {
            return Err(FormatError::Version { file: kind, got: version });
        }
        let sections = walk.sections()?;
        match walk.left {
            0 => Ok(Self { source, kind, sections }),
            bytes => Err(FormatError::Trailing { file: kind, bytes }),
        }
    }

    /// The kind of file.
    pub fn kind(&self) -> FileKind {
        self.kind
    }

    /// Whether there is a section of a type.
    pub fn has(&self, section: u32) -> bool {
        self.sections.contains_key(&section)
    }

    /// Finds a section.
    ///
    /// # Errors
    /// There is none of this type.
    pub fn section(&self, section: u32, name: &'static str) -> Result<Section, FormatError> {
        match self.sections.get(&section) {
            Some(&(offset, size)) => Ok(Section { name, size, offset }),
            None => Err(FormatError::MissingSection { file: self.kind, section, name }),
        }
    }

    /// Finds a section of a size known from the header.
    ///
    /// # Errors
    /// There is none of this type, or it has another size.
    pub fn sized_section(
        &self,
        section: u32,
        name: &'static str,
        expected: u64,
    ) -> Result<Section, FormatError> {
        let section = self.section(section, name)?;
        match section.size {
            size if size == expected => Ok(section),
            got => Err(FormatError::SectionSize { file: self.kind, name, got, expected }),
        }
    }

    /// Reads `length` bytes of a section, `skip` bytes into it.
    ///
    /// # Errors
    /// The section is shorter, or reading fails.
    pub fn read(
        &mut self,
        section: Section,
        skip: u64,
        length: usize,
    ) -> Result<Vec<u8>, FormatError> {
        self.seek(section, skip, length)?;
        let mut bytes = vec![0; length];
        self.source.read_exact(&mut bytes).map_err(self.kind.io())?;
        Ok(bytes)
    }

    /// Fills `bytes` from a section, `skip` bytes into it.
    ///
    /// # Errors
    /// The section is shorter, or reading fails.
    pub fn read_into(
        &mut self,
        section: Section,
        skip: u64,
        bytes: &mut [u8],
    ) -> Result<(), FormatError> {
        self.seek(section, skip, bytes.len())?;
        self.source.read_exact(bytes).map_err(self.kind.io())
    }

    fn seek(&mut self, section: Section, skip: u64, length: usize) -> Result<(), FormatError> {
        let left = section.size.saturating_sub(skip);
        let needed = length as u64;
        if needed > left {
            let part = format!("section {}", section.name);
            return Err(FormatError::Truncated { file: self.kind, part, needed, left });
        }
        let start = SeekFrom::Start(section.offset + skip);
        self.source.seek(start).map(|_| ()).map_err(self.kind.io())
    }
}

/// A first walk over the file, which knows how much is left of it.
struct Walk<'a, S> {
    source: &'a mut S,
    kind: FileKind,
    offset: u64,
    left: u64,
}

impl<S: Read + Seek> Walk<'_, S> {
    fn sections(&mut self) -> Result<BTreeMap<u32, (u64, u64)>, FormatError> {
        let (file, got) = (self.kind, self.u32("number of sections")?);
        if got > SECTIONS_MAX {
            return Err(FormatError::TooManySections { file, got, limit: SECTIONS_MAX });
        }
        let mut sections = BTreeMap::new();
        for _ in 0..got {
            let section = self.u32("section type")?;
            let size = self.array("section size").map(u64::from_le_bytes)?;
            if sections.insert(section, (self.offset, size)).is_some() {
                return Err(FormatError::DuplicateSection { file, section });
            }
            self.advance(size, || format!("section {section}"))?;
            self.source.seek(SeekFrom::Start(self.offset)).map_err(file.io())?;
        }
        Ok(sections)
    }

    fn u32(&mut self, part: &str) -> Result<u32, FormatError> {
        self.array(part).map(u32::from_le_bytes)
    }

    fn array<const N: usize>(&mut self, part: &str) -> Result<[u8; N], FormatError> {
        self.advance(N as u64, || part.to_owned())?;
        let mut bytes = [0; N];
        self.source.read_exact(&mut bytes).map_err(self.kind.io())?;
        Ok(bytes)
    }

    /// Counts bytes of the file as spoken for.
    fn advance(&mut self, needed: u64, part: impl FnOnce() -> String) -> Result<(), FormatError> {
        if needed > self.left {
            let (file, left) = (self.kind, self.left);
            return Err(FormatError::Truncated { file, part: part(), needed, left });
        }
        self.left -= needed;
        self.offset += needed;
        Ok(())
    }
}
