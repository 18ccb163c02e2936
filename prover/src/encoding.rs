//! Canonical binary encoding: one byte string per value, and a clear error for every other string.
//!
//! Integers are little-endian. Points and scalars use arkworks' compressed form; decoding
//! re-encodes and compares, so that no second encoding of the same value is ever accepted.

use pulseproof_kernels::traits::*;
use pulseproof_kernels::{Curve, CurveId, G1Affine, Scalar};

/// Why bytes are not the value they claim to be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The input ends inside a field.
    #[error("{field}: truncated: needs {needed} more bytes, {left} are left")]
    Truncated {
        /// The field being read.
        field: &'static str,
        /// Bytes the field needs.
        needed: usize,
        /// Bytes left.
        left: usize,
    },
    /// Bytes follow the last field.
    #[error("{0} trailing bytes after the last field")]
    Trailing(usize),
    /// The first bytes name another format.
    #[error("not a {expected} file: wrong magic bytes")]
    Magic {
        /// The format that was expected.
        expected: &'static str,
    },
    /// A version this build does not read.
    #[error("version {got} of {format} is not supported (expected {expected})")]
    Version {
        /// The format.
        format: &'static str,
        /// The version found.
        got: u8,
        /// The version this build reads.
        expected: u8,
    },
    /// Made for another curve.
    #[error("made for curve {got}, expected {expected}")]
    WrongCurve {
        /// The curve found, by name, or its unknown byte.
        got: String,
        /// The curve in use.
        expected: CurveId,
    },
    /// A length over its limit (checked before anything is allocated).
    #[error("{field}: length {got} is over the limit of {limit}")]
    TooLong {
        /// The field.
        field: &'static str,
        /// The length claimed.
        got: u64,
        /// The limit.
        limit: usize,
    },
    /// No point of the curve has this encoding.
    #[error("{field}: not a point of the curve")]
    NotOnCurve {
        /// The field.
        field: &'static str,
    },
    /// On the curve, outside the prime-order subgroup.
    #[error("{field}: the point is outside the prime-order subgroup")]
    WrongSubgroup {
        /// The field.
        field: &'static str,
    },
    /// A second encoding of a value (for example a scalar not reduced modulo the group order).
    #[error("{field}: not the canonical encoding")]
    NonCanonical {
        /// The field.
        field: &'static str,
    },
    /// Text that is not UTF-8, or a value outside its range.
    #[error("{field}: {reason}")]
    Invalid {
        /// The field.
        field: &'static str,
        /// What is wrong with it.
        reason: String,
    },
}

/// Builds an encoding, field by field.
#[derive(Default)]
pub struct Writer(Vec<u8>);

impl Writer {
    /// An encoding that starts with magic bytes and a version.
    pub fn with_header(magic: [u8; 4], version: u8) -> Self {
        let mut writer = Self::default();
        writer.bytes(&magic).u8(version);
        writer
    }

    /// One byte.
    pub fn u8(&mut self, value: u8) -> &mut Self {
        self.bytes(&[value])
    }

    /// Four bytes.
    pub fn u32(&mut self, value: u32) -> &mut Self {
        self.bytes(&value.to_le_bytes())
    }

    /// Eight bytes.
    pub fn u64(&mut self, value: u64) -> &mut Self {
        self.bytes(&value.to_le_bytes())
    }

    /// Bytes of a length known from the format.
    pub fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.extend_from_slice(bytes);
        self
    }

    /// A count that a [`Reader::length`] will check.
    ///
    /// # Panics
    /// If the count does not fit 32 bits.
    pub fn length(&mut self, length: usize) -> &mut Self {
        self.u32(u32::try_from(length).expect("lengths are limited far below 2^32"))
    }

    /// A length and that many bytes.
    pub fn string(&mut self, text: &[u8]) -> &mut Self {
        self.length(text.len()).bytes(text)
    }

    /// Words, with their count before them.
    pub fn words(&mut self, words: &[u64]) -> &mut Self {
        self.length(words.len());
        for word in words {
            self.u64(*word);
        }
        self
    }

    /// A compressed point or a scalar.
    pub fn element(&mut self, element: &impl CanonicalSerialize) -> &mut Self {
        self.bytes(&compressed(element))
    }

    /// The encoding.
    pub fn finish(self) -> Vec<u8> {
        self.0
    }
}

