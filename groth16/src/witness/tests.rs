//! A module written by hand, which is honest until a line of it is replaced; inputs of all kinds.

use pulseproof_kernels::traits::*;
use pulseproof_kernels::{Bn254, for_each_curve};
use serde_json::json;

use super::*;

/// A circuit with the input `a`, whose witness is 1 and a. The hash of "a" is one of FNV's published vectors.
const HONEST: &str = r#"(module
 (import "runtime" "exceptionHandler" (func $fail (param i32)))
 (import "runtime" "printErrorMessage" (func $print))
 (memory 1)
 (data (i32.const 64) "PRIME")
 (func $copy (param $to i32) (param $from i32)
  (i64.store (local.get $to) (i64.load (local.get $from)))
  (i64.store offset=8 (local.get $to) (i64.load offset=8 (local.get $from)))
  (i64.store offset=16 (local.get $to) (i64.load offset=16 (local.get $from)))
  (i64.store offset=24 (local.get $to) (i64.load offset=24 (local.get $from))))
 (func (export "getVersion") (result i32) (i32.const 2))
 (func (export "getFieldNumLen32") (result i32) (i32.const 8))
 (func (export "getRawPrime") (call $copy (i32.const 0) (i32.const 64)))
 (func (export "readSharedRWMemory") (param i32) (result i32)
  (i32.load (i32.shl (local.get 0) (i32.const 2))))
 (func (export "writeSharedRWMemory") (param i32 i32)
  (i32.store (i32.shl (local.get 0) (i32.const 2)) (local.get 1)))
 (global $begun (mut i32) (i32.const 0))
 (func $init (export "init") (param i32) (global.set $begun (i32.const 1)))
 (func (export "getInputSize") (result i32) (i32.const 1))
 (func (export "getInputSignalSize") (param i32 i32) (result i32)
  (i32.and (i32.eq (local.get 0) (i32.const 0xaf63dc4c)) (i32.eq (local.get 1) (i32.const 0x8601ec8c))))
 (func (export "setInputSignal") (param i32 i32 i32) (call $copy (i32.const 32) (i32.const 0)))
 (func (export "getWitnessSize") (result i32) (i32.const 2))
 (func (export "getWitness") (param i32)
  (call $copy (i32.const 0) (i32.const 32))
  (if (i32.eqz (local.get 0)) (then
   (call $copy (i32.const 0) (i32.const 128))
   (i32.store (i32.const 0) (i32.const 1)))))
 (func (export "getMessageChar") (result i32) (i32.const 0)))"#;

fn limits() -> Limits {
    Limits { memory_bytes: 1 << 20, time: Duration::from_millis(200), ..Limits::default() }
}

/// The module with lines replaced.
pub(super) fn wasm<C: pulseproof_kernels::Curve>(changes: &[(&str, &str)]) -> Vec<u8> {
    let prime = Scalar::<C>::MODULUS.to_bytes_le();
    let prime: String = prime.iter().map(|byte| format!("\\{byte:02x}")).collect();
    let mut text = HONEST.replace("PRIME", &prime);
    for (from, to) in changes {
        assert!(text.contains(from), "{from}");
        text = text.replacen(from, to, 1);
    }
    wat::parse_str(text).unwrap()
}

fn compile(changes: &[(&str, &str)]) -> Result<Circuit, WitnessError> {
    Circuit::compile(&wasm::<Bn254>(changes), &limits())
}

/// Why there is no witness for a = 7.
fn refusal(changes: &[(&str, &str)]) -> WitnessError {
    compile(changes).unwrap().witness(&json!({"a": 7})).unwrap_err()
}

/// Why inputs are refused.
fn refused_inputs(inputs: &Value) -> WitnessError {
    compile(&[]).unwrap().witness(inputs).unwrap_err()
}

const INIT: &str = "(global.set $begun (i32.const 1))";
const WITNESS: &str = "(call $copy (i32.const 0) (i32.const 32))\n  (if";
const LOOP: &str = "(loop $again (br $again))";

