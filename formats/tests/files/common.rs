//! Fixtures, ways to damage them, and what snarkjs read in them.

use std::io::{self, Cursor, Read, Seek, SeekFrom};

use pulseproof_formats::FormatError;
use pulseproof_kernels::group::Group;
use pulseproof_kernels::traits::*;
use pulseproof_kernels::{Curve, CurveId};
use serde_json::Value;

/// A fixture of the curve `C`.
macro_rules! fixture {
    ($C:ty, $name:literal) => {
        match <$C as pulseproof_kernels::Curve>::ID {
            pulseproof_kernels::CurveId::Bls12_381 => {
                &include_bytes!(concat!("../fixtures/bls12381/", $name))[..]
            }
            pulseproof_kernels::CurveId::Bn254 => {
                &include_bytes!(concat!("../fixtures/bn128/", $name))[..]
            }
        }
    };
}
pub(crate) use fixture;

pub fn json(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap()
}

pub fn source(bytes: &[u8]) -> Cursor<&[u8]> {
    Cursor::new(bytes)
}

/// Offset of a section's head: its type, then its size.
pub fn head_of(bytes: &[u8], section: u32) -> usize {
    let mut at = 12;
    while bytes[at..at + 4] != section.to_le_bytes() {
        let size: [u8; 8] = bytes[at + 4..at + 12].try_into().unwrap();
        at += 12 + usize::try_from(u64::from_le_bytes(size)).unwrap();
    }
    at
}

/// Offset of a section's content.
pub fn content_of(bytes: &[u8], section: u32) -> usize {
    head_of(bytes, section) + 12
}

/// The same with some bytes replaced.
pub fn patched(bytes: &[u8], at: usize, with: &[u8]) -> Vec<u8> {
    let mut file = bytes.to_vec();
    file[at..at + with.len()].copy_from_slice(with);
    file
}

/// Bytes of a coordinate of `C`.
pub fn width<C: Curve>() -> usize {
    match C::ID {
        CurveId::Bls12_381 => 48,
        CurveId::Bn254 => 32,
    }
}

/// A point as files hold it, computed from what the format says.
pub fn montgomery<P: AffineRepr>(point: &P, width: usize) -> Vec<u8> {
    type Base<P> = <<P as AffineRepr>::BaseField as Field>::BasePrimeField;
    let r = Base::<P>::from(2u8).pow([8 * width as u64]);
    let (x, y) = point.xy().unwrap();
    let mut bytes = Vec::new();
    for element in [x, y].iter().flat_map(|f| f.to_base_prime_field_elements()) {
        (element * r).serialize_uncompressed(&mut bytes).unwrap();
    }
    bytes
}

/// Coordinates as snarkjs prints them, one after the other; `None` for infinity.
pub fn decimal<G: Group>(point: &G::Affine) -> Option<Vec<String>> {
    let (x, y) = G::coordinates(point)?;
    let coordinates = [x, y];
    let elements = coordinates.iter().flat_map(|f| f.to_base_prime_field_elements());
    Some(elements.map(|element| element.to_string()).collect())
}

/// All texts in a value.
pub fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(values) => values.iter().flat_map(texts).collect(),
        other => panic!("{other}"),
    }
}

/// A projective point that snarkjs printed, as [`decimal`] gives it.
pub fn printed(value: &Value) -> Option<Vec<String>> {
    let mut all = texts(value);
    let z = all.split_off(all.len() / 3 * 2);
    match z[0].as_str() {
        "1" => Some(all),
        "0" => None,
        other => panic!("not affine: {other}"),
    }
}

/// A point on the curve but outside the prime-order subgroup, of a curve that has such points.
pub fn outside_subgroup<P: AffineRepr>() -> P {
    (0..=u8::MAX)
        .filter_map(|byte| P::from_random_bytes(&[byte; 192]))
        .find(|point| point.check().is_err())
        .expect("one x in two belongs to a point, and few of these are in the subgroup")
}

/// Whether reading a file fails, and does nothing worse.
pub type Reads = fn(&[u8]) -> Result<(), FormatError>;

