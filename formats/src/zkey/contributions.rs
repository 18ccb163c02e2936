//! The record of who contributed to a key. It is carried and counted, and not examined. Touches its
//! section only.
//!
//! The section is the circuit's hash, the number of contributions, and a record for each: δ so far,
//! three more points, a hash, a kind, and parameters of a stated length.

use std::io::{Read, Seek};

use pulseproof_kernels::{Curve, G1, G2};

use super::{FILE, Zkey, section};
use crate::container::{Section, read_u32};
use crate::elements::point_bytes;
use crate::error::FormatError;

const NAME: &str = "contributions";
/// Bytes of the circuit's hash, and of the hash in a record.
const HASH_BYTES: usize = 64;
/// Where records begin.
const RECORDS: usize = HASH_BYTES + 4;
/// Bytes of a record of records: a hundred thousand contributions.
const SIZE_MAX: u64 = 1 << 26;

impl<C: Curve, S: Read + Seek> Zkey<C, S> {
    /// The hash of the circuit that the key was made for, as the key states it.
    ///
    /// # Errors
    /// The key has no such section, or reading fails.
    pub fn circuit_hash(&mut self) -> Result<[u8; HASH_BYTES], FormatError> {
        let section = self.contribution_section()?;
        let mut hash = [0; HASH_BYTES];
        self.file.read_into(section, 0, &mut hash)?;
        Ok(hash)
    }

    /// How many contributions were made.
    ///
    /// # Errors
    /// The key has no such section, or one that is not made of so many records.
    pub fn contributions(&mut self) -> Result<usize, FormatError> {
        self.records().map(|(count, _)| count as usize)
    }

    /// The records, as [`super::Contents`] takes them: without circuit hash and count.
    ///
    /// # Errors
    /// The key has no such section, or one that is not made of so many records.
    pub fn contribution_bytes(&mut self) -> Result<Vec<u8>, FormatError> {
        self.records().map(|(_, records)| records)
    }

    fn records(&mut self) -> Result<(u32, Vec<u8>), FormatError> {
        let section = self.contribution_section()?;
        let stated = read_u32(&self.file.read(section, HASH_BYTES as u64, 4)?);
        let length = section.size - RECORDS as u64;
        let length = usize::try_from(length).map_err(|_| too_large(section.size))?;
        let records = self.file.read(section, RECORDS as u64, length)?;
        let count = count_records::<C>(&records)?;
        if count == stated {
            return Ok((count, records));
        }
        let (field, reason) = ("number of contributions", format!("{stated} is wrong: {count}"));
        Err(FormatError::Invalid { file: FILE, field, reason })
    }

    fn contribution_section(&self) -> Result<Section, FormatError> {
        let section = self.file.section(section::CONTRIBUTIONS, NAME)?;
        match section.size {
            size if size < RECORDS as u64 => Err(truncated(RECORDS as u64, size)),
            size if size > SIZE_MAX => Err(too_large(size)),
            _ => Ok(section),
        }
    }
}

/// Counts records, which must fill the bytes exactly.
pub(super) fn count_records<C: Curve>(mut records: &[u8]) -> Result<u32, FormatError> {
    let fixed = 3 * point_bytes::<G1<C>>() + point_bytes::<G2<C>>() + HASH_BYTES + 4;
    let mut count = 0;
    while !records.is_empty() {
        let left = records.len() as u64;
        let short = |needed: u64| truncated(needed, left);
        let head = records.get(fixed..fixed + 4).ok_or_else(|| short(fixed as u64 + 4))?;
        let length = u64::from(read_u32(head)) + fixed as u64 + 4;
        let end = usize::try_from(length).map_err(|_| short(length))?;
        records = records.get(end..).ok_or_else(|| short(length))?;
        count += 1;
    }
    Ok(count)
}

/// The section's bytes.
pub(super) fn encode<C: Curve>(
    circuit_hash: &[u8; HASH_BYTES],
    records: &[u8],
) -> Result<Vec<u8>, FormatError> {
    let count = count_records::<C>(records)?;
    Ok([&circuit_hash[..], &count.to_le_bytes(), records].concat())
}

fn truncated(needed: u64, left: u64) -> FormatError {
    FormatError::Truncated { file: FILE, part: format!("section {NAME}"), needed, left }
}

fn too_large(got: u64) -> FormatError {
    let field = "number of bytes of contributions";
    FormatError::Limit { file: FILE, field, got, limit: SIZE_MAX }
}
