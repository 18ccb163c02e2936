//! Every reason to refuse a submission. Honest ones beside it are accepted.

use crate::common::*;
use pulseproof_kernels::Bn254;
use pulseproof_sdk::api::Refused;
use pulseproof_sdk::submission::Label;
use pulseproof_sdk::{Digest, Problem, Submission};
use pulseproof_server::Config;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// Sends `bad` for epoch 1 between two honest submissions, and returns its refusal.
async fn refused(region: &Region, server: &Server, bad: Vec<u8>) -> Refused {
    let batch = [region.honest(0, 1, 1), bad, region.honest(1, 1, 1)];
    let mut intake = server.submit(1, &batch).await;
    assert_eq!(accepted(&intake), [0, 2], "{:?}", intake.refused);
    assert_eq!(intake.refused.len(), 1);
    let refused = intake.refused.remove(0);
    assert_eq!(refused.index, 1);
    refused
}

async fn problem_of(change: impl FnOnce(&Region) -> Vec<u8>) -> Problem {
    let region = Region::new(4, 3);
    let (_directory, server) = region.open().await;
    refused(&region, &server, change(&region)).await.problem
}

async fn problem_of_label(change: impl FnOnce(&mut Label)) -> Problem {
    problem_of(|region| {
        let mut label = region.label(2, 1, 1);
        change(&mut label);
        region.seal(label, words(2, 1)).to_bytes()
    })
    .await
}

#[tokio::test]
async fn another_region() {
    let problem = problem_of_label(|label| label.region = name("south")).await;
    assert_problem(&problem, 422, "wrong-region", Some("region"), None);
}

#[tokio::test]
async fn another_epoch() {
    let problem = problem_of_label(|label| label.epoch = 2).await;
    assert_problem(&problem, 422, "wrong-epoch", Some("epoch"), None);
}

#[tokio::test]
async fn another_profile() {
    let problem = problem_of_label(|label| label.profile = Digest::of("other", b"")).await;
    assert_problem(&problem, 422, "wrong-profile", Some("profile"), None);
}

#[tokio::test]
async fn another_srs() {
    let problem = problem_of_label(|label| label.srs = Digest::of("other", b"")).await;
    assert_problem(&problem, 422, "wrong-srs", Some("srs"), None);
}

#[tokio::test]
async fn a_device_that_is_not_in_the_roster() {
    let problem = problem_of(|region| {
        let mut submission = region.seal(region.label(2, 1, 1), words(2, 1));
        submission.label.device = name("stranger");
        submission.to_bytes()
    })
    .await;
    assert_problem(&problem, 422, "unknown-device", Some("device"), None);
    assert!(problem.detail.contains("stranger"));
}

#[tokio::test]
async fn a_vector_of_another_length() {
    for length in [0, 4, 6, 16] {
        let problem =
            problem_of(|region| region.seal(region.label(2, 1, 1), vec![1; length]).to_bytes())
                .await;
        assert_problem(&problem, 422, "wrong-length", Some("words"), Some(5));
    }
}

#[tokio::test]
async fn a_vector_longer_than_any_commitment() {
    let problem = problem_of(|region| {
        let mut submission = region.seal(region.label(2, 1, 1), words(2, 1));
        submission.words = vec![0; 17];
        submission.to_bytes()
    })
    .await;
    assert_problem(&problem, 400, "malformed", Some("words"), Some(16));
}

#[tokio::test]
async fn a_signature_by_another_device() {
    let problem = problem_of(|region| {
        let mut submission = region.seal(region.label(1, 1, 2), words(2, 1));
        submission.label.device = device(2);
        submission.to_bytes()
    })
    .await;
    assert_problem(&problem, 422, "bad-signature", Some("signature"), None);
}

#[tokio::test]
async fn an_altered_word_names_the_culprit() {
    let region = Region::new(4, 3);
    let (_directory, server) = region.open().await;
    let mut submission = region.seal(region.label(2, 1, 1), words(2, 1));
    submission.words[3] ^= 1;
    let refused = refused(&region, &server, submission.to_bytes()).await;
    assert_problem(&refused.problem, 422, "bad-commitment", Some("commitment"), None);
    assert_eq!(refused.device, Some(device(2)));
    assert!(refused.problem.detail.contains("device-02"));

    // Whoever alters a submission on its way does not keep the device from being heard.
    let again = server.submit(1, &[region.honest(2, 1, 1)]).await;
    assert_eq!(accepted(&again), [0]);
}

#[tokio::test]
async fn many_culprits_are_all_named() {
    let region: Region = Region::new(5, 16);
    let (_directory, server) = region.open().await;
    let altered = |index: usize| {
        let mut submission = region.seal(region.label(index, 1, 1), words(index, 1));
        submission.words[0] = submission.words[0].wrapping_add(u64::from(index.is_multiple_of(3)));
        submission.to_bytes()
    };
    let batch: Vec<_> = (0..16).map(altered).collect();
    let intake = server.submit(1, &batch).await;
    let culprits: Vec<_> = intake.refused.iter().map(|refused| refused.index).collect();
    assert_eq!(culprits, [0, 3, 6, 9, 12, 15]);
    assert_eq!(intake.accepted.len(), 10);
    assert!(intake.refused.iter().all(|refused| refused.problem.is("bad-commitment")));
}

#[tokio::test]
async fn bytes_that_are_no_submission() {
    let region: Region = Region::new(4, 3);
    let good = region.honest(2, 1, 1);
    let truncated = good[..good.len() - 1].to_vec();
    let trailing = [&good[..], &[0]].concat();
    let other_curve = [&good[..5], &[1], &good[6..]].concat();
    for (bad, field) in [
        (Vec::new(), Some("magic")),
        (b"GET / HTTP/1.1".to_vec(), Some("magic")),
        (truncated, Some("proof")),
        (trailing, None),
        (other_curve, Some("curve")),
    ] {
        let problem = problem_of(|_| bad).await;
        assert_problem(&problem, 400, "malformed", field, None);
    }
}

