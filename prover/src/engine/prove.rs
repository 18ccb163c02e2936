//! The prover. Columns and polynomials lie on a backend from the first commitment on; what a lookup
//! counts is counted on the host, where witnesses come from.

use std::collections::HashMap;
use std::slice;

use pulseproof_kernels::backend::{AnyBuffer, Backend, Binary, FieldOps, NttOps};
use pulseproof_kernels::traits::*;
use pulseproof_kernels::transform::{Direction, Transform};
use pulseproof_kernels::{Curve, Error, G1, G1Affine, Scalar, batch_inversion, msm};
use rand::{CryptoRng, RngCore};

use super::Weights;
use super::circuit::{Circuit, ColumnKind, Lookup};
use super::evaluator::Evaluator;
use super::expression::{Column, Expression};
pub use super::key::ProvingKey;
use super::key::{Committer, Short};
pub use super::polynomial::Blinding;
use super::polynomial::{Filled, combination, resized};
use super::proof::{Proof, first_round_columns, second_round_columns};
use super::rounds::{Rounds, powers};
use crate::srs::COMMITMENT_BLINDERS;
use crate::transcript::Transcript;

/// The values of the columns that are not the engine's own, in the order they were declared. Columns
/// shorter than N are filled with zeros.
pub struct Assignment<'a, F: Field> {
    /// Public columns.
    pub public: Vec<Vec<F>>,
    /// Given columns, with the blinders of their commitments.
    pub given: Vec<Masked<F>>,
    /// Witness columns.
    pub witness: Vec<Vec<F>>,
    /// Weight columns.
    pub weights: Weights<'a, F>,
}

/// A column whose commitment exists already.
#[derive(Clone)]
pub struct Masked<F: Field> {
    /// The values on H; missing ones are zero.
    pub values: Vec<F>,
    /// What hides them.
    pub blinding: Blinding<F>,
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

/// Why there is no proof.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProveError {
    /// There is nothing to prove.
    #[error(transparent)]
    Unsatisfied(#[from] Unsatisfied),
    /// The backend failed. The next proof starts over.
    #[error(transparent)]
    Kernel(#[from] Error),
}

/// Proves that the assignment satisfies the circuit. The same randomness gives the same proof on every
/// backend.
///
/// The transcript must have absorbed everything that determines the instance.
///
/// # Errors
/// The assignment does not satisfy the circuit, or the backend failed.
///
/// # Panics
/// If the assignment has not the circuit's columns, one is longer than N or a given one has more
/// blinders than a commitment, or the circuit needs more powers of τ than the SRS has.
pub fn prove<C: Curve>(
    key: &ProvingKey<C>,
    circuit: &Circuit<Scalar<C>>,
    transcript: &mut Transcript,
    assignment: Assignment<'_, Scalar<C>>,
    rng: &mut (impl RngCore + CryptoRng),
) -> Result<Proof<C>, ProveError> {
    key.proving(|session| {
        let begun = SecondRound::new(session, circuit, transcript, assignment, rng)?;
        begun.run.check_rows()?;
        Ok(begun.finish()?)
    })
}

/// Runs the prover on values that need not satisfy anything: what a dishonest prover would send.
#[cfg(test)]
pub(crate) fn forge<C: Curve>(
    key: &ProvingKey<C>,
    circuit: &Circuit<Scalar<C>>,
    transcript: &mut Transcript,
    assignment: Assignment<'_, Scalar<C>>,
    rng: &mut (impl RngCore + CryptoRng),
) -> Result<Proof<C>, ProveError> {
    key.proving(|session| {
        Ok(SecondRound::new(session, circuit, transcript, assignment, rng)?.finish()?)
    })
}

/// A run whose columns are all filled: α is known, the running sums are not yet committed.
struct SecondRound<'a, C: Curve> {
    run: ProverState<'a, C>,
    rounds: Rounds<'a, Scalar<C>>,
    first_round: Vec<G1Affine<C>>,
}

struct ProverState<'a, C: Curve> {
    session: Committer<'a, C>,
    circuit: &'a Circuit<Scalar<C>>,
    /// By position in the circuit; what the prover is still to fill is missing.
    columns: Vec<Option<Filled<Scalar<C>>>>,
    alpha: Scalar<C>,
    blinding_bases: Vec<G1Affine<C>>,
}

