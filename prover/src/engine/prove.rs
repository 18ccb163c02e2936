//! The prover.

use std::collections::HashMap;

use pulseproof_kernels::traits::*;
use pulseproof_kernels::{Curve, Domain, G1Affine, Scalar, batch_inversion, msm};
use rand::{CryptoRng, RngCore};
use rayon::prelude::*;

use super::circuit::{Circuit, Kind, Lookup};
use super::expression::{Cell, Column, Expression};
pub use super::polynomial::Masked;
use super::polynomial::{add_scaled, divide_out, evaluate};
use super::proof::{Proof, first_round_columns};
use super::rounds::{Rounds, powers};
use crate::srs::{COMMITMENT_BLINDERS, Srs};
use crate::transcript::Transcript;

/// The values of the columns that are not the engine's own, in the order they were declared. Columns
/// shorter than N are filled with zeros.
pub struct Assignment<F: Field> {
    /// Public columns.
    pub public: Vec<Vec<F>>,
    /// Given columns, with the blinders of their commitments.
    pub given: Vec<Masked<F>>,
    /// Witness columns.
    pub witness: Vec<Vec<F>>,
}

/// The values do not satisfy the circuit: there is nothing to prove.
///
/// An input that its table lacks shows on the last row, where the running sum should return to its
/// start and does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("constraint {constraint} does not hold on row {row}")]
pub struct Unsatisfied {
    /// Position of the constraint in the circuit.
    pub constraint: usize,
    /// The first row on which it is not zero.
    pub row: usize,
}

/// Proves that the assignment satisfies the circuit.
///
/// The transcript must have absorbed everything that determines the instance.
///
/// # Errors
/// The assignment does not satisfy the circuit.
///
/// # Panics
/// If the assignment has not the circuit's columns, one is longer than N or a given one has more
/// blinders than a commitment, or the circuit needs more powers of τ than the SRS has.
pub fn prove<C: Curve>(
    srs: &Srs<C>,
    circuit: &Circuit<Scalar<C>>,
    transcript: &mut Transcript,
    assignment: Assignment<Scalar<C>>,
    rng: &mut (impl RngCore + CryptoRng),
) -> Result<Proof<C>, Unsatisfied> {
    let begun = Begun::new(srs, circuit, transcript, assignment, rng);
    begun.run.check_rows()?;
    Ok(begun.finish())
}

/// Runs the prover on values that need not satisfy anything: what a dishonest prover would send.
#[cfg(test)]
pub(crate) fn forge<C: Curve>(
    srs: &Srs<C>,
    circuit: &Circuit<Scalar<C>>,
    transcript: &mut Transcript,
    assignment: Assignment<Scalar<C>>,
    rng: &mut (impl RngCore + CryptoRng),
) -> Proof<C> {
    Begun::new(srs, circuit, transcript, assignment, rng).finish()
}

/// A run whose columns are all filled: α is known, the running sums are not yet committed.
struct Begun<'a, C: Curve> {
    run: Run<'a, C>,
    rounds: Rounds<'a, Scalar<C>>,
    first_round: Vec<G1Affine<C>>,
}

struct Run<'a, C: Curve> {
    srs: &'a Srs<C>,
    circuit: &'a Circuit<Scalar<C>>,
    domain: Domain<Scalar<C>>,
    /// By column; empty until filled.
    columns: Vec<Masked<Scalar<C>>>,
    alpha: Scalar<C>,
    blinding_bases: Vec<G1Affine<C>>,
}

impl<'a, C: Curve> Begun<'a, C> {
    fn new(
        srs: &'a Srs<C>,
        circuit: &'a Circuit<Scalar<C>>,
        transcript: &'a mut Transcript,
        assignment: Assignment<Scalar<C>>,
        rng: &mut impl RngCore,
    ) -> Self {
        let mut run = Run::new(srs, circuit, assignment);
        let mut rounds = Rounds::new(transcript, circuit, srs.size());
        run.count_lookups(rng);
        let first_round = run.commit_all(first_round_columns(circuit));
        run.alpha = rounds.alpha(&first_round);
        run.sum_lookups(rng);
        Self { run, rounds, first_round }
    }

