//! Submissions and results as bytes: one meaning each, and a clear error for everything else.

use std::sync::{Arc, OnceLock};

use pulseproof_kernels::cpu::Cpu;
use pulseproof_kernels::{Bls12_381, Bn254};
use pulseproof_prover::commitment::{Blinders, CommitmentKey, Opening, find_culprits};
use pulseproof_prover::encoding::DecodeError;
use pulseproof_prover::engine::prove::ProvingKey;
use pulseproof_prover::srs::{Srs, develop};
use pulseproof_prover::wsa::modular::prove;
use pulseproof_sdk::identity::{ApplianceKey, Signed};
use pulseproof_sdk::profile::ProfileVerifier;
use pulseproof_sdk::result::{Claim, Contribution, ResultError};
use pulseproof_sdk::signing::DeviceKey;
use pulseproof_sdk::submission::{Label, batch_from_bytes, batch_to_bytes};
use pulseproof_sdk::{Digest, Name, Profile, ProvedResult, Roster, Submission};
use rand::rngs::{OsRng, StdRng};
use rand::{Rng, RngCore, SeedableRng};

type C = Bls12_381;
const WORDS: usize = 12;

fn proving_key() -> &'static ProvingKey<C> {
    static KEY: OnceLock<ProvingKey<C>> = OnceLock::new();
    KEY.get_or_init(|| {
        let srs = develop::generate(4, &mut StdRng::seed_from_u64(1)).unwrap();
        ProvingKey::new(Cpu::new(), Arc::new(srs)).unwrap()
    })
}

fn srs() -> &'static Srs<C> {
    proving_key().srs()
}

fn key() -> &'static CommitmentKey<C> {
    static KEY: OnceLock<CommitmentKey<C>> = OnceLock::new();
    KEY.get_or_init(|| CommitmentKey::new(srs()))
}

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

fn device(index: u64) -> DeviceKey {
    DeviceKey::from_seed([u8::try_from(index).unwrap(); 32])
}

fn roster() -> Roster {
    let member = |i| (name(&format!("d{i}")), device(i).public());
    Roster {
        region: name("north"),
        words: u32::try_from(WORDS).unwrap(),
        profile: unproved().digest(),
        devices: (0..4).map(member).collect(),
    }
}

fn submission(index: u64, seed: u64) -> Submission<C> {
    let rng = &mut StdRng::seed_from_u64(seed);
    let words = (0..WORDS).map(|_| rng.next_u64()).collect();
    let label = Label {
        region: name("north"),
        epoch: 7,
        device: name(&format!("d{index}")),
        sequence: 3,
        profile: roster().profile,
        srs: Digest(key().srs_id()),
    };
    Submission::seal(label, words, key(), &device(index), rng)
}

/// Devices 0, 1 and 3; device 2 is missing.
fn result() -> ProvedResult<C> {
    let submissions = [0, 1, 3].map(|i| submission(i, i));
    let contribution = |s: &Submission<C>| Contribution {
        device: s.label.device.clone(),
        sequence: s.label.sequence,
        weight: 2,
        commitment: s.commitment,
        signature: s.signature,
        proof: None,
    };
    let claim = Claim {
        srs: Digest(srs().verifying_key.id()),
        region: name("north"),
        epoch: 7,
        roster: roster().digest(),
        profile: roster().profile,
        contributions: submissions.iter().map(contribution).collect(),
        missing: vec![name("d2")],
    };
    let openings = submissions.each_ref().map(|s| Opening {
        commitment: s.commitment,
        words: &s.words,
        blinders: &s.blinders,
    });
    let rng = &mut StdRng::seed_from_u64(9);
    let context = claim.context().0;
    let (statement, proof) = prove(proving_key(), &openings, &[2, 2, 2], &context, rng).unwrap();
    ProvedResult::signed(claim, statement.aggregate, proof, &appliance())
}

/// Devices that cannot prove what their words mean.
fn unproved() -> Profile {
    Profile::Unproved { meaning: Digest([5; 32]) }
}

fn lists() -> ProfileVerifier<C> {
    ProfileVerifier::new(&unproved()).unwrap()
}

fn appliance() -> ApplianceKey {
    ApplianceKey::from_seed([77; 32])
}