impl<'a, C: Curve> SecondRound<'a, C> {
    fn new(
        session: Committer<'a, C>,
        circuit: &'a Circuit<Scalar<C>>,
        transcript: &'a mut Transcript,
        assignment: Assignment<'_, Scalar<C>>,
        rng: &mut impl RngCore,
    ) -> Result<Self, Error> {
        let mut run = ProverState::new(session, circuit, &assignment)?;
        let mut rounds = Rounds::new(transcript, circuit, run.session.srs.size());
        let first_round = run.first_round(assignment.witness, rng)?;
        run.alpha = rounds.alpha(&first_round);
        run.weigh(assignment.weights)?;
        run.sum_up(rng)?;
        Ok(Self { run, rounds, first_round })
    }

    /// Commits the running sums, divides by Z_H, evaluates and opens.
    fn finish(self) -> Result<Proof<C>, Error> {
        let Self { run, mut rounds, first_round } = self;
        let session = &run.session;
        let second_round = run.second_round()?;
        let y = rounds.y(&second_round);
        let polynomials = run.polynomials()?;
        let quotient = run.quotient(&polynomials, y)?;
        let quotient_commitment = session.commit_coefficients(&quotient)?;
        let z = rounds.z(&quotient_commitment);
        let points = run.points(z);
        let evaluations = (run.circuit.opened().iter())
            .map(|at| session.backend.evaluate(&polynomials[at.column.0], points[&at.rotation]))
            .collect::<Result<Vec<_>, _>>()?;
        let gamma = rounds.gamma(&evaluations);
        let open = |rotation| {
            let combined = run.combine(rotation, &polynomials, &quotient, gamma)?;
            session.commit_coefficients(&session.backend.divide_out(&combined, points[&rotation])?)
        };
        let openings =
            run.circuit.rotations().into_iter().map(open).collect::<Result<Vec<_>, _>>()?;
        let quotient = quotient_commitment;
        Ok(Proof { first_round, second_round, quotient, evaluations, openings })
    }
}

impl<'a, C: Curve> ProverState<'a, C> {
    /// Sends the assignment's columns to the backend.
    fn new(
        session: Committer<'a, C>,
        circuit: &'a Circuit<Scalar<C>>,
        assignment: &Assignment<'_, Scalar<C>>,
    ) -> Result<Self, Error> {
        let none = Blinding(Vec::new());
        let plain = |values| (values, &none);
        let mut public = assignment.public.iter().map(plain);
        let mut given = assignment.given.iter().map(|masked| (&masked.values, &masked.blinding));
        let mut witness = assignment.witness.iter().map(plain);
        let mut columns = Vec::with_capacity(circuit.width());
        for index in 0..circuit.width() {
            let column = match circuit.kind(Column(index)) {
                ColumnKind::Public => public.next(),
                ColumnKind::Given => given.next(),
                ColumnKind::Witness => witness.next(),
                ColumnKind::Weight
                | ColumnKind::Multiplicity
                | ColumnKind::Fractions
                | ColumnKind::RunningSum => {
                    columns.push(None);
                    continue;
                }
            };
            let (values, blinding) = column.expect("the assignment has every column");
            assert!(blinding.0.len() <= COMMITMENT_BLINDERS, "more blinders than B");
            let values = session.column(values)?;
            columns.push(Some(Filled { values, blinding: blinding.clone() }));
        }
        let surplus = (public.next(), given.next(), witness.next());
        assert!(matches!(surplus, (None, None, None)), "more columns than the circuit has");
        let blinders = (0..circuit.width()).map(|c| circuit.blinders(Column(c))).max().unwrap_or(0);
        let blinding_bases = session.srs.blinding_bases(blinders);
        Ok(Self { session, circuit, columns, alpha: Scalar::<C>::ZERO, blinding_bases })
    }

    /// Counts lookups; masks and commits the columns of the first round, whose values the host has.
    fn first_round(
        &mut self,
        witness: Vec<Vec<Scalar<C>>>,
        rng: &mut impl RngCore,
    ) -> Result<Vec<G1Affine<C>>, Error> {
        let mut values: HashMap<Column, Vec<Scalar<C>>> =
            self.circuit.columns(ColumnKind::Witness).zip(witness).collect();
        for lookup in self.circuit.lookups() {
            let counts = self.count(lookup)?;
            let column = self.session.column(&counts)?;
            self.columns[lookup.multiplicity.0] =
                Some(Filled { values: column, blinding: Blinding(Vec::new()) });
            values.insert(lookup.multiplicity, counts);
        }
        let mut commitments = Vec::new();
        for column in first_round_columns(self.circuit) {
            let blinding = Blinding::fresh(self.circuit.blinders(column), rng);
            let short = Short::of(&values[&column]);
            commitments.push(self.session.commit_short(&short)? + self.blinded(&blinding));
            self.columns[column.0].as_mut().expect("filled above").blinding = blinding;
        }
        Ok(G1::<C>::affine(&commitments))
    }

