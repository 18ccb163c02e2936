//! WSA over the integers: what is true is proved, and nothing else is accepted.

use pulseproof_kernels::traits::*;
use pulseproof_kernels::{Bls12_381, Bn254, Curve, G1Affine, Scalar, for_each_curve};
use pulseproof_prover::commitment::{Blinders, CommitmentKey};
use pulseproof_prover::encoding::DecodeError;
use pulseproof_prover::wsa::integer::{Opening, Proof, prove, verify};
use pulseproof_prover::wsa::modular::VerifyError;
use pulseproof_prover::wsa::{Statement, StatementError};
use rand::Rng;

use crate::common::{mutate, mutations, rng, srs, srs_of};

/// Vectors with their commitments, and the key they were made with.
struct Setting<C: Curve> {
    key: CommitmentKey<C>,
    vectors: Vec<(G1Affine<C>, Vec<i64>, Blinders<C>)>,
}

type Proved<C> = (Statement<C, i128>, Proof<C>);

impl<C: Curve> Setting<C> {
    fn new(log_size: u32, vectors: Vec<Vec<i64>>, seed: u64) -> Self {
        let srs = srs::<C>(log_size);
        let (key, rng) = (CommitmentKey::new(&srs), &mut rng(seed));
        let commit = |words: Vec<i64>| {
            let blinders = Blinders::random(rng);
            (key.commit_signed(&words, &blinders), words, blinders)
        };
        let vectors = vectors.into_iter().map(commit).collect();
        Self { key, vectors }
    }

