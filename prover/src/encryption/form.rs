//! Linear forms in the cells that hold a list's secrets.

/// A cell of the witness, or the square of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cell {
    /// A row of the column of bits.
    Bit(usize),
    /// A row of the column of values.
    Value(usize),
    /// A row of the column of values, squared.
    Square(usize),
    /// A row of a column of digits; rows are counted through all of these columns.
    Digit(usize),
}

/// Σ factor·cell + constant. Factors and values stay far below 2^127: see
/// [`CODE_BITS_MAX`](super::layout::CODE_BITS_MAX).
#[derive(Clone, Debug, Default)]
pub(super) struct Form {
    /// Cells with their factors.
    pub terms: Vec<(Cell, i128)>,
    /// What is added to them.
    pub constant: i128,
}

impl Form {
    /// One cell.
    pub fn of(cell: Cell) -> Self {
        Self { terms: vec![(cell, 1)], constant: 0 }
    }

    /// This form and `factor` times another.
    #[must_use]
    pub fn plus(mut self, factor: i128, other: &Self) -> Self {
        self.terms.extend(other.terms.iter().map(|&(cell, by)| (cell, factor * by)));
        self.constant += factor * other.constant;
        self
    }

    /// This form and `factor` times one cell.
    #[must_use]
    pub fn plus_cell(mut self, factor: i128, cell: Cell) -> Self {
        self.terms.push((cell, factor));
        self
    }

    /// This form and a constant.
    #[must_use]
    pub fn plus_constant(mut self, constant: i128) -> Self {
        self.constant += constant;
        self
    }

    /// The value, given those of cells.
    #[cfg(feature = "prove")]
    pub fn value(&self, of: impl Fn(Cell) -> i128) -> i128 {
        self.terms.iter().fold(self.constant, |sum, &(cell, factor)| sum + factor * of(cell))
    }
}
