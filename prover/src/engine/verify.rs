//! The verifier.

use std::collections::HashMap;

use pulseproof_kernels::traits::*;
use pulseproof_kernels::{Curve, G1Affine, Scalar};

use super::Weights;
use super::batch::Equation;
use super::circuit::{Circuit, ColumnKind};
use super::expression::{Cell, Column};
use super::proof::{Proof, first_round_columns, second_round_columns};
use super::rounds::{Rounds, powers};
use crate::srs::VerifyingKey;
use crate::transcript::Transcript;

/// What the verifier knows of an instance, in the order the columns were declared.
pub struct Instance<'a, C: Curve> {
    /// The values of public columns; shorter ones are filled with zeros.
    pub public: Vec<Vec<Scalar<C>>>,
    /// The commitments of given columns, each as a sum of multiples of points.
    pub given: Vec<Combination<C>>,
    /// Weight columns.
    pub weights: Weights<'a, Scalar<C>>,
}

/// Σ scalar·point.
pub type Combination<C> = Vec<(Scalar<C>, G1Affine<C>)>;

/// The proof does not show that the instance satisfies the circuit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the proof does not verify")]
pub struct Rejected;

/// Checks a proof.
///
/// The transcript must have absorbed everything that determines the instance.
///
/// # Errors
/// The proof has not the circuit's shape, or does not verify.
///
/// # Panics
/// If the instance has not the circuit's columns, or one is longer than N.
pub fn verify<C: Curve>(
    key: &VerifyingKey<C>,
    circuit: &Circuit<Scalar<C>>,
    transcript: &mut Transcript,
    instance: &Instance<'_, C>,
    proof: &Proof<C>,
) -> Result<(), Rejected> {
    let equation = reduce(key, circuit, transcript, instance, proof)?;
    if equation.holds(key) { Ok(()) } else { Err(Rejected) }
}

/// Everything of [`verify`] but its pairings: the proof verifies if and only if the equation holds.
///
/// # Errors
/// The proof has not the circuit's shape, or z is in H.
///
/// # Panics
/// As [`verify`].
pub fn reduce<C: Curve>(
    key: &VerifyingKey<C>,
    circuit: &Circuit<Scalar<C>>,
    transcript: &mut Transcript,
    instance: &Instance<'_, C>,
    proof: &Proof<C>,
) -> Result<Equation<C>, Rejected> {
    check_shape(circuit, proof)?;
    let domain = key.domain;
    let mut rounds = Rounds::new(transcript, circuit, domain.size());
    let alpha = rounds.alpha(&proof.first_round);
    let y = rounds.y(&proof.second_round);
    let z = rounds.z(&proof.quotient);
    let gamma = rounds.gamma(&proof.evaluations);
    let u = rounds.u(&proof.openings);

    let known = known_columns(circuit, instance, (instance.weights)(alpha), domain.size());
    let cells = evaluate_cells(key, circuit, &known, proof, z)?;
    let constraints = circuit.constraints().iter().zip(powers(y));
    let numerator: Scalar<C> =
        constraints.map(|(c, weight)| weight * c.evaluate(&|cell| cells[&cell], alpha)).sum();
    let vanishing = domain.vanishing(z).inverse().ok_or(Rejected)?;
    let claims = Claims {
        commitments: commitments(circuit, instance, proof),
        cells,
        quotient: (proof.quotient, numerator * vanishing),
    };
    Ok(claims.equation(key, circuit, proof, [z, gamma, u]))
}

fn check_shape<C: Curve>(circuit: &Circuit<Scalar<C>>, proof: &Proof<C>) -> Result<(), Rejected> {
    let fits = proof.first_round.len() == first_round_columns(circuit).count()
        && proof.second_round.len() == second_round_columns(circuit).count()
        && proof.evaluations.len() == circuit.opened().len()
        && proof.openings.len() == circuit.rotations().len();
    if fits { Ok(()) } else { Err(Rejected) }
}

/// The columns that the verifier evaluates.
type Known<'a, F> = HashMap<Column, std::borrow::Cow<'a, [F]>>;

