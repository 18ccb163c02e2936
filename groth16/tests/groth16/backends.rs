//! With the same randomness every backend gives the same proof. What does not satisfy the circuit, is
//! another's, or was computed wrongly is not released.

use std::io::Cursor;

use pulseproof_formats::elements::Check;
use pulseproof_formats::wtns::Witness;
use pulseproof_formats::zkey;
use pulseproof_groth16::key::ProvingKey;
use pulseproof_groth16::prove::{ProveError, Proved, Stage, prove};
use pulseproof_groth16::setup::develop;
use pulseproof_groth16::verify;
use pulseproof_kernels::cpu::Cpu;
use pulseproof_kernels::gpu::Gpu;
use pulseproof_kernels::gpu::twin::{Fault, TwinDevice};
use pulseproof_kernels::naive::Naive;
use pulseproof_kernels::traits::*;
use pulseproof_kernels::{Bls12_381, Bn254, Curve, Error, Scalar, for_each_curve};
use rand::RngCore;

use crate::circuits::sample;
use crate::proofs::{SHAPE, fixture, load, proof, rng};

fn backends_agree<C: Curve>() {
    let (bytes, witness) = fixture::<C>();
    let expected = proof::<C>(&bytes, &witness, Naive);
    assert_eq!(proof(&bytes, &witness, Cpu::portable()), expected, "the CPU, portable");
    assert_eq!(proof(&bytes, &witness, Cpu::new()), expected, "the CPU");
    assert_eq!(proof(&bytes, &witness, Gpu::new(TwinDevice::small())), expected, "a device");
}

#[test]
fn proofs_are_the_same_on_every_backend() {
    for_each_curve!(backends_agree);
}

#[test]
fn two_proofs_of_one_witness_have_nothing_in_common() {
    let (bytes, witness) = fixture::<Bn254>();
    let key = load::<Bn254>(&bytes, Cpu::new()).unwrap();
    let [first, second] = [6, 7].map(|seed| prove(&key, &witness, &mut rng(seed)).unwrap());
    let (p, q) = (&first.proof, &second.proof);
    assert!(p.a != q.a && p.b != q.b && p.c != q.c);
    assert_eq!(first.public, second.public);
    let steps: Vec<_> = first.stages.iter().map(|(stage, _)| *stage).collect();
    assert_eq!((steps.len(), steps[0], steps[8]), (9, Stage::Rows, Stage::Verify));
}

#[test]
fn a_witness_that_satisfies_nothing_proves_nothing() {
    let (bytes, witness) = fixture::<Bn254>();
    let key = load::<Bn254>(&bytes, Cpu::new()).unwrap();
    let values: Vec<_> = (0..witness.len()).map(|i| witness.value(i).unwrap()).collect();
    for changed in [1, SHAPE.public + 1, values.len() - 1] {
        let mut values = values.clone();
        values[changed] += Scalar::<Bn254>::ONE;
        let wrong = Witness::from_values(&values).unwrap();
        let error = prove(&key, &wrong, &mut rng(8)).unwrap_err();
        assert!(matches!(error, ProveError::Rejected), "signal {changed}: {error}");
    }
    let longer = [values.as_slice(), &values[..1]].concat();
    for values in [&values[..values.len() - 1], &longer] {
        let error = prove(&key, &Witness::from_values(values).unwrap(), &mut rng(8)).unwrap_err();
        assert!(
            matches!(error, ProveError::WitnessLength { expected, .. } if expected == key.signals())
        );
    }
}

#[test]
fn a_proof_is_bound_to_its_public_signals() {
    let (bytes, witness) = fixture::<Bn254>();
    let key = load::<Bn254>(&bytes, Cpu::new()).unwrap();
    let Proved { proof, public, .. } = prove(&key, &witness, &mut rng(9)).unwrap();
    for signal in 0..public.len() {
        let mut other = public.clone();
        other.0[signal] += Scalar::<Bn254>::ONE;
        assert!(verify(key.verifying_key(), &other, &proof).is_err(), "signal {signal}");
    }
}

