//! Judges at sizes where naive takes too long: arkworks's transforms and multiplications, and Horner's
//! rule.

use ark_ff::PrimeField;
use ark_poly::{EvaluationDomain, Radix2EvaluationDomain};
use pulseproof_kernels::backend::{FieldOps, MsmOps, NttOps};
use pulseproof_kernels::check::progression;
use pulseproof_kernels::cpu::Cpu;
use pulseproof_kernels::field::KernelField;
use pulseproof_kernels::group::Group;
use pulseproof_kernels::msm::ScalarShape;
use pulseproof_kernels::traits::UniformRand;
use pulseproof_kernels::transform::Transform;
use pulseproof_kernels::{field::FieldId, group::GroupId, with_field, with_group};
use rand::SeedableRng;
use rand::rngs::StdRng;

pub fn transforms() {
    for id in FieldId::ALL {
        with_field!(id, F => transforms_over::<F>(&Cpu::new()));
    }
}

fn transforms_over<F: KernelField>(backend: &impl NttOps<F>) {
    let rng = &mut StdRng::seed_from_u64(21);
    for log_size in [9, 12, 13, 16, 17] {
        let domain = Radix2EvaluationDomain::<F>::new(1 << log_size).unwrap();
        for shift in [F::ONE, F::rand(rng)] {
            let rows: Vec<Vec<F>> =
                (0..3).map(|_| (0..1 << log_size).map(|_| F::rand(rng)).collect()).collect();
            let coset = domain.get_coset(shift).unwrap();
            let mut data = backend.upload(&rows.concat()).unwrap();
            let forward = Transform::forward(log_size).on_coset(shift);
            backend.ntt(&forward, &mut data).unwrap();
            let values: Vec<Vec<F>> = rows.iter().map(|row| coset.fft(row)).collect();
            assert!(backend.download(&data).unwrap() == values.concat(), "{} 2^{log_size}", F::ID);
            let mut data = backend.upload(&rows.concat()).unwrap();
            let inverse = Transform::inverse(log_size).on_coset(shift);
            backend.ntt(&inverse, &mut data).unwrap();
            let values: Vec<Vec<F>> = rows.iter().map(|row| coset.ifft(row)).collect();
            assert!(backend.download(&data).unwrap() == values.concat(), "{} 2^-{log_size}", F::ID);
        }
    }
}

pub fn multiplications() {
    for id in GroupId::ALL {
        with_group!(id, G => multiplications_in::<G>(&Cpu::new()));
    }
}

fn multiplications_in<G: Group>(backend: &impl MsmOps<G>) {
    let rng = &mut StdRng::seed_from_u64(22);
    let bits = G::ScalarField::MODULUS_BIT_SIZE;
    for n in [257, 5000, 1 << 13] {
        let points = progression::<G>(n, 22);
        let scalars: Vec<G::ScalarField> = (0..n).map(|_| UniformRand::rand(rng)).collect();
        let words: Vec<u64> =
            scalars.iter().flat_map(|s| s.into_bigint().as_ref().to_vec()).collect();
        let expected = G::msm_unchecked(&points, &scalars).into_affine();
        for levels in [1, 3] {
            let bases = MsmOps::<G>::bases(backend, &points, levels).unwrap();
            let words = backend.upload(&words).unwrap();
            let shape = ScalarShape::unsigned(n, bits);
            let sums: Vec<G> = backend.msm_batch(&bases, &words, shape).unwrap();
            assert_eq!(sums.len(), 1);
            assert_eq!(sums[0].into_affine(), expected, "{}, {n} points, {levels} levels", G::ID);
        }
    }
}

pub fn quotients() {
    for id in FieldId::ALL {
        with_field!(id, F => quotients_over::<F>(&Cpu::new()));
    }
}

fn quotients_over<F: KernelField>(backend: &impl FieldOps<F>) {
    let rng = &mut StdRng::seed_from_u64(23);
    for n in [4097, 3 << 13, 1 << 16] {
        let p: Vec<F> = (0..n).map(|_| F::rand(rng)).collect();
        let x = F::rand(rng);
        // q_j = p_(j+1) + x·q_(j+1).
        let mut quotient = vec![F::ZERO; n - 1];
        let mut carry = F::ZERO;
        for j in (0..n - 1).rev() {
            carry = p[j + 1] + x * carry;
            quotient[j] = carry;
        }
        let p = backend.upload(&p).unwrap();
        let got = backend.download(&backend.divide_out(&p, x).unwrap()).unwrap();
        assert!(got == quotient, "{} {n}", F::ID);
    }
}
