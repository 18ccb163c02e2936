//! Import of ceremonies, against points that snarkjs's own field library read from the same files.

use std::io::Cursor;
use std::ops::Range;

use pulseproof_ceremony::CeremonyError;
use pulseproof_formats::{ElementProblem, FormatError};
use pulseproof_kernels::traits::*;
use pulseproof_kernels::{Bls12_381, Bn254, Curve, CurveId, for_each_curve};
use pulseproof_prover::srs::ptau::import;
use pulseproof_prover::srs::{Origin, Srs, SrsError};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::outside_subgroup;

const BN254_NEW: &[u8] = include_bytes!("../../fixtures/ptau/bn128_new.ptau");
const BN254_PREPARED: &[u8] = include_bytes!("../../fixtures/ptau/bn128_prepared.ptau");

/// The largest size a ceremony of power 4 serves: 24 powers of the 31.
const LOG_SIZE: u32 = 3;

fn fixture<C: Curve>() -> &'static [u8] {
    match C::ID {
        CurveId::Bls12_381 => include_bytes!("../../fixtures/ptau/bls12381.ptau"),
        CurveId::Bn254 => include_bytes!("../../fixtures/ptau/bn128.ptau"),
    }
}

/// Every decimal number of the JSON file, in order.
fn oracle<C: Curve>() -> Vec<&'static str> {
    let json = match C::ID {
        CurveId::Bls12_381 => include_str!("../../fixtures/ptau/bls12381.json"),
        CurveId::Bn254 => include_str!("../../fixtures/ptau/bn128.json"),
    };
    let is_number = |text: &&str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    json.split('"').filter(is_number).collect()
}

fn read<C: Curve>(bytes: &[u8], log_size: u32) -> Result<Srs<C>, SrsError> {
    import(&mut Cursor::new(bytes), log_size, &mut |_, _| {})
}

/// Why the import refuses a file.
fn refusal<C: Curve>(bytes: &[u8]) -> SrsError {
    read::<C>(bytes, LOG_SIZE).unwrap_err()
}

fn ptau_refusal<C: Curve>(bytes: &[u8]) -> FormatError {
    match refusal::<C>(bytes) {
        SrsError::Ceremony(CeremonyError::Format(error)) => error,
        other => panic!("{other}"),
    }
}

/// Whether good points were refused for not belonging together.
fn is_refused(error: &SrsError) -> bool {
    matches!(error, SrsError::Ceremony(CeremonyError::Refused { .. }))
}

fn coordinates<P: AffineRepr>(point: &P) -> Vec<String> {
    let (x, y) = point.xy().unwrap();
    let elements = |f: P::BaseField| f.to_base_prime_field_elements().collect::<Vec<_>>();
    [x, y].into_iter().flat_map(elements).map(|element| element.to_string()).collect()
}

/// Bytes of a coordinate.
fn width<C: Curve>() -> usize {
    fixture::<C>()[24].into()
}

/// Offset of a section's head: its type, then its size.
fn head_of<C: Curve>(section: u32) -> usize {
    head_in(fixture::<C>(), section)
}

fn head_in(bytes: &[u8], section: u32) -> usize {
    let mut at = 12;
    while bytes[at..at + 4] != section.to_le_bytes() {
        let size: [u8; 8] = bytes[at + 4..at + 12].try_into().unwrap();
        at += 12 + usize::try_from(u64::from_le_bytes(size)).unwrap();
    }
    at
}

fn point_at<C: Curve>(index: usize) -> usize {
    head_of::<C>(2) + 12 + index * 2 * width::<C>()
}

/// The fixture with some bytes replaced.
fn patched<C: Curve>(at: usize, bytes: &[u8]) -> Vec<u8> {
    let mut file = fixture::<C>().to_vec();
    file[at..at + bytes.len()].copy_from_slice(bytes);
    file
}

