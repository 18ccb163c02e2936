//! Verification against arkworks' Groth16, with forged, mutated and replayed proofs, alone and in batches.

use ark_groth16::{Groth16, Proof as ArkProof, ProvingKey, VerifyingKey as ArkVerifyingKey};
use ark_relations::gr1cs::{
    ConstraintSynthesizer, ConstraintSystemRef, LinearCombination, SynthesisError,
};
use ark_snark::SNARK;
use pulseproof_groth16::{
    BatchError, PreparedVerifyingKey, Proof, PublicInputs, VerifyError, VerifyingKey, verify,
    verify_batch,
};
use pulseproof_kernels::traits::*;
use pulseproof_kernels::{Curve, G1, Scalar, for_each_curve};
use rand::rngs::StdRng;
use rand::{CryptoRng, Rng, RngCore, SeedableRng};

/// xᵢ² = yᵢ for public yᵢ and secret xᵢ.
#[derive(Clone)]
struct Squares<F>(Vec<F>);

impl<F: PrimeField> ConstraintSynthesizer<F> for Squares<F> {
    fn generate_constraints(self, system: ConstraintSystemRef<F>) -> Result<(), SynthesisError> {
        for x in self.0 {
            let y = system.new_input_variable(|| Ok(x.square()))?;
            let x = system.new_witness_variable(|| Ok(x))?;
            let lc = |v| move || LinearCombination::from(v);
            system.enforce_r1cs_constraint(lc(x), lc(x), lc(y))?;
        }
        Ok(())
    }
}

fn key_of<C: Curve>(key: &ArkVerifyingKey<C>) -> VerifyingKey<C> {
    VerifyingKey {
        alpha_g1: key.alpha_g1,
        beta_g2: key.beta_g2,
        gamma_g2: key.gamma_g2,
        delta_g2: key.delta_g2,
        ic: key.gamma_abc_g1.clone(),
    }
}

/// A circuit with `inputs` public inputs, and proofs of it by arkworks.
struct Setting<C: Curve> {
    proving: ProvingKey<C>,
    key: PreparedVerifyingKey<C>,
    rng: StdRng,
}

impl<C: Curve> Setting<C> {
    fn new(inputs: usize) -> Self {
        let mut rng = StdRng::seed_from_u64(inputs as u64);
        let circuit = Squares(vec![Scalar::<C>::ONE; inputs]);
        let (proving, verifying) = Groth16::<C>::circuit_specific_setup(circuit, &mut rng).unwrap();
        let key = PreparedVerifyingKey::new(key_of(&verifying));
        Self { proving, key, rng }
    }

    fn prove(&mut self) -> (PublicInputs<C>, Proof<C>) {
        let roots: Vec<_> =
            (0..self.key.key().public_inputs()).map(|_| Scalar::<C>::rand(&mut self.rng)).collect();
        let inputs = PublicInputs(roots.iter().map(Field::square).collect());
        let circuit = Squares(roots);
        let ArkProof { a, b, c } =
            Groth16::<C>::prove(&self.proving, circuit, &mut self.rng).unwrap();
        (inputs, Proof { a, b, c })
    }

    /// What arkworks' own verifier says.
    fn oracle(&self, inputs: &PublicInputs<C>, proof: &Proof<C>) -> bool {
        let proof = ArkProof { a: proof.a, b: proof.b, c: proof.c };
        Groth16::<C>::verify(&self.proving.vk, &inputs.0, &proof).unwrap()
    }

    /// What ours says, alone and as a batch of one.
    fn ours(&mut self, inputs: &PublicInputs<C>, proof: &Proof<C>) -> bool {
        let alone = verify(&self.key, inputs, proof);
        let batch = verify_batch(&self.key, &[(inputs.clone(), *proof)], &mut self.rng);
        assert_eq!(alone.is_ok(), batch.is_ok());
        if alone.is_err() {
            assert_eq!(alone, Err(VerifyError::Invalid));
            assert_eq!(batch, Err(BatchError::Invalid(vec![0])));
        }
        alone.is_ok()
    }

    /// Both, which must agree.
    fn verdict(&mut self, inputs: &PublicInputs<C>, proof: &Proof<C>) -> bool {
        let verdict = self.ours(inputs, proof);
        assert_eq!(verdict, self.oracle(inputs, proof));
        verdict
    }
}

fn negated<P: AffineRepr>(point: P) -> P {
    (-point.into_group()).into_affine()
}

fn tripled<P: AffineRepr>(point: P) -> P {
    (point.into_group().double() + point).into_affine()
}

#[test]
fn proofs_of_arkworks_verify() {
    fn test<C: Curve>() {
        for inputs in [1, 2, 70] {
            let mut setting = Setting::<C>::new(inputs);
            let (inputs, proof) = setting.prove();
            assert!(setting.verdict(&inputs, &proof));
        }
    }
    for_each_curve!(test);
}

#[test]
fn what_our_reader_read_verifies_with_arkworks() {
    fn test<C: Curve>() {
        let mut setting = Setting::<C>::new(2);
        let (inputs, proof) = setting.prove();
        let inputs = PublicInputs::<C>::from_json(inputs.to_json().as_bytes()).unwrap();
        let proof = Proof::<C>::from_json(proof.to_json().as_bytes()).unwrap();
        let key = VerifyingKey::<C>::from_json(setting.key.key().to_json().as_bytes()).unwrap();
        assert_eq!(&key, setting.key.key());
        assert!(setting.oracle(&inputs, &proof));
    }
    for_each_curve!(test);
}

