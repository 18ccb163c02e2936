//! `pulseproof groth16`, with files of snarkjs.

use std::path::Path;

use serde_json::Value;

use crate::common::{Bench, fixture, json, stderr, stdout};

/// Prove with snarkjs's key, verify, and look at everything.
fn whole_path(curve: &str, ours: &str) {
    let bench = Bench::new();
    let prove = format!("prove --backend cpu --key {curve}@tiny.zkey --witness {curve}@tiny.wtns");
    let summary = json(&bench.run(&format!("{prove} --r1cs {curve}@tiny.r1cs --json")));
    assert_eq!((summary["curve"].as_str(), &summary["contributions"]), (Some(ours), &2.into()));
    assert_eq!(summary["stages_ms"].as_array().unwrap().len(), 10);
    bench.ok(&format!("{prove} --proof @second.json --public @second-public.json"));

    bench.ok(&format!("export-key --key {curve}@tiny.zkey --out @vk.json"));
    let both = "proof.json public.json second.json second-public.json";
    let verdicts = json(&bench.run(&format!("verify --key @vk.json --json {both}")));
    assert!(verdicts.as_array().unwrap().iter().all(|verdict| verdict["valid"] == true));
    bench.ok(&format!("verify --key {curve}@tiny.zkey {both}"));
    // The proof of one statement is none of another.
    let public = std::fs::read_to_string(bench.path("public.json")).unwrap();
    let mut signals: Vec<String> = serde_json::from_str(&public).unwrap();
    signals[0] = "5".to_owned();
    std::fs::write(bench.path("other.json"), serde_json::to_string(&signals).unwrap()).unwrap();
    let output =
        bench.run("verify --key vk.json --json proof.json public.json second.json other.json");
    assert!(!output.status.success());
    let verdicts: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&verdicts[0]["valid"], &verdicts[1]["valid"]), (&true.into(), &false.into()));

    let contract = bench.path("Verifier.sol");
    bench.ok("export-solidity --key vk.json --out Verifier.sol");
    assert!(std::fs::read_to_string(contract).unwrap().contains("function verifyProof("));
    for file in ["tiny.zkey", "tiny.r1cs", "tiny.wtns", "tiny.ptau"] {
        let facts = json(&bench.run(&format!("info --json {curve}@{file}")));
        assert_eq!(facts["curve"], ours, "{facts}");
    }
    assert!(bench.ok("info vk.json").contains("verification key"));
}

#[test]
fn a_circuit_from_its_key_to_a_contract() {
    whole_path("bn128", "bn254");
    whole_path("bls12381", "bls12-381");
}

#[test]
fn keys_are_made_and_marked() {
    let bench = Bench::new();
    let setup = "setup --r1cs bn128@tiny.r1cs --ptau bn128@tiny.ptau --out key.zkey";
    let output = bench.run(setup);
    assert!(output.status.success() && stderr(&output).contains("INSECURE"));
    let ours = std::fs::read(bench.path("key.zkey")).unwrap();
    assert!(ours == std::fs::read(fixture("bn128", "new.zkey")).unwrap());
    bench
        .ok("setup --r1cs bn128@tiny.r1cs --development --out dev.zkey --verification-key vk.json");
    let prove = "prove --backend cpu --key dev.zkey --witness bn128@tiny.wtns";
    bench.fails(prove, "--insecure-key");
    let output = bench.run(&format!("{prove} --insecure-key"));
    assert!(output.status.success() && stdout(&output).contains("INSECURE"));
    bench.fails("verify --key vk.json proof.json public.json", "INSECURE");
    assert!(
        bench.ok("verify --insecure-key --key vk.json proof.json public.json").contains("INSECURE")
    );
    bench.fails("verify --key bn128@tiny.zkey proof.json public.json", "NOT VALID");
}

#[test]
fn what_is_wrong_is_said() {
    let bench = Bench::new();
    bench.fails("prove --key bn128@tiny.zkey --witness bls12381@tiny.wtns", "tiny.wtns");
    bench.fails("prove --key missing.zkey --witness bn128@tiny.wtns", "missing.zkey");
    bench.fails("prove --key bn128@tiny.wtns --witness bn128@tiny.wtns", "no zkey file");
    for source in ["--witness", "--wasm"] {
        bench.fails("prove --key bn128@tiny.zkey", source);
    }
    bench.fails("setup --r1cs bn128@tiny.r1cs --ptau bls12381@tiny.ptau --out k.zkey", "tiny.ptau");
    for source in ["--ptau", "--development"] {
        bench.fails("setup --r1cs bn128@tiny.r1cs --out k.zkey", source);
    }
    bench.fails("verify --key bn128@tiny.zkey bn128@tiny.wtns", "PUBLIC");
    bench.fails("info missing", "missing");
    assert!(!Path::new(&bench.path("proof.json")).exists());
}
