//! Writes circuits, byte for byte as circom does: the constraints stand before the header.

use std::io::Write;

use pulseproof_kernels::traits::*;

use super::{CONSTRAINTS, FILE, HEADER, LABELS, Matrix, R1cs, same_length};
use crate::container::ContainerWriter;
use crate::elements::encode_plain;
use crate::error::FormatError;
use crate::prime::{encode_prime, width};

/// Bytes gathered before they are written.
const BUFFER: usize = 1 << 16;

impl<F: PrimeField> R1cs<F> {
    /// Writes a file.
    ///
    /// # Errors
    /// Parts that do not belong together, more of something than a file can hold, or writing fails.
    pub fn write(&self, sink: &mut impl Write) -> Result<(), FormatError> {
        let header = self.header()?;
        let labels = &self.labels.of_wires;
        let sections = if labels.is_empty() { 2 } else { 3 };
        let mut writer = ContainerWriter::new(sink, FILE, sections)?;
        self.write_constraints(&mut writer)?;
        writer.section(HEADER, header.len() as u64)?;
        writer.bytes(&header)?;
        if !labels.is_empty() {
            writer.section(LABELS, 8 * labels.len() as u64)?;
            for labels in labels.chunks(BUFFER / 8) {
                let bytes: Vec<u8> = labels.iter().flat_map(|label| label.to_le_bytes()).collect();
                writer.bytes(&bytes)?;
            }
        }
        writer.finish()
    }

    /// The header's bytes, if the parts belong together.
    fn header(&self) -> Result<Vec<u8>, FormatError> {
        same_length(FILE, "matrix b", self.b.rows(), self.constraints())?;
        same_length(FILE, "matrix c", self.c.rows(), self.constraints())?;
        if !self.labels.of_wires.is_empty() {
            same_length(FILE, "labels", self.labels.of_wires.len(), self.wires)?;
        }
        let wires = count("number of wires", self.wires)?;
        self.check_wires(wires)?;
        let mut header = encode_prime::<F>();
        header.extend_from_slice(&wires.to_le_bytes());
        for (field, value) in [
            ("number of outputs", self.outputs),
            ("number of public inputs", self.public_inputs),
            ("number of private inputs", self.private_inputs),
        ] {
            header.extend_from_slice(&count(field, value)?.to_le_bytes());
        }
        header.extend_from_slice(&self.labels.signals.to_le_bytes());
        let constraints = count("number of constraints", self.constraints())?;
        header.extend_from_slice(&constraints.to_le_bytes());
        Ok(header)
    }

    /// Fails if a term's wire is none of the circuit's.
    fn check_wires(&self, wires: u32) -> Result<(), FormatError> {
        let all = [&self.a, &self.b, &self.c].into_iter().flat_map(Matrix::wires);
        match all.max() {
            Some(last) if *last >= wires => Err(FormatError::Limit {
                file: FILE,
                field: "number of a wire",
                got: u64::from(*last),
                limit: u64::from(wires).saturating_sub(1),
            }),
            _ => Ok(()),
        }
    }

    fn write_constraints(
        &self,
        writer: &mut ContainerWriter<impl Write>,
    ) -> Result<(), FormatError> {
        let matrices = [&self.a, &self.b, &self.c];
        let terms: usize = matrices.iter().map(|matrix| matrix.terms()).sum();
        let size = 3 * 4 * self.constraints() + (4 + width::<F>() as usize) * terms;
        writer.section(CONSTRAINTS, size as u64)?;
        let mut bytes = Vec::with_capacity(BUFFER);
        for row in 0..self.constraints() {
            for matrix in matrices {
                write_row(matrix.row(row), &mut bytes)?;
            }
            if bytes.len() >= BUFFER {
                writer.bytes(&bytes)?;
                bytes.clear();
            }
        }
        writer.bytes(&bytes)
    }
}

fn write_row<F: PrimeField>(
    (wires, coefficients): (&[u32], &[F]),
    bytes: &mut Vec<u8>,
) -> Result<(), FormatError> {
    bytes.extend_from_slice(&count("number of terms in a row", wires.len())?.to_le_bytes());
    for (wire, coefficient) in wires.iter().zip(coefficients) {
        bytes.extend_from_slice(&wire.to_le_bytes());
        encode_plain(*coefficient, bytes);
    }
    Ok(())
}

/// A number as files hold it.
fn count(field: &'static str, got: usize) -> Result<u32, FormatError> {
    let (file, limit) = (FILE, u64::from(u32::MAX));
    u32::try_from(got).map_err(|_| FormatError::Limit { file, field, got: got as u64, limit })
}
