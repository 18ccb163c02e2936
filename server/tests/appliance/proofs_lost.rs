//! Proofs that are cancelled, interrupted, or whose backend fails or lies.

use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use crate::circuits::{Shop, zkey};
use crate::common::*;
use crate::mocks::{self, Mock, Mood, SECRET, UNSATISFIED};
use crate::people::{ask, client, guarded, token};
use crate::proofs::{bring, inputs, queue, refused, witness};
use pulseproof_kernels::backend::BackendKind;
use pulseproof_sdk::access::Role;
use pulseproof_sdk::api::{JobState, Readiness, Retried};
use pulseproof_sdk::client::circuits::CircuitPart;
use serde_json::json;

/// Long enough that a job is met at work.
const PAUSE: Duration = Duration::from_millis(400);

#[tokio::test]
async fn queued_and_running_proofs_are_cancelled() {
    let mut shop = Shop::new();
    shop.config.groth16.jobs_max = 1;
    shop.config.groth16.jobs_unfinished_max = 4;
    let cpu = Mock::new(BackendKind::Cpu, Mood::Good).slow(PAUSE);
    let server = shop.start(mocks::on(&cpu, &cpu));
    bring(&shop, &server, &[CircuitPart::Wasm]).await;
    let running = queue(&server, inputs(2)).await;
    let queued = queue(&server, inputs(4)).await;
    let busy = refused(&server, inputs(6)).await;
    assert_problem(&busy, 429, "too-many-jobs", Some("kind"), Some(2));
    until_running(&server, &running).await;
    let in_use = problem(server.client.delete_circuit(&name("sum")).await);
    assert_problem(&in_use, 409, "circuit-in-use", Some("name"), None);
    for cancelled in [&queued, &running] {
        let answer = server.client.cancel(&cancelled.id).await.unwrap();
        assert_eq!(answer.state, JobState::Cancelled);
        assert_eq!(server.client.cancel(&cancelled.id).await.unwrap().state, JobState::Cancelled);
        let refusal = problem(server.client.result(&cancelled.id).await);
        assert_problem(&refusal, 409, "job-cancelled", None, None);
    }
    // The place is free again, and a job that ended is not cancelled.
    let (done, _) = server.client.prove(inputs(8)).await.unwrap();
    let late = problem(server.client.cancel(&done.id).await);
    assert_problem(&late, 409, "job-finished", Some("id"), None);
    let metrics = server.client.metrics().await.unwrap();
    assert!(metrics.contains(r#"pulseproof_jobs_total{state="cancelled"} 2"#), "{metrics}");
    assert!(metrics.contains(r#"pulseproof_groth16_proofs_total{backend="cpu"} 1"#), "{metrics}");
    server.client.delete_circuit(&name("sum")).await.unwrap();
    shop.until_blobs(0).await;
}

/// As after a night in which the machine slept.
#[tokio::test]
async fn a_job_at_work_is_not_taken_from_itself_when_its_lease_has_run_out() {
    let shop = Shop::new();
    let cpu = Mock::new(BackendKind::Cpu, Mood::Good).slow(PAUSE);
    let server = shop.start(mocks::on(&cpu, &cpu));
    bring(&shop, &server, &[CircuitPart::Wasm]).await;
    let slow = queue(&server, inputs(2)).await;
    until_running(&server, &slow).await;
    let store = store(&shop.config.data_dir).await;
    sqlx::query("UPDATE jobs SET lease_expires_ms = 1").execute(&store).await.unwrap();
    // Whatever makes the driver look: there is room for two jobs.
    let other = queue(&server, inputs(4)).await;
    for job in [&slow, &other] {
        assert_eq!(server.client.wait(&job.id).await.unwrap().state, JobState::Done);
    }
    let attempts: Vec<i64> =
        sqlx::query_scalar("SELECT attempts FROM jobs").fetch_all(&store).await.unwrap();
    assert_eq!(attempts, [1, 1]);
}

#[tokio::test]
async fn interrupted_proofs_are_finished_once() {
    let shop = Shop::new();
    let slow = || {
        let cpu = Mock::new(BackendKind::Cpu, Mood::Good).slow(PAUSE);
        mocks::on(&cpu, &cpu)
    };
    let server = shop.start(slow());
    bring(&shop, &server, &[CircuitPart::Wasm]).await;
    let mut jobs = vec![queue(&server, inputs(2)).await];
    jobs.push(queue(&server, witness(&shop, &server, 4).await).await);
    jobs.push(queue(&server, inputs(6)).await);
    until_running(&server, &jobs[0]).await;
    server.kill();
    let server = shop.start(slow());
    until_running(&server, &jobs[0]).await;
    server.stop();
    let server = shop.start(mocks::good());
    let mut done = Vec::new();
    for job in &jobs {
        let job = server.client.wait(&job.id).await.unwrap();
        assert_eq!((job.state, job.backend.as_deref()), (JobState::Done, Some("cpu")));
        done.push((server.client.result(&job.id).await.unwrap(), job));
    }
    shop.until_blobs(2).await;
    server.kill();
    let server = shop.start(mocks::good());
    for (result, job) in done {
        assert_eq!(server.client.job(&job.id).await.unwrap(), job);
        assert_eq!(server.client.result(&job.id).await.unwrap(), result);
    }
}

#[tokio::test]
async fn secrets_of_jobs_that_ended_with_the_process_go_at_the_next_start() {
    let shop = Shop::new();
    let server = shop.start(mocks::good());
    bring(&shop, &server, &[]).await;
    let token = server.client.put_witness(&shop.file(format!("wtns {SECRET}"))).await.unwrap();
    server.stop();
    // What a process leaves behind that ends between the result and the file.
    let store = store(&shop.config.data_dir).await;
    let sql = "INSERT INTO jobs (id, kind, request, state, facts)
               VALUES ('ended', 'groth16', ?, 'cancelled', '{}')";
    let request = json!({ "kind": "groth16", "circuit": "sum" }).to_string();
    sqlx::query(sql).bind(request).execute(&store).await.unwrap();
    let sql = "INSERT INTO job_secrets (job, file, from_witness, spent) VALUES ('ended', ?, 1, 1)";
    sqlx::query(sql).bind(token.id().to_string()).execute(&store).await.unwrap();
    assert_eq!(shop.blobs().len(), 2);
    let server = shop.start(mocks::good());
    shop.until_blobs(1).await;
    assert_eq!(server.client.job("ended").await.unwrap().state, JobState::Cancelled);
}

async fn shows(server: &Server, line: &str) {
    let metrics = server.client.metrics().await.unwrap();
    assert!(metrics.contains(line), "{line} in {metrics}");
}

#[tokio::test]
async fn the_processor_proves_what_a_device_fails_at_until_it_is_taken_out_of_service() {
    let shop = Shop::new();
    let device = Mock::new(BackendKind::Cuda, Mood::Good);
    let cpu = Mock::new(BackendKind::Cpu, Mood::Good);
    let server = shop.start(mocks::on(&device, &cpu));
    bring(&shop, &server, &[CircuitPart::Wasm]).await;
    let (job, made) = server.client.prove(inputs(2)).await.unwrap();
    assert_eq!((job.backend.as_deref(), job.retried), (Some("cuda"), None));
    assert_eq!(made.public[1], "cuda");
    let resident = server.client.circuit(&name("sum")).await.unwrap().resident;
    assert_eq!((resident["cuda"], resident["cpu"]), (true, false));
    shows(&server, r#"pulseproof_backend_failures_total{backend="cuda"} 0"#).await;
    let moods = [
        (Mood::Fails, "the device is lost"),
        (Mood::Lies, "the proof does not verify"),
        (Mood::Panics, "panic"),
    ];
    for (failures, (mood, reason)) in (1..).zip(moods) {
        shows(&server, r#"pulseproof_backend_in_service{backend="cuda"} 1"#).await;
        *device.mood.lock().unwrap() = mood;
        let (job, made) = server.client.prove(inputs(2)).await.unwrap();
        assert_eq!((job.backend.as_deref(), &made.public[1]), (Some("cpu"), &json!("cpu")));
        let Retried { backend, reason: given } = job.retried.unwrap();
        assert_eq!(backend, "cuda");
        assert!(given.contains(reason), "{given}");
        let line = format!(r#"pulseproof_backend_failures_total{{backend="cuda"}} {failures}"#);
        shows(&server, &line).await;
    }
    shows(&server, r#"pulseproof_backend_in_service{backend="cuda"} 0"#).await;
    let ready = reqwest::get(format!("{}/readyz", server.base)).await.unwrap();
    assert_eq!(ready.status(), 200, "work goes on without it");
    let ready: Readiness = ready.json().await.unwrap();
    let told = |told: &String| told.contains("cuda") && told.contains("panic");
    assert!(ready.ready && ready.problems.len() == 1 && told(&ready.problems[0]), "{ready:?}");
    let proofs = device.proofs.load(SeqCst);
    *device.mood.lock().unwrap() = Mood::Good;
    let (job, _) = server.client.prove(inputs(2)).await.unwrap();
    assert_eq!((job.backend.as_deref(), job.retried), (Some("cpu"), None));
    assert_eq!(device.proofs.load(SeqCst), proofs);
    let resident = server.client.circuit(&name("sum")).await.unwrap().resident;
    assert_eq!((resident["cuda"], resident["cpu"]), (false, true));
    server.stop();
    // With the next process it is back.
    let server = shop.start(mocks::on(&device, &cpu));
    assert_eq!(server.client.prove(inputs(2)).await.unwrap().0.backend.as_deref(), Some("cuda"));
}

#[tokio::test]
async fn a_witness_that_is_wrong_is_no_failure_of_the_device() {
    let shop = Shop::new();
    let device = Mock::new(BackendKind::Wgpu, Mood::Good);
    let cpu = Mock::new(BackendKind::Cpu, Mood::Good);
    let server = shop.start(mocks::on(&device, &cpu));
    bring(&shop, &server, &[CircuitPart::Wasm]).await;
    for _ in 0..4 {
        let job = queue(&server, inputs(UNSATISFIED)).await;
        assert!(problem(server.client.wait(&job.id).await).is("unsatisfied"));
    }
    shows(&server, r#"pulseproof_backend_failures_total{backend="wgpu"} 0"#).await;
    assert_eq!(server.client.prove(inputs(2)).await.unwrap().0.backend.as_deref(), Some("wgpu"));
}

#[tokio::test]
async fn why_a_device_is_out_of_service_is_told_to_whom_it_concerns() {
    let mut shop = Shop::new();
    shop.config = guarded(shop.config);
    shop.config.backend_failures_max = 1;
    let device = Mock::new(BackendKind::Cuda, Mood::Fails);
    let cpu = Mock::new(BackendKind::Cpu, Mood::Good);
    let server = shop.start(mocks::on(&device, &cpu));
    let store = shop.config.data_dir.clone();
    let operator = token(&store, Role::Operator).await;
    let brings = client(&server, &operator);
    brings.put_circuit(&name("sum"), &shop.file(zkey(1, 64))).await.unwrap();
    let wasm = shop.file("wasm module");
    brings.put_circuit_part(&name("sum"), CircuitPart::Wasm, &wasm).await.unwrap();
    client(&server, &token(&store, Role::Gateway).await).prove(inputs(2)).await.unwrap();
    for (who, is_told) in [(None, false), (Some(&operator), true)] {
        let ready = ask(&server, who, "GET", "/readyz").send().await.unwrap();
        let ready: Readiness = ready.json().await.unwrap();
        let [told] = &ready.problems[..] else { panic!("{ready:?}") };
        assert!(told.starts_with("cuda is out of service"), "{told}");
        assert_eq!(told.contains("the device is lost"), is_told, "{told}");
    }
}

#[tokio::test]
async fn a_device_that_opens_no_key_fails_and_one_that_is_too_small_does_not() {
    let mut shop = Shop::new();
    let device = Mock::new(BackendKind::Cuda, Mood::Refuses);
    let cpu = Mock::new(BackendKind::Cpu, Mood::Good);
    let server = shop.start(mocks::on(&device, &cpu));
    bring(&shop, &server, &[CircuitPart::Wasm]).await;
    let (job, _) = server.client.prove(inputs(2)).await.unwrap();
    assert_eq!(job.retried.unwrap().reason, "no memory");
    server.stop();
    *device.mood.lock().unwrap() = Mood::Good;
    shop.config.groth16.device_key_bytes_max = 50;
    let server = shop.start(mocks::on(&device, &cpu));
    let (job, _) = server.client.prove(inputs(2)).await.unwrap();
    assert_eq!((job.backend.as_deref(), job.retried), (Some("cpu"), None));
    server.client.put_circuit(&name("small"), &shop.file(zkey(1, 20))).await.unwrap();
}

#[tokio::test]
async fn when_the_processor_fails_the_job_fails_alone() {
    let shop = Shop::new();
    let cpu = Mock::new(BackendKind::Cpu, Mood::Good);
    let server = shop.start(mocks::on(&cpu, &cpu));
    bring(&shop, &server, &[CircuitPart::Wasm]).await;
    for mood in [Mood::Fails, Mood::Panics] {
        *cpu.mood.lock().unwrap() = mood;
        let job = queue(&server, inputs(2)).await;
        let failure = problem(server.client.wait(&job.id).await);
        assert_problem(&failure, 500, "backend-failed", Some("circuit"), None);
    }
    *cpu.mood.lock().unwrap() = Mood::Good;
    server.client.prove(inputs(2)).await.unwrap();
    // A key whose file is damaged is found out when it is loaded the next time.
    let key = server.client.circuit(&name("sum")).await.unwrap().key.sha256;
    server.stop();
    std::fs::write(shop.config.data_dir.join("blobs").join(key.to_string()), b"rot").unwrap();
    let server = shop.start(mocks::on(&cpu, &cpu));
    let job = queue(&server, inputs(2)).await;
    let failure = problem(server.client.wait(&job.id).await);
    assert_problem(&failure, 500, "backend-failed", Some("circuit"), None);
    server.client.health().await.unwrap();
}
