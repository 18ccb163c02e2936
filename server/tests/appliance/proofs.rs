//! Proofs of circuits: from inputs and from witnesses, what is refused, and what becomes of secrets.

use std::path::Path;
use std::time::Duration;

use crate::circuits::{Shop, put, send, zkey};
use crate::common::*;
use crate::mocks::{self, Mock, MockCircuits, Mood, SECRET, UNSATISFIED, WRONG_LENGTH};
use pulseproof_kernels::backend::BackendKind;
use pulseproof_sdk::api::{Job, JobRequest, JobState};
use pulseproof_sdk::client::circuits::CircuitPart;
use pulseproof_sdk::groth16::Groth16Request;
use pulseproof_sdk::{Problem, UploadToken};
use serde_json::{Value, json};
use tokio::time::sleep;

/// Hands in the circuit `sum`, and the parts.
pub async fn bring(shop: &Shop, server: &Server, parts: &[CircuitPart]) {
    server.client.put_circuit(&name("sum"), &shop.file(zkey(1, 64))).await.unwrap();
    for &part in parts {
        let text = match part {
            CircuitPart::Wasm => "wasm module",
            CircuitPart::R1cs => "r1cs constraints",
            CircuitPart::Sym => "sym names",
        };
        server.client.put_circuit_part(&name("sum"), part, &shop.file(text)).await.unwrap();
    }
}

pub fn inputs(a: impl Into<Value>) -> Groth16Request {
    Groth16Request::from_inputs(name("sum"), &json!({ "a": a.into() })).unwrap()
}

pub async fn witness(shop: &Shop, server: &Server, value: u64) -> Groth16Request {
    let file = shop.file(format!("wtns {value}"));
    let token = server.client.put_witness(&file).await.unwrap();
    Groth16Request::from_witness(name("sum"), token)
}

pub async fn queue(server: &Server, request: Groth16Request) -> Job {
    server.client.create_job(&JobRequest::Groth16(request)).await.unwrap()
}

pub async fn refused(server: &Server, request: Groth16Request) -> Problem {
    problem(server.client.create_job(&JobRequest::Groth16(request)).await)
}

/// Whether a text is in any file of a folder.
pub fn is_in(folder: &Path, text: &str) -> bool {
    std::fs::read_dir(folder).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            return is_in(&path, text);
        }
        let bytes = std::fs::read(&path).unwrap_or_default();
        bytes.windows(text.len()).any(|window| window == text.as_bytes())
    })
}

#[tokio::test]
async fn inputs_become_a_proof_in_snarkjs_json() {
    let shop = Shop::new();
    let server = shop.start(mocks::good());
    bring(&shop, &server, &[CircuitPart::Wasm]).await;
    let (job, made) = server.client.prove(inputs(4)).await.unwrap();
    assert_eq!(made.proof["protocol"], "groth16");
    assert_eq!(made.public, json!(["33", "cpu"]));
    assert_eq!((job.state, job.backend.as_deref()), (JobState::Done, Some("cpu")));
    assert_eq!((job.prove_us, job.verify_us, job.retried), (Some(1200), Some(34), None));
    let url = format!("{}/v1/jobs/{}/result", server.base, job.id);
    let answer = reqwest::get(url).await.unwrap();
    assert_eq!(answer.headers()["content-type"], "application/json");
    let answer: Value = answer.json().await.unwrap();
    assert_eq!(answer.as_object().unwrap().len(), 2);
    let (job, _) = server.client.prove(witness(&shop, &server, 4).await).await.unwrap();
    assert!(matches!(job.request, JobRequest::Groth16(Groth16Request { witness: None, .. })));
    assert!(server.client.circuit(&name("sum")).await.unwrap().resident["cpu"]);
    let metrics = server.client.metrics().await.unwrap();
    for line in [
        r#"pulseproof_groth16_proofs_total{backend="cpu"} 2"#,
        r#"pulseproof_backend_in_service{backend="cpu"} 1"#,
        r#"pulseproof_circuit_key_resident_bytes{backend="cpu"} 64"#,
        "pulseproof_groth16_witness_seconds_count 1",
        "pulseproof_queue_length 0",
    ] {
        assert!(metrics.contains(line), "{line} in {metrics}");
    }
}

