//! How work is asked for: once under a key, with an answer that waits, and listed page by page.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::circuits::{Shop, zkey};
use crate::common::*;
use crate::mocks::{self, Mock, Mood, SECRET};
use crate::people::{ask, client, guarded, token};
use crate::proofs::{bring, inputs, is_in, queue};
use pulseproof_kernels::backend::BackendKind;
use pulseproof_sdk::Problem;
use pulseproof_sdk::access::Role;
use pulseproof_sdk::api::{Job, JobRequest, JobState};
use pulseproof_sdk::client::circuits::CircuitPart;
use reqwest::{RequestBuilder, Response};
use serde_json::json;
use tokio::task::JoinSet;

fn post(server: &Server, key: Option<&str>, a: u64) -> RequestBuilder {
    let body = json!({ "kind": "groth16", "circuit": "sum", "inputs": { "a": a } }).to_string();
    let request = ask(server, None, "POST", "/v1/jobs").header("content-type", "application/json");
    let request = request.body(body);
    match key {
        Some(key) => request.header("idempotency-key", key),
        None => request,
    }
}

async fn job(response: Response) -> Job {
    assert!(response.status().is_success(), "{}", response.status());
    response.json().await.unwrap()
}

async fn sent(request: RequestBuilder) -> Job {
    job(request.send().await.unwrap()).await
}

#[tokio::test]
async fn the_same_key_and_body_are_the_same_job_also_after_a_restart() {
    let shop = Shop::new();
    let server = shop.start(mocks::good());
    bring(&shop, &server, &[CircuitPart::Wasm]).await;
    let first = sent(post(&server, Some("\"key-1\""), SECRET)).await;
    // As one string or as bare characters: the same key.
    assert_eq!(sent(post(&server, Some("key-1"), SECRET)).await.id, first.id);
    server.client.wait(&first.id).await.unwrap();
    let result = server.client.result(&first.id).await.unwrap();
    let other: Problem =
        post(&server, Some("key-1"), 5).send().await.unwrap().json().await.unwrap();
    assert_problem(&other, 422, "idempotency-key-reused", Some("Idempotency-Key"), None);
    assert_ne!(sent(post(&server, Some("key-2"), SECRET)).await.id, first.id);
    assert_ne!(sent(post(&server, None, SECRET)).await.id, first.id);
    for bad in ["", "\"\"", "a b", &"x".repeat(256)] {
        let refused: Problem =
            post(&server, Some(bad), 4).send().await.unwrap().json().await.unwrap();
        assert_problem(&refused, 400, "malformed", Some("idempotency-key"), Some(255));
    }
    server.stop();
    let server = shop.start(mocks::good());
    let again = sent(post(&server, Some("key-1"), SECRET)).await;
    assert_eq!((again.id.as_str(), again.state), (first.id.as_str(), JobState::Done));
    assert_eq!(server.client.result(&first.id).await.unwrap(), result);
    // Of the request there is nothing that tells what was in it.
    server.stop();
    assert!(!is_in(&shop.config.data_dir, &SECRET.to_string()));
    let body =
        json!({ "kind": "groth16", "circuit": "sum", "inputs": { "a": SECRET } }).to_string();
    let hash = pulseproof_sdk::Digest::sha256(body.as_bytes()).to_string();
    assert!(!is_in(&shop.config.data_dir, &hash));
}

#[tokio::test]
async fn many_who_ask_under_one_key_at_once_get_one_job() {
    let shop = Shop::new();
    let server = shop.start(mocks::good());
    bring(&shop, &server, &[CircuitPart::Wasm]).await;
    let mut all = JoinSet::new();
    for _ in 0..20 {
        let request = post(&server, Some("key"), 4);
        all.spawn(async move { sent(request).await.id });
    }
    let mut ids = all.join_all().await;
    ids.dedup();
    assert_eq!(ids.len(), 1);
    assert_eq!(server.client.jobs("").await.unwrap().jobs.len(), 1);
}

#[tokio::test]
async fn an_answer_waits_for_the_end_of_its_job_and_no_longer() {
    let shop = Shop::new();
    let cpu = Mock::new(BackendKind::Cpu, Mood::Good);
    let server = shop.start(mocks::on(&cpu, &cpu));
    bring(&shop, &server, &[CircuitPart::Wasm]).await;
    let done = post(&server, None, 4).header("prefer", "wait=30").send().await.unwrap();
    assert_eq!(
        (done.status().as_u16(), &done.headers()["preference-applied"]),
        (200, &"wait=30".parse().unwrap())
    );
    assert_eq!(job(done).await.state, JobState::Done);
    // One that takes longer than is waited for.
    cpu.slow(Duration::from_millis(1500));
    let since = Instant::now();
    let running = post(&server, None, 4).header("prefer", "wait=1").send().await.unwrap();
    assert_eq!(running.status(), 202);
    let running = job(running).await;
    assert!(since.elapsed() >= Duration::from_secs(1), "{:?}", since.elapsed());
    assert!(matches!(running.state, JobState::Queued | JobState::Running));
    let path = format!("/v1/jobs/{}", running.id);
    let ended = sent(ask(&server, None, "GET", &path).header("prefer", "wait=30")).await;
    assert_eq!(ended.state, JobState::Done);
    // It was told at once: neither is asked again and again, nor at long intervals.
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let late = now.as_millis().saturating_sub(ended.ended_at.unwrap().into());
    assert!(late < 10_000, "{late} ms after the end");
    // And one that somebody cancels meanwhile.
    let [cancelled, waited] = [queue(&server, inputs(4)).await, queue(&server, inputs(4)).await];
    let _ = waited;
    let path = format!("/v1/jobs/{}", cancelled.id);
    let waiting = tokio::spawn(sent(ask(&server, None, "GET", &path).header("prefer", "wait=30")));
    server.client.cancel(&cancelled.id).await.unwrap();
    assert_eq!(waiting.await.unwrap().state, JobState::Cancelled);
}

