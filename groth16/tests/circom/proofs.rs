//! Proofs: whoever makes them, everybody's verifiers say the same of them. Ours, alone and in batches;
//! snarkjs's; both contracts on a chain.

use std::fs::File;
use std::io::BufReader;

use pulseproof_formats::Check;
use pulseproof_formats::r1cs::{Limits, R1cs};
use pulseproof_formats::zkey;
use pulseproof_groth16::erased::Loader;
use pulseproof_groth16::setup;
use pulseproof_groth16::witness::{Circuit, Limits as WitnessLimits};
use pulseproof_groth16::{
    BatchError, PreparedVerifyingKey, Proof, PublicInputs, VerifyError, VerifyingKey, solidity,
    verify, verify_batch,
};
use pulseproof_kernels::cpu::Cpu;
use pulseproof_kernels::traits::*;
use pulseproof_kernels::{Bls12_381, Bn254, Curve, CurveId, Scalar, with_curve};
use rand::rngs::OsRng;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::inputs;
use crate::tools::{Compiled, Outcome, Proved, Setup, Tools, prime, read};

/// Public inputs with which snarkjs's contract is sure to fit a chain.
const THEIR_INPUTS_MAX: usize = 128;

/// A proof with its inputs, read.
type Pair<C> = (PublicInputs<C>, Proof<C>);

/// Proofs of a circuit by snarkjs.
pub fn by_snarkjs(tools: &Tools, name: &'static str, curve: CurveId, log_size: u32) -> Outcome<()> {
    let setup = tools.setup(name, curve, log_size)?;
    let proved = |seed: u64| {
        let inputs = inputs::of(tools, name, seed)?;
        tools.prove(&setup, &inputs, &format!("snarkjs{seed}"))
    };
    let proved = [proved(0)?, proved(1)?];
    with_curve!(curve, C => accepted_everywhere::<C>(tools, &setup, &proved))
}

/// Proofs of a circuit by us, under snarkjs's key.
pub fn by_us(tools: &Tools, name: &'static str, curve: CurveId, log_size: u32) -> Outcome<()> {
    let setup = tools.setup(name, curve, log_size)?;
    let proved = [ours(tools, &setup, 2)?, ours(tools, &setup, 3)?];
    with_curve!(curve, C => accepted_everywhere::<C>(tools, &setup, &proved))
}

/// One proof by each, under a development key of ours: for circuits that a ceremony takes too long for.
pub fn under_our_key(tools: &Tools, name: &'static str, curve: CurveId) -> Outcome<()> {
    let circuit = tools.compile(name, curve)?;
    let setup = with_curve!(curve, C => develop::<C>(tools, circuit))?;
    let theirs = tools.prove(&setup, &inputs::of(tools, name, 4)?, "theirs")?;
    let proved = [theirs, ours(tools, &setup, 5)?];
    with_curve!(curve, C => accepted_everywhere::<C>(tools, &setup, &proved))
}

fn develop<C: Curve>(tools: &Tools, circuit: Compiled) -> Outcome<Setup> {
    let failed = |error: &dyn std::fmt::Display| format!("{}: {error}", circuit.name);
    let source = File::open(&circuit.r1cs).map_err(|error| failed(&error))?;
    let constraints = R1cs::<Scalar<C>>::read(&mut BufReader::new(source), &Limits::default());
    let constraints = constraints.map_err(|error| failed(&error))?;
    let contents = setup::develop::<C>(&constraints, &mut OsRng, &mut |_, _| ());
    let contents = contents.map_err(|error| failed(&error))?;
    let mut bytes = Vec::new();
    zkey::write(&mut bytes, &contents).map_err(|error| failed(&error))?;
    let stem = format!("{}_{}_ours", prime(C::ID), circuit.name);
    let zkey = tools.write(&format!("{stem}.zkey"), bytes)?;
    let key = VerifyingKey::of(&contents.header, contents.ic).to_json();
    let key = tools.write(&format!("{stem}_key.json"), key)?;
    Ok(Setup { circuit, zkey, key })
}

