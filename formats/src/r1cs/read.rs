//! Reads circuits, within limits. Touches the source it is given.

use std::io::{Read, Seek};

use pulseproof_kernels::CurveId;
use pulseproof_kernels::traits::*;

use super::{CONSTRAINTS, FILE, HEADER, HEADER_REST, LABELS, Labels, Matrix, R1cs};
use crate::container::{Container, Fields, Section};
use crate::elements::decode_plain;
use crate::error::{ElementProblem, FormatError};
use crate::prime::{PrimeRole, check_prime, curve_of, read_only_prime, width};

/// Circuits with gates of their own have a list of them, and of their uses.
const CUSTOM_GATES: [u32; 2] = [4, 5];
const CONSTRAINTS_NAME: &str = "constraints";

/// How large a circuit may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Constraints.
    pub constraints_max: usize,
    /// Terms of all constraints together.
    pub terms_max: usize,
    /// Wires.
    pub wires_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { constraints_max: 1 << 26, terms_max: 1 << 28, wires_max: 1 << 26 }
    }
}

/// The curve whose scalars a circuit computes with.
///
/// # Errors
/// Not such a file, or the prime of no curve known here.
pub fn curve(source: &mut (impl Read + Seek)) -> Result<CurveId, FormatError> {
    let mut file = Container::open(source, FILE)?;
    let header = file.section(HEADER, "header")?;
    let found = read_only_prime(&mut file, header, HEADER_REST)?;
    curve_of(FILE, &found, PrimeRole::Scalar)
}

/// What a header says, apart from the prime.
struct Header {
    wires: u32,
    outputs: u32,
    public_inputs: u32,
    private_inputs: u32,
    signals: u64,
    constraints: u32,
}

impl<F: PrimeField> R1cs<F> {
    /// Reads a circuit.
    ///
    /// # Errors
    /// Not a well-formed file for this field, a circuit with custom gates, larger than the limits, or
    /// with wires or coefficients that do not exist.
    pub fn read(source: &mut (impl Read + Seek), limits: &Limits) -> Result<Self, FormatError> {
        let mut file = Container::open(source, FILE)?;
        if CUSTOM_GATES.iter().any(|section| file.has(*section)) {
            let what = "the circuit has custom gates, which only PLONK can prove: expected none";
            return Err(FormatError::Unsupported { file: FILE, what: what.to_owned() });
        }
        let header = read_header::<F, _>(&mut file)?;
        check_header(&header, limits)?;
        let of_wires = read_labels(&mut file, &header)?;
        let [a, b, c] = read_constraints(&mut file, &header, limits)?;
        Ok(Self {
            wires: header.wires as usize,
            outputs: header.outputs as usize,
            public_inputs: header.public_inputs as usize,
            private_inputs: header.private_inputs as usize,
            labels: Labels { signals: header.signals, of_wires },
            a,
            b,
            c,
        })
    }
}

fn read_header<F: PrimeField, S: Read + Seek>(
    file: &mut Container<S>,
) -> Result<Header, FormatError> {
    let section = file.section(HEADER, "header")?;
    let found = read_only_prime(file, section, HEADER_REST)?;
    check_prime::<F>(FILE, &found, PrimeRole::Scalar)?;
    let mut fields = Fields::new(file, section);
    fields.take(4 + found.len())?;
    Ok(Header {
        wires: fields.u32()?,
        outputs: fields.u32()?,
        public_inputs: fields.u32()?,
        private_inputs: fields.u32()?,
        signals: u64::from(fields.u32()?) | u64::from(fields.u32()?) << 32,
        constraints: fields.u32()?,
    })
}

fn check_header(header: &Header, limits: &Limits) -> Result<(), FormatError> {
    check_limit("number of wires", header.wires.into(), limits.wires_max)?;
    check_limit("number of constraints", header.constraints.into(), limits.constraints_max)?;
    // Private inputs do not count: of those that no constraint reads, there are no wires.
    let public = 1 + u64::from(header.outputs) + u64::from(header.public_inputs);
    if public > header.wires.into() {
        let wires = header.wires;
        let reason = format!("{wires} are fewer than the {public} of constant, outputs and inputs");
        return Err(FormatError::Invalid { file: FILE, field: "number of wires", reason });
    }
    Ok(())
}

