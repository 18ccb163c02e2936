//! The engine proves statements it has never heard of, and refuses what does not satisfy them.

use pulseproof_kernels::traits::*;
use pulseproof_kernels::{Bls12_381, Bn254, Curve, G1Affine, Scalar, for_each_curve};
use pulseproof_prover::commitment::{Blinders, CommitmentKey};
use pulseproof_prover::encoding::{Reader, Writer};
use pulseproof_prover::engine::circuit::ColumnKind;
use pulseproof_prover::engine::prove::{
    Assignment, Blinding, Masked, ProveError, Unsatisfied, prove,
};
use pulseproof_prover::engine::verify::{Instance, Rejected, verify};
use pulseproof_prover::engine::{Circuit, Column, Expression, Proof, unweighted};
use pulseproof_prover::srs::{COMMITMENT_BLINDERS, Srs};
use pulseproof_prover::transcript::Transcript;
use rand::Rng;

use crate::common::{proving_key, rng, srs, srs_of};

/// "The committed words are all below N, and their squares sum to this total."
///
/// Rotations, two lookups, a public column read one row ahead, and a witness that is only ever read
/// one row ahead.
struct SquareSum<F> {
    circuit: Circuit<F>,
    delayed: Column,
}

const START: usize = 0;
const SUM: usize = 1;
const DELAY: usize = 2;
const RANGE: usize = 3;
const PARITY: usize = 4;

fn square_sum<F: FftField>() -> SquareSum<F> {
    let mut circuit = Circuit::new("sum of squares");
    let word = circuit.given();
    let first_row = circuit.public();
    let total = circuit.public();
    let table = circuit.public();
    let bits = circuit.public();
    let sum = circuit.witness();
    let half = circuit.witness();
    let delayed = circuit.witness();
    circuit.constrain(first_row.here() * sum.here());
    // The total stands on the first row: what the last row adds up to.
    circuit.constrain(sum.next() - sum.here() - word.here() * word.here() + total.next());
    circuit.constrain(delayed.next() - word.here());
    circuit.lookup(word.here(), Vec::new(), table);
    let parity = word.here() - Expression::Constant(F::from(2u64)) * half.here();
    circuit.lookup(parity, Vec::new(), bits);
    SquareSum { circuit, delayed }
}

fn public<F: PrimeField>(total: u64, size: usize) -> Vec<Vec<F>> {
    let table = (0..size as u64).map(F::from).collect();
    vec![vec![F::ONE], vec![total.into()], table, vec![F::ZERO, F::ONE]]
}

/// A committed vector of small words.
struct Words<C: Curve> {
    words: Vec<u64>,
    blinders: Vec<Scalar<C>>,
    commitment: G1Affine<C>,
}

impl<C: Curve> Words<C> {
    fn commit(srs: &Srs<C>, words: Vec<u64>, seed: u64) -> Self {
        let secret = Blinders::random(&mut rng(seed));
        let commitment = CommitmentKey::new(srs).commit(&words, &secret);
        let mut writer = Writer::default();
        secret.write(&mut writer);
        let bytes = writer.finish();
        let mut reader = Reader::new(&bytes);
        let scalar = |_| reader.scalar::<C>("blinder").unwrap();
        Self { words, blinders: (0..COMMITMENT_BLINDERS).map(scalar).collect(), commitment }
    }

    fn random(srs: &Srs<C>, seed: u64) -> Self {
        let (rng, size) = (&mut rng(seed), srs.size() as u64);
        Self::commit(srs, (0..size).map(|_| rng.gen_range(0..size)).collect(), seed)
    }

    fn total(&self) -> u64 {
        self.words.iter().map(|word| word * word).sum()
    }

