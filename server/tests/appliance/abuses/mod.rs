//! What no client should send, by hand. Each is carried by a request that is taken but for what is odd about it, is sent
//! alone and then by a crowd at once beside somebody who is served, and has to be answered with the status that is
//! written beside it: an answer that is missing is none, and nothing may panic.

mod behind;
mod framing;
mod json;
mod paths;

use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;
use std::thread;
use std::time::{Duration, Instant};

use crate::circuits::Shop;
use crate::common::*;
use crate::mocks;
use crate::proofs::bring;
use pulseproof_sdk::client::circuits::CircuitPart;
use tokio::time::sleep;

const READINGS: &str = "/v1/regions/north/epochs/1/readings";
/// A job that is taken.
const JOB: &str = r#"{"kind":"groth16","circuit":"sum","inputs":{"a":4}}"#;
const JSON: &str = "content-type: application/json\r\n";
const CHUNKED: &str = "transfer-encoding: chunked\r\n";
const CLOSE: &str = "connection: close\r\n";

/// How many send the same at once.
const CROWD: usize = 100;
/// Of what is answered after a while only, so that a test does not take minutes.
const SLOW_CROWD: usize = 20;
/// What is a while.
const SLOW: Duration = Duration::from_millis(500);

/// An appliance with a region and a circuit, which does not wait for long.
async fn shop() -> (Shop, Server) {
    let mut shop = Shop::new();
    shop.config.doors.head_timeout = Duration::from_secs(3);
    shop.config.body_timeout = Duration::from_secs(2);
    let server = shop.start(mocks::good());
    server.register(&Region::<pulseproof_kernels::Bn254>::new(4, 1).roster).await;
    bring(&shop, &server, &[CircuitPart::Wasm]).await;
    (shop, server)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Then {
    /// Waits for what comes.
    Wait,
    /// Says that nothing more will come.
    HalfClose,
}

/// What comes back of some bytes, to the end of the connection, which has to come.
fn send(base: &str, bytes: &[u8], then: Then) -> String {
    let mut stream = connect_to(base);
    stream.set_write_timeout(Some(Duration::from_secs(20))).unwrap();
    // The other side may have hung up before all was sent.
    let _ = stream.write_all(bytes);
    if then == Then::HalfClose {
        let _ = stream.shutdown(Shutdown::Write);
    }
    let mut answer = Vec::new();
    // With bytes of ours unread it ends with an error, behind what was answered.
    if let Err(error) = stream.read_to_end(&mut answer) {
        let is_open = matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut);
        assert!(!is_open, "no end of {}", start_of(bytes));
    }
    String::from_utf8_lossy(&answer).into_owned()
}

/// What is shown of what was sent.
fn start_of(bytes: &[u8]) -> String {
    format!("{:?}", String::from_utf8_lossy(&bytes[..bytes.len().min(160)]))
}

/// The statuses of all answers on a connection.
fn statuses(answer: &str) -> Vec<u16> {
    // A question of an older version is answered in that one.
    let status = |rest: &str| rest.get(2..5).and_then(|digits| digits.parse().ok());
    answer.split("HTTP/1.").skip(1).filter_map(status).collect()
}

fn post(path: &str, headers: &str, body: &str) -> Vec<u8> {
    format!("POST {path} HTTP/1.1\r\nhost: localhost\r\n{headers}\r\n{body}").into_bytes()
}

fn get(target: &str, headers: &str) -> Vec<u8> {
    format!("GET {target} HTTP/1.1\r\nhost: localhost\r\n{headers}\r\n").into_bytes()
}

/// A job, with headers that say how long it is, alone on its connection.
fn job(headers: &str, body: &str) -> Vec<u8> {
    post("/v1/jobs", &format!("{JSON}{CLOSE}{headers}"), body)
}

fn length(bytes: usize) -> String {
    format!("content-length: {bytes}\r\n")
}

/// A body in one chunk.
fn chunks(body: &str) -> String {
    format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len())
}

