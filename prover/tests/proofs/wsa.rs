//! WSA modulo 2^64: what is true is proved, and nothing else is accepted.

use proptest::prelude::*;
use pulseproof_kernels::traits::*;
use pulseproof_kernels::{Bls12_381, Bn254, Curve, G1Affine, Scalar, for_each_curve};
use pulseproof_prover::commitment::{Blinders, CommitmentKey, Opening, find_culprits};
use pulseproof_prover::encoding::DecodeError;
use pulseproof_prover::srs::Srs;
use pulseproof_prover::wsa::modular::{Proof, ProveError, VerifyError, prove, verify};
use pulseproof_prover::wsa::{Statement, StatementError};
use rand::{Rng, RngCore};

use crate::common::{self, mutate, mutations, proving_key, rng, srs};

/// Vectors with their commitments, as devices make them.
struct Vectors<C: Curve>(Vec<(G1Affine<C>, Vec<u64>, Blinders<C>)>);

impl<C: Curve> Vectors<C> {
    fn commit(srs: &Srs<C>, vectors: Vec<Vec<u64>>, seed: u64) -> Self {
        let key = CommitmentKey::new(srs);
        let rng = &mut rng(seed);
        let commit = |words: Vec<u64>| {
            let blinders = Blinders::random(rng);
            (key.commit(&words, &blinders), words, blinders)
        };
        Self(vectors.into_iter().map(commit).collect())
    }

    fn random(srs: &Srs<C>, n: usize, length: usize, seed: u64) -> Self {
        let rng = &mut rng(seed);
        let vectors = (0..n).map(|_| (0..length).map(|_| rng.next_u64()).collect()).collect();
        Self::commit(srs, vectors, seed + 1)
    }

    fn openings(&self) -> Vec<Opening<'_, C>> {
        self.0
            .iter()
            .map(|(commitment, words, blinders)| Opening {
                commitment: *commitment,
                words,
                blinders,
            })
            .collect()
    }

    /// The obvious sum.
    fn sum(&self, weights: &[u64]) -> Vec<u64> {
        let mut sum = vec![0u64; self.0[0].1.len()];
        for ((_, words, _), weight) in self.0.iter().zip(weights) {
            for (s, w) in sum.iter_mut().zip(words) {
                *s = s.wrapping_add(w.wrapping_mul(*weight));
            }
        }
        sum
    }
}

type Proved<C> = (Srs<C>, Statement<C, u64>, Proof<C>);

fn proved<C: Curve>() -> Proved<C> {
    let srs = srs::<C>(4);
    let vectors = Vectors::random(&srs, 3, 13, 1);
    let (statement, proof) =
        prove(&proving_key(&srs), &vectors.openings(), &[1, 2, 5], b"context", &mut rng(3))
            .unwrap();
    (srs, statement, proof)
}

fn rejected<C: Curve>(srs: &Srs<C>, statement: &Statement<C, u64>, proof: &Proof<C>) -> bool {
    matches!(verify(&srs.verifying_key, statement, proof), Err(VerifyError::Rejected(_)))
}

fn completeness<C: Curve>() {
    for (seed, (n, log_size, length, weights)) in [
        (1, 1, 2, vec![1]),
        (1, 1, 1, vec![2]),
        (2, 2, 4, vec![1, 3]),
        (3, 4, 13, vec![1, 2, 5]),
        (10, 5, 32, vec![1; 10]),
        (4, 5, 1, vec![1; 4]),
        (2, 3, 0, vec![1, 1]),
    ]
    .into_iter()
    .enumerate()
    {
        let srs = srs::<C>(log_size);
        let vectors = Vectors::random(&srs, n, length, seed as u64);
        let (statement, proof) =
            prove(&proving_key(&srs), &vectors.openings(), &weights, b"c", &mut rng(5)).unwrap();
        assert_eq!(statement.aggregate, vectors.sum(&weights));
        let read = Proof::from_bytes(&proof.to_bytes()).unwrap();
        assert_eq!(verify(&srs.verifying_key, &statement, &read), Ok(()));
    }
}