/// Our proof, from inputs on.
fn ours(tools: &Tools, setup: &Setup, seed: u64) -> Outcome<Proved> {
    let circuit = &setup.circuit;
    let failed = |error: &dyn std::fmt::Display| format!("{}: {error}", circuit.name);
    let module = std::fs::read(&circuit.wasm).map_err(|error| failed(&error))?;
    let program = Circuit::compile(&module, &WitnessLimits::default());
    let inputs = inputs::of(tools, circuit.name, seed)?;
    let witness = program.and_then(|program| program.witness(&inputs));
    let words = Zeroizing::new(witness.map_err(|error| failed(&error))?.into_words());
    let file = File::open(&setup.zkey).map_err(|error| failed(&error))?;
    let key = Loader::new(Cpu::new()).load(file, Check::Full, &mut |_, _| ());
    let proof = key.map_err(|error| failed(&error))?.prove(words);
    let proof = proof.map_err(|error| failed(&error))?;
    let stem = format!("{}_{}_ours{seed}", prime(circuit.curve), circuit.name);
    Ok(Proved {
        proof: tools.write(&format!("{stem}.proof.json"), proof.proof.text())?,
        public: tools.write(&format!("{stem}.public.json"), proof.public.text())?,
    })
}

/// What has to hold of two proofs for one key, whoever made them.
pub fn accepted_everywhere<C: Curve>(
    tools: &Tools,
    setup: &Setup,
    proved: &[Proved; 2],
) -> Outcome<()> {
    let text = read(&setup.key)?;
    let key = VerifyingKey::<C>::from_json(text.as_bytes()).map_err(|e| e.to_string())?;
    assert_eq!(key.to_json(), text, "the key's file is written as it was read");
    let pairs = [pair::<C>(&proved[0])?, pair::<C>(&proved[1])?];
    if C::ID == CurveId::Bn254 {
        let theirs = tools.calldata(&proved[0])?;
        assert_eq!(solidity::calldata(&pairs[0].0, &pairs[0].1), theirs.trim_end());
    }
    by_our_verifier(&key, &pairs);
    by_their_verifier(tools, setup, proved, &pairs)?;
    // A hash's bits are more public inputs than a contract on BLS12-381 has room for.
    if key.public_inputs() > solidity::inputs_max(C::ID) {
        return Ok(());
    }
    by_contracts(tools, setup, &key, &pairs)
}

fn pair<C: Curve>(proved: &Proved) -> Outcome<Pair<C>> {
    let (public, proof) = (read(&proved.public)?, read(&proved.proof)?);
    let inputs = PublicInputs::from_json(public.as_bytes()).map_err(|e| e.to_string())?;
    let parsed = Proof::from_json(proof.as_bytes()).map_err(|e| e.to_string())?;
    assert_eq!(inputs.to_json(), public, "the inputs' file is written as it was read");
    assert_eq!(parsed.to_json(), proof, "the proof's file is written as it was read");
    Ok((inputs, parsed))
}

/// The same statement, spoiled: another C, and another input if there is one.
fn spoiled<C: Curve>((inputs, proof): &Pair<C>) -> Vec<Pair<C>> {
    let c = (proof.c.into_group() + C::G1::generator()).into_affine();
    let mut spoiled = vec![(inputs.clone(), Proof { c, ..*proof })];
    if !inputs.is_empty() {
        let mut other = inputs.clone();
        other.0[inputs.len() - 1] += Scalar::<C>::ONE;
        spoiled.push((other, *proof));
    }
    spoiled
}

fn by_our_verifier<C: Curve>(key: &VerifyingKey<C>, pairs: &[Pair<C>; 2]) {
    let key = PreparedVerifyingKey::new(key.clone());
    for (inputs, proof) in pairs {
        assert_eq!(verify(&key, inputs, proof), Ok(()));
    }
    assert_eq!(verify_batch(&key, pairs, &mut OsRng), Ok(()));
    for spoiled in spoiled(&pairs[0]) {
        assert_eq!(verify(&key, &spoiled.0, &spoiled.1), Err(VerifyError::Invalid));
        let batch = [pairs[0].clone(), spoiled, pairs[1].clone()];
        assert_eq!(verify_batch(&key, &batch, &mut OsRng), Err(BatchError::Invalid(vec![1])));
    }
}

/// snarkjs reads what we write.
fn by_their_verifier<C: Curve>(
    tools: &Tools,
    setup: &Setup,
    proved: &[Proved; 2],
    pairs: &[Pair<C>; 2],
) -> Outcome<()> {
    for proved in proved {
        assert!(tools.verifies(setup, proved), "{}", proved.proof.display());
    }
    for (index, (inputs, proof)) in spoiled(&pairs[0]).iter().enumerate() {
        let stem = format!("{}_{}_spoiled{index}", prime(C::ID), setup.circuit.name);
        let proof = tools.write(&format!("{stem}.proof.json"), proof.to_json())?;
        let public = tools.write(&format!("{stem}.public.json"), inputs.to_json())?;
        assert!(!tools.verifies(setup, &Proved { proof, public }), "{stem}");
    }
    Ok(())
}

