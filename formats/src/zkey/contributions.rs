//! The record of who contributed to a key. It is read, carried and counted; whether it holds is for others to
//! find out. Touches its section only.
//!
//! The section is the circuit's hash, the number of contributions, and a record for each: δ so far,
//! three more points, a hash, a kind, and parameters of a stated length.

use std::io::{Read, Seek};

use pulseproof_kernels::{Curve, G1, G1Affine, G2, G2Affine};

use super::{FILE, Zkey, section};
use crate::container::{Section, read_u32};
use crate::contributed::{Beacon, Contributor};
use crate::elements::{Check, PointDecoder, encode_point, point_bytes};
use crate::error::FormatError;

const NAME: &str = "contributions";
/// Bytes of the circuit's hash, and of the hash in a record.
pub const HASH_BYTES: usize = 64;
/// Where records begin.
const RECORDS: usize = HASH_BYTES + 4;
/// Bytes of a record of records: a hundred thousand contributions.
const SIZE_MAX: u64 = 1 << 26;

/// One contribution: δ was multiplied by a secret x.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contribution<C: Curve> {
    /// \[δ\]₁ afterwards.
    pub delta: G1Affine<C>,
    /// A point.
    pub s: G1Affine<C>,
    /// x times that.
    pub sx: G1Affine<C>,
    /// x times the point in G2 that the transcript gives.
    pub spx: G2Affine<C>,
    /// The hash of all that came before, and of the first two points.
    pub transcript: [u8; HASH_BYTES],
    /// Who contributed, in whatever words.
    pub name: Option<String>,
    /// Where x comes from, if everybody may know it.
    pub beacon: Option<Beacon>,
}

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
        Err(invalid("number of contributions", format!("{stated} is wrong: {count}")))
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

impl<C: Curve> Contribution<C> {
    /// Reads records as [`super::Contents`] has them.
    ///
    /// # Errors
    /// They are no records, or a point is bad.
    pub fn read_all(mut records: &[u8]) -> Result<Vec<Self>, FormatError> {
        let mut all = Vec::new();
        while !records.is_empty() {
            let (record, rest) = split::<C>(records)?;
            all.push(Self::read(&record, all.len() as u64)?);
            records = rest;
        }
        Ok(all)
    }

    fn read(record: &Record<'_>, index: u64) -> Result<Self, FormatError> {
        let decoded = |problem| FormatError::Element { file: FILE, section: NAME, index, problem };
        let g1 = PointDecoder::<G1<C>>::new(Check::Full).finite();
        let g2 = PointDecoder::<G2<C>>::new(Check::Full).finite();
        let Record { in_g1, in_g2, transcript, kind, parameters } = *record;
        let [delta, s, sx] = in_g1.map(|bytes| g1.point(bytes).map_err(decoded));
        let (delta, s, sx) = (delta?, s?, sx?);
        let spx = g2.point(in_g2).map_err(decoded)?;
        let Contributor { name, beacon } = Contributor::read(FILE, kind, parameters)?;
        Ok(Self { delta, s, sx, spx, transcript, name, beacon })
    }

    /// The record's bytes, as snarkjs writes them.
    ///
    /// # Errors
    /// The name or the beacon is longer than 255 bytes.
    pub fn encode(&self) -> Result<Vec<u8>, FormatError> {
        let contributor = Contributor { name: self.name.clone(), beacon: self.beacon.clone() };
        let parameters = contributor.encode(FILE)?;
        let mut bytes = Vec::new();
        [self.delta, self.s, self.sx].iter().for_each(|p| encode_point::<G1<C>>(p, &mut bytes));
        encode_point::<G2<C>>(&self.spx, &mut bytes);
        bytes.extend_from_slice(&self.transcript);
        bytes.extend_from_slice(&u32::from(self.beacon.is_some()).to_le_bytes());
        #[expect(clippy::cast_possible_truncation, reason = "three parameters of 257 bytes")]
        bytes.extend_from_slice(&(parameters.len() as u32).to_le_bytes());
        bytes.extend(parameters);
        Ok(bytes)
    }
}

fn invalid(field: &'static str, reason: String) -> FormatError {
    FormatError::Invalid { file: FILE, field, reason }
}

/// A record's parts.
struct Record<'a> {
    in_g1: [&'a [u8]; 3],
    in_g2: &'a [u8],
    transcript: [u8; HASH_BYTES],
    kind: u32,
    parameters: &'a [u8],
}

/// The first record, and what comes after it.
fn split<C: Curve>(records: &[u8]) -> Result<(Record<'_>, &[u8]), FormatError> {
    let fixed = 3 * point_bytes::<G1<C>>() + point_bytes::<G2<C>>() + HASH_BYTES + 8;
    let short = |needed: u64| truncated(needed, records.len() as u64);
    let (record, length, rest) = head::<C>(records).ok_or_else(|| short(fixed as u64))?;
    let parts = usize::try_from(length).ok().and_then(|length| rest.split_at_checked(length));
    let (parameters, rest) = parts.ok_or_else(|| short(fixed as u64 + u64::from(length)))?;
    Ok((Record { parameters, ..record }, rest))
}

/// A record but for its parameters, their length, and what comes after it.
fn head<C: Curve>(records: &[u8]) -> Option<(Record<'_>, u32, &[u8])> {
    let (a, rest) = records.split_at_checked(point_bytes::<G1<C>>())?;
    let (b, rest) = rest.split_at_checked(point_bytes::<G1<C>>())?;
    let (c, rest) = rest.split_at_checked(point_bytes::<G1<C>>())?;
    let (in_g2, rest) = rest.split_at_checked(point_bytes::<G2<C>>())?;
    let (&transcript, rest) = rest.split_first_chunk()?;
    let (&kind, rest) = rest.split_first_chunk()?;
    let (&length, rest) = rest.split_first_chunk()?;
    let kind = u32::from_le_bytes(kind);
    let record = Record { in_g1: [a, b, c], in_g2, transcript, kind, parameters: &[] };
    Some((record, u32::from_le_bytes(length), rest))
}

/// Counts records, which must fill the bytes exactly.
pub(super) fn count_records<C: Curve>(mut records: &[u8]) -> Result<u32, FormatError> {
    let mut count = 0;
    while !records.is_empty() {
        records = split::<C>(records)?.1;
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