/// A point as these files hold it.
fn montgomery<P: AffineRepr>(point: &P, width: usize) -> Vec<u8> {
    type Base<P> = <<P as AffineRepr>::BaseField as Field>::BasePrimeField;
    let r = Base::<P>::from(2u8).pow([8 * width as u64]);
    let (x, y) = point.xy().unwrap();
    let mut bytes = Vec::new();
    for element in [x, y].iter().flat_map(|f| f.to_base_prime_field_elements()) {
        (element * r).serialize_uncompressed(&mut bytes).unwrap();
    }
    bytes
}

#[test]
fn imports_what_an_independent_reader_finds() {
    fn test<C: Curve>() {
        let srs: Srs<C> = read(fixture::<C>(), LOG_SIZE).unwrap();
        let key = &srs.verifying_key;
        let mut found: Vec<String> = srs.powers[..4].iter().flat_map(coordinates).collect();
        found.extend([key.h, key.tau_h].iter().flat_map(coordinates));
        let oracle = oracle::<C>();
        let (expected, lagrange) = oracle.split_at(found.len());
        assert_eq!(found, expected);
        // The other reader may start from another root of unity: the same points in another order.
        let mut found: Vec<_> = srs.lagrange.iter().map(coordinates).collect();
        let mut expected: Vec<_> = lagrange.chunks(2).map(<[&str]>::to_vec).collect();
        found.sort();
        expected.sort();
        assert_eq!(found, expected);
    }
    for_each_curve!(test);
}

#[test]
fn an_import_is_a_valid_srs_of_ceremony_origin() {
    fn test<C: Curve>() {
        for log_size in 1..=LOG_SIZE {
            let srs: Srs<C> = read(fixture::<C>(), log_size).unwrap();
            srs.validate().unwrap();
            assert!(srs.is_consistent());
            assert_eq!(srs.verifying_key.origin, Origin::Ceremony);
            assert_eq!(srs.verifying_key.log_size(), log_size);
            assert_eq!(Srs::from_bytes(&srs.to_bytes()).unwrap(), srs);
        }
    }
    for_each_curve!(test);
}

/// α, β and the Lagrange bases are not used, and still have to be those of the ceremony.
#[test]
fn refuses_sections_that_it_does_not_use() {
    let size = 2 * width::<Bn254>();
    // Bases of sizes 1, 2, 4, … stand one after the other: of size 8, points 7 to 14.
    for (section, used) in [(4, 0..8), (5, 0..8), (12, 7..15), (14, 7..15), (15, 7..15)] {
        for index in used {
            let mut file = BN254_PREPARED.to_vec();
            let at = head_in(&file, section) + 12 + index * size;
            let (point, next) = file[at..].split_at_mut(size);
            point.swap_with_slice(&mut next[..size]);
            let error = read::<Bn254>(&file, LOG_SIZE).unwrap_err();
            assert!(is_refused(&error), "{section}, {index}: {error}");
        }
    }
}

#[test]
fn a_prepared_file_gives_the_same_srs() {
    let plain: Srs<Bn254> = read(fixture::<Bn254>(), LOG_SIZE).unwrap();
    assert_eq!(plain, read(BN254_PREPARED, LOG_SIZE).unwrap());
}

#[test]
fn progress_rises_to_the_total() {
    let mut heard = Vec::new();
    let mut progress = |done, total| heard.push((done, total));
    import::<Bn254>(&mut Cursor::new(fixture::<Bn254>()), LOG_SIZE, &mut progress).unwrap();
    // Powers of τ in G1, of α and β, of τ in G2, and β in G2; then Lagrange points.
    assert_eq!(heard, [(24, 57), (32, 57), (40, 57), (48, 57), (49, 57), (57, 57)]);
}

#[test]
fn refuses_a_ceremony_without_contribution() {
    let error = refusal::<Bn254>(BN254_NEW);
    assert_eq!(error.to_string(), "ptau: tauG1: no contribution was made: the secret is still 1");
}