fn known_columns<'a, C: Curve>(
    circuit: &Circuit<Scalar<C>>,
    instance: &'a Instance<'_, C>,
    weights: Vec<Vec<Scalar<C>>>,
    size: usize,
) -> Known<'a, Scalar<C>> {
    let found = [instance.public.len(), weights.len(), instance.given.len()];
    let declared = [ColumnKind::Public, ColumnKind::Weight, ColumnKind::Given]
        .map(|kind| circuit.columns(kind).count());
    assert_eq!(found, declared, "the instance has every column of the circuit, and no other");
    let public = instance.public.iter().map(|values| values.as_slice().into());
    let known: Known<'_, _> = (circuit.columns(ColumnKind::Public).zip(public))
        .chain(circuit.columns(ColumnKind::Weight).zip(weights.into_iter().map(Into::into)))
        .collect();
    assert!(known.values().all(|values| values.len() <= size), "a column is longer than N");
    known
}

/// The values at z of every cell that occurs: the prover's claims, and known columns by
/// Σ v_j·L_j(z). A known cell r rows ahead uses L_j(z·ω^r) = L_{j−r}(z).
fn evaluate_cells<C: Curve>(
    key: &VerifyingKey<C>,
    circuit: &Circuit<Scalar<C>>,
    known: &Known<'_, Scalar<C>>,
    proof: &Proof<C>,
    z: Scalar<C>,
) -> Result<HashMap<Cell, Scalar<C>>, Rejected> {
    let lagrange = key.domain.lagrange_at(z).ok_or(Rejected)?;
    let size = lagrange.len();
    let mut cells: HashMap<_, _> =
        circuit.opened().into_iter().zip(proof.evaluations.iter().copied()).collect();
    for constraint in circuit.constraints() {
        constraint.cells(&mut |cell| {
            if let Some(values) = known.get(&cell.column) {
                let value = || {
                    let shifted = lagrange.iter().cycle().skip(size - cell.rotation % size);
                    values.iter().zip(shifted).map(|(&v, &l)| v * l).sum()
                };
                cells.entry(cell).or_insert_with(value);
            }
        });
    }
    Ok(cells)
}

fn commitments<C: Curve>(
    circuit: &Circuit<Scalar<C>>,
    instance: &Instance<'_, C>,
    proof: &Proof<C>,
) -> HashMap<Column, Combination<C>> {
    let one = |point: &G1Affine<C>| vec![(Scalar::<C>::ONE, *point)];
    let given = circuit.columns(ColumnKind::Given).zip(instance.given.iter().cloned());
    let first = first_round_columns(circuit).zip(proof.first_round.iter().map(one));
    let second = second_round_columns(circuit).zip(proof.second_round.iter().map(one));
    given.chain(first).chain(second).collect()
}

struct Claims<C: Curve> {
    commitments: HashMap<Column, Combination<C>>,
    cells: HashMap<Cell, Scalar<C>>,
    quotient: (G1Affine<C>, Scalar<C>),
}

impl<C: Curve> Claims<C> {
    /// KZG openings at all points in one pairing product. With W_r the witness for the point z_r,
    /// F_r = Σ γ^j·C_j and v_r = Σ γ^j·value_j:
    ///
    /// e(Σ u^r·W_r, \[τ\]₂) = e(Σ u^r·(z_r·W_r + F_r − v_r·\[1\]₁), \[1\]₂).
    fn equation(
        &self,
        key: &VerifyingKey<C>,
        circuit: &Circuit<Scalar<C>>,
        proof: &Proof<C>,
        [z, gamma, u]: [Scalar<C>; 3],
    ) -> Equation<C> {
        let omega = key.domain.generator();
        let opened = circuit.opened();
        let (mut left, mut right) = (Combination::<C>::new(), Combination::<C>::new());
        let mut value = Scalar::<C>::ZERO;
        for ((rotation, weight), &witness) in
            circuit.rotations().into_iter().zip(powers(u)).zip(&proof.openings)
        {
            left.push((weight, witness));
            right.push((weight * z * omega.pow([rotation as u64]), witness));
            let mut scale = weight;
            for cell in opened.iter().filter(|cell| cell.rotation == rotation) {
                let terms = self.commitments[&cell.column].iter();
                right.extend(terms.map(|&(scalar, point)| (scale * scalar, point)));
                value += scale * self.cells[cell];
                scale *= gamma;
            }
            if rotation == 0 {
                right.push((scale, self.quotient.0));
                value += scale * self.quotient.1;
            }
        }
        right.push((-value, key.g));
        Equation { left, right }
    }
}