    /// How often each row of the table is looked up. An input that is in no row is not counted;
    /// [`Self::check_rows`] will find it.
    fn count(&self, lookup: &Lookup<Scalar<C>>) -> Result<Vec<Scalar<C>>, Error> {
        let backend = self.session.backend;
        let table = backend.download(self.values(lookup.table))?;
        let rows: HashMap<_, _> =
            table.into_iter().enumerate().rev().map(|(row, value)| (value, row)).collect();
        let mut counts = vec![0u64; self.session.srs.size()];
        for input in [&lookup.first].into_iter().chain(&lookup.others) {
            let inputs = backend.download(&self.rows(input)?)?;
            for row in inputs.iter().filter_map(|input| rows.get(input)) {
                counts[*row] += 1;
            }
        }
        Ok(counts.into_iter().map(Into::into).collect())
    }

    /// Fills the columns that depend on α.
    fn weigh(&mut self, weights: Weights<'_, Scalar<C>>) -> Result<(), Error> {
        let weights = weights(self.alpha);
        assert_eq!(weights.len(), self.circuit.columns(ColumnKind::Weight).count(), "every weight");
        for (column, values) in self.circuit.columns(ColumnKind::Weight).zip(weights) {
            let values = self.session.column(&values)?;
            self.columns[column.0] = Some(Filled { values, blinding: Blinding(Vec::new()) });
        }
        Ok(())
    }

    /// Fills and masks fractions and running sums.
    fn sum_up(&mut self, rng: &mut impl RngCore) -> Result<(), Error> {
        for lookup in self.circuit.lookups() {
            for (&column, inputs) in lookup.fractions.iter().zip(lookup.others.chunks(2)) {
                let values = self.fractions(inputs)?;
                self.mask(column, values, rng);
            }
            let values = self.lookup_sum(lookup)?;
            self.mask(lookup.running_sum, values, rng);
        }
        for sum in self.circuit.sums() {
            let values = self.running_sum(&self.rows(&sum.term)?)?;
            self.mask(sum.running_sum, values, rng);
        }
        Ok(())
    }

    fn mask(&mut self, column: Column, values: AnyBuffer<Scalar<C>>, rng: &mut impl RngCore) {
        let blinding = Blinding::fresh(self.circuit.blinders(column), rng);
        self.columns[column.0] = Some(Filled { values, blinding });
    }

    /// Σ 1/(α + input) on each row.
    fn fractions(&self, inputs: &[Expression<Scalar<C>>]) -> Result<AnyBuffer<Scalar<C>>, Error> {
        let backend = self.session.backend;
        let mut sum = backend.zeros(self.session.srs.size())?;
        for input in inputs {
            let mut rows = self.rows(&(Expression::Alpha + input.clone()))?;
            backend.invert(&mut rows)?;
            backend.map(Binary::Add, &mut sum, &rows)?;
        }
        Ok(sum)
    }

    /// φ: the running sum of Σ 1/(α + input) − m/(α + table).
    fn lookup_sum(&self, lookup: &Lookup<Scalar<C>>) -> Result<AnyBuffer<Scalar<C>>, Error> {
        let backend = self.session.backend;
        let mut steps = self.fractions(slice::from_ref(&lookup.first))?;
        let mut table = self.fractions(&[lookup.table.here()])?;
        backend.map(Binary::Mul, &mut table, self.values(lookup.multiplicity))?;
        backend.map(Binary::Sub, &mut steps, &table)?;
        for &fraction in &lookup.fractions {
            backend.map(Binary::Add, &mut steps, self.values(fraction))?;
        }
        self.running_sum(&steps)
    }

    /// Before each row, the sum of the rows above it.
    fn running_sum(&self, steps: &AnyBuffer<Scalar<C>>) -> Result<AnyBuffer<Scalar<C>>, Error> {
        let (backend, size) = (self.session.backend, self.session.srs.size());
        let mut sums = resized(backend, steps, size)?;
        backend.scan(Binary::Add, &mut sums, size)?;
        backend.map(Binary::Sub, &mut sums, steps)?;
        Ok(sums)
    }

    fn second_round(&self) -> Result<Vec<G1Affine<C>>, Error> {
        let commitment = |column: Column| {
            let column = self.filled(column);
            Ok(self.session.commit_values(&column.values)? + self.blinded(&column.blinding))
        };
        let commitments: Vec<_> =
            second_round_columns(self.circuit).map(commitment).collect::<Result<_, Error>>()?;
        Ok(G1::<C>::affine(&commitments))
    }

