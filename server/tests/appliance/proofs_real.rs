//! Proofs with nothing put in the place of anything: keys and witnesses of snarkjs, our prover.

use std::collections::BTreeSet;
use std::path::Path;

use crate::circuits::Shop;
use crate::common::*;
use crate::proofs::queue;
use pulseproof_formats::elements::Check;
use pulseproof_formats::r1cs::{Labels, Limits, R1cs};
use pulseproof_formats::wtns::Witness;
use pulseproof_formats::zkey::{PointsG1, Zkey};
use pulseproof_groth16::{PreparedVerifyingKey, Proof, PublicInputs, VerifyingKey, verify};
use pulseproof_kernels::cpu::Cpu;
use pulseproof_kernels::traits::*;
use pulseproof_kernels::{Bls12_381, Bn254, Curve, Scalar};
use pulseproof_sdk::client::circuits::CircuitPart;
use pulseproof_sdk::groth16::{Groth16Proof, Groth16Request};
use pulseproof_server::{Groth16, Programs};
use serde_json::json;
use tokio::task::JoinSet;

/// A file that circom or snarkjs made.
fn bytes(curve: &str, kind: &str) -> Vec<u8> {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../formats/tests/fixtures");
    std::fs::read(fixtures.join(curve).join(format!("tiny.{kind}"))).unwrap()
}

fn check<C: Curve>(curve: &str, made: &Groth16Proof) {
    let key = bytes(curve, "zkey");
    let mut file = Zkey::<C, _>::open(std::io::Cursor::new(&key)).unwrap();
    let ic = file.points_g1(PointsG1::Ic, Check::Full, &mut |_, _| ()).unwrap();
    let key = PreparedVerifyingKey::new(VerifyingKey::of(file.header(), ic));
    let proof = Proof::<C>::from_json(made.proof.to_string().as_bytes()).unwrap();
    let public = PublicInputs::<C>::from_json(made.public.to_string().as_bytes()).unwrap();
    assert_eq!(verify(&key, &public, &proof), Ok(()));
}

/// A witness that differs from circom's in its last value.
fn spoiled<C: Curve>(curve: &str) -> Vec<u8> {
    let source = bytes(curve, "wtns");
    let good = Witness::<Scalar<C>>::read(&mut std::io::Cursor::new(source), 1 << 10).unwrap();
    let mut values: Vec<_> = (0..good.len()).map(|i| good.value(i).unwrap()).collect();
    *values.last_mut().unwrap() += Scalar::<C>::ONE;
    let mut bytes = Vec::new();
    Witness::from_values(&values).unwrap().write(&mut bytes).unwrap();
    bytes
}

async fn proved<C: Curve>(shop: &Shop, server: &Server, curve: &str) {
    let circuit = name(curve);
    let info = server.client.put_circuit(&circuit, &shop.file(bytes(curve, "zkey"))).await.unwrap();
    assert_eq!((info.curve, info.contributions, info.warning), (C::ID.to_string(), 2, None));
    for _ in 0..2 {
        let id = server.client.put_witness(&shop.file(bytes(curve, "wtns"))).await.unwrap();
        let request = Groth16Request::from_witness(circuit.clone(), id);
        let (job, made) = server.client.prove(request).await.unwrap();
        assert_eq!(job.backend.as_deref(), Some("cpu"));
        check::<C>(curve, &made);
    }
    let refused = async |witness: &[u8]| {
        let id = server.client.put_witness(&shop.file(witness)).await.unwrap();
        let job = queue(server, Groth16Request::from_witness(circuit.clone(), id)).await;
        problem(server.client.wait(&job.id).await)
    };
    let wrong = spoiled::<C>(curve);
    assert!(refused(&wrong).await.is("unsatisfied"));
    let constraints = shop.file(bytes(curve, "r1cs"));
    server.client.put_circuit_part(&circuit, CircuitPart::R1cs, &constraints).await.unwrap();
    let named = refused(&wrong).await;
    assert!(named.is("unsatisfied") && named.field.unwrap().starts_with("constraints["));
    assert!(named.detail.ends_with(" does not hold"), "{}", named.detail);
    let names = shop.file(bytes(curve, "sym"));
    server.client.put_circuit_part(&circuit, CircuitPart::Sym, &names).await.unwrap();
    let named = refused(&wrong).await.detail;
    assert!(named.ends_with(" does not hold, of main.a, main.square"), "{named}");
    let other = if curve == "bn128" { "bls12381" } else { "bn128" };
    assert!(refused(&bytes(other, "wtns")).await.is("bad-witness"));
    assert!(refused(b"wtns").await.is("bad-witness"));
}

