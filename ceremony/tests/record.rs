//! Contributions that snarkjs recorded hold, and whatever is changed in the record, or in the points that it is of,
//! does not.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::ops::Range;

use pulseproof_ceremony::{CeremonyError, Powers};
use pulseproof_formats::elements::encode_point;
use pulseproof_formats::ptau::Ptau;
use pulseproof_kernels::group::Group;
use pulseproof_kernels::{Bn254, Curve, CurveId, G1, G2, for_each_curve};

/// A ceremony of power 3, with two contributions and a beacon.
fn whole<C: Curve>() -> &'static [u8] {
    match C::ID {
        CurveId::Bn254 => include_bytes!("fixtures/bn128.ptau"),
        CurveId::Bls12_381 => include_bytes!("fixtures/bls12381.ptau"),
    }
}

/// The same, cut to power 2.
fn cut<C: Curve>() -> &'static [u8] {
    match C::ID {
        CurveId::Bn254 => include_bytes!("fixtures/bn128_cut.ptau"),
        CurveId::Bls12_381 => include_bytes!("fixtures/bls12381_cut.ptau"),
    }
}

fn import<C: Curve>(bytes: &[u8], log_size: u32) -> Result<Powers<C>, CeremonyError> {
    let mut file = Ptau::<C, _>::open(Cursor::new(bytes))?;
    Powers::read(&mut file, log_size, 2 << log_size, &mut |_, _| ())
}

#[track_caller]
fn refused<C: Curve>(bytes: &[u8], what: &str, said: &str) {
    let Err(error) = import::<C>(bytes, 1) else { panic!("{what}: taken") };
    assert!(error.to_string().contains(said), "{what}: {error}");
}

/// Bytes of a coordinate in G1.
fn width<C: Curve>() -> usize {
    C::g1_bytes()
}

/// Where a section's content begins.
fn content(file: &[u8], section: u32) -> usize {
    let mut at = 12;
    while file[at..at + 4] != section.to_le_bytes() {
        at += 12
            + usize::try_from(u64::from_le_bytes(file[at + 4..at + 12].try_into().unwrap()))
                .unwrap();
    }
    at + 12
}

/// Where the entries of the record are.
fn entries<C: Curve>(file: &[u8]) -> Vec<Range<usize>> {
    let mut at = content(file, 7);
    let count = u32::from_le_bytes(file[at..at + 4].try_into().unwrap());
    at += 4;
    let fixed = 38 * width::<C>() + 216 + 64 + 4;
    let mut all = Vec::new();
    for _ in 0..count {
        let length = u32::from_le_bytes(file[at + fixed..at + fixed + 4].try_into().unwrap());
        let end = at + fixed + 4 + usize::try_from(length).unwrap();
        all.push(at..end);
        at = end;
    }
    all
}

/// A file with another record.
fn with_record(file: &[u8], entries: &[&[u8]]) -> Vec<u8> {
    let begin = content(file, 7);
    let length =
        usize::try_from(u64::from_le_bytes(file[begin - 8..begin].try_into().unwrap())).unwrap();
    let count = u32::try_from(entries.len()).unwrap().to_le_bytes();
    let record = [&count[..], &entries.concat()].concat();
    let size = (record.len() as u64).to_le_bytes();
    [&file[..begin - 8], &size, &record, &file[begin + length..]].concat()
}

fn patched(file: &[u8], at: usize, bytes: &[u8]) -> Vec<u8> {
    let mut file = file.to_vec();
    file[at..at + bytes.len()].copy_from_slice(bytes);
    file
}

/// Another point of the group, as these files hold it.
fn stranger<G: Group>() -> Vec<u8> {
    let mut bytes = Vec::new();
    encode_point::<G>(&(G::generator() * G::ScalarField::from(7u64)).into_affine(), &mut bytes);
    bytes
}

#[test]
fn contributions_of_snarkjs_hold() {
    fn test<C: Curve>() {
        for log_size in 1..=3 {
            import::<C>(whole::<C>(), log_size).unwrap();
        }
        let powers = import::<C>(cut::<C>(), 2).unwrap();
        let mut file = Ptau::<C, _>::open(Cursor::new(cut::<C>())).unwrap();
        powers.check_bases(&mut file, 2).unwrap();
        // Cut out of one that has a power more than this file.
        assert_eq!(powers.basis(&mut file, 3).unwrap().len(), 8);
        let names: Vec<_> = file.contributions().unwrap().into_iter().map(|one| one.name).collect();
        assert_eq!(names, ["first", "second", "beacon"].map(|name| Some(name.to_owned())));
    }
    for_each_curve!(test);
}

/// Of each entry: the secrets after it, the three public keys, and the challenge after it.
#[test]
fn every_field_of_every_entry_counts() {
    fn test<C: Curve>() {
        let (file, width) = (whole::<C>(), width::<C>());
        let fields = [
            ("τ", 0, false, "follow"),
            ("τ in G2", 2, true, "follow"),
            ("α", 6, false, "follow"),
            ("β", 8, false, "follow"),
            ("β in G2", 10, true, "follow"),
            ("s of τ", 14, false, "prove"),
            ("x·s of τ", 16, false, "prove"),
            ("s of α", 18, false, "prove"),
            ("x·s of α", 20, false, "prove"),
            ("s of β", 22, false, "prove"),
            ("x·s of β", 24, false, "prove"),
            ("x·p of τ", 26, true, "prove"),
            ("x·p of α", 30, true, "prove"),
            ("x·p of β", 34, true, "prove"),
        ];
        for (number, entry) in (1..).zip(entries::<C>(file)) {
            for (name, at, in_g2, said) in fields {
                let point = if in_g2 { stranger::<G2<C>>() } else { stranger::<G1<C>>() };
                let file = patched(file, entry.start + at * width, &point);
                refused::<C>(&file, name, &format!("contribution {number}: it does not {said}"));
            }
            let challenge = entry.start + 38 * width + 216;
            let file = patched(file, challenge, &[file[challenge] ^ 1]);
            let said = match number {
                3 => "contribution 3: its hash is not that of the file's points".to_owned(),
                _ => format!("contribution {}: it does not prove", number + 1),
            };
            refused::<C>(&file, "challenge", &said);
        }
    }
    for_each_curve!(test);
}

