//! Groth16 proving keys (`.zkey`). Touches the sections that are asked for, and no others.
//!
//! Opening a key checks its header in full, and the size of every section against it. What lies in the
//! sections is read and checked when it is asked for. Points may be infinity: wires that no constraint
//! reads have such.

mod contributions;
mod header;
mod write;

use std::io::{Read, Seek};

use pulseproof_kernels::{Curve, CurveId, G1, G1Affine, G2, G2Affine, Scalar};

pub use self::contributions::Contribution;
pub use self::header::Header;
pub use self::write::{Contents, write};
use crate::container::{Container, Section, read_u32};
use crate::elements::{Check, PointDecoder, decode_twice};
use crate::error::{ElementProblem, FileKind, FormatError};
use crate::points::{decode_all, read_pieces, read_points};
use crate::prime::{Base, PrimeRole, curve_of, read_prime, width};

const FILE: FileKind = FileKind::Zkey;
/// Numbers of sections.
mod section {
    pub(super) const PROTOCOL: u32 = 1;
    pub(super) const HEADER: u32 = 2;
    pub(super) const IC: u32 = 3;
    pub(super) const COEFFICIENTS: u32 = 4;
    pub(super) const A: u32 = 5;
    pub(super) const B1: u32 = 6;
    pub(super) const B2: u32 = 7;
    pub(super) const C: u32 = 8;
    pub(super) const H: u32 = 9;
    pub(super) const CONTRIBUTIONS: u32 = 10;
}
const COEFFICIENTS_NAME: &str = "coefficients";
/// The number by which a key says that it is for Groth16.
const GROTH16: u32 = 1;
/// Coefficients read at a time.
const CHUNK: usize = 1 << 13;

/// The sections of points in G1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PointsG1 {
    /// For the verifier: one for the constant 1 and each public value.
    Ic,
    /// Left factors, one for each wire.
    A,
    /// Right factors, one for each wire.
    B1,
    /// One for each wire that is not public.
    C,
    /// For the quotient, one for each row of the domain.
    H,
}

/// A matrix of the circuit. The third is not in a key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Matrix2 {
    /// Left factors.
    #[default]
    A,
    /// Right factors.
    B,
}

/// An entry of a matrix.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Coefficient<F> {
    /// The matrix.
    pub matrix: Matrix2,
    /// The row. Behind the circuit's constraints stand as many more as there are points in IC.
    pub constraint: u32,
    /// The wire.
    pub signal: u32,
    /// The entry.
    pub value: F,
}

/// What hears of coefficients.
pub type Listener<'a, C> = dyn FnMut(&[Coefficient<Scalar<C>>]) -> Result<(), FormatError> + 'a;

/// The curve of a key.
///
/// # Errors
/// Not such a file, a key for another proof system, or the prime of no curve known here.
pub fn curve(source: &mut (impl Read + Seek)) -> Result<CurveId, FormatError> {
    let mut file = Container::open(source, FILE)?;
    header::check_protocol(&mut file)?;
    let section = file.section(section::HEADER, "header")?;
    let found = read_prime(&mut file, section, 0)?;
    curve_of(FILE, &found, PrimeRole::Base)
}

/// A key's file.
#[derive(Debug)]
pub struct Zkey<C: Curve, S> {
    file: Container<S>,
    header: Header<C>,
    coefficients: u32,
}

impl<C: Curve, S: Read + Seek> Zkey<C, S> {
    /// Reads the header, and checks every section's size against it.
    ///
    /// # Errors
    /// Not a well-formed file, a key for another proof system or curve, a header that contradicts
    /// itself or the sections, or a bad point in it.
    pub fn open(source: S) -> Result<Self, FormatError> {
        let mut file = Container::open(source, FILE)?;
        header::check_protocol(&mut file)?;
        let header = header::read(&mut file)?;
        let section = file.section(section::COEFFICIENTS, COEFFICIENTS_NAME)?;
        let coefficients = read_u32(&file.read(section, 0, 4)?);
        let size = 4 + u64::from(coefficients) * Self::coefficient_bytes() as u64;
        file.sized_section(section::COEFFICIENTS, COEFFICIENTS_NAME, size)?;
        let key = Self { file, header, coefficients };
        for which in [PointsG1::Ic, PointsG1::A, PointsG1::B1, PointsG1::C, PointsG1::H] {
            key.section_g1(which)?;
        }
        key.section_b2()?;
        Ok(key)
    }

    /// The header.
    pub fn header(&self) -> &Header<C> {
        &self.header
    }

    /// How many coefficients there are.
    pub fn coefficient_count(&self) -> usize {
        self.coefficients as usize
    }

