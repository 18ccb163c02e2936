//! Circuits.

use std::collections::BTreeMap;

use pulseproof_formats::r1cs::{Limits, Matrix, R1cs, curve};
use pulseproof_formats::{ElementProblem, FormatError, Witness};
use pulseproof_kernels::traits::*;
use pulseproof_kernels::{Bls12_381, Bn254, Curve, Scalar, for_each_curve};
use serde_json::Value;

use crate::common::*;

const UNUSED: &[u8] = include_bytes!("../fixtures/unused.r1cs");
const CUSTOM: &[u8] = include_bytes!("../fixtures/custom.r1cs");

fn file<C: Curve>() -> &'static [u8] {
    fixture!(C, "tiny.r1cs")
}

fn read<C: Curve>(bytes: &[u8]) -> Result<R1cs<Scalar<C>>, FormatError> {
    R1cs::read(&mut source(bytes), &Limits::default())
}

fn reads<C: Curve>(bytes: &[u8]) -> Result<(), FormatError> {
    read::<C>(bytes).map(drop)
}

fn witness<C: Curve>() -> Witness<Scalar<C>> {
    Witness::read(&mut source(fixture!(C, "tiny.wtns")), 100).unwrap()
}

/// A row as snarkjs prints it.
fn row<F: PrimeField>(matrix: &Matrix<F>, row: usize) -> BTreeMap<String, String> {
    let (wires, coefficients) = matrix.row(row);
    let terms = wires.iter().zip(coefficients);
    terms.map(|(wire, value)| (wire.to_string(), value.to_string())).collect()
}

fn printed_row(value: &Value) -> BTreeMap<String, String> {
    let terms = value.as_object().unwrap().iter();
    terms.map(|(wire, value)| (wire.clone(), value.as_str().unwrap().to_owned())).collect()
}

#[test]
fn holds_what_snarkjs_reads() {
    fn test<C: Curve>() {
        let circuit = read::<C>(file::<C>()).unwrap();
        let json = json(fixture!(C, "r1cs.json"));
        let expected = |name: &str| usize::try_from(json[name].as_u64().unwrap()).unwrap();
        assert_eq!(circuit.wires, expected("nVars"));
        assert_eq!(circuit.outputs, expected("nOutputs"));
        assert_eq!(circuit.public_inputs, expected("nPubInputs"));
        assert_eq!(circuit.private_inputs, expected("nPrvInputs"));
        assert_eq!(circuit.constraints(), expected("nConstraints"));
        assert_eq!(circuit.labels.signals, expected("nLabels") as u64);
        let map = json["map"].as_array().unwrap().iter().map(|label| label.as_u64().unwrap());
        assert_eq!(circuit.labels.of_wires, map.collect::<Vec<_>>());
        assert_eq!(circuit.public(), 3);
        for (index, constraint) in json["constraints"].as_array().unwrap().iter().enumerate() {
            for (matrix, printed) in [&circuit.a, &circuit.b, &circuit.c].into_iter().zip(0..) {
                assert_eq!(row(matrix, index), printed_row(&constraint[printed]), "{index}");
            }
        }
        assert_eq!(circuit.a.row(3), (&[][..], &[][..]));
        assert_eq!(circuit.a.row(usize::MAX - 1), (&[][..], &[][..]));
    }
    for_each_curve!(test);
}

#[test]
fn is_written_as_it_was_read() {
    fn test<C: Curve>() {
        for bytes in [file::<C>(), &reversed(file::<C>())] {
            let mut again = Vec::new();
            read::<C>(bytes).unwrap().write(&mut again).unwrap();
            assert_eq!(again, file::<C>());
        }
    }
    for_each_curve!(test);
    let mut again = Vec::new();
    let circuit = read::<Bn254>(UNUSED).unwrap();
    circuit.write(&mut again).unwrap();
    assert_eq!(again, UNUSED);
    assert_eq!((circuit.wires, circuit.private_inputs), (4, 2));
}

#[test]
fn labels_may_be_missing() {
    let mut circuit = read::<Bn254>(file::<Bn254>()).unwrap();
    circuit.labels.of_wires.clear();
    let mut bytes = Vec::new();
    circuit.write(&mut bytes).unwrap();
    assert_eq!(read::<Bn254>(&bytes).unwrap(), circuit);
}

#[test]
fn longer_than_any_buffer_survives() {
    type F = Scalar<Bls12_381>;
    let mut circuit = R1cs::<F> { wires: 5000, outputs: 1, ..R1cs::default() };
    for i in 0..5000u32 {
        circuit.a.push_row((0..i % 7).map(|j| ((i + j) % 5000, F::from(i * 7 + j))));
        circuit.b.push_row([(i, F::from(i))]);
        circuit.c.push_row([]);
    }
    let mut bytes = Vec::new();
    circuit.write(&mut bytes).unwrap();
    assert_eq!(read::<Bls12_381>(&bytes).unwrap(), circuit);
}