#[tokio::test]
async fn a_job_is_followed_to_its_end() {
    let shop = Shop::new();
    let cpu = Mock::new(BackendKind::Cpu, Mood::Good).slow(Duration::from_secs(2));
    let server = shop.start(mocks::on(&cpu, &cpu));
    bring(&shop, &server, &[CircuitPart::Wasm]).await;
    let job = queue(&server, inputs(4)).await;
    let path = format!("/v1/jobs/{}/events", job.id);
    let follow = async || {
        let answer = ask(&server, None, "GET", &path).header("last-event-id", "rubbish");
        let answer = answer.send().await.unwrap();
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        answer.text().await.unwrap()
    };
    let text = follow().await;
    let events: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("event: ")).collect();
    assert!(
        events.is_sorted_by_key(|event| ["queued", "running", "done"]
            .iter()
            .position(|e| e == event))
    );
    assert_eq!(events.last(), Some(&"done"), "{text}");
    assert!(text.contains(r#""stage":"proving""#), "{text}");
    // Whoever comes late is told how it ended, and no more.
    let text = follow().await;
    assert_eq!(text.trim(), "event: done\ndata: {\"state\":\"done\"}");
    let unknown = ask(&server, None, "GET", "/v1/jobs/0/events").send().await.unwrap();
    assert_eq!(unknown.status(), 404);
}

#[tokio::test]
async fn jobs_are_listed_page_by_page() {
    let shop = Shop::new();
    let server = shop.start(mocks::good());
    bring(&shop, &server, &[CircuitPart::Wasm]).await;
    let mut ids = Vec::new();
    for _ in 0..7 {
        let (job, _) = server.client.prove(inputs(4)).await.unwrap();
        ids.insert(0, job.id);
    }
    let (mut listed, mut query) = (Vec::new(), "?limit=3".to_owned());
    for pages in 0.. {
        let page = server.client.jobs(&query).await.unwrap();
        assert!(page.jobs.len() <= 3 && pages < 4);
        for job in &page.jobs {
            assert!(job.client.is_some() && job.queued_at.is_some(), "{job:?}");
            assert!(job.queued_at <= job.started_at && job.started_at <= job.ended_at, "{job:?}");
        }
        listed.extend(page.jobs.into_iter().map(|job| job.id));
        match page.next {
            Some(next) => query = format!("?limit=3&after={next}"),
            None => break,
        }
    }
    assert_eq!(listed, ids);
    assert!(server.client.jobs("?state=failed").await.unwrap().jobs.is_empty());
    assert_eq!(server.client.jobs("?state=done&kind=groth16").await.unwrap().jobs.len(), 7);
    let refused = problem(server.client.jobs("?state=over").await);
    assert_problem(&refused, 400, "malformed", Some("state"), None);
}

#[tokio::test]
async fn a_queue_is_busy_when_it_is_full_and_not_before() {
    let mut shop = Shop::new();
    shop.config = guarded(shop.config);
    shop.config.groth16.jobs_unfinished_max = 2;
    let cpu = Mock::new(BackendKind::Cpu, Mood::Good).slow(Duration::from_secs(4));
    let server = shop.start(mocks::on(&cpu, &cpu));
    let store = shop.config.data_dir.clone();
    let operator = client(&server, &token(&store, Role::Operator).await);
    operator.put_circuit(&name("sum"), &shop.file(zkey(1, 64))).await.unwrap();
    let wasm = shop.file("wasm module");
    operator.put_circuit_part(&name("sum"), CircuitPart::Wasm, &wasm).await.unwrap();
    let request = JobRequest::Groth16(inputs(4));
    let mut gateways = Vec::new();
    for _ in 0..3 {
        gateways.push(client(&server, &token(&store, Role::Gateway).await));
    }
    let first = gateways[0].create_job(&request).await.unwrap();
    // Half of all places is one client's: here one.
    let too_many = problem(gateways[0].create_job(&request).await);
    assert_problem(&too_many, 429, "too-many-jobs", Some("kind"), Some(1));
    gateways[1].create_job(&request).await.unwrap();
    let busy = problem(gateways[2].create_job(&request).await);
    assert_problem(&busy, 503, "busy", Some("kind"), Some(2));
    // There is room again.
    gateways[0].wait(&first.id).await.unwrap();
    gateways[2].create_job(&request).await.unwrap();
}

#[tokio::test]
async fn an_appliance_says_whether_it_is_ready() {
    let shop = Shop::new();
    let server = shop.start(mocks::good());
    let ready = ask(&server, None, "GET", "/readyz").send().await.unwrap();
    assert_eq!(ready.status(), 200);
    let ready: pulseproof_sdk::api::Readiness = ready.json().await.unwrap();
    assert!(ready.ready && ready.problems.is_empty(), "{ready:?}");
}