    /// Reads a section of points. `progress` hears of points done and points in all.
    ///
    /// # Errors
    /// A bad point, or reading fails.
    pub fn points_g1(
        &mut self,
        which: PointsG1,
        check: Check,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<Vec<G1Affine<C>>, FormatError> {
        let (section, count) = self.section_g1(which)?;
        let decoder = PointDecoder::<G1<C>>::new(check);
        read_points(&mut self.file, section, 0..count, &decoder, progress)
    }

    /// Reads a section of points, `step` at a time, for as long as somebody wants to see them.
    ///
    /// # Errors
    /// The section is missing; of each piece, a bad point, or reading fails.
    pub fn pieces_g1(
        &mut self,
        which: PointsG1,
        check: Check,
        step: usize,
    ) -> Result<impl Iterator<Item = Result<Vec<G1Affine<C>>, FormatError>>, FormatError> {
        let (section, count) = self.section_g1(which)?;
        Ok(read_pieces::<G1<C>, S>(&mut self.file, section, count, check, step))
    }

    /// The same of right factors in G2.
    ///
    /// # Errors
    /// As above.
    pub fn pieces_b2(
        &mut self,
        check: Check,
        step: usize,
    ) -> Result<impl Iterator<Item = Result<Vec<G2Affine<C>>, FormatError>>, FormatError> {
        let (section, count) = self.section_b2()?;
        Ok(read_pieces::<G2<C>, S>(&mut self.file, section, count, check, step))
    }

    /// Reads right factors in G2, one for each wire. `progress` hears of points done and points in all.
    ///
    /// # Errors
    /// A bad point, or reading fails.
    pub fn points_b2(
        &mut self,
        check: Check,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<Vec<G2Affine<C>>, FormatError> {
        let (section, count) = self.section_b2()?;
        let decoder = PointDecoder::<G2<C>>::new(check);
        read_points(&mut self.file, section, 0..count, &decoder, progress)
    }

    /// Reads the coefficients, some thousands at a time.
    ///
    /// # Errors
    /// A matrix, row, wire or number that does not exist; reading fails; or what `each` says.
    pub fn coefficients(&mut self, each: &mut Listener<'_, C>) -> Result<(), FormatError> {
        let (size, total) = (Self::coefficient_bytes(), self.coefficient_count());
        let section = self.file.section(section::COEFFICIENTS, COEFFICIENTS_NAME)?;
        let mut values = vec![Coefficient::default(); CHUNK.min(total)];
        let mut buffer = vec![0; size * values.len()];
        for first in (0..total).step_by(CHUNK) {
            let next = CHUNK.min(total - first);
            let bytes = &mut buffer[..next * size];
            self.file.read_into(section, 4 + (first * size) as u64, bytes)?;
            let decode = |bytes: &[u8]| decode_coefficient(&self.header, bytes);
            decode_all(bytes, size, &mut values[..next], decode)
                .map_err(|(index, problem)| problem.at((first + index) as u64))?;
            each(&values[..next])?;
        }
        Ok(())
    }

    /// Reads the whole key, but for the record of contributions if there is none.
    ///
    /// # Errors
    /// Anything in it is bad.
    pub fn contents(&mut self, check: Check) -> Result<Contents<C>, FormatError> {
        let quiet = &mut |_, _| {};
        let mut coefficients = Vec::with_capacity(self.coefficient_count());
        self.coefficients(&mut |some| {
            coefficients.extend_from_slice(some);
            Ok(())
        })?;
        Ok(Contents {
            header: self.header.clone(),
            ic: self.points_g1(PointsG1::Ic, check, quiet)?,
            coefficients,
            a: self.points_g1(PointsG1::A, check, quiet)?,
            b1: self.points_g1(PointsG1::B1, check, quiet)?,
            b2: self.points_b2(check, quiet)?,
            c: self.points_g1(PointsG1::C, check, quiet)?,
            h: self.points_g1(PointsG1::H, check, quiet)?,
            circuit_hash: self.circuit_hash()?,
            contributions: self.contribution_bytes()?,
        })
    }

    /// A section of points in G1, and how many there are.
    fn section_g1(&self, which: PointsG1) -> Result<(Section, u64), FormatError> {
        let (section, name) = match which {
            PointsG1::Ic => (section::IC, "IC"),
            PointsG1::A => (section::A, "A"),
            PointsG1::B1 => (section::B1, "B1"),
            PointsG1::C => (section::C, "C"),
            PointsG1::H => (section::H, "H"),
        };
        let count = self.header.count(which) as u64;
        let size = count * 2 * u64::from(width::<Base<C>>());
        Ok((self.file.sized_section(section, name, size)?, count))
    }

    fn section_b2(&self) -> Result<(Section, u64), FormatError> {
        let count = self.header.variables as u64;
        let size = count * 4 * u64::from(width::<Base<C>>());
        Ok((self.file.sized_section(section::B2, "B2", size)?, count))
    }

    /// Bytes of a coefficient: matrix, row, wire, value.
    fn coefficient_bytes() -> usize {
        12 + width::<Scalar<C>>() as usize
    }
}

/// What is wrong with a coefficient.
enum Problem {
    /// A number that is too large, and what it should be below.
    OutOfRange(&'static str, u32, u64),
    Value(ElementProblem),
}

impl Problem {
    fn at(self, index: u64) -> FormatError {
        let (file, section) = (FILE, COEFFICIENTS_NAME);
        match self {
            Self::OutOfRange(field, got, limit) => {
                FormatError::OutOfRange { file, section, index, field, got: got.into(), limit }
            }
            Self::Value(problem) => FormatError::Element { file, section, index, problem },
        }
    }
}

fn decode_coefficient<C: Curve>(
    header: &Header<C>,
    bytes: &[u8],
) -> Result<Coefficient<Scalar<C>>, Problem> {
    let below = |field, at, limit: usize| match read_u32(&bytes[at..]) {
        number if (number as usize) < limit => Ok(number),
        number => Err(Problem::OutOfRange(field, number, limit as u64)),
    };
    let matrix = below("matrix", 0, 2)?;
    let value = decode_twice(&bytes[12..]).ok_or(Problem::Value(ElementProblem::NonCanonical))?;
    Ok(Coefficient {
        matrix: if matrix == 0 { Matrix2::A } else { Matrix2::B },
        constraint: below("constraint", 4, header.domain_size())?,
        signal: below("signal", 8, header.variables)?,
        value,
    })
}