#[tokio::test]
async fn a_replayed_submission() {
    let region: Region = Region::new(4, 2);
    let (_directory, server) = region.open().await;
    let bytes = region.honest(0, 1, 9);
    assert_eq!(accepted(&server.submit(1, std::slice::from_ref(&bytes)).await), [0]);
    let intake = server.submit(1, &[bytes, region.honest(1, 1, 1)]).await;
    assert_eq!(accepted(&intake), [1]);
    let problem = &intake.refused[0].problem;
    assert_problem(problem, 409, "sequence-reused", Some("sequence"), Some(9));
}

#[tokio::test]
async fn a_sequence_number_that_does_not_grow() {
    let region: Region = Region::new(4, 2);
    let (_directory, server) = region.open().await;
    server.submit(1, &[region.honest(0, 1, 9), region.honest(1, 1, 1)]).await;
    for sequence in [8, 9] {
        let batch = [region.honest(0, 2, sequence), region.honest(1, 2, sequence)];
        let intake = server.submit(2, &batch).await;
        let problem = &intake.refused[0].problem;
        assert_problem(problem, 409, "sequence-reused", Some("sequence"), Some(9));
    }
    // An earlier epoch is no way around it.
    let intake = server.submit(0, &[region.honest(0, 0, 9)]).await;
    assert!(intake.refused[0].problem.is("sequence-reused"));
    assert_eq!(accepted(&server.submit(2, &[region.honest(0, 2, 10)]).await), [0]);
}

#[tokio::test]
async fn a_second_submission_for_an_epoch() {
    let region: Region = Region::new(4, 2);
    let (_directory, server) = region.open().await;
    server.submit(1, &[region.honest(0, 1, 1)]).await;
    let intake = server.submit(1, &[region.honest(0, 1, 2), region.honest(1, 1, 1)]).await;
    assert_eq!(accepted(&intake), [1]);
    let problem = &intake.refused[0].problem;
    assert_problem(problem, 409, "duplicate-submission", Some("device"), None);
}

#[tokio::test]
async fn two_submissions_of_a_device_in_one_batch() {
    let region: Region = Region::new(4, 2);
    let (_directory, server) = region.open().await;
    let first = region.honest(0, 1, 5);
    let batch = [first.clone(), first, region.honest(0, 1, 6), region.honest(1, 1, 5)];
    let intake = server.submit(1, &batch).await;
    assert_eq!(accepted(&intake), [0, 3]);
    assert!(intake.refused[0].problem.is("sequence-reused"));
    assert!(intake.refused[1].problem.is("duplicate-submission"));
}

#[tokio::test]
async fn a_forgery_before_it_does_not_keep_out_the_honest_submission() {
    let region: Region = Region::new(4, 2);
    let (_directory, server) = region.open().await;
    let honest = region.seal(region.label(0, 1, 1), words(0, 1));
    let bytes = honest.to_bytes();
    let mut altered = honest;
    altered.words[0] ^= 1 << 63;
    let intake = server.submit(1, &[altered.to_bytes(), bytes]).await;
    assert_eq!(accepted(&intake), [1]);
    assert!(intake.refused[0].problem.is("bad-commitment"));
}

#[tokio::test]
async fn a_submission_after_the_epoch_was_closed() {
    let region: Region = Region::new(4, 2);
    let (_directory, server) = region.open().await;
    server.submit(1, &[region.honest(0, 1, 1)]).await;
    server.run(&aggregate(1)).await;
    let intake = server.submit(1, &[region.honest(1, 1, 1)]).await;
    assert_problem(&intake.refused[0].problem, 409, "epoch-closed", Some("epoch"), None);
    assert_eq!(accepted(&server.submit(2, &[region.honest(1, 2, 1)]).await), [0]);
}

#[tokio::test]
async fn mutated_submissions_are_all_refused() {
    let region: Region = Region::new(4, 2);
    let directory = tempfile::tempdir().unwrap();
    let config = Config { culprits_per_minute_max: u32::MAX, ..Config::new(directory.path()) };
    let server = Server::start(region.srs.clone(), config);
    server.register(&region.roster).await;
    let good = region.honest(0, 1, 1);
    let rng = &mut StdRng::seed_from_u64(11);
    let mutants: Vec<Vec<u8>> = (0..400).map(|_| mutant(&good, rng)).collect();
    // Few enough that each is looked at.
    for batch in mutants.chunks(8) {
        let intake = server.submit(1, batch).await;
        assert_eq!((intake.accepted.len(), intake.refused.len()), (0, batch.len()));
    }
    assert_eq!(accepted(&server.submit(1, &[good]).await), [0]);
}

/// One bit flipped, or some bytes cut out or doubled.
fn mutant(good: &[u8], rng: &mut StdRng) -> Vec<u8> {
    let mut bytes = good.to_vec();
    let (at, count) = (rng.gen_range(0..bytes.len()), rng.gen_range(1..9));
    match rng.gen_range(0..4) {
        0 => drop(bytes.drain(at..(at + count).min(bytes.len()))),
        1 => drop(bytes.splice(at..at, good[..count].iter().copied())),
        _ => bytes[at] ^= 1 << rng.gen_range(0..8),
    }
    assert!(bytes != good);
    assert!(Submission::<Bn254>::from_bytes(good, 16).is_ok());
    bytes
}
