//! Import of a public ceremony's `.ptau` file, as snarkjs writes it, for BN254 and BLS12-381.
//!
//! A file of power p holds \[τ^i\]₁ for i below 2^(p+1) − 1 and \[τ^i\]₂ for i below 2^p, and more that
//! is not needed here. Only what is needed is read, piece by piece, whatever the size of the file.
//! Nothing in it is believed: every point is checked for being on the curve and in the subgroup, all of
//! them against each other by pairings, and the Lagrange points are computed here. The record of
//! contributions is *not* examined: whether a file is the one a ceremony published is for whoever
//! imports it to establish, by its published hash.

mod container;
mod montgomery;

use std::io::{Read, Seek};

use pulseproof_kernels::traits::*;
use pulseproof_kernels::{Curve, CurveId, Domain, G1, G1Affine, G2Affine, Scalar, with_curve};
use rayon::prelude::*;

use self::container::Container;
use self::montgomery::{PointDecoder, base_bytes, prime};
use super::consistency::{check_lagrange, check_powers};
use super::error::PtauError;
use super::{Origin, Srs, SrsError, VerifyingKey, checked_domain, power_count};

/// Largest power: that of the largest ceremony there is.
const POWER_MAX: u32 = 28;
/// Points read and checked at a time.
const CHUNK: usize = 1024;
/// Bytes of the longest prime that an error message shows.
const PRIME_BYTES_MAX: usize = 64;

const HEADER: u32 = 1;
const TAU_G1: u32 = 2;
const TAU_G2: u32 = 3;

/// Imports the SRS for vectors of length 2^`log_size`.
///
/// `progress` hears of points done and points in all: 2N + [`super::EXTRA_POWERS`] powers, then, at
/// the end and after the longest wait, the N Lagrange points.
///
/// # Errors
/// Anything that is not a well-formed file for this curve, a ceremony too small for `log_size` or
/// without any contribution, a bad point, or powers that are not powers of one secret.
pub fn import<C: Curve>(
    source: &mut (impl Read + Seek),
    log_size: u32,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<Srs<C>, SrsError> {
    let domain = checked_domain::<C>(log_size)?;
    let mut file = Container::open(source)?;
    let power = read_power::<C>(&mut file)?;
    check_power(power, log_size)?;
    let total = power_count(log_size) + domain.size();
    let verifying_key = read_key::<C>(&mut file, power, log_size)?;
    let powers = read_powers::<C>(&mut file, power, log_size, &mut |done| progress(done, total))?;
    check_powers(&powers, &verifying_key)?;
    let lagrange = lagrange_points::<C>(domain, &powers);
    let srs = Srs { powers, lagrange, verifying_key };
    check_lagrange(&srs)?;
    progress(total, total);
    Ok(srs)
}

/// Reads the header, checks its curve, and returns the power.
fn read_power<C: Curve>(file: &mut Container<'_, impl Read + Seek>) -> Result<u32, PtauError> {
    let name = "header";
    let section = file.section(HEADER, name)?;
    let width = u32_at(&file.read(section, 0, 4)?);
    let expected = 4 + u64::from(width) + 8;
    if section.size != expected {
        return Err(PtauError::SectionSize { name, got: section.size, expected });
    }
    check_prime::<C>(&file.read(section, 4, (width as usize).min(PRIME_BYTES_MAX))?)?;
    let power = u32_at(&file.read(section, 4 + u64::from(width), 4)?);
    if power > POWER_MAX {
        return Err(PtauError::PowerTooLarge { got: power, limit: POWER_MAX });
    }
    Ok(power)
}

fn check_prime<C: Curve>(found: &[u8]) -> Result<(), PtauError> {
    if found == prime::<C>() {
        return Ok(());
    }
    let named = CurveId::ALL.into_iter().find(|id| with_curve!(*id, K => found == prime::<K>()));
    let got = match named {
        Some(id) => format!("curve {id}"),
        None => format!("an unknown curve over the prime 0x{}", hex_from_le(found)),
    };
    Err(PtauError::WrongCurve { got, expected: C::ID })
}

fn hex_from_le(bytes: &[u8]) -> String {
    bytes.iter().rev().map(|byte| format!("{byte:02x}")).collect()
}

fn check_power(got: u32, log_size: u32) -> Result<(), PtauError> {
    // The smallest p with 2^(p+1) − 1 ≥ the number of powers.
    let needed = power_count(log_size).ilog2();
    if got < needed { Err(PtauError::PowerTooSmall { got, needed, log_size }) } else { Ok(()) }
}

/// Reads \[1\]₂ and \[τ\]₂.
fn read_key<C: Curve>(
    file: &mut Container<'_, impl Read + Seek>,
    power: u32,
    log_size: u32,
) -> Result<VerifyingKey<C>, SrsError> {
    let (kind, name) = (TAU_G2, "tauG2");
    let size = 4 * base_bytes::<C>();
    let section = file.sized_section(kind, name, (size as u64) << power)?;
    let bytes = file.read(section, 0, 2 * size)?;
    let points: Vec<G2Affine<C>> = decode_points::<C, _>(&bytes, size, 0, name)?;
    let key = VerifyingKey {
        log_size,
        origin: Origin::Ceremony,
        g: G1Affine::<C>::generator(),
        h: points[0],
        tau_h: points[1],
    };
    if key.tau_h == key.h { Err(PtauError::NoContribution.into()) } else { Ok(key) }
}

/// Reads the first 2N + [`super::EXTRA_POWERS`] powers.
fn read_powers<C: Curve>(
    file: &mut Container<'_, impl Read + Seek>,
    power: u32,
    log_size: u32,
    progress: &mut dyn FnMut(usize),
) -> Result<Vec<G1Affine<C>>, SrsError> {
    let (kind, name) = (TAU_G1, "tauG1");
    let size = 2 * base_bytes::<C>();
    let section = file.sized_section(kind, name, size as u64 * ((2 << power) - 1))?;
    let count = power_count(log_size);
    let mut powers = Vec::with_capacity(count);
    while powers.len() < count {
        let next = CHUNK.min(count - powers.len());
        let bytes = file.read(section, (powers.len() * size) as u64, next * size)?;
        powers.extend(decode_points::<C, G1Affine<C>>(&bytes, size, powers.len(), name)?);
        progress(powers.len());
    }
    Ok(powers)
}

/// Decodes points that stand side by side, the first of them number `first`.
fn decode_points<C: Curve, P: AffineRepr>(
    bytes: &[u8],
    size: usize,
    first: usize,
    field: &'static str,
) -> Result<Vec<P>, SrsError>
where
    P::BaseField: Field<BasePrimeField = montgomery::Base<C>>,
{
    let decoder = PointDecoder::<C>::new();
    let decode = |(index, bytes)| {
        let point = decoder.point(bytes, field);
        point.map_err(|source| SrsError::Point { index: first + index, source })
    };
    bytes.par_chunks_exact(size).enumerate().map(decode).collect()
}

/// \[L_j(τ)\]₁ for j below N: the inverse transform of the powers.
fn lagrange_points<C: Curve>(
    domain: Domain<Scalar<C>>,
    powers: &[G1Affine<C>],
) -> Vec<G1Affine<C>> {
    let powers: Vec<G1<C>> =
        powers[..domain.size()].iter().map(|power| power.into_group()).collect();
    G1::<C>::normalize_batch(&domain.interpolate_points(powers))
}

/// The little-endian integer in four bytes.
fn u32_at(bytes: &[u8]) -> u32 {
    bytes.iter().rev().fold(0, |value, byte| value << 8 | u32::from(*byte))
}