#[test]
fn finds_the_first_constraint_that_fails() {
    fn test<C: Curve>() {
        let circuit = read::<C>(file::<C>()).unwrap();
        let good = witness::<C>();
        circuit.check_length(&good).unwrap();
        assert_eq!(circuit.first_unsatisfied(&good), None);
        // Which constraint reads which wire first, from the printed circuit.
        for (wire, first) in [(1, 1), (2, 2), (3, 1), (4, 0), (5, 1), (6, 0)] {
            let mut words = good.words().to_vec();
            words[4 * wire] ^= 2;
            let bad = Witness::from_words(words).unwrap();
            assert_eq!(circuit.first_unsatisfied(&bad), Some(first), "{wire}");
        }
        let short = Witness::from_words(good.words()[..4 * 6].to_vec()).unwrap();
        assert_eq!(circuit.first_unsatisfied(&short), Some(0));
        assert_eq!(
            circuit.check_length(&short).unwrap_err().to_string(),
            "wtns file: witness: 6 values, expected 7"
        );
    }
    for_each_curve!(test);
}

#[test]
fn says_its_curve() {
    fn test<C: Curve>() {
        assert_eq!(curve(&mut source(file::<C>())).unwrap(), C::ID);
    }
    for_each_curve!(test);
    assert_eq!(
        read::<Bn254>(file::<Bls12_381>()).unwrap_err().to_string(),
        "r1cs file: made for curve bls12-381, expected curve bn254"
    );
}

#[test]
fn custom_gates_are_refused() {
    assert_eq!(
        read::<Bn254>(CUSTOM).unwrap_err().to_string(),
        "r1cs file: the circuit has custom gates, which only PLONK can prove: expected none"
    );
}

#[test]
fn bad_containers_are_refused() {
    fn test<C: Curve>() {
        check_lengths(file::<C>(), reads::<C>);
        check_container(file::<C>(), &[1, 2], reads::<C>);
    }
    for_each_curve!(test);
}

#[test]
fn limits_hold() {
    let file = file::<Bn254>();
    let exact = Limits { constraints_max: 3, terms_max: 14, wires_max: 7 };
    R1cs::<Scalar<Bn254>>::read(&mut source(file), &exact).unwrap();
    for (limits, field) in [
        (Limits { constraints_max: 2, ..exact }, "number of constraints"),
        (Limits { terms_max: 13, ..exact }, "number of terms"),
        (Limits { wires_max: 6, ..exact }, "number of wires"),
    ] {
        let error = R1cs::<Scalar<Bn254>>::read(&mut source(file), &limits).unwrap_err();
        assert!(matches!(error, FormatError::Limit { field: f, .. } if f == field), "{error}");
    }
}

#[test]
fn lying_counts_are_refused() {
    let file = file::<Bn254>();
    let (header, constraints) = (content_of(file, 1), content_of(file, 2));
    let refuse =
        |at: usize, with: u32| reads::<Bn254>(&patched(file, at, &with.to_le_bytes())).unwrap_err();
    let (wires, outputs, rows) = (header + 36, header + 40, header + 60);
    assert!(matches!(refuse(wires, u32::MAX), FormatError::Limit { .. }));
    assert!(matches!(refuse(wires, 1 << 26), FormatError::SectionSize { name: "labels", .. }));
    assert!(matches!(refuse(wires, 3), FormatError::Invalid { field: "number of wires", .. }));
    assert!(matches!(refuse(outputs, u32::MAX), FormatError::Invalid { .. }));
    assert!(matches!(refuse(rows, u32::MAX), FormatError::Limit { .. }));
    assert!(matches!(refuse(rows, 1 << 26), FormatError::Truncated { .. }));
    assert!(matches!(refuse(rows, 4), FormatError::Truncated { .. }));
    assert!(matches!(
        refuse(rows, 2),
        FormatError::SectionSize { name: "constraints", got: 540, .. }
    ));
    // The number of terms of the first row.
    assert!(matches!(refuse(constraints, u32::MAX), FormatError::Limit { .. }));
    assert!(matches!(refuse(constraints, 1 << 28), FormatError::Truncated { .. }));
    assert!(matches!(refuse(constraints, 15), FormatError::Truncated { .. }));
    for wire in [7, u32::MAX] {
        let error = refuse(constraints + 4, wire);
        let found = matches!(error, FormatError::OutOfRange {
            index: 0, field: "wire", got, limit: 7, ..
        } if got == u64::from(wire));
        assert!(found, "{error}");
    }
}

#[test]
fn coefficients_are_below_the_prime() {
    let file = file::<Bn254>();
    let prime = &file[content_of(file, 1) + 4..][..32];
    let error = reads::<Bn254>(&patched(file, content_of(file, 2) + 8, prime)).unwrap_err();
    let found = matches!(
        error,
        FormatError::Element {
            section: "constraints",
            index: 0,
            problem: ElementProblem::NonCanonical,
            ..
        }
    );
    assert!(found, "{error}");
}

#[test]
fn parts_that_do_not_belong_together_are_not_written() {
    let refuse = |change: &dyn Fn(&mut R1cs<Scalar<Bn254>>)| {
        let mut circuit = read::<Bn254>(file::<Bn254>()).unwrap();
        change(&mut circuit);
        circuit.write(&mut Vec::new()).unwrap_err()
    };
    let error = refuse(&|circuit| circuit.b.push_row([]));
    assert!(matches!(error, FormatError::Length { field: "matrix b", got: 4, expected: 3, .. }));
    let error = refuse(&|circuit| circuit.labels.of_wires.push(3));
    assert!(matches!(error, FormatError::Length { field: "labels", got: 8, expected: 7, .. }));
    let error = refuse(&|circuit| {
        circuit.wires = 6;
        circuit.labels.of_wires.pop();
    });
    assert!(matches!(
        error,
        FormatError::Limit { field: "number of a wire", got: 6, limit: 5, .. }
    ));
}
