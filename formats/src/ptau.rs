//! Ceremonies (`.ptau`): powers of a secret τ in the exponent, and secrets α and β with them. Touches
//! the sections that are asked for, and no others.
//!
//! Points are checked one by one; whether they are powers of one secret, and whether the record of contributions
//! holds, is for `pulseproof-ceremony` to establish. A file that was prepared for circuits also holds
//! Lagrange bases of every size. No point in such a file may be infinity, but for the largest basis:
//! see [`Ptau::lagrange_g1`].

mod record;

use std::io::{Read, Seek};
use std::marker::PhantomData;
use std::ops::Range;

use pulseproof_kernels::group::Group;
use pulseproof_kernels::{Curve, CurveId, G1, G1Affine, G2, G2Affine};

pub use self::record::{CHALLENGE_BYTES, Contribution, PublicKey, Secrets};
use crate::container::{Container, Section, read_u32};
use crate::elements::{Check, PointDecoder, point_bytes};
use crate::error::{FileKind, FormatError};
use crate::points::read_points;
use crate::prime::{Base, PrimeRole, check_prime, curve_of, read_only_prime};

const FILE: FileKind = FileKind::Ptau;
const HEADER: u32 = 1;
/// Bytes of a header without its prime: the power of this file, and that of the ceremony.
const POWERS_BYTES: usize = 4 + 4;
const HEADER_REST: u64 = POWERS_BYTES as u64;
/// Largest power: that of the largest ceremony there is.
const POWER_MAX: u32 = 28;
/// Sections of files that were prepared for circuits.
const PREPARED: [u32; 4] = [12, 13, 14, 15];

/// Powers in G1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PowersG1 {
    /// τ^i for i below 2^(power + 1) − 1.
    Tau,
    /// α·τ^i for i below 2^power.
    AlphaTau,
    /// β·τ^i for i below 2^power.
    BetaTau,
}

/// Powers in G2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PowersG2 {
    /// τ^i for i below 2^power.
    Tau,
    /// β alone.
    Beta,
}

/// The curve of a ceremony.
///
/// # Errors
/// Not such a file, or the prime of no curve known here.
pub fn curve(source: &mut (impl Read + Seek)) -> Result<CurveId, FormatError> {
    let mut file = Container::open(source, FILE)?;
    let header = file.section(HEADER, "header")?;
    let found = read_only_prime(&mut file, header, HEADER_REST)?;
    curve_of(FILE, &found, PrimeRole::Base)
}

/// A ceremony's file.
#[derive(Debug)]
pub struct Ptau<C, S> {
    file: Container<S>,
    power: u32,
    ceremony_power: u32,
    curve: PhantomData<C>,
}

impl<C: Curve, S: Read + Seek> Ptau<C, S> {
    /// Reads the header.
    ///
    /// # Errors
    /// Not such a file, one for another curve, or a power beyond that of any ceremony.
    pub fn open(source: S) -> Result<Self, FormatError> {
        let mut file = Container::open(source, FILE)?;
        let header = file.section(HEADER, "header")?;
        let found = read_only_prime(&mut file, header, HEADER_REST)?;
        check_prime::<Base<C>>(FILE, &found, PrimeRole::Base)?;
        let powers = file.read(header, 4 + found.len() as u64, POWERS_BYTES)?;
        let (power, ceremony_power) = (read_u32(&powers), read_u32(&powers[4..]));
        for (field, power) in [("power", power), ("power of the ceremony", ceremony_power)] {
            if power > POWER_MAX {
                return Err(limit(field, power.into(), POWER_MAX.into()));
            }
        }
        if ceremony_power < power {
            let reason = format!("{ceremony_power} is below that of the file, {power}");
            return Err(FormatError::Invalid {
                file: FILE,
                field: "power of the ceremony",
                reason,
            });
        }
        Ok(Self { file, power, ceremony_power, curve: PhantomData })
    }

    /// The power: circuits may have up to 2^power rows.
    pub fn power(&self) -> u32 {
        self.power
    }

    /// The power of the ceremony: where it is greater, the file has the first of its points only.
    pub fn ceremony_power(&self) -> u32 {
        self.ceremony_power
    }

    /// Whether the file was prepared for circuits, and so has Lagrange bases.
    pub fn is_prepared(&self) -> bool {
        PREPARED.iter().all(|section| self.file.has(*section))
    }