/// A question that is answered, with one line more.
fn health(line: &str) -> Vec<u8> {
    get("/healthz", &format!("{CLOSE}{line}\r\n"))
}

/// What is odd, and how it is answered.
struct Odd {
    bytes: Vec<u8>,
    then: Then,
    /// The one answer has one of these; without any, the connection ends.
    expected: &'static [u16],
    /// Or one of these, if others do the same at that moment.
    in_a_crowd: &'static [u16],
}

impl Odd {
    fn new(bytes: Vec<u8>, expected: &'static [u16]) -> Self {
        // There may be no room for one more body then.
        Self { bytes, then: Then::Wait, expected, in_a_crowd: &[429] }
    }

    fn is_met(&self, got: &[u16]) -> bool {
        match self.expected {
            [] => got.is_empty(),
            expected => matches!(got, [one] if expected.contains(one)),
        }
    }

    /// Sends it by many at once.
    fn crowd(&self, base: &str, many: usize) -> Vec<thread::JoinHandle<Vec<u16>>> {
        let one = || {
            let (base, bytes, then) = (base.to_owned(), self.bytes.clone(), self.then);
            thread::spawn(move || statuses(&send(&base, &bytes, then)))
        };
        (0..many).map(|_| one()).collect()
    }
}

/// What all of these are but for what is odd.
fn good_ones_are_taken(server: &Server) {
    let taken = |bytes: &[u8]| statuses(&send(&server.base, bytes, Then::Wait));
    assert_eq!(taken(&job(&length(JOB.len()), JOB)), [202]);
    assert_eq!(taken(&job(CHUNKED, &chunks(JOB))), [202]);
    assert_eq!(taken(&health("x: a")), [200]);
}

/// Each alone, and then by a crowd at once beside somebody who is served.
async fn each_is_answered_as_it_should(server: &Server, all: &[Odd]) {
    good_ones_are_taken(server);
    let jobs = server.client.jobs("").await.unwrap().jobs.len();
    let (threads, memory) = (server.threads(), resident());
    for odd in all {
        let (shown, expected, since) = (start_of(&odd.bytes), odd.expected, Instant::now());
        let got = statuses(&send(&server.base, &odd.bytes, odd.then));
        assert!(odd.is_met(&got), "{shown}: {got:?}, not {expected:?}");
        let many = if since.elapsed() < SLOW { CROWD } else { SLOW_CROWD };
        let crowd = odd.crowd(&server.base, many);
        loop {
            server.client.health().await.unwrap();
            if crowd.iter().all(thread::JoinHandle::is_finished) {
                break;
            }
            sleep(Duration::from_millis(5)).await;
        }
        let mut met = 0;
        for visitor in crowd {
            let got = visitor.join().unwrap();
            let is_full = matches!(&got[..], [one] if odd.in_a_crowd.contains(one));
            assert!(odd.is_met(&got) || is_full, "{shown}: {got:?} in a crowd, not {expected:?}");
            met += usize::from(odd.is_met(&got));
        }
        assert!(met > 0, "{shown}: nobody of the crowd was looked at");
    }
    assert_eq!(server.client.jobs("").await.unwrap().jobs.len(), jobs, "nothing was taken");
    assert_eq!(server.panics(), 0);
    it_is_as_before(server, threads, memory).await;
}

async fn it_is_as_before(server: &Server, threads: usize, memory: u64) {
    // Those that wait for work go after ten seconds.
    let since = Instant::now();
    while server.threads() > threads {
        assert!(
            since.elapsed() < Duration::from_secs(30),
            "{} threads, {threads} before",
            server.threads()
        );
        sleep(Duration::from_millis(100)).await;
    }
    // Alone in its process, as nextest runs it. Else what others do at the same time is counted with it.
    let most = if std::env::var_os("NEXTEST").is_some() { 256 << 20 } else { 1 << 30 };
    let now = resident();
    assert!(now < memory + most, "{now} bytes, {memory} before");
}
