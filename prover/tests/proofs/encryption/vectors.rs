//! Frozen proofs of well-formed encryption: what was proved once must verify for ever, by the verifier
//! and by the one in `oracle.rs`, and the same inputs must give the same bytes.
//! `tests/fixtures/encryption/README.md` says what the files hold.
//!
//! Everything here that verifies runs without the feature `prove`, too.

use pulseproof_kernels::{Curve, CurveId, for_each_curve};
use pulseproof_packing::{Layout, LayoutRequest, PublicKey, Scale};
use pulseproof_prover::encoding::Reader;
use pulseproof_prover::encryption::{Proof, Scheme, Statement, verify};
use pulseproof_prover::srs::VerifyingKey;
use rand::RngCore;

use super::oracle;
use crate::common::frozen::{Counter, Fixture};

/// With totals; cut into limbs and without totals; of two columns of digits.
const CASES: [&str; 3] = ["totals", "limbs", "wide"];

/// What a line says: decimals, smallest and largest raw value, first and last inside, slots, largest
/// weight, totals.
fn layout(numbers: &[i64]) -> Layout {
    let &[decimals, minimum, maximum, low, high, slots, most, totals] = numbers else {
        panic!("eight numbers")
    };
    let scale = Scale { decimals: decimals.try_into().unwrap(), minimum, maximum };
    Layout::plan(LayoutRequest {
        scale,
        inside: (low, high),
        slots: slots.try_into().unwrap(),
        summands_max: most.try_into().unwrap(),
        totals: totals == 1,
    })
    .unwrap()
}

fn public_key() -> PublicKey {
    let rng = &mut Counter::new("public key");
    PublicKey::from_words((0..PublicKey::WORDS).map(|_| rng.next_u64()).collect()).unwrap()
}

fn frozen_verification<C: Curve>() {
    let fixture = Fixture::read::<C>("encryption");
    let key = &VerifyingKey::<C>::from_bytes(&fixture.hex("verifying key")).unwrap();
    let public_key = public_key();
    assert_eq!(hex::encode(public_key.fingerprint()), fixture.0["key fingerprint"]);
    let context = fixture.hex("context");
    for case in CASES {
        let line = |name: &str| format!("{case} {name}");
        let layout = layout(&fixture.list(&line("layout")));
        assert_eq!(hex::encode(layout.id()), fixture.0[&line("layout id")]);
        let bytes = fixture.hex(&line("commitment"));
        let mut reader = Reader::new(&bytes);
        let commitment = reader.g1::<C>("commitment").unwrap();
        reader.finish().unwrap();
        let bytes = fixture.hex(&line("proof"));
        let proof = Proof::<C>::from_bytes(&bytes).unwrap();
        assert_eq!(proof.to_bytes(), bytes);

        let scheme = Scheme::new(layout, public_key.clone()).unwrap();
        assert_eq!(hex::encode(scheme.digest()), fixture.0[&line("scheme")]);
        for (context, is_proved) in [(&context[..], true), (b"another", false)] {
            let statement = Statement { commitment, context };
            assert_eq!(verify(key, &scheme, statement, &proof).is_ok(), is_proved, "{case}");
            let (layout, public_key) = (scheme.layout(), scheme.key());
            let claim = oracle::Claim { key, layout, public_key, commitment, context };
            assert_eq!(oracle::accepts(&claim, &bytes), is_proved, "{case}");
        }
    }
}

#[test]
fn frozen_proofs_verify() {
    for_each_curve!(frozen_verification);
}

#[test]
fn there_is_a_fixture_for_every_curve() {
    for id in CurveId::ALL {
        pulseproof_kernels::with_curve!(id, C => {
            assert!(Fixture::path::<C>("encryption").is_file(), "{id}");
        });
    }
}

#[cfg(feature = "prove")]
mod made {
    use pulseproof_kernels::Scalar;
    use pulseproof_kernels::traits::*;
    use pulseproof_packing::{DIMENSION, EncryptionWitness};
    use pulseproof_prover::commitment::{CommitmentKey, Opening};
    use pulseproof_prover::encryption::{Secrets, prove};
    use pulseproof_prover::engine::prove::ProvingKey;
    use zeroize::Zeroizing;

