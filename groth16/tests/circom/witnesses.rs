//! Witnesses: ours, bit for bit those of snarkjs; and inputs that a circuit refuses.

use pulseproof_groth16::witness::{Circuit, Limits, WORDS, WitnessError, Words};
use pulseproof_kernels::CurveId;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::inputs;
use crate::tools::{Compiled, Outcome, Tools};

/// Bytes of a witness file before its values, and of the count in it.
const HEAD: usize = 76;
const COUNT: std::ops::Range<usize> = 60..64;

pub fn circuit(compiled: &Compiled) -> Outcome<Circuit> {
    let wasm = std::fs::read(&compiled.wasm).map_err(|error| error.to_string())?;
    let circuit = Circuit::compile(&wasm, &Limits::default()).map_err(|e| e.to_string())?;
    assert_eq!(circuit.curve(), compiled.curve);
    Ok(circuit)
}

/// The values of a file, as it holds them: little-endian.
fn bytes(words: &Words) -> Vec<u8> {
    words.as_slice().iter().flat_map(|word| word.to_le_bytes()).collect()
}

/// For edges and random inputs, snarkjs's witness and ours are the same.
pub fn agree(tools: &Tools, name: &'static str, curve: CurveId) -> Outcome<()> {
    let compiled = tools.compile(name, curve)?;
    let circuit = circuit(&compiled)?;
    for seed in 0..2 {
        let inputs = inputs::of(tools, name, seed)?;
        let theirs = tools.witness(&compiled, &inputs, &format!("agree{seed}"))?;
        let theirs = std::fs::read(theirs).map_err(|error| error.to_string())?;
        let ours = circuit.witness(&inputs).map_err(|error| error.to_string())?;
        assert_eq!(ours.count(), circuit.witness_len());
        let count = u32::try_from(ours.count()).map_err(|error| error.to_string())?;
        assert_eq!(theirs[COUNT], count.to_le_bytes());
        assert_eq!(theirs[HEAD..], bytes(&ours), "{name}, seed {seed}");
        match name {
            "sha256" => check_sha256(&inputs, &ours),
            "eddsa" => check_forged(&circuit, &inputs),
            _ => {}
        }
    }
    if name == "sha256" { limited(&compiled, &inputs::of(tools, name, 1)?) } else { Ok(()) }
}

/// Outputs come first in a witness, after the constant one.
fn check_sha256(inputs: &Value, words: &Words) {
    let bits = inputs["in"].as_array().unwrap();
    let bits: Vec<u64> = bits.iter().map(|bit| bit.as_u64().unwrap()).collect();
    let byte = |bits: &[u64]| bits.iter().fold(0u8, |byte, bit| byte << 1 | u8::from(*bit == 1));
    let digest = Sha256::digest(bits.chunks(8).map(byte).collect::<Vec<u8>>());
    let output: Vec<u64> = words.as_slice().chunks(WORDS).skip(1).take(256).map(|w| w[0]).collect();
    let output: Vec<u8> = output.chunks(8).map(byte).collect();
    assert_eq!(output, digest.as_slice());
}

/// Inputs with something wrong, and the circuit's own words for it.
pub fn refused(tools: &Tools) -> Outcome<()> {
    let range = circuit(&tools.compile("range", CurveId::Bn254)?)?;
    let refusal = |inputs: Value| range.witness(&inputs).unwrap_err();
    let fails = refusal(json!({"x": "18446744073709551616", "y": 0}));
    match &fails {
        WitnessError::Circuit { reason: "a check fails", message } => {
            assert!(message.contains("Num2Bits") && message.contains("line"), "{message}");
        }
        other => panic!("{other:?}"),
    }
    assert!(!fails.to_string().contains("18446744073709551616"));
    let unknown = WitnessError::UnknownSignal("z".to_owned());
    assert_eq!(refusal(json!({"x": 1, "z": 2})), unknown);
    assert_eq!(refusal(json!({"x": 1})), WitnessError::MissingInputs { got: 1, expected: 2 });
    let count = |got| WitnessError::Count { signal: "x".to_owned(), got, expected: 1 };
    assert_eq!(refusal(json!({"x": [1, 2], "y": 0})), count(2));
    assert_eq!(refusal(json!({"x": [], "y": 0})), count(0));
    // The same circuit goes on as before.
    range.witness(&json!({"x": 1, "y": 2})).map(drop).map_err(|error| error.to_string())
}

/// Signatures that are none.
fn check_forged(circuit: &Circuit, signed: &Value) {
    for field in ["s", "message"] {
        let mut forged = signed.clone();
        forged[field] = json!("12345");
        let refused = circuit.witness(&forged).unwrap_err();
        assert!(
            matches!(refused, WitnessError::Circuit { reason: "a check fails", .. }),
            "{field}"
        );
    }
}

/// A circuit of real size against limits that it passes.
fn limited(compiled: &Compiled, inputs: &Value) -> Outcome<()> {
    let wasm = std::fs::read(&compiled.wasm).map_err(|error| error.to_string())?;
    let little = Limits { memory_bytes: 64 << 10, ..Limits::default() };
    assert!(matches!(Circuit::compile(&wasm, &little), Err(WitnessError::Memory { .. })));
    let time = std::time::Duration::ZERO;
    // What is asked so little that it is done before the clock is first read may compile.
    if let Ok(short) = Circuit::compile(&wasm, &Limits { time, ..Limits::default() }) {
        assert_eq!(short.witness(inputs).unwrap_err(), WitnessError::Time(time));
    }
    Ok(())
}

/// The fields of buses, alone and in arrays.
pub fn buses(tools: &Tools) -> Outcome<()> {
    let circuit = circuit(&tools.compile("bus", CurveId::Bn254)?)?;
    let point = |x: u64, y: [u64; 2]| json!({"x": x, "y": y});
    let inputs = json!({"p": point(2, [3, 4]), "list": [point(5, [0, 0]), point(0, [0, 6])]});
    let words = circuit.witness(&inputs).map_err(|error| error.to_string())?;
    assert_eq!(words.as_slice()[WORDS], 2 * 3 + 4 + 10 * 5 + 100 * 6);
    let missing = json!({"p": point(2, [3, 4]), "list": [point(5, [0, 0])]});
    let expected = WitnessError::MissingInputs { got: 6, expected: 9 };
    assert_eq!(circuit.witness(&missing).unwrap_err(), expected);
    Ok(())
}
