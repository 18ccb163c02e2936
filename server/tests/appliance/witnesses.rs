//! Witnesses belong to who uploads them: nobody else can go on with one, ask for it, or have it proved.

use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;

use crate::circuits::Shop;
use crate::common::*;
use crate::logged::Log;
use crate::mocks::{self, Mock, Mood};
use crate::proofs::{bring, is_in, queue, refused};
use pulseproof_kernels::backend::BackendKind;
use pulseproof_sdk::api::{Job, JobRequest};
use pulseproof_sdk::groth16::{Groth16Request, UPLOAD_SHA256, UPLOAD_TOKEN, Upload, UploadState};
use pulseproof_sdk::{Digest, Problem, UploadToken};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::json;
use tokio::time::sleep;
use tracing::Level;

/// A witness that mocks prove.
const WITNESS: &[u8] = b"wtns 4";
const WHOLE: UploadState = UploadState { received: 6, complete: true };
const HALF: UploadState = UploadState { received: 3, complete: false };

fn request(server: &Server, method: Method, witness: &[u8]) -> RequestBuilder {
    let url = format!("{}/v1/witnesses", server.base);
    Client::new().request(method, url).header(UPLOAD_SHA256, Digest::sha256(witness).to_string())
}

fn with(request: RequestBuilder, token: &UploadToken) -> RequestBuilder {
    request.header(UPLOAD_TOKEN, token.secret())
}

fn job(token: &UploadToken) -> Groth16Request {
    Groth16Request::from_witness(name("sum"), token.clone())
}

/// The status, all headers but the time, and the body.
async fn answer(request: RequestBuilder) -> (u16, Vec<(String, String)>, String) {
    let response = request.send().await.unwrap();
    let of_each = |name: &str| name == "date" || name == "x-request-id";
    let headers = response.headers().iter().filter(|(name, _)| !of_each(name.as_str()));
    let headers = headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().into()));
    (response.status().as_u16(), headers.collect(), response.text().await.unwrap())
}

async fn begin(request: RequestBuilder, status: u16) -> Upload {
    let response = request.send().await.unwrap();
    assert_eq!(response.status().as_u16(), status);
    response.json().await.unwrap()
}

async fn problem_of(request: RequestBuilder) -> Problem {
    request.send().await.unwrap().json().await.unwrap()
}

#[tokio::test]
async fn a_witness_in_pieces_goes_on_with_its_token_alone() {
    let shop = Shop::new();
    let server = shop.start(mocks::good());
    bring(&shop, &server, &[]).await;
    let first = request(&server, Method::POST, WITNESS).header("content-range", "bytes 0-2/6");
    let Upload { token, state } = begin(first.body(&WITNESS[..3]), 202).await;
    assert_eq!(state, HALF);
    let rest = |server: &Server, token: &UploadToken| {
        let put = request(server, Method::PUT, WITNESS).header("content-range", "bytes 3-5/6");
        with(put, token).body(&WITNESS[3..])
    };
    let other = UploadToken::random().unwrap();
    let unknown = problem_of(rest(&server, &other)).await;
    assert_problem(&unknown, 404, "unknown-witness", Some(UPLOAD_TOKEN), None);
    let unknown = problem(server.client.witness_state(&other).await);
    assert_problem(&unknown, 404, "unknown-witness", Some(UPLOAD_TOKEN), None);
    let put = request(&server, Method::PUT, WITNESS).header("content-range", "bytes 3-5/6");
    let missing = problem_of(put.body(&WITNESS[3..])).await;
    assert_problem(&missing, 400, "malformed", Some(UPLOAD_TOKEN), None);
    let early = refused(&server, job(&token)).await;
    assert_problem(&early, 404, "unknown-witness", Some("witness"), None);
    assert_eq!(server.client.witness_state(&token).await.unwrap(), HALF);
    server.kill();

    let server = shop.start(mocks::good());
    assert_eq!(server.client.witness_state(&token).await.unwrap(), HALF);
    assert_eq!(rest(&server, &token).send().await.unwrap().status().as_u16(), 201);
    // Once more changes nothing: the answer may have been lost.
    let again = with(request(&server, Method::PUT, WITNESS), &token).body("");
    assert_eq!(again.send().await.unwrap().status().as_u16(), 200);
    assert_eq!(server.client.witness_state(&token).await.unwrap(), WHOLE);
    server.client.prove(job(&token)).await.unwrap();
}

#[tokio::test]
async fn a_long_witness_is_handed_in_by_the_client() {
    let shop = Shop::new();
    let server = shop.start(mocks::good());
    let long = vec![b'.'; (8 << 20) + 5];
    let token = server.client.put_witness(&shop.file(&long)).await.unwrap();
    let state = server.client.witness_state(&token).await.unwrap();
    assert_eq!(state, UploadState { received: long.len() as u64, complete: true });
}

