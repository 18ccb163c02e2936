//! Who hangs up while it asks: what was begun for it is done to its end, is paid for, and leaves nothing behind.

use std::io::Write;
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use crate::circuits::Shop;
use crate::common::*;
use crate::mocks;
use crate::people::*;
use crate::proofs::{bring, is_in};
use pulseproof_kernels::Bn254;
use pulseproof_sdk::access::Role;
use pulseproof_sdk::api::Job;
use pulseproof_sdk::client::circuits::CircuitPart;
use pulseproof_sdk::submission::batch_to_bytes;
use pulseproof_server::Config;
use serde_json::json;
use tokio::time::sleep;

const READINGS: &str = "/v1/regions/north/epochs/1/readings";

/// A connection that is reset when it is dropped, since there is an answer on it that nobody has read: the other side
/// is not told that this one has said all, but that it has gone.
fn to_be_reset(server: &Server) -> TcpStream {
    let mut stream = connect(server);
    stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n").unwrap();
    assert_eq!(stream.peek(&mut [0]).unwrap(), 1);
    stream
}

/// A job, by hand.
fn asked(headers: &str, body: &str) -> String {
    format!(
        "POST /v1/jobs HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
         {headers}content-length: {}\r\n\r\n{body}",
        body.len()
    )
}

fn proof() -> String {
    let inputs = json!({ "a": mocks::SECRET });
    json!({ "kind": "groth16", "circuit": "sum", "inputs": inputs }).to_string()
}

/// Waits until no job is unfinished: what became one is begun at once, and not when a driver looks by itself.
async fn until_idle(server: &Server) {
    let since = Instant::now();
    for state in ["queued", "running"] {
        let query = format!("?state={state}");
        while !server.client.jobs(&query).await.unwrap().jobs.is_empty() {
            assert!(since.elapsed() < Duration::from_secs(15), "jobs are {state} still");
            sleep(Duration::from_millis(50)).await;
        }
    }
}

/// Two inputs of three stayed on the disk for a day, when it was first done: nobody knew of them.
#[tokio::test(flavor = "multi_thread")]
async fn who_hangs_up_while_it_asks_leaves_no_secret_and_no_job_that_nobody_begins() {
    let shop = Shop::new();
    let server = shop.start(mocks::good());
    bring(&shop, &server, &[CircuitPart::Wasm]).await;
    let request = asked("", &proof());
    for moment in 0..200 {
        let reset = moment % 2 == 1;
        let mut stream = if reset { to_be_reset(&server) } else { connect(&server) };
        stream.write_all(request.as_bytes()).unwrap();
        // At each step of what is done for it.
        thread::sleep(Duration::from_micros(50 * moment));
    }
    until_idle(&server).await;
    assert!(!server.client.jobs("").await.unwrap().jobs.is_empty(), "some were taken");
    // The key and the program.
    shop.until_blobs(2).await;
    assert!(!is_in(&shop.config.data_dir, &mocks::SECRET.to_string()));
}

/// Whatever became of the first attempt.
#[tokio::test(flavor = "multi_thread")]
async fn who_lost_the_connection_asks_under_the_same_key_and_there_is_one_job() {
    let shop = Shop::new();
    let server = shop.start(mocks::good());
    bring(&shop, &server, &[CircuitPart::Wasm]).await;
    let mut ids = Vec::new();
    for moment in 0..40 {
        let key = format!("key-{moment}");
        let mut stream = to_be_reset(&server);
        let request = asked(&format!("idempotency-key: {key}\r\n"), &proof());
        stream.write_all(request.as_bytes()).unwrap();
        thread::sleep(Duration::from_micros(250 * moment));
        drop(stream);
        let again = ask(&server, None, "POST", "/v1/jobs").header("idempotency-key", key);
        let again = again.header("content-type", "application/json").body(proof());
        let answer = again.send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.status());
        ids.push(answer.json::<Job>().await.unwrap().id);
    }
    until_idle(&server).await;
    let listed = server.client.jobs("?limit=100").await.unwrap().jobs;
    ids.reverse();
    assert_eq!(listed.into_iter().map(|job| job.id).collect::<Vec<_>>(), ids);
}

/// Who hung up paid nothing, when it was first done.
#[tokio::test(flavor = "multi_thread")]
async fn who_hangs_up_pays_for_what_was_checked() {
    let region: Region<Bn254> = Region::new(6, 48);
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(region.srs.clone(), guarded(Config::new(directory.path())));
    let store = directory.path();
    let operator = client(&server, &token(store, Role::Operator).await);
    operator.put_profile(&unproved()).await.unwrap();
    operator.register(&region.roster).await.unwrap();
    let altered = |index: usize| {
        let mut submission = region.seal(region.label(index, 1, 1), words(index, 1));
        submission.words[0] ^= 1;
        submission.to_bytes()
    };
    let batch: Vec<_> = (0..48).map(altered).collect();
    let north = name("north");
    // How long it takes: the most of it is the check.
    let probe = client(&server, &token(store, Role::Gateway).await);
    let mut took = Duration::MAX;
    for _ in 0..3 {
        let since = Instant::now();
        assert!(probe.submit(&north, 1, &batch).await.unwrap().accepted.is_empty());
        took = took.min(since.elapsed());
    }
    let careless = token(store, Role::Gateway).await;
    let bytes = batch_to_bytes(&batch);
    let secret = careless.secret();
    let head = format!(
        "POST {READINGS} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\n\
         content-length: {}\r\n\r\n",
        *secret,
        bytes.len()
    );
    // In one piece: a second one would wait until the first is acknowledged.
    let request = [head.as_bytes(), &bytes].concat();
    let (careless, since) = (client(&server, &careless), Instant::now());
    let refused = loop {
        for moment in 1..=12 {
            let mut stream = to_be_reset(&server);
            // It may be refused already, and the rest of it not be taken.
            let _ = stream.write_all(&request);
            // It is being read, checked, or answered.
            thread::sleep(took * moment / 10);
        }
        // An empty batch costs nothing.
        match careless.submit(&north, 1, &[] as &[Vec<u8>]).await {
            Ok(intake) => assert!(intake.accepted.is_empty()),
            refused => break problem(refused),
        }
        assert!(since.elapsed() < Duration::from_secs(30), "nothing was charged");
    };
    assert_problem(&refused, 429, "too-many-culprits", None, None);
}