    /// Reads powers in G1 with exponents in `range`. `progress` hears of points done and points in all.
    ///
    /// # Errors
    /// There are fewer, or one is bad.
    pub fn powers_g1(
        &mut self,
        which: PowersG1,
        range: Range<u64>,
        check: Check,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<Vec<G1Affine<C>>, FormatError> {
        let (section, name, count) = match which {
            PowersG1::Tau => (2, "tauG1", (2 << self.power) - 1),
            PowersG1::AlphaTau => (4, "alphaTauG1", 1 << self.power),
            PowersG1::BetaTau => (5, "betaTauG1", 1 << self.power),
        };
        let section = self.points::<G1<C>>(section, name, count)?;
        let decoder = PointDecoder::<G1<C>>::new(check).finite();
        read_points(&mut self.file, section, range, &decoder, progress)
    }

    /// Reads powers in G2 with exponents in `range`. `progress` hears of points done and points in all.
    ///
    /// # Errors
    /// There are fewer, or one is bad.
    pub fn powers_g2(
        &mut self,
        which: PowersG2,
        range: Range<u64>,
        check: Check,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<Vec<G2Affine<C>>, FormatError> {
        let (section, name, count) = match which {
            PowersG2::Tau => (3, "tauG2", 1 << self.power),
            PowersG2::Beta => (6, "betaG2", 1),
        };
        let section = self.points::<G2<C>>(section, name, count)?;
        let decoder = PointDecoder::<G2<C>>::new(check).finite();
        read_points(&mut self.file, section, range, &decoder, progress)
    }

    /// Reads L_j(τ), times α or β, for the Lagrange basis of size 2^`log_size`, in the order of
    /// [`crate::roots::root_of_unity`]. The largest is that of the power, and for τ alone there is one
    /// twice as large, which stands in for the basis it cannot be: as the last power needed is in no
    /// file, its coefficient is left out, and so its points are those of τ^(size−1) = 0.
    ///
    /// # Errors
    /// The file was not prepared, there is no such size, or a point is bad.
    pub fn lagrange_g1(
        &mut self,
        which: PowersG1,
        log_size: u32,
        check: Check,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<Vec<G1Affine<C>>, FormatError> {
        let (section, name, largest) = match which {
            PowersG1::Tau => (12, "lagrange tauG1", self.power + 1),
            PowersG1::AlphaTau => (14, "lagrange alphaTauG1", self.power),
            PowersG1::BetaTau => (15, "lagrange betaTauG1", self.power),
        };
        let range = self.basis(log_size, largest)?;
        let section = self.points::<G1<C>>(section, name, (2 << largest) - 1)?;
        let decoder = PointDecoder::<G1<C>>::new(check);
        read_points(&mut self.file, section, range, &decoder, progress)
    }

    /// Reads L_j(τ) in G2: see [`Self::lagrange_g1`].
    ///
    /// # Errors
    /// The file was not prepared, there is no such size, or a point is bad.
    pub fn lagrange_g2(
        &mut self,
        log_size: u32,
        check: Check,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<Vec<G2Affine<C>>, FormatError> {
        let range = self.basis(log_size, self.power)?;
        let section = self.points::<G2<C>>(13, "lagrange tauG2", (2 << self.power) - 1)?;
        let decoder = PointDecoder::<G2<C>>::new(check);
        read_points(&mut self.file, section, range, &decoder, progress)
    }

    /// Where the basis of a size lies: they stand one after the other, that of size 1 first.
    fn basis(&self, log_size: u32, largest: u32) -> Result<Range<u64>, FormatError> {
        if !self.is_prepared() {
            return Err(FormatError::NotPrepared);
        }
        if log_size > largest {
            return Err(limit("log_size", log_size.into(), largest.into()));
        }
        let size = 1u64 << log_size;
        Ok(size - 1..2 * size - 1)
    }

    fn points<G: Group>(
        &self,
        section: u32,
        name: &'static str,
        count: u64,
    ) -> Result<Section, FormatError> {
        self.file.sized_section(section, name, count * point_bytes::<G>() as u64)
    }
}

fn limit(field: &'static str, got: u64, limit: u64) -> FormatError {
    FormatError::Limit { file: FILE, field, got, limit }
}