/// Every truncation is noticed, and bytes too many.
pub fn check_lengths(bytes: &[u8], read: Reads) {
    read(bytes).unwrap();
    for length in 0..bytes.len() {
        let error = read(&bytes[..length]).unwrap_err();
        assert!(matches!(error, FormatError::Truncated { .. }), "{length}: {error}");
    }
    let longer = [bytes, &[0]].concat();
    assert!(matches!(read(&longer), Err(FormatError::Trailing { bytes: 1, .. })));
}

/// The container's own lies, in a file of these sections that must be there.
pub fn check_container(bytes: &[u8], needed: &[u32], read: Reads) {
    let refuse = |at: usize, with: &[u8]| read(&patched(bytes, at, with)).unwrap_err();
    assert!(matches!(refuse(0, b"what"), FormatError::Magic { .. }));
    assert!(matches!(refuse(4, &[77]), FormatError::Version { got: 77, .. }));
    assert!(matches!(refuse(8, &[0xff; 4]), FormatError::TooManySections { limit: 64, .. }));
    assert!(matches!(refuse(8, &[bytes[8] - 1]), FormatError::Trailing { .. }));
    assert!(matches!(refuse(8, &[bytes[8] + 1]), FormatError::Truncated { .. }));
    for section in needed {
        let head = head_of(bytes, *section);
        let error = refuse(head, &[99]);
        assert!(
            matches!(error, FormatError::MissingSection { section: s, .. } if s == *section),
            "{section}: {error}"
        );
        let error = refuse(head + 4, &[0xff; 8]);
        assert!(matches!(error, FormatError::Truncated { needed: u64::MAX, .. }), "{error}");
        // A second section of the kind, empty, at the end.
        let mut twice = patched(bytes, 8, &[bytes[8] + 1]);
        twice.extend_from_slice(&section.to_le_bytes());
        twice.extend_from_slice(&[0; 8]);
        let error = read(&twice).unwrap_err();
        assert!(
            matches!(error, FormatError::DuplicateSection { section: s, .. } if s == *section),
            "{section}: {error}"
        );
    }
    // Sections nobody knows are skipped, wherever they stand.
    let mut more = patched(bytes, 8, &[bytes[8] + 1]);
    more.splice(12..12, [&99u32.to_le_bytes()[..], &3u64.to_le_bytes(), b"abc"].concat());
    read(&more).unwrap();
}

/// The same sections in the opposite order.
pub fn reversed(bytes: &[u8]) -> Vec<u8> {
    let (mut at, mut sections) = (12, Vec::new());
    while at < bytes.len() {
        let size: [u8; 8] = bytes[at + 4..at + 12].try_into().unwrap();
        let end = at + 12 + usize::try_from(u64::from_le_bytes(size)).unwrap();
        sections.push(&bytes[at..end]);
        at = end;
    }
    sections.push(&bytes[..12]);
    sections.reverse();
    sections.concat()
}

/// A file of any length that is nothing but zeros after its first bytes. Whoever reads more of it than
/// a little fails.
pub struct Endless {
    head: Vec<u8>,
    length: u64,
    at: u64,
    left: usize,
}

impl Endless {
    pub fn new(head: Vec<u8>, length: u64) -> Self {
        Self { head, length, at: 0, left: 1 << 20 }
    }
}

impl Read for Endless {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.left = self.left.checked_sub(bytes.len()).expect("far too much was read");
        bytes.fill(0);
        let start = usize::try_from(self.at).unwrap_or(usize::MAX);
        if let Some(head) = self.head.get(start..) {
            let count = head.len().min(bytes.len());
            bytes[..count].copy_from_slice(&head[..count]);
        }
        self.at += bytes.len() as u64;
        Ok(bytes.len())
    }
}

impl Seek for Endless {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.at = match to {
            SeekFrom::Start(at) => at,
            SeekFrom::End(0) => self.length,
            other => panic!("{other:?}"),
        };
        Ok(self.at)
    }
}
