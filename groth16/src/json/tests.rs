//! Files that snarkjs 0.7.6 wrote, read and written again; and files with something wrong.

use pulseproof_kernels::traits::*;
use pulseproof_kernels::{Bls12_381, Bn254, for_each_curve};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::*;

macro_rules! fixture {
    ($name:literal) => {
        include_str!(concat!("../../tests/fixtures/json/", $name, ".json"))
    };
}

/// Key, proof and public inputs of two circuits: one with three public inputs, one with none.
fn files(curve: CurveId) -> [[&'static str; 3]; 2] {
    match curve {
        CurveId::Bn254 => [
            [fixture!("bn128_mul_vk"), fixture!("bn128_mul_proof"), fixture!("bn128_mul_public")],
            [
                fixture!("bn128_nopub_vk"),
                fixture!("bn128_nopub_proof"),
                fixture!("bn128_nopub_public"),
            ],
        ],
        CurveId::Bls12_381 => [
            [
                fixture!("bls12381_mul_vk"),
                fixture!("bls12381_mul_proof"),
                fixture!("bls12381_mul_public"),
            ],
            [
                fixture!("bls12381_nopub_vk"),
                fixture!("bls12381_nopub_proof"),
                fixture!("bls12381_nopub_public"),
            ],
        ],
    }
}

fn refused_proof(text: &str) -> (String, Problem) {
    let error = Proof::<Bn254>::from_json(text.as_bytes()).unwrap_err();
    (error.field, error.problem)
}

fn refused_key(text: &str) -> (String, Problem) {
    let error = VerifyingKey::<Bn254>::from_json(text.as_bytes()).unwrap_err();
    (error.field, error.problem)
}

fn proof() -> Value {
    serde_json::from_str(files(CurveId::Bn254)[0][1]).unwrap()
}

fn key() -> Value {
    serde_json::from_str(files(CurveId::Bn254)[0][0]).unwrap()
}

#[test]
fn what_snarkjs_wrote_is_written_again() {
    fn test<C: Curve>() {
        for ([key, proof, public], inputs) in files(C::ID).into_iter().zip([3, 0]) {
            let read = VerifyingKey::<C>::from_json(key.as_bytes()).unwrap();
            assert_eq!(read.public_inputs(), inputs);
            assert_eq!(read.to_json(), key);
            let read = Proof::<C>::from_json(proof.as_bytes()).unwrap();
            assert!(read.is_in_groups());
            assert_eq!(read.to_json(), proof);
            let read = PublicInputs::<C>::from_json(public.as_bytes()).unwrap();
            assert_eq!((read.len(), read.is_empty()), (inputs, inputs == 0));
            assert_eq!(read.to_json(), public);
        }
    }
    for_each_curve!(test);
}

#[test]
fn infinity_is_zero_one_zero() {
    fn test<C: Curve>() {
        let mut proof = Proof::<C>::from_json(files(C::ID)[0][1].as_bytes()).unwrap();
        (proof.a, proof.b) = (AffineRepr::zero(), AffineRepr::zero());
        let value: Value = serde_json::from_str(&proof.to_json()).unwrap();
        assert_eq!(value["pi_a"], serde_json::json!(["0", "1", "0"]));
        assert_eq!(value["pi_b"], serde_json::json!([["0", "0"], ["1", "0"], ["0", "0"]]));
        assert_eq!(Proof::from_json(value.to_string().as_bytes()), Ok(proof));
    }
    for_each_curve!(test);
}

#[test]
fn the_place_is_named() {
    let with = |pointer: &str, value: Value| {
        let mut proof = proof();
        *proof.pointer_mut(pointer).unwrap() = value;
        refused_proof(&proof.to_string())
    };
    let number = |reason| Problem::Number(reason);
    use crate::NotCanonical::*;
    assert_eq!(with("/pi_b/0/1", "07".into()), ("pi_b[0][1]".into(), number(LeadingZero)));
    assert_eq!(with("/pi_b/1/0", "-7".into()), ("pi_b[1][0]".into(), number(Digit)));
    assert_eq!(with("/pi_a/0", "".into()), ("pi_a[0]".into(), number(Empty)));
    let modulus = <Bn254 as Pairing>::BaseField::MODULUS.to_string();
    assert_eq!(with("/pi_c/1", modulus.into()), ("pi_c[1]".into(), number(Modulus)));
    let text = Problem::Shape("a decimal number as a string");
    assert_eq!(with("/pi_a/0", 7.into()), ("pi_a[0]".into(), text));
    let three = Problem::Shape("a list of three coordinates");
    assert_eq!(with("/pi_a", "1".into()), ("pi_a".into(), three.clone()));
    assert_eq!(with("/pi_a", serde_json::json!(["1", "2"])), ("pi_a".into(), three));
    let two = Problem::Shape("a list of two decimal numbers as strings");
    assert_eq!(with("/pi_b/2", "1".into()), ("pi_b[2]".into(), two));
    assert_eq!(with("/pi_a/2", "2".into()), ("pi_a[2]".into(), Problem::NotAffine));
    assert_eq!(with("/pi_a/2", "0".into()), ("pi_a[2]".into(), Problem::NotAffine));
    assert_eq!(with("/pi_a/0", "5".into()), ("pi_a".into(), Problem::NotOnCurve));
    assert_eq!(with("/protocol", "plonk".into()), ("protocol".into(), Problem::Protocol));
    assert_eq!(with("/curve", "bls12381".into()), ("curve".into(), Problem::Curve(CurveId::Bn254)));
}

#[test]
fn points_outside_the_subgroup_are_refused() {
    fn test<C: Curve>(curve: CurveId) {
        // Points on G2's curve by their x, until one has another order.
        let outside = (1u64..)
            .filter_map(|x| C::G2Affine::from_random_bytes(&x_bytes::<C>(x)))
            .find(|point| !point.is_zero() && !(*point * -Scalar::<C>::ONE + point).is_zero());
        let mut proof = Proof::<C>::from_json(files(curve)[0][1].as_bytes()).unwrap();
        proof.b = outside.unwrap();
        assert!(!proof.is_in_groups());
        let error = Proof::<C>::from_json(proof.to_json().as_bytes()).unwrap_err();
        assert_eq!((error.field.as_str(), error.problem), ("pi_b", Problem::WrongSubgroup));
    }
    use pulseproof_kernels::Scalar;
    fn x_bytes<C: Curve>(x: u64) -> Vec<u8> {
        let size = C::G2Affine::generator().serialized_size(Compress::Yes);
        let mut bytes = x.to_le_bytes().to_vec();
        bytes.resize(size, 0);
        bytes
    }
    test::<Bn254>(CurveId::Bn254);
    test::<Bls12_381>(CurveId::Bls12_381);
}

#[test]
fn keys_and_inputs_are_bounded_and_counted() {
    let mut key = key();
    key["nPublic"] = 2.into();
    let count = Problem::Count { got: 4, expected: 3 };
    assert_eq!(refused_key(&key.to_string()), ("IC".into(), count));
    key["nPublic"] = (PUBLIC_INPUTS_MAX + 1).into();
    let many = Problem::TooMany(PUBLIC_INPUTS_MAX);
    assert_eq!(refused_key(&key.to_string()), ("nPublic".into(), many.clone()));
    key["nPublic"] = (-1).into();
    assert_eq!(refused_key(&key.to_string()), ("nPublic".into(), Problem::Shape("a whole number")));
    key["nPublic"] = 3.into();
    key["IC"][2][1] = "1".into();
    assert_eq!(refused_key(&key.to_string()), ("IC[2]".into(), Problem::NotOnCurve));
    key["IC"] = 1.into();
    assert_eq!(refused_key(&key.to_string()), ("IC".into(), Problem::Shape("a list")));

    let inputs = format!("[{}0]", "0,".repeat(PUBLIC_INPUTS_MAX));
    let error = PublicInputs::<Bn254>::from_json(inputs.as_bytes()).unwrap_err();
    assert_eq!((error.field.as_str(), error.problem), ("public", many));
    let error = PublicInputs::<Bn254>::from_json(br#"["1","x"]"#).unwrap_err();
    assert_eq!(error.to_string(), "public[1]: a character that is no decimal digit");
    let long = " ".repeat(PROOF_BYTES_MAX + 1);
    let limit = Problem::TooLong { got: PROOF_BYTES_MAX + 1, limit: PROOF_BYTES_MAX };
    assert_eq!(refused_proof(&long), ("proof".into(), limit));
}

#[test]
fn fields_are_there_once() {
    let text = files(CurveId::Bn254)[0][1];
    let twice = text.replacen('{', "{\"pi_a\": [],", 1);
    let renamed = text.replacen("pi_c", "pi_d", 1);
    for (text, names) in [(twice, "duplicate field `pi_a`"), (renamed, "missing field `pi_c`")] {
        match refused_proof(&text) {
            (field, Problem::Syntax(reason)) if field == "proof" => {
                assert!(reason.contains(names), "{reason}");
            }
            other => panic!("{other:?}"),
        }
    }
    // Provers other than snarkjs leave these out.
    let mut proof = proof();
    proof.as_object_mut().unwrap().retain(|name, _| name.starts_with("pi_"));
    assert!(Proof::<Bn254>::from_json(proof.to_string().as_bytes()).is_ok());
}

#[test]
fn truncations_and_mutations_are_refused_or_mean_the_same() {
    fn test<C: Curve>() {
        let mut rng = StdRng::seed_from_u64(3);
        let [key, proof, _] = files(C::ID)[0];
        let read = Proof::<C>::from_json(proof.as_bytes()).unwrap();
        for end in 0..proof.len() {
            assert!(Proof::<C>::from_json(&proof.as_bytes()[..end]).is_err(), "{end}");
        }
        for _ in 0..400 {
            let mut bytes = proof.as_bytes().to_vec();
            let at = rng.gen_range(0..bytes.len());
            bytes[at] = rng.r#gen();
            if let Ok(other) = Proof::<C>::from_json(&bytes) {
                // White space, or names that are not read.
                assert_eq!(other, read, "byte {at}");
            }
            let mut bytes = key.as_bytes().to_vec();
            let at = rng.gen_range(0..bytes.len());
            bytes[at] ^= 1 << rng.gen_range(0..8);
            if let Ok(other) = VerifyingKey::<C>::from_json(&bytes) {
                assert_eq!(other.to_json(), key, "byte {at}");
            }
        }
    }
    for_each_curve!(test);
}
