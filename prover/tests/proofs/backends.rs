//! With the same randomness every backend gives the same proof, byte for byte, and a device that is
//! lost costs one proof.

use std::sync::Arc;

use pulseproof_kernels::backend::AnyBackend;
use pulseproof_kernels::cpu::Cpu;
use pulseproof_kernels::gpu::Gpu;
use pulseproof_kernels::gpu::twin::{Fault, TwinDevice};
use pulseproof_kernels::naive::Naive;
use pulseproof_kernels::{Bls12_381, Bn254, Curve, Error};
use pulseproof_prover::commitment::{Blinders, CommitmentKey, Opening};
use pulseproof_prover::engine::prove::{ProveError as EngineError, ProvingKey};
use pulseproof_prover::srs::Srs;
use pulseproof_prover::wsa::modular::{ProveError, prove, verify};
use rand::RngCore;

use crate::common::{rng, srs};

/// The bytes of a proof about three vectors, all randomness fixed.
fn proof<C: Curve>(key: &ProvingKey<C>) -> Result<Vec<u8>, ProveError> {
    let rng = &mut rng(11);
    let commitment_key = CommitmentKey::new(key.srs());
    let vectors: Vec<_> = (0..3)
        .map(|_| {
            let words: Vec<u64> = (0..key.srs().size()).map(|_| rng.next_u64()).collect();
            let blinders = Blinders::random(rng);
            (commitment_key.commit(&words, &blinders), words, blinders)
        })
        .collect();
    let openings: Vec<_> = vectors
        .iter()
        .map(|(commitment, words, blinders)| Opening { commitment: *commitment, words, blinders })
        .collect();
    let (statement, proof) = prove(key, &openings, &[1, 2, 5], b"context", rng)?;
    assert_eq!(verify(&key.srs().verifying_key, &statement, &proof), Ok(()));
    Ok(proof.to_bytes())
}

fn proof_on<C: Curve>(srs: &Srs<C>, backend: impl Into<AnyBackend>) -> Vec<u8> {
    proof(&ProvingKey::new(backend, Arc::new(srs.clone())).unwrap()).unwrap()
}

fn backends_agree<C: Curve>() {
    let srs = srs::<C>(5);
    let expected = proof_on(&srs, Naive);
    assert_eq!(proof_on(&srs, Cpu::portable()), expected, "the CPU, portable");
    assert_eq!(proof_on(&srs, Cpu::new()), expected, "the CPU");
    assert_eq!(proof_on(&srs, Gpu::new(TwinDevice::small())), expected, "a device");
}

#[test]
fn proofs_are_the_same_on_every_backend() {
    backends_agree::<Bls12_381>();
    backends_agree::<Bn254>();
}

#[test]
fn a_lost_device_costs_one_proof() {
    let srs = srs::<Bn254>(3);
    let expected = proof_on(&srs, Cpu::new());
    let device = TwinDevice::small();
    let key = ProvingKey::new(Gpu::new(device.clone()), Arc::new(srs)).unwrap();
    device.fail(u64::MAX, Fault::DeviceLost);
    proof(&key).unwrap();
    let steps = device.steps();
    for step in (0..20).map(|part| part * steps / 20) {
        device.fail(step, Fault::DeviceLost);
        let error = proof(&key).unwrap_err();
        assert!(error.to_string().contains("device lost"), "step {step} of {steps}: {error}");
        assert_eq!(proof(&key).unwrap(), expected, "after step {step} of {steps}");
    }
}

#[test]
fn a_full_device_refuses_and_goes_on() {
    let srs = srs::<Bn254>(3);
    let expected = proof_on(&srs, Cpu::new());
    let device = TwinDevice::small();
    let key = ProvingKey::new(Gpu::new(device.clone()), Arc::new(srs)).unwrap();
    device.fail(40, Fault::OutOfMemory);
    let error = proof(&key).unwrap_err();
    assert!(matches!(
        error,
        ProveError::Kernel(Error::OutOfMemory { .. })
            | ProveError::Engine(EngineError::Kernel(Error::OutOfMemory { .. }))
    ));
    assert_eq!(proof(&key).unwrap(), expected);
}