#[test]
fn a_secret_that_is_1_is_no_contribution() {
    let (file, width) = (whole::<Bn254>(), width::<Bn254>());
    for (number, entry) in (1..).zip(entries::<Bn254>(file)) {
        for key in [14, 18, 22] {
            let at = entry.start + key * width;
            let s = file[at..at + 2 * width].to_vec();
            let file = patched(file, at + 2 * width, &s);
            refused::<Bn254>(&file, "1", &format!("contribution {number}: it changes nothing"));
        }
    }
}

/// Entries left out, exchanged, repeated, or of another ceremony with the same secrets at its end.
#[test]
fn records_are_kept_whole_and_in_order() {
    fn test<C: Curve>() {
        for file in [whole::<C>(), cut::<C>()] {
            let all: Vec<&[u8]> =
                entries::<C>(file).into_iter().map(|range| &file[range]).collect();
            let [first, second, beacon] = all[..] else { panic!("three") };
            assert!(import::<C>(&with_record(file, &[first, second, beacon]), 1).is_ok());
            for (what, record, number) in [
                ("the last one left out", vec![first, second], 2),
                ("the middle one left out", vec![first, beacon], 2),
                ("the first one left out", vec![second, beacon], 1),
                ("exchanged", vec![second, first, beacon], 1),
                ("repeated", vec![first, first, second, beacon], 2),
                ("the last one repeated", vec![first, second, beacon, beacon], 4),
            ] {
                let said = format!("contribution {number}: ");
                refused::<C>(&with_record(file, &record), what, &said);
            }
        }
    }
    for_each_curve!(test);
}

#[test]
fn beacons_are_drawn_again() {
    let file = whole::<Bn254>();
    let entry = entries::<Bn254>(file).pop().unwrap();
    // A name of six letters, iterations, and 32 bytes.
    let iterations = entry.end - 34 - 1;
    for log in [9, 33, 63] {
        let file = patched(file, iterations, &[log]);
        refused::<Bn254>(&file, "iterations", "contribution 3: its beacon is to be hashed less");
    }
    let said = "contribution 3: it does not come from its beacon";
    refused::<Bn254>(&patched(file, iterations, &[11]), "another number", said);
    refused::<Bn254>(&patched(file, entry.end - 1, &[0]), "another value", said);
}

/// What a key does not depend on counts too, as the contributors hashed it.
#[test]
fn every_point_of_a_whole_file_is_hashed() {
    fn test<C: Curve>() {
        let (file, width) = (whole::<C>(), width::<C>());
        let said = "contribution 3: its hash is not that of the file's points";
        for (section, unused) in [(2, 4..15), (4, 2..8), (5, 2..8)] {
            for index in unused {
                let at = content(file, section) + 2 * index * width;
                refused::<C>(&patched(file, at, &stranger::<G1<C>>()), "a point", said);
            }
        }
        for index in 2..8 {
            let at = content(file, 3) + 4 * index * width;
            refused::<C>(&patched(file, at, &stranger::<G2<C>>()), "a point", said);
        }
    }
    for_each_curve!(test);
}

/// The first challenge depends on the power that the ceremony was begun with.
#[test]
fn the_power_of_the_ceremony_counts() {
    let file = cut::<Bn254>();
    let at = 24 + 4 + 32 + 4;
    assert_eq!(file[at], 3);
    refused::<Bn254>(&patched(file, at, &[4]), "4", "contribution 1: it does not prove");
    refused::<Bn254>(&patched(file, at, &[28]), "28", "contribution 1: it does not prove");
    refused::<Bn254>(&patched(file, at, &[1]), "1", "power of the ceremony 1 is below");
    refused::<Bn254>(&patched(file, at, &[29]), "29", "over the limit of 28");
}

/// Counts the bytes read.
struct Counting<'a>(Cursor<&'a [u8]>, usize);

impl Read for Counting<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let count = self.0.read(bytes)?;
        self.1 += count;
        Ok(count)
    }
}

impl Seek for Counting<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.0.seek(to)
    }
}

/// Of a file that was cut, whatever its size.
#[test]
fn no_more_is_read_than_is_needed() {
    fn test<C: Curve>() {
        let (bytes, width) = (cut::<C>(), width::<C>());
        let mut source = Counting(Cursor::new(bytes), 0);
        let mut file = Ptau::<C, _>::open(&mut source).unwrap();
        Powers::read(&mut file, 1, 4, &mut |_, _| ()).unwrap();
        let heads = 12 + 11 * 12;
        let header = 4 + width + 8;
        let points = (4 + 2 + 2) * 2 * width + (2 + 1) * 4 * width;
        let record = content(bytes, 7);
        let record = u64::from_le_bytes(bytes[record - 8..record].try_into().unwrap());
        assert_eq!(source.1, heads + header + points + usize::try_from(record).unwrap());
    }
    for_each_curve!(test);
}