    fn assignment(&self) -> Assignment<'static, Scalar<C>> {
        let field = |words: &[u64]| words.iter().map(|&word| word.into()).collect::<Vec<_>>();
        let partial = |rows: usize| self.words[..rows].iter().map(|word| word * word).sum();
        let sums: Vec<u64> = (0..self.words.len()).map(partial).collect();
        let halves: Vec<u64> = self.words.iter().map(|word| word / 2).collect();
        let mut delayed = self.words.clone();
        delayed.rotate_right(1);
        Assignment {
            public: public(self.total(), self.words.len()),
            given: vec![Masked {
                values: field(&self.words),
                blinding: Blinding(self.blinders.clone()),
            }],
            witness: vec![field(&sums), field(&halves), field(&delayed)],
            weights: &unweighted,
        }
    }

    fn instance(&self, total: u64) -> Instance<'static, C> {
        Instance {
            public: public(total, self.words.len()),
            given: vec![vec![(Scalar::<C>::ONE, self.commitment)]],
            weights: &unweighted,
        }
    }

    fn transcript(&self, total: u64) -> Transcript {
        let mut transcript = Transcript::new("engine test");
        transcript.absorb_u64("total", total);
        transcript.absorb_element("commitment", &self.commitment);
        transcript
    }

    fn prove(
        &self,
        srs: &Srs<C>,
        assignment: Assignment<'_, Scalar<C>>,
    ) -> Result<Proof<C>, ProveError> {
        let circuit = square_sum().circuit;
        prove(
            &proving_key(srs),
            &circuit,
            &mut self.transcript(self.total()),
            assignment,
            &mut rng(1),
        )
    }

    fn verify(&self, srs: &Srs<C>, total: u64, proof: &Proof<C>) -> Result<(), Rejected> {
        let (circuit, key) = (square_sum().circuit, &srs.verifying_key);
        verify(key, &circuit, &mut self.transcript(total), &self.instance(total), proof)
    }
}

fn completeness<C: Curve>() {
    for log_size in 1..=6 {
        let srs = srs::<C>(log_size);
        let words = Words::random(&srs, u64::from(log_size));
        let proof = words.prove(&srs, words.assignment()).unwrap();
        assert_eq!(words.verify(&srs, words.total(), &proof), Ok(()), "2^{log_size} rows");
        let mut writer = Writer::default();
        proof.write(&mut writer);
        let bytes = writer.finish();
        let mut reader = Reader::new(&bytes);
        assert_eq!(Proof::read(&mut reader, &square_sum().circuit).unwrap(), proof);
        reader.finish().unwrap();
    }
}

#[test]
fn a_statement_of_its_own_is_proved_on_every_size() {
    for_each_curve!(completeness);
}

fn soundness<C: Curve>() {
    let srs = srs::<C>(4);
    let words = Words::random(&srs, 9);
    let proof = words.prove(&srs, words.assignment()).unwrap();
    let total = words.total();
    assert_eq!(words.verify(&srs, total + 1, &proof), Err(Rejected));

    let circuit = square_sum().circuit;
    let check = |instance: &Instance<C>, transcript: &mut Transcript, srs: &Srs<C>| {
        verify(&srs.verifying_key, &circuit, transcript, instance, &proof)
    };
    let honest = || words.instance(total);
    let transcript = || words.transcript(total);
    assert_eq!(check(&honest(), &mut transcript(), &srs), Ok(()));

    // Every public value and every given commitment counts, even where the transcript forgot it.
    for column in 0..4 {
        for row in [0, 1, 15] {
            let mut instance = honest();
            instance.public[column].resize(16, Scalar::<C>::ZERO);
            instance.public[column][row] += Scalar::<C>::ONE;
            assert_eq!(check(&instance, &mut transcript(), &srs), Err(Rejected));
        }
    }
    let mut instance = honest();
    instance.given[0].push((Scalar::<C>::ONE, G1Affine::<C>::generator()));
    assert_eq!(check(&instance, &mut transcript(), &srs), Err(Rejected));
    instance.given[0].pop();
    instance.given[0][0].0 += Scalar::<C>::ONE;
    assert_eq!(check(&instance, &mut transcript(), &srs), Err(Rejected));

    // So does everything that was said before, and the SRS.
    let mut longer = transcript();
    longer.absorb("more", b"");
    assert_eq!(check(&honest(), &mut longer, &srs), Err(Rejected));
    assert_eq!(check(&honest(), &mut Transcript::new("engine test"), &srs), Err(Rejected));
    let other = srs_of::<C>(Scalar::<C>::rand(&mut rng(70)), 4);
    assert_eq!(check(&honest(), &mut transcript(), &other), Err(Rejected));
}

