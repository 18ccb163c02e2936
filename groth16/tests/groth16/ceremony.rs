//! Keys from a ceremony are those that snarkjs makes of the same files, byte for byte.

use std::fs::{self, File};
use std::io::{BufReader, Cursor};

use pulseproof_formats::elements::Check;
use pulseproof_formats::ptau::Ptau;
use pulseproof_formats::wtns::Witness;
use pulseproof_formats::zkey::{self, Zkey};
use pulseproof_groth16::key::ProvingKey;
use pulseproof_groth16::prove::prove;
use pulseproof_groth16::setup::{SetupError, develop, from_ceremony};
use pulseproof_kernels::cpu::Cpu;
use pulseproof_kernels::{Bls12_381, Bn254, Curve};
use rand::SeedableRng;
use rand::rngs::StdRng;

use crate::fixtures::{circuit, file};

fn ceremony<C: Curve>(curve: &str, name: &str) -> Ptau<C, BufReader<File>> {
    Ptau::open(BufReader::new(File::open(file(curve, name)).unwrap())).unwrap()
}

fn same_bytes<C: Curve>(curve: &str) {
    let mut heard = (0, 0);
    let key = from_ceremony::<C>(
        &circuit::<C>(curve),
        &mut ceremony(curve, PREPARED),
        &mut |done, total| heard = (done, total),
    )
    .unwrap();
    assert_eq!(heard.0, heard.1);
    let source = BufReader::new(File::open(file(curve, INITIAL)).unwrap());
    let theirs = Zkey::<C, _>::open(source).unwrap().contents(Check::Full).unwrap();
    assert_eq!(key.coefficients, theirs.coefficients);
    assert!(key.header == theirs.header && key.ic == theirs.ic && key.c == theirs.c);
    assert!(key.a == theirs.a && key.b1 == theirs.b1 && key.b2 == theirs.b2);
    assert_eq!(key.h, theirs.h);
    assert_eq!(key.circuit_hash, theirs.circuit_hash);
    let mut bytes = Vec::new();
    zkey::write(&mut bytes, &key).unwrap();
    assert!(
        bytes == fs::read(file(curve, INITIAL)).unwrap(),
        "{curve}: other bytes than snarkjs's"
    );
}

const PREPARED: &str = "tiny.ptau";
const INITIAL: &str = "new.zkey";

#[test]
fn keys_are_those_of_snarkjs() {
    same_bytes::<Bn254>("bn128");
    same_bytes::<Bls12_381>("bls12381");
}

#[test]
fn a_development_key_shares_only_the_circuit() {
    let circuit = circuit::<Bn254>("bn128");
    let key =
        from_ceremony::<Bn254>(&circuit, &mut ceremony("bn128", PREPARED), &mut |_, _| ()).unwrap();
    let other = develop::<Bn254>(&circuit, &mut StdRng::seed_from_u64(1), &mut |_, _| ()).unwrap();
    assert_eq!(key.coefficients, other.coefficients);
    assert!(key.header.alpha_g1 != other.header.alpha_g1 && key.h != other.h);
}

#[test]
fn a_ceremony_that_is_not_prepared_is_refused() {
    let circuit = circuit::<Bn254>("bn128");
    let bytes = unprepared(&fs::read(file("bn128", PREPARED)).unwrap());
    let mut ceremony = Ptau::<Bn254, _>::open(Cursor::new(bytes)).unwrap();
    let error = from_ceremony(&circuit, &mut ceremony, &mut |_, _| ()).unwrap_err();
    assert!(matches!(error, SetupError::NotPrepared), "{error}");
}

/// A file without the sections that preparation adds: numbers 12 and up.
fn unprepared(bytes: &[u8]) -> Vec<u8> {
    let mut kept: Vec<&[u8]> = Vec::new();
    let mut rest = &bytes[12..];
    while let [a, b, c, d, size @ ..] = rest {
        let length = u64::from_le_bytes(size[..8].try_into().unwrap());
        let (section, after) = rest.split_at(12 + usize::try_from(length).unwrap());
        if u32::from_le_bytes([*a, *b, *c, *d]) < 12 {
            kept.push(section);
        }
        rest = after;
    }
    let count = u32::try_from(kept.len()).unwrap().to_le_bytes();
    [&bytes[..8], &count, &kept.concat()].concat()
}

/// snarkjs's own key, with a contribution and a beacon, and a witness that circom's program made.
fn snarkjs_files<C: Curve>(curve: &str) {
    let key = ProvingKey::<C>::load(
        Cpu::new(),
        BufReader::new(File::open(file(curve, "tiny.zkey")).unwrap()),
        Check::Full,
        &mut |_, _| (),
    )
    .unwrap();
    assert_eq!(key.contributions(), 2);
    let mut source = BufReader::new(File::open(file(curve, "tiny.wtns")).unwrap());
    let witness = Witness::read(&mut source, key.signals()).unwrap();
    assert_eq!(circuit::<C>(curve).first_unsatisfied(&witness), None);
    assert!(prove(&key, &witness, &mut StdRng::seed_from_u64(2)).is_ok());
}

#[test]
fn files_of_snarkjs_prove() {
    snarkjs_files::<Bn254>("bn128");
    snarkjs_files::<Bls12_381>("bls12381");
}
