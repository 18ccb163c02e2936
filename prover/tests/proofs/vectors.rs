//! Frozen vectors: what was proved once must verify for ever, and the same inputs must give the same
//! bytes. `tests/fixtures/wsa/README.md` says what the files hold.
//!
//! Everything here that verifies runs without the feature `prove`, too.

use pulseproof_kernels::traits::*;
use pulseproof_kernels::{Curve, CurveId, Scalar, for_each_curve};
use pulseproof_prover::commitment::CommitmentKey;
use pulseproof_prover::encoding::Reader;
use pulseproof_prover::srs::{Srs, VerifyingKey};
use pulseproof_prover::transcript::Transcript;
use pulseproof_prover::wsa::{Statement, integer, modular};
use rand::RngCore;
use sha2::{Digest, Sha256};

use crate::common::frozen::{Counter, Fixture, blinders, compressed};
use crate::common::srs_of;

const LOG_SIZE: u32 = 3;
const WEIGHTS: [u64; 3] = [1, 2, 5];
const LENGTH: usize = 6;

fn read<C: Curve>() -> Fixture {
    Fixture::read::<C>("wsa")
}

fn statement<C: Curve, W>(fixture: &Fixture, form: &str) -> Statement<C, W>
where
    W: std::str::FromStr<Err: std::fmt::Debug>,
{
    let bytes = fixture.hex(&format!("{form} commitments"));
    let mut reader = Reader::new(&bytes);
    let commitments = WEIGHTS.map(|_| reader.g1::<C>("commitment").unwrap()).to_vec();
    reader.finish().unwrap();
    Statement {
        commitments,
        weights: fixture.list("weights"),
        aggregate: fixture.list(&format!("{form} aggregate")),
        context: fixture.hex("context"),
    }
}

fn srs<C: Curve>() -> Srs<C> {
    srs_of(Scalar::<C>::rand(&mut Counter::new("tau")), LOG_SIZE)
}

fn challenges<C: Curve>() -> [Scalar<C>; 3] {
    let mut transcript = Transcript::new("vector");
    transcript.absorb("bytes", &[1, 2, 3]);
    transcript.absorb_u64("number", 7);
    transcript.absorb_element("point", &C::G1Affine::generator());
    let first = transcript.challenge("first");
    let second = transcript.challenge("second");
    transcript.absorb("", b"");
    [first, second, transcript.challenge("third")]
}

/// What [`challenges`] computes, from the definition alone.
fn challenges_by_definition<C: Curve>() -> [Scalar<C>; 3] {
    let frame = |label: &str, data: &[u8]| {
        let lengths = [label.len(), data.len()].map(|length| (length as u64).to_le_bytes());
        [&lengths[0], label.as_bytes(), &lengths[1], data].concat()
    };
    let reduce = |digest: &[u8]| {
        let half = |index: u8| Sha256::digest([digest, &[index]].concat());
        let bytes = [half(0), half(1)].concat().into_iter().rev();
        bytes.fold(Scalar::<C>::ZERO, |sum, byte| {
            sum * Scalar::<C>::from(256u64) + Scalar::<C>::from(byte)
        })
    };
    let point = hex::decode(compressed(&C::G1Affine::generator())).unwrap();
    let opening = [
        frame("protocol", b"vector"),
        frame("bytes", &[1, 2, 3]),
        frame("number", &7u64.to_le_bytes()),
        frame("point", &point),
        frame("first", b""),
    ];
    let first = Sha256::digest(opening.concat());
    let second = Sha256::digest([first.to_vec(), frame("second", b"")].concat());
    let third = Sha256::digest([second.to_vec(), frame("", b""), frame("third", b"")].concat());
    [first, second, third].map(|digest| reduce(&digest))
}

fn frozen_transcript<C: Curve>() {
    let challenges = challenges::<C>();
    assert_eq!(challenges, challenges_by_definition::<C>());
    assert_eq!(compressed(&challenges), read::<C>().0["challenges"]);
}

#[test]
fn challenges_are_frozen() {
    for_each_curve!(frozen_transcript);
}

fn modular_words(rng: &mut Counter) -> Vec<u64> {
    (0..LENGTH).map(|_| rng.next_u64()).collect()
}

fn integer_words(rng: &mut Counter) -> Vec<i64> {
    (0..LENGTH).map(|_| rng.next_u64().cast_signed()).collect()
}

fn frozen_commitments<C: Curve>() {
    let fixture = read::<C>();
    let key = CommitmentKey::new(&srs::<C>());
    let rng = &mut Counter::new("modular");
    let commit = |_| {
        let words = modular_words(rng);
        key.commit(&words, &blinders(rng))
    };
    assert_eq!(WEIGHTS.map(commit).to_vec(), statement::<C, u64>(&fixture, "modular").commitments);
    let rng = &mut Counter::new("integer");
    let commit = |_| {
        let words = integer_words(rng);
        key.commit_signed(&words, &blinders(rng))
    };
    assert_eq!(WEIGHTS.map(commit).to_vec(), statement::<C, i128>(&fixture, "integer").commitments);
}

