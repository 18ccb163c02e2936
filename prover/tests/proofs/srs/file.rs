//! Our own formats.

use pulseproof_kernels::traits::*;
use pulseproof_kernels::{Bls12_381, Bn254, Curve, CurveId, Domain, G2Affine, for_each_curve};
use pulseproof_prover::encoding::DecodeError;
use pulseproof_prover::srs::{Srs, SrsError, VerifyingKey};
use sha2::{Digest, Sha256};

use super::{outside_subgroup, seeded};

type Key<C> = VerifyingKey<C>;

/// Magic, version, curve, log_size, origin.
const FIELDS_BEFORE_POINTS: usize = 4 + 1 + 1 + 4 + 1;

/// Makes the checksum right again after a change.
fn resealed(mut bytes: Vec<u8>) -> Vec<u8> {
    let body = bytes.len() - 32;
    let checksum = Sha256::digest(&bytes[..body]);
    bytes[body..].copy_from_slice(&checksum);
    bytes
}

/// Where the powers begin in an SRS file.
fn powers_at<C: Curve>() -> usize {
    FIELDS_BEFORE_POINTS + C::g1_bytes() + 2 * G2Affine::<C>::generator().compressed_size()
}

#[test]
fn files_round_trip() {
    fn test<C: Curve>() {
        for log_size in [1, 4] {
            let srs = seeded::<C>(log_size, 1);
            assert_eq!(Srs::from_bytes(&srs.to_bytes()).unwrap(), srs);
            let key = srs.verifying_key;
            assert_eq!(Key::from_bytes(&key.to_bytes()).unwrap(), key);
        }
    }
    for_each_curve!(test);
}

#[test]
fn formats_are_frozen() {
    let hash = |bytes: &[u8]| hex::encode(Sha256::digest(bytes));
    let (bls, bn) = (seeded::<Bls12_381>(2, 0), seeded::<Bn254>(2, 0));
    assert_eq!(bls.to_bytes()[..11], *b"PPSR\x01\x01\x02\0\0\0\x01");
    assert_eq!(bn.verifying_key.to_bytes()[..11], *b"PPVK\x01\x02\x02\0\0\0\x01");
    assert_eq!(
        hash(&bls.to_bytes()),
        "7852a14de65ff9e77d6fd5ce22277c0ceb111d84c13178c3dd935f38d0d23d6c"
    );
    assert_eq!(
        hash(&bls.verifying_key.to_bytes()),
        "3ba13ee6008b4177c382dacf6deed272e92ce1b185379d01a2901f87f605c489"
    );
    assert_eq!(
        hash(&bn.to_bytes()),
        "c4dac08143c83db7beb1c02e136a250389b60fe25552a6d716ba2246de0ead6d"
    );
    assert_eq!(
        hash(&bn.verifying_key.to_bytes()),
        "97e6d4d3b39c6f3ebc04a50c4ff410ce68fc9f096e0a4029d984499b354c6cd2"
    );
}

#[test]
fn every_truncation_and_every_flipped_bit_of_an_srs_is_refused() {
    fn test<C: Curve>() {
        let good = seeded::<C>(1, 2).to_bytes();
        for length in 0..good.len() {
            assert!(Srs::<C>::from_bytes(&good[..length]).is_err(), "{length} bytes");
        }
        let mut bytes = good.clone();
        for bit in 0..good.len() * 8 {
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(Srs::<C>::from_bytes(&bytes).is_err(), "bit {bit}");
            bytes[bit / 8] ^= 1 << (bit % 8);
        }
        bytes.push(0);
        let error = Srs::<C>::from_bytes(&bytes).unwrap_err();
        assert!(matches!(error, SrsError::Length { got, expected } if got == expected + 1));
    }
    for_each_curve!(test);
}

#[test]
fn a_header_that_lies_is_refused_before_anything_is_allocated() {
    fn read(log_size: u32) -> SrsError {
        let mut bytes = seeded::<Bls12_381>(1, 2).to_bytes();
        bytes[6..10].copy_from_slice(&log_size.to_le_bytes());
        Srs::<Bls12_381>::from_bytes(&resealed(bytes)).unwrap_err()
    }
    for got in [0, 21, 31, u32::MAX] {
        assert!(matches!(read(got), SrsError::LogSize { limit: 20, .. }), "{got}");
    }
    for got in [2, 20] {
        assert!(matches!(read(got), SrsError::Length { .. }), "{got}");
    }
}

