//! What no client should send, by hand: alone, and many at once beside one who is served. The answer is a refusal, or
//! the connection ends; never is it a fault of the appliance's, and never what was not asked.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::thread;
use std::time::Duration;

use crate::common::*;
use pulseproof_server::Config;
use pulseproof_service::Doors;
use tempfile::TempDir;

const READINGS: &str = "/v1/regions/north/epochs/1/readings";

/// An appliance that does not wait for long.
async fn appliance() -> (TempDir, Server) {
    let region: Region = Region::new(4, 1);
    let directory = tempfile::tempdir().unwrap();
    let doors = Doors { head_timeout: Duration::from_secs(2), ..Doors::default() };
    let config =
        Config { doors, body_timeout: Duration::from_secs(2), ..Config::new(directory.path()) };
    let server = Server::start(region.srs.clone(), config);
    server.register(&region.roster).await;
    (directory, server)
}

/// What comes back of some bytes, to the end of the connection.
fn send(base: &str, bytes: &[u8], then: Then) -> String {
    let mut stream = TcpStream::connect(base.trim_start_matches("http://")).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    // The other side may have hung up before all was sent.
    let _ = stream.write_all(bytes);
    match then {
        Then::Wait => {}
        Then::HalfClose => stream.shutdown(Shutdown::Write).unwrap_or(()),
    }
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

#[derive(Clone, Copy)]
enum Then {
    Wait,
    HalfClose,
}

/// The statuses of all answers on a connection.
fn statuses(answer: &str) -> Vec<u16> {
    let status = |rest: &str| rest.get(..3).and_then(|digits| digits.parse().ok());
    answer.split("HTTP/1.1 ").skip(1).filter_map(status).collect()
}

/// Nothing but refusals.
fn is_refused(answer: &str) -> bool {
    statuses(answer).iter().all(|status| (400..500).contains(status))
}

fn post(path: &str, headers: &str, body: &str) -> Vec<u8> {
    format!("POST {path} HTTP/1.1\r\nhost: localhost\r\n{headers}\r\n{body}").into_bytes()
}

fn get(target: &str, headers: &str) -> Vec<u8> {
    format!("GET {target} HTTP/1.1\r\nhost: localhost\r\n{headers}\r\n").into_bytes()
}

const JSON: &str = "content-type: application/json\r\n";

/// Heads and bodies that do not fit each other, or are none.
fn framing() -> Vec<Vec<u8>> {
    let chunked = "transfer-encoding: chunked\r\n";
    let mut all = vec![
        post("/v1/jobs", &format!("{JSON}content-length: 5\r\ncontent-length: 6\r\n"), "{}{}{}"),
        post("/v1/jobs", &format!("{JSON}content-length: 99999999999999999999\r\n"), "{}"),
        post("/v1/jobs", &format!("{JSON}content-length: 1000000000000000000\r\n"), "{}"),
        post("/v1/jobs", &format!("{JSON}{chunked}"), "00000000000000000\r\n\r\n"),
        post("/v1/jobs", &format!("{JSON}{chunked}"), "-1\r\n{}\r\n0\r\n\r\n"),
        post(
            "/v1/jobs",
            &format!("{JSON}{chunked}"),
            &format!("2;{}\r\n{{}}\r\n0\r\n\r\n", "x".repeat(1 << 16)),
        ),
        post("/v1/jobs", &format!("{JSON}{chunked}"), "2\r\n{}\r\n"),
        post("/v1/jobs", &format!("{JSON}content-length: 100\r\n"), "{}"),
        post("/v1/jobs", &format!("{JSON}expect: nonsense\r\ncontent-length: 2\r\n"), "{}"),
    ];
    for length in ["-1", "+2", "0x2", "2 2", " ", "2,2", "2\u{0}"] {
        all.push(post("/v1/jobs", &format!("{JSON}content-length: {length}\r\n"), "{}"));
    }
    for coding in ["chunked, identity", "xchunked", "identity", "chunked\r\n , identity", "gzip"] {
        let header = format!("{JSON}transfer-encoding: {coding}\r\n");
        all.push(post("/v1/jobs", &header, "2\r\n{}\r\n0\r\n\r\n"));
    }
    for header in [
        "x: a\rb",
        "x: a\u{0}b",
        "x : a",
        ": a",
        "x: a\r\n b",
        "x\u{e4}: a",
        "no colon at all",
        &format!("x: {}", "a".repeat(1 << 16)),
        &"x: a\r\n".repeat(1000),
    ] {
        // Of these that are allowed in a value the request is one like others.
        all.push(format!("GET /nothing HTTP/1.1\r\nhost: localhost\r\n{header}\r\n\r\n").into());
    }
    all.extend([
        format!("GET /{} HTTP/1.1\r\nhost: localhost\r\n\r\n", "a".repeat(1 << 16)).into_bytes(),
        b"GET /healthz\r\n\r\n".to_vec(),
        b"GET /healthz HTTP/1.0\r\n\r\n".to_vec(),
        b"GET /healthz HTTP/1.1\r\n\r\n".to_vec(),
        b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nhost: localhost\r\n\r\n".to_vec(),
        b"GET /healthz HTTP/9.9\r\nhost: localhost\r\n\r\n".to_vec(),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\x12\x04\0\0\0\0\0".to_vec(),
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(),
        b"GET http://attacker.example/healthz HTTP/1.1\r\nhost: localhost\r\n\r\n".to_vec(),
        b"CONNECT attacker.example:80 HTTP/1.1\r\nhost: localhost\r\n\r\n".to_vec(),
        b"TRACE /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n".to_vec(),
        b"OPTIONS * HTTP/1.1\r\nhost: localhost\r\n\r\n".to_vec(),
        b"BREW /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n".to_vec(),
        b"get /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n".to_vec(),
        vec![0; 1 << 16],
        vec![0xff; 100],
        b"\r\n\r\n\r\n".to_vec(),
    ]);
    all
}

fn paths() -> Vec<Vec<u8>> {
    let long = format!("/v1/jobs/{}", "a".repeat(8 << 10));
    let deep = "/a".repeat(10_000);
    let many = format!("/v1/jobs?{}", "limit=1&".repeat(5_000));
    let mut all: Vec<_> = [
        "/v1/jobs/..%2f..%2fetc%2fpasswd",
        "/v1/jobs/%2e%2e%2f",
        "/../../etc/passwd",
        "//v1//jobs",
        "/v1/jobs/%00",
        "/v1/jobs/%25%32%65",
        "/v1/jobs/a\\b",
        "/v1/jobs/a;b",
        "/v1/jobs/%c0%ae",
        "/v1/jobs/%ff",
        "/v1/jobs/%",
        "/v1/jobs/'%20OR%201=1",
        "/v1/circuits/..",
        "/v1/circuits/%2e%2e/verification-key",
        "/v1/uploads/%2e%2e",
        "/v1/evaluation-keys/0",
        "/v1/jobs?limit=1&limit=2",
        "/v1/jobs?limit=18446744073709551616",
        "/v1/jobs?limit=-1",
        "/v1/jobs?after=1e9",
        "/v1/jobs?limit=",
        "/v1/jobs?state=%00",
        "/v1/jobs?__proto__=1",
        &long,
        &deep,
        &many,
    ]
    .map(|target| get(target, ""))
    .into();
    for region in ["%2e%2e", "a%20b", "%ff", "\u{fc}", "", "constructor/../x"] {
        let path = format!("/v1/regions/{region}/epochs/1/readings");
        all.push(post(&path, "content-length: 1\r\n", "x"));
    }
    for epoch in ["-1", "1e1", "18446744073709551616", "+1", "01", "%31%00"] {
        let path = format!("/v1/regions/north/epochs/{epoch}/readings");
        all.push(post(&path, "content-length: 1\r\n", "x"));
    }
    all
}

fn json() -> Vec<Vec<u8>> {
    let keys: Vec<String> = (0..60_000).map(|index| format!("\"k{index}\":1")).collect();
    let inputs = |text: &str| format!(r#"{{"kind":"groth16","circuit":"none","inputs":{text}}}"#);
    let sum = |rest: &str| format!(r#"{{"kind":"aggregate","region":"north","epoch":1{rest}}}"#);
    let bodies = vec![
        "[".repeat(100_000),
        "{\"a\":".repeat(100_000),
        inputs(&"[".repeat(100_000)),
        inputs(&format!("{{{}}}", keys.join(","))),
        inputs(r#"{"a":1,"a":2}"#),
        inputs(r#"{"\u0061":1,"a":2}"#),
        inputs(r#"{"a":1e400}"#),
        inputs(r#"{"a":NaN}"#),
        inputs(r#"{"a":01}"#),
        inputs(r#"{"a":"\ud800"}"#),
        inputs("null"),
        sum(r#","epoch":2"#),
        sum(r#","weights":{"a":1,"a":2}"#),
        sum(r#","weights":{"a":-1}"#),
        sum(r#","weights":{"a":1.5}"#),
        sum(r#","weights":[]"#),
        sum(r#","__proto__":{}"#),
        sum(r#","Region":"north""#),
        sum("") + "{}",
        sum("") + "x",
        format!("// comment\n{}", sum("")),
        format!("\u{feff}{}", sum("")),
        r#"{"kind":"aggregate","region":"a\r\nb","epoch":1}"#.to_owned(),
        r#"{"kind":"aggregate","region":"\u001b[31m","epoch":1}"#.to_owned(),
        format!(r#"{{"kind":"aggregate","region":"{}","epoch":1}}"#, "a".repeat(1 << 16)),
        r#"{"kind":["aggregate"],"region":"north","epoch":1}"#.to_owned(),
        r#"{"kind":"Aggregate","region":"north","epoch":1}"#.to_owned(),
        r#"{"kind":"aggregate","region":"north","epoch":9007199254740993.0}"#.to_owned(),
        r#"{"kind":"aggregate","region":"north","epoch":-0.5}"#.to_owned(),
        "null".to_owned(),
        "17".to_owned(),
        "[]".to_owned(),
        "\"text\"".to_owned(),
        String::new(),
        " ".to_owned(),
    ];
    let head = |length: usize| format!("{JSON}content-length: {length}\r\n");
    let mut all: Vec<_> =
        bodies.iter().map(|body| post("/v1/jobs", &head(body.len()), body)).collect();
    let utf16: Vec<u8> = sum("").encode_utf16().flat_map(u16::to_le_bytes).collect();
    for bytes in [utf16, b"{\"kind\":\"\xff\xfe\"}".to_vec(), vec![0x1f, 0x8b, 8, 0]] {
        all.push([post("/v1/jobs", &head(bytes.len()), ""), bytes].concat());
    }
    for kind in
        ["", "content-type: text/plain\r\n", "content-type: application/json; charset=utf-7\r\n"]
    {
        let body = sum("");
        all.push(post("/v1/jobs", &format!("{kind}content-length: {}\r\n", body.len()), &body));
    }
    for coding in ["gzip", "br", "rubbish"] {
        let head = format!("{JSON}content-encoding: {coding}\r\ncontent-length: 2\r\n");
        all.push(post("/v1/jobs", &head, "{}"));
    }
    all
}

fn batches() -> Vec<Vec<u8>> {
    let head = |length: usize| format!("content-length: {length}\r\n");
    let bodies: Vec<Vec<u8>> = vec![
        vec![],
        b"P".to_vec(),
        b"XXXX\x02\x00\x00\x00\x00".to_vec(),
        b"PPSB\xff\x00\x00\x00\x00".to_vec(),
        b"PPSB\x02\xff\xff\xff\xff".to_vec(),
        b"PPSB\x02\x01\x00\x00\x00\xff\xff\xff\xff".to_vec(),
        b"PPSB\x02\x01\x00\x00\x00\x01\x00\x00\x00".to_vec(),
        b"PPSB\x02\x00\x00\x00\x00trailing".to_vec(),
        vec![0xaa; 100_000],
    ];
    bodies.into_iter().map(|body| [post(READINGS, &head(body.len()), ""), body].concat()).collect()
}

/// Each alone, and then all of them at once.
async fn all_are_refused(abuses: Vec<Vec<u8>>) {
    let (_directory, server) = appliance().await;
    for abuse in &abuses {
        let shown = String::from_utf8_lossy(&abuse[..abuse.len().min(120)]).into_owned();
        for then in [Then::HalfClose, Then::Wait] {
            let answer = send(&server.base, abuse, then);
            assert!(is_refused(&answer), "{shown:?}: {:?}", &answer[..answer.len().min(400)]);
        }
    }
    let threads: Vec<_> = abuses
        .into_iter()
        .map(|abuse| {
            let base = server.base.clone();
            thread::spawn(move || is_refused(&send(&base, &abuse, Then::HalfClose)))
        })
        .collect();
    for _ in 0..10 {
        server.client.health().await.unwrap();
    }
    for thread in threads {
        assert!(thread.join().unwrap());
    }
    let metrics = server.client.metrics().await.unwrap();
    let broken = |line: &&str| {
        line.starts_with("pulseproof_http_requests_total") && line.contains(r#"status="5xx""#)
    };
    let broken: Vec<_> = metrics.lines().filter(broken).collect();
    assert!(broken.len() > 30 && broken.iter().all(|line| line.ends_with(" 0")), "{broken:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_are_framed_wrong() {
    all_are_refused(framing()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn paths_and_queries_that_are_none() {
    all_are_refused(paths()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn json_that_is_none() {
    all_are_refused(json()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn batches_that_are_none() {
    all_are_refused(batches()).await;
}

/// A body that is shorter than was said is not followed by somebody else's request; what follows an error is not
/// answered as if there had been none.
#[tokio::test(flavor = "multi_thread")]
async fn requests_behind_others() {
    let (_directory, server) = appliance().await;
    let health = "GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n";
    let close = "GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    let many = health.repeat(99) + close;
    assert_eq!(statuses(&send(&server.base, many.as_bytes(), Then::Wait)), [200; 100]);
    // More bytes than were announced are a request, and none.
    let longer = post("/v1/jobs", &format!("{JSON}content-length: 2\r\n"), "{}rubbish\r\n\r\n");
    let answers = statuses(&send(&server.base, &longer, Then::Wait));
    assert!(answers.len() == 2 && answers.iter().all(|status| *status == 400), "{answers:?}");
    // What is said to be in a body is in it.
    let inside = post("/v1/jobs", &format!("{JSON}content-length: {}\r\n", close.len()), close);
    assert_eq!(statuses(&send(&server.base, &inside, Then::Wait)), [400]);
    // Both lengths: chunks count, and nothing that follows is answered.
    let smuggled = format!("0\r\n\r\n{health}");
    let both =
        format!("{JSON}content-length: {}\r\ntransfer-encoding: chunked\r\n", smuggled.len());
    let answers = statuses(&send(&server.base, &post("/v1/jobs", &both, &smuggled), Then::Wait));
    assert!(!answers.contains(&200), "{answers:?}");
    // Upgrades that there are not are ignored.
    let upgrade =
        get("/healthz", "connection: upgrade, close\r\nupgrade: h2c\r\nhttp2-settings: AA\r\n");
    let answer = send(&server.base, &upgrade, Then::Wait);
    assert!(statuses(&answer) == [200] && !answer.contains("101"), "{answer}");
}
