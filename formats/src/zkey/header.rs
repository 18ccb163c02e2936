//! The header of a key: its sizes, and the points that a key has one of. Touches the header's sections.

use std::io::{Read, Seek};

use pulseproof_kernels::group::Group;
use pulseproof_kernels::traits::*;
use pulseproof_kernels::{Curve, G1, G1Affine, G2, G2Affine, Scalar};

use super::{FILE, GROTH16, PointsG1, section};
use crate::container::{Container, Section, read_u32};
use crate::elements::{Check, PointDecoder, encode_point, point_bytes};
use crate::error::FormatError;
use crate::prime::{Base, PrimeRole, check_prime, encode_prime, read_prime};

const NAME: &str = "header";

/// What a key says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header<C: Curve> {
    /// Wires, the constant 1 included.
    pub variables: usize,
    /// Public values, the constant 1 not counted.
    pub public: usize,
    /// log2 of the domain's size: one row for each constraint, public value and the constant 1.
    pub log_size: u32,
    /// \[α\]₁.
    pub alpha_g1: G1Affine<C>,
    /// \[β\]₁.
    pub beta_g1: G1Affine<C>,
    /// \[β\]₂.
    pub beta_g2: G2Affine<C>,
    /// \[γ\]₂.
    pub gamma_g2: G2Affine<C>,
    /// \[δ\]₁.
    pub delta_g1: G1Affine<C>,
    /// \[δ\]₂.
    pub delta_g2: G2Affine<C>,
}

impl<C: Curve> Header<C> {
    /// Rows of the domain.
    pub fn domain_size(&self) -> usize {
        1 << self.log_size
    }

    /// How many points a section has.
    pub fn count(&self, which: PointsG1) -> usize {
        match which {
            PointsG1::Ic => self.public + 1,
            PointsG1::A | PointsG1::B1 => self.variables,
            PointsG1::C => self.variables.saturating_sub(self.public + 1),
            PointsG1::H => self.domain_size(),
        }
    }
}

/// Fails unless a key is for Groth16.
pub(super) fn check_protocol<S: Read + Seek>(file: &mut Container<S>) -> Result<(), FormatError> {
    let section = file.sized_section(section::PROTOCOL, "protocol", 4)?;
    let name = match read_u32(&file.read(section, 0, 4)?) {
        GROTH16 => return Ok(()),
        2 => "PLONK".to_owned(),
        10 => "FFLONK".to_owned(),
        other => format!("the unknown proof system {other}"),
    };
    let what = format!("a key for {name}: expected Groth16 ({GROTH16})");
    Err(FormatError::Unsupported { file: FILE, what })
}

/// Reads and checks a header.
pub(super) fn read<C: Curve, S: Read + Seek>(
    file: &mut Container<S>,
) -> Result<Header<C>, FormatError> {
    let section = file.section(section::HEADER, NAME)?;
    let sizes = check_primes::<C, S>(file, section)?;
    let points = sizes + 3 * 4;
    let point_size = 3 * point_bytes::<G1<C>>() + 3 * point_bytes::<G2<C>>();
    file.sized_section(section::HEADER, NAME, points + point_size as u64)?;
    let numbers = file.read(section, sizes, 3 * 4)?;
    let number = |index: usize| read_u32(&numbers[4 * index..]);
    let (variables, public) = (number(0), number(1));
    if public >= variables {
        let reason = format!("{public} is not below the number of variables, {variables}");
        return Err(invalid("number of public values", reason));
    }
    let log_size = check_domain::<Scalar<C>>(number(2))?;
    let bytes = file.read(section, points, point_size)?;
    let mut points = Points { bytes: &bytes, index: 0 };
    Ok(Header {
        variables: variables as usize,
        public: public as usize,
        log_size,
        alpha_g1: points.next::<G1<C>>()?,
        beta_g1: points.next::<G1<C>>()?,
        beta_g2: points.next::<G2<C>>()?,
        gamma_g2: points.next::<G2<C>>()?,
        delta_g1: points.next::<G1<C>>()?,
        delta_g2: points.next::<G2<C>>()?,
    })
}

/// Checks both primes, and says where they end.
fn check_primes<C: Curve, S: Read + Seek>(
    file: &mut Container<S>,
    section: Section,
) -> Result<u64, FormatError> {
    let base = read_prime(file, section, 0)?;
    check_prime::<Base<C>>(FILE, &base, PrimeRole::Base)?;
    let second = 4 + base.len() as u64;
    let scalar = read_prime(file, section, second)?;
    check_prime::<Scalar<C>>(FILE, &scalar, PrimeRole::Scalar)?;
    Ok(second + 4 + scalar.len() as u64)
}

/// log2 of a domain's size, if the field has one of that size.
fn check_domain<F: PrimeField>(size: u32) -> Result<u32, FormatError> {
    let limit = F::TWO_ADICITY;
    if size.is_power_of_two() && size.ilog2() <= limit {
        return Ok(size.ilog2());
    }
    Err(invalid("domain size", format!("{size} is not a power of two up to 2^{limit}")))
}

/// The points that a key has one of: finite, and checked in full.
struct Points<'a> {
    bytes: &'a [u8],
    index: u64,
}

impl Points<'_> {
    fn next<G: Group>(&mut self) -> Result<G::Affine, FormatError> {
        let (bytes, rest) = self.bytes.split_at(point_bytes::<G>());
        let point = PointDecoder::<G>::new(Check::Full).finite().point(bytes);
        let index = self.index;
        (self.bytes, self.index) = (rest, index + 1);
        point.map_err(|problem| FormatError::Element { file: FILE, section: NAME, index, problem })
    }
}

/// A header's bytes.
pub(super) fn encode<C: Curve>(header: &Header<C>) -> Result<Vec<u8>, FormatError> {
    let mut bytes = [encode_prime::<Base<C>>(), encode_prime::<Scalar<C>>()].concat();
    let size = 1u64.checked_shl(header.log_size).unwrap_or(u64::MAX);
    for (field, got) in [
        ("number of variables", header.variables as u64),
        ("number of public values", header.public as u64),
        ("domain size", size),
    ] {
        let limit = u64::from(u32::MAX);
        let number = u32::try_from(got);
        let number = number.map_err(|_| FormatError::Limit { file: FILE, field, got, limit })?;
        bytes.extend_from_slice(&number.to_le_bytes());
    }
    encode_point::<G1<C>>(&header.alpha_g1, &mut bytes);
    encode_point::<G1<C>>(&header.beta_g1, &mut bytes);
    encode_point::<G2<C>>(&header.beta_g2, &mut bytes);
    encode_point::<G2<C>>(&header.gamma_g2, &mut bytes);
    encode_point::<G1<C>>(&header.delta_g1, &mut bytes);
    encode_point::<G2<C>>(&header.delta_g2, &mut bytes);
    Ok(bytes)
}

fn invalid(field: &'static str, reason: String) -> FormatError {
    FormatError::Invalid { file: FILE, field, reason }
}
