//! Polynomial expressions in cells of the current and following rows.

use std::ops::{Add, Mul, Neg, Sub};

use pulseproof_kernels::traits::*;

/// A column of a circuit, by its position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Column(pub(crate) usize);

/// A column at a row relative to the one a constraint stands on. Rows wrap around.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cell {
    /// Rows ahead: 0 is this row, 1 the next. First in the order, since openings go by point.
    pub rotation: usize,
    /// The column.
    pub column: Column,
}

/// An expression in cells, constants and the lookup challenge α.
#[derive(Clone, Debug)]
pub enum Expression<F> {
    /// A constant of the circuit.
    Constant(F),
    /// α, drawn after the first round of commitments.
    Alpha,
    /// A cell.
    Cell(Cell),
    /// A sum.
    Sum(Box<Self>, Box<Self>),
    /// A product.
    Product(Box<Self>, Box<Self>),
}

impl Column {
    /// The column's cell on this row.
    pub fn here<F>(self) -> Expression<F> {
        self.ahead(0)
    }

    /// The column's cell on the next row (the first row follows the last).
    pub fn next<F>(self) -> Expression<F> {
        self.ahead(1)
    }

    /// The column's cell `rotation` rows ahead.
    pub fn ahead<F>(self, rotation: usize) -> Expression<F> {
        Expression::Cell(Cell { rotation, column: self })
    }
}

impl<F: Field> Expression<F> {
    /// The value, given the values of cells and of α.
    pub fn evaluate(&self, cell: &impl Fn(Cell) -> F, alpha: F) -> F {
        match self {
            Self::Constant(value) => *value,
            Self::Alpha => alpha,
            Self::Cell(at) => cell(*at),
            Self::Sum(a, b) => a.evaluate(cell, alpha) + b.evaluate(cell, alpha),
            Self::Product(a, b) => a.evaluate(cell, alpha) * b.evaluate(cell, alpha),
        }
    }

    /// The degree as a polynomial in X, given the degrees of columns.
    pub fn degree(&self, column: &impl Fn(Column) -> usize) -> usize {
        match self {
            Self::Constant(_) | Self::Alpha => 0,
            Self::Cell(at) => column(at.column),
            Self::Sum(a, b) => a.degree(column).max(b.degree(column)),
            Self::Product(a, b) => a.degree(column) + b.degree(column),
        }
    }

    /// Whether α occurs.
    pub fn has_alpha(&self) -> bool {
        match self {
            Self::Alpha => true,
            Self::Constant(_) | Self::Cell(_) => false,
            Self::Sum(a, b) | Self::Product(a, b) => a.has_alpha() || b.has_alpha(),
        }
    }

    /// Calls `visit` for each cell that occurs.
    pub fn cells(&self, visit: &mut impl FnMut(Cell)) {
        match self {
            Self::Constant(_) | Self::Alpha => {}
            Self::Cell(at) => visit(*at),
            Self::Sum(a, b) | Self::Product(a, b) => {
                a.cells(visit);
                b.cells(visit);
            }
        }
    }
}

impl<F> Add for Expression<F> {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self::Sum(Box::new(self), Box::new(other))
    }
}

impl<F> Mul for Expression<F> {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        Self::Product(Box::new(self), Box::new(other))
    }
}

impl<F: Field> Neg for Expression<F> {
    type Output = Self;
    fn neg(self) -> Self {
        Self::Constant(-F::ONE) * self
    }
}

impl<F: Field> Sub for Expression<F> {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        self + -other
    }
}
