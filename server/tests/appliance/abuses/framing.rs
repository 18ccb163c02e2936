//! Heads and bodies that do not fit each other, or are none.

use super::*;

/// Good jobs whose length is said in an odd way.
fn odd_lengths() -> Vec<Odd> {
    let (bytes, last) = (JOB.len(), format!("{:x}", JOB.len()));
    let mut all = vec![
        Odd::new(job(&format!("{}content-length: 6\r\n", length(bytes)), JOB), &[400]),
        Odd::new(job("content-length: 1000000000000000000\r\n", JOB), &[413]),
        Odd::new(job("content-length: 99999999999999999999\r\n", JOB), &[400]),
        Odd::new(job(&length(bytes + 1), JOB), &[408]),
        Odd { then: Then::HalfClose, ..Odd::new(job(&length(bytes + 1), JOB), &[400]) },
        Odd::new(job(CHUNKED, &format!("fffffffffffffffff\r\n{JOB}\r\n0\r\n\r\n")), &[400]),
        Odd::new(job(CHUNKED, &format!("ffffffffffffffff\r\n{JOB}\r\n0\r\n\r\n")), &[408]),
        Odd::new(job(CHUNKED, &format!("-{}", chunks(JOB))), &[400]),
        Odd::new(job(CHUNKED, &format!("0x{}", chunks(JOB))), &[400]),
        Odd::new(job(CHUNKED, &format!(" {}", chunks(JOB))), &[400]),
        Odd::new(job(CHUNKED, &chunks(JOB)[last.len()..]), &[400]),
        Odd::new(job(CHUNKED, &format!("{last}\r\n{JOB}x\r\n0\r\n\r\n")), &[400]),
        Odd::new(
            job(CHUNKED, &format!("{last};{}\r\n{JOB}\r\n0\r\n\r\n", "x".repeat(1 << 16))),
            &[400],
        ),
        Odd::new(job(CHUNKED, &format!("{last}\r\n{JOB}\r\n")), &[408]),
        Odd {
            then: Then::HalfClose,
            ..Odd::new(job(CHUNKED, &format!("{last}\r\n{JOB}\r\n")), &[400])
        },
    ];
    let hexadecimal = format!("0x{last}");
    let (signed, twice) = (format!("+{bytes}"), format!("{bytes},{bytes}"));
    let nul = format!("{bytes}\u{0}");
    for text in ["-1", &signed, &hexadecimal, "5 1", "", &twice, &nul] {
        all.push(Odd::new(job(&format!("content-length: {text}\r\n"), JOB), &[400]));
    }
    all
}

/// Good jobs in chunks that are said to be something else as well.
fn odd_codings() -> Vec<Odd> {
    let codings = [
        "chunked, identity",
        "xchunked",
        "identity",
        "chunked\r\n , identity",
        "gzip",
        "gzip, chunked",
        "chunked, chunked",
        "chunked;q=1",
        "\"chunked\"",
        "chunked\r\ntransfer-encoding: chunked",
        "chunked\r\ntransfer-encoding: identity",
        "gzip\r\ntransfer-encoding: chunked",
    ];
    let coded = |coding: &str| job(&format!("transfer-encoding: {coding}\r\n"), &chunks(JOB));
    codings.iter().map(|coding| Odd::new(coded(coding), &[400])).collect()
}

/// Good questions with a line that is none.
fn odd_lines() -> Vec<Odd> {
    let lines = [
        "x: a\rb",
        "x: a\nb",
        "x: a\u{0}b",
        "x: a\u{1b}b",
        "x: a\u{7f}b",
        "x : a",
        "x\t: a",
        ": a",
        "x: a\r\n b",
        "x\u{e4}: a",
        "no colon at all",
    ];
    let mut all: Vec<_> = lines.iter().map(|line| Odd::new(health(line), &[400])).collect();
    all.extend([
        Odd::new(health(&format!("x: {}", "a".repeat(1 << 18))), &[431]),
        Odd::new(health(&"x: a\r\n".repeat(1000)), &[431]),
        Odd::new(get(&format!("/healthz?{}", "a".repeat(1 << 17)), CLOSE), &[414, 431]),
        Odd::new(job(&format!("expect: nonsense\r\n{}", length(JOB.len())), JOB), &[417]),
    ]);
    all
}

