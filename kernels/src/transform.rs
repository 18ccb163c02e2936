//! What a number-theoretic transform is asked to do.
//!
//! A row of coefficients c_0..c_(N−1), lowest first, and the row of values v_i = Σ_j c_j·(g·ω^i)^j,
//! where ω is the field's root of unity of order N = 2^`log_size` (arkworks's choice) and g the shift:
//! 1 for the subgroup, anything else but zero for a coset.

use ark_ff::FftField;

use crate::error::Error;

/// Which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Coefficients become values.
    Forward,
    /// Values become coefficients.
    Inverse,
}

/// In which order values lie. Coefficients always lie lowest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// v_i at position i.
    Natural,
    /// v_i at the position whose `log_size` bits are those of i, reversed. Saves a permutation.
    BitReversed,
}

/// A transform.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transform<F> {
    /// log2 of N.
    pub log_size: u32,
    /// Which way.
    pub direction: Direction,
    /// In which order the values lie, be they the result or what is given.
    pub order: Order,
    /// g; not zero.
    pub shift: F,
}

impl<F: FftField> Transform<F> {
    /// From coefficients to values on the subgroup, in natural order.
    pub fn forward(log_size: u32) -> Self {
        Self { log_size, direction: Direction::Forward, order: Order::Natural, shift: F::ONE }
    }

    /// From values on the subgroup, in natural order, to coefficients.
    pub fn inverse(log_size: u32) -> Self {
        Self { direction: Direction::Inverse, ..Self::forward(log_size) }
    }

    /// The same over the coset g·H.
    pub fn on_coset(self, shift: F) -> Self {
        Self { shift, ..self }
    }

    /// The same with values in the given order.
    pub fn in_order(self, order: Order) -> Self {
        Self { order, ..self }
    }

    /// ω.
    ///
    /// # Errors
    /// The field has no root of unity of this order, or the shift is zero.
    pub fn root(&self) -> Result<F, Error> {
        if self.shift.is_zero() {
            return Err(Error::Argument { what: "shift", got: 0, expected: "not zero" });
        }
        (self.log_size <= F::TWO_ADICITY)
            .then(|| F::get_root_of_unity(1 << self.log_size))
            .flatten()
            .ok_or(Error::TransformSize { got: self.log_size, limit: F::TWO_ADICITY })
    }

    /// How many rows `len` elements are.
    ///
    /// # Errors
    /// The length is no multiple of N.
    pub fn rows(&self, len: usize) -> Result<usize, Error> {
        let size = 1usize << self.log_size;
        if len.is_multiple_of(size) {
            return Ok(len / size);
        }
        let expected = format!("a multiple of {size}");
        Err(Error::Length { what: "transform data", got: len, expected })
    }
}
