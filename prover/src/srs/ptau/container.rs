//! The outer layer of a `.ptau` file: magic, version, and sections of a type and a size each.
//!
//! All integers are little-endian. Nothing is read that was not first found to fit the file.

use std::collections::BTreeMap;
use std::io::{Read, Seek, SeekFrom};

use crate::srs::error::PtauError;

const MAGIC: [u8; 4] = *b"ptau";
const VERSION: u32 = 1;
/// Files have 7 sections, or 11 once prepared for circuits.
const SECTIONS_MAX: u32 = 64;

/// Where a section's content lies.
#[derive(Clone, Copy)]
pub(super) struct Section {
    pub(super) name: &'static str,
    pub(super) size: u64,
    offset: u64,
}

/// A file whose sections are known and tile it exactly.
pub(super) struct Container<'a, S> {
    source: &'a mut S,
    /// Offset and size by section type.
    sections: BTreeMap<u32, (u64, u64)>,
}

impl<'a, S: Read + Seek> Container<'a, S> {
    /// Reads the table of sections.
    pub(super) fn open(source: &'a mut S) -> Result<Self, PtauError> {
        let mut walk = Walk { left: source.seek(SeekFrom::End(0))?, source, offset: 0 };
        walk.source.rewind()?;
        if walk.array("magic bytes")? != MAGIC {
            return Err(PtauError::Magic);
        }
        match walk.u32("version")? {
            VERSION => {}
            other => return Err(PtauError::Version(other)),
        }
        let sections = walk.sections()?;
        match walk.left {
            0 => Ok(Self { source: walk.source, sections }),
            left => Err(PtauError::Trailing(left)),
        }
    }

    /// Finds a section.
    pub(super) fn section(&self, kind: u32, name: &'static str) -> Result<Section, PtauError> {
        match self.sections.get(&kind) {
            Some(&(offset, size)) => Ok(Section { name, size, offset }),
            None => Err(PtauError::MissingSection { kind, name }),
        }
    }

    /// Finds a section of a size known from the header.
    pub(super) fn sized_section(
        &self,
        kind: u32,
        name: &'static str,
        expected: u64,
    ) -> Result<Section, PtauError> {
        let section = self.section(kind, name)?;
        match section.size {
            size if size == expected => Ok(section),
            got => Err(PtauError::SectionSize { name, got, expected }),
        }
    }

    /// Reads `length` bytes of a section, `skip` bytes into it.
    pub(super) fn read(
        &mut self,
        section: Section,
        skip: u64,
        length: usize,
    ) -> Result<Vec<u8>, PtauError> {
        let left = section.size.saturating_sub(skip);
        if length as u64 > left {
            let part = format!("section {}", section.name);
            return Err(PtauError::Truncated { part, needed: length as u64, left });
        }
        self.source.seek(SeekFrom::Start(section.offset + skip))?;
        let mut bytes = vec![0; length];
        self.source.read_exact(&mut bytes)?;
        Ok(bytes)
    }
}

/// A first walk over the file, which knows how much is left of it.
struct Walk<'a, S> {
    source: &'a mut S,
    offset: u64,
    left: u64,
}

impl<S: Read + Seek> Walk<'_, S> {
    fn sections(&mut self) -> Result<BTreeMap<u32, (u64, u64)>, PtauError> {
        let count = self.u32("number of sections")?;
        if count > SECTIONS_MAX {
            return Err(PtauError::TooManySections { got: count, limit: SECTIONS_MAX });
        }
        let mut sections = BTreeMap::new();
        for _ in 0..count {
            let (kind, size) = self.section_head()?;
            if sections.insert(kind, (self.offset, size)).is_some() {
                return Err(PtauError::DuplicateSection(kind));
            }
            self.advance(size, || format!("section {kind}"))?;
            self.source.seek(SeekFrom::Start(self.offset))?;
        }
        Ok(sections)
    }

    fn section_head(&mut self) -> Result<(u32, u64), PtauError> {
        let kind = self.u32("section type")?;
        let size = self.array("section size").map(u64::from_le_bytes)?;
        Ok((kind, size))
    }

    fn u32(&mut self, part: &str) -> Result<u32, PtauError> {
        self.array(part).map(u32::from_le_bytes)
    }

    fn array<const N: usize>(&mut self, part: &str) -> Result<[u8; N], PtauError> {
        self.advance(N as u64, || part.to_owned())?;
        let mut bytes = [0; N];
        self.source.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    /// Counts bytes of the file as spoken for.
    fn advance(&mut self, needed: u64, part: impl FnOnce() -> String) -> Result<(), PtauError> {
        if needed > self.left {
            return Err(PtauError::Truncated { part: part(), needed, left: self.left });
        }
        self.left -= needed;
        self.offset += needed;
        Ok(())
    }
}