#[test]
fn an_honest_module_gives_a_witness() {
    fn test<C: pulseproof_kernels::Curve>() {
        let circuit = Circuit::compile(&wasm::<C>(&[]), &limits()).unwrap();
        assert_eq!((circuit.curve(), circuit.witness_len()), (C::ID, 2));
        assert_eq!(circuit.prime(), Scalar::<C>::MODULUS.as_ref());
        let big = Scalar::<C>::from(u64::MAX).square();
        let wide = format!("{}{}", Scalar::<C>::MODULUS, "0".repeat(40));
        let cases = [
            (json!(7), Scalar::<C>::from(7u64)),
            (json!(-1), -Scalar::<C>::ONE),
            (json!(i64::MIN), -Scalar::<C>::from(1u64 << 63)),
            (json!(u64::MAX), Scalar::<C>::from(u64::MAX)),
            (json!("007"), Scalar::<C>::from(7u64)),
            (json!("-0x10"), -Scalar::<C>::from(16u64)),
            (json!("0xfffffffffffffffe0000000000000001"), big),
            (json!(Scalar::<C>::MODULUS.to_string()), Scalar::<C>::ZERO),
            (json!(wide), Scalar::<C>::ZERO),
            (json!([[["5"]]]), Scalar::<C>::from(5u64)),
        ];
        for (value, expected) in cases {
            let words = circuit.witness(&json!({"a": value})).unwrap();
            assert_eq!(words.count(), 2);
            assert_eq!(words.as_slice()[..WORDS], [1, 0, 0, 0]);
            assert_eq!(words.as_slice()[WORDS..], *expected.into_bigint().as_ref(), "{value}");
            assert_eq!(format!("{words:?}"), "Words(2 values)");
            assert_eq!(words.into_words().len(), 2 * WORDS);
        }
    }
    for_each_curve!(test);
}

#[test]
fn values_that_are_no_numbers_are_refused() {
    let long = "1".repeat(1025);
    let values = [json!(true), json!(null), json!(1.5), json!(1e30), json!({}), json!("")];
    let texts = ["-", "0x", "0xg", "12a", "--1", "+1", " 1", "1e3", "0X1", "-0x-1", "٣", &long];
    for value in values.into_iter().chain(texts.map(|text| json!(text))) {
        match refused_inputs(&json!({"a": [value]})) {
            WitnessError::Value { signal, index: 0, reason } => {
                assert_eq!(signal, "a");
                assert!(!reason.contains("12a"));
            }
            // An object in a list is a bus.
            WitnessError::MissingInputs { .. } if value.is_object() => {}
            other => panic!("{value}: {other:?}"),
        }
    }
}

#[test]
fn signals_are_named_in_errors() {
    let unknown = |name: &str| WitnessError::UnknownSignal(name.to_owned());
    assert_eq!(refused_inputs(&json!({"b": 1})), unknown("b"));
    assert_eq!(refused_inputs(&json!({"a": 1, "b": [1]})), unknown("b"));
    assert_eq!(refused_inputs(&json!({"a": {"x": 1}})), unknown("a.x"));
    assert_eq!(refused_inputs(&json!({"a": [{"x": 1}]})), unknown("a[0].x"));
    let long = "b".repeat(10_000);
    assert_eq!(refused_inputs(&json!({&long: 1})), unknown(&long[..MESSAGE_CHARS_MAX]));
    let count = |got| WitnessError::Count { signal: "a".to_owned(), got, expected: 1 };
    assert_eq!(refused_inputs(&json!({"a": []})), count(0));
    assert_eq!(refused_inputs(&json!({"a": [[1], [2, 3]]})), count(3));
    let missing = WitnessError::MissingInputs { got: 0, expected: 1 };
    assert_eq!(refused_inputs(&json!({})), missing);
    for inputs in [json!([1]), json!(1), json!(null)] {
        assert!(matches!(refused_inputs(&inputs), WitnessError::Inputs(_)));
    }
    let deep = (0..1000).fold(json!(1), |value, _| Value::Array(vec![value]));
    assert!(matches!(refused_inputs(&json!({"a": deep})), WitnessError::Inputs(_)));
}