    /// Commits the running sums, divides by Z_H, evaluates and opens.
    fn finish(self) -> Proof<C> {
        let Self { run, mut rounds, first_round } = self;
        let second_round = run.commit_all(run.circuit.columns(Kind::RunningSum));
        let y = rounds.y(&second_round);
        let polynomials: Vec<_> =
            run.columns.par_iter().map(|column| column.coefficients(run.domain)).collect();
        let quotient = run.quotient(&polynomials, y);
        let quotient_commitment = run.commit_coefficients(&quotient);
        let z = rounds.z(&quotient_commitment);
        let points = run.points(z);
        let evaluations: Vec<_> = run
            .circuit
            .opened()
            .par_iter()
            .map(|cell| evaluate(&polynomials[cell.column.0], points[&cell.rotation]))
            .collect();
        let gamma = rounds.gamma(&evaluations);
        let open = |rotation| {
            let combined = run.combine(rotation, &polynomials, &quotient, gamma);
            run.commit_coefficients(&divide_out(combined, points[&rotation]))
        };
        let openings = run.circuit.rotations().into_iter().map(open).collect();
        Proof { first_round, second_round, quotient: quotient_commitment, evaluations, openings }
    }
}

impl<'a, C: Curve> Run<'a, C> {
    fn new(
        srs: &'a Srs<C>,
        circuit: &'a Circuit<Scalar<C>>,
        assignment: Assignment<Scalar<C>>,
    ) -> Self {
        let plain = |values| Masked { values, blinders: Vec::new() };
        let mut public = assignment.public.into_iter().map(plain);
        let mut given = assignment.given.into_iter();
        let mut witness = assignment.witness.into_iter().map(plain);
        let columns = (0..circuit.width())
            .map(|index| {
                let column = match circuit.kind(Column(index)) {
                    Kind::Public => public.next(),
                    Kind::Given => given.next(),
                    Kind::Witness => witness.next(),
                    Kind::Multiplicity | Kind::RunningSum => Some(plain(Vec::new())),
                };
                let mut column = column.expect("the assignment has every column of the circuit");
                assert!(column.values.len() <= srs.size(), "a column is longer than N");
                assert!(column.blinders.len() <= COMMITMENT_BLINDERS, "more blinders than B");
                column.values.resize(srs.size(), Scalar::<C>::ZERO);
                column
            })
            .collect();
        let surplus = (public.next(), given.next(), witness.next());
        assert!(matches!(surplus, (None, None, None)), "more columns than the circuit has");
        let blinders = (0..circuit.width()).map(|c| circuit.blinders(Column(c))).max().unwrap_or(0);
        Self {
            srs,
            circuit,
            domain: srs.verifying_key.domain(),
            columns,
            alpha: Scalar::<C>::ZERO,
            blinding_bases: srs.blinding_bases(blinders),
        }
    }

    /// Fills the multiplicity columns and masks the first round. An input that is in no row of its
    /// table is not counted; [`Self::check_rows`] will find it.
    fn count_lookups(&mut self, rng: &mut impl RngCore) {
        for lookup in self.circuit.lookups() {
            let table = &self.columns[lookup.table.0].values;
            let rows: HashMap<_, _> =
                table.iter().enumerate().rev().map(|(row, &value)| (value, row)).collect();
            let mut counts = vec![0u64; self.srs.size()];
            for input in self.rows(&lookup.input) {
                if let Some(&row) = rows.get(&input) {
                    counts[row] += 1;
                }
            }
            self.columns[lookup.multiplicity.0].values =
                counts.into_iter().map(Into::into).collect();
        }
        for column in first_round_columns(self.circuit) {
            self.mask(column, rng);
        }
    }

    /// Fills and masks the running sums.
    fn sum_lookups(&mut self, rng: &mut impl RngCore) {
        for lookup in self.circuit.lookups() {
            self.columns[lookup.running_sum.0].values = self.running_sum(lookup);
            self.mask(lookup.running_sum, rng);
        }
    }

    fn running_sum(&self, lookup: &Lookup<Scalar<C>>) -> Vec<Scalar<C>> {
        let mut inputs: Vec<_> =
            self.rows(&lookup.input).into_iter().map(|v| self.alpha + v).collect();
        let table = &self.columns[lookup.table.0].values;
        let mut shifted: Vec<_> = table.iter().map(|&value| self.alpha + value).collect();
        batch_inversion(&mut inputs);
        batch_inversion(&mut shifted);
        let counts = &self.columns[lookup.multiplicity.0].values;
        let steps = inputs.iter().zip(counts.iter().zip(&shifted)).map(|(i, (&m, t))| *i - m * t);
        steps
            .scan(Scalar::<C>::ZERO, |sum, step| {
                let before = *sum;
                *sum += step;
                Some(before)
            })
            .collect()
    }

