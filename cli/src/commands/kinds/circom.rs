//! Files of circom and snarkjs that are no texts.

use std::fs::File;
use std::io::BufReader;

use pulseproof_formats::ptau::{self, Ptau};
use pulseproof_formats::r1cs::{self, Limits, R1cs};
use pulseproof_formats::wtns::{self, Witness};
use pulseproof_formats::zkey::{self, Zkey};
use pulseproof_formats::{FileKind, FormatError};
use pulseproof_groth16::VerifyingKey;
use pulseproof_groth16::witness::{Circuit, Limits as WitnessLimits};
use pulseproof_kernels::{Scalar, with_curve};
use serde_json::{Value, json};

use super::INSECURE;

/// Most values of a witness that is looked at.
const VALUES_MAX: usize = 1 << 28;
/// How a WebAssembly module begins.
const MODULE: &[u8] = b"\0asm";

type Source = BufReader<File>;
type Facts = Result<Value, FormatError>;

pub(super) fn of_kind(kind: FileKind, file: File) -> Result<Value, String> {
    let mut source = BufReader::new(file);
    let facts = match kind {
        FileKind::Zkey => of_key(&mut source),
        FileKind::R1cs => of_circuit(&mut source),
        FileKind::Wtns => of_witness(&mut source),
        FileKind::Ptau => of_ceremony(&mut source),
    };
    facts.map_err(|error| error.to_string())
}

fn of_key(source: &mut Source) -> Facts {
    let curve = zkey::curve(source)?;
    with_curve!(curve, C => {
        let mut key = Zkey::<C, _>::open(source)?;
        let contributions = key.contributions()?;
        let (_, weakness) = VerifyingKey::<C>::from_zkey(&mut key)?;
        let header = key.header();
        let mut facts = json!({
            "format": "zkey (groth16)",
            "curve": curve.to_string(),
            "signals": header.variables,
            "public": header.public,
            "domain": 1u64 << header.log_size,
            "contributions": contributions,
        });
        if let Some(weakness) = weakness {
            facts[INSECURE] = weakness.to_string().into();
        }
        Ok(facts)
    })
}

fn of_circuit(source: &mut Source) -> Facts {
    let curve = r1cs::curve(source)?;
    with_curve!(curve, C => {
        let circuit = R1cs::<Scalar<C>>::read(source, &Limits::default())?;
        Ok(json!({
            "format": "r1cs",
            "curve": curve.to_string(),
            "constraints": circuit.constraints(),
            "signals": circuit.wires,
            "outputs": circuit.outputs,
            "public inputs": circuit.public_inputs,
            "private inputs": circuit.private_inputs,
        }))
    })
}

fn of_witness(source: &mut Source) -> Facts {
    let curve = wtns::curve(source)?;
    with_curve!(curve, C => {
        let witness = Witness::<Scalar<C>>::read(source, VALUES_MAX)?;
        Ok(json!({ "format": "wtns", "curve": curve.to_string(), "signals": witness.len() }))
    })
}

fn of_ceremony(source: &mut Source) -> Facts {
    let curve = ptau::curve(source)?;
    with_curve!(curve, C => {
        let mut ceremony = Ptau::<C, _>::open(source)?;
        let contributions = ceremony.contributions()?;
        let who = contributions.into_iter().map(|one| one.name.unwrap_or_default());
        Ok(json!({
            "format": "ptau",
            "curve": curve.to_string(),
            "constraints": 1u64 << ceremony.power(),
            "prepared for phase 2": ceremony.is_prepared(),
            "contributions": who.collect::<Vec<_>>(),
        }))
    })
}

/// A module of circom 2, if it is WebAssembly.
pub(super) fn of_module(bytes: &[u8]) -> Option<Result<Value, String>> {
    bytes.starts_with(MODULE).then(|| {
        let circuit = Circuit::compile(bytes, &WitnessLimits::default());
        let circuit = circuit.map_err(|error| error.to_string())?;
        Ok(json!({
            "format": "wasm (circom 2)",
            "curve": circuit.curve().to_string(),
            "signals": circuit.witness_len(),
        }))
    })
}
