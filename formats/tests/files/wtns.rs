//! Witnesses.

use pulseproof_formats::wtns::{Witness, curve};
use pulseproof_formats::{ElementProblem, FormatError};
use pulseproof_kernels::{Bls12_381, Bn254, Curve, Scalar, for_each_curve};
use rayon::iter::ParallelIterator;

use crate::common::*;

fn file<C: Curve>() -> &'static [u8] {
    fixture!(C, "tiny.wtns")
}

fn read<C: Curve>(bytes: &[u8]) -> Result<Witness<Scalar<C>>, FormatError> {
    Witness::read(&mut source(bytes), 7)
}

fn reads<C: Curve>(bytes: &[u8]) -> Result<(), FormatError> {
    read::<C>(bytes).map(drop)
}

#[test]
fn holds_what_snarkjs_reads() {
    fn test<C: Curve>() {
        let witness = read::<C>(file::<C>()).unwrap();
        let expected = texts(&json(fixture!(C, "wtns.json")));
        assert_eq!(witness.len(), expected.len());
        let values: Vec<_> = (0..witness.len()).map(|i| witness.value(i).unwrap()).collect();
        assert_eq!(values.iter().map(ToString::to_string).collect::<Vec<_>>(), expected);
        assert_eq!(witness.values().collect::<Vec<_>>(), values);
        for beyond in [witness.len(), usize::MAX, usize::MAX / 4] {
            assert_eq!(witness.value(beyond), None);
        }
        assert_eq!(witness.words().len(), 4 * values.len());
        assert_eq!(witness.words()[..4], [1, 0, 0, 0]);
    }
    for_each_curve!(test);
}

#[test]
fn is_written_as_it_was_read() {
    fn test<C: Curve>() {
        let witness = read::<C>(file::<C>()).unwrap();
        let values: Vec<_> = (0..witness.len()).map(|i| witness.value(i).unwrap()).collect();
        let again = [
            Witness::<Scalar<C>>::from_words(witness.words().to_vec()).unwrap(),
            Witness::from_values(&values).unwrap(),
            read::<C>(&reversed(file::<C>())).unwrap(),
            witness,
        ];
        for witness in again {
            let mut bytes = Vec::new();
            witness.write(&mut bytes).unwrap();
            assert_eq!(bytes, file::<C>());
        }
    }
    for_each_curve!(test);
}

#[test]
fn longer_than_any_buffer_survives() {
    let values: Vec<_> = (0..10_000u64).map(|i| Scalar::<Bn254>::from(i * i + 1)).collect();
    let witness = Witness::from_values(&values).unwrap();
    let mut bytes = Vec::new();
    witness.write(&mut bytes).unwrap();
    let again = Witness::<Scalar<Bn254>>::read(&mut source(&bytes), 10_000).unwrap();
    assert_eq!(again.words(), witness.words());
    assert_eq!(again.value(9_999), Some(values[9_999]));
}

#[test]
fn says_its_curve() {
    fn test<C: Curve>() {
        assert_eq!(curve(&mut source(file::<C>())).unwrap(), C::ID);
    }
    for_each_curve!(test);
    assert_eq!(
        read::<Bls12_381>(file::<Bn254>()).unwrap_err().to_string(),
        "wtns file: made for curve bn254, expected curve bls12-381"
    );
    let unknown = patched(file::<Bn254>(), content_of(file::<Bn254>(), 1) + 4, &[3]);
    let got = "an unknown curve of order 0x30644e72";
    for error in [read::<Bn254>(&unknown).unwrap_err(), curve(&mut source(&unknown)).unwrap_err()] {
        assert!(error.to_string().contains(got), "{error}");
    }
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
fn bad_headers_are_refused() {
    let file = file::<Bn254>();
    let header = content_of(file, 1);
    let refuse = |at: usize, with: &[u8]| reads::<Bn254>(&patched(file, at, with)).unwrap_err();
    for width in [0, 31, 33, u32::MAX] {
        let error = refuse(header, &width.to_le_bytes());
        assert!(matches!(error, FormatError::SectionSize { name: "header", got: 40, .. }));
    }
    let count = header + 36;
    assert!(matches!(refuse(count, &[6]), FormatError::SectionSize { name: "values", .. }));
    for over in [8, u32::MAX] {
        let error = refuse(count, &over.to_le_bytes());
        assert!(
            matches!(error, FormatError::Limit { got, limit: 7, .. } if got == u64::from(over))
        );
    }
}

#[test]
fn counts_are_limited_before_anything_is_read() {
    let (file, size) = (file::<Bn254>(), 32 * u64::from(u32::MAX));
    let mut head = file[..content_of(file, 2)].to_vec();
    head[content_of(file, 1) + 36..][..4].fill(0xff);
    head[head_of(file, 2) + 4..].copy_from_slice(&size.to_le_bytes());
    let length = head.len() as u64 + size;
    let error = Witness::<Scalar<Bn254>>::read(&mut Endless::new(head, length), 1 << 20);
    assert!(matches!(error, Err(FormatError::Limit { got: 0xffff_ffff, .. })), "{error:?}");
}

#[test]
fn bad_values_are_refused_by_number() {
    fn test<C: Curve>() {
        let file = file::<C>();
        let values = content_of(file, 2);
        let prime = &file[content_of(file, 1) + 4..][..32];
        for (index, with) in [(0, prime), (3, prime), (6, &[0xff; 32][..])] {
            let error = reads::<C>(&patched(file, values + 32 * index, with)).unwrap_err();
            let found = matches!(error, FormatError::Element {
                section: "values", index: i, problem: ElementProblem::NonCanonical, ..
            } if i == index as u64);
            assert!(found, "{error}");
        }
        let error = reads::<C>(&patched(file, values, &[2])).unwrap_err();
        assert_eq!(error.to_string(), "wtns file: value 0 is not the constant 1");
        // The largest value there is; neither prime ends in a zero byte.
        let mut largest = prime.to_vec();
        largest[0] -= 1;
        reads::<C>(&patched(file, values + 32, &largest)).unwrap();
    }
    for_each_curve!(test);
}

#[test]
fn bad_words_are_refused() {
    type F = Scalar<Bn254>;
    let refuse = |words: &[u64]| Witness::<F>::from_words(words.to_vec()).unwrap_err().to_string();
    assert!(refuse(&[]).contains("number of values is 0"));
    assert!(refuse(&[1, 0, 0]).contains("last value is not complete"));
    assert!(refuse(&[0, 0, 0, 0]).contains("value 0 is not the constant 1"));
    assert!(refuse(&[1, 0, 0, 1]).contains("value 0 is not the constant 1"));
    let refused = Witness::from_values(&[F::from(2u8)]).unwrap_err();
    assert!(refused.to_string().contains("value 0 is not the constant 1"));
    assert!(Witness::<F>::from_values(&[]).is_err());
    assert_eq!(Witness::<F>::from_words(vec![1, 0, 0, 0]).unwrap().len(), 1);
}

#[test]
fn an_empty_file_of_values_is_refused() {
    let file = file::<Bn254>();
    let mut empty = patched(file, content_of(file, 1) + 36, &[0]);
    empty.truncate(content_of(file, 2));
    let size = head_of(file, 2) + 4;
    let error = reads::<Bn254>(&patched(&empty, size, &[0; 8])).unwrap_err();
    assert!(error.to_string().contains("number of values is 0"), "{error}");
}

#[test]
fn nothing_prints_values() {
    let witness = read::<Bn254>(file::<Bn254>()).unwrap();
    assert_eq!(format!("{witness:?}"), "Witness { values: 7, .. }");
}