    fn mask(&mut self, column: Column, rng: &mut impl RngCore) {
        let values = std::mem::take(&mut self.columns[column.0].values);
        self.columns[column.0] = Masked::fresh(values, self.circuit.blinders(column), rng);
    }

    /// The values of an expression on all rows.
    fn rows(&self, expression: &Expression<Scalar<C>>) -> Vec<Scalar<C>> {
        let size = self.srs.size();
        (0..size)
            .into_par_iter()
            .map(|row| {
                let cell = |at: Cell| self.columns[at.column.0].values[(row + at.rotation) % size];
                expression.evaluate(&cell, self.alpha)
            })
            .collect()
    }

    fn check_rows(&self) -> Result<(), Unsatisfied> {
        for (constraint, expression) in self.circuit.constraints().iter().enumerate() {
            if let Some(row) = self.rows(expression).iter().position(|value| !value.is_zero()) {
                return Err(Unsatisfied { constraint, row });
            }
        }
        Ok(())
    }

    fn commit_all(&self, columns: impl Iterator<Item = Column>) -> Vec<G1Affine<C>> {
        let commitments: Vec<_> = columns
            .map(|column| {
                let Masked { values, blinders } = &self.columns[column.0];
                msm::<C>(&self.srs.lagrange, values)
                    + msm::<C>(&self.blinding_bases[..blinders.len()], blinders)
            })
            .collect();
        C::G1::normalize_batch(&commitments)
    }

    fn commit_coefficients(&self, coefficients: &[Scalar<C>]) -> C::G1Affine {
        msm::<C>(&self.srs.powers[..coefficients.len()], coefficients).into_affine()
    }

    /// z·ω^r for each rotation r.
    fn points(&self, z: Scalar<C>) -> HashMap<usize, Scalar<C>> {
        let omega = self.domain.generator();
        let point = |rotation: usize| (rotation, z * omega.pow([rotation as u64]));
        self.circuit.rotations().into_iter().map(point).collect()
    }

    /// Σ y^i·constraint_i, divided by Z_H, on a coset where Z_H has no zero.
    fn quotient(&self, polynomials: &[Vec<Scalar<C>>], y: Scalar<C>) -> Vec<Scalar<C>> {
        let size = self.srs.size();
        let extended =
            self.circuit.quotient_domain(size).expect("the field has room for the quotient");
        let stretch = extended.size() / size;
        let columns: Vec<_> = polynomials.iter().map(|p| extended.transform(p.clone())).collect();
        // On the coset, x^N takes only `stretch` different values, in turn.
        let mut vanishing: Vec<_> =
            extended.points().take(stretch).map(|x| self.domain.vanishing(x)).collect();
        batch_inversion(&mut vanishing);
        let weights: Vec<_> = powers(y).take(self.circuit.constraints().len()).collect();
        let values = (0..extended.size())
            .into_par_iter()
            .map(|i| {
                let cell =
                    |at: Cell| columns[at.column.0][(i + at.rotation * stretch) % extended.size()];
                let terms = self.circuit.constraints().iter().zip(&weights);
                let sum: Scalar<C> =
                    terms.map(|(c, &weight)| weight * c.evaluate(&cell, self.alpha)).sum();
                sum * vanishing[i % stretch]
            })
            .collect();
        let mut quotient = extended.interpolate(values);
        quotient.truncate(self.circuit.quotient_length(size));
        quotient
    }

    /// Σ γ^j·p_j over the polynomials opened at one rotation; the quotient comes last at rotation 0.
    fn combine(
        &self,
        rotation: usize,
        polynomials: &[Vec<Scalar<C>>],
        quotient: &[Scalar<C>],
        gamma: Scalar<C>,
    ) -> Vec<Scalar<C>> {
        let opened = self.circuit.opened();
        let here = opened.iter().filter(|cell| cell.rotation == rotation);
        let with_quotient = (rotation == 0).then_some(quotient);
        let all = here.map(|cell| polynomials[cell.column.0].as_slice()).chain(with_quotient);
        let mut combined = Vec::new();
        for (polynomial, weight) in all.zip(powers(gamma)) {
            add_scaled(&mut combined, weight, polynomial);
        }
        combined
    }
}