/// A key whose points are those of another circuit, in part: whatever such a key proves does not verify.
#[test]
fn a_damaged_key_gives_no_proof() {
    let (bytes, witness) = fixture::<Bn254>();
    let (circuit, _) = sample(SHAPE, &mut rng(3));
    let good = develop::<Bn254>(&circuit, &mut rng(4), &mut |_, _| ()).unwrap();
    assert!(load::<Bn254>(&bytes, Cpu::new()).is_ok());
    for section in 0..5 {
        let mut bad = good.clone();
        match section {
            0 => bad.a.rotate_left(1),
            1 => bad.b1.rotate_left(1),
            2 => bad.b2.rotate_left(1),
            3 => bad.c.rotate_left(1),
            _ => bad.h.rotate_left(1),
        }
        let mut bytes = Vec::new();
        zkey::write(&mut bytes, &bad).unwrap();
        let key = load::<Bn254>(&bytes, Cpu::new()).unwrap();
        let error = prove(&key, &witness, &mut rng(5)).unwrap_err();
        assert!(matches!(error, ProveError::Rejected), "section {section}: {error}");
    }
}

#[test]
fn a_full_or_lost_device_says_so() {
    let (bytes, witness) = fixture::<Bn254>();
    let device = TwinDevice::small();
    let key = load::<Bn254>(&bytes, Gpu::new(device.clone())).unwrap();
    device.fail(u64::MAX, Fault::OutOfMemory);
    let expected = prove(&key, &witness, &mut rng(5)).unwrap().proof;
    let steps = device.steps();
    for step in 0..steps.min(80) {
        device.fail(step, Fault::OutOfMemory);
        match prove(&key, &witness, &mut rng(5)) {
            // Some steps can do with less.
            Ok(proved) => assert_eq!(proved.proof, expected, "step {step}"),
            Err(error) => {
                assert!(matches!(error, ProveError::Kernel(Error::OutOfMemory { .. })), "{error}");
            }
        }
        assert_eq!(prove(&key, &witness, &mut rng(5)).unwrap().proof, expected, "after {step}");
    }
    for step in [0, steps / 2, steps - 1] {
        let key = load::<Bn254>(&bytes, Gpu::new(device.clone())).unwrap();
        device.fail(step, Fault::DeviceLost);
        let error = prove(&key, &witness, &mut rng(5)).unwrap_err();
        assert!(matches!(error, ProveError::Kernel(Error::DeviceLost { .. })), "{error}");
        let again = load::<Bn254>(&bytes, Gpu::new(device.clone())).unwrap();
        assert_eq!(prove(&again, &witness, &mut rng(5)).unwrap().proof, expected);
    }
}

/// A point of the curve, in all likelihood outside the subgroup.
pub fn stranger<P: AffineRepr>() -> P {
    let mut rng = rng(10);
    loop {
        let mut bytes = vec![0; P::GENERATOR.serialized_size(Compress::Yes)];
        rng.fill_bytes(&mut bytes);
        match P::deserialize_with_mode(&bytes[..], Compress::Yes, Validate::No) {
            Ok(point) if !point.is_zero() && point.check().is_err() => return point,
            _ => {}
        }
    }
}

#[test]
fn points_outside_the_subgroup_are_refused_by_place() {
    let (circuit, _) = sample(SHAPE, &mut rng(3));
    let good = develop::<Bls12_381>(&circuit, &mut rng(4), &mut |_, _| ()).unwrap();
    for section in ["A", "B1", "B2", "C", "H"] {
        let mut bad = good.clone();
        match section {
            "A" => bad.a[3] = stranger(),
            "B1" => bad.b1[3] = stranger(),
            "B2" => bad.b2[3] = stranger(),
            "C" => bad.c[3] = stranger(),
            _ => bad.h[3] = stranger(),
        }
        let mut bytes = Vec::new();
        zkey::write(&mut bytes, &bad).unwrap();
        let error = load::<Bls12_381>(&bytes, Cpu::new()).err().unwrap().to_string();
        assert!(error.contains('3') && error.contains("subgroup"), "{section}: {error}");
        // Bytes that are known are not looked at that closely.
        let checked = Cursor::new(&bytes);
        let known = ProvingKey::<Bls12_381>::load(Cpu::new(), checked, Check::None, &mut |_, _| ());
        assert!(known.is_ok());
    }
}
