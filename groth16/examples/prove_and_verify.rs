//! Makes a development key for a circuit of circom, proves a witness, and verifies the proof in
//! snarkjs's JSON.
//!
//! `cargo run --release -p pulseproof-groth16 --example prove_and_verify`

use std::io::Cursor;

use pulseproof_formats::elements::Check;
use pulseproof_formats::r1cs::{Limits, R1cs};
use pulseproof_formats::wtns::Witness;
use pulseproof_formats::zkey;
use pulseproof_groth16::key::ProvingKey;
use pulseproof_groth16::prove::prove;
use pulseproof_groth16::setup::develop;
use pulseproof_groth16::{PreparedVerifyingKey, Proof, PublicInputs, VerifyingKey, verify};
use pulseproof_kernels::cpu::Cpu;
use pulseproof_kernels::{Bn254, Scalar};
use rand::rngs::OsRng;

#[expect(clippy::print_stdout, reason = "printing is what this example is for")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    // A circuit of three constraints, and its witness for one input, as circom wrote them. `pulseproof
    // groth16 witness` makes one of any input.
    const R1CS: &[u8] = include_bytes!("../../formats/tests/fixtures/bn128/tiny.r1cs");
    const WTNS: &[u8] = include_bytes!("../../formats/tests/fixtures/bn128/tiny.wtns");

    // Files may come from anybody: readers are told how much they may hold.
    let circuit = R1cs::read(&mut Cursor::new(R1CS), &Limits::default())?;
    let witness = Witness::<Scalar<Bn254>>::read(&mut Cursor::new(WTNS), circuit.wires)?;

    // This process makes up the key's secrets and forgets them. Whoever could have kept them can forge
    // proofs; a key that means something is made of a ceremony, by `setup::from_ceremony`.
    let mut file = Vec::new();
    zkey::write(&mut file, &develop::<Bn254>(&circuit, &mut OsRng, &mut |_, _| ())?)?;

    // Any key is read from its file, and its points are looked at, before a backend has them.
    let cpu = Cpu::new();
    let key = ProvingKey::<Bn254>::load(cpu, Cursor::new(file), Check::Full, &mut |_, _| ())?;
    // It shows what it is: nobody contributed to it.
    if let Some(weakness) = key.weakness() {
        println!("INSECURE key: {weakness}");
    }

    // Only proofs that verify are returned.
    let proved = prove(&key, &witness, &mut OsRng)?;
    let (proof, public) = (proved.proof.to_json(), proved.public.to_json());
    println!("{proof}\n{public}");

    // A verifier, here or with snarkjs, reads three texts. Reading a key checks its points; preparing
    // it does what all proofs share.
    let text = key.verifying_key().key().to_json();
    let verifier = PreparedVerifyingKey::new(VerifyingKey::<Bn254>::from_json(text.as_bytes())?);
    let proof = Proof::from_json(proof.as_bytes())?;
    let mut public = PublicInputs::from_json(public.as_bytes())?;
    verify(&verifier, &public, &proof)?;

    // Of other public signals it proves nothing.
    public.0.swap(0, 1);
    assert!(verify(&verifier, &public, &proof).is_err());
    println!("verified");
    Ok(())
}