#[test]
fn refuses_another_curve_and_names_both() {
    assert_eq!(
        refusal::<Bls12_381>(fixture::<Bn254>()).to_string(),
        "ptau file: made for curve bn254, expected curve bls12-381"
    );
    assert_eq!(
        refusal::<Bn254>(fixture::<Bls12_381>()).to_string(),
        "ptau file: made for curve bls12-381, expected curve bn254"
    );
    let unknown = refusal::<Bn254>(&patched::<Bn254>(28, &[0x48])).to_string();
    assert!(unknown.contains("an unknown curve over the prime 0x30644e72"), "{unknown}");
}

#[test]
fn refuses_sizes_the_ceremony_does_not_serve() {
    let error = read::<Bn254>(fixture::<Bn254>(), 4).unwrap_err();
    assert_eq!(
        error.to_string(),
        "ptau file: power 4 is too small: log_size 4 needs a ceremony of power 5"
    );
    for log_size in [0, 21, u32::MAX] {
        let error = read::<Bn254>(fixture::<Bn254>(), log_size).unwrap_err();
        assert!(matches!(error, SrsError::LogSize { .. }));
    }
}

#[test]
fn refuses_every_truncation_and_trailing_bytes() {
    fn test<C: Curve>() {
        let mut bytes = fixture::<C>().to_vec();
        for length in 0..bytes.len() {
            let error = ptau_refusal::<C>(&bytes[..length]);
            assert!(matches!(error, FormatError::Truncated { .. }), "{length}: {error}");
        }
        bytes.push(0);
        assert!(matches!(ptau_refusal::<C>(&bytes), FormatError::Trailing { bytes: 1, .. }));
    }
    for_each_curve!(test);
}

#[test]
fn refuses_a_container_that_lies() {
    fn test<C: Curve>() {
        let refuse = |at: usize, bytes: &[u8]| ptau_refusal::<C>(&patched::<C>(at, bytes));
        let type_of = head_of::<C>;
        let size_of = |section| head_of::<C>(section) + 4;
        assert!(matches!(refuse(0, b"zkey"), FormatError::Magic { .. }));
        assert!(matches!(refuse(4, &[2]), FormatError::Version { got: 2, .. }));
        assert!(matches!(refuse(8, &[0xff; 4]), FormatError::TooManySections { limit: 64, .. }));
        assert!(matches!(refuse(8, &[6]), FormatError::Trailing { .. }));
        assert!(matches!(refuse(8, &[8]), FormatError::Truncated { .. }));
        for section in 1..=3 {
            let error = refuse(type_of(section), &[99]);
            assert!(
                matches!(error, FormatError::MissingSection { section: s, .. } if s == section)
            );
            let error = refuse(type_of(4), &[u8::try_from(section).unwrap()]);
            assert!(
                matches!(error, FormatError::DuplicateSection { section: s, .. } if s == section)
            );
            let error = refuse(size_of(section), &[0xff; 8]);
            assert!(matches!(error, FormatError::Truncated { needed: u64::MAX, .. }));
        }
    }
    for_each_curve!(test);
}

#[test]
fn refuses_a_header_that_lies() {
    fn test<C: Curve>() {
        let refuse = |at: usize, bytes: &[u8]| ptau_refusal::<C>(&patched::<C>(at, bytes));
        let power = 28 + width::<C>();
        assert!(matches!(refuse(24, &[0xff; 4]), FormatError::SectionSize { name: "header", .. }));
        assert!(matches!(refuse(24, &[0; 4]), FormatError::SectionSize { name: "header", .. }));
        let error = refusal::<C>(&patched::<C>(power, &[3]));
        assert!(matches!(error, SrsError::PowerTooSmall { got: 3, needed: 4, .. }));
        for claimed in [5, 28] {
            let both = refuse(power, &[claimed, 0, 0, 0, claimed]);
            assert!(matches!(both, FormatError::SectionSize { name: "tauG1", .. }), "{both}");
            let error = refuse(power, &[claimed]);
            let field = "power of the ceremony";
            assert!(matches!(error, FormatError::Invalid { field: f, .. } if f == field));
        }
        assert!(matches!(
            refuse(power, &[29]),
            FormatError::Limit { field: "power", limit: 28, .. }
        ));
        assert!(matches!(refuse(power, &[0xff; 4]), FormatError::Limit { field: "power", .. }));
    }
    for_each_curve!(test);
}

