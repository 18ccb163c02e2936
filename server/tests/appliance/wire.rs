//! What is not as the interface says: paths, methods, bodies; and bodies that are too many.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::common::*;
use pulseproof_sdk::Problem;
use pulseproof_sdk::submission::batch_to_bytes;
use pulseproof_server::Config;
use reqwest::{Client, Method, Response};

const READINGS: &str = "/v1/regions/north/epochs/1/readings";

async fn call(server: &Server, method: &str, path: &str, body: impl Into<Vec<u8>>) -> Response {
    let method = Method::from_bytes(method.as_bytes()).unwrap();
    let url = format!("{}{path}", server.base);
    let request = Client::new().request(method, url).header("content-type", "application/json");
    request.body(body.into()).send().await.unwrap()
}

/// The answer's problem, whose status is the answer's.
async fn problem_in(response: Response) -> Problem {
    assert_eq!(response.headers()["content-type"], "application/problem+json");
    let status = response.status().as_u16();
    let problem: Problem = response.json().await.unwrap();
    assert_eq!(problem.status, status);
    problem
}

/// Sends the start of a request by hand.
fn begin(server: &Server, head: &str) -> TcpStream {
    let mut stream = TcpStream::connect(server.base.trim_start_matches("http://")).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    write!(stream, "POST {READINGS} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{head}")
        .unwrap();
    stream
}