#[test]
fn inputs_are_bounded_before_they_are_parsed() {
    let limits = Limits { input_bytes: 9, ..limits() };
    assert_eq!(parse_inputs(br#"{"a": 12}"#, &limits), Ok(json!({"a": 12})));
    let long = WitnessError::TooLong { what: "inputs", got: 10, limit: 9 };
    assert_eq!(parse_inputs(br#"{"a": 123}"#, &limits), Err(long));
    assert_eq!(parse_inputs(b"\xef\xbb\xbf{}", &limits), Ok(json!({})));
    let error = parse_inputs(b"\xff\xfe{\0}\0", &limits).unwrap_err();
    assert_eq!(error.to_string(), "inputs: UTF-16 text: save it as UTF-8");
    let error = parse_inputs(br#"{"a":77x}"#, &limits).unwrap_err();
    assert_eq!(error.to_string(), "inputs: no JSON at line 1, column 8");
}

#[test]
fn only_modules_of_circom_are_compiled() {
    let bytes = wasm::<Bn254>(&[]);
    let small = Limits { wasm_bytes: bytes.len() - 1, ..limits() };
    let (got, limit) = (bytes.len(), bytes.len() - 1);
    let refused = Circuit::compile(&bytes, &small).unwrap_err();
    assert_eq!(refused, WitnessError::TooLong { what: "module", got, limit });
    // Cut between sections: without the names, which come last, it is the same module.
    let whole = |end: &usize| Circuit::compile(&bytes[..*end], &limits()).is_ok();
    assert_eq!((0..bytes.len()).filter(whole).count(), 1);
    let refused = |from, to| compile(&[(from, to)]).unwrap_err();
    let import = |name: &str| WitnessError::Import(name.to_owned());
    assert_eq!(refused("printErrorMessage", "print"), import("runtime.print"));
    assert_eq!(refused("\"runtime\"", "\"env\""), import("env.exceptionHandler"));
    let wrong = refused("(func $fail (param i32))", "(func $fail (param i64))");
    assert!(matches!(wrong, WitnessError::Module(_)), "{wrong:?}");
    let two = refused("(memory 1)", "(memory 1) (memory 1)");
    assert!(matches!(two, WitnessError::Module(_)), "{two:?}");
    assert_eq!(refused("\"init\"", "\"other\""), WitnessError::Export("init"));
    let typed = ("(export \"init\") (param i32)", "(export \"init\") (param i64)");
    assert_eq!(refused(typed.0, typed.1), WitnessError::Export("init"));
    assert_eq!(
        refused(
            "(i32.const 2))\n (func (export \"getField",
            "(i32.const 1))\n (func (export \"getField"
        ),
        WitnessError::Version(1)
    );
    assert_eq!(
        refused("(result i32) (i32.const 8)", "(result i32) (i32.const 2)"),
        WitnessError::Prime
    );
    assert_eq!(refused("(data (i32.const 64)", "(data (i32.const 60)"), WitnessError::Prime);
}

/// circom 2.0.0 to 2.0.3 do not tell how many values an input has; 2.2.0 has one more thing to say.
#[test]
fn modules_of_every_release_run() {
    let size = "(func (export \"getInputSignalSize\")";
    let debug = "(import \"runtime\" \"printDebug\" (func $debug (param i32)))\n (memory 1)";
    let old = [(size, "(func")];
    let new = [("(memory 1)", debug), (INIT, "(call $debug (i32.const 7))")];
    for changes in [&old[..], &new[..]] {
        let words = compile(changes).unwrap().witness(&json!({"a": 7})).unwrap();
        assert_eq!(words.as_slice()[WORDS], 7);
    }
    let missing = WitnessError::MissingInputs { got: 0, expected: 1 };
    assert_eq!(compile(&old).unwrap().witness(&json!({})).unwrap_err(), missing);
    // What it exports under that name has to be what circom does.
    let wrong =
        compile(&[(&*format!("{size} (param i32 i32)"), &*format!("{size} (param i64 i32)"))]);
    assert!(matches!(wrong, Err(WitnessError::Export(_) | WitnessError::Module(_))));
}

#[test]
#[cfg(feature = "prove")]
fn modules_of_other_circuits_are_named() {
    use pulseproof_kernels::CurveId;

    use crate::belongs::Shape;

    let module = compile(&[]).unwrap();
    let of_key = Shape { curve: CurveId::Bn254, signals: 2, public: 0, log_size: 1 };
    assert!(of_key.check_module(&module).is_ok());
    let refused = |of_key: Shape| of_key.check_module(&module).unwrap_err().to_string();
    assert_eq!(
        refused(Shape { curve: CurveId::Bls12_381, ..of_key }),
        "it is of another circuit: its curve is bn254, the key's is bls12-381"
    );
    assert_eq!(
        refused(Shape { signals: 3, ..of_key }),
        "it is of another circuit: its number of signals is 2, the key's is 3"
    );
}

#[test]
fn circom_1_is_named() {
    let text = r#"(module (import "env" "memory" (memory 1)) (import "runtime" "error" (func))
        (func (export "getFrLen") (result i32) (i32.const 40)))"#;
    let refused = Circuit::compile(&wat::parse_str(text).unwrap(), &limits()).unwrap_err();
    assert_eq!(refused, WitnessError::Circom1);
    assert!(refused.to_string().contains(".wtns"));
}

#[test]
fn random_mutations_never_panic_or_hang() {
    use rand::rngs::StdRng;
    use rand::{Rng, SeedableRng};
    let mut rng = StdRng::seed_from_u64(5);
    let bytes = wasm::<Bn254>(&[]);
    for _ in 0..300 {
        let mut bytes = bytes.clone();
        let at = rng.gen_range(0..bytes.len());
        bytes[at] = rng.r#gen();
        if let Ok(circuit) = Circuit::compile(&bytes, &limits()) {
            let _ = circuit.witness(&json!({"a": 7}));
        }
    }
}

#[test]
fn memory_is_limited() {
    let limit = limits().memory_bytes;
    let large = compile(&[("(memory 1)", "(memory 17)")]).unwrap_err();
    assert_eq!(large, WitnessError::Memory { got: 17 << 16, limit });
    let grow = refusal(&[(INIT, "(drop (memory.grow (i32.const 65535)))")]);
    assert_eq!(grow, WitnessError::Memory { got: 1 << 32, limit });
    assert!(
        compile(&[(INIT, "(drop (memory.grow (i32.const 15)))")])
            .unwrap()
            .witness(&json!({"a": 7}))
            .is_ok()
    );
    let table = compile(&[("(memory 1)", "(memory 1) (table 100000000 funcref)")]).unwrap_err();
    assert!(matches!(table, WitnessError::Trap(_)), "{table:?}");
}

#[test]
fn time_is_limited() {
    let time = WitnessError::Time(limits().time);
    assert_eq!(refusal(&[(INIT, LOOP)]), time);
    assert_eq!(refusal(&[(WITNESS, &format!("{LOOP} {WITNESS}"))]), time);
    let start = compile(&[("(memory 1)", &format!("(memory 1) (start $s) (func $s {LOOP})"))]);
    assert_eq!(start.unwrap_err(), time);
    // And messages that never come.
    let message = (INIT, "(call $print)");
    let changes = [
        message,
        (
            "\"getMessageChar\") (result i32)",
            "\"getMessageChar\") (result i32) (loop $again (br $again))",
        ),
    ];
    assert_eq!(refusal(&changes), time);
}

#[test]
fn depth_is_limited() {
    let stack = WitnessError::Stack(STACK_BYTES_MAX);
    assert_eq!(refusal(&[(INIT, "(call $init (local.get 0))")]), stack);
    // Through the host: a message that asks for a message.
    let changes = [
        (INIT, "(call $print)"),
        ("\"getMessageChar\") (result i32)", "\"getMessageChar\") (result i32) (call $print)"),
    ];
    let within = WitnessError::Trap("a message within a message".to_owned());
    assert_eq!(refusal(&changes), within);
}

#[test]
fn failures_of_the_circuit_are_told_in_its_words() {
    let fail = (INIT, "(call $print) (call $fail (i32.const 4))");
    let silent = WitnessError::Circuit { reason: "a check fails", message: String::new() };
    assert_eq!(refusal(&[fail]), silent);
    assert_eq!(silent.to_string(), "circuit: a check fails");
    let endless = (
        "\"getMessageChar\") (result i32) (i32.const 0)",
        "\"getMessageChar\") (result i32) (i32.const 7)",
    );
    match refusal(&[fail, endless]) {
        WitnessError::Circuit { message, .. } => assert!(message.len() <= MESSAGE_CHARS_MAX),
        other => panic!("{other:?}"),
    }
    let unknown = refusal(&[(INIT, "(call $fail (i32.const -1))")]);
    assert!(unknown.to_string().contains("a code that circom does not have"), "{unknown}");
    let trap = refusal(&[(INIT, "(unreachable)")]);
    assert!(matches!(&trap, WitnessError::Trap(text) if text.contains("unreachable")), "{trap:?}");
}

#[test]
fn lies_about_the_witness_are_refused() {
    let size = "(i32.const 2))\n (func (export \"getWitness\")";
    let sized = |size: &str| format!("{size})\n (func (export \"getWitness\")");
    let limit = limits().memory_bytes;
    let huge = compile(&[(size, &sized("(i32.const -1)"))]).unwrap_err();
    let got = usize::try_from(u32::MAX).unwrap() * 32;
    assert_eq!(huge, WitnessError::TooLong { what: "witness", got, limit });
    let empty = compile(&[(size, &sized("(i32.const 0)"))]).unwrap_err();
    assert!(matches!(empty, WitnessError::Inconsistent(_)));
    let changed = refusal(&[(size, &sized("(i32.add (global.get $begun) (i32.const 2))"))]);
    assert_eq!(changed, WitnessError::Inconsistent("the size of the witness has changed"));
    let prime = WITNESS.replace("const 32", "const 64");
    assert_eq!(refusal(&[(WITNESS, &prime)]), WitnessError::NotReduced { index: 1 });
    let first = refusal(&[("(i32.store (i32.const 0) (i32.const 1))", "")]);
    assert_eq!(first, WitnessError::Inconsistent("the first value of the witness is not 1"));
    let outside = refusal(&[(
        "(call $copy (i32.const 32) (i32.const 0))",
        "(call $copy (i32.const -9) (i32.const 0))",
    )]);
    assert!(matches!(outside, WitnessError::Trap(_)));
}

#[test]
fn runs_are_independent() {
    let circuit = compile(&[]).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..4u64 {
            let circuit = &circuit;
            scope.spawn(move || {
                for round in 0..50 {
                    let a = thread << 32 | round;
                    let words = circuit.witness(&json!({"a": a})).unwrap();
                    assert_eq!(words.as_slice()[WORDS], a);
                }
            });
        }
    });
}

#[test]
fn fields_of_buses_are_signals_of_their_own() {
    let inputs =
        json!({"p": {"x": [1, [2, 3]], "q": {"y": 4}}, "l": [[{"z": 5}], [{"z": [6]}]], "e": []});
    let signals = inputs::signals(&inputs).unwrap();
    // In the order of the file or of names, as whoever reads JSON has it: it is the same witness.
    let mut found: Vec<_> = signals.iter().map(|s| (s.name.as_str(), s.values.len())).collect();
    found.sort_unstable();
    assert_eq!(found, [("e", 0), ("l[0][0].z", 1), ("l[1][0].z", 1), ("p.q.y", 1), ("p.x", 3)]);
}