#[test]
fn refuses_bad_points_by_number() {
    fn test<C: Curve>() {
        let refuse = |at: usize, bytes: &[u8], number: u64| match ptau_refusal::<C>(&patched::<C>(
            at, bytes,
        )) {
            FormatError::Element { section, index, problem, .. } if index == number => {
                (section, problem)
            }
            other => panic!("{other}"),
        };
        let field = "tauG1";
        let width = width::<C>();
        let not_on_curve = (field, ElementProblem::NotOnCurve);
        let non_canonical = (field, ElementProblem::NonCanonical);
        assert_eq!(refuse(point_at::<C>(5), &[1, 2, 3], 5), not_on_curve);
        let prime = &fixture::<C>()[28..28 + width];
        assert_eq!(refuse(point_at::<C>(7), prime, 7), non_canonical);
        let too_large = vec![0xff; width];
        let y = point_at::<C>(8) + width;
        assert_eq!(refuse(y, &too_large, 8), non_canonical);
        let infinity = refuse(point_at::<C>(23), &vec![0; 2 * width], 23);
        assert_eq!(infinity, (field, ElementProblem::Infinity));
        let stray = montgomery(&outside_subgroup::<C::G2Affine>(), width);
        let tau_h = head_of::<C>(3) + 12 + 4 * width;
        assert_eq!(refuse(tau_h, &stray, 1), ("tauG2", ElementProblem::WrongSubgroup));
    }
    for_each_curve!(test);
}

#[test]
fn refuses_points_of_g1_outside_the_subgroup() {
    let stray = outside_subgroup::<<Bls12_381 as Pairing>::G1Affine>();
    let file = patched::<Bls12_381>(point_at::<Bls12_381>(2), &montgomery(&stray, 48));
    let problem = ElementProblem::WrongSubgroup;
    let error = ptau_refusal::<Bls12_381>(&file);
    assert!(matches!(error, FormatError::Element { index: 2, problem: p, .. } if p == problem));
}

#[test]
fn refuses_good_points_that_are_not_powers_of_one_secret() {
    fn test<C: Curve>() {
        let size = 2 * width::<C>();
        let point = |index| &fixture::<C>()[point_at::<C>(index)..][..size];
        for (place, other) in [(0, 1), (1, 2), (9, 10), (23, 24)] {
            let error = refusal::<C>(&patched::<C>(point_at::<C>(place), point(other)));
            assert!(is_refused(&error), "{place}: {error}");
        }
        let tau_g2 = head_of::<C>(3) + 12;
        let third = &fixture::<C>()[tau_g2 + 4 * size..][..2 * size];
        let error = refusal::<C>(&patched::<C>(tau_g2 + 2 * size, third));
        assert!(is_refused(&error), "{error}");
    }
    for_each_curve!(test);
}

/// The header, and the sections of points. Of the record, a hash's state and names do not matter.
fn bytes_read<C: Curve>() -> [Range<usize>; 2] {
    [0..28 + width::<C>() + 8, head_of::<C>(2)..head_of::<C>(7)]
}

/// What is not used as well: the contributors hashed it.
#[test]
fn refuses_random_changes_of_any_byte_it_reads() {
    fn test<C: Curve>() {
        let mut rng = StdRng::seed_from_u64(11);
        for range in bytes_read::<C>() {
            for _ in 0..150 {
                let at = rng.gen_range(range.clone());
                let byte = fixture::<C>()[at] ^ rng.gen_range(1..=u8::MAX);
                assert!(read::<C>(&patched::<C>(at, &[byte]), LOG_SIZE).is_err(), "{at}: {byte}");
            }
        }
    }
    for_each_curve!(test);
}