/// The CPU, which keeps programs in memory only.
fn groth16() -> Groth16 {
    Groth16::on(Cpu::new(), Programs::new(1 << 30, None))
}

#[tokio::test]
async fn circuits_of_snarkjs_are_proved() {
    let shop = Shop::new();
    let server = shop.start(groth16());
    proved::<Bn254>(&shop, &server, "bn128").await;
    proved::<Bls12_381>(&shop, &server, "bls12381").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sixty_four_at_once_on_one_key_all_verify() {
    let shop = Shop::new();
    let server = shop.start(groth16());
    let circuit = name("tiny");
    server.client.put_circuit(&circuit, &shop.file(bytes("bn128", "zkey"))).await.unwrap();
    let wasm = shop.file(bytes("bn128", "wasm"));
    server.client.put_circuit_part(&circuit, CircuitPart::Wasm, &wasm).await.unwrap();
    let mut all = JoinSet::new();
    for a in 1..=64 {
        let inputs = json!({ "a": a, "b": 4, "c": 5 });
        let request = Groth16Request::from_inputs(circuit.clone(), &inputs).unwrap();
        let client = server.client.clone();
        all.spawn(async move { client.prove(request).await.unwrap().1 });
    }
    let mut statements = BTreeSet::new();
    for made in all.join_all().await {
        check::<Bn254>("bn128", &made);
        statements.insert(made.public.to_string());
    }
    assert_eq!(statements.len(), 64, "each proves its own");
}

#[tokio::test]
async fn damaged_keys_and_parts_are_refused() {
    let shop = Shop::new();
    let server = shop.start(groth16());
    let key = bytes("bn128", "zkey");
    // Somewhere in the points.
    let mut damaged = key.clone();
    damaged[key.len() - 1000] ^= 1;
    for bad in [&damaged[..], &key[..key.len() - 1], b"zkey"] {
        let answer = server.client.put_circuit(&name("bad"), &shop.file(bad)).await;
        assert!(problem(answer).is("bad-key"));
    }
    server.client.put_circuit(&name("tiny"), &shop.file(&key)).await.unwrap();
    for (part, kind) in [(CircuitPart::Wasm, "bad-wasm"), (CircuitPart::R1cs, "bad-r1cs")] {
        let file = shop.file(b"\0asm neither");
        let answer = server.client.put_circuit_part(&name("tiny"), part, &file).await;
        assert!(problem(answer).is(kind));
    }
}

#[tokio::test]
async fn constraints_of_another_circuit_are_refused() {
    let shop = Shop::new();
    let server = shop.start(groth16());
    server.client.put_circuit(&name("tiny"), &shop.file(bytes("bn128", "zkey"))).await.unwrap();
    let put = async |bytes: Vec<u8>| {
        let file = shop.file(bytes);
        server.client.put_circuit_part(&name("tiny"), CircuitPart::R1cs, &file).await
    };
    let own = bytes("bn128", "r1cs");
    let mut cursor = std::io::Cursor::new(&own);
    let circuit = R1cs::<Scalar<Bn254>>::read(&mut cursor, &Limits::default()).unwrap();
    let written = |circuit: &R1cs<Scalar<Bn254>>| {
        let mut bytes = Vec::new();
        circuit.write(&mut bytes).unwrap();
        bytes
    };
    let mut wider = circuit.clone();
    wider.wires += 1;
    wider.private_inputs += 1;
    wider.labels = Labels::default();
    let mut longer = circuit.clone();
    for _ in 0..1 << 10 {
        for matrix in [&mut longer.a, &mut longer.b, &mut longer.c] {
            matrix.push_row([]);
        }
    }
    let mut more_public = circuit;
    more_public.public_inputs += 1;
    more_public.private_inputs -= 1;
    for (other, reason) in [
        (bytes("bls12381", "r1cs"), "curve is bls12-381, the key's is bn254"),
        (written(&wider), "number of signals"),
        (written(&longer), "domain's log2"),
        (written(&more_public), "number of public signals"),
    ] {
        let refusal = problem(put(other).await);
        assert!(refusal.is("bad-r1cs") && refusal.detail.contains(reason), "{refusal:?}");
    }
    put(own).await.unwrap();
}

#[tokio::test]
async fn verifiers_get_what_snarkjs_would_give_them() {
    let shop = Shop::new();
    let server = shop.start(groth16());
    for curve in ["bn128", "bls12381"] {
        let circuit = name(curve);
        server.client.put_circuit(&circuit, &shop.file(bytes(curve, "zkey"))).await.unwrap();
        let key = server.client.verification_key(&circuit).await.unwrap();
        assert!(key == bytes(curve, "vk.json"), "{curve}");
        let contract = server.client.verifier_contract(&circuit).await.unwrap();
        let contract = String::from_utf8(contract).unwrap();
        assert!(contract.contains("function verifyProof("), "{contract}");
        let missing = problem(server.client.public_signals(&circuit).await);
        assert_problem(&missing, 404, "no-sym", Some("name"), None);
        let names = shop.file(bytes(curve, "sym"));
        let info =
            server.client.put_circuit_part(&circuit, CircuitPart::Sym, &names).await.unwrap();
        assert_eq!(info.sym.unwrap().bytes, 93);
        let signals = server.client.public_signals(&circuit).await.unwrap();
        assert_eq!(signals.names, ["main.product", "main.mixed", "main.b"]);
    }
}

#[tokio::test]
async fn names_of_another_circuit_are_refused() {
    let shop = Shop::new();
    let server = shop.start(groth16());
    server.client.put_circuit(&name("tiny"), &shop.file(bytes("bn128", "zkey"))).await.unwrap();
    for (bad, reason) in [
        (&b"1,1,0,main.product\n2,2,0,main.mixed\n"[..], "wire 3 has no name"),
        (b"1,1,0\n", "line 1"),
        (b"r1cs\x01\0\0\0", "line 1"),
        (b"1,2,0,main.mixed\n", "wire 1 has no name"),
    ] {
        let file = shop.file(bad);
        let answer = server.client.put_circuit_part(&name("tiny"), CircuitPart::Sym, &file).await;
        let problem = problem(answer);
        assert!(problem.is("bad-sym") && problem.detail.contains(reason), "{problem:?}");
    }
    assert_eq!(server.client.circuit(&name("tiny")).await.unwrap().sym, None);
    for path in ["verification-key", "verifier.sol", "public-signals"] {
        let url = format!("{}/v1/circuits/other/{path}", server.base);
        let answer = reqwest::get(url).await.unwrap();
        assert_eq!(answer.status(), 404);
        assert!(answer.json::<pulseproof_sdk::Problem>().await.unwrap().is("unknown-circuit"));
    }
}

/// A recognisably insecure key is accepted only by an appliance that is told to, and what depends on it says so.
#[tokio::test]
async fn insecure_keys_are_refused_unless_allowed() {
    let mut shop = Shop::new();
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../formats/tests/fixtures/bn128");
    let key = shop.file(std::fs::read(fixtures.join("new.zkey")).unwrap());
    let server = shop.start(groth16());
    let refused = problem(server.client.put_circuit(&name("toy"), &key).await);
    assert!(refused.is("insecure-key") && refused.field.as_deref() == Some("body"), "{refused}");
    server.kill();

    shop.config.groth16.insecure_keys = true;
    let server = shop.start(groth16());
    let info = server.client.put_circuit(&name("toy"), &key).await.unwrap();
    assert!(info.warning.unwrap().starts_with("INSECURE"));
    let marked = [
        server.client.verification_key(&name("toy")).await.unwrap(),
        server.client.verifier_contract(&name("toy")).await.unwrap(),
    ];
    assert!(
        marked.iter().all(|text| String::from_utf8_lossy(text).to_uppercase().contains("INSECURE"))
    );
    let wtns = shop.file(bytes("bn128", "wtns"));
    let witness = async |server: &Server| {
        let id = server.client.put_witness(&wtns).await.unwrap();
        Groth16Request::from_witness(name("toy"), id)
    };
    let (_, made) = server.client.prove(witness(&server).await).await.unwrap();
    assert!(made.warning.unwrap().starts_with("INSECURE"));
    server.kill();

    // What was taken then is not proved with now.
    shop.config.groth16.insecure_keys = false;
    let server = shop.start(groth16());
    let refused = problem(server.client.prove(witness(&server).await).await);
    assert!(refused.is("insecure-key"), "{refused}");
}