/// Starts that are none, or not of this protocol, or not meant for this appliance.
fn odd_starts() -> Vec<Odd> {
    let host = "host: localhost\r\n";
    let started: [(&str, &str, &'static [u16]); 16] = [
        ("GET /healthz HTTP/1.0", "", &[400]),
        ("GET /healthz HTTP/1.1", "", &[400]),
        ("GET /healthz HTTP/1.1", "host: localhost\r\nhost: localhost\r\n", &[400]),
        ("GET /healthz HTTP/1.1", "host: a@localhost\r\n", &[400]),
        ("GET /healthz HTTP/1.1", "host: localhost:abc\r\n", &[400]),
        ("GET /healthz HTTP/9.9", host, &[400]),
        ("GET /healthz HTTP/1.2", host, &[400]),
        ("GET /healthz http/1.1", host, &[400]),
        ("GET  /healthz HTTP/1.1", host, &[400]),
        ("GET HTTP/1.1", host, &[400]),
        ("GET http://attacker.example/healthz HTTP/1.1", host, &[400]),
        ("CONNECT attacker.example:80 HTTP/1.1", host, &[400]),
        ("TRACE /healthz HTTP/1.1", host, &[405]),
        ("OPTIONS * HTTP/1.1", host, &[404]),
        ("BREW /healthz HTTP/1.1", host, &[405]),
        ("get /healthz HTTP/1.1", host, &[405]),
    ];
    let of = |start: &str, headers: &str| format!("{start}\r\n{headers}{CLOSE}\r\n").into_bytes();
    let started = started.into_iter();
    let mut all: Vec<_> =
        started.map(|(start, headers, expected)| Odd::new(of(start, headers), expected)).collect();
    all.extend([
        Odd::new(b"GET /healthz\r\n\r\n".to_vec(), &[400]),
        Odd::new(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(), &[400]),
        Odd::new(vec![0; 1 << 16], &[400]),
        Odd::new(vec![0xff; 100], &[400]),
        // Another protocol altogether, and a request that never comes.
        Odd::new(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\x12\x04\0\0\0\0\0".to_vec(), &[]),
        Odd::new(b"\r\n\r\n\r\n".to_vec(), &[]),
    ]);
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_are_framed_wrong_are_refused_for_that() {
    let (_shop, server) = shop().await;
    let all = [odd_lengths(), odd_codings()].into_iter().flatten().collect::<Vec<_>>();
    each_is_answered_as_it_should(&server, &all).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn heads_that_are_none_are_refused_for_that() {
    let (_shop, server) = shop().await;
    let all = [odd_lines(), odd_starts()].into_iter().flatten().collect::<Vec<_>>();
    each_is_answered_as_it_should(&server, &all).await;
}

/// Every route that takes a body.
#[tokio::test(flavor = "multi_thread")]
async fn lengths_that_lie_are_found_out_on_every_route() {
    let (_shop, server) = shop().await;
    let zeros = "0".repeat(64);
    let mut all = Vec::new();
    for (method, path) in [
        ("POST", "/v1/jobs".to_owned()),
        ("POST", READINGS.to_owned()),
        ("POST", "/v1/witnesses".to_owned()),
        ("PUT", "/v1/regions/north".to_owned()),
        ("PUT", format!("/v1/profiles/{zeros}")),
        ("PUT", format!("/v1/results/{zeros}")),
        ("PUT", format!("/v1/circuits/x?sha256={zeros}")),
        ("PUT", format!("/v1/evaluation-keys/{zeros}")),
    ] {
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\n{JSON}{CLOSE}upload-sha256: {zeros}\r\n"
        );
        let lies: [(&str, &'static [u16]); 2] = [("1000000000000000000", &[413]), ("100", &[400])];
        for (bytes, expected) in lies {
            let request = format!("{head}content-length: {bytes}\r\n\r\n{{}}").into_bytes();
            let odd = Odd::new(request, expected);
            // A file is sent by one at a time.
            all.push(Odd { then: Then::HalfClose, in_a_crowd: &[409, 429], ..odd });
        }
    }
    each_is_answered_as_it_should(&server, &all).await;
}
