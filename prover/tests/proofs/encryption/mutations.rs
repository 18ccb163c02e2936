//! Whatever is changed of a proof or of what it is about, it is refused.

use pulseproof_kernels::traits::*;
use pulseproof_kernels::{Bls12_381, Bn254, Curve, G1Affine, Scalar, for_each_curve};
use pulseproof_packing::{DIMENSION, Layout, PublicKey};
use pulseproof_prover::encoding::DecodeError;
use pulseproof_prover::encryption::{Proof, Scheme, Statement, verify};
use pulseproof_prover::srs::Srs;
use rand::Rng;
use rand::rngs::StdRng;

use super::agreement::verdict;
use super::lists::{day, request};
use super::oracle::Elements;
use super::proved::Proved;
use crate::common::{mutate, mutations, rng, srs};

const CONTEXT: &[u8] = b"context";

fn rejected<C: Curve>(srs: &Srs<C>, of: &Proved<C>, proof: &Proof<C>) -> bool {
    let statement = Statement { commitment: of.commitment, context: CONTEXT };
    verify(&srs.verifying_key, &of.scheme, statement, proof).is_err()
}

fn small<C: Curve>(seed: u64) -> Proved<C> {
    Proved::of(Layout::plan(request(3, (0, 9), (2, 5), 10)).unwrap(), &[1, 9], seed)
}

/// Each point and each scalar of a proof, with the place where it stands.
fn change<C: Curve>(elements: &Elements<C>, which: usize, delta: Scalar<C>) -> Option<Elements<C>> {
    let mut changed = elements.clone();
    let Elements { first, second, quotient, values, openings, .. } = &mut changed;
    let points = first.iter_mut().chain(second).chain([quotient]).chain(openings);
    let mut points: Vec<&mut G1Affine<C>> = points.collect();
    let count = points.len();
    if which < count {
        *points[which] = (*points[which] + G1Affine::<C>::generator() * delta).into_affine();
    } else {
        *values.get_mut(which - count)? += delta;
    }
    Some(changed)
}

fn every_element_counts<C: Curve>(layout: Layout, expected: usize) {
    let (srs, rng) = (srs::<C>(12), &mut rng(41));
    let proved = Proved::<C>::of(layout, &[100, 120], 40);
    let elements = Elements::<C>::parse(&proved.proof.to_bytes()).unwrap();
    for which in 0..expected {
        for delta in [Scalar::<C>::ONE, -Scalar::<C>::ONE, Scalar::<C>::rand(rng)] {
            let changed = change(&elements, which, delta).unwrap();
            let proof = Proof::from_bytes(&changed.to_bytes()).unwrap();
            assert!(rejected(&srs, &proved, &proof), "element {which}");
        }
    }
    assert_eq!(change(&elements, expected, Scalar::<C>::ONE), None);
}

#[test]
fn every_element_of_a_proof_counts() {
    every_element_counts::<Bls12_381>(day(), 28);
    every_element_counts::<Bn254>(day(), 28);
    let large = request(288, (0, 50_000), (4000, 12_000), 10);
    every_element_counts::<Bn254>(Layout::plan(large).unwrap(), 32);
}

/// The oracle agrees about one change of each element, and about elements in another's place.
#[test]
fn the_oracle_rejects_altered_proofs_as_the_verifier_does() {
    type C = Bn254;
    let (srs, proved) = (srs::<C>(12), small::<C>(42));
    let honest = Elements::<C>::parse(&proved.proof.to_bytes()).unwrap();
    let statement = Statement { commitment: proved.commitment, context: CONTEXT };
    let refused = |elements: &Elements<C>| {
        !verdict(&srs.verifying_key, &proved.scheme, statement, &elements.to_bytes())
    };
    for which in 0..28 {
        let altered = change(&honest, which, Scalar::<C>::ONE).unwrap();
        assert!(refused(&altered), "element {which}");
    }
    let mut swapped = honest.clone();
    swapped.openings.reverse();
    assert!(refused(&swapped));
    let mut nothing = honest.clone();
    nothing.openings.fill(G1Affine::<C>::zero());
    nothing.values.fill(Scalar::<C>::ZERO);
    assert!(refused(&nothing));
    nothing.first.fill(G1Affine::<C>::zero());
    nothing.second.fill(G1Affine::<C>::zero());
    nothing.quotient = G1Affine::<C>::zero();
    assert!(refused(&nothing));
    // Another proof of the same list, element for element.
    let other = Elements::<C>::parse(&small::<C>(43).proof.to_bytes()).unwrap();
    assert!(refused(&other));
    let spliced = Elements { openings: other.openings.clone(), ..honest.clone() };
    assert!(refused(&spliced));
    assert!(!refused(&honest));
}

