//! What used to keep others out: each of these was done, and each is a kind that goes.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::symlink;
use std::time::{Duration, Instant};

use crate::circuits::{Shop, at, put, send, state, zkey};
use crate::common::*;
use crate::mocks::{self, Mock, Mood};
use crate::people::*;
use crate::proofs::{bring, inputs, queue};
use pulseproof_kernels::backend::BackendKind;
use pulseproof_sdk::access::Role;
use pulseproof_sdk::api::{Job, JobState};
use pulseproof_sdk::client::ApplianceClient;
use pulseproof_sdk::client::circuits::CircuitPart;
use pulseproof_sdk::groth16::UploadState;
use pulseproof_sdk::submission::batch_to_bytes;
use pulseproof_sdk::{Digest, Submission};
use pulseproof_server::{Config, Uploads};
use pulseproof_service::Doors;
use pulseproof_service::body::Slowest;
use reqwest::Client;
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::sleep;

const READINGS: &str = "/v1/regions/north/epochs/1/readings";

/// The start of a request whose body is to have so many bytes, and one of them.
fn begin(server: &Server, method: &str, path: &str, bytes: usize) -> TcpStream {
    let mut stream = connect(server);
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {bytes}\r\n\r\nx"
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream
}

fn answer(mut stream: TcpStream) -> String {
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// 7.4 GB, when it was first done.
#[tokio::test(flavor = "multi_thread")]
async fn inputs_for_a_circuit_that_does_not_exist_take_no_memory() {
    let shop = Shop::new();
    let server = shop.start(mocks::good());
    let numbers = "0,".repeat((1 << 19) - 100);
    let body = format!(r#"{{"kind":"groth16","circuit":"nothing","inputs":{{"a":[{numbers}0]}}}}"#);
    let (before, url) = (resident(), format!("{}/v1/jobs", server.base));
    let mut all = JoinSet::new();
    for _ in 0..96 {
        let (body, url) = (body.clone(), url.clone());
        all.spawn(async move {
            let request = Client::new().post(url).header("content-type", "application/json");
            request.body(body).send().await.unwrap().status().as_u16()
        });
    }
    let mut most = 0;
    while !all.is_empty() {
        tokio::select! {
            Some(status) = all.join_next() => {
                let status = status.unwrap();
                // Or there was no room for its body at that moment.
                assert!([422, 429].contains(&status), "{status}");
            }
            () = sleep(Duration::from_millis(5)) => most = most.max(resident()),
        }
    }
    // Both the clients and the appliance are this process: each body is in it a few times.
    let grown = most.saturating_sub(before);
    assert!(grown < 1 << 30, "{grown} bytes");
    server.client.health().await.unwrap();
}

#[tokio::test]
async fn unfinished_uploads_of_one_client_keep_nobody_out() {
    let mut shop = Shop::new();
    let uploads = Uploads { unfinished_max: 8, unfinished_each_max: 4, ..Uploads::default() };
    shop.config = guarded(Config { uploads, ..shop.config });
    let server = shop.start(mocks::good());
    let store = shop.config.data_dir.clone();
    let [many, one] = [token(&store, Role::Operator).await, token(&store, Role::Operator).await];
    let piece = async |token, index: u8| {
        let bytes = vec![index; 100];
        let request = ask(&server, Some(token), "PUT", &at("sum", &bytes));
        let request = request.header("content-range", "bytes 0-0/100");
        assert_eq!(send(request.body(vec![index])).await, Ok(202));
        sleep(Duration::from_millis(20)).await;
        Digest::sha256(&bytes)
    };
    let mine = piece(&one, 0).await;
    let mut theirs = Vec::new();
    for index in 1..=9 {
        theirs.push(piece(&many, index).await);
    }
    let received =
        async |id: Digest| client(&server, &one).upload_state(&id).await.unwrap().received;
    // Their own oldest have gone, and mine is there.
    assert_eq!(received(mine).await, 1);
    for (index, id) in theirs.iter().enumerate() {
        assert_eq!(received(*id).await, u64::from(index >= 5), "{index}");
    }
    // All together are too many: the oldest goes, whosever it is.
    let third = token(&store, Role::Operator).await;
    for index in 10..=13 {
        piece(&third, index).await;
    }
    assert_eq!(received(mine).await, 0);
    // And who wants one gone says so.
    let last = theirs[8];
    let path = format!("/v1/uploads/{last}");
    assert_eq!(ask(&server, Some(&many), "DELETE", &path).send().await.unwrap().status(), 204);
    assert_eq!(received(last).await, 0);
}

/// `/dev/full` takes no byte, as a disk does that has no room.
#[tokio::test]
async fn what_a_full_disk_did_not_take_is_told_and_leaves_nothing() {
    let shop = Shop::new();
    let server = shop.start(mocks::good());
    server.client.health().await.unwrap();
    // When it starts, an appliance removes old files that nobody needs, and this one is as old as the machine.
    sleep(Duration::from_millis(500)).await;
    let bytes = zkey(1, 100_000);
    let part = shop.config.data_dir.join(format!("blobs/{}.part", Digest::sha256(&bytes)));
    symlink("/dev/full", &part).unwrap();
    let refused = send(put(&server, &at("sum", &bytes)).body(bytes.clone())).await.unwrap_err();
    assert_problem(&refused, 507, "disk-full", None, None);
    assert!(!part.is_symlink());
    assert_eq!(shop.blobs(), [""; 0]);
    assert_eq!(state(&server, &bytes).await, UploadState { received: 0, complete: false });
    // There is room again.
    assert_eq!(send(put(&server, &at("sum", &bytes)).body(bytes.clone())).await, Ok(201));
}

fn impatient(config: Config) -> Config {
    let slowest = Slowest { grace: Duration::from_secs(2), bytes_per_second: 1024 };
    Config { slowest, ..config }
}

#[tokio::test]
async fn uploads_that_trickle_keep_nobody_out_and_end() {
    let mut shop = Shop::new();
    shop.config = impatient(shop.config);
    let server = shop.start(mocks::good());
    let trickle: Vec<_> = (0..8u64)
        .map(|index| begin(&server, "PUT", &at("slow", &zkey(index, 1000)), 1000))
        .collect();
    let bytes = zkey(77, 100);
    assert_eq!(send(put(&server, &at("sum", &bytes)).body(bytes.clone())).await, Ok(201));
    let since = Instant::now();
    for stream in trickle {
        let answer = answer(stream);
        assert!(answer.starts_with("HTTP/1.1 408") && answer.contains("1024"), "{answer}");
    }
    assert!(since.elapsed() < Duration::from_secs(15));
}

#[tokio::test]
async fn bodies_of_one_byte_keep_no_batch_out_and_end() {
    let region: Region = Region::new(4, 1);
    let directory = tempfile::tempdir().unwrap();
    let slowest = Slowest { grace: Duration::from_secs(6), bytes_per_second: 1024 };
    let config = Config { slowest, ..Config::new(directory.path()) };
    let server = Server::start(region.srs.clone(), config);
    server.register(&region.roster).await;
    let slow: Vec<_> = (0..36).map(|_| begin(&server, "POST", READINGS, 1000)).collect();
    assert_eq!(accepted(&server.submit(1, &region.batch(1, 1)).await), [0]);
    // It came in while all of them were there.
    for stream in &slow {
        stream.set_nonblocking(true).unwrap();
        assert_eq!(stream.peek(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);
        stream.set_nonblocking(false).unwrap();
    }
    for stream in slow {
        assert!(answer(stream).starts_with("HTTP/1.1 408"));
    }
}

#[tokio::test]
async fn bytes_that_are_only_announced_keep_nobody_out_and_those_that_come_are_a_clients() {
    let region: Region = Region::new(4, 1);
    let directory = tempfile::tempdir().unwrap();
    let config = impatient(Config { bodies_bytes_max: 16_000, ..Config::new(directory.path()) });
    let server = Server::start(region.srs.clone(), guarded(config));
    let store = directory.path();
    let operator = client(&server, &token(store, Role::Operator).await);
    operator.put_profile(&unproved()).await.unwrap();
    operator.register(&region.roster).await.unwrap();
    let [many, one] = [token(store, Role::Gateway).await, token(store, Role::Gateway).await];
    let begin = |bytes: &[u8]| {
        let mut stream = connect(&server);
        let head = format!("POST {READINGS} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ");
        let secret = many.secret();
        write!(stream, "{head}{}\r\ncontent-length: 4000\r\n\r\n", *secret).unwrap();
        stream.write_all(bytes).unwrap();
        stream
    };
    // All of these together announce many times what there is.
    let held: Vec<_> = (0..64).map(|_| begin(b"x")).collect();
    let intake = client(&server, &one).submit(&name("north"), 1, &region.batch(1, 1)).await;
    assert_eq!(accepted(&intake.unwrap()), [0]);
    drop(held);
    // What has come counts: no more than its share is a client's. Of those that were dropped some may be counted still.
    let held = begin(&[0; 3900]);
    let mut refused = false;
    for _ in 0..400 {
        let request = ask(&server, Some(&many), "POST", READINGS).body(vec![0; 500]);
        refused = request.send().await.unwrap().status() == 429;
        if refused {
            break;
        }
        sleep(Duration::from_millis(5)).await;
    }
    assert!(refused);
    drop(held);
    // What is longer than a share can never come in.
    let request = ask(&server, Some(&one), "POST", READINGS).body(vec![0; 4001]);
    assert_eq!(request.send().await.unwrap().status(), 413);
}

fn doors(most: usize, head: Duration) -> Doors {
    Doors { connections_max: most, head_timeout: head, ..Doors::default() }
}

#[tokio::test]
async fn slow_heads_and_idle_connections_end() {
    let region: Region = Region::new(4, 1);
    let directory = tempfile::tempdir().unwrap();
    let doors = doors(100, Duration::from_secs(1));
    let config = Config { doors, ..Config::new(directory.path()) };
    let server = Server::start(region.srs.clone(), config);
    let fresh = async || {
        let request = ask(&server, None, "GET", "/healthz").header("connection", "close");
        assert_eq!(request.send().await.unwrap().status(), 200);
    };
    fresh().await;
    let since = Instant::now();
    let idle = connect(&server);
    let mut head = connect(&server);
    head.write_all(b"GET /healthz HT").unwrap();
    let mut kept = connect(&server);
    kept.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n").unwrap();
    assert!(answer(idle).is_empty());
    let answered = answer(head);
    assert!(answered.is_empty() || answered.starts_with("HTTP/1.1 408"), "{answered}");
    // It is answered, kept alive, and idle.
    assert!(answer(kept).starts_with("HTTP/1.1 200"));
    assert!(since.elapsed() < Duration::from_secs(10));
    fresh().await;
}

#[tokio::test]
async fn as_many_connections_as_there_may_be_keep_nobody_out() {
    let region: Region = Region::new(4, 1);
    let directory = tempfile::tempdir().unwrap();
    let doors = doors(16, Duration::from_secs(60));
    let counts = doors.counts.clone();
    let config = Config { doors, ..Config::new(directory.path()) };
    let server = Server::start(region.srs.clone(), config);
    server.client.health().await.unwrap();
    let mut idle: Vec<_> = (0..16).map(|_| connect(&server)).collect();
    for stream in &mut idle[..8] {
        stream.write_all(b"POST /v1/jobs HTTP/1.1\r\nhost: l").unwrap();
    }
    for _ in 0..8 {
        // Each by a connection of its own.
        let answer = ask(&server, None, "GET", "/healthz").header("connection", "close");
        assert_eq!(answer.send().await.unwrap().status(), 200);
    }
    assert!(counts.open() <= 16, "{}", counts.open());
    assert!(metric(&server, "pulseproof_connections_ended_total{why=\"made-room\"}").await >= 1.0);
}

/// Waits until a job is past everything but its proof.
async fn until_at_work(job: &Job, who: &ApplianceClient) {
    while who.job(&job.id).await.unwrap().stage.as_deref() != Some("proving") {
        sleep(Duration::from_millis(5)).await;
    }
}

/// Another's job waited 12 s, when it was first done.
#[tokio::test]
async fn a_clients_jobs_wait_for_one_of_anothers_and_not_for_all() {
    let mut shop = Shop::new();
    shop.config = guarded(shop.config);
    shop.config.groth16.jobs_max = 1;
    let cpu = Mock::new(BackendKind::Cpu, Mood::Good);
    let server = shop.start(mocks::on(&cpu, &cpu));
    let store = shop.config.data_dir.clone();
    let operator = client(&server, &token(&store, Role::Operator).await);
    operator.put_circuit(&name("sum"), &shop.file(zkey(1, 64))).await.unwrap();
    let wasm = shop.file("wasm module");
    operator.put_circuit_part(&name("sum"), CircuitPart::Wasm, &wasm).await.unwrap();
    let [many, one] = [token(&store, Role::Gateway).await, token(&store, Role::Gateway).await];
    let [many, one] = [client(&server, &many), client(&server, &one)];
    let request = pulseproof_sdk::api::JobRequest::Groth16(inputs(4));
    // The first one is at work until all are queued.
    cpu.slow(Duration::from_secs(8));
    let mut theirs = vec![many.create_job(&request).await.unwrap()];
    until_at_work(&theirs[0], &many).await;
    cpu.slow(Duration::from_millis(50));
    for _ in 0..8 {
        theirs.push(many.create_job(&request).await.unwrap());
    }
    let mine = one.create_job(&request).await.unwrap();
    let mine = one.wait(&mine.id).await.unwrap();
    let mut done = 0;
    for job in &theirs {
        let job = many.job(&job.id).await.unwrap();
        done += usize::from(job.ended_at.is_some_and(|ended| Some(ended) <= mine.started_at));
    }
    // The one that was at work, and none of those that were asked for before mine.
    assert_eq!(done, 1);
}

/// Thousands of checks, when it was first done.
#[tokio::test]
async fn a_batch_that_was_altered_on_the_way_is_given_up_and_its_sender_pays() {
    let region: Region = Region::new(4, 12);
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(region.srs.clone(), guarded(Config::new(directory.path())));
    let store = directory.path();
    let operator = client(&server, &token(store, Role::Operator).await);
    operator.put_profile(&unproved()).await.unwrap();
    operator.register(&region.roster).await.unwrap();
    let [careless, careful] =
        [token(store, Role::Gateway).await, token(store, Role::Gateway).await];
    let [careless, careful] = [client(&server, &careless), client(&server, &careful)];
    let altered = |index: usize| {
        let bytes = region.honest(index, 1, 1);
        let mut submission =
            Submission::<pulseproof_kernels::Bn254>::from_bytes(&bytes, region.key.size()).unwrap();
        submission.words[0] ^= 1;
        submission.to_bytes()
    };
    let batch: Vec<_> = (0..12).map(altered).collect();
    let north = name("north");
    // What is owed is let go of with time, so that a slow test sends a few more.
    for round in 0.. {
        match careless.submit(&north, 1, &batch).await {
            Ok(intake) => {
                assert!(intake.accepted.is_empty() && round < 40);
                let kinds: Vec<_> =
                    intake.refused.iter().map(|r| r.problem.kind.as_str()).collect();
                let (found, rest) = kinds.split_at(8);
                assert!(found.iter().all(|kind| kind.ends_with(":bad-commitment")), "{found:?}");
                assert!(rest.iter().all(|kind| kind.ends_with(":not-checked")), "{rest:?}");
            }
            refused => {
                assert_problem(&problem(refused), 429, "too-many-culprits", None, None);
                assert!(round >= 9);
                break;
            }
        }
    }
    // Others do not pay, and nothing was stored of what was not looked at.
    assert_eq!(careful.submit(&north, 1, &region.batch(12, 1)).await.unwrap().accepted.len(), 12);
    assert_eq!(batch_to_bytes(&batch).len(), batch_to_bytes(&region.batch(12, 1)).len());
}

#[tokio::test]
async fn no_web_page_reaches_an_appliance_of_this_machine() {
    let shop = Shop::new();
    let server = shop.start(mocks::good());
    bring(&shop, &server, &[CircuitPart::Wasm]).await;
    let job = json!({ "kind": "groth16", "circuit": "sum", "inputs": { "a": 4 } }).to_string();
    let post = |name: &'static str, value: &'static str| {
        let request = ask(&server, None, "POST", "/v1/jobs").body(job.clone());
        let request = request.header(name, value);
        if name == "content-type" {
            request
        } else {
            request.header("content-type", "application/json")
        }
    };
    for (name, value, status, kind, field) in [
        ("host", "attacker.example", 421, "wrong-host", "host"),
        ("host", "127.0.0.1.attacker.example:8750", 421, "wrong-host", "host"),
        ("origin", "https://attacker.example", 403, "foreign-origin", "origin"),
        ("origin", "null", 403, "foreign-origin", "origin"),
        ("content-type", "text/plain", 415, "unsupported-media-type", "content-type"),
        (
            "content-type",
            "application/x-www-form-urlencoded",
            415,
            "unsupported-media-type",
            "content-type",
        ),
    ] {
        let refused = send(post(name, value)).await.unwrap_err();
        assert_problem(&refused, status, kind, Some(field), None);
    }
    let untyped = ask(&server, None, "POST", "/v1/jobs").body(job.clone());
    let refused = send(untyped).await.unwrap_err();
    assert_problem(&refused, 415, "unsupported-media-type", Some("content-type"), None);
    assert_eq!(send(post("origin", "http://localhost:3000")).await, Ok(202));
    // Nothing else came in.
    assert_eq!(queue(&server, inputs(4)).await.state, JobState::Queued);
    let all = server.client.jobs("").await.unwrap();
    assert_eq!(all.jobs.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_takes_as_long_as_is_stated_whatever_clients_do() {
    let mut shop = Shop::new();
    let doors = Doors { drain_timeout: Duration::from_secs(1), ..Doors::default() };
    shop.config = Config { doors, ..shop.config };
    let cpu = Mock::new(BackendKind::Cpu, Mood::Good).slow(Duration::from_secs(3));
    let server = shop.start(mocks::on(&cpu, &cpu));
    bring(&shop, &server, &[CircuitPart::Wasm]).await;
    let job = queue(&server, inputs(4)).await;
    until_at_work(&job, &server.client).await;
    let _idle = connect(&server);
    let _sends = begin(&server, "PUT", &at("slow", &zkey(5, 1000)), 1000);
    let mut head = connect(&server);
    head.write_all(b"GET /healthz HT").unwrap();
    let mut waits = connect(&server);
    let wait = format!(
        "GET /v1/jobs/{} HTTP/1.1\r\nhost: localhost\r\nprefer: wait=60\r\nconnection: close\r\n\r\n",
        job.id
    );
    waits.write_all(wait.as_bytes()).unwrap();
    sleep(Duration::from_millis(300)).await;
    let since = Instant::now();
    server.stop();
    assert!(since.elapsed() < Duration::from_secs(15), "{:?}", since.elapsed());
    // Who waited was told how it stands.
    let answer = answer(waits);
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("\"running\""), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_nothing_is_not_waited_for_when_it_stops() {
    let shop = Shop::new();
    let server = shop.start(mocks::good());
    server.client.health().await.unwrap();
    let _idle = connect(&server);
    let mut head = connect(&server);
    head.write_all(b"GET /healthz HTTP/1.1\r\nhost: loc").unwrap();
    sleep(Duration::from_millis(300)).await;
    let since = Instant::now();
    server.stop();
    // Far less than a head may take, and than requests have.
    assert!(since.elapsed() < Duration::from_secs(15), "{:?}", since.elapsed());
}

/// Each list asks the store for much; one client's many kept others waiting for half a minute.
#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_lists_waits_for_its_turn_and_nobody_else_waits_for_it() {
    let mut shop = Shop::new();
    shop.config = guarded(shop.config);
    let server = shop.start(mocks::good());
    let store = shop.config.data_dir.clone();
    let [many, one] = [token(&store, Role::Gateway).await, token(&store, Role::Gateway).await];
    let mut all = JoinSet::new();
    for _ in 0..200 {
        let request = ask(&server, Some(&many), "GET", "/v1/jobs?limit=100");
        all.spawn(async move { request.send().await.unwrap().status().as_u16() });
    }
    for _ in 0..5 {
        let listed = ask(&server, Some(&one), "GET", "/v1/jobs").send().await.unwrap();
        assert_eq!(listed.status(), 200);
        // Nor does whoever only looks whether it is up.
        let since = Instant::now();
        server.client.health().await.unwrap();
        assert!(since.elapsed() < Duration::from_secs(10), "{:?}", since.elapsed());
    }
    let statuses = all.join_all().await;
    assert!(statuses.iter().all(|status| [200, 503].contains(status)), "{statuses:?}");
}
