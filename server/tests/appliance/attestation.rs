//! Evidence of where an appliance runs, as it is asked for. What is in it is `attestation`'s, and tested there.

use std::path::PathBuf;

use crate::common::*;
use pulseproof_attestation::{Binding, Collateral, Evidence, Policy, Refused, verify};
use pulseproof_kernels::Bn254;
use pulseproof_sdk::Problem;
use pulseproof_server::Config;

const NONCE: [u8; 32] = [7; 32];

async fn ask(server: &Server, query: &str) -> (u16, Vec<u8>) {
    let answer = reqwest::get(format!("{}/v1/attestation{query}", server.base)).await.unwrap();
    (answer.status().as_u16(), answer.bytes().await.unwrap().to_vec())
}

/// An appliance whose kernel has its reports there.
fn start(reports: PathBuf) -> (tempfile::TempDir, Server) {
    let region = Region::<Bn254>::new(4, 1);
    let directory = tempfile::tempdir().unwrap();
    let config = Config { reports, ..Config::new(directory.path()) };
    (directory, Server::start(region.srs, config))
}

#[tokio::test]
async fn outside_a_tee_it_says_none_for_its_key_and_the_nonce_and_no_policy_takes_it_for_one() {
    let (_directory, server) = start("/nowhere".into());
    let key = server.client.identity().await.unwrap().to_bytes();
    let (status, body) = ask(&server, &format!("?nonce={}", hex::encode(NONCE))).await;
    assert_eq!(status, 200);
    let evidence = Evidence::from_json(&body).unwrap();
    let asked = Binding::new(key, NONCE);
    assert_eq!(evidence, Evidence::none(asked));
    let judge = |asked: &Binding, policy: &Policy| {
        verify(&evidence, asked, &Collateral::none(), policy, 1_796_000_000).map(|_| ())
    };
    let any = Policy { none: true, ..Policy::default() };
    assert_eq!(judge(&asked, &any), Ok(()));
    assert!(matches!(judge(&asked, &Policy::default()), Err(Refused::Kind(_))));
    assert!(matches!(judge(&Binding::new(key, [8; 32]), &any), Err(Refused::Nonce)));
    assert!(matches!(judge(&Binding::new([8; 32], NONCE), &any), Err(Refused::Key(_))));
}

#[tokio::test]
async fn a_nonce_is_32_bytes_in_one_spelling_and_comes_once() {
    let (_directory, server) = start("/nowhere".into());
    let good = hex::encode(NONCE);
    let long = format!("{good}00");
    for (query, field) in [
        (String::new(), "nonce"),
        ("?nonce=".to_owned(), "nonce"),
        (format!("?nonce={}", &good[1..]), "nonce"),
        (format!("?nonce={long}"), "nonce"),
        (format!("?nonce={}", "AB".repeat(32)), "nonce"),
        (format!("?nonce={}", "0g".repeat(32)), "nonce"),
        (format!("?nonce={good}&nonce={good}"), "nonce"),
        (format!("?nonce={good}&report=1"), "report"),
    ] {
        let (status, body) = ask(&server, &query).await;
        let problem: Problem = serde_json::from_slice(&body).unwrap();
        assert_eq!(status, 400, "{query}");
        assert_problem(&problem, 400, "malformed", Some(field), None);
    }
}

/// A folder that no kernel is behind gives no reports, and the appliance does not say `none`.
#[tokio::test]
async fn a_tee_that_gives_no_report_is_no_none() {
    let reports = tempfile::tempdir().unwrap();
    let (_directory, server) = start(reports.path().to_owned());
    let (status, body) = ask(&server, &format!("?nonce={}", hex::encode(NONCE))).await;
    let problem: Problem = serde_json::from_slice(&body).unwrap();
    assert_problem(&problem, 500, "internal", None, None);
    assert_eq!(status, 500);
    assert_eq!(std::fs::read_dir(reports.path()).unwrap().count(), 0, "its entry is gone");
}
