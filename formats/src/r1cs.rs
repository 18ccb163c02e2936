//! Circuits (`.r1cs`): constraints ⟨a, w⟩·⟨b, w⟩ = ⟨c, w⟩ on the values w of wires.
//!
//! Wire 0 is the constant 1; then come outputs, public inputs, private inputs, and the rest. Rows keep
//! the order of the file. If a wire stands twice in a row, its coefficients add up.

mod read;
mod write;

use std::collections::BTreeSet;

use pulseproof_kernels::traits::*;
use rayon::prelude::*;
use zeroize::Zeroizing;

pub use self::read::{Limits, curve};
use crate::error::{FileKind, FormatError};
use crate::wtns::Witness;

const FILE: FileKind = FileKind::R1cs;
const HEADER: u32 = 1;
const CONSTRAINTS: u32 = 2;
const LABELS: u32 = 3;
/// Bytes of a header without its prime: four numbers, how many labels, how many constraints.
const HEADER_REST: u64 = 4 * 4 + 8 + 4;

/// A circuit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct R1cs<F> {
    /// Wires, the constant 1 included.
    pub wires: usize,
    /// Public outputs.
    pub outputs: usize,
    /// Public inputs.
    pub public_inputs: usize,
    /// Private inputs, of which some may have no wire.
    pub private_inputs: usize,
    /// What a debugger needs.
    pub labels: Labels,
    /// Left factors, one row for each constraint.
    pub a: Matrix<F>,
    /// Right factors.
    pub b: Matrix<F>,
    /// Products.
    pub c: Matrix<F>,
}

/// Which wire stands for which signal of the source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Labels {
    /// How many signals there are.
    pub signals: u64,
    /// For each wire, the signal; or nothing at all.
    pub of_wires: Vec<u64>,
}

/// A sparse matrix in compressed rows. It can only be built row by row, so that it is always whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matrix<F> {
    starts: Vec<usize>,
    wires: Vec<u32>,
    coefficients: Vec<F>,
}

impl<F> Default for Matrix<F> {
    fn default() -> Self {
        Self { starts: vec![0], wires: Vec::new(), coefficients: Vec::new() }
    }
}

impl<F> Matrix<F> {
    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.starts.len() - 1
    }

    /// How many terms all rows have together.
    pub fn terms(&self) -> usize {
        self.wires.len()
    }

    /// Where each row starts among the terms, and where the last one ends.
    pub fn starts(&self) -> &[usize] {
        &self.starts
    }

    /// The wire of each term.
    pub fn wires(&self) -> &[u32] {
        &self.wires
    }

    /// The coefficient of each term.
    pub fn coefficients(&self) -> &[F] {
        &self.coefficients
    }

    /// Wires and coefficients of a row; none if there is no such row.
    pub fn row(&self, row: usize) -> (&[u32], &[F]) {
        let range = match (self.starts.get(row), self.starts.get(row + 1)) {
            (Some(start), Some(end)) => *start..*end,
            _ => 0..0,
        };
        (&self.wires[range.clone()], &self.coefficients[range])
    }

    /// Appends a row.
    pub fn push_row(&mut self, terms: impl IntoIterator<Item = (u32, F)>) {
        terms.into_iter().for_each(|(wire, coefficient)| self.push_term(wire, coefficient));
        self.end_row();
    }

    /// Appends a term to the row that was not ended yet.
    fn push_term(&mut self, wire: u32, coefficient: F) {
        self.wires.push(wire);
        self.coefficients.push(coefficient);
    }

    fn end_row(&mut self) {
        self.starts.push(self.wires.len());
    }
}

impl<F: PrimeField> Matrix<F> {
    /// ⟨row, values⟩, or `None` if a wire has no value.
    fn product(&self, row: usize, values: &[F]) -> Option<F> {
        let (wires, coefficients) = self.row(row);
        let mut sum = F::ZERO;
        for (wire, coefficient) in wires.iter().zip(coefficients) {
            sum += *coefficient * values.get(*wire as usize)?;
        }
        Some(sum)
    }
}

impl<F: PrimeField> R1cs<F> {
    /// How many constraints there are.
    pub fn constraints(&self) -> usize {
        self.a.rows()
    }

    /// How many public values there are, the constant 1 not counted.
    pub fn public(&self) -> usize {
        self.outputs + self.public_inputs
    }

    /// The wires of a constraint, the constant 1 not among them.
    pub fn wires_of(&self, row: usize) -> BTreeSet<u32> {
        let rows = [&self.a, &self.b, &self.c].map(|matrix| matrix.row(row).0);
        rows.into_iter().flatten().copied().filter(|wire| *wire > 0).collect()
    }

    /// Checks that a witness has a value for every wire, and no more.
    ///
    /// # Errors
    /// It has not.
    pub fn check_length(&self, witness: &Witness<F>) -> Result<(), FormatError> {
        same_length(FileKind::Wtns, "witness", witness.len(), self.wires)
    }

    /// The first constraint that a witness does not satisfy. One with a wire that the witness has no
    /// value for counts as such.
    pub fn first_unsatisfied(&self, witness: &Witness<F>) -> Option<usize> {
        let value = |wire| witness.value(wire).unwrap_or_default();
        let values: Zeroizing<Vec<F>> =
            Zeroizing::new((0..witness.len()).into_par_iter().map(value).collect());
        let satisfied = |row| {
            let factor = |matrix: &Matrix<F>| matrix.product(row, &values);
            match (factor(&self.a), factor(&self.b), factor(&self.c)) {
                (Some(a), Some(b), Some(c)) => a * b == c,
                _ => false,
            }
        };
        (0..self.constraints()).into_par_iter().find_first(|row| !satisfied(*row))
    }
}

/// Fails unless two lengths agree.
pub(crate) fn same_length(
    file: FileKind,
    field: &'static str,
    got: usize,
    expected: usize,
) -> Result<(), FormatError> {
    if got == expected {
        return Ok(());
    }
    Err(FormatError::Length { file, field, got: got as u64, expected: expected as u64 })
}