fn check_limit(field: &'static str, got: u64, limit: usize) -> Result<(), FormatError> {
    let limit = limit as u64;
    if got > limit { Err(FormatError::Limit { file: FILE, field, got, limit }) } else { Ok(()) }
}

/// Reads the map from wires to signals, if the file has one.
fn read_labels<S: Read + Seek>(
    file: &mut Container<S>,
    header: &Header,
) -> Result<Vec<u64>, FormatError> {
    if !file.has(LABELS) {
        return Ok(Vec::new());
    }
    let size = 8 * u64::from(header.wires);
    let section = file.sized_section(LABELS, "labels", size)?;
    let mut fields = Fields::new(file, section);
    let mut labels = Vec::with_capacity(header.wires as usize);
    for _ in 0..header.wires {
        labels.push(u64::from(fields.u32()?) | u64::from(fields.u32()?) << 32);
    }
    Ok(labels)
}

/// Reads the three matrices.
fn read_constraints<F: PrimeField, S: Read + Seek>(
    file: &mut Container<S>,
    header: &Header,
    limits: &Limits,
) -> Result<[Matrix<F>; 3], FormatError> {
    let section = file.section(CONSTRAINTS, CONSTRAINTS_NAME)?;
    let mut rows = Rows { fields: Fields::new(file, section), wires: header.wires, terms: 0 };
    // A row has a number of terms, if nothing else: the file itself bounds what is allocated.
    let part = || format!("section {CONSTRAINTS_NAME}");
    rows.fields.expect(header.constraints.into(), 3 * 4, part)?;
    let mut matrices: [Matrix<F>; 3] = Default::default();
    for matrix in &mut matrices {
        matrix.starts.reserve_exact(header.constraints as usize);
    }
    for constraint in 0..header.constraints {
        for matrix in &mut matrices {
            rows.read(constraint.into(), matrix, limits.terms_max)?;
        }
    }
    check_end(section, rows.fields.left())?;
    for matrix in &mut matrices {
        matrix.wires.shrink_to_fit();
        matrix.coefficients.shrink_to_fit();
    }
    Ok(matrices)
}

fn check_end(section: Section, left: u64) -> Result<(), FormatError> {
    if left == 0 {
        return Ok(());
    }
    let (name, got) = (section.name, section.size);
    Err(FormatError::SectionSize { file: FILE, name, got, expected: got - left })
}

/// Reads rows, one after the other.
struct Rows<'a, S> {
    fields: Fields<'a, S>,
    wires: u32,
    /// Terms of all rows so far.
    terms: u64,
}

impl<S: Read + Seek> Rows<'_, S> {
    fn read<F: PrimeField>(
        &mut self,
        constraint: u64,
        matrix: &mut Matrix<F>,
        terms_max: usize,
    ) -> Result<(), FormatError> {
        let size = 4 + width::<F>() as usize;
        let count = self.fields.u32()?;
        self.terms += u64::from(count);
        check_limit("number of terms", self.terms, terms_max)?;
        self.fields.expect(count.into(), size, || format!("constraint {constraint}"))?;
        for _ in 0..count {
            let (wire, coefficient) = self.term(constraint, size)?;
            matrix.push_term(wire, coefficient);
        }
        matrix.end_row();
        Ok(())
    }

    fn term<F: PrimeField>(
        &mut self,
        constraint: u64,
        size: usize,
    ) -> Result<(u32, F), FormatError> {
        let (section, index) = (CONSTRAINTS_NAME, constraint);
        let bytes = self.fields.take(size)?;
        let wire = crate::container::read_u32(bytes);
        if wire >= self.wires {
            let (field, got, limit) = ("wire", wire.into(), self.wires.into());
            return Err(FormatError::OutOfRange { file: FILE, section, index, field, got, limit });
        }
        let problem = ElementProblem::NonCanonical;
        let coefficient = decode_plain(&bytes[4..]);
        let error = FormatError::Element { file: FILE, section, index, problem };
        coefficient.map(|coefficient| (wire, coefficient)).ok_or(error)
    }
}