#[test]
fn true_statements_are_proved() {
    for_each_curve!(completeness);
}

#[test]
fn the_largest_carries_are_proved() {
    // All words at their maximum and the total weight at its: carries reach N − 1.
    let srs = srs::<Bls12_381>(4);
    for edge in [vec![u64::MAX; 16], vec![0; 16], vec![1 << 63; 16]] {
        let vectors = Vectors::commit(&srs, vec![edge.clone(), edge], 2);
        let (statement, proof) =
            prove(&proving_key(&srs), &vectors.openings(), &[15, 1], b"", &mut rng(1)).unwrap();
        assert_eq!(statement.aggregate, vectors.sum(&[15, 1]));
        assert_eq!(verify(&srs.verifying_key, &statement, &proof), Ok(()));
    }
}

fn false_statements_are_rejected<C: Curve>() {
    let (srs, honest, proof) = proved::<C>();
    assert_eq!(verify(&srs.verifying_key, &honest, &proof), Ok(()));
    let alter = |change: &dyn Fn(&mut Statement<C, u64>)| {
        let mut statement = honest.clone();
        change(&mut statement);
        assert_ne!(statement, honest);
        assert!(rejected(&srs, &statement, &proof));
    };
    alter(&|s| s.aggregate[0] ^= 1);
    alter(&|s| s.aggregate[12] = s.aggregate[12].wrapping_add(1 << 63));
    alter(&|s| s.aggregate.push(0));
    alter(&|s| s.context.push(0));
    alter(&|s| s.context.clear());
    alter(&|s| s.weights[2] += 1);
    alter(&|s| s.weights.swap(0, 1));
    alter(&|s| s.commitments.swap(0, 1));
    alter(&|s| s.commitments[1] = s.commitments[0]);
    alter(&|s| {
        s.commitments.pop();
        s.weights.pop();
    });
    alter(&|s| {
        s.commitments.push(G1Affine::<C>::zero());
        s.weights.push(1);
    });
    // Moving weight between equal commitments changes nothing in the sum, and is still refused.
    alter(&|s| {
        let split = s.commitments[2];
        s.weights[2] -= 1;
        s.commitments.push(split);
        s.weights.push(1);
    });
}

#[test]
fn altered_statements_are_rejected() {
    for_each_curve!(false_statements_are_rejected);
}

#[test]
fn a_proof_is_worth_nothing_for_another_statement_or_another_srs() {
    let (srs, statement, proof) = proved::<Bn254>();
    let others = Vectors::random(&srs, 3, 13, 50);
    let (other, other_proof) =
        prove(&proving_key(&srs), &others.openings(), &[1, 2, 5], b"context", &mut rng(3)).unwrap();
    assert!(rejected(&srs, &other, &proof));
    assert!(rejected(&srs, &statement, &other_proof));
    let another = common::srs_of::<Bn254>(Scalar::<Bn254>::rand(&mut rng(8)), 4);
    assert!(rejected(&another, &statement, &proof));
    let longer = common::srs::<Bn254>(5);
    assert!(rejected(&longer, &statement, &proof));
}

