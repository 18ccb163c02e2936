//! Who sends a byte now and then, or takes nothing of what it asked for: it ends, and keeps nobody out.

use std::io::Write;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use crate::circuits::Shop;
use crate::common::*;
use crate::mocks::{self, Mock, Mood};
use crate::people::ask;
use crate::proofs::{bring, inputs, queue};
use pulseproof_kernels::backend::BackendKind;
use pulseproof_sdk::client::circuits::CircuitPart;
use pulseproof_server::Config;
use pulseproof_service::Doors;
use reqwest::Client;
use tokio::task::JoinSet;
use tokio::time::sleep;

/// Each byte is no new start.
#[tokio::test]
async fn a_head_that_drips_ends_as_one_that_stops() {
    let region: Region = Region::new(4, 1);
    let directory = tempfile::tempdir().unwrap();
    let doors = Doors { head_timeout: Duration::from_secs(2), ..Doors::default() };
    let config = Config { doors, ..Config::new(directory.path()) };
    let server = Server::start(region.srs.clone(), config);
    server.client.health().await.unwrap();
    let (mut stream, since) = (connect(&server), Instant::now());
    stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nx: ").unwrap();
    // Until the other side has hung up, and a byte more.
    while stream.write_all(b"a").is_ok() {
        assert!(since.elapsed() < Duration::from_secs(15));
        sleep(Duration::from_millis(250)).await;
    }
    server.client.health().await.unwrap();
}

/// Who asks for much and takes nothing of it is shown out.
#[tokio::test]
async fn answers_that_nobody_takes_end() {
    let region: Region = Region::new(4, 1);
    let directory = tempfile::tempdir().unwrap();
    let doors = Doors { write_timeout: Duration::from_secs(1), ..Doors::default() };
    let counts = doors.counts.clone();
    let config = Config { doors, ..Config::new(directory.path()) };
    let server = Server::start(region.srs.clone(), config);
    server.client.health().await.unwrap();
    let mut stream = connect(&server);
    stream.set_write_timeout(Some(Duration::from_secs(1))).unwrap();
    // Far more than the system keeps on the way.
    let ask = "GET /openapi.json HTTP/1.1\r\nhost: localhost\r\n\r\n".repeat(1000);
    let _ = stream.write_all(ask.as_bytes());
    let since = Instant::now();
    while counts.broken.load(Relaxed) == 0 {
        assert!(since.elapsed() < Duration::from_secs(20));
        sleep(Duration::from_millis(50)).await;
    }
    server.client.health().await.unwrap();
}

/// Streams that nobody reads end with their job, and give their places back.
#[tokio::test]
async fn events_that_nobody_reads_keep_nobody_out() {
    let shop = Shop::new();
    let cpu = Mock::new(BackendKind::Cpu, Mood::Good).slow(Duration::from_secs(3));
    let server = shop.start(mocks::on(&cpu, &cpu));
    bring(&shop, &server, &[CircuitPart::Wasm]).await;
    let job = queue(&server, inputs(4)).await;
    let path = format!("/v1/jobs/{}/events", job.id);
    let follow = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n");
    // One client's share is half of all places, which is less.
    let unread: Vec<_> = (0..300)
        .map(|_| {
            let mut stream = connect(&server);
            stream.write_all(follow.as_bytes()).unwrap();
            stream
        })
        .collect();
    server.client.health().await.unwrap();
    server.client.wait(&job.id).await.unwrap();
    let since = Instant::now();
    loop {
        let answered = ask(&server, None, "GET", &path).send().await.unwrap().status().as_u16();
        if answered == 200 {
            break;
        }
        assert_eq!(answered, 429);
        assert!(since.elapsed() < Duration::from_secs(20));
        sleep(Duration::from_millis(50)).await;
    }
    drop(unread);
}

/// As after a network was away: everybody comes back at the same moment, each by a connection of its own.
#[tokio::test(flavor = "multi_thread")]
async fn all_who_come_back_at_once_are_answered() {
    // For each one descriptor on either side, of which a process may have 1,024.
    const AT_ONCE: usize = 400;
    let shop = Shop::new();
    let server = shop.start(mocks::good());
    bring(&shop, &server, &[CircuitPart::Wasm]).await;
    let (job, _) = server.client.prove(inputs(4)).await.unwrap();
    let of_job = format!("/v1/jobs/{}", job.id);
    let client = Client::new();
    for path in ["/healthz", &of_job, "/v1/jobs"].repeat(2) {
        let mut all = JoinSet::new();
        for _ in 0..AT_ONCE {
            let request = client.get(format!("{}{path}", server.base));
            let request = request.header("connection", "close").timeout(Duration::from_secs(30));
            all.spawn(async move {
                let answer = request.send().await.unwrap();
                let again = answer.headers().get("retry-after");
                let again = again.map(|value| value.to_str().unwrap().parse::<u64>().unwrap());
                (answer.status().as_u16(), again)
            });
        }
        for answer in all.join_all().await {
            // Lists are made a few at a time, and who is turned away knows for how long.
            let is_turned_away = matches!(answer, (503, Some(1..=4))) && path == "/v1/jobs";
            assert!(answer == (200, None) || is_turned_away, "{path}: {answer:?}");
        }
    }
    assert_eq!(server.panics(), 0);
}

/// Who obeys comes back; if all were told the same, all would come back at the same moment.
#[tokio::test]
async fn who_is_turned_away_is_told_one_moment_or_another() {
    let region: Region = Region::new(4, 1);
    let directory = tempfile::tempdir().unwrap();
    // There is no place, neither at work nor to wait.
    let config = Config { intakes_max: 0, intakes_waiting_max: 0, ..Config::new(directory.path()) };
    let server = Server::start(region.srs.clone(), config);
    server.register(&region.roster).await;
    let mut told = [0; 5];
    for _ in 0..64 {
        let request = ask(&server, None, "POST", "/v1/regions/north/epochs/1/readings");
        let answer = request.body(vec![0; 9]).send().await.unwrap();
        assert_eq!(answer.status(), 503);
        let seconds: usize = answer.headers()["retry-after"].to_str().unwrap().parse().unwrap();
        assert!((1..=4).contains(&seconds), "{seconds}");
        told[seconds] += 1;
    }
    // Each of the four is told to some, and none of them to most.
    assert!(told[1..].iter().all(|times| (1..32).contains(times)), "{told:?}");
}
