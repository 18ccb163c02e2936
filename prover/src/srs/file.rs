//! Our own binary formats.
//!
//! An SRS file, made to be read on every start:
//!
//! ```text
//! "PPSR" version:u8 curve:u8 log_size:u32 origin:u8      the head fixes the length of the file
//! g:G1 h:G2 tau_h:G2                                     compressed
//! powers: (2N + EXTRA_POWERS) × G1                       uncompressed
//! lagrange: N × G1                                       uncompressed
//! sha256 of everything above
//! ```
//!
//! A verifying key is a file of its own, for those who never commit: "PPVK" and the same fields up to
//! `tau_h`.
//!
//! **What reading guarantees.** A verifying key may come from anywhere: it is validated in full. An
//! SRS file holds thousands of points, and testing the order of each is most of what starting up
//! would cost (no cheaper batch test is sound: the cofactor of BLS12-381's G1 is divisible by 3, so
//! random combinations of points must be repeated some 80 times). So [`Srs::from_bytes`] checks the
//! key in full, every point for being on the curve, and the checksum; the order of the points and
//! their relations were checked when the file was made, and the file is trusted from then on, exactly
//! as the program beside it is. Where that does not hold, [`Srs::validate`] checks everything.

use pulseproof_kernels::traits::*;
use pulseproof_kernels::{Curve, Domain, G1Affine, Scalar};
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use super::consistency::check_key;
use super::points::check_on_curve;
use super::{Origin, Srs, SrsError, VerifyingKey, checked_domain, power_count};
use crate::encoding::{DecodeError, Reader, Writer};

const SRS_MAGIC: [u8; 4] = *b"PPSR";
const KEY_MAGIC: [u8; 4] = *b"PPVK";
const VERSION: u8 = 1;
const CHECKSUM_BYTES: usize = 32;

/// Bytes of an SRS file that fix its length.
pub(super) const HEAD_BYTES: usize = 4 + 1 + 1 + 4;

impl<C: Curve> VerifyingKey<C> {
    /// The key as a file.
    pub fn to_bytes(&self) -> Vec<u8> {
        write_key(KEY_MAGIC, self).finish()
    }

    /// Reads a key from any source.
    ///
    /// # Errors
    /// Another format, version or curve; a size no SRS has; a point that is not canonical, not on
    /// the curve or outside its subgroup; other generators than the curve's; a secret of 0 or 1;
    /// trailing bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SrsError> {
        let mut reader =
            Reader::with_header(bytes, KEY_MAGIC, VERSION, "Pulseproof verifying key")?;
        let key = read_key(&mut reader)?;
        reader.finish()?;
        Ok(key)
    }
}

impl<C: Curve> Srs<C> {
    /// The SRS as a file.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut writer = write_key(SRS_MAGIC, &self.verifying_key);
        writer.bytes(&encode_points(&self.powers)).bytes(&encode_points(&self.lagrange));
        let mut bytes = writer.finish();
        let checksum = Sha256::digest(&bytes);
        bytes.extend_from_slice(&checksum);
        bytes
    }

    /// Reads an SRS that this program wrote: see the module's text for what is checked.
    ///
    /// # Errors
    /// Another format, version or curve; a length that is not the one the header promises; a wrong
    /// checksum; a key that [`VerifyingKey::from_bytes`] would refuse; a point off the curve.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SrsError> {
        let expected = promised_length::<C>(bytes)?;
        let got = bytes.len() as u64;
        if got != expected {
            return Err(SrsError::Length { got, expected });
        }
        let (body, checksum) = bytes.split_at(bytes.len() - CHECKSUM_BYTES);
        if Sha256::digest(body)[..] != *checksum {
            return Err(SrsError::Checksum);
        }
        read_body(body)
    }
}

/// Length of the SRS file that starts with these bytes.
pub(super) fn promised_length<C: Curve>(head: &[u8]) -> Result<u64, SrsError> {
    let size = read_domain::<C>(&mut srs_reader(head)?)?.size();
    let points = power_count(size.ilog2()) + size;
    let length = key_bytes::<C>() + points * point_bytes::<C>() + CHECKSUM_BYTES;
    Ok(length as u64)
}

