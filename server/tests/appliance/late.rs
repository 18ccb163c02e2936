//! Jobs with deadlines and priorities, and jobs that are forgotten.

use std::time::Duration;

use crate::circuits::Shop;
use crate::common::*;
use crate::mocks::{self, Mock, Mood};
use crate::people::ask;
use crate::proofs::bring;
use pulseproof_kernels::backend::BackendKind;
use pulseproof_sdk::Problem;
use pulseproof_sdk::api::{Job, JobState};
use pulseproof_sdk::client::circuits::CircuitPart;
use reqwest::RequestBuilder;
use serde_json::json;
use tokio::time::sleep;

fn post(server: &Server, query: &str, a: u64) -> RequestBuilder {
    let body = json!({ "kind": "groth16", "circuit": "sum", "inputs": { "a": a } }).to_string();
    let request = ask(server, None, "POST", &format!("/v1/jobs{query}"));
    request.header("content-type", "application/json").body(body)
}

async fn sent(request: RequestBuilder) -> Job {
    let answer = request.send().await.unwrap();
    assert!(answer.status().is_success(), "{}", answer.status());
    answer.json().await.unwrap()
}

async fn refused(request: RequestBuilder) -> Problem {
    request.send().await.unwrap().json().await.unwrap()
}

#[tokio::test]
async fn a_job_that_is_too_late_fails_and_the_others_go_on() {
    let shop = Shop::new();
    let cpu = Mock::new(BackendKind::Cpu, Mood::Good).slow(Duration::from_secs(4));
    let server = shop.start(mocks::on(&cpu, &cpu));
    bring(&shop, &server, &[CircuitPart::Wasm]).await;
    let mut late = Vec::new();
    for a in 0..4 {
        late.push(sent(post(&server, "?deadline=1", a)).await);
    }
    assert!(late[0].deadline.unwrap() > late[0].queued_at.unwrap());
    let other = sent(post(&server, "?deadline=60&priority=-1", 9)).await;
    for job in &late {
        let late = problem(server.client.wait(&job.id).await);
        assert_problem(&late, 408, "deadline-passed", Some("deadline"), None);
        let ended = server.client.job(&job.id).await.unwrap();
        assert_eq!(ended.state, JobState::Failed);
    }
    assert_eq!(server.client.wait(&other.id).await.unwrap().state, JobState::Done);
    let body = json!({ "kind": "aggregate", "region": "north", "epoch": 1 }).to_string();
    let sum = ask(&server, None, "POST", "/v1/jobs?deadline=9");
    let sum = sum.header("content-type", "application/json").body(body);
    assert_problem(&refused(sum).await, 422, "bad-job", Some("deadline"), None);
    let bad = refused(post(&server, "?priority=10", 1)).await;
    assert_problem(&bad, 400, "malformed", Some("priority"), Some(9));
}

#[tokio::test]
async fn higher_priorities_of_a_client_are_done_first() {
    let shop = Shop::new();
    let cpu = Mock::new(BackendKind::Cpu, Mood::Good).slow(Duration::from_secs(2));
    let server = shop.start(mocks::on(&cpu, &cpu));
    bring(&shop, &server, &[CircuitPart::Wasm]).await;
    // Two are at work at a time.
    for a in 0..2 {
        sent(post(&server, "", a)).await;
    }
    sleep(Duration::from_millis(100)).await;
    let low = sent(post(&server, "?priority=-9", 5)).await;
    let next = sent(post(&server, "", 6)).await;
    let high = sent(post(&server, "?priority=9", 7)).await;
    let mut begun = Vec::new();
    for job in [&low, &next, &high] {
        begun.push(server.client.wait(&job.id).await.unwrap().started_at.unwrap());
    }
    assert!(begun[2] <= begun[1] && begun[1] < begun[0], "{begun:?}");
}

#[tokio::test]
async fn a_job_that_has_ended_is_forgotten_with_its_result() {
    let shop = Shop::new();
    let cpu = Mock::new(BackendKind::Cpu, Mood::Good).slow(Duration::from_secs(2));
    let server = shop.start(mocks::on(&cpu, &cpu));
    bring(&shop, &server, &[CircuitPart::Wasm]).await;
    let job = sent(post(&server, "", 1)).await;
    let forget = || ask(&server, None, "DELETE", &format!("/v1/jobs/{}/result", job.id));
    assert_problem(&refused(forget()).await, 409, "job-unfinished", Some("id"), None);
    server.client.wait(&job.id).await.unwrap();
    server.client.result(&job.id).await.unwrap();
    assert_eq!(forget().send().await.unwrap().status(), 204);
    assert_problem(&refused(forget()).await, 404, "unknown-job", Some("id"), None);
    assert_problem(
        &problem(server.client.result(&job.id).await),
        404,
        "unknown-job",
        Some("id"),
        None,
    );
    assert!(server.client.job(&job.id).await.is_err());
}

#[tokio::test]
async fn jobs_are_kept_for_as_long_as_is_said() {
    let mut shop = Shop::new();
    let server = shop.start(mocks::good());
    bring(&shop, &server, &[CircuitPart::Wasm]).await;
    let job = sent(post(&server, "", 1)).await;
    server.client.wait(&job.id).await.unwrap();
    server.stop();
    // Kept: nobody said for how long, or longer than it is old.
    for kept in [None, Some(Duration::from_secs(3600))] {
        shop.config.jobs_kept = kept;
        let server = shop.start(mocks::good());
        sleep(Duration::from_millis(300)).await;
        server.client.job(&job.id).await.unwrap();
        server.stop();
    }
    shop.config.jobs_kept = Some(Duration::ZERO);
    let server = shop.start(mocks::good());
    while server.client.job(&job.id).await.is_ok() {
        sleep(Duration::from_millis(20)).await;
    }
}