#[test]
fn every_element_of_a_proof_counts() {
    type C = Bls12_381;
    let (srs, statement, proof) = proved::<C>();
    let bytes = proof.to_bytes();
    let header = 6;
    let point = C::g1_bytes();
    // K, M, Φ, Q, then five evaluations, then two openings.
    let points = [0, 1, 2, 3].map(|i| header + i * point).into_iter();
    let openings = header + 4 * point + 5 * 32;
    for at in points.chain([openings, openings + point]) {
        let mut forged = bytes.clone();
        let mut changed = G1Affine::<C>::deserialize_compressed(&forged[at..at + point]).unwrap();
        changed = (changed + G1Affine::<C>::generator()).into_affine();
        changed.serialize_compressed(&mut forged[at..at + point]).unwrap();
        assert!(rejected(&srs, &statement, &Proof::from_bytes(&forged).unwrap()), "point at {at}");
    }
    for at in (0..5).map(|i| header + 4 * point + i * 32) {
        let mut forged = bytes.clone();
        let value = Scalar::<C>::deserialize_compressed(&forged[at..at + 32]).unwrap();
        (value + Scalar::<C>::ONE).serialize_compressed(&mut forged[at..at + 32]).unwrap();
        assert!(rejected(&srs, &statement, &Proof::from_bytes(&forged).unwrap()), "scalar at {at}");
    }
    assert_eq!(bytes.len(), openings + 2 * point);
    assert_eq!(bytes.len(), 454);
}

#[test]
fn proofs_are_masked() {
    let srs = srs::<Bn254>(3);
    let vectors = Vectors::random(&srs, 2, 8, 4);
    let run = |seed| {
        prove(&proving_key(&srs), &vectors.openings(), &[1, 1], b"", &mut rng(seed)).unwrap()
    };
    let (one, two) = (run(1).1.to_bytes(), run(2).1.to_bytes());
    // No element is repeated: each is masked by fresh coefficients. The first evaluation is that of
    // the sum, whose mask comes from the devices, but at another point.
    for at in (6..one.len()).step_by(32) {
        let end = (at + 32).min(one.len());
        assert_ne!(one[at..end], two[at..end]);
    }
    assert_eq!(run(1).1.to_bytes(), one, "the proof is a function of inputs and randomness");
}

