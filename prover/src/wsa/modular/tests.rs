//! Forgeries that a malicious prover would try.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::sync::Arc;

use pulseproof_kernels::cpu::Cpu;
use pulseproof_kernels::traits::*;
use pulseproof_kernels::{Bn254, Scalar};
use rand::SeedableRng;
use rand::rngs::StdRng;

use super::*;
use crate::commitment::{Blinders, CommitmentKey, Opening};
use crate::engine::prove::{Assignment, ProvingKey, Unsatisfied, forge};
use crate::srs::develop;

type C = Bn254;
type F = Scalar<C>;

type Key = ProvingKey<C>;

fn setting() -> (Key, Statement<C, u64>, Assignment<'static, F>) {
    let rng = &mut StdRng::seed_from_u64(1);
    let srs = develop::generate::<C>(4, rng).unwrap();
    let blinders = Blinders::random(rng);
    let words = [5, u64::MAX, 1 << 63, 7];
    let commitment = CommitmentKey::new(&srs).commit(&words, &blinders);
    let opening = Opening { commitment, words: &words, blinders: &blinders };
    let key = ProvingKey::new(Cpu::new(), Arc::new(srs)).unwrap();
    let (assignment, statement) = prove::assign(&key, &[opening], &[3], b"context").unwrap();
    (key, statement, assignment)
}

fn forged(
    key: &Key,
    circuit: &Circuit<F>,
    statement: &Statement<C, u64>,
    mut assignment: Assignment<'_, F>,
) -> engine::Proof<C> {
    assignment.public = public_columns::<C>(&statement.aggregate, key.srs().size());
    let mut transcript = transcript(&key.srs().verifying_key, statement);
    forge(key, circuit, &mut transcript, assignment, &mut StdRng::seed_from_u64(2)).unwrap()
}

/// Solves P − A − 2^64·k = 0 for k in the field, whatever A is.
fn fit_carries(statement: &Statement<C, u64>, assignment: &mut Assignment<'_, F>) {
    let q = F::from(1u128 << 64).inverse().unwrap();
    for (row, carry) in assignment.witness[0].iter_mut().enumerate() {
        let word = F::from(statement.aggregate.get(row).copied().unwrap_or(0));
        *carry = (assignment.given[0].values[row] - word) * q;
    }
}

#[test]
fn the_forging_prover_is_honest_on_honest_values() {
    let (key, statement, assignment) = setting();
    let proof = forged(&key, &circuit::<C>(), &statement, assignment);
    assert_eq!(verify(&key.srs().verifying_key, &statement, &Proof(proof)), Ok(()));
}

#[test]
fn another_aggregate_with_carries_that_fit_the_equation_is_rejected() {
    let (key, mut statement, mut assignment) = setting();
    statement.aggregate[0] += 1;
    assignment.given[0].values.resize(key.srs().size(), F::ZERO);
    assignment.witness[0].resize(key.srs().size(), F::ZERO);
    fit_carries(&statement, &mut assignment);
    let proof = forged(&key, &circuit::<C>(), &statement, assignment);
    assert_eq!(
        verify(&key.srs().verifying_key, &statement, &Proof(proof)),
        Err(VerifyError::Rejected(Rejected))
    );
}

#[test]
fn without_the_lookup_that_forgery_would_pass() {
    // The canary of the test above: it is the lookup, and nothing else, that stops it.
    let (key, mut statement, mut assignment) = setting();
    let mut unguarded = Circuit::new("weighted sum modulo 2^64");
    let (sum, aggregate, _table) = (unguarded.given(), unguarded.public(), unguarded.public());
    let carry = unguarded.witness();
    let modulus = engine::Expression::Constant(F::from(1u128 << 64));
    unguarded.constrain(sum.here() - aggregate.here() - modulus * carry.here());

    statement.aggregate[0] += 1;
    assignment.given[0].values.resize(key.srs().size(), F::ZERO);
    assignment.witness[0].resize(key.srs().size(), F::ZERO);
    fit_carries(&statement, &mut assignment);
    let proof = forged(&key, &unguarded, &statement, assignment);
    let instance = Instance {
        public: public_columns::<C>(&statement.aggregate, key.srs().size()),
        given: vec![statement.combination()],
        weights: &engine::unweighted,
    };
    let mut transcript = transcript(&key.srs().verifying_key, &statement);
    let key = &key.srs().verifying_key;
    assert_eq!(engine::verify::verify(key, &unguarded, &mut transcript, &instance, &proof), Ok(()));
}

#[test]
fn another_aggregate_with_honest_carries_is_rejected() {
    let (key, mut statement, assignment) = setting();
    statement.aggregate[3] ^= 1 << 40;
    let proof = forged(&key, &circuit::<C>(), &statement, assignment);
    assert_eq!(
        verify(&key.srs().verifying_key, &statement, &Proof(proof)),
        Err(VerifyError::Rejected(Rejected))
    );
}

#[test]
fn a_vector_swapped_after_it_was_committed_is_rejected() {
    let (key, mut statement, mut assignment) = setting();
    assignment.given[0].values[2] += F::ONE;
    statement.aggregate[2] = statement.aggregate[2].wrapping_add(1);
    let proof = forged(&key, &circuit::<C>(), &statement, assignment);
    assert_eq!(
        verify(&key.srs().verifying_key, &statement, &Proof(proof)),
        Err(VerifyError::Rejected(Rejected))
    );
}

#[test]
fn the_honest_prover_refuses_what_it_cannot_prove() {
    let (key, statement, mut assignment) = setting();
    assignment.witness[0][1] += F::ONE;
    let mut transcript = transcript(&key.srs().verifying_key, &statement);
    let rng = &mut StdRng::seed_from_u64(2);
    let error =
        engine::prove::prove(&key, &circuit::<C>(), &mut transcript, assignment, rng).unwrap_err();
    assert_eq!(error, Unsatisfied { constraint: 0, row: 1 }.into());
}
