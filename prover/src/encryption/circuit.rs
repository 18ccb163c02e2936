//! The circuit: columns, and the three guards over them.

use pulseproof_kernels::Curve;
use pulseproof_kernels::Scalar;
use pulseproof_kernels::traits::*;

use super::layout::{DIGIT_BITS, DIGIT_COLUMNS_MAX};
use super::scheme::NOISE_LOW;
use crate::engine::{Circuit, Column, Expression};

/// The circuit for so many columns of digits.
///
/// # Panics
/// If there are none, or more than [`DIGIT_COLUMNS_MAX`].
pub(super) fn circuit<C: Curve>(digit_columns: usize) -> Circuit<Scalar<C>> {
    let (mut circuit, columns) = Columns::declare(digit_columns);
    columns.look_up(&mut circuit);
    columns.constrain_bits(&mut circuit);
    columns.sum_up(&mut circuit);
    circuit
}

/// The columns that are not the engine's.
pub(super) struct Columns {
    word: Column,
    table: Column,
    carry: Column,
    noise_high: Column,
    noise_low: Column,
    bit: Column,
    value: Column,
    digits: Vec<Column>,
    weights: Weights,
}

/// A weight for each column that the sum adds up.
struct Weights {
    word: Column,
    used: Column,
    bit: Column,
    value: Column,
    square: Column,
    digits: Vec<Column>,
    rest: Column,
}

impl Columns {
    /// A circuit with these columns, and nothing required of them yet.
    pub fn declare<F: FftField>(digit_columns: usize) -> (Circuit<F>, Self) {
        assert!((1..=DIGIT_COLUMNS_MAX).contains(&digit_columns), "columns of digits");
        let mut circuit = Circuit::new("well-formed encryption");
        let (word, table) = (circuit.given(), circuit.public());
        let [carry, noise_high, noise_low, bit, value] = [(); 5].map(|()| circuit.witness());
        let digits = (0..digit_columns).map(|_| circuit.witness()).collect();
        let [of_word, used, of_bit, of_value, square] = [(); 5].map(|()| circuit.weight());
        let weights = Weights {
            word: of_word,
            used,
            bit: of_bit,
            value: of_value,
            square,
            digits: (0..digit_columns).map(|_| circuit.weight()).collect(),
            rest: circuit.weight(),
        };
        let columns =
            Self { word, table, carry, noise_high, noise_low, bit, value, digits, weights };
        (circuit, columns)
    }

    /// Carries, noise and digits are from 0 to 4095, and the lower part of noise is at most 64.
    pub fn look_up<F: FftField>(&self, circuit: &mut Circuit<F>) {
        let low = || self.noise_low.here();
        let mut others = vec![self.noise_high.here(), low()];
        others.push(Expression::Constant(F::from(NOISE_LOW)) - low());
        others.extend(self.digits.iter().map(|digit| digit.here()));
        circuit.lookup(self.carry.here(), others, self.table);
    }

    /// Bits are bits.
    pub fn constrain_bits<F: FftField>(&self, circuit: &mut Circuit<F>) {
        let bit = || self.bit.here();
        circuit.constrain(bit() * bit() - bit());
    }

    /// All equations hold, each weighted with its power of α.
    pub fn sum_up<F: FftField>(&self, circuit: &mut Circuit<F>) {
        let constant = |value: u128| Expression::Constant(F::from(value));
        let Weights { word, used, bit, value, square, digits, rest } = &self.weights;
        let noise = constant(NOISE_LOW.into()) * self.noise_high.here() + self.noise_low.here();
        let carried = constant(1 << u64::BITS) * self.carry.here() - noise;
        let sum = word.here() * self.word.here()
            + used.here() * carried
            + bit.here() * self.bit.here()
            + value.here() * self.value.here()
            + square.here() * self.value.here() * self.value.here();
        let digits = digits.iter().zip(&self.digits);
        let sum = digits.fold(sum, |sum, (weight, digit)| sum + weight.here() * digit.here());
        circuit.sum_to_zero(sum + rest.here());
    }
}

/// The table of digits.
pub(super) fn table<F: PrimeField>() -> Vec<F> {
    (0..1u64 << DIGIT_BITS).map(Into::into).collect()
}