#[test]
fn bad_statements_are_named() {
    let srs = srs::<Bn254>(2);
    let key = &srs.verifying_key;
    let vectors = Vectors::random(&srs, 2, 4, 1);
    let attempt = |weights: &[u64]| match prove(
        &proving_key(&srs),
        &vectors.openings(),
        weights,
        b"",
        &mut rng(1),
    )
    .unwrap_err()
    {
        ProveError::Statement(error) => error,
        other => panic!("{other}"),
    };
    assert_eq!(attempt(&[0, 1]), StatementError::ZeroWeight(0));
    assert_eq!(attempt(&[1, 4]), StatementError::WeightOverflow { limit: 4 });
    assert_eq!(attempt(&[u64::MAX, 2]), StatementError::WeightOverflow { limit: 4 });
    assert_eq!(attempt(&[1]), StatementError::WeightCount { weights: 1, commitments: 2 });
    assert_eq!(attempt(&[]), StatementError::NoVectors);

    let (statement, proof) =
        prove(&proving_key(&srs), &vectors.openings(), &[1, 1], b"", &mut rng(1)).unwrap();
    let check = |change: &dyn Fn(&mut Statement<Bn254, u64>)| {
        let mut statement = statement.clone();
        change(&mut statement);
        match verify(key, &statement, &proof) {
            Err(VerifyError::Statement(error)) => error,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(check(&|s| s.weights[1] = 0), StatementError::ZeroWeight(1));
    assert_eq!(check(&|s| s.weights[1] = 9), StatementError::WeightOverflow { limit: 4 });
    assert_eq!(check(&|s| s.aggregate.push(0)), StatementError::TooLong { got: 5, limit: 4 });
    assert_eq!(
        check(&|s| s.context = vec![0; 65_537]),
        StatementError::ContextTooLong { got: 65_537 }
    );
    assert_eq!(
        check(&|s| s.weights.push(1)),
        StatementError::WeightCount { weights: 3, commitments: 2 }
    );
    assert_eq!(
        check(&|s| {
            s.commitments.clear();
            s.weights.clear();
        }),
        StatementError::NoVectors
    );
    let uneven = Vectors::commit(&srs, vec![vec![1, 2], vec![1]], 1);
    assert_eq!(
        prove(&proving_key(&srs), &uneven.openings(), &[1, 1], b"", &mut rng(1)).unwrap_err(),
        ProveError::Statement(StatementError::Length { index: 1, got: 1, expected: 2 })
    );
}

#[test]
fn bad_proof_bytes_are_named() {
    type C = Bls12_381;
    let (_, _, proof) = proved::<C>();
    let bytes = proof.to_bytes();
    for length in 0..bytes.len() {
        let error = Proof::<C>::from_bytes(&bytes[..length]).unwrap_err();
        assert!(matches!(error, DecodeError::Truncated { .. }), "{length}: {error}");
    }
    let with = |at: usize, new: &[u8]| {
        let mut changed = bytes.clone();
        changed[at..at + new.len()].copy_from_slice(new);
        Proof::<C>::from_bytes(&changed).unwrap_err()
    };
    assert_eq!(
        Proof::<C>::from_bytes(&[bytes.as_slice(), &[0]].concat()).unwrap_err(),
        DecodeError::Trailing(1)
    );
    assert!(matches!(with(0, b"X"), DecodeError::Magic { .. }));
    assert!(matches!(with(4, &[9]), DecodeError::Version { got: 9, .. }));
    assert!(matches!(with(5, &[2]), DecodeError::WrongCurve { .. }));
    assert!(matches!(Proof::<Bn254>::from_bytes(&bytes), Err(DecodeError::WrongCurve { .. })));
    let scalars = 6 + 4 * 48;
    assert!(matches!(with(scalars, &[0xff; 32]), DecodeError::NonCanonical { .. }));
    // x = 5 is on no point of BLS12-381; x = 4 is, outside the subgroup.
    let x = |value: u8| {
        let mut point = [0; 48];
        (point[0], point[47]) = (0x80, value);
        point
    };
    let kinds: Vec<_> = (1..30).map(|value| with(6, &x(value))).collect();
    assert!(kinds.iter().any(|e| matches!(e, DecodeError::NotOnCurve { .. })));
    assert!(kinds.iter().any(|e| matches!(e, DecodeError::WrongSubgroup { .. })));
    // The point at infinity has one encoding.
    let mut infinity = [0; 48];
    (infinity[0], infinity[47]) = (0xc0, 1);
    assert!(matches!(
        with(6, &infinity),
        DecodeError::NonCanonical { .. } | DecodeError::NotOnCurve { .. }
    ));
}

#[test]
fn mutated_proofs_are_rejected() {
    let (srs, statement, proof) = proved::<Bls12_381>();
    let bytes = proof.to_bytes();
    let rng = &mut rng(99);
    for _ in 0..mutations() {
        let mutated = mutate(&bytes, rng);
        if mutated == bytes {
            continue;
        }
        if let Ok(forged) = Proof::from_bytes(&mutated) {
            assert!(rejected(&srs, &statement, &forged));
        }
    }
}

#[test]
fn mutated_statements_are_rejected() {
    let (srs, statement, proof) = proved::<Bls12_381>();
    let rng = &mut rng(98);
    for _ in 0..mutations() {
        let mut forged = statement.clone();
        match rng.gen_range(0..4) {
            0 => {
                let at = rng.gen_range(0..forged.aggregate.len());
                forged.aggregate[at] ^= 1 << rng.gen_range(0..64);
            }
            1 => {
                let at = rng.gen_range(0..forged.context.len());
                forged.context[at] ^= 1 << rng.gen_range(0..8);
            }
            2 => {
                let at = rng.gen_range(0..forged.weights.len());
                forged.weights[at] = rng.gen_range(0..20);
            }
            _ => {
                let at = rng.gen_range(0..forged.commitments.len());
                let moved = forged.commitments[at] + G1Affine::<Bls12_381>::rand(rng);
                forged.commitments[at] = moved.into_affine();
            }
        }
        if forged != statement {
            assert!(verify(&srs.verifying_key, &forged, &proof).is_err());
        }
    }
}

#[test]
fn intake_names_exactly_the_culprits() {
    let srs = srs::<Bn254>(4);
    let key = CommitmentKey::new(&srs);
    let mut vectors = Vectors::random(&srs, 11, 16, 2);
    assert_eq!(
        find_culprits(&key, &vectors.openings(), usize::MAX, &mut rng(1)).found,
        Vec::<usize>::new()
    );
    vectors.0[3].1[0] ^= 1; // a word
    vectors.0[7].2 = Blinders::random(&mut rng(5)); // the blinders
    vectors.0[10].0 = vectors.0[9].0; // the commitment
    assert_eq!(
        find_culprits(&key, &vectors.openings(), usize::MAX, &mut rng(1)).found,
        vec![3, 7, 10]
    );
    let two = find_culprits(&key, &vectors.openings(), 2, &mut rng(1));
    assert_eq!(two.found, [3, 7]);
    assert!(two.unchecked.contains(&10) && !two.unchecked.contains(&6), "{two:?}");
    // Two errors that cancel in a plain sum do not in a random combination.
    let mut cancelling = Vectors::random(&srs, 2, 16, 6);
    cancelling.0[0].1[5] = cancelling.0[0].1[5].wrapping_add(1);
    cancelling.0[1].1[5] = cancelling.0[1].1[5].wrapping_sub(1);
    assert_eq!(
        find_culprits(&key, &cancelling.openings(), usize::MAX, &mut rng(1)).found,
        vec![0, 1]
    );
    // A vector longer than N names itself, too.
    let mut long = Vectors::random(&srs, 2, 16, 6);
    long.0[1].1.push(0);
    assert_eq!(find_culprits(&key, &long.openings(), usize::MAX, &mut rng(1)).found, vec![1]);
    assert_eq!(find_culprits(&key, &[], usize::MAX, &mut rng(1)).found, Vec::<usize>::new());
}

#[test]
fn commitments_are_the_polynomial_at_tau() {
    fn check<C: Curve>() {
        let tau = Scalar::<C>::rand(&mut rng(31));
        let srs = common::srs_of::<C>(tau, 3);
        let words = [1, u64::MAX, 0, 7, 1 << 63];
        let betas: [Scalar<C>; 4] = std::array::from_fn(|_| Scalar::<C>::rand(&mut rng(32)));
        let mut encoded = Vec::new();
        betas.serialize_compressed(&mut encoded).unwrap();
        let blinders =
            Blinders::read(&mut pulseproof_prover::encoding::Reader::new(&encoded)).unwrap();
        let commitment = CommitmentKey::new(&srs).commit(&words, &blinders);
        let omega = srs.verifying_key.domain.generator();
        let value = |j| pulseproof_kernels::naive::lagrange(omega, 8, j, tau);
        let mut p: Scalar<C> =
            words.iter().enumerate().map(|(j, &w)| value(j) * Scalar::<C>::from(w)).sum();
        p += pulseproof_kernels::naive::evaluate(&betas, tau) * (tau.pow([8]) - Scalar::<C>::ONE);
        assert_eq!(commitment, (C::G1::generator() * p).into_affine());
    }
    for_each_curve!(check);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn any_words_and_weights_are_summed(
        vectors in proptest::collection::vec(proptest::collection::vec(any::<u64>(), 6), 1..5),
        seed in any::<u64>(),
    ) {
        let srs = srs::<Bn254>(4);
        let rng = &mut rng(seed);
        let weights: Vec<u64> = vectors.iter().map(|_| rng.gen_range(1..=4)).collect();
        let vectors = Vectors::commit(&srs, vectors, seed);
        let (statement, proof) = prove(&proving_key(&srs), &vectors.openings(), &weights, b"", rng).unwrap();
        prop_assert_eq!(&statement.aggregate, &vectors.sum(&weights));
        prop_assert_eq!(verify(&srs.verifying_key, &statement, &proof), Ok(()));
    }
}