    /// Σ β_b·\[τ^b·Z_H(τ)\]₁: a handful of terms, on the host.
    fn blinded(&self, blinding: &Blinding<Scalar<C>>) -> G1<C> {
        msm::<C>(&self.blinding_bases[..blinding.0.len()], &blinding.0)
    }

    fn filled(&self, column: Column) -> &Filled<Scalar<C>> {
        self.columns[column.0].as_ref().expect("columns are filled before they are read")
    }

    fn values(&self, column: Column) -> &AnyBuffer<Scalar<C>> {
        &self.filled(column).values
    }

    /// The values of an expression on all rows.
    fn rows(&self, expression: &Expression<Scalar<C>>) -> Result<AnyBuffer<Scalar<C>>, Error> {
        let columns = self.columns.iter().map(|c| c.as_ref().map(|filled| &filled.values));
        let evaluator = Evaluator {
            backend: self.session.backend,
            columns: columns.collect(),
            length: self.session.srs.size(),
            stride: 1,
            alpha: self.alpha,
        };
        evaluator.rows(expression)
    }

    fn check_rows(&self) -> Result<(), ProveError> {
        for (constraint, expression) in self.circuit.constraints().iter().enumerate() {
            if let Some(row) = self.session.backend.first_nonzero(&self.rows(expression)?)? {
                return Err(Unsatisfied { constraint, row }.into());
            }
        }
        Ok(())
    }

    fn polynomials(&self) -> Result<Vec<AnyBuffer<Scalar<C>>>, Error> {
        let columns = (0..self.circuit.width()).map(|index| self.filled(Column(index)));
        columns.map(|column| column.coefficients(self.session.backend)).collect()
    }

    /// z·ω^r for each rotation r.
    fn points(&self, z: Scalar<C>) -> HashMap<usize, Scalar<C>> {
        let omega = self.session.domain().generator();
        let point = |rotation: usize| (rotation, z * omega.pow([rotation as u64]));
        self.circuit.rotations().into_iter().map(point).collect()
    }

    /// Σ y^i·constraint_i, divided by Z_H, on a coset where Z_H has no zero.
    fn quotient(
        &self,
        polynomials: &[AnyBuffer<Scalar<C>>],
        y: Scalar<C>,
    ) -> Result<AnyBuffer<Scalar<C>>, Error> {
        let (backend, size) = (self.session.backend, self.session.srs.size());
        let extended =
            self.circuit.quotient_domain(size).expect("the field has room for the quotient");
        let coset = Transform::forward(extended.size().ilog2()).on_coset(Scalar::<C>::GENERATOR);
        let extend = |polynomial| {
            let mut values = resized(backend, polynomial, extended.size())?;
            backend.ntt(&coset, &mut values)?;
            Ok(values)
        };
        let columns = polynomials.iter().map(extend).collect::<Result<Vec<_>, Error>>()?;
        let stride = extended.size() / size;
        let evaluator = Evaluator {
            backend,
            columns: columns.iter().map(Some).collect(),
            length: extended.size(),
            stride,
            alpha: self.alpha,
        };
        let mut sum = backend.zeros(extended.size())?;
        for (constraint, weight) in self.circuit.constraints().iter().zip(powers(y)) {
            backend.add_scaled(&mut sum, weight, &evaluator.rows(constraint)?)?;
        }
        // On the coset, x^N takes only `stride` different values, in turn.
        let mut vanishing: Vec<_> =
            extended.points().take(stride).map(|x| self.session.domain().vanishing(x)).collect();
        batch_inversion(&mut vanishing);
        backend.map(Binary::Mul, &mut sum, &backend.upload(&vanishing)?)?;
        backend.ntt(&Transform { direction: Direction::Inverse, ..coset }, &mut sum)?;
        resized(backend, &sum, self.circuit.quotient_length(size))
    }

    /// Σ γ^j·p_j over the polynomials opened at one rotation; the quotient comes last at rotation 0.
    fn combine(
        &self,
        rotation: usize,
        polynomials: &[AnyBuffer<Scalar<C>>],
        quotient: &AnyBuffer<Scalar<C>>,
        gamma: Scalar<C>,
    ) -> Result<AnyBuffer<Scalar<C>>, Error> {
        let opened = self.circuit.opened();
        let here = opened.iter().filter(|cell| cell.rotation == rotation);
        let with_quotient = (rotation == 0).then_some(quotient);
        let all = here.map(|cell| &polynomials[cell.column.0]).chain(with_quotient);
        let terms: Vec<_> = powers(gamma).zip(all).collect();
        combination(self.session.backend, &terms)
    }
}
