//! Groth16 keys.

use std::io::Cursor;

use pulseproof_formats::zkey::{Contents, Contribution, Matrix2, PointsG1, Zkey, curve, write};
use pulseproof_formats::{Beacon, Check, ElementProblem, FormatError};
use pulseproof_kernels::group::Group;
use pulseproof_kernels::traits::*;
use pulseproof_kernels::{Bls12_381, Bn254, Curve, G1, G1Affine, G2, Scalar, for_each_curve};
use serde_json::Value;

use crate::common::*;

fn file<C: Curve>() -> &'static [u8] {
    fixture!(C, "tiny.zkey")
}

fn open<C: Curve>(bytes: &[u8]) -> Result<Zkey<C, Cursor<&[u8]>>, FormatError> {
    Zkey::open(source(bytes))
}

fn contents<C: Curve>(bytes: &[u8]) -> Result<Contents<C>, FormatError> {
    open(bytes)?.contents(Check::Full)
}

fn reads<C: Curve>(bytes: &[u8]) -> Result<(), FormatError> {
    contents::<C>(bytes).map(drop)
}

fn written<C: Curve>(contents: &Contents<C>) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(&mut bytes, contents).unwrap();
    bytes
}

fn same_points<G: Group>(points: &[G::Affine], printed_points: &[Value]) {
    assert_eq!(points.len(), printed_points.len());
    for (index, (point, expected)) in points.iter().zip(printed_points).enumerate() {
        assert_eq!(decimal::<G>(point), printed(expected), "{index}");
    }
}

#[test]
fn holds_what_snarkjs_reads() {
    fn test<C: Curve>() {
        let key = contents::<C>(file::<C>()).unwrap();
        let json = json(fixture!(C, "zkey.json"));
        let list = |name: &str| json[name].as_array().unwrap().as_slice();
        let header = &key.header;
        assert_eq!(Some(header.variables as u64), json["nVars"].as_u64());
        assert_eq!(Some(header.public as u64), json["nPublic"].as_u64());
        assert_eq!(Some(header.domain_size() as u64), json["domainSize"].as_u64());
        assert_eq!(Some(u64::from(header.log_size)), json["power"].as_u64());
        for (point, name) in [
            (&header.alpha_g1, "vk_alpha_1"),
            (&header.beta_g1, "vk_beta_1"),
            (&header.delta_g1, "vk_delta_1"),
        ] {
            assert_eq!(decimal::<G1<C>>(point), printed(&json[name]), "{name}");
        }
        for (point, name) in [
            (&header.beta_g2, "vk_beta_2"),
            (&header.gamma_g2, "vk_gamma_2"),
            (&header.delta_g2, "vk_delta_2"),
        ] {
            assert_eq!(decimal::<G2<C>>(point), printed(&json[name]), "{name}");
        }
        same_points::<G1<C>>(&key.ic, list("IC"));
        same_points::<G1<C>>(&key.a, list("A"));
        same_points::<G1<C>>(&key.b1, list("B1"));
        same_points::<G2<C>>(&key.b2, list("B2"));
        // snarkjs begins counting these at wire 0, where none is.
        same_points::<G1<C>>(&key.c, &list("C")[header.public + 1..]);
        same_points::<G1<C>>(&key.h, list("hExps"));
        check_coefficients(&key, list("ccoefs"));
        assert!(key.a.iter().any(AffineRepr::is_zero), "infinity is among the points tested");
    }
    for_each_curve!(test);
}

fn check_coefficients<C: Curve>(key: &Contents<C>, expected: &[Value]) {
    assert_eq!(key.coefficients.len(), expected.len());
    for (got, expected) in key.coefficients.iter().zip(expected) {
        let matrix = if expected["matrix"] == 0 { Matrix2::A } else { Matrix2::B };
        assert_eq!(got.matrix, matrix);
        assert_eq!(Some(u64::from(got.constraint)), expected["constraint"].as_u64());
        assert_eq!(Some(u64::from(got.signal)), expected["signal"].as_u64());
        assert_eq!(Some(got.value.to_string().as_str()), expected["value"].as_str());
    }
}

#[test]
fn is_written_as_it_was_read() {
    fn test<C: Curve>() {
        for bytes in [file::<C>(), fixture!(C, "new.zkey")] {
            for check in [Check::Full, Check::OnCurve, Check::None] {
                let key = open::<C>(bytes).unwrap().contents(check).unwrap();
                assert_eq!(written(&key), bytes, "{check:?}");
            }
            // The order of sections does not matter to whoever reads them.
            assert_eq!(written(&contents::<C>(&reversed(bytes)).unwrap()), bytes);
        }
    }
    for_each_curve!(test);
}