#[test]
fn other_public_values_are_rejected() {
    for_each_curve!(soundness);
}

#[test]
fn every_element_and_every_count_matters() {
    type C = Bn254;
    let srs = srs::<C>(3);
    let words = Words::random(&srs, 5);
    let proof = words.prove(&srs, words.assignment()).unwrap();
    let rejects = |change: &dyn Fn(&mut Proof<C>)| {
        let mut changed = proof.clone();
        change(&mut changed);
        assert_ne!(changed, proof);
        assert_eq!(words.verify(&srs, words.total(), &changed), Err(Rejected));
    };
    let g = G1Affine::<C>::generator();
    for i in 0..proof.first_round.len() {
        rejects(&|p| p.first_round[i] = (p.first_round[i] + g).into_affine());
    }
    for i in 0..proof.second_round.len() {
        rejects(&|p| p.second_round[i] = (p.second_round[i] + g).into_affine());
    }
    for i in 0..proof.evaluations.len() {
        rejects(&|p| p.evaluations[i] += Scalar::<C>::ONE);
    }
    for i in 0..proof.openings.len() {
        rejects(&|p| p.openings[i] = (p.openings[i] + g).into_affine());
    }
    rejects(&|p| p.quotient = G1Affine::<C>::zero());
    rejects(&|p| p.second_round.swap(0, 1));
    rejects(&|p| _ = p.first_round.pop());
    rejects(&|p| p.first_round.push(g));
    rejects(&|p| _ = p.second_round.pop());
    rejects(&|p| _ = p.evaluations.pop());
    rejects(&|p| p.evaluations.push(Scalar::<C>::ZERO));
    rejects(&|p| _ = p.openings.pop());
    rejects(&|p| p.openings.push(G1Affine::<C>::zero()));
}

#[test]
fn what_is_not_satisfied_is_named() {
    type C = Bls12_381;
    let srs = srs::<C>(3);
    let honest = Words::<C>::random(&srs, 3);
    let one = Scalar::<C>::ONE;
    let refused = |words: &Words<C>, change: &dyn Fn(&mut Assignment<Scalar<C>>)| {
        let mut assignment = words.assignment();
        change(&mut assignment);
        let ProveError::Unsatisfied(Unsatisfied { constraint, row }) =
            words.prove(&srs, assignment).unwrap_err()
        else {
            panic!("the CPU does not fail");
        };
        (constraint, row)
    };
    assert_eq!(refused(&honest, &|a| a.witness[0].iter_mut().for_each(|s| *s += one)), (START, 0));
    assert_eq!(refused(&honest, &|a| a.public[1][0] += one), (SUM, 7));
    assert_eq!(refused(&honest, &|a| a.witness[0][3] += one), (SUM, 2));
    assert_eq!(refused(&honest, &|a| a.witness[2][6] += one), (DELAY, 5));
    assert_eq!(refused(&honest, &|a| a.witness[2][0] += one), (DELAY, 7));
    assert_eq!(refused(&honest, &|a| a.witness[1][4] += one), (PARITY, 7));
    let mut long = honest.words.clone();
    long[2] = 8;
    assert_eq!(refused(&Words::commit(&srs, long, 4), &|_| ()), (RANGE, 7));
    let error = Unsatisfied { constraint: 2, row: 5 };
    assert_eq!(error.to_string(), "constraint 2 does not hold on row 5");
}