fn verify(result: &ProvedResult<C>) -> Result<(), ResultError> {
    result.verify(&srs().verifying_key, &roster(), &[appliance().public()], &lists())
}

/// Whether an appliance would store this.
fn acceptable(bytes: &[u8]) -> bool {
    let Ok(submission) = Submission::<C>::from_bytes(bytes, 16) else { return false };
    let roster = roster();
    let label = &submission.label;
    let expected = (label.region == roster.region)
        && label.epoch == 7
        && label.profile == roster.profile
        && submission.words.len() == WORDS;
    let signed = roster.devices.get(&label.device).is_some_and(|key| submission.is_signed_by(key));
    let opening = Opening {
        commitment: submission.commitment,
        words: &submission.words,
        blinders: &submission.blinders,
    };
    expected && signed && find_culprits(key(), &[opening], 1, &mut OsRng).is_none()
}

fn mutations() -> usize {
    std::env::var("PULSEPROOF_MUTATIONS").ok().and_then(|n| n.parse().ok()).unwrap_or(400)
}

fn mutated(bytes: &[u8], rng: &mut StdRng) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let at = rng.gen_range(0..bytes.len());
    match rng.gen_range(0..5) {
        0 => bytes[at] ^= 1 << rng.gen_range(0..8),
        1 => bytes[at] = rng.r#gen(),
        2 => {
            let end = (at + rng.gen_range(1..64)).min(bytes.len());
            rng.fill_bytes(&mut bytes[at..end]);
        }
        3 => bytes.truncate(at),
        _ => bytes.push(rng.r#gen()),
    }
    bytes
}

#[test]
fn honest_bytes_are_accepted_and_stable() {
    let sent = submission(1, 5).to_bytes();
    assert!(acceptable(&sent));
    assert_eq!(Submission::<C>::from_bytes(&sent, 16).unwrap().to_bytes(), sent);
    let result = result();
    assert_eq!(verify(&result), Ok(()));
    assert_eq!(ProvedResult::from_bytes(&result.to_bytes()).unwrap(), result);
    // Frozen: a change here breaks every gateway and every published result.
    let frozen = |bytes: &[u8]| Digest::of("frozen", bytes).to_string();
    let bytes = [frozen(&sent), frozen(&result.to_bytes()), roster().digest().to_string()];
    assert_eq!(bytes, FROZEN);
}

const FROZEN: [&str; 3] = [
    "d0572adf98042c3ca3da41e663c1f3fe36bae68824ac92978435bb9f83e4907b",
    "2a69918cad2f09e95223c158b0003df4b84aa1dd2b87cddbfe163cff107ee417",
    "3525cf7bcae2499ace226ff32772137bb30c2ea205b3ba8043326f1243753913",
];

#[test]
fn mutated_submissions_are_not_acceptable() {
    let honest = submission(1, 5).to_bytes();
    let rng = &mut StdRng::seed_from_u64(1);
    for _ in 0..mutations() {
        let bytes = mutated(&honest, rng);
        assert!(bytes == honest || !acceptable(&bytes));
    }
}

#[test]
fn mutated_results_do_not_verify() {
    let honest = result().to_bytes();
    let rng = &mut StdRng::seed_from_u64(2);
    for _ in 0..mutations() {
        let bytes = mutated(&honest, rng);
        let verified = ProvedResult::from_bytes(&bytes).is_ok_and(|r| verify(&r).is_ok());
        assert!(bytes == honest || !verified);
    }
}

#[test]
fn cut_and_lengthened_bytes_are_named() {
    let submission = submission(0, 1).to_bytes();
    let result = result().to_bytes();
    for length in 0..submission.len() {
        let error = Submission::<C>::from_bytes(&submission[..length], 16).unwrap_err();
        assert!(matches!(error, DecodeError::Truncated { .. }), "{length}: {error}");
    }
    for length in (0..result.len()).step_by(7) {
        assert!(ProvedResult::<C>::from_bytes(&result[..length]).is_err(), "{length}");
    }
    let longer = |bytes: &[u8]| [bytes, &[0]].concat();
    assert_eq!(
        Submission::<C>::from_bytes(&longer(&submission), 16).unwrap_err(),
        DecodeError::Trailing(1)
    );
    assert_eq!(
        ProvedResult::<C>::from_bytes(&longer(&result)).unwrap_err(),
        DecodeError::Trailing(1)
    );
    assert!(matches!(
        Submission::<Bn254>::from_bytes(&submission, 16),
        Err(DecodeError::WrongCurve { .. })
    ));
    assert!(matches!(
        Submission::<C>::from_bytes(&submission, WORDS - 1),
        Err(DecodeError::TooLong { field: "words", got: 12, limit: 11 })
    ));
}