#[tokio::test]
async fn secrets_are_in_no_answer_and_gone_after_the_end() {
    let shop = Shop::new();
    let cpu = Mock::new(BackendKind::Cpu, Mood::Good).slow(Duration::from_millis(400));
    let server = shop.start(mocks::on(&cpu, &cpu));
    bring(&shop, &server, &[CircuitPart::Wasm]).await;
    let (store, secret) = (&shop.config.data_dir, SECRET.to_string());
    let with_witness = witness(&shop, &server, SECRET).await;
    // The key, the program and the witness.
    let mut files = 3;
    for request in [inputs(SECRET), inputs(secret.as_str()), with_witness.clone()] {
        assert!(!format!("{request:?}").contains(&secret));
        files += usize::from(request.inputs.is_some());
        let job = queue(&server, request).await;
        let url = format!("{}/v1/jobs/{}", server.base, job.id);
        let answer = reqwest::get(&url).await.unwrap().text().await.unwrap();
        assert!(!answer.contains(&secret) && !answer.contains("inputs"), "{answer}");
        assert!(is_in(store, &secret), "until the end it must be somewhere");
        server.client.wait(&job.id).await.unwrap();
        files -= 1;
        // The file goes right behind the result.
        shop.until_blobs(files).await;
        let answer = reqwest::get(&url).await.unwrap().text().await.unwrap();
        assert!(!answer.contains(&secret), "{answer}");
    }
    assert!(!is_in(store, &secret));
    let gone = refused(&server, with_witness).await;
    assert_problem(&gone, 404, "unknown-witness", Some("witness"), None);
    // Also of jobs that fail, or are cancelled before their turn.
    let failed = queue(&server, inputs("no number 7203114559821")).await;
    assert!(problem(server.client.wait(&failed.id).await).is("bad-inputs"));
    let first = queue(&server, inputs(2)).await;
    let second = queue(&server, inputs(4)).await;
    let third = queue(&server, inputs(SECRET)).await;
    for job in [&third, &second, &first] {
        server.client.cancel(&job.id).await.unwrap();
    }
    shop.until_blobs(2).await;
    assert!(!is_in(store, &secret));
}

#[tokio::test]
async fn a_witness_stays_while_another_job_needs_it() {
    let shop = Shop::new();
    let cpu = Mock::new(BackendKind::Cpu, Mood::Good).slow(Duration::from_millis(200));
    let server = shop.start(mocks::on(&cpu, &cpu));
    bring(&shop, &server, &[]).await;
    let request = witness(&shop, &server, 2).await;
    let jobs = [queue(&server, request.clone()).await, queue(&server, request).await];
    for job in jobs {
        server.client.wait(&job.id).await.unwrap();
    }
    shop.until_blobs(1).await;
}