#[test]
fn another_format_version_curve_or_origin_is_refused() {
    fn read(at: usize, byte: u8) -> String {
        let mut bytes = seeded::<Bls12_381>(1, 2).to_bytes();
        bytes[at] = byte;
        Srs::<Bls12_381>::from_bytes(&resealed(bytes)).unwrap_err().to_string()
    }
    assert_eq!(read(0, b'p'), "not a Pulseproof SRS file: wrong magic bytes");
    assert_eq!(read(4, 2), "version 2 of Pulseproof SRS is not supported (expected 1)");
    assert_eq!(read(5, CurveId::Bn254.byte()), "made for curve bn254, expected bls12-381");
    assert_eq!(read(10, 3), "origin: 3 is neither 1 (development) nor 2 (ceremony)");
    assert_eq!(read(400, 0), "point 1 of powers: not a point of the curve");
    let key = seeded::<Bls12_381>(1, 2).verifying_key.to_bytes();
    assert!(Srs::<Bls12_381>::from_bytes(&key).is_err());
    assert!(Key::<Bn254>::from_bytes(&key).is_err());
}

#[test]
fn bad_points_are_refused_even_under_a_good_checksum() {
    fn read<C: Curve>(at: usize, bytes: &[u8]) -> DecodeError {
        let mut file = seeded::<C>(1, 2).to_bytes();
        let at = powers_at::<C>() + at;
        file[at..at + bytes.len()].copy_from_slice(bytes);
        match Srs::<C>::from_bytes(&resealed(file)).unwrap_err() {
            SrsError::Point { index: 0, source } => source,
            other => panic!("{other}"),
        }
    }
    let field = "powers";
    let infinity = DecodeError::Invalid { field, reason: "the point at infinity".to_owned() };
    assert_eq!(read::<Bls12_381>(95, &[0]), DecodeError::NotOnCurve { field });
    assert_eq!(read::<Bls12_381>(0, &[0x1f; 96]), DecodeError::NonCanonical { field });
    assert_eq!(read::<Bn254>(0, &[7]), DecodeError::NotOnCurve { field });
    assert_eq!(read::<Bn254>(0, &[0xff; 32]), DecodeError::NonCanonical { field });
    // The generator is (1, 2); the top bits of y say nothing that y itself does not.
    assert_eq!(read::<Bn254>(63, &[0x80]), DecodeError::NonCanonical { field });
    let mut bytes = vec![0; 96];
    bytes[0] = 0x40;
    assert_eq!(read::<Bls12_381>(0, &bytes), infinity);
}

#[test]
fn every_truncation_of_a_key_is_refused() {
    fn test<C: Curve>() {
        let mut bytes = seeded::<C>(1, 2).verifying_key.to_bytes();
        for length in 0..bytes.len() {
            assert!(Key::<C>::from_bytes(&bytes[..length]).is_err(), "{length} bytes");
        }
        bytes.push(0);
        let error = Key::<C>::from_bytes(&bytes).unwrap_err();
        assert!(matches!(error, SrsError::Decode(DecodeError::Trailing(1))));
    }
    for_each_curve!(test);
}

#[test]
fn keys_with_bad_values_are_refused() {
    fn test<C: Curve>() {
        let good = seeded::<C>(1, 2).verifying_key;
        let read = |key: Key<C>| Key::<C>::from_bytes(&key.to_bytes()).unwrap_err();
        let with_tau_h = |tau_h| read(VerifyingKey { tau_h, ..good.clone() });
        assert!(matches!(with_tau_h(good.h), SrsError::Degenerate("τ is 1")));
        assert!(matches!(with_tau_h(G2Affine::<C>::zero()), SrsError::Degenerate("τ is 0")));
        let wrong_subgroup = DecodeError::WrongSubgroup { field: "tau_h" };
        let stray = with_tau_h(outside_subgroup());
        assert!(matches!(stray, SrsError::Decode(error) if error == wrong_subgroup));
        for (g, h) in [(-good.g, good.h), (good.g, good.tau_h)] {
            let error = read(VerifyingKey { g, h, ..good.clone() });
            assert!(matches!(error, SrsError::Inconsistent(_)));
        }
        let domain = Domain::new(21).unwrap();
        let error = read(VerifyingKey { domain, ..good.clone() });
        assert!(matches!(error, SrsError::LogSize { got: 21, limit: 20 }));
    }
    for_each_curve!(test);
}