#[tokio::test]
async fn nobody_learns_that_others_have_the_same_witness() {
    let shop = Shop::new();
    let cpu = Mock::new(BackendKind::Cpu, Mood::Good);
    let server = shop.start(mocks::on(&cpu, &cpu));
    bring(&shop, &server, &[]).await;
    let post = || request(&server, Method::POST, WITNESS).body(WITNESS);
    let (one, two) = (begin(post(), 201).await, begin(post(), 201).await);
    assert_ne!(one.token, two.token);
    assert_eq!((one.state, two.state), (WHOLE, WHOLE));
    // Without the bytes, it makes no difference that they are there.
    let nothing = problem_of(request(&server, Method::POST, WITNESS).body("")).await;
    assert_problem(&nothing, 422, "unknown-bytes", Some("body"), Some(0));
    let asked = server.client.upload_state(&Digest::sha256(WITNESS)).await.unwrap();
    assert_eq!(asked, UploadState { received: 0, complete: false });
    // The end of one is not the other's.
    assert_eq!(shop.blobs().len(), 3);
    server.client.prove(job(&one.token)).await.unwrap();
    shop.until_blobs(2).await;
    server.client.prove(job(&two.token)).await.unwrap();
    shop.until_blobs(1).await;
}

#[tokio::test]
async fn a_hash_and_others_tokens_and_spent_ones_are_answered_alike() {
    let shop = Shop::new();
    let server = shop.start(mocks::good());
    bring(&shop, &server, &[]).await;
    let used = server.client.put_witness(&shop.file(WITNESS)).await.unwrap();
    server.client.prove(job(&used)).await.unwrap();
    shop.until_blobs(1).await;
    let waiting = server.client.put_witness(&shop.file(WITNESS)).await.unwrap();
    let hash = Digest::sha256(WITNESS).to_string();
    // What is kept of a token is none.
    let kept = waiting.id().to_string();
    let random = UploadToken::random().unwrap().secret();
    let url = format!("{}/v1/jobs", server.base);
    let mut answers = Vec::new();
    for witness in [hash, kept, random, used.secret()] {
        let body = json!({ "kind": "groth16", "circuit": "sum", "witness": witness });
        let asked = answer(Client::new().post(&url).json(&body)).await;
        assert_eq!(asked.0, 404, "{asked:?}");
        let get = request(&server, Method::GET, WITNESS).header(UPLOAD_TOKEN, &witness);
        let put = request(&server, Method::PUT, WITNESS).header(UPLOAD_TOKEN, &witness);
        answers.push((asked, answer(get).await, answer(put.body(WITNESS)).await));
    }
    assert!(answers.iter().all(|other| *other == answers[0]), "{answers:?}");
    server.client.prove(job(&waiting)).await.unwrap();
}

#[tokio::test]
async fn of_an_upload_that_fails_nothing_is_kept() {
    let shop = Shop::new();
    let server = shop.start(mocks::good());
    bring(&shop, &server, &[]).await;
    let wrong = problem_of(request(&server, Method::POST, b"other").body(WITNESS)).await;
    assert_problem(&wrong, 422, "wrong-digest", Some(UPLOAD_SHA256), None);
    let url = format!("{}/v1/witnesses", server.base);
    let without = problem_of(Client::new().post(&url).body(WITNESS)).await;
    assert_problem(&without, 400, "malformed", Some(UPLOAD_SHA256), None);
    let mut stream = TcpStream::connect(server.base.trim_start_matches("http://")).unwrap();
    let head = format!("{UPLOAD_SHA256}: {}\r\ncontent-length: 6\r\n", Digest::sha256(WITNESS));
    write!(stream, "POST /v1/witnesses HTTP/1.1\r\nhost: localhost\r\n{head}\r\nwtn").unwrap();
    shop.until_blobs(2).await;
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    shop.until_blobs(1).await;
    // In pieces it shows at the end, and the token is worth nothing then.
    let first = request(&server, Method::POST, WITNESS).header("content-range", "bytes 0-2/6");
    let token = begin(first.body(&WITNESS[..3]), 202).await.token;
    let put = request(&server, Method::PUT, WITNESS).header("content-range", "bytes 3-5/6");
    let wrong = problem_of(with(put, &token).body("???")).await;
    assert_problem(&wrong, 422, "wrong-digest", Some(UPLOAD_SHA256), None);
    assert!(problem(server.client.witness_state(&token).await).is("unknown-witness"));
    assert_eq!(shop.blobs().len(), 1);
}

#[tokio::test]
async fn neither_token_nor_hash_is_logged_stored_or_answered_again() {
    let Some(log) = Log::begin(Level::TRACE) else { return };
    let shop = Shop::new();
    let cpu = Mock::new(BackendKind::Cpu, Mood::Good).slow(Duration::from_millis(200));
    let server = shop.start(mocks::on(&cpu, &cpu));
    bring(&shop, &server, &[]).await;
    let token = server.client.put_witness(&shop.file(WITNESS)).await.unwrap();
    server.client.witness_state(&token).await.unwrap();
    let secrets = [token.secret(), Digest::sha256(WITNESS).to_string()];
    let queued = queue(&server, job(&token)).await;
    let quiet = |job: &Job| {
        let JobRequest::Groth16(request) = &job.request else { panic!("{job:?}") };
        assert_eq!((&request.witness, &request.inputs), (&None, &None));
    };
    quiet(&queued);
    for secret in &secrets {
        assert!(!is_in(&shop.config.data_dir, secret), "while it waits");
    }
    quiet(&server.client.wait(&queued.id).await.unwrap());
    refused(&server, job(&token)).await;
    sleep(Duration::from_millis(50)).await;
    let log = log.text();
    assert!(log.contains("/v1/witnesses") && log.contains("answered"), "something is logged");
    for secret in &secrets {
        assert!(!is_in(&shop.config.data_dir, secret));
        let line = log.lines().find(|line| line.contains(secret.as_str()));
        assert_eq!(line, None);
    }
}
