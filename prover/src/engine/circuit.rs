//! What a statement declares: columns, constraints, lookups. Shared by prover and verifier.

use std::collections::BTreeSet;

use pulseproof_kernels::Domain;
use pulseproof_kernels::traits::*;

use super::expression::{Cell, Column, Expression};
use crate::srs::{COMMITMENT_BLINDERS, EXTRA_POWERS};

/// Who fills a column, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnKind {
    /// Known to the verifier, who evaluates it.
    Public,
    /// Committed before the argument begins: the verifier computes the commitment.
    Given,
    /// Committed by the prover in the first round.
    Witness,
    /// A function of α: known to the verifier, who evaluates it, but not before α is drawn.
    Weight,
    /// How often each row of a table is looked up; first round, filled by the engine.
    Multiplicity,
    /// Two more inputs of a lookup, as a sum of fractions; second round, filled by the engine.
    Fractions,
    /// The running sum of a lookup or of a sum; second round, filled by the engine.
    RunningSum,
}

impl ColumnKind {
    /// Whether the verifier evaluates the column itself, and nobody commits to it.
    pub(super) fn is_known(self) -> bool {
        matches!(self, Self::Public | Self::Weight)
    }

    /// Whether the column depends on α.
    fn follows_alpha(self) -> bool {
        matches!(self, Self::Weight | Self::Fractions | Self::RunningSum)
    }
}

/// On each row, each input is one of the values of the column `table`.
#[derive(Clone, Debug)]
pub struct Lookup<F> {
    /// The first of the expressions looked up.
    pub first: Expression<F>,
    /// The others.
    pub others: Vec<Expression<F>>,
    /// The column looked up in.
    pub table: Column,
    /// m: how often each row of the table occurs among the inputs.
    pub multiplicity: Column,
    /// f: Σ 1/(α + input), each over two of the inputs after the first, or over the last alone.
    pub fractions: Vec<Column>,
    /// φ: φ(next) − φ = 1/(α + first input) − m/(α + table) + Σ f.
    pub running_sum: Column,
}

/// The values of `term` on all rows add up to zero.
#[derive(Clone, Debug)]
pub struct Sum<F> {
    /// What is added up.
    pub term: Expression<F>,
    /// σ: σ(next) − σ = term.
    pub running_sum: Column,
}

/// A statement's shape: the same for every instance and every N.
#[derive(Clone, Debug)]
pub struct Circuit<F> {
    name: &'static str,
    kinds: Vec<ColumnKind>,
    constraints: Vec<Expression<F>>,
    lookups: Vec<Lookup<F>>,
    sums: Vec<Sum<F>>,
}

impl<F: FftField> Circuit<F> {
    /// An empty circuit. The name separates transcripts of different statements.
    pub fn new(name: &'static str) -> Self {
        Self {
            name,
            kinds: Vec::new(),
            constraints: Vec::new(),
            lookups: Vec::new(),
            sums: Vec::new(),
        }
    }

    /// Adds a column that the verifier evaluates.
    pub fn public(&mut self) -> Column {
        self.column(ColumnKind::Public)
    }

    /// Adds a column whose commitment the verifier brings.
    pub fn given(&mut self) -> Column {
        self.column(ColumnKind::Given)
    }

    /// Adds a column that the prover commits to.
    pub fn witness(&mut self) -> Column {
        self.column(ColumnKind::Witness)
    }

    /// Adds a column that prover and verifier compute from α, and so after the first round.
    pub fn weight(&mut self) -> Column {
        self.column(ColumnKind::Weight)
    }

    /// Requires `expression` to be zero on every row.
    pub fn constrain(&mut self, expression: Expression<F>) {
        self.constraints.push(expression);
    }