fn bytes_are_refused_by_name<C: Curve>() {
    let proved = small::<C>(44);
    let bytes = proved.proof.to_bytes();
    let read = |bytes: &[u8]| Proof::<C>::from_bytes(bytes).unwrap_err();
    for length in 0..bytes.len() {
        let error = read(&bytes[..length]);
        assert!(matches!(error, DecodeError::Truncated { .. }), "{length}: {error}");
    }
    for byte in 0..=u8::MAX {
        assert_eq!(read(&[bytes.as_slice(), &[byte]].concat()), DecodeError::Trailing(1));
    }
    for bit in 0..7 * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let error = read(&flipped);
        let named = match bit / 8 {
            0..4 => matches!(error, DecodeError::Magic { .. }),
            4 => matches!(error, DecodeError::Version { .. }),
            5 => matches!(error, DecodeError::WrongCurve { .. }),
            // A proof of two columns of digits is longer; any other number of them is none.
            _ => matches!(error, DecodeError::Invalid { .. }),
        };
        assert!(named, "bit {bit}: {error}");
        assert_eq!(Elements::<C>::parse(&flipped), None);
    }
    let mut two = bytes.clone();
    two[6] = 2;
    assert!(Proof::<C>::from_bytes(&two).is_err());
    // A scalar that is not reduced, and no point of the curve.
    let scalars = 7 + 12 * C::g1_bytes();
    let mut large = bytes.clone();
    large[scalars..scalars + 32].fill(0xff);
    assert!(matches!(read(&large), DecodeError::NonCanonical { .. }));
    assert_eq!(Elements::<C>::parse(&large), None);
}

#[test]
fn bad_proof_bytes_are_named() {
    for_each_curve!(bytes_are_refused_by_name);
}

fn mutated_proofs<C: Curve>(count: usize) {
    let (srs, proved, rng) = (srs::<C>(12), small::<C>(45), &mut rng(46));
    let bytes = proved.proof.to_bytes();
    let elements = Elements::<C>::parse(&bytes).unwrap();
    for round in 0..count {
        // Bytes of points are rarely points again: every other mutation keeps the encoding valid.
        let mutated = if round % 2 == 0 {
            mutate(&bytes, rng)
        } else {
            let delta = Scalar::<C>::rand(rng);
            change(&elements, rng.gen_range(0..28), delta).unwrap().to_bytes()
        };
        if mutated == bytes {
            continue;
        }
        if let Ok(forged) = Proof::from_bytes(&mutated) {
            assert!(rejected(&srs, &proved, &forged), "{}", hex::encode(&mutated));
        }
    }
}

#[test]
fn mutated_proofs_are_rejected() {
    mutated_proofs::<Bls12_381>(mutations() / 2);
    mutated_proofs::<Bn254>(mutations() - mutations() / 2);
}

/// Another layout that can be planned, one number of it changed.
fn other_layout(layout: &Layout, rng: &mut StdRng) -> Layout {
    loop {
        let mut request = *layout.request();
        match rng.gen_range(0..8) {
            0 => request.slots = rng.gen_range(1..12),
            1 => request.summands_max = rng.gen_range(1..40),
            2 => request.totals ^= true,
            3 => request.inside.0 = rng.gen_range(0..=9),
            4 => request.inside.1 = rng.gen_range(0..=9),
            5 => request.scale.maximum = rng.gen_range(9..300),
            6 => request.scale.minimum = rng.gen_range(-300..3),
            _ => request.scale.decimals = rng.gen_range(1..18),
        }
        if let Ok(other) = Layout::plan(request).map_err(drop)
            && other != *layout
        {
            return other;
        }
    }
}

/// One part of what a proof is about, changed.
fn other_statement<C: Curve>(
    proved: &Proved<C>,
    rng: &mut StdRng,
) -> (Scheme<C>, G1Affine<C>, Vec<u8>) {
    let (mut layout, mut key) = (proved.scheme.layout().clone(), proved.scheme.key().clone());
    let (mut commitment, mut context) = (proved.commitment, CONTEXT.to_vec());
    match rng.gen_range(0..5) {
        0 => {
            let delta = Scalar::<C>::from(rng.gen_range(1..4u64));
            commitment = (commitment + G1Affine::<C>::generator() * delta).into_affine();
        }
        1 => commitment = G1Affine::<C>::rand(rng),
        2 => {
            let at = rng.gen_range(0..context.len());
            match rng.gen_range(0..3) {
                0 => context[at] ^= 1 << rng.gen_range(0..8),
                1 => context.truncate(at),
                _ => context.push(rng.r#gen()),
            }
        }
        3 => {
            let mut words = key.words().to_vec();
            words[rng.gen_range(0..2 * DIMENSION)] ^= 1 << rng.gen_range(0..64);
            key = PublicKey::from_words(words).unwrap();
        }
        _ => layout = other_layout(&layout, rng),
    }
    (Scheme::new(layout, key).unwrap(), commitment, context)
}

fn mutated_statements<C: Curve>(count: usize) {
    let (srs, proved, rng) = (srs::<C>(12), small::<C>(47), &mut rng(48));
    for round in 0..count {
        let (scheme, commitment, context) = other_statement(&proved, rng);
        let statement = Statement { commitment, context: &context };
        assert!(verify(&srs.verifying_key, &scheme, statement, &proved.proof).is_err());
        if round < 5 {
            assert!(!verdict(&srs.verifying_key, &scheme, statement, &proved.proof.to_bytes()));
        }
    }
}

#[test]
fn mutated_statements_are_rejected() {
    mutated_statements::<Bls12_381>(mutations() / 2);
    mutated_statements::<Bn254>(mutations() - mutations() / 2);
}
