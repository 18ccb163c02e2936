//! A program's outputs and encrypted words as bytes and text: one meaning each, and a clear error for
//! everything else.

use pulseproof_fhe::program::library;
use pulseproof_fhe::program::result::{EncryptedOutput, OutputShape};
use pulseproof_fhe::{Ciphertext, LayoutRequest, Scale};
use pulseproof_prover::encoding::DecodeError;
use pulseproof_sdk::api::{EngineKind, JobRequest};
use pulseproof_sdk::fhe::{FheRequest, SumRef, program_digest, word_from_text, word_to_text};
use pulseproof_sdk::identity::ApplianceKey;
use pulseproof_sdk::outputs::{DIGITS_MAX, SumUsed};
use pulseproof_sdk::{Digest, Outputs};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

fn word(seed: u64) -> Ciphertext {
    let words =
        (0..Ciphertext::WORDS as u64).map(|i| (seed + i).wrapping_mul(0x9e37_79b9)).collect();
    Ciphertext::from_words(words).unwrap()
}

fn output(name: &str, is_bit: bool, digits: usize) -> EncryptedOutput {
    let shape = OutputShape { name: name.to_owned(), is_bit, digits };
    EncryptedOutput { shape, digits: (0..digits as u64).map(word).collect() }
}

fn outputs() -> Outputs {
    let sum = |region: &str, epoch| SumUsed {
        region: region.parse().unwrap(),
        epoch,
        sum: Digest::sha256(region.as_bytes()),
    };
    Outputs {
        key: Digest::sha256(b"key"),
        engine: "exact/cpu".to_owned(),
        program: program_digest(&library::mean_above(100)),
        sums: vec![sum("north", 7), sum("south", u64::MAX)],
        words: vec![Digest::sha256(b"word")],
        outputs: vec![output("above", true, 1), output("least", false, 2)],
        lookups: Digest::sha256(b"lookups"),
        signature: [0; 64],
    }
    .signed(&key())
}

fn key() -> ApplianceKey {
    ApplianceKey::from_seed([4; 32])
}

/// Where the first output begins.
fn first_output(bytes: &[u8]) -> usize {
    let name = b"\x05\0\0\0above";
    bytes.windows(name.len()).position(|window| window == name).unwrap()
}

#[test]
fn outputs_are_read_as_written() {
    let outputs = outputs();
    let bytes = outputs.to_bytes();
    assert_eq!(Outputs::from_bytes(&bytes).unwrap(), outputs);
    assert_eq!(Outputs::from_bytes(&bytes).unwrap().to_bytes(), bytes);
    let mut empty = outputs;
    (empty.sums, empty.words, empty.outputs) = (vec![], vec![], vec![]);
    assert_eq!(Outputs::from_bytes(&empty.to_bytes()).unwrap(), empty);
}

#[test]
fn cut_and_lengthened_outputs_are_named() {
    let bytes = outputs().to_bytes();
    let head = first_output(&bytes) + 32;
    for length in (0..head).chain((head..bytes.len()).step_by(997)) {
        let error = Outputs::from_bytes(&bytes[..length]).unwrap_err();
        assert!(matches!(error, DecodeError::Truncated { .. }), "{length}: {error}");
    }
    let longer = [bytes.as_slice(), &[0]].concat();
    assert_eq!(Outputs::from_bytes(&longer).unwrap_err(), DecodeError::Trailing(1));
}

#[test]
fn mutated_outputs_are_refused_or_mean_something_else() {
    let honest = outputs();
    let bytes = honest.to_bytes();
    let rng = &mut StdRng::seed_from_u64(3);
    for _ in 0..400 {
        let mut mutated = bytes.clone();
        // Half of them where lengths and flags are.
        let end = if rng.r#gen() { first_output(&bytes) + 16 } else { bytes.len() };
        mutated[rng.gen_range(0..end)] ^= 1 << rng.gen_range(0..8);
        match Outputs::from_bytes(&mutated) {
            Err(_) => {}
            Ok(other) => {
                assert_ne!(other, honest);
                assert_eq!(other.to_bytes(), mutated, "a second encoding of one value");
            }
        }
    }
}

