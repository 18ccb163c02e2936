//! ark-groth16 as oracle: its key, written as a `.zkey` and read back, gives the same proofs under the same
//! randomness, bit for bit; and each verifies what the other proves.

use std::io::Cursor;

use ark_groth16::r1cs_to_qap::LibsnarkReduction;
use ark_groth16::{Groth16, prepare_verifying_key};
use ark_relations::gr1cs::{
    ConstraintSynthesizer, ConstraintSystemRef, LinearCombination, Result as Synthesis, Variable,
};
use pulseproof_formats::elements::Check;
use pulseproof_formats::r1cs::{Matrix, R1cs};
use pulseproof_formats::wtns::Witness;
use pulseproof_formats::zkey::{self, Coefficient, Contents, Header};
use pulseproof_groth16::domain::Domain;
use pulseproof_groth16::key::ProvingKey;
use pulseproof_groth16::prove::prove;
use pulseproof_groth16::setup::develop;
use pulseproof_groth16::verify::{PreparedVerifyingKey, verify};
use pulseproof_groth16::{Proof, VerifyingKey};
use pulseproof_kernels::cpu::Cpu;
use pulseproof_kernels::traits::*;
use pulseproof_kernels::{Curve, Scalar, for_each_curve};
use rand::SeedableRng;
use rand::rngs::StdRng;

use crate::circuits::{Shape, sample};

type Ark<C> = Groth16<C, LibsnarkReduction>;

const SHAPES: [Shape; 4] = [
    Shape { constraints: 1, public: 0, idle: 0 },
    Shape { constraints: 5, public: 1, idle: 2 },
    Shape { constraints: 60, public: 3, idle: 1 },
    // One row less than a domain, and one more.
    Shape { constraints: 90, public: 38, idle: 0 },
];

/// A circuit in arkworks's terms.
struct Synthesizer<'a, F: PrimeField>(&'a R1cs<F>, &'a Witness<F>);

impl<F: PrimeField> ConstraintSynthesizer<F> for Synthesizer<'_, F> {
    fn generate_constraints(self, cs: ConstraintSystemRef<F>) -> Synthesis<()> {
        let Self(circuit, witness) = self;
        let mut variables = vec![Variable::One];
        for signal in 1..circuit.wires {
            let value = || Ok(witness.value(signal).unwrap());
            variables.push(if signal <= circuit.public() {
                cs.new_input_variable(value)?
            } else {
                cs.new_witness_variable(value)?
            });
        }
        for row in 0..circuit.constraints() {
            let sum = |matrix: &Matrix<F>| {
                let (signals, coefficients) = matrix.row(row);
                let variables = signals.iter().map(|signal| variables[*signal as usize]);
                LinearCombination(coefficients.iter().copied().zip(variables).collect())
            };
            let (a, b, c) = (sum(&circuit.a), sum(&circuit.b), sum(&circuit.c));
            cs.enforce_r1cs_constraint(|| a, || b, || c)?;
        }
        Ok(())
    }
}

fn ark_key<C: Curve>(
    circuit: &R1cs<Scalar<C>>,
    witness: &Witness<Scalar<C>>,
    rng: &mut StdRng,
) -> ark_groth16::ProvingKey<C> {
    let mut secret = || Scalar::<C>::rand(rng);
    let (alpha, beta, delta) = (secret(), secret(), secret());
    let (g1, g2) = (C::G1::generator(), C::G2::generator());
    let one = Scalar::<C>::ONE;
    let circuit = Synthesizer(circuit, witness);
    Ark::<C>::generate_parameters_with_qap(circuit, alpha, beta, one, delta, g1, g2, rng).unwrap()
}

/// The key in snarkjs's form. arkworks has powers τ^i·Z(τ)/δ of the quotient; the points of H are those of
/// the values on odd powers, on which Z is −2: interpolated, with no power N − 1, which quotients lack.
fn converted<C: Curve>(circuit: &R1cs<Scalar<C>>, key: &ark_groth16::ProvingKey<C>) -> Contents<C> {
    let rows = circuit.constraints() + circuit.public() + 1;
    let domain = Domain::<Scalar<C>>::new(rows.next_power_of_two().ilog2()).unwrap();
    let n = domain.size();
    let mut powers: Vec<C::G1> = key.h_query.iter().map(|p| p.into_group()).collect();
    powers.resize(n, C::G1::zero());
    let minus_half = -Scalar::<C>::from(2u64).inverse().unwrap();
    let h: Vec<C::G1> = (0..n)
        .map(|i| {
            // Σ_k (x_i)^(−k)·h_k / N is the point of the polynomial that is 1 at x_i.
            let inverse = domain.root().pow([2 * i as u64 + 1]).inverse().unwrap();
            let mut power = minus_half * Scalar::<C>::from(n as u64).inverse().unwrap();
            let mut sum = C::G1::zero();
            for point in &powers {
                sum += *point * power;
                power *= inverse;
            }
            sum
        })
        .collect();
    Contents {
        header: Header {
            variables: circuit.wires,
            public: circuit.public(),
            log_size: domain.log_size(),
            alpha_g1: key.vk.alpha_g1,
            beta_g1: key.beta_g1,
            beta_g2: key.vk.beta_g2,
            gamma_g2: key.vk.gamma_g2,
            delta_g1: key.delta_g1,
            delta_g2: key.vk.delta_g2,
        },
        ic: key.vk.gamma_abc_g1.clone(),
        coefficients: coefficients::<C>(circuit, &domain),
        a: key.a_query.clone(),
        b1: key.b_g1_query.clone(),
        b2: key.b_g2_query.clone(),
        c: key.l_query.clone(),
        h: C::G1::normalize_batch(&h),
        circuit_hash: [0; 64],
        contributions: Vec::new(),
    }
}