/// Reads an encoding, field by field.
pub struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// Reads from the start of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Checks magic bytes and version, and reads what follows.
    ///
    /// # Errors
    /// Wrong magic, another version, or too few bytes.
    pub fn with_header(
        bytes: &'a [u8],
        magic: [u8; 4],
        version: u8,
        format: &'static str,
    ) -> Result<Self, DecodeError> {
        let mut reader = Self(bytes);
        if reader.take(4, "magic")? != magic {
            return Err(DecodeError::Magic { expected: format });
        }
        match reader.u8("version")? {
            got if got == version => Ok(reader),
            got => Err(DecodeError::Version { format, got, expected: version }),
        }
    }

    /// The next `length` bytes.
    ///
    /// # Errors
    /// Too few bytes are left.
    pub fn take(&mut self, length: usize, field: &'static str) -> Result<&'a [u8], DecodeError> {
        let (head, rest) =
            self.0.split_at_checked(length).ok_or_else(|| self.truncated(length, field))?;
        self.0 = rest;
        Ok(head)
    }

    /// The next `N` bytes.
    ///
    /// # Errors
    /// Too few bytes are left.
    pub fn array<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N], DecodeError> {
        let (&head, rest) = self.0.split_first_chunk().ok_or_else(|| self.truncated(N, field))?;
        self.0 = rest;
        Ok(head)
    }

    fn truncated(&self, needed: usize, field: &'static str) -> DecodeError {
        DecodeError::Truncated { field, needed, left: self.0.len() }
    }

    /// One byte.
    ///
    /// # Errors
    /// Nothing is left.
    pub fn u8(&mut self, field: &'static str) -> Result<u8, DecodeError> {
        Ok(self.take(1, field)?[0])
    }

    /// Four bytes.
    ///
    /// # Errors
    /// Too few bytes are left.
    pub fn u32(&mut self, field: &'static str) -> Result<u32, DecodeError> {
        self.array(field).map(u32::from_le_bytes)
    }

    /// Eight bytes.
    ///
    /// # Errors
    /// Too few bytes are left.
    pub fn u64(&mut self, field: &'static str) -> Result<u64, DecodeError> {
        self.array(field).map(u64::from_le_bytes)
    }

    /// A count, at most `limit`.
    ///
    /// # Errors
    /// The count is over the limit.
    pub fn length(&mut self, limit: usize, field: &'static str) -> Result<usize, DecodeError> {
        let got = self.u32(field)?;
        match usize::try_from(got) {
            Ok(length) if length <= limit => Ok(length),
            _ => Err(DecodeError::TooLong { field, got: got.into(), limit }),
        }
    }

    /// A length, at most `limit`, and that many bytes.
    ///
    /// # Errors
    /// The length is over the limit, or too few bytes are left.
    pub fn string(&mut self, limit: usize, field: &'static str) -> Result<&'a [u8], DecodeError> {
        let length = self.length(limit, field)?;
        self.take(length, field)
    }

    /// UTF-8 text of at most `limit` bytes.
    ///
    /// # Errors
    /// The text is over the limit or not UTF-8.
    pub fn text(&mut self, limit: usize, field: &'static str) -> Result<&'a str, DecodeError> {
        std::str::from_utf8(self.string(limit, field)?)
            .map_err(|e| DecodeError::Invalid { field, reason: format!("not UTF-8: {e}") })
    }

    /// A count, at most `limit`, and that many words.
    ///
    /// # Errors
    /// The count is over the limit, or too few bytes are left.
    pub fn words(&mut self, limit: usize, field: &'static str) -> Result<Vec<u64>, DecodeError> {
        let length = self.length(limit, field)?;
        let bytes = self.take(length * 8, field)?;
        let (words, _) = bytes.as_chunks::<8>();
        Ok(words.iter().map(|word| u64::from_le_bytes(*word)).collect())
    }

    /// The byte of the curve in use.
    ///
    /// # Errors
    /// The byte names another curve, or none.
    pub fn curve<C: Curve>(&mut self) -> Result<(), DecodeError> {
        let byte = self.u8("curve")?;
        if byte == C::ID.byte() {
            return Ok(());
        }
        let got = CurveId::from_byte(byte).map_or(format!("byte {byte}"), |id| id.to_string());
        Err(DecodeError::WrongCurve { got, expected: C::ID })
    }

    /// A compressed point of G1: on the curve, in the subgroup, canonical.
    ///
    /// # Errors
    /// Any of the three fails.
    pub fn g1<C: Curve>(&mut self, field: &'static str) -> Result<G1Affine<C>, DecodeError> {
        self.point(field)
    }

    /// A compressed point of G1 or G2: on the curve, in the subgroup, canonical.
    ///
    /// # Errors
    /// Any of the three fails.
    pub fn point<P: AffineRepr>(&mut self, field: &'static str) -> Result<P, DecodeError> {
        let bytes = self.take(P::generator().serialized_size(Compress::Yes), field)?;
        let point = P::deserialize_with_mode(bytes, Compress::Yes, Validate::No)
            .map_err(|_| DecodeError::NotOnCurve { field })?;
        check_canonical(&point, bytes, field)?;
        point.check().map_err(|_| DecodeError::WrongSubgroup { field })?;
        Ok(point)
    }

    /// A scalar below the group order.
    ///
    /// # Errors
    /// The bytes encode an integer that is not below the order.
    pub fn scalar<C: Curve>(&mut self, field: &'static str) -> Result<Scalar<C>, DecodeError> {
        let bytes = self.take(C::scalar_bytes(), field)?;
        let scalar = Scalar::<C>::deserialize_compressed(bytes)
            .map_err(|_| DecodeError::NonCanonical { field })?;
        check_canonical(&scalar, bytes, field)?;
        Ok(scalar)
    }

    /// Checks that nothing is left.
    ///
    /// # Errors
    /// Bytes are left.
    pub fn finish(self) -> Result<(), DecodeError> {
        match self.0.len() {
            0 => Ok(()),
            left => Err(DecodeError::Trailing(left)),
        }
    }
}

fn check_canonical(
    value: &impl CanonicalSerialize,
    bytes: &[u8],
    field: &'static str,
) -> Result<(), DecodeError> {
    if compressed(value) == bytes { Ok(()) } else { Err(DecodeError::NonCanonical { field }) }
}

/// The one encoding of a point, a scalar, or several of either.
pub(crate) fn compressed(value: &impl CanonicalSerialize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(value.compressed_size());
    value.serialize_compressed(&mut bytes).expect("writing to memory cannot fail");
    bytes
}