#[test]
fn contributions_are_counted() {
    fn test<C: Curve>() {
        let mut new = open::<C>(fixture!(C, "new.zkey")).unwrap();
        let mut key = open::<C>(file::<C>()).unwrap();
        assert_eq!((new.contributions().unwrap(), key.contributions().unwrap()), (0, 2));
        assert!(new.contribution_bytes().unwrap().is_empty());
        let hash = key.circuit_hash().unwrap();
        assert_eq!(new.circuit_hash().unwrap(), hash);
        let at = content_of(file::<C>(), 10);
        assert_eq!(hash, file::<C>()[at..at + 64]);
        assert_eq!(key.contribution_bytes().unwrap(), file::<C>()[at + 68..]);
    }
    for_each_curve!(test);
}

#[test]
fn progress_rises_to_the_total() {
    let mut key = open::<Bn254>(file::<Bn254>()).unwrap();
    let mut heard = Vec::new();
    key.points_g1(PointsG1::H, Check::None, &mut |done, all| heard.push((done, all))).unwrap();
    key.points_b2(Check::None, &mut |done, all| heard.push((done, all))).unwrap();
    assert_eq!(heard, [(8, 8), (7, 7)]);
}

/// More points and coefficients than are read at a time.
#[test]
fn longer_than_any_buffer_survives() {
    let mut key = contents::<Bn254>(file::<Bn254>()).unwrap();
    key.header.log_size = 13;
    let g = G1Affine::<Bn254>::generator();
    let points: Vec<_> = (0..8192u64).map(|i| g * Scalar::<Bn254>::from(i)).collect();
    key.h = G1::<Bn254>::normalize_batch(&points);
    let entry = key.coefficients[0];
    key.coefficients = (0..20_000)
        .map(|i| {
            let value = Scalar::<Bn254>::from(u64::from(i));
            pulseproof_formats::zkey::Coefficient { constraint: i % 8192, value, ..entry }
        })
        .collect();
    let bytes = written(&key);
    assert_eq!(contents::<Bn254>(&bytes).unwrap(), key);
    // The first bad one is named, wherever it is.
    let h = content_of(&bytes, 9);
    let bad = patched(&patched(&bytes, h + 5000 * 64, &[1]), h + 8191 * 64, &[1]);
    let error = reads::<Bn254>(&bad).unwrap_err();
    assert!(matches!(error, FormatError::Element { section: "H", index: 5000, .. }), "{error}");
    let at = content_of(&bytes, 4) + 4 + 19_999 * 44;
    let error = reads::<Bn254>(&patched(&bytes, at, &[2])).unwrap_err();
    assert!(matches!(error, FormatError::OutOfRange { index: 19_999, .. }), "{error}");
}

#[test]
fn a_listener_may_stop_the_reading() {
    let mut key = open::<Bn254>(file::<Bn254>()).unwrap();
    let stop = || FormatError::NotPrepared;
    assert!(matches!(key.coefficients(&mut |_| Err(stop())), Err(FormatError::NotPrepared)));
}

#[test]
fn says_its_curve() {
    fn test<C: Curve>() {
        assert_eq!(curve(&mut source(file::<C>())).unwrap(), C::ID);
        let at = content_of(file::<C>(), 2) + 4;
        let unknown = curve(&mut source(&patched(file::<C>(), at, &[9]))).unwrap_err().to_string();
        assert!(unknown.contains("an unknown curve over the prime 0x"), "{unknown}");
        assert!(unknown.ends_with("expected curve bls12-381 or curve bn254"), "{unknown}");
    }
    for_each_curve!(test);
    assert_eq!(
        reads::<Bls12_381>(file::<Bn254>()).unwrap_err().to_string(),
        "zkey file: made for curve bn254, expected curve bls12-381"
    );
    // The right coordinates with other scalars.
    let at = content_of(file::<Bn254>(), 2) + 4 + 32 + 4;
    let error = reads::<Bn254>(&patched(file::<Bn254>(), at, &[9])).unwrap_err();
    assert!(error.to_string().contains("an unknown curve of order 0x"), "{error}");
}

#[test]
fn other_proof_systems_are_refused() {
    for (id, name) in [(2, "PLONK"), (10, "FFLONK"), (3, "the unknown proof system 3")] {
        let file = patched(file::<Bn254>(), content_of(file::<Bn254>(), 1), &[id]);
        let expected = format!("zkey file: a key for {name}: expected Groth16 (1)");
        assert_eq!(reads::<Bn254>(&file).unwrap_err().to_string(), expected);
        assert_eq!(curve(&mut source(&file)).unwrap_err().to_string(), expected);
    }
}