/// Row i belongs to the i-th power of arkworks's root there, which may be another of snarkjs's.
fn coefficients<C: Curve>(
    circuit: &R1cs<Scalar<C>>,
    domain: &Domain<Scalar<C>>,
) -> Vec<Coefficient<Scalar<C>>> {
    let mut rows = vec![0; domain.size()];
    for row in 0..domain.size() {
        rows[domain.power(row)] = u32::try_from(row).unwrap();
    }
    // The only thing that is the same in every key.
    let key = develop::<C>(circuit, &mut StdRng::seed_from_u64(1), &mut |_, _| ()).unwrap();
    let moved = |c: Coefficient<_>| Coefficient { constraint: rows[c.constraint as usize], ..c };
    key.coefficients.into_iter().map(moved).collect()
}

fn loaded<C: Curve>(contents: &Contents<C>) -> ProvingKey<C> {
    let mut bytes = Vec::new();
    zkey::write(&mut bytes, contents).unwrap();
    ProvingKey::load(Cpu::new(), Cursor::new(bytes), Check::Full, &mut |_, _| ()).unwrap()
}

fn same_proofs<C: Curve>() {
    for (seed, shape) in (7..).zip(SHAPES) {
        let mut rng = StdRng::seed_from_u64(seed);
        let (circuit, witness) = sample::<Scalar<C>>(shape, &mut rng);
        let key = ark_key::<C>(&circuit, &witness, &mut rng);
        let ours = loaded(&converted(&circuit, &key));
        let proved = prove(&ours, &witness, &mut StdRng::seed_from_u64(99)).unwrap();
        let mut again = StdRng::seed_from_u64(99);
        let (r, s) = (Scalar::<C>::rand(&mut again), Scalar::<C>::rand(&mut again));
        let synthesizer = Synthesizer(&circuit, &witness);
        let theirs = Ark::<C>::create_proof_with_reduction(synthesizer, &key, r, s).unwrap();
        assert_eq!(proved.proof.a, theirs.a, "{shape:?}");
        assert_eq!(proved.proof.b, theirs.b);
        assert_eq!(proved.proof.c, theirs.c);
    }
}

#[test]
fn the_same_randomness_gives_the_same_proofs() {
    for_each_curve!(same_proofs);
}

fn crosswise<C: Curve>() {
    for (seed, shape) in (70..).zip(SHAPES) {
        let mut rng = StdRng::seed_from_u64(seed);
        let (circuit, witness) = sample::<Scalar<C>>(shape, &mut rng);
        let contents = develop::<C>(&circuit, &mut rng, &mut |_, _| ()).unwrap();
        let header = &contents.header;
        let theirs = prepare_verifying_key(&ark_groth16::VerifyingKey::<C> {
            alpha_g1: header.alpha_g1,
            beta_g2: header.beta_g2,
            gamma_g2: header.gamma_g2,
            delta_g2: header.delta_g2,
            gamma_abc_g1: contents.ic.clone(),
        });
        let proved = prove(&loaded(&contents), &witness, &mut rng).unwrap();
        let Proof { a, b, c } = proved.proof;
        let proof = ark_groth16::Proof { a, b, c };
        assert!(Ark::<C>::verify_proof(&theirs, &proof, &proved.public.0).unwrap());

        let key = ark_key::<C>(&circuit, &witness, &mut rng);
        let synthesizer = Synthesizer(&circuit, &witness);
        let proof =
            Ark::<C>::create_random_proof_with_reduction(synthesizer, &key, &mut rng).unwrap();
        let vk = &key.vk;
        let ours = PreparedVerifyingKey::new(VerifyingKey::<C> {
            alpha_g1: vk.alpha_g1,
            beta_g2: vk.beta_g2,
            gamma_g2: vk.gamma_g2,
            delta_g2: vk.delta_g2,
            ic: vk.gamma_abc_g1.clone(),
        });
        let proof = Proof { a: proof.a, b: proof.b, c: proof.c };
        assert!(verify(&ours, &proved.public, &proof).is_ok());
    }
}

#[test]
fn each_verifies_the_others_proofs() {
    for_each_curve!(crosswise);
}
