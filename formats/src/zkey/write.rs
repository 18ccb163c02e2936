//! Writes keys, byte for byte as snarkjs does. Touches the sink it is given.

use std::io::Write;

use pulseproof_kernels::{Curve, G1, G1Affine, G2, G2Affine, Scalar};

use super::{
    Coefficient, FILE, GROTH16, Header, Matrix2, PointsG1, contributions, header, section,
};
use crate::container::ContainerWriter;
use crate::elements::{encode_twice, point_bytes};
use crate::error::FormatError;
use crate::points::write_points;
use crate::prime::width;
use crate::r1cs::same_length;

/// Sections of a key before anybody contributed, in the order in which they are written.
const NEW: [u32; 10] = {
    use section::*;
    [PROTOCOL, HEADER, COEFFICIENTS, IC, H, C, A, B1, B2, CONTRIBUTIONS]
};
/// Sections after that.
const CONTRIBUTED: [u32; 10] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
/// Coefficients gathered before they are written.
const CHUNK: usize = 1 << 11;

/// A whole key in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contents<C: Curve> {
    /// Sizes, and the points that a key has one of.
    pub header: Header<C>,
    /// Points for the verifier.
    pub ic: Vec<G1Affine<C>>,
    /// Entries of the circuit's matrices.
    pub coefficients: Vec<Coefficient<Scalar<C>>>,
    /// Left factors.
    pub a: Vec<G1Affine<C>>,
    /// Right factors in G1.
    pub b1: Vec<G1Affine<C>>,
    /// Right factors in G2.
    pub b2: Vec<G2Affine<C>>,
    /// Points of wires that are not public.
    pub c: Vec<G1Affine<C>>,
    /// Points for the quotient.
    pub h: Vec<G1Affine<C>>,
    /// The hash of the circuit.
    pub circuit_hash: [u8; 64],
    /// Records of contributions, without their number. Sections stand in one order in keys that have
    /// none, and in another in keys that have some.
    pub contributions: Vec<u8>,
}

/// Writes a key.
///
/// # Errors
/// Parts that do not belong together, more of something than a file can hold, or writing fails.
pub fn write<C: Curve>(sink: &mut impl Write, contents: &Contents<C>) -> Result<(), FormatError> {
    contents.check()?;
    let order = if contents.contributions.is_empty() { NEW } else { CONTRIBUTED };
    let mut writer = ContainerWriter::new(sink, FILE, 10)?;
    for section in order {
        contents.write_section(&mut writer, section)?;
    }
    writer.finish()
}

impl<C: Curve> Contents<C> {
    /// Fails unless the parts have the lengths that follow from the header, and indexes exist.
    fn check(&self) -> Result<(), FormatError> {
        let header = &self.header;
        if header.log_size >= u32::BITS {
            let (got, limit) = (header.log_size.into(), 31);
            return Err(FormatError::Limit { file: FILE, field: "log_size", got, limit });
        }
        if header.public >= header.variables {
            let (public, variables) = (header.public, header.variables);
            let reason = format!("{public} is not below the number of variables, {variables}");
            let field = "number of public values";
            return Err(FormatError::Invalid { file: FILE, field, reason });
        }
        for (name, points, which) in [
            ("IC", &self.ic, PointsG1::Ic),
            ("A", &self.a, PointsG1::A),
            ("B1", &self.b1, PointsG1::B1),
            ("C", &self.c, PointsG1::C),
            ("H", &self.h, PointsG1::H),
        ] {
            same_length(FILE, name, points.len(), header.count(which))?;
        }
        same_length(FILE, "B2", self.b2.len(), header.variables)?;
        self.check_coefficients()
    }

    fn check_coefficients(&self) -> Result<(), FormatError> {
        let (rows, wires) = (self.header.domain_size() as u64, self.header.variables as u64);
        for (index, coefficient) in self.coefficients.iter().enumerate() {
            for (field, got, limit) in [
                ("constraint", u64::from(coefficient.constraint), rows),
                ("signal", u64::from(coefficient.signal), wires),
            ] {
                if got >= limit {
                    let (section, index) = (super::COEFFICIENTS_NAME, index as u64);
                    let file = FILE;
                    return Err(FormatError::OutOfRange {
                        file,
                        section,
                        index,
                        field,
                        got,
                        limit,
                    });
                }
            }
        }
        Ok(())
    }

    fn write_section(
        &self,
        writer: &mut ContainerWriter<impl Write>,
        section: u32,
    ) -> Result<(), FormatError> {
        let points = match section {
            section::IC => &self.ic,
            section::A => &self.a,
            section::B1 => &self.b1,
            section::C => &self.c,
            section::H => &self.h,
            section::B2 => {
                writer.section(section, (point_bytes::<G2<C>>() * self.b2.len()) as u64)?;
                return write_points::<G2<C>>(writer, &self.b2);
            }
            section::COEFFICIENTS => return self.write_coefficients(writer),
            section::PROTOCOL => return whole(writer, section, &GROTH16.to_le_bytes()),
            section::HEADER => return whole(writer, section, &header::encode(&self.header)?),
            _ => {
                let records = &self.contributions;
                let bytes = contributions::encode::<C>(&self.circuit_hash, records)?;
                return whole(writer, section, &bytes);
            }
        };
        writer.section(section, (point_bytes::<G1<C>>() * points.len()) as u64)?;
        write_points::<G1<C>>(writer, points)
    }

    fn write_coefficients(
        &self,
        writer: &mut ContainerWriter<impl Write>,
    ) -> Result<(), FormatError> {
        let got = self.coefficients.len() as u64;
        let count = u32::try_from(got).map_err(|_| {
            let (field, limit) = ("number of coefficients", u64::from(u32::MAX));
            FormatError::Limit { file: FILE, field, got, limit }
        })?;
        let size = 12 + u64::from(width::<Scalar<C>>());
        writer.section(section::COEFFICIENTS, 4 + got * size)?;
        writer.bytes(&count.to_le_bytes())?;
        let mut bytes = Vec::new();
        for coefficients in self.coefficients.chunks(CHUNK) {
            bytes.clear();
            for coefficient in coefficients {
                let matrix = u32::from(coefficient.matrix == Matrix2::B);
                for number in [matrix, coefficient.constraint, coefficient.signal] {
                    bytes.extend_from_slice(&number.to_le_bytes());
                }
                encode_twice(coefficient.value, &mut bytes);
            }
            writer.bytes(&bytes)?;
        }
        Ok(())
    }
}

fn whole(
    writer: &mut ContainerWriter<impl Write>,
    section: u32,
    bytes: &[u8],
) -> Result<(), FormatError> {
    writer.section(section, bytes.len() as u64)?;
    writer.bytes(bytes)
}