#[test]
fn commitments_are_frozen() {
    for_each_curve!(frozen_commitments);
}

fn frozen_verification<C: Curve>() {
    let fixture = read::<C>();
    let key = VerifyingKey::<C>::from_bytes(&fixture.hex("verifying key")).unwrap();
    let srs = srs::<C>();
    assert_eq!(key, srs.verifying_key);
    assert_eq!(hex::encode(key.id()), fixture.0["srs id"]);

    let mut statement = statement(&fixture, "modular");
    let bytes = fixture.hex("modular proof");
    let proof = modular::Proof::from_bytes(&bytes).unwrap();
    assert_eq!(proof.to_bytes(), bytes);
    assert_eq!(modular::verify(&key, &statement, &proof), Ok(()));
    statement.aggregate[LENGTH - 1] ^= 1;
    assert!(modular::verify(&key, &statement, &proof).is_err());

    let mut statement = self::statement(&fixture, "integer");
    let bytes = fixture.hex("integer proof");
    let proof = integer::Proof::from_bytes(&bytes).unwrap();
    assert_eq!(proof.to_bytes(), bytes);
    let commitment_key = CommitmentKey::new(&srs);
    assert_eq!(integer::verify(&commitment_key, &statement, &proof), Ok(()));
    statement.aggregate[LENGTH - 1] ^= 1;
    assert!(integer::verify(&commitment_key, &statement, &proof).is_err());
}

#[test]
fn frozen_proofs_verify() {
    for_each_curve!(frozen_verification);
}

#[test]
fn there_is_a_fixture_for_every_curve() {
    for id in CurveId::ALL {
        pulseproof_kernels::with_curve!(id, C => assert!(Fixture::path::<C>("wsa").is_file(), "{id}"));
    }
}

#[cfg(feature = "prove")]
mod made {
    use pulseproof_prover::commitment::Opening;

    use super::*;
    use crate::common::frozen::freeze;
    use crate::common::proving_key;
    use pulseproof_kernels::{Bls12_381, Bn254};

    const CONTEXT: &[u8] = b"frozen vectors";

    fn join<T: ToString>(items: &[T]) -> String {
        items.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
    }

    /// The whole fixture, made again.
    fn fixture<C: Curve>() -> String {
        let srs = srs::<C>();
        let (modular, modular_proof) = modular(&srs);
        let (integer, integer_proof) = integer(&srs);
        let lines = [
            ("challenges", compressed(&challenges::<C>())),
            ("verifying key", hex::encode(srs.verifying_key.to_bytes())),
            ("srs id", hex::encode(srs.verifying_key.id())),
            ("weights", join(&WEIGHTS)),
            ("context", hex::encode(CONTEXT)),
            ("modular commitments", modular.commitments.iter().map(compressed).collect()),
            ("modular aggregate", join(&modular.aggregate)),
            ("modular proof", hex::encode(modular_proof.to_bytes())),
            ("integer commitments", integer.commitments.iter().map(compressed).collect()),
            ("integer aggregate", join(&integer.aggregate)),
            ("integer proof", hex::encode(integer_proof.to_bytes())),
        ];
        lines.map(|(name, value)| format!("{name}: {value}\n")).concat()
    }

    fn modular<C: Curve>(srs: &Srs<C>) -> (Statement<C, u64>, modular::Proof<C>) {
        let (key, rng) = (CommitmentKey::new(srs), &mut Counter::new("modular"));
        let vectors = WEIGHTS.map(|_| (modular_words(rng), blinders(rng)));
        let openings = vectors.each_ref().map(|(words, blinders)| Opening {
            commitment: key.commit(words, blinders),
            words,
            blinders,
        });
        let rng = &mut Counter::new("modular proof");
        modular::prove(&proving_key(srs), &openings, &WEIGHTS, CONTEXT, rng).unwrap()
    }

    fn integer<C: Curve>(srs: &Srs<C>) -> (Statement<C, i128>, integer::Proof<C>) {
        let (key, rng) = (CommitmentKey::new(srs), &mut Counter::new("integer"));
        let vectors = WEIGHTS.map(|_| (integer_words(rng), blinders(rng)));
        let openings = vectors.each_ref().map(|(words, blinders)| integer::Opening {
            commitment: key.commit_signed(words, blinders),
            words,
            blinders,
        });
        let rng = &mut Counter::new("integer proof");
        integer::prove(&key, &openings, &WEIGHTS, CONTEXT, rng).unwrap()
    }

    #[test]
    fn proofs_are_frozen() {
        freeze::<Bls12_381>("wsa", &fixture::<Bls12_381>());
        freeze::<Bn254>("wsa", &fixture::<Bn254>());
    }
}