/// Our contract, and on BN254 snarkjs's, which is called in the same way.
fn by_contracts<C: Curve>(
    tools: &Tools,
    setup: &Setup,
    key: &VerifyingKey<C>,
    pairs: &[Pair<C>; 2],
) -> Outcome<()> {
    let mut contracts = vec![solidity::contract(key).map_err(|e| e.to_string())?];
    // snarkjs has none for BLS12-381, none that compiles where nothing is public, and none that a chain takes
    // where much is.
    if C::ID == CurveId::Bn254 && (1..=THEIR_INPUTS_MAX).contains(&key.public_inputs()) {
        contracts.push(tools.contract(setup)?);
    }
    let (mut calls, mut expected) = (Vec::new(), Vec::new());
    for contract in 0..contracts.len() {
        let good = pairs.iter().map(|pair| (call(contract, pair), "true"));
        let bad = spoiled(&pairs[0]);
        let bad = bad.iter().map(|pair| (call(contract, pair), "false"));
        let wrong = malformed::<C>(contract, &pairs[0]).into_iter().map(|call| (call, "false"));
        let (asked, answers): (Vec<_>, Vec<_>) = good.chain(bad).chain(wrong).unzip();
        calls.extend(asked);
        expected.extend(answers);
    }
    let said = tools.chain(&json!({"contracts": contracts, "calls": calls}))?;
    assert_eq!(said["answers"], json!(expected), "{said}");
    let interface = |i: usize| said["contracts"][i]["interface"].as_str().unwrap_or_default();
    assert!(interface(0).starts_with("verifyProof(") && interface(0).ends_with(") view"), "{said}");
    if contracts.len() == 2 {
        assert_eq!(interface(0), interface(1));
    }
    Ok(())
}

/// A call of `verifyProof`.
fn call<C: Curve>(contract: usize, (inputs, proof): &Pair<C>) -> Value {
    let arguments = solidity::arguments(inputs, proof);
    json!({
        "contract": contract,
        "a": hex::encode(arguments.a),
        "b": hex::encode(arguments.b),
        "c": hex::encode(arguments.c),
        "input": hex::encode(arguments.input.concat()),
    })
}

/// Calls with what no honest caller sends: an input that is not reduced, points off their curves.
fn malformed<C: Curve>(contract: usize, pair: &Pair<C>) -> Vec<Value> {
    let good = call(contract, pair);
    let with = |field: &str, value: String| {
        let mut call = good.clone();
        call[field] = value.into();
        call
    };
    let text = |field: &str| good[field].as_str().unwrap_or_default().to_owned();
    let mut calls = Vec::new();
    for field in ["a", "b", "c"] {
        let last = text(field).len() - 1;
        let digit = if text(field).ends_with('0') { "1" } else { "0" };
        calls.push(with(field, text(field)[..last].to_owned() + digit));
    }
    if C::ID == CurveId::Bls12_381 {
        calls.push(with("a", text("a") + "00"));
        calls.push(with("b", String::new()));
        calls.push(with("c", text("c")[2..].to_owned()));
    }
    if let Some(first) = pair.0.0.first() {
        // The same residue: a second form of the statement, which must not count.
        let mut twin = first.into_bigint();
        let carried = twin.add_with_carry(&Scalar::<C>::MODULUS);
        if !carried {
            let twin = hex::encode(twin.to_bytes_be());
            calls.push(with("input", twin + &text("input")[64..]));
        }
    }
    calls
}

/// The longest contracts fit a chain.
pub fn longest_contracts(tools: &Tools) -> Outcome<()> {
    fn longest<C: Curve>() -> Outcome<String> {
        let inputs = solidity::inputs_max(C::ID);
        let (g1, g2) = (C::G1Affine::generator(), C::G2Affine::generator());
        let ic = (0..=inputs).map(|i| g1 * Scalar::<C>::from(i as u64 + 1)).collect::<Vec<_>>();
        let ic = C::G1::normalize_batch(&ic);
        let key = VerifyingKey { alpha_g1: g1, beta_g2: g2, gamma_g2: g2, delta_g2: g2, ic };
        solidity::contract::<C>(&key).map_err(|error| error.to_string())
    }
    let contracts = [longest::<Bn254>()?, longest::<Bls12_381>()?];
    let said = tools.chain(&json!({"contracts": contracts, "calls": []}))?;
    for contract in said["contracts"].as_array().ok_or("no contracts")? {
        let bytes = contract["bytes"].as_u64().unwrap_or_default();
        assert!((20_000..=24_576).contains(&bytes), "{bytes} bytes");
    }
    Ok(())
}