fn srs_reader(bytes: &[u8]) -> Result<Reader<'_>, DecodeError> {
    Reader::with_header(bytes, SRS_MAGIC, VERSION, "Pulseproof SRS")
}

/// Reads everything before the checksum.
fn read_body<C: Curve>(body: &[u8]) -> Result<Srs<C>, SrsError> {
    let mut reader = srs_reader(body)?;
    let verifying_key: VerifyingKey<C> = read_key(&mut reader)?;
    let (size, powers) = (verifying_key.domain.size(), power_count(verifying_key.log_size()));
    let powers = read_points::<C>(&mut reader, powers, "powers")?;
    let lagrange = read_points::<C>(&mut reader, size, "lagrange")?;
    reader.finish()?;
    Ok(Srs { powers, lagrange, verifying_key })
}

fn write_key<C: Curve>(magic: [u8; 4], key: &VerifyingKey<C>) -> Writer {
    let mut writer = Writer::with_header(magic, VERSION);
    writer.u8(C::ID.byte()).u32(key.log_size()).u8(key.origin as u8);
    writer.element(&key.g).element(&key.h).element(&key.tau_h);
    writer
}

/// Bytes that [`write_key`] writes.
fn key_bytes<C: Curve>() -> usize {
    let g2_bytes = C::G2Affine::generator().serialized_size(Compress::Yes);
    HEAD_BYTES + 1 + C::g1_bytes() + 2 * g2_bytes
}

/// Reads what follows magic and version.
fn read_key<C: Curve>(reader: &mut Reader<'_>) -> Result<VerifyingKey<C>, SrsError> {
    let key = VerifyingKey {
        domain: read_domain::<C>(reader)?,
        origin: read_origin(reader)?,
        g: reader.point("g")?,
        h: reader.point("h")?,
        tau_h: reader.point("tau_h")?,
    };
    check_key(&key)?;
    Ok(key)
}

fn read_domain<C: Curve>(reader: &mut Reader<'_>) -> Result<Domain<Scalar<C>>, SrsError> {
    reader.curve::<C>()?;
    checked_domain::<C>(reader.u32("log_size")?)
}

fn read_origin(reader: &mut Reader<'_>) -> Result<Origin, DecodeError> {
    let byte = reader.u8("origin")?;
    [Origin::Development, Origin::Ceremony]
        .into_iter()
        .find(|origin| *origin as u8 == byte)
        .ok_or_else(|| DecodeError::Invalid {
            field: "origin",
            reason: format!("{byte} is neither 1 (development) nor 2 (ceremony)"),
        })
}

fn point_bytes<C: Curve>() -> usize {
    C::G1Affine::generator().serialized_size(Compress::No)
}

fn encode_points<P: AffineRepr>(points: &[P]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(points.len() * P::generator().serialized_size(Compress::No));
    for point in points {
        point.serialize_uncompressed(&mut bytes).expect("writing to memory cannot fail");
    }
    bytes
}

fn read_points<C: Curve>(
    reader: &mut Reader<'_>,
    count: usize,
    field: &'static str,
) -> Result<Vec<G1Affine<C>>, SrsError> {
    let size = point_bytes::<C>();
    reader
        .take(count * size, field)?
        .par_chunks_exact(size)
        .enumerate()
        .map(|(index, bytes)| {
            decode_point(bytes, field).map_err(|source| SrsError::Point { index, source })
        })
        .collect()
}

/// Reads an uncompressed point: canonical and on the curve.
fn decode_point<P: AffineRepr>(bytes: &[u8], field: &'static str) -> Result<P, DecodeError> {
    let point = P::deserialize_uncompressed_unchecked(bytes)
        .map_err(|_| DecodeError::NonCanonical { field })?;
    check_on_curve(&point, field)?;
    if encode_points(&[point]) == bytes {
        Ok(point)
    } else {
        Err(DecodeError::NonCanonical { field })
    }
}
