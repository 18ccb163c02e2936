//! A section read from front to back through a small buffer. Touches one section of a container.

use std::io::{Read, Seek};

use super::{Container, Section};
use crate::error::FormatError;

/// Bytes fetched at a time.
const BUFFER: usize = 1 << 16;

/// A place in a section.
pub(crate) struct Fields<'a, S> {
    file: &'a mut Container<S>,
    section: Section,
    /// Bytes of the section that were fetched.
    fetched: u64,
    buffer: Vec<u8>,
    /// Bytes of the buffer that were taken.
    taken: usize,
}

impl<'a, S: Read + Seek> Fields<'a, S> {
    /// The section's beginning.
    pub(crate) fn new(file: &'a mut Container<S>, section: Section) -> Self {
        Self { file, section, fetched: 0, buffer: Vec::new(), taken: 0 }
    }

    /// Bytes of the section that were not taken yet.
    pub(crate) fn left(&self) -> u64 {
        self.section.size - self.fetched + (self.buffer.len() - self.taken) as u64
    }

    /// The next bytes: a few.
    pub(crate) fn take(&mut self, length: usize) -> Result<&[u8], FormatError> {
        if self.buffer.len() - self.taken < length {
            self.fetch(length)?;
        }
        let start = self.taken;
        self.taken += length;
        Ok(&self.buffer[start..self.taken])
    }

    /// The next four bytes as a number.
    pub(crate) fn u32(&mut self) -> Result<u32, FormatError> {
        self.take(4).map(read_u32)
    }

    /// Fails unless `count` things of `size` bytes each may follow.
    pub(crate) fn expect(
        &self,
        count: u64,
        size: usize,
        part: impl FnOnce() -> String,
    ) -> Result<(), FormatError> {
        let (needed, left) = (count.saturating_mul(size as u64), self.left());
        if needed > left {
            let file = self.file.kind();
            return Err(FormatError::Truncated { file, part: part(), needed, left });
        }
        Ok(())
    }

    fn fetch(&mut self, length: usize) -> Result<(), FormatError> {
        let left = self.left();
        if length as u64 > left {
            let (file, part) = (self.file.kind(), format!("section {}", self.section.name));
            return Err(FormatError::Truncated { file, part, needed: length as u64, left });
        }
        let kept = self.buffer.split_off(self.taken);
        let next = usize::try_from(left).map_or(BUFFER, |left| left.min(BUFFER.max(length)));
        let start = kept.len();
        self.buffer = kept;
        self.buffer.resize(next, 0);
        self.taken = 0;
        self.file.read_into(self.section, self.fetched, &mut self.buffer[start..])?;
        self.fetched += (next - start) as u64;
        Ok(())
    }
}

/// The little-endian number in the first four bytes.
pub(crate) fn read_u32(bytes: &[u8]) -> u32 {
    bytes[..4].iter().rev().fold(0, |value, byte| value << 8 | u32::from(*byte))
}
