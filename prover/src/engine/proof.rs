//! What the prover sends. Its shape is fixed by the circuit.

use pulseproof_kernels::traits::*;
use pulseproof_kernels::{Curve, G1Affine, Scalar};

use super::circuit::{Circuit, ColumnKind};
use super::expression::Column;
use crate::encoding::{DecodeError, Reader, Writer};

/// Commitments, evaluations and openings, in transcript order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof<C: Curve> {
    /// Witness and multiplicity columns, as declared.
    pub first_round: Vec<G1Affine<C>>,
    /// Fractions and running sums, as declared.
    pub second_round: Vec<G1Affine<C>>,
    /// The quotient.
    pub quotient: G1Affine<C>,
    /// The opened cells, in the order of [`Circuit::opened`].
    pub evaluations: Vec<Scalar<C>>,
    /// One KZG witness for each of [`Circuit::rotations`].
    pub openings: Vec<G1Affine<C>>,
}

/// The columns committed in the first round.
pub(super) fn first_round_columns<F: FftField>(
    circuit: &Circuit<F>,
) -> impl Iterator<Item = Column> + '_ {
    (0..circuit.width())
        .map(Column)
        .filter(|&c| matches!(circuit.kind(c), ColumnKind::Witness | ColumnKind::Multiplicity))
}

/// The columns committed in the second round.
pub(super) fn second_round_columns<F: FftField>(
    circuit: &Circuit<F>,
) -> impl Iterator<Item = Column> + '_ {
    (0..circuit.width())
        .map(Column)
        .filter(|&c| matches!(circuit.kind(c), ColumnKind::Fractions | ColumnKind::RunningSum))
}

impl<C: Curve> Proof<C> {
    /// Appends the proof's points and scalars; counts follow from the circuit and are not written.
    pub fn write(&self, writer: &mut Writer) {
        let points = self.first_round.iter().chain(&self.second_round).chain([&self.quotient]);
        for point in points {
            writer.element(point);
        }
        for value in &self.evaluations {
            writer.element(value);
        }
        for point in &self.openings {
            writer.element(point);
        }
    }

    /// Reads a proof of the shape that `circuit` has.
    ///
    /// # Errors
    /// Truncated input, a point or scalar that is not valid.
    pub fn read(
        reader: &mut Reader<'_>,
        circuit: &Circuit<Scalar<C>>,
    ) -> Result<Self, DecodeError> {
        let mut points = |count: usize, field| -> Result<Vec<_>, DecodeError> {
            (0..count).map(|_| reader.g1::<C>(field)).collect()
        };
        let first_round = points(first_round_columns(circuit).count(), "first-round commitment")?;
        let second_round = points(second_round_columns(circuit).count(), "running-sum commitment")?;
        let quotient = points(1, "quotient commitment")?[0];
        let evaluations = circuit
            .opened()
            .iter()
            .map(|_| reader.scalar::<C>("evaluation"))
            .collect::<Result<_, _>>()?;
        let openings = circuit
            .rotations()
            .iter()
            .map(|_| reader.g1::<C>("opening"))
            .collect::<Result<_, _>>()?;
        Ok(Self { first_round, second_round, quotient, evaluations, openings })
    }
}