#[test]
fn lengths_that_lie_are_refused_before_anything_is_allocated() {
    let lying = |magic: &[u8; 4], rest: &[u8]| [magic.as_slice(), &[2], rest].concat();
    let huge = u32::MAX.to_le_bytes();
    let batch = lying(b"PPSB", &huge);
    assert!(matches!(batch_from_bytes(&batch), Err(DecodeError::TooLong { field: "batch", .. })));
    let batch = lying(b"PPSB", &[1u32.to_le_bytes(), huge].concat());
    assert!(matches!(batch_from_bytes(&batch), Err(DecodeError::TooLong { .. })));
    let named = lying(b"PPSU", &[&[1u8][..], &huge].concat());
    assert!(matches!(
        Submission::<C>::from_bytes(&named, 16),
        Err(DecodeError::TooLong { field: "region", .. })
    ));
}

#[test]
fn a_batch_is_its_submissions() {
    let submissions = [submission(0, 1).to_bytes(), vec![], b"opaque".to_vec()];
    let batch = batch_to_bytes(&submissions);
    assert_eq!(batch_from_bytes(&batch).unwrap(), submissions);
    assert_eq!(batch_from_bytes(&batch_to_bytes::<Vec<u8>>(&[])).unwrap().len(), 0);
    assert!(batch_from_bytes(&batch[..batch.len() - 1]).is_err());
    let batch = [batch.as_slice(), &[0]].concat();
    assert_eq!(batch_from_bytes(&batch).unwrap_err(), DecodeError::Trailing(1));
}

#[test]
fn every_part_of_a_claim_counts() {
    let honest = result();
    // Signed again, so that it is not the appliance's signature that shows it.
    let check = |change: &dyn Fn(&mut ProvedResult<C>)| {
        let mut forged = honest.clone();
        change(&mut forged);
        let ProvedResult { claim, aggregate, proof, .. } = forged;
        verify(&ProvedResult::signed(claim, aggregate, proof, &appliance())).unwrap_err()
    };
    let rejected = |error| matches!(error, ResultError::Proof(_));
    assert!(rejected(check(&|r| r.aggregate[0] ^= 1)));
    assert!(rejected(check(&|r| r.claim.contributions[1].weight = 1)));
    let d = |i| name(&format!("d{i}"));
    let signature = |i| ResultError::Signature(d(i));
    assert_eq!(check(&|r| r.claim.contributions[2].signature[9] ^= 1), signature(3));
    assert_eq!(check(&|r| r.claim.contributions[0].sequence += 1), signature(0));
    assert_eq!(check(&|r| r.claim.epoch += 1), signature(0));
    assert_eq!(
        check(&|r| r.claim.contributions[0].commitment = r.claim.contributions[1].commitment),
        signature(0)
    );
    let list = |field, i| ResultError::DeviceList { field, device: d(i) };
    assert_eq!(check(&|r| r.claim.contributions.swap(0, 1)), list("contributions", 0));
    assert_eq!(
        check(&|r| r.claim.contributions.push(r.claim.contributions[2].clone())),
        list("contributions", 3)
    );
    assert_eq!(check(&|r| r.claim.missing.push(d(9))), list("missing", 9));
    assert_eq!(check(&|r| r.claim.missing = vec![d(1), d(2)]), list("missing", 1));
    assert_eq!(check(&|r| r.claim.missing.clear()), ResultError::Unaccounted(d(2)));
    assert_eq!(check(&|r| drop(r.claim.contributions.pop())), ResultError::Unaccounted(d(3)));
    let field = |error| match error {
        ResultError::WrongRoster { field, .. } => field,
        other => panic!("{other}"),
    };
    assert_eq!(field(check(&|r| r.claim.region = d(0))), "region");
    assert_eq!(field(check(&|r| r.claim.roster.0[0] ^= 1)), "roster");
    assert_eq!(field(check(&|r| r.claim.profile.0[0] ^= 1)), "profile");
    assert_eq!(field(check(&|r| r.aggregate.push(0))), "words");
    assert!(matches!(check(&|r| r.claim.srs.0[0] ^= 1), ResultError::WrongSrs { .. }));
    // A verifier with another roster for the region does not accept it either.
    let mut other = roster();
    other.devices.insert(d(1), device(9).public());
    let error =
        honest.verify(&srs().verifying_key, &other, &[appliance().public()], &lists()).unwrap_err();
    assert_eq!(field(error), "roster");
}

