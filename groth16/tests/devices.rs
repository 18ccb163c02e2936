//! Devices give the CPU's proofs, with the same randomness. wgpu may compute in software here.
//!
//! Tests on devices that are not there are ignored, unless `PULSEPROOF_REQUIRE_BACKEND=cuda` or `wgpu` (or
//! both, with a comma) asks for them: then they fail.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

#[path = "groth16/circuits.rs"]
mod circuits;
#[path = "groth16/proofs.rs"]
mod proofs;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};
use pulseproof_kernels::backend::{AnyBackend, Backend, BackendKind};
use pulseproof_kernels::cpu::Cpu;
use pulseproof_kernels::select::{Choice, open, open_software};
use pulseproof_kernels::{Bls12_381, Bn254, Curve, Error};

use crate::proofs::{fixture, proof};

/// A device, and how it is opened.
type Device = (BackendKind, fn() -> Result<AnyBackend, Error>);

const DEVICES: [Device; 2] = [
    (BackendKind::Wgpu, open_software),
    (BackendKind::Cuda, || open(Choice::Only(BackendKind::Cuda))),
];

fn agree<C: Curve>((kind, open): Device) -> Result<(), Failed> {
    let (bytes, witness) = fixture::<C>();
    let expected = proof::<C>(&bytes, &witness, Cpu::new());
    let backend = open()?;
    assert_eq!(backend.kind(), kind);
    assert_eq!(proof(&bytes, &witness, backend), expected);
    Ok(())
}

/// Whether the device is not there, and nobody insists on it.
fn is_ignored((kind, open): Device) -> bool {
    let Err(error) = open() else { return false };
    let required = std::env::var("PULSEPROOF_REQUIRE_BACKEND").unwrap_or_default();
    let ignored = !required.split(',').any(|name| name == kind.to_string());
    if ignored {
        eprintln!("IGNORED: all tests on {kind}: {error}");
    }
    ignored
}

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let mut trials = Vec::new();
    for device in DEVICES {
        let ignored = is_ignored(device);
        let mut add = |curve: &str, agree: fn(Device) -> Result<(), Failed>| {
            let trial = Trial::test(format!("{}::{curve}", device.0), move || agree(device));
            trials.push(trial.with_ignored_flag(ignored));
        };
        add("bls12-381", agree::<Bls12_381>);
        add("bn254", agree::<Bn254>);
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}
