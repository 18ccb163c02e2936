//! What a statement declares: columns, constraints, lookups. Shared by prover and verifier.

use std::collections::BTreeSet;

use pulseproof_kernels::Domain;
use pulseproof_kernels::traits::*;

use super::expression::{Cell, Column, Expression};
use crate::srs::{COMMITMENT_BLINDERS, EXTRA_POWERS};

/// Who fills a column, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Known to the verifier, who evaluates it.
    Public,
    /// Committed before the argument begins: the verifier computes the commitment.
    Given,
    /// Committed by the prover in the first round.
    Witness,
    /// How often each row of a table is looked up; first round, filled by the engine.
    Multiplicity,
    /// The running sum of a lookup; second round, filled by the engine.
    RunningSum,
}

/// Each row's `input` is one of the values of the column `table`.
#[derive(Clone, Debug)]
pub struct Lookup<F> {
    /// The expression looked up.
    pub input: Expression<F>,
    /// The column looked up in.
    pub table: Column,
    /// m: how often each row of the table occurs among the inputs.
    pub multiplicity: Column,
    /// φ: φ(next) − φ = 1/(α + input) − m/(α + table).
    pub running_sum: Column,
}

/// A statement's shape: the same for every instance and every N.
#[derive(Clone, Debug)]
pub struct Circuit<F> {
    name: &'static str,
    kinds: Vec<Kind>,
    constraints: Vec<Expression<F>>,
    lookups: Vec<Lookup<F>>,
}

impl<F: FftField> Circuit<F> {
    /// An empty circuit. The name separates transcripts of different statements.
    pub fn new(name: &'static str) -> Self {
        Self { name, kinds: Vec::new(), constraints: Vec::new(), lookups: Vec::new() }
    }

    /// Adds a column that the verifier evaluates.
    pub fn public(&mut self) -> Column {
        self.column(Kind::Public)
    }

    /// Adds a column whose commitment the verifier brings.
    pub fn given(&mut self) -> Column {
        self.column(Kind::Given)
    }

    /// Adds a column that the prover commits to.
    pub fn witness(&mut self) -> Column {
        self.column(Kind::Witness)
    }

    /// Requires `expression` to be zero on every row.
    pub fn constrain(&mut self, expression: Expression<F>) {
        self.constraints.push(expression);
    }

    /// Requires `input` on every row to be one of the values of `table`.
    ///
    /// Logarithmic derivatives (Haböck, "Multivariate lookups based on logarithmic derivatives",
    /// ePrint 2022/1530, in its univariate form): Σ 1/(α + input) = Σ m/(α + table) over all rows,
    /// written as a running sum φ that returns to its start, with denominators cleared.
    ///
    /// # Panics
    /// If input or table depend on α or on a running sum, which is committed after α: a lookup
    /// compares only what was fixed before α was drawn.
    pub fn lookup(&mut self, input: Expression<F>, table: Column) {
        assert!(
            self.precedes_alpha(&input) && self.precedes_alpha(&table.here()),
            "circuit {}: a lookup of what is not fixed before α",
            self.name
        );
        let multiplicity = self.column(Kind::Multiplicity);
        let running_sum = self.column(Kind::RunningSum);
        let shifted_input = Expression::Alpha + input.clone();
        let shifted_table = Expression::Alpha + table.here();
        let step = running_sum.next() - running_sum.here();
        self.constrain(
            step * shifted_input.clone() * shifted_table.clone() - shifted_table
                + multiplicity.here() * shifted_input,
        );
        self.lookups.push(Lookup { input, table, multiplicity, running_sum });
    }

    /// The circuit's name.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The constraints, those of lookups included.
    pub fn constraints(&self) -> &[Expression<F>] {
        &self.constraints
    }

    /// The lookups.
    pub fn lookups(&self) -> &[Lookup<F>] {
        &self.lookups
    }

    /// The columns of a kind, in the order they were declared.
    pub fn columns(&self, kind: Kind) -> impl Iterator<Item = Column> + '_ {
        self.kinds.iter().enumerate().filter(move |&(_, k)| *k == kind).map(|(i, _)| Column(i))
    }

    /// The number of columns.
    pub fn width(&self) -> usize {
        self.kinds.len()
    }

    /// A column's kind.
    pub fn kind(&self, column: Column) -> Kind {
        self.kinds[column.0]
    }

    /// Every committed cell that a constraint reads, ordered by rotation, then column: what is opened.
    pub fn opened(&self) -> Vec<Cell> {
        let mut cells = BTreeSet::new();
        for constraint in &self.constraints {
            constraint.cells(&mut |cell| {
                if self.kind(cell.column) != Kind::Public {
                    cells.insert(cell);
                }
            });
        }
        cells.into_iter().collect()
    }

    /// The distinct rotations of [`Self::opened`], ascending; 0, where the quotient is opened, always.
    pub fn rotations(&self) -> Vec<usize> {
        let rotations: BTreeSet<usize> =
            self.opened().iter().map(|cell| cell.rotation).chain([0]).collect();
        rotations.into_iter().collect()
    }

    /// How many random coefficients mask a column: one for each point at which a proof shows its
    /// value, which makes all these values independent and uniform.
    ///
    /// The points are z·ω^r for each rotation r at which the column is read, where it is opened,
    /// and, in the exponent, τ, by its own commitment, and τ·ω^r, by the quotient's.
    pub fn blinders(&self, column: Column) -> usize {
        match self.kind(column) {
            Kind::Public => 0,
            Kind::Given => COMMITMENT_BLINDERS,
            Kind::Witness | Kind::Multiplicity | Kind::RunningSum => {
                let opened = self.opened();
                let read = opened.iter().filter(|cell| cell.column == column);
                let ahead = read.clone().filter(|cell| cell.rotation != 0);
                read.count() + ahead.count() + 1
            }
        }
    }

    /// Coefficients of the quotient: the largest degree of a constraint, minus N, plus one.
    pub fn quotient_length(&self, size: usize) -> usize {
        let degree = |column: Column| size - 1 + self.blinders(column);
        let largest = self.constraints.iter().map(|c| c.degree(&degree)).max().unwrap_or(0);
        let length = (largest + 1).saturating_sub(size).max(1);
        assert!(length <= 2 * size + EXTRA_POWERS, "circuit {}: degree too high", self.name);
        length
    }

    /// The coset on which the quotient is computed: disjoint from H, and with more points than the
    /// quotient and every column have coefficients.
    pub fn quotient_domain(&self, size: usize) -> Option<Domain<F>> {
        let blinders = (0..self.width()).map(|c| self.blinders(Column(c))).max().unwrap_or(0);
        let points = self.quotient_length(size).max(size + blinders).next_power_of_two();
        Some(Domain::new(points.trailing_zeros())?.coset())
    }

    fn precedes_alpha(&self, expression: &Expression<F>) -> bool {
        let mut precedes = !expression.has_alpha();
        expression.cells(&mut |cell| precedes &= self.kind(cell.column) != Kind::RunningSum);
        precedes
    }

    fn column(&mut self, kind: Kind) -> Column {
        self.kinds.push(kind);
        Column(self.kinds.len() - 1)
    }
}