#[test]
fn mutated_and_replayed_proofs_are_refused() {
    fn test<C: Curve>() {
        let mut setting = Setting::<C>::new(3);
        let (inputs, proof) = setting.prove();
        let (other_inputs, other) = setting.prove();
        assert!(!setting.verdict(&other_inputs, &proof), "replayed with other inputs");
        let mutations = [
            Proof { a: negated(proof.a), ..proof },
            Proof { b: negated(proof.b), ..proof },
            Proof { c: negated(proof.c), ..proof },
            Proof { a: other.a, ..proof },
            Proof { b: other.b, ..proof },
            Proof { c: other.c, ..proof },
            Proof { a: AffineRepr::zero(), ..proof },
            Proof { b: AffineRepr::zero(), ..proof },
            Proof { c: AffineRepr::zero(), ..proof },
            Proof { a: proof.c, c: proof.a, ..proof },
            Proof { a: AffineRepr::zero(), b: AffineRepr::zero(), c: AffineRepr::zero() },
        ];
        for (index, mutation) in mutations.iter().enumerate() {
            assert!(!setting.verdict(&inputs, mutation), "mutation {index}");
        }
        for index in 0..inputs.len() {
            let mut mutated = inputs.clone();
            mutated.0[index] += Scalar::<C>::ONE;
            assert!(!setting.verdict(&mutated, &proof), "input {index}");
        }
        // Anybody can make another proof of the same statement: A/3, 3B.
        let third = Scalar::<C>::from(3u64).inverse().unwrap();
        let again = Proof { a: (proof.a * third).into_affine(), b: tripled(proof.b), c: proof.c };
        assert!(setting.verdict(&inputs, &again));
    }
    for_each_curve!(test);
}

#[test]
fn forgeries_from_the_key_alone_are_refused() {
    fn test<C: Curve>() {
        let mut setting = Setting::<C>::new(1);
        let (inputs, _) = setting.prove();
        let key = setting.key.key().clone();
        let x = (key.ic[1] * inputs.0[0] + key.ic[0]).into_affine();
        let forgeries = [
            Proof { a: key.alpha_g1, b: key.beta_g2, c: AffineRepr::zero() },
            Proof { a: key.alpha_g1, b: key.beta_g2, c: negated(x) },
            Proof { a: x, b: key.gamma_g2, c: key.alpha_g1 },
            Proof { a: x, b: key.delta_g2, c: x },
        ];
        for forgery in &forgeries {
            assert!(!setting.verdict(&inputs, forgery));
        }
        // The second is right where X is nothing but C's negative, under a key with γ = δ.
        let weak = VerifyingKey { gamma_g2: key.delta_g2, ..key };
        let weak = PreparedVerifyingKey::new(weak);
        assert_eq!(verify(&weak, &inputs, &forgeries[1]), Ok(()));
    }
    for_each_curve!(test);
}

#[test]
fn a_wrong_number_of_inputs_is_named() {
    fn test<C: Curve>() {
        let mut setting = Setting::<C>::new(2);
        let (inputs, proof) = setting.prove();
        for got in [0, 1, 3] {
            let mut wrong = inputs.clone();
            wrong.0.resize(got, Scalar::<C>::ZERO);
            let expected = VerifyError::Inputs { got, expected: 2 };
            assert_eq!(verify(&setting.key, &wrong, &proof), Err(expected));
            let batch = [(inputs.clone(), proof), (wrong, proof)];
            let expected = BatchError::Inputs { index: 1, got, expected: 2 };
            assert_eq!(verify_batch(&setting.key, &batch, &mut setting.rng), Err(expected));
        }
    }
    for_each_curve!(test);
}

#[test]
fn bad_proofs_are_found_in_batches() {
    fn test<C: Curve>() {
        let mut setting = Setting::<C>::new(2);
        assert_eq!(verify_batch(&setting.key, &[], &mut setting.rng), Ok(()));
        let good: Vec<_> = (0..9).map(|_| setting.prove()).collect();
        assert_eq!(verify_batch(&setting.key, &good, &mut setting.rng), Ok(()));
        let subsets: [&[usize]; 5] =
            [&[0], &[8], &[3, 4], &[0, 2, 7], &[0, 1, 2, 3, 4, 5, 6, 7, 8]];
        for bad in subsets {
            let mut batch = good.clone();
            for &index in bad {
                let input = setting.rng.gen_range(0..2);
                batch[index].0.0[input] += Scalar::<C>::ONE;
            }
            let expected = BatchError::Invalid(bad.to_vec());
            assert_eq!(verify_batch(&setting.key, &batch, &mut setting.rng), Err(expected));
        }
    }
    for_each_curve!(test);
}

/// A source of numbers that are all the same.
struct Constant;

impl RngCore for Constant {
    fn next_u32(&mut self) -> u32 {
        7
    }

    fn next_u64(&mut self) -> u64 {
        7
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        bytes.fill(7);
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), rand::Error> {
        self.fill_bytes(bytes);
        Ok(())
    }
}

impl CryptoRng for Constant {}

#[test]
fn errors_that_cancel_with_equal_weights_do_not_with_random_ones() {
    fn test<C: Curve>() {
        let mut setting = Setting::<C>::new(1);
        let mut batch = [setting.prove(), setting.prove()];
        let error = G1::<C>::rand(&mut setting.rng);
        batch[0].1.c = (error + batch[0].1.c).into_affine();
        batch[1].1.c = (-error + batch[1].1.c).into_affine();
        // The canary: with equal weights the batch passes, so it is the weights that stop it below.
        assert_eq!(verify_batch(&setting.key, &batch, &mut Constant), Ok(()));
        let expected = BatchError::Invalid(vec![0, 1]);
        assert_eq!(verify_batch(&setting.key, &batch, &mut setting.rng), Err(expected));
    }
    for_each_curve!(test);
}