#[test]
fn bad_containers_are_refused() {
    fn test<C: Curve>() {
        check_lengths(file::<C>(), reads::<C>);
        check_container(file::<C>(), &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10], reads::<C>);
    }
    for_each_curve!(test);
}

#[test]
fn headers_that_lie_are_refused() {
    fn test<C: Curve>() {
        let numbers = content_of(file::<C>(), 2) + 4 + width::<C>() + 4 + 32;
        let refuse = |field: usize, with: u32| {
            let bytes = patched(file::<C>(), numbers + 4 * field, &with.to_le_bytes());
            // Already opening it fails.
            open::<C>(&bytes).map(drop).unwrap_err()
        };
        let sized = |error, section| {
            let found = matches!(&error, FormatError::SectionSize { name, .. } if *name == section);
            assert!(found, "{section}: {error}");
        };
        sized(refuse(0, 8), "A");
        sized(refuse(0, u32::MAX), "A");
        sized(refuse(1, 4), "IC");
        sized(refuse(1, 2), "IC");
        sized(refuse(2, 16), "H");
        sized(refuse(2, 1), "H");
        let invalid = |error, name| {
            let found = matches!(&error, FormatError::Invalid { field, .. } if *field == name);
            assert!(found, "{name}: {error}");
        };
        invalid(refuse(0, 0), "number of public values");
        invalid(refuse(0, 3), "number of public values");
        invalid(refuse(1, u32::MAX), "number of public values");
        for size in [0, 7, 12, u32::MAX] {
            invalid(refuse(2, size), "domain size");
        }
    }
    for_each_curve!(test);
    let numbers = content_of(file::<Bn254>(), 2) + 4 + 32 + 4 + 32;
    let bytes = patched(file::<Bn254>(), numbers + 8, &(1u32 << 29).to_le_bytes());
    assert_eq!(
        reads::<Bn254>(&bytes).unwrap_err().to_string(),
        "zkey file: domain size 536870912 is not a power of two up to 2^28"
    );
}

#[test]
fn widths_that_lie_are_refused() {
    let header = content_of(file::<Bn254>(), 2);
    for at in [header, header + 36] {
        for width in [0, 24, 33, 64, u32::MAX] {
            let bytes = patched(file::<Bn254>(), at, &u32::to_le_bytes(width));
            let error = reads::<Bn254>(&bytes).unwrap_err();
            assert!(matches!(error, FormatError::WrongCurve { .. }), "{at}: {width}: {error}");
        }
    }
}

#[test]
fn coefficients_that_lie_are_refused() {
    let file = file::<Bn254>();
    let at = content_of(file, 4);
    let refuse =
        |at: usize, with: u32| reads::<Bn254>(&patched(file, at, &with.to_le_bytes())).unwrap_err();
    for count in [0, 13, 15, u32::MAX] {
        let error = refuse(at, count);
        assert!(matches!(error, FormatError::SectionSize { name: "coefficients", .. }), "{error}");
    }
    let third = at + 4 + 3 * 44;
    for (skip, name, limit) in [(0, "matrix", 2), (4, "constraint", 8), (8, "signal", 7)] {
        for over in [limit, u32::MAX] {
            let error = refuse(third + skip, over);
            let found = matches!(error, FormatError::OutOfRange {
                section: "coefficients", index: 3, field, got, limit: l, ..
            } if field == name && got == u64::from(over) && l == u64::from(limit));
            assert!(found, "{name}: {error}");
        }
    }
    let prime = &file[content_of(file, 2) + 40..][..32];
    let error = reads::<Bn254>(&patched(file, third + 12, prime)).unwrap_err();
    let found = matches!(
        error,
        FormatError::Element {
            section: "coefficients",
            index: 3,
            problem: ElementProblem::NonCanonical,
            ..
        }
    );
    assert!(found, "{error}");
}