#[test]
fn lengths_and_flags_that_lie_are_named_before_anything_is_allocated() {
    let bytes = outputs().to_bytes();
    let at = first_output(&bytes);
    let with = |at: usize, field: &[u8]| {
        let mut bytes = bytes.clone();
        bytes[at..at + field.len()].copy_from_slice(field);
        Outputs::from_bytes(&bytes).unwrap_err()
    };
    let huge = &u32::MAX.to_le_bytes();
    let too_long = |error: DecodeError, name: &str, most: usize| match error {
        DecodeError::TooLong { field, limit, .. } => assert_eq!((field, limit), (name, most)),
        other => panic!("{other}"),
    };
    // Magic, version; then the engine, and the key and the program behind it.
    too_long(with(5, huge), "engine", 64);
    too_long(with(5 + 4 + 9 + 64, huge), "sums", 64);
    too_long(with(at - 4 - 32 - 4, huge), "words", 16);
    too_long(with(at - 4, huge), "outputs", 256);
    too_long(with(at, huge), "name", 64);
    too_long(with(at + 10, huge), "digits", DIGITS_MAX);
    let invalid = |error: DecodeError, name: &str| match error {
        DecodeError::Invalid { field, .. } => assert_eq!(field, name),
        other => panic!("{other}"),
    };
    invalid(with(at + 9, &[2]), "is_bit");
    invalid(with(at + 10, &2u32.to_le_bytes()), "digits");
    invalid(with(at + 10, &0u32.to_le_bytes()), "digits");
}

#[test]
fn outputs_are_signed_whole_but_for_who_bootstrapped() {
    let honest = outputs();
    assert!(honest.is_signed_by(&key().public()));
    assert!(!honest.is_signed_by(&ApplianceKey::from_seed([5; 32]).public()));
    let elsewhere = Outputs { engine: "exact/cuda".to_owned(), ..honest.clone() };
    assert_eq!(elsewhere.digest(), honest.digest());
    assert!(elsewhere.is_signed_by(&key().public()));
    let changes: [fn(&mut Outputs); 8] = [
        |o| o.key.0[0] ^= 1,
        |o| o.program.0[0] ^= 1,
        |o| o.sums[0].sum.0[0] ^= 1,
        |o| o.sums.swap(0, 1),
        |o| o.words[0].0[0] ^= 1,
        |o| o.outputs[0].digits[0].add_constant(1),
        |o| o.lookups.0[0] ^= 1,
        |o| o.signature[0] ^= 1,
    ];
    for change in changes {
        let mut other = honest.clone();
        change(&mut other);
        assert!(!other.is_signed_by(&key().public()));
    }
}

#[test]
fn outputs_have_no_more_digits_than_allowed_together() {
    let mut many = outputs();
    many.outputs = vec![output("a", false, DIGITS_MAX - 1), output("b", false, 2)];
    let error = Outputs::from_bytes(&many.to_bytes()).unwrap_err();
    assert_eq!(error, DecodeError::TooLong { field: "digits", got: 2, limit: 1 });
}

#[test]
fn words_are_text_of_one_length() {
    let text = word_to_text(&word(5));
    assert_eq!(word_from_text(&text).unwrap(), word(5));
    for bad in ["", &text[2..], &format!("{text}00"), &text.replace('0', "g")] {
        let error = word_from_text(bad).unwrap_err().to_string();
        assert!(error.contains("32784 hexadecimal digits"), "{error}");
    }
}

#[test]
fn a_request_is_read_as_written_and_nothing_unknown_is_taken() {
    let scale = Scale { decimals: 0, minimum: 40, maximum: 400 };
    let layout =
        LayoutRequest { scale, inside: (70, 180), slots: 4, summands_max: 10, totals: true };
    let request = JobRequest::Fhe(Box::new(FheRequest {
        key: Digest::sha256(b"key"),
        engine: EngineKind::TfheCpu,
        layout,
        sums: vec![SumRef::own("north".parse().unwrap(), u64::MAX)],
        words: vec![word_to_text(&word(1))],
        program: library::mean_above_secret(3, 360, 20),
    }));
    let json = serde_json::to_string(&request).unwrap();
    assert!(json.starts_with(r#"{"kind":"fhe","key":""#), "{json}");
    assert_eq!(serde_json::from_str::<JobRequest>(&json).unwrap(), request);
    for engine in [EngineKind::Exact, EngineKind::TfheCpu, EngineKind::TfheCuda] {
        let json = format!("\"{engine}\"");
        assert_eq!(serde_json::from_str::<EngineKind>(&json).unwrap(), engine);
        assert_eq!(serde_json::to_string(&engine).unwrap(), json);
    }
    let without = json.replace(r#""engine":"tfhe-cpu","#, "");
    let JobRequest::Fhe(read) = serde_json::from_str(&without).unwrap() else { panic!() };
    assert_eq!(read.engine, EngineKind::Exact);
    for field in [r#""key":"#, r#""slots":"#, r#""version":"#, r#""region":"#] {
        let unknown = json.replace(field, &format!(r#""extra":1,{field}"#));
        assert!(serde_json::from_str::<JobRequest>(&unknown).is_err(), "{field}");
    }
}