fn answer(mut stream: TcpStream) -> String {
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[tokio::test]
async fn unknown_paths_and_methods() {
    let region: Region = Region::new(4, 1);
    let (_directory, server) = region.open().await;
    for path in ["/nothing", "/v1", "/v1/jobs/", "/v1/regions/north/epochs/1", "/../etc/passwd"] {
        let problem = problem_in(call(&server, "GET", path, "").await).await;
        assert_problem(&problem, 404, "not-found", None, None);
    }
    for (method, path) in [("DELETE", "/v1/jobs"), ("GET", READINGS), ("POST", "/healthz")] {
        let problem = problem_in(call(&server, method, path, "").await).await;
        assert_problem(&problem, 405, "method-not-allowed", None, None);
    }
}

#[tokio::test]
async fn names_and_epochs_have_one_spelling() {
    let region: Region = Region::new(4, 1);
    let (_directory, server) = region.open().await;
    for (region, epoch, field) in [
        ("a%20b", "1", "region"),
        ("%ff", "1", "path"),
        ("..%2f", "1", "region"),
        ("north", "x", "epoch"),
        ("north", "-1", "epoch"),
        ("north", "+1", "epoch"),
        ("north", "01", "epoch"),
        ("north", "18446744073709551616", "epoch"),
    ] {
        let path = format!("/v1/regions/{region}/epochs/{epoch}/readings");
        let problem = problem_in(call(&server, "POST", &path, "").await).await;
        assert_problem(&problem, 400, "malformed", Some(field), None);
    }
}

#[tokio::test]
async fn unknown_regions_and_jobs() {
    let region: Region = Region::new(4, 1);
    let directory = tempfile::tempdir().unwrap();
    let server = region.start(directory.path());
    let refusal = problem(server.client.submit(&name("north"), 1, &region.batch(1, 1)).await);
    assert_problem(&refusal, 404, "unknown-region", Some("region"), None);
    for id in ["0", "x'; DROP TABLE jobs", &"0".repeat(32)] {
        for path in [format!("/v1/jobs/{id}"), format!("/v1/jobs/{id}/result")] {
            let problem = problem_in(call(&server, "GET", &path, "").await).await;
            assert_problem(&problem, 404, "unknown-job", Some("id"), None);
        }
    }
}

#[tokio::test]
async fn bad_json() {
    let region: Region = Region::new(4, 1);
    let (_directory, server) = region.open().await;
    let roster = serde_json::to_string(&region.roster).unwrap();
    let job = serde_json::to_string(&aggregate(1)).unwrap();
    for (method, path, bodies) in [
        ("PUT", "/v1/regions/north", [&roster[1..], &roster[..roster.len() - 1]]),
        ("POST", "/v1/jobs", [&job[1..], r#"{"kind":"aggregate","region":"a b","epoch":1}"#]),
        ("POST", "/v1/jobs", [r#"{"kind":"other"}"#, "[[[["]),
        ("POST", "/v1/jobs", ["", &"[".repeat(100_000)]),
        ("POST", "/v1/jobs", ["\u{0}", r#"{"kind":"aggregate","region":"north","epoch":-1}"#]),
    ] {
        for body in bodies {
            let problem = problem_in(call(&server, method, path, body).await).await;
            assert_problem(&problem, 400, "malformed", Some("body"), None);
        }
    }
    let weak = roster.replace(&String::from(region.secrets[&device(0)].public()), &"00".repeat(32));
    let problem = problem_in(call(&server, "PUT", "/v1/regions/north", weak).await).await;
    assert_problem(&problem, 400, "malformed", Some("body"), None);
    let problem = problem_in(call(&server, "PUT", "/v1/regions/south", roster).await).await;
    assert_problem(&problem, 422, "wrong-region", Some("region"), None);
}

#[tokio::test]
async fn bodies_that_are_no_batch() {
    let region: Region = Region::new(4, 1);
    let (_directory, server) = region.open().await;
    let good = batch_to_bytes(&region.batch(1, 1));
    let huge = [&good[..5], &[0xff; 4]].concat();
    for (body, field, limit) in [
        (Vec::new(), Some("magic"), None),
        (b"not a batch".to_vec(), Some("magic"), None),
        (good[..good.len() - 1].to_vec(), Some("submission"), None),
        ([&good[..], b"x"].concat(), None, None),
        (huge, Some("batch"), Some(1024)),
        (batch_to_bytes(&[[0u8; 0]; 1025]), Some("batch"), Some(1024)),
    ] {
        let problem = problem_in(call(&server, "POST", READINGS, body).await).await;
        assert_problem(&problem, 400, "malformed", field, limit);
    }
    let empty = server.submit(1, &[] as &[Vec<u8>]).await;
    assert_eq!((empty.accepted.len(), empty.refused.len()), (0, 0));
    assert_eq!(accepted(&server.submit(1, &region.batch(1, 1)).await), [0]);
}

#[tokio::test]
async fn oversized_bodies() {
    let region: Region = Region::new(4, 1);
    let directory = tempfile::tempdir().unwrap();
    let config = Config { body_bytes_max: 1000, ..Config::new(directory.path()) };
    let server = Server::start(region.srs.clone(), config);
    server.register(&region.roster).await;

    let problem = problem_in(call(&server, "POST", READINGS, vec![0; 1001]).await).await;
    assert_problem(&problem, 413, "body-too-large", Some("body"), Some(1000));
    let json = " ".repeat((1 << 20) + 1);
    let problem = problem_in(call(&server, "POST", "/v1/jobs", json).await).await;
    assert_problem(&problem, 413, "body-too-large", Some("body"), Some(1 << 20));

    // A length that was not announced is counted; one that was is believed before a byte is read.
    let mut stream = begin(&server, "transfer-encoding: chunked\r\n\r\n");
    write!(stream, "3e9\r\n{}\r\n0\r\n\r\n", "x".repeat(1001)).unwrap();
    assert!(answer(stream).starts_with("HTTP/1.1 413"));
    assert_eq!(accepted(&server.submit(1, &region.batch(1, 1)).await), [0]);
}

/// A request in flight: its head and the start of its body.
fn guest(server: &Server, body: &[u8]) -> TcpStream {
    // The server asks for the body once there is room for it.
    let head = format!("expect: 100-continue\r\ncontent-length: {}\r\n\r\n", body.len());
    let mut guest = begin(server, &head);
    let mut go_on = [0; 25];
    guest.read_exact(&mut go_on).unwrap();
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
    guest.write_all(&body[..10]).unwrap();
    guest
}

#[tokio::test]
async fn a_slow_guest_keeps_nobody_waiting() {
    let region: Region = Region::new(4, 1);
    let directory = tempfile::tempdir().unwrap();
    let config = Config {
        intakes_max: 1,
        intakes_waiting_max: 0,
        body_timeout: Duration::from_secs(2),
        ..Config::new(directory.path())
    };
    let server = Server::start(region.srs.clone(), config);
    server.register(&region.roster).await;
    let guest = guest(&server, &[0; 100]);
    assert_eq!(accepted(&server.submit(1, &region.batch(1, 1)).await), [0]);
    assert!(answer(guest).starts_with("HTTP/1.1 408"));
}

#[tokio::test]
async fn a_request_in_flight_is_finished_before_the_end() {
    let region: Region = Region::new(4, 1);
    let directory = tempfile::tempdir().unwrap();
    let body = batch_to_bytes(&region.batch(1, 1));
    let server = region.start(directory.path());
    server.register(&region.roster).await;
    let mut guest = guest(&server, &body);
    let address = server.base.trim_start_matches("http://").to_owned();
    let stopping = std::thread::spawn(|| server.stop());
    while TcpStream::connect(&address).is_ok() {}
    guest.write_all(&body[10..]).unwrap();
    let answer = answer(guest);
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("device-00"), "{answer}");
    stopping.join().unwrap();
}

#[tokio::test]
async fn a_result_that_is_not_ready() {
    let region: Region = Region::new(4, 1);
    let (directory, server) = region.open().await;
    // A driver that has finished a job is past taking up interrupted ones: what is marked as running
    // behind its back stays so.
    server.submit(1, &region.batch(1, 1)).await;
    let first = server.client.create_job(&aggregate(1)).await.unwrap();
    server.client.wait(&first.id).await.unwrap();
    leave_sum(directory.path(), "waiting", 0, "running").await;
    let response = call(&server, "GET", "/v1/jobs/waiting/result", "").await;
    let seconds: u64 = response.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=4).contains(&seconds), "{seconds}");
    assert_problem(&problem_in(response).await, 409, "result-not-ready", None, None);
}

#[tokio::test]
async fn a_job_answers_with_its_address() {
    let region: Region = Region::new(4, 1);
    let (_directory, server) = region.open().await;
    server.submit(1, &region.batch(1, 1)).await;
    let body = serde_json::to_vec(&aggregate(1)).unwrap();
    let response = call(&server, "POST", "/v1/jobs", body).await;
    assert_eq!(response.status(), 202);
    let location = response.headers()["location"].to_str().unwrap().to_owned();
    let id = location.strip_prefix("/v1/jobs/").unwrap();
    assert!(id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()));
    server.client.wait(id).await.unwrap();
    let result = call(&server, "GET", &format!("{location}/result"), "").await;
    assert_eq!(result.headers()["content-type"], "application/octet-stream");
}