    fn random(log_size: u32, n: usize, length: usize, seed: u64) -> Self {
        let rng = &mut rng(seed);
        let vectors = (0..n).map(|_| (0..length).map(|_| rng.r#gen()).collect()).collect();
        Self::new(log_size, vectors, seed + 1)
    }

    fn prove(&self, weights: &[u64], seed: u64) -> Result<Proved<C>, StatementError> {
        let openings: Vec<_> = self
            .vectors
            .iter()
            .map(|(commitment, words, blinders)| Opening {
                commitment: *commitment,
                words,
                blinders,
            })
            .collect();
        prove(&self.key, &openings, weights, b"context", &mut rng(seed))
    }

    fn verify(&self, statement: &Statement<C, i128>, proof: &Proof<C>) -> Result<(), VerifyError> {
        verify(&self.key, statement, proof)
    }

    fn rejects(&self, statement: &Statement<C, i128>, proof: &Proof<C>) -> bool {
        matches!(self.verify(statement, proof), Err(VerifyError::Rejected(_)))
    }

    /// The obvious sum.
    fn sum(&self, weights: &[u64]) -> Vec<i128> {
        let word = |row: usize| {
            let terms = self.vectors.iter().zip(weights);
            terms.map(|((_, words, _), &w)| i128::from(w) * i128::from(words[row])).sum()
        };
        (0..self.vectors[0].1.len()).map(word).collect()
    }
}

fn completeness<C: Curve>() {
    for (seed, (n, log_size, length, weights)) in [
        (1, 1, 2, vec![1]),
        (1, 1, 1, vec![2]),
        (2, 2, 4, vec![1, 3]),
        (3, 4, 13, vec![1, 2, 5]),
        (10, 5, 32, vec![1; 10]),
        (32, 5, 3, vec![1; 32]),
        (2, 3, 0, vec![1, 1]),
    ]
    .into_iter()
    .enumerate()
    {
        let setting = Setting::<C>::random(log_size, n, length, seed as u64);
        let (statement, proof) = setting.prove(&weights, 5).unwrap();
        assert_eq!(statement.aggregate, setting.sum(&weights));
        let read = Proof::from_bytes(&proof.to_bytes()).unwrap();
        assert_eq!(read, proof);
        assert_eq!(setting.verify(&statement, &read), Ok(()));
    }
}

#[test]
fn true_statements_are_proved() {
    for_each_curve!(completeness);
}

fn edges<C: Curve>() {
    // The total weight is N, its limit, and the words are the largest and smallest there are.
    for (words, sums) in [
        ([i64::MIN, i64::MAX], [16 * -(1i128 << 63), 16 * ((1i128 << 63) - 1)]),
        ([0, -1], [0, -16]),
    ] {
        let setting = Setting::<C>::new(4, vec![words.to_vec(); 2], 1);
        let (statement, proof) = setting.prove(&[15, 1], 1).unwrap();
        assert_eq!(statement.aggregate, sums);
        assert_eq!(setting.verify(&statement, &proof), Ok(()));
    }
    let opposite = Setting::<C>::new(1, vec![vec![i64::MIN], vec![i64::MAX]], 2);
    let (statement, proof) = opposite.prove(&[1, 1], 1).unwrap();
    assert_eq!(statement.aggregate, [-1]);
    assert_eq!(opposite.verify(&statement, &proof), Ok(()));
}

#[test]
fn the_largest_and_smallest_sums_are_proved() {
    for_each_curve!(edges);
}

fn altered<C: Curve>() {
    let setting = Setting::<C>::random(4, 3, 13, 1);
    let (honest, proof) = setting.prove(&[1, 2, 5], 3).unwrap();
    let alter = |change: &dyn Fn(&mut Statement<C, i128>)| {
        let mut statement = honest.clone();
        change(&mut statement);
        assert_ne!(statement, honest);
        assert!(setting.rejects(&statement, &proof));
    };
    alter(&|s| s.aggregate[0] += 1);
    alter(&|s| s.aggregate[12] = -s.aggregate[12]);
    alter(&|s| s.aggregate.swap(3, 4));
    alter(&|s| s.aggregate.push(0));
    alter(&|s| _ = s.aggregate.pop());
    alter(&|s| s.context.push(0));
    alter(&|s| s.context.clear());
    alter(&|s| s.weights[2] += 1);
    alter(&|s| s.weights.swap(0, 1));
    alter(&|s| s.commitments.swap(0, 1));
    alter(&|s| s.commitments[1] = s.commitments[0]);
    alter(&|s| s.commitments[1] = G1Affine::<C>::zero());
    alter(&|s| {
        s.commitments.push(G1Affine::<C>::zero());
        s.weights.push(1);
    });
    // The same sum, told otherwise, is still another statement.
    alter(&|s| {
        s.weights[2] -= 1;
        s.commitments.push(s.commitments[2]);
        s.weights.push(1);
    });
}

#[test]
fn altered_statements_are_rejected() {
    for_each_curve!(altered);
}

#[test]
fn a_proof_is_worth_nothing_elsewhere() {
    type C = Bn254;
    let setting = Setting::<C>::random(3, 2, 8, 1);
    let (statement, proof) = setting.prove(&[1, 2], 3).unwrap();
    let (again, other_proof) = setting.prove(&[1, 2], 4).unwrap();
    assert_eq!(statement, again);
    assert_ne!(proof, other_proof);
    // Another statement over the same vectors, and the same claim over other vectors.
    let (other, _) = setting.prove(&[2, 1], 3).unwrap();
    assert!(setting.rejects(&other, &proof));
    let others = Setting::<C>::random(3, 2, 8, 50);
    let (foreign, _) = others.prove(&[1, 2], 3).unwrap();
    assert!(setting.rejects(&foreign, &proof));
    // Another SRS.
    let key = CommitmentKey::new(&srs_of::<C>(Scalar::<C>::rand(&mut rng(8)), 3));
    let verdict = verify(&key, &statement, &proof);
    assert!(matches!(verdict, Err(VerifyError::Rejected(_))));
}

fn every_element<C: Curve>(length: usize) {
    let setting = Setting::<C>::random(3, 2, 8, 1);
    let (statement, proof) = setting.prove(&[1, 2], 3).unwrap();
    let (bytes, point) = (proof.to_bytes(), C::g1_bytes());
    assert_eq!(bytes.len(), length);
    let mut forged = bytes.clone();
    let nonce = G1Affine::<C>::deserialize_compressed(&bytes[6..6 + point]).unwrap();
    let moved = (nonce + G1Affine::<C>::generator()).into_affine();
    moved.serialize_compressed(&mut forged[6..6 + point]).unwrap();
    assert!(setting.rejects(&statement, &Proof::from_bytes(&forged).unwrap()));
    let mut responses = Vec::new();
    for at in (0..4).map(|b| 6 + point + 32 * b) {
        let mut forged = bytes.clone();
        let response = Scalar::<C>::deserialize_compressed(&bytes[at..at + 32]).unwrap();
        (response + Scalar::<C>::ONE).serialize_compressed(&mut forged[at..at + 32]).unwrap();
        assert!(setting.rejects(&statement, &Proof::from_bytes(&forged).unwrap()), "{at}");
        responses.push(response);
    }
    // The challenge depends on the nonce, so an answer cannot be chosen first.
    let answer = setting.key.blinding_bases().iter().zip(&responses).map(|(&g, s)| g * s);
    let mut forged = bytes.clone();
    let chosen = answer.sum::<C::G1>().into_affine();
    chosen.serialize_compressed(&mut forged[6..6 + point]).unwrap();
    assert!(setting.rejects(&statement, &Proof::from_bytes(&forged).unwrap()));
}

#[test]
fn every_element_of_a_proof_counts() {
    every_element::<Bls12_381>(182);
    every_element::<Bn254>(166);
}

#[test]
fn an_opening_that_does_not_open_proves_nothing() {
    type C = Bls12_381;
    let mut setting = Setting::<C>::random(3, 2, 8, 1);
    setting.vectors[1].1[4] ^= 1;
    let (statement, proof) = setting.prove(&[1, 2], 3).unwrap();
    assert!(setting.rejects(&statement, &proof));
}

#[test]
fn bad_statements_are_named() {
    type C = Bn254;
    let setting = Setting::<C>::random(2, 2, 4, 1);
    let refused = |weights: &[u64]| setting.prove(weights, 1).unwrap_err();
    assert_eq!(refused(&[0, 1]), StatementError::ZeroWeight(0));
    assert_eq!(refused(&[1, 4]), StatementError::WeightOverflow { limit: 4 });
    assert_eq!(refused(&[u64::MAX, 2]), StatementError::WeightOverflow { limit: 4 });
    assert_eq!(refused(&[]), StatementError::NoVectors);
    assert_eq!(refused(&[1]), StatementError::WeightCount { weights: 1, commitments: 2 });
    let uneven = Setting::<C>::new(2, vec![vec![1], vec![1, 2]], 1);
    assert_eq!(
        uneven.prove(&[1, 1], 1).unwrap_err(),
        StatementError::Length { index: 1, got: 2, expected: 1 }
    );

    let (statement, proof) = setting.prove(&[1, 2], 1).unwrap();
    let check = |change: &dyn Fn(&mut Statement<C, i128>)| {
        let mut statement = statement.clone();
        change(&mut statement);
        match setting.verify(&statement, &proof) {
            Err(VerifyError::Statement(error)) => error,
            other => panic!("{other:?}"),
        }
    };
    // What three words of 64 bits can reach, and one more.
    let limit = 3i128 << 63;
    assert_eq!(check(&|s| s.aggregate[2] = limit + 1), StatementError::WordOutOfRange(2));
    assert_eq!(check(&|s| s.aggregate[1] = -limit - 1), StatementError::WordOutOfRange(1));
    assert_eq!(check(&|s| s.aggregate[3] = i128::MIN), StatementError::WordOutOfRange(3));
    assert_eq!(check(&|s| s.aggregate[0] = i128::MAX), StatementError::WordOutOfRange(0));
    let mut edge = statement.clone();
    edge.aggregate[0] = -limit;
    assert!(setting.rejects(&edge, &proof));
    assert_eq!(check(&|s| s.aggregate.push(0)), StatementError::TooLong { got: 5, limit: 4 });
    assert_eq!(check(&|s| s.weights[1] = 4), StatementError::WeightOverflow { limit: 4 });
    assert_eq!(
        check(&|s| s.weights.push(1)),
        StatementError::WeightCount { weights: 3, commitments: 2 }
    );
    assert_eq!(
        check(&|s| s.context = vec![0; 65_537]),
        StatementError::ContextTooLong { got: 65_537 }
    );
}

#[test]
fn bad_proof_bytes_are_named() {
    type C = Bls12_381;
    let (_, proof) = Setting::<C>::random(2, 1, 4, 1).prove(&[1], 1).unwrap();
    let bytes = proof.to_bytes();
    for length in 0..bytes.len() {
        let error = Proof::<C>::from_bytes(&bytes[..length]).unwrap_err();
        assert!(matches!(error, DecodeError::Truncated { .. }), "{length}: {error}");
    }
    assert_eq!(
        Proof::<C>::from_bytes(&[bytes.as_slice(), &[0]].concat()).unwrap_err(),
        DecodeError::Trailing(1)
    );
    let with = |at: usize, new: &[u8]| {
        let mut changed = bytes.clone();
        changed[at..at + new.len()].copy_from_slice(new);
        Proof::<C>::from_bytes(&changed).unwrap_err()
    };
    assert!(matches!(with(3, b"M"), DecodeError::Magic { .. }));
    assert!(matches!(with(4, &[2]), DecodeError::Version { got: 2, expected: 1, .. }));
    assert!(matches!(with(5, &[2]), DecodeError::WrongCurve { .. }));
    assert!(matches!(with(5, &[7]), DecodeError::WrongCurve { .. }));
    // A response plus the group's order, the order itself, and all ones.
    let order = {
        let mut order = Scalar::<C>::MODULUS.to_bytes_le();
        order.truncate(32);
        order
    };
    for at in (0..4).map(|b| 54 + 32 * b) {
        assert!(matches!(with(at, &order), DecodeError::NonCanonical { field: "response" }));
        assert!(matches!(with(at, &[0xff; 32]), DecodeError::NonCanonical { field: "response" }));
    }
    let points: Vec<_> = (1..30u8)
        .map(|x| {
            let mut point = [0; 48];
            (point[0], point[47]) = (0x80, x);
            with(6, &point)
        })
        .collect();
    assert!(points.contains(&DecodeError::NotOnCurve { field: "nonce" }));
    assert!(points.contains(&DecodeError::WrongSubgroup { field: "nonce" }));
    // On BN254 the library would read any x beside the flag of infinity; only x = 0 is canonical.
    let (_, proof) = Setting::<Bn254>::random(2, 1, 4, 1).prove(&[1], 1).unwrap();
    let mut bytes = proof.to_bytes();
    bytes[6..38].fill(0);
    bytes[37] = 0x40;
    assert!(Proof::<Bn254>::from_bytes(&bytes).is_ok());
    bytes[6] = 1;
    assert_eq!(
        Proof::<Bn254>::from_bytes(&bytes).unwrap_err(),
        DecodeError::NonCanonical { field: "nonce" }
    );
}

fn mutated<C: Curve>() {
    let setting = Setting::<C>::random(3, 3, 7, 1);
    let (statement, proof) = setting.prove(&[1, 2, 3], 3).unwrap();
    let (bytes, rng) = (proof.to_bytes(), &mut rng(99));
    for _ in 0..mutations() {
        let mutated = mutate(&bytes, rng);
        if mutated == bytes {
            continue;
        }
        if let Ok(forged) = Proof::from_bytes(&mutated) {
            assert!(setting.rejects(&statement, &forged));
        }
    }
}

#[test]
fn mutated_proofs_are_rejected() {
    for_each_curve!(mutated);
}

#[test]
fn mutated_statements_are_rejected() {
    type C = Bn254;
    let setting = Setting::<C>::random(3, 3, 7, 1);
    let (statement, proof) = setting.prove(&[1, 2, 3], 3).unwrap();
    let rng = &mut rng(98);
    for _ in 0..mutations() {
        let mut forged = statement.clone();
        match rng.gen_range(0..4) {
            0 => forged.aggregate[rng.gen_range(0..7)] ^= 1 << rng.gen_range(0..128),
            1 => forged.context[rng.gen_range(0..7)] ^= 1 << rng.gen_range(0..8),
            2 => forged.weights[rng.gen_range(0..3)] = rng.gen_range(0..9),
            _ => forged.commitments[rng.gen_range(0..3)] = G1Affine::<C>::rand(rng),
        }
        if forged != statement {
            assert!(setting.verify(&forged, &proof).is_err());
        }
    }
}
