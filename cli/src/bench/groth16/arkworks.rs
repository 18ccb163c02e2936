//! ark-groth16 on the circuit of a bench: matrices and assignment are ready, as our key's are.

use ark_groth16::r1cs_to_qap::LibsnarkReduction;
use ark_groth16::{Groth16, ProvingKey, prepare_verifying_key};
use ark_relations::gr1cs::{
    ConstraintSynthesizer, ConstraintSystemRef, LinearCombination, Matrix as ArkMatrix,
    Result as Synthesis, SynthesisError, Variable,
};
use pulseproof_formats::r1cs::{Matrix, R1cs};
use pulseproof_kernels::traits::*;
use pulseproof_kernels::{Curve, Error, Scalar};
use rand::rngs::OsRng;

use super::{BenchError, Fixture, Subject, lost};

type Ark<C> = Groth16<C, LibsnarkReduction>;

/// The circuit, without values: all that a setup looks at.
struct Synthesizer<'a, F: PrimeField>(&'a R1cs<F>);

impl<F: PrimeField> ConstraintSynthesizer<F> for Synthesizer<'_, F> {
    fn generate_constraints(self, cs: ConstraintSystemRef<F>) -> Synthesis<()> {
        let Self(circuit) = self;
        let missing = || Err(SynthesisError::AssignmentMissing);
        let mut variables = vec![Variable::One];
        for signal in 1..circuit.wires {
            variables.push(if signal <= circuit.public() {
                cs.new_input_variable(missing)?
            } else {
                cs.new_witness_variable(missing)?
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

pub(super) fn subject<C: Curve>(fixture: &Fixture<C>) -> Result<Subject<'_>, BenchError> {
    let circuit = &fixture.circuit;
    let failed = |error: SynthesisError| BenchError::Kernel(lost("ark-groth16", &error));
    let key: ProvingKey<C> =
        Ark::<C>::generate_random_parameters_with_reduction(Synthesizer(circuit), &mut OsRng)
            .map_err(failed)?;
    let matrices = [&circuit.a, &circuit.b, &circuit.c].map(converted);
    let (constraints, inputs) = (circuit.constraints(), circuit.public() + 1);
    let values: Vec<Scalar<C>> =
        (0..fixture.witness.len()).filter_map(|i| fixture.witness.value(i)).collect();
    let prove = move || {
        let (r, s) = (Scalar::<C>::rand(&mut OsRng), Scalar::<C>::rand(&mut OsRng));
        let proof = Ark::<C>::create_proof_with_reduction_and_matrices(
            &key,
            r,
            s,
            &matrices,
            inputs,
            constraints,
            &values,
        );
        proof.map(|proof| {
            let prepared = prepare_verifying_key(&key.vk);
            (proof, prepared, values[1..inputs].to_vec())
        })
    };
    let (proof, prepared, public) = prove().map_err(failed)?;
    match Ark::<C>::verify_proof(&prepared, &proof, &public) {
        Ok(true) => {}
        _ => return Err(BenchError::Wrong { subject: "ark-groth16".to_owned() }),
    }
    Ok(Subject::peer("ark-groth16", move || {
        prove().map(drop).map_err(|error| -> Error { lost("ark-groth16", &error) })
    }))
}

fn converted<F: PrimeField>(matrix: &Matrix<F>) -> ArkMatrix<F> {
    let row = |row| {
        let (signals, coefficients) = matrix.row(row);
        coefficients.iter().copied().zip(signals.iter().map(|signal| *signal as usize)).collect()
    };
    (0..matrix.rows()).map(row).collect()
}