#[tokio::test]
async fn requests_that_cannot_become_a_proof() {
    let shop = Shop::new();
    let server = shop.start(mocks::good());
    let unknown = refused(&server, inputs(1)).await;
    assert_problem(&unknown, 422, "unknown-circuit", Some("circuit"), None);
    bring(&shop, &server, &[]).await;
    let no_wasm = refused(&server, inputs(1)).await;
    assert_problem(&no_wasm, 422, "no-wasm", Some("inputs"), None);
    bring(&shop, &server, &[CircuitPart::Wasm]).await;
    let absent = Groth16Request::from_witness(name("sum"), UploadToken::random().unwrap());
    let problem = refused(&server, absent.clone()).await;
    assert_problem(&problem, 404, "unknown-witness", Some("witness"), None);
    let neither = Groth16Request { witness: None, ..absent.clone() };
    let both = Groth16Request { inputs: inputs(1).inputs, ..absent };
    for request in [neither, both] {
        let problem = refused(&server, request).await;
        assert_problem(&problem, 422, "bad-job", Some("inputs"), None);
    }
    for value in [json!(5), json!([1]), json!("a"), json!({ "a": 1.5 }), json!({ "a": [[1e30]] })] {
        let request = Groth16Request::from_inputs(name("sum"), &value).unwrap();
        let problem = refused(&server, request).await;
        assert_problem(&problem, 422, "bad-inputs", Some("inputs"), None);
    }
    let url = format!("{}/v1/jobs", server.base);
    let post = |url| reqwest::Client::new().post(url).header("content-type", "application/json");
    for body in [
        r#"{"kind":"groth16"}"#,
        r#"{"kind":"groth16","circuit":"a b"}"#,
        r#"{"kind":"groth16","circuit":"sum","witness":"00"}"#,
        r#"{"kind":"groth16","circuit":"sum","inputs":{},"other":1}"#,
    ] {
        let answer = post(&url).body(body).send().await.unwrap();
        let problem: Problem = answer.json().await.unwrap();
        assert_problem(&problem, 400, "malformed", Some("body"), None);
    }
    assert_eq!(shop.blobs().len(), 2, "nothing was kept of what was refused");
}

#[tokio::test]
async fn witnesses_that_are_none() {
    let shop = Shop::new();
    let server = shop.start(mocks::good());
    bring(&shop, &server, &[CircuitPart::Wasm]).await;
    let fails = async |request| {
        let job = queue(&server, request).await;
        let failure = problem(server.client.wait(&job.id).await);
        assert_eq!(server.client.job(&job.id).await.unwrap().problem, Some(failure.clone()));
        assert_eq!(problem(server.client.result(&job.id).await), failure);
        failure
    };
    let missing = Groth16Request::from_inputs(name("sum"), &json!({})).unwrap();
    assert_problem(&fails(missing).await, 422, "bad-inputs", Some("inputs"), None);
    let long = fails(inputs(WRONG_LENGTH)).await;
    assert_problem(&long, 422, "bad-witness", Some("inputs"), None);
    let long = fails(witness(&shop, &server, WRONG_LENGTH).await).await;
    assert_problem(&long, 422, "bad-witness", Some("witness"), None);
    let id = server.client.put_witness(&shop.file("junk")).await.unwrap();
    let junk = fails(Groth16Request::from_witness(name("sum"), id)).await;
    assert_problem(&junk, 422, "bad-witness", Some("witness"), None);
    let wrong = fails(inputs(UNSATISFIED)).await;
    assert_problem(&wrong, 422, "unsatisfied", Some("inputs"), None);
    assert!(wrong.detail.contains(".r1cs"), "{wrong:?}");
    // With the constraints at hand, the one that does not hold is named.
    bring(&shop, &server, &[CircuitPart::R1cs]).await;
    for request in [inputs(UNSATISFIED), witness(&shop, &server, UNSATISFIED).await] {
        let wrong = fails(request).await;
        assert_problem(&wrong, 422, "unsatisfied", Some("constraints[17]"), None);
    }
    // Each says where it failed, however soon it did.
    let stage = async |request| {
        let job = queue(&server, request).await;
        problem(server.client.wait(&job.id).await);
        server.client.job(&job.id).await.unwrap().stage
    };
    let missing = Groth16Request::from_inputs(name("sum"), &json!({})).unwrap();
    assert_eq!(stage(missing).await.as_deref(), Some("witness"));
    assert_eq!(stage(inputs(UNSATISFIED)).await.as_deref(), Some("proving"));
}