    /// Requires each input, the first and the others, on every row, to be one of the values of `table`.
    ///
    /// Logarithmic derivatives (Haböck, "Multivariate lookups based on logarithmic derivatives",
    /// ePrint 2022/1530, in its univariate form): Σ 1/(α + input) = Σ m/(α + table) over all rows
    /// and inputs, written as a running sum φ that returns to its start. Denominators are cleared
    /// two at a time, so that no product has more than three columns: φ takes the first input and
    /// the table, a column of fractions every further pair.
    ///
    /// # Panics
    /// If input or table depend on α or on what is committed after α: a lookup compares only what was
    /// fixed before α was drawn.
    pub fn lookup(&mut self, first: Expression<F>, others: Vec<Expression<F>>, table: Column) {
        assert!(
            others.iter().chain([&first, &table.here()]).all(|input| self.precedes_alpha(input)),
            "circuit {}: a lookup of what is not fixed before α",
            self.name
        );
        let multiplicity = self.column(ColumnKind::Multiplicity);
        let table_row = Expression::Alpha + table.here();
        let denominator = |input: &Expression<F>| Expression::Alpha + input.clone();
        let of_first = denominator(&first);
        let of_others: Vec<_> = others.iter().map(denominator).collect();
        let fractions: Vec<_> =
            others.chunks(2).map(|_| self.column(ColumnKind::Fractions)).collect();
        let running_sum = self.column(ColumnKind::RunningSum);

        let step = running_sum.next() - running_sum.here();
        let step = fractions.iter().fold(step, |step, fraction| step - fraction.here());
        self.constrain(
            step * of_first.clone() * table_row.clone() - table_row
                + multiplicity.here() * of_first,
        );
        let (pairs, last) = of_others.as_chunks::<2>();
        for (fraction, [a, b]) in fractions.iter().zip(pairs) {
            self.constrain(fraction.here() * a.clone() * b.clone() - (a.clone() + b.clone()));
        }
        for (fraction, a) in fractions[pairs.len()..].iter().zip(last) {
            self.constrain(fraction.here() * a.clone() - Expression::Constant(F::ONE));
        }
        self.lookups.push(Lookup { first, others, table, multiplicity, fractions, running_sum });
    }

    /// Requires the values of `term` on all rows to add up to zero. With weights that are powers of
    /// α, all linear equations among cells of any rows are one such sum.
    pub fn sum_to_zero(&mut self, term: Expression<F>) {
        let running_sum = self.column(ColumnKind::RunningSum);
        self.constrain(running_sum.next() - running_sum.here() - term.clone());
        self.sums.push(Sum { term, running_sum });
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

    /// The sums.
    pub fn sums(&self) -> &[Sum<F>] {
        &self.sums
    }

    /// The columns of a kind, in the order they were declared.
    pub fn columns(&self, kind: ColumnKind) -> impl Iterator<Item = Column> + '_ {
        self.kinds.iter().enumerate().filter(move |&(_, k)| *k == kind).map(|(i, _)| Column(i))
    }

    /// The number of columns.
    pub fn width(&self) -> usize {
        self.kinds.len()
    }

    /// A column's kind.
    pub fn kind(&self, column: Column) -> ColumnKind {
        self.kinds[column.0]
    }

    /// Every committed cell that a constraint reads, ordered by rotation, then column: what is opened.
    pub fn opened(&self) -> Vec<Cell> {
        let mut cells = BTreeSet::new();
        for constraint in &self.constraints {
            constraint.cells(&mut |cell| {
                if !self.kind(cell.column).is_known() {
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
            ColumnKind::Public | ColumnKind::Weight => 0,
            ColumnKind::Given => COMMITMENT_BLINDERS,
            ColumnKind::Witness
            | ColumnKind::Multiplicity
            | ColumnKind::Fractions
            | ColumnKind::RunningSum => {
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
        expression.cells(&mut |cell| precedes &= !self.kind(cell.column).follows_alpha());
        precedes
    }

    fn column(&mut self, kind: ColumnKind) -> Column {
        self.kinds.push(kind);
        Column(self.kinds.len() - 1)
    }
}