#[test]
fn every_point_at_which_a_column_is_shown_has_a_blinder() {
    let SquareSum { circuit, delayed } = square_sum::<Scalar<Bn254>>();
    let count = |kind| circuit.columns(kind).map(|c| circuit.blinders(c)).collect::<Vec<_>>();
    assert_eq!(count(ColumnKind::Public), [0; 4]);
    assert_eq!(count(ColumnKind::Given), [COMMITMENT_BLINDERS]);
    // The sum is shown at z, ωz, τ, ωτ; the half at z, τ; the delayed word at ωz, τ, ωτ.
    assert_eq!(count(ColumnKind::Witness), [4, 2, 3]);
    assert_eq!(circuit.blinders(delayed), 3);
    assert_eq!(count(ColumnKind::Multiplicity), [2, 2]);
    assert_eq!(count(ColumnKind::RunningSum), [4, 4]);
    assert_eq!(circuit.rotations(), [0, 1]);
}

#[test]
fn a_witness_that_no_constraint_reads_is_hidden_too() {
    type C = Bn254;
    let srs = srs::<C>(2);
    let mut circuit = Circuit::new("idle");
    let value = circuit.public();
    let idle = circuit.witness();
    circuit.constrain(value.here());
    assert_eq!(circuit.blinders(idle), 1);
    let run = |seed| {
        let five = Scalar::<C>::from(5u64);
        let assignment = Assignment {
            public: vec![vec![]],
            given: vec![],
            witness: vec![vec![five; 4]],
            weights: &unweighted,
        };
        prove(&proving_key(&srs), &circuit, &mut Transcript::new("t"), assignment, &mut rng(seed))
            .unwrap()
    };
    let (one, two) = (run(1), run(2));
    assert_ne!(one.first_round, two.first_round);
    for proof in [one, two] {
        let instance = Instance::<C> { public: vec![vec![]], given: vec![], weights: &unweighted };
        let transcript = &mut Transcript::new("t");
        assert_eq!(verify(&srs.verifying_key, &circuit, transcript, &instance, &proof), Ok(()));
    }
}

#[test]
#[should_panic(expected = "not fixed before α")]
fn a_lookup_of_alpha_is_refused() {
    let mut circuit = Circuit::<Scalar<Bn254>>::new("unsound");
    let (table, witness) = (circuit.public(), circuit.witness());
    circuit.lookup(witness.here() - Expression::Alpha, Vec::new(), table);
}

#[test]
#[should_panic(expected = "not fixed before α")]
fn a_lookup_of_a_running_sum_is_refused() {
    let mut circuit = Circuit::<Scalar<Bn254>>::new("unsound");
    let (table, witness) = (circuit.public(), circuit.witness());
    circuit.lookup(witness.here(), Vec::new(), table);
    let running_sum = circuit.lookups()[0].running_sum;
    circuit.lookup(running_sum.here(), Vec::new(), table);
}

#[test]
#[should_panic(expected = "every column of the circuit, and no other")]
fn an_instance_of_another_circuit_is_refused() {
    let srs = srs::<Bn254>(2);
    let words = Words::commit(&srs, vec![1, 2, 3, 0], 1);
    let proof = words.prove(&srs, words.assignment()).unwrap();
    let mut instance = words.instance(words.total());
    instance.public.push(Vec::new());
    let circuit = square_sum().circuit;
    let _ = verify(&srs.verifying_key, &circuit, &mut words.transcript(14), &instance, &proof);
}

#[test]
#[should_panic(expected = "degree too high")]
fn a_constraint_of_too_high_a_degree_is_refused() {
    type C = Bn254;
    let srs = srs::<C>(3);
    let mut circuit = Circuit::new("quartic");
    let witness = circuit.witness();
    let square = witness.here() * witness.here();
    circuit.constrain(square.clone() * square);
    let (public, given, witness) = (vec![], vec![], vec![vec![]]);
    let assignment = Assignment { public, given, witness, weights: &unweighted };
    let _ = prove(&proving_key(&srs), &circuit, &mut Transcript::new("t"), assignment, &mut rng(1));
}