#[test]
fn a_result_is_that_of_a_trusted_appliance_and_no_other() {
    let honest = result();
    let untrusted = Err(ResultError::Untrusted(name("north")));
    let by = |keys: &[ApplianceKey]| {
        let keys: Vec<_> = keys.iter().map(ApplianceKey::public).collect();
        honest.verify(&srs().verifying_key, &roster(), &keys, &lists())
    };
    let other = || ApplianceKey::from_seed([78; 32]);
    assert_eq!(by(&[other(), appliance()]), Ok(()));
    assert_eq!(by(&[other()]), untrusted);
    assert_eq!(by(&[]), untrusted);
    // The signature is on this claim, this sum and this proof.
    let changes: [fn(&mut ProvedResult<C>); 3] =
        [|r| r.signature[0] ^= 1, |r| r.aggregate[0] ^= 1, |r| r.claim.epoch += 1];
    for change in changes {
        let mut forged = honest.clone();
        change(&mut forged);
        assert_eq!(verify(&forged), untrusted);
    }
}

#[test]
fn a_signature_on_one_thing_is_none_on_another() {
    let (key, digest) = (appliance(), Digest::sha256(b"thing"));
    let signature = key.sign(Signed::Result, &digest);
    assert!(key.public().verifies(Signed::Result, &digest, &signature));
    assert!(!key.public().verifies(Signed::Outputs, &digest, &signature));
    // Nor is a device's signature an appliance's, with the same key.
    let device = DeviceKey::from_seed([77; 32]);
    assert!(!key.public().verifies(Signed::Result, &digest, &device.sign(&digest.0)));
}

#[test]
fn what_a_device_signs_names_the_srs_and_the_form_of_the_statement() {
    let label = submission(1, 5).label;
    let commitment = submission(1, 5).commitment;
    let message = label.message::<C>(&commitment);
    let other = Label { srs: Digest([7; 32]), ..label.clone() };
    assert_ne!(other.message::<C>(&commitment), message);
    let form = b"weighted sum modulo 2^64";
    assert!(message.windows(form.len()).any(|window| window == form));
    assert!(message.windows(32).any(|window| window == key().srs_id()));
}

#[test]
fn weak_and_malformed_device_keys_are_refused() {
    let roster = serde_json::to_string(&roster()).unwrap();
    let key = String::from(device(1).public());
    for bad in ["00".repeat(32), format!("01{}", "00".repeat(31)), "ff".repeat(31), "zz".repeat(32)]
    {
        let damaged = roster.replace(&key, &bad);
        assert!(serde_json::from_str::<Roster>(&damaged).is_err(), "{bad}");
    }
    assert!(
        serde_json::from_str::<Roster>(&roster.replace("\"words\"", "\"extra\":1,\"words\""))
            .is_err()
    );
    assert_eq!(serde_json::from_str::<Roster>(&roster).unwrap(), self::roster());
}

#[test]
fn secrets_are_not_shown() {
    let shown =
        format!("{:?} {:?} {:?}", device(5), ApplianceKey::from_seed([5; 32]), submission(0, 1));
    assert!(!shown.contains(&hex::encode([5u8; 32])));
    let blinders = Blinders::<C>::random(&mut OsRng);
    assert_eq!(format!("{blinders:?}"), "Blinders(hidden)");
    assert!(shown.contains("Blinders(hidden)"));
}
