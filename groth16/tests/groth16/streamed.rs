//! A key that is read while a proof is made gives the proof that a loaded one gives, whatever pieces it is read in,
//! and what is wrong with it is found.

use std::io::Cursor;
use std::sync::{Arc, Mutex};

use pulseproof_formats::FormatError;
use pulseproof_formats::zkey::{self, Contents};
use pulseproof_groth16::key::{LoadError, StreamedKey};
use pulseproof_groth16::prove::{ProveError, Stage};
use pulseproof_groth16::setup::develop;
use pulseproof_kernels::cpu::Cpu;
use pulseproof_kernels::gpu::Gpu;
use pulseproof_kernels::gpu::twin::TwinDevice;
use pulseproof_kernels::traits::*;
use pulseproof_kernels::{Bls12_381, Bn254, Curve, for_each_curve};

use crate::backends::stranger;
use crate::circuits::sample;
use crate::proofs::{SHAPE, fixture, proof, rng};

type Key<C> = StreamedKey<C, Cursor<Vec<u8>>>;

fn open<C: Curve>(bytes: &[u8]) -> Key<C> {
    let source = Cursor::new(bytes.to_vec());
    StreamedKey::open(Cpu::new(), source, Box::new(|_, _| ())).unwrap()
}

/// A key that is good but for what is done to it.
fn spoiled<C: Curve>(spoil: impl FnOnce(&mut Contents<C>)) -> Vec<u8> {
    let (circuit, _) = sample(SHAPE, &mut rng(3));
    let mut key = develop::<C>(&circuit, &mut rng(4), &mut |_, _| ()).unwrap();
    spoil(&mut key);
    let mut bytes = Vec::new();
    zkey::write(&mut bytes, &key).unwrap();
    bytes
}

fn proofs_are_the_same<C: Curve>() {
    let (bytes, witness) = fixture::<C>();
    let expected = proof::<C>(&bytes, &witness, Cpu::portable());
    for points in [1, 7, 32, 1000] {
        let key = open::<C>(&bytes).in_pieces(points);
        let proved = key.prove(&witness, &mut rng(5)).unwrap();
        assert_eq!(proved.proof, expected, "{points} at a time");
        // The file is read from its start once more.
        assert_eq!(key.prove(&witness, &mut rng(5)).unwrap().proof, expected);
        assert!(proved.stages.iter().any(|(stage, _)| *stage == Stage::Read));
    }
    let device = Gpu::new(TwinDevice::small());
    let source = Cursor::new(bytes);
    let key = Key::<C>::open(device, source, Box::new(|_, _| ())).unwrap().in_pieces(16);
    assert_eq!(key.prove(&witness, &mut rng(5)).unwrap().proof, expected, "a device");
}

#[test]
fn proofs_are_those_of_keys_that_are_kept() {
    for_each_curve!(proofs_are_the_same);
}

#[test]
fn progress_ends_at_all_points() {
    let (bytes, witness) = fixture::<Bn254>();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let hears = Arc::clone(&heard);
    let progress = Box::new(move |done, total| hears.lock().unwrap().push((done, total)));
    let key = Key::<Bn254>::open(Cpu::new(), Cursor::new(bytes), progress).unwrap().in_pieces(9);
    key.prove(&witness, &mut rng(5)).unwrap();
    let heard = heard.lock().unwrap();
    assert!(heard.is_sorted() && heard.len() > 10, "{heard:?}");
    let (done, total) = *heard.last().unwrap();
    assert_eq!(done, total);
}

#[test]
fn a_damaged_key_gives_no_proof() {
    let (_, witness) = fixture::<Bn254>();
    for section in 0..5 {
        let bytes = spoiled::<Bn254>(|bad| match section {
            0 => bad.a.rotate_left(1),
            1 => bad.b1.rotate_left(1),
            2 => bad.b2.rotate_left(1),
            3 => bad.c.rotate_left(1),
            _ => bad.h.rotate_left(1),
        });
        let error = open::<Bn254>(&bytes).prove(&witness, &mut rng(5)).unwrap_err();
        assert!(matches!(error, ProveError::Rejected), "section {section}: {error}");
    }
}

/// The points of the key are not looked at one by one, sums of them are.
#[test]
fn no_sum_is_outside_its_group_and_the_point_that_is_to_blame_is_named() {
    let (_, witness) = fixture::<Bls12_381>();
    for section in ["A", "B1", "B2", "C", "H"] {
        let bytes = spoiled::<Bls12_381>(|bad| match section {
            "A" => bad.a[3] = stranger(),
            "B1" => bad.b1[3] = stranger(),
            "B2" => bad.b2[3] = stranger(),
            "C" => bad.c[4] = stranger(),
            _ => bad.h[3] = stranger(),
        });
        let error = open::<Bls12_381>(&bytes).prove(&witness, &mut rng(5)).unwrap_err();
        let (text, place) = (error.to_string(), if section == "C" { "4" } else { "3" });
        assert!(matches!(error, ProveError::Key(_)), "{section}: {text}");
        assert!(text.contains(place) && text.contains("subgroup"), "{section}: {text}");
    }
}

/// What is multiplied by zero is in no proof.
#[test]
fn the_point_of_a_signal_that_is_zero_counts_for_nothing() {
    let (bytes, witness) = fixture::<Bls12_381>();
    let private = SHAPE.public + 1;
    let zero = (private..witness.len()).find(|&i| witness.value(i).unwrap().is_zero()).unwrap();
    let bad = spoiled::<Bls12_381>(|bad| bad.c[zero - private] = stranger());
    let proved = open::<Bls12_381>(&bad).prove(&witness, &mut rng(5)).unwrap();
    assert_eq!(proved.proof, proof(&bytes, &witness, Cpu::new()));
}

#[test]
fn a_point_off_the_curve_is_named_wherever_it_is() {
    let (bytes, witness) = fixture::<Bn254>();
    // The last byte of y of the last point of each section: the header says where sections are.
    for (section, last) in sections_of_points(&bytes) {
        let mut bytes = bytes.clone();
        bytes[last - 32] ^= 1;
        let error = open::<Bn254>(&bytes).prove(&witness, &mut rng(5)).unwrap_err();
        let place =
            matches!(error, ProveError::Key(LoadError::Format(FormatError::Element { .. })));
        assert!(place, "section {section}: {error}");
    }
}

/// Sections 5 to 9 of a key, and where each ends.
fn sections_of_points(bytes: &[u8]) -> Vec<(u32, usize)> {
    let number = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
    let length = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap());
    let (mut at, mut found) = (12, Vec::new());
    while at < bytes.len() {
        let (section, size) = (number(at), usize::try_from(length(at + 4)).unwrap());
        at += 12 + size;
        if (5..=9).contains(&section) {
            found.push((section, at));
        }
    }
    assert_eq!(found.len(), 5);
    found
}
