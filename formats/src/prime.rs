//! The primes that headers carry, and what they say of the curve. Touches headers only.

use std::io::{Read, Seek};

use pulseproof_kernels::group::Group;
use pulseproof_kernels::traits::*;
use pulseproof_kernels::{Curve, CurveId, Scalar, with_curve};

use crate::container::{Container, Section, read_u32};
use crate::error::{FileKind, FormatError};

/// Bytes of the longest prime that an error message shows.
const PRIME_BYTES_MAX: usize = 64;

/// The prime field under a curve's points.
pub(crate) type Base<C> = <<C as Pairing>::G1 as Group>::Prime;

/// Which of a curve's two primes a header carries.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum PrimeRole {
    /// That of the coordinates.
    Base,
    /// That of the scalars.
    Scalar,
}

/// A field's prime, little-endian, in whole 64-bit words.
pub(crate) fn prime<F: PrimeField>() -> Vec<u8> {
    F::MODULUS.to_bytes_le()
}

/// Bytes of a field's elements.
pub(crate) fn width<F: PrimeField>() -> u32 {
    8 * F::MODULUS_BIT_SIZE.div_ceil(64)
}

/// A prime as headers carry it: its length, then so many bytes.
pub(crate) fn encode_prime<F: PrimeField>() -> Vec<u8> {
    let mut bytes = width::<F>().to_le_bytes().to_vec();
    bytes.extend_from_slice(&prime::<F>());
    bytes
}

/// Reads a prime: its length, then so many bytes, of which no more are read than any known prime has.
pub(crate) fn read_prime<S: Read + Seek>(
    file: &mut Container<S>,
    section: Section,
    skip: u64,
) -> Result<Vec<u8>, FormatError> {
    let width = read_u32(&file.read(section, skip, 4)?);
    read_number(file, section, skip + 4, width)
}

fn read_number<S: Read + Seek>(
    file: &mut Container<S>,
    section: Section,
    skip: u64,
    width: u32,
) -> Result<Vec<u8>, FormatError> {
    file.read(section, skip, (width as usize).min(PRIME_BYTES_MAX))
}

/// Reads the prime that a header of one prime and `rest` more bytes begins with.
pub(crate) fn read_only_prime<S: Read + Seek>(
    file: &mut Container<S>,
    section: Section,
    rest: u64,
) -> Result<Vec<u8>, FormatError> {
    let width = read_u32(&file.read(section, 0, 4)?);
    let expected = 4 + u64::from(width) + rest;
    if section.size != expected {
        let (file, name, got) = (file.kind(), section.name, section.size);
        return Err(FormatError::SectionSize { file, name, got, expected });
    }
    read_number(file, section, 4, width)
}

/// Fails unless a prime is the one of `F`.
pub(crate) fn check_prime<F: PrimeField>(
    file: FileKind,
    found: &[u8],
    which: PrimeRole,
) -> Result<(), FormatError> {
    let expected = prime::<F>();
    if found == expected {
        return Ok(());
    }
    let (got, expected) = (describe(found, which), describe(&expected, which));
    Err(FormatError::WrongCurve { file, got, expected })
}

/// The curve with this prime.
pub(crate) fn curve_of(
    file: FileKind,
    found: &[u8],
    which: PrimeRole,
) -> Result<CurveId, FormatError> {
    find(found, which).ok_or_else(|| FormatError::WrongCurve {
        file,
        got: describe(found, which),
        expected: CurveId::ALL.map(|id| format!("curve {id}")).join(" or "),
    })
}

fn find(found: &[u8], which: PrimeRole) -> Option<CurveId> {
    let has = |id: &CurveId| with_curve!(*id, C => found == prime_of::<C>(which));
    CurveId::ALL.into_iter().find(has)
}

fn prime_of<C: Curve>(which: PrimeRole) -> Vec<u8> {
    match which {
        PrimeRole::Base => prime::<Base<C>>(),
        PrimeRole::Scalar => prime::<Scalar<C>>(),
    }
}

fn describe(found: &[u8], which: PrimeRole) -> String {
    let hex = || found.iter().rev().map(|byte| format!("{byte:02x}")).collect::<String>();
    match (find(found, which), which) {
        (Some(id), _) => format!("curve {id}"),
        (None, PrimeRole::Base) => format!("an unknown curve over the prime 0x{}", hex()),
        (None, PrimeRole::Scalar) => format!("an unknown curve of order 0x{}", hex()),
    }
}