/// What is wrong with a point in a file with these bytes at the given place.
fn problem<C: Curve>(
    section: u32,
    skip: usize,
    with: &[u8],
    check: Check,
) -> Result<(), (&'static str, u64, ElementProblem)> {
    let bytes = patched(file::<C>(), content_of(file::<C>(), section) + skip, with);
    match open::<C>(&bytes).and_then(|mut key| key.contents(check)) {
        Ok(_) => Ok(()),
        Err(FormatError::Element { section, index, problem, .. }) => Err((section, index, problem)),
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn bad_points_are_refused_by_number() {
    fn test<C: Curve>() {
        let (width, all) = (width::<C>(), [Check::Full, Check::OnCurve, Check::None]);
        let prime = &file::<C>()[content_of(file::<C>(), 2) + 4..][..width];
        let names = [(3, "IC"), (5, "A"), (6, "B1"), (7, "B2"), (8, "C"), (9, "H")];
        for (section, name) in names {
            let size = if section == 7 { 4 * width } else { 2 * width };
            for check in all {
                let canonical = problem::<C>(section, 2 * size + size / 2, prime, check);
                assert_eq!(canonical, Err((name, 2, ElementProblem::NonCanonical)));
                let off = problem::<C>(section, size, &[1; 8], check);
                let expected = Err((name, 1, ElementProblem::NotOnCurve));
                assert_eq!(off, if check == Check::None { Ok(()) } else { expected });
                assert_eq!(problem::<C>(section, 0, &vec![0; size], check), Ok(()));
            }
        }
        let stray = montgomery(&outside_subgroup::<C::G2Affine>(), width);
        let expected = Err(("B2", 4, ElementProblem::WrongSubgroup));
        assert_eq!(problem::<C>(7, 4 * 4 * width, &stray, Check::Full), expected);
        assert_eq!(problem::<C>(7, 4 * 4 * width, &stray, Check::OnCurve), Ok(()));
    }
    for_each_curve!(test);
    let stray = montgomery(&outside_subgroup::<G1Affine<Bls12_381>>(), 48);
    let expected = Err(("H", 7, ElementProblem::WrongSubgroup));
    assert_eq!(problem::<Bls12_381>(9, 7 * 96, &stray, Check::Full), expected);
    assert_eq!(problem::<Bls12_381>(9, 7 * 96, &stray, Check::OnCurve), Ok(()));
}

#[test]
fn points_of_the_header_are_checked_whatever_is_asked() {
    fn test<C: Curve>() {
        let (width, first) = (width::<C>(), 4 + width::<C>() + 4 + 32 + 12);
        let stray = montgomery(&outside_subgroup::<C::G2Affine>(), width);
        let skips = [0, 2, 4, 8, 12, 14].map(|coordinates| first + coordinates * width);
        for (index, skip) in skips.into_iter().enumerate() {
            let refuse = |with: &[u8]| {
                let (section, at, problem) = problem::<C>(2, skip, with, Check::None).unwrap_err();
                assert_eq!((section, at), ("header", index as u64));
                problem
            };
            let g2 = matches!(index, 2 | 3 | 5);
            let size = if g2 { 4 * width } else { 2 * width };
            assert_eq!(refuse(&vec![0; size]), ElementProblem::Infinity);
            assert_eq!(refuse(&[1; 8]), ElementProblem::NotOnCurve);
            assert_eq!(refuse(&vec![0xff; size]), ElementProblem::NonCanonical);
            if g2 {
                assert_eq!(refuse(&stray), ElementProblem::WrongSubgroup);
            }
        }
    }
    for_each_curve!(test);
}

#[test]
fn records_of_contributions_fill_their_section() {
    fn test<C: Curve>() {
        let file = file::<C>();
        let at = content_of(file, 10);
        for count in [0, 1, 3, u32::MAX] {
            let bytes = patched(file, at + 64, &count.to_le_bytes());
            let error = reads::<C>(&bytes).unwrap_err();
            let field = "number of contributions";
            assert!(
                matches!(error, FormatError::Invalid { field: f, .. } if f == field),
                "{error}"
            );
        }
        let parameters = at + 68 + 10 * width::<C>() + 64 + 4;
        for length in [1, 500, u32::MAX] {
            let error = reads::<C>(&patched(file, parameters, &length.to_le_bytes())).unwrap_err();
            assert!(matches!(error, FormatError::Truncated { .. }), "{length}: {error}");
        }
        let mut key = contents::<C>(file).unwrap();
        key.contributions.pop();
        assert!(matches!(write(&mut Vec::new(), &key), Err(FormatError::Truncated { .. })));
    }
    for_each_curve!(test);
}

#[test]
fn contributions_are_read_and_written_again() {
    fn test<C: Curve>() {
        let bytes = contents::<C>(file::<C>()).unwrap().contributions;
        let all = Contribution::<C>::read_all(&bytes).unwrap();
        let names: Vec<_> = all.iter().map(|one| one.name.as_deref()).collect();
        assert_eq!(names, [Some("first"), Some("beacon")]);
        let beacon = Beacon { value: (1..=32).collect(), iterations_log: 10 };
        assert_eq!((&all[0].beacon, &all[1].beacon), (&None, &Some(beacon)));
        let again: Vec<u8> = all.iter().flat_map(|one| one.encode().unwrap()).collect();
        assert_eq!(again, bytes);
        let long = Contribution { name: Some("a".repeat(256)), ..all[0].clone() };
        assert!(matches!(long.encode(), Err(FormatError::Limit { got: 256, limit: 255, .. })));
        let nameless = Contribution { name: None, ..all[0].clone() };
        let read = Contribution::<C>::read_all(&nameless.encode().unwrap()).unwrap();
        assert_eq!(read, [nameless]);
    }
    for_each_curve!(test);
}

#[test]
fn what_contributions_say_is_checked() {
    fn test<C: Curve>() {
        let bytes = contents::<C>(file::<C>()).unwrap().contributions;
        let first = &bytes[..10 * width::<C>() + 64 + 8 + 7];
        let kind = 10 * width::<C>() + 64;
        assert_eq!(first[kind..], *b"\0\0\0\0\x07\0\0\0\x01\x05first");
        // A record with other parameters, and of another kind.
        let with = |number: u8, parameters: &[u8]| {
            let length = u8::try_from(parameters.len()).unwrap();
            let head = [number, 0, 0, 0, length, 0, 0, 0];
            let record = [&first[..kind], &head, parameters].concat();
            Contribution::<C>::read_all(&record).map(|all| all[0].clone())
        };
        assert_eq!(with(0, b"\x01\x02ab").unwrap().name.as_deref(), Some("ab"));
        assert_eq!(with(0, b"\x01\x01\xff").unwrap().name.as_deref(), Some("\u{fffd}"));
        assert_eq!(with(1, b"\x02\x0a\x03\x01z").unwrap().beacon.unwrap().value, b"z");
        for (number, parameters, reason) in [
            (0, &b"\x01\x02a"[..], "cut off"),
            (0, b"\x01", "cut off"),
            (1, b"\x02", "cut off"),
            (0, b"\x01\x00\x01\x00", "not in order"),
            (1, b"\x03\x01z\x02\x0a", "not in order"),
            (0, b"\x04\x00", "4 is no kind"),
            (0, b"\x00", "not in order"),
            (0, b"\x02\x0a\x03\x01z", "of kind 0"),
            (1, b"\x01\x01a", "of kind 1"),
            (1, b"\x02\x0a", "of kind 1"),
            (2, b"", "of kind 2"),
        ] {
            let said = with(number, parameters).unwrap_err().to_string();
            assert!(said.contains(reason), "{parameters:?}: {said}");
        }
        // Points are on the curve, in the subgroup, and not infinity.
        for at in [0, 2, 4, 6] {
            let mut record = first.to_vec();
            record[at * width::<C>()] ^= 1;
            assert!(Contribution::<C>::read_all(&record).is_err(), "{at}");
            let end = if at == 6 { 10 } else { at + 2 };
            record[at * width::<C>()..end * width::<C>()].fill(0);
            let error = Contribution::<C>::read_all(&record).unwrap_err();
            assert!(error.to_string().contains("infinity"), "{error}");
        }
    }
    for_each_curve!(test);
}

#[test]
fn parts_that_do_not_belong_together_are_not_written() {
    let good = contents::<Bn254>(file::<Bn254>()).unwrap();
    let refuse = |change: &dyn Fn(&mut Contents<Bn254>)| {
        let mut key = good.clone();
        change(&mut key);
        write(&mut Vec::new(), &key).unwrap_err().to_string()
    };
    let refuse_shorter = |name: &str, got: usize, change: &dyn Fn(&mut Contents<Bn254>)| {
        let expected = format!("zkey file: {name}: {got} values, expected {}", got + 1);
        assert_eq!(refuse(change), expected);
    };
    refuse_shorter("IC", 3, &|key| key.ic.truncate(3));
    refuse_shorter("A", 6, &|key| key.a.truncate(6));
    refuse_shorter("B1", 6, &|key| key.b1.truncate(6));
    refuse_shorter("B2", 6, &|key| key.b2.truncate(6));
    refuse_shorter("C", 2, &|key| key.c.truncate(2));
    refuse_shorter("H", 7, &|key| key.h.truncate(7));
    assert!(refuse(&|key| key.header.public = 7).contains("7 is not below"));
    for log_size in [32, u32::MAX] {
        assert!(refuse(&|key| key.header.log_size = log_size).contains("over the limit of 31"));
    }
    assert!(refuse(&|key| key.coefficients[2].signal = 7).contains("element 2: signal 7"));
    assert!(refuse(&|key| key.coefficients[2].constraint = 8).contains("element 2: constraint 8"));
}