#[tokio::test]
async fn a_slow_witness_holds_nobody_up_and_proofs_are_made_one_by_one() {
    let shop = Shop::new();
    let cpu = Mock::new(BackendKind::Cpu, Mood::Good).slow(Duration::from_millis(20));
    let circuits = std::sync::Arc::new(MockCircuits::default());
    *circuits.pause.lock().unwrap() = Duration::from_secs(2);
    let server = shop.start(mocks::with(&cpu, &cpu, &circuits));
    bring(&shop, &server, &[CircuitPart::Wasm]).await;
    let slow = queue(&server, inputs(1)).await;
    for _ in 0..3 {
        server.client.prove(inputs(2)).await.unwrap();
    }
    let slow_job = loop {
        let job = server.client.job(&slow.id).await.unwrap();
        if job.stage.is_some() || job.state != JobState::Running {
            break job;
        }
        sleep(Duration::from_millis(20)).await;
    };
    assert_eq!((slow_job.state, slow_job.stage.as_deref()), (JobState::Running, Some("witness")));
    assert!(slow_job.queued_at.is_some() && slow_job.queued_at <= slow_job.started_at);
    *circuits.pause.lock().unwrap() = Duration::ZERO;
    let mut jobs = vec![slow];
    for index in 0..10 {
        jobs.push(queue(&server, inputs(index)).await);
    }
    for job in jobs {
        server.client.wait(&job.id).await.unwrap();
    }
    assert!(!cpu.crowded.load(std::sync::atomic::Ordering::SeqCst));
}

#[tokio::test]
async fn a_circuit_may_be_pinned() {
    let mut shop = Shop::new();
    shop.config.groth16.host_key_bytes_max = 200;
    shop.config.groth16.pinned = [name("sum")].into();
    let server = shop.start(mocks::good());
    bring(&shop, &server, &[CircuitPart::Wasm]).await;
    for index in 0..4 {
        let circuit = name(&format!("other-{index}"));
        server.client.put_circuit(&circuit, &shop.file(zkey(index + 1, 100))).await.unwrap();
        assert!(server.client.circuit(&circuit).await.unwrap().resident["cpu"]);
        assert!(server.client.circuit(&name("sum")).await.unwrap().resident["cpu"]);
    }
    assert!(!server.client.circuit(&name("other-0")).await.unwrap().resident["cpu"]);
    let large = zkey(1, 150);
    let path = crate::circuits::at("large", &large);
    let refused = send(put(&server, &path).body(large)).await.unwrap_err();
    assert_problem(&refused, 422, "key-too-large", Some("body"), Some(136));
    // It is there after a start, before anybody asks for it.
    server.stop();
    let server = shop.start(mocks::good());
    until_resident(&server, "sum").await;
    assert!(!server.client.circuit(&name("other-3")).await.unwrap().resident["cpu"]);
    server.client.prove(inputs(2)).await.unwrap();
}

#[tokio::test]
async fn a_pinned_key_that_cannot_be_loaded_keeps_nobody_waiting() {
    let mut shop = Shop::new();
    let server = shop.start(mocks::good());
    bring(&shop, &server, &[CircuitPart::Wasm]).await;
    server.stop();
    shop.config.groth16.pinned = [name("sum"), name("unknown")].into();
    let cpu = Mock::new(BackendKind::Cpu, Mood::Refuses);
    let server = shop.start(mocks::on(&cpu, &cpu));
    for _ in 0..400 {
        if cpu.loads.load(std::sync::atomic::Ordering::SeqCst) > 0 {
            break;
        }
        sleep(Duration::from_millis(10)).await;
    }
    *cpu.mood.lock().unwrap() = Mood::Good;
    server.client.prove(inputs(2)).await.unwrap();
}

async fn until_resident(server: &Server, circuit: &str) {
    for _ in 0..400 {
        if server.client.circuit(&name(circuit)).await.unwrap().resident["cpu"] {
            return;
        }
        sleep(Duration::from_millis(10)).await;
    }
    panic!("{circuit} is not loaded");
}