    use super::*;
    use crate::common::frozen::{blinders, compressed, freeze};
    use crate::common::{proving_key, srs_of};
    use crate::encryption::lists;
    use pulseproof_kernels::{Bls12_381, Bn254};

    const CONTEXT: &[u8] = b"frozen vectors";

    fn inputs(case: &str) -> ([i64; 8], Vec<i64>) {
        match case {
            "totals" => ([1, -5, 9, 2, 5, 4, 10, 1], vec![-5, 3, 9]),
            "limbs" => ([0, 0, 5000, 0, 0, 4, 50_000, 0], vec![5000, 0, 2500]),
            "wide" => {
                let readings = (0..288).map(|slot| slot * 173).collect();
                ([0, 0, 50_000, 4000, 12_000, 288, 10, 1], readings)
            }
            _ => unreachable!("a case has inputs"),
        }
    }

    /// r̄ and noise, which need not be distributed as those of a device.
    fn randomness(bodies: usize, rng: &mut Counter) -> EncryptionWitness {
        let selector: Vec<u64> = (0..DIMENSION).map(|_| rng.next_u64() & 1).collect();
        let mut noise = |count: usize| {
            let value = |_| i64::from(rng.next_u32() >> 14) - (1 << 17);
            Zeroizing::new((0..count).map(value).collect::<Vec<_>>())
        };
        let mask_noise = noise(DIMENSION);
        EncryptionWitness::new(Zeroizing::new(selector), mask_noise, noise(bodies))
    }

    fn join(numbers: &[i64]) -> String {
        numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
    }

    fn lines_of<C: Curve>(key: &ProvingKey<C>, case: &str) -> Vec<(String, String)> {
        let (numbers, readings) = inputs(case);
        let scheme = Scheme::new(layout(&numbers), public_key()).unwrap();
        let layout = scheme.layout();
        let rng = &mut Counter::new(case);
        let encryption = randomness(layout.bodies(), rng);
        let plaintexts = layout.encode(&readings).unwrap();
        let words = lists::words_of(scheme.key(), &encryption, &plaintexts);
        let blinders = blinders(rng);
        let commitment = CommitmentKey::new(key.srs()).commit(&words, &blinders);
        let opening = Opening { commitment, words: &words, blinders: &blinders };
        let slots = layout.quantities(&readings).unwrap();
        let secrets = Secrets { encryption: &encryption, slots: &slots };
        let rng = &mut Counter::new(&format!("{case} proof"));
        let proof = prove(key, &scheme, &opening, &secrets, CONTEXT, rng).unwrap();
        let lines = [
            ("layout", join(&numbers)),
            ("layout id", hex::encode(layout.id())),
            ("scheme", hex::encode(scheme.digest())),
            ("commitment", compressed(&commitment)),
            ("proof", hex::encode(proof.to_bytes())),
        ];
        lines.map(|(name, value)| (format!("{case} {name}"), value)).to_vec()
    }

    /// The whole fixture, made again.
    fn fixture<C: Curve>() -> String {
        let srs = srs_of::<C>(Scalar::<C>::rand(&mut Counter::new("tau")), 12);
        let key = proving_key(&srs);
        let named = [
            ("verifying key", hex::encode(srs.verifying_key.to_bytes())),
            ("key fingerprint", hex::encode(public_key().fingerprint())),
            ("context", hex::encode(CONTEXT)),
        ];
        let mut lines = named.map(|(name, value)| (name.to_owned(), value)).to_vec();
        lines.extend(CASES.iter().flat_map(|case| lines_of(&key, case)));
        lines.iter().map(|(name, value)| format!("{name}: {value}\n")).collect()
    }

    #[test]
    fn proofs_are_frozen() {
        freeze::<Bls12_381>("encryption", &fixture::<Bls12_381>());
        freeze::<Bn254>("encryption", &fixture::<Bn254>());
    }
}
