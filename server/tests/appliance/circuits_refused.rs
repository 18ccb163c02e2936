//! Files that are not taken: too long, of another hash, no good, or somebody else's name.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::circuits::{Shop, at, put, send, state, zkey};
use crate::common::*;
use crate::mocks::{self, Mock, Mood};
use pulseproof_kernels::backend::BackendKind;
use pulseproof_sdk::Digest;
use pulseproof_sdk::groth16::UploadState;
use pulseproof_server::{Groth16Limits, Uploads};
use tokio::time::sleep;

const NOTHING: UploadState = UploadState { received: 0, complete: false };

#[tokio::test]
async fn another_hash_leaves_nothing() {
    let shop = Shop::new();
    let server = shop.start(mocks::good());
    let (bytes, other) = (zkey(1, 100), zkey(2, 100));
    let refused = send(put(&server, &at("sum", &bytes)).body(other.clone())).await.unwrap_err();
    assert_problem(&refused, 422, "wrong-digest", Some("sha256"), None);
    assert!(refused.detail.contains(&Digest::sha256(&other).to_string()));
    assert!(shop.blobs().is_empty());
    // In pieces: it shows at the end.
    let piece = |from: usize, until: usize, total: usize| {
        let range = format!("bytes {from}-{}/{total}", until - 1);
        put(&server, &at("sum", &bytes)).header("content-range", range)
    };
    assert_eq!(send(piece(0, 40, 100).body(other[..40].to_vec())).await, Ok(202));
    let refused = send(piece(40, 100, 100).body(other[40..].to_vec())).await.unwrap_err();
    assert_problem(&refused, 422, "wrong-digest", Some("sha256"), None);
    assert_eq!((shop.blobs().len(), state(&server, &bytes).await), (0, NOTHING));
    // A file that is said to be shorter than what is there.
    assert_eq!(send(piece(0, 40, 100).body(bytes[..40].to_vec())).await, Ok(202));
    let refused = send(piece(0, 5, 20).body(bytes[..5].to_vec())).await.unwrap_err();
    assert_problem(&refused, 422, "wrong-digest", Some("sha256"), None);
    assert_eq!(state(&server, &bytes).await, NOTHING);
    assert_eq!(send(put(&server, &at("sum", &bytes)).body(bytes.clone())).await, Ok(201));
}

#[tokio::test]
async fn lengths_that_lie_or_pass_a_limit() {
    let mut shop = Shop::new();
    shop.config.groth16 = Groth16Limits {
        zkey_bytes_max: 1000,
        wasm_bytes_max: 100,
        r1cs_bytes_max: 50,
        witness_bytes_max: 20,
        ..Groth16Limits::default()
    };
    let server = shop.start(mocks::good());
    let bytes = zkey(1, 1001);
    let refused = send(put(&server, &at("sum", &bytes)).body(bytes.clone())).await.unwrap_err();
    assert_problem(&refused, 413, "body-too-large", Some("body"), Some(1000));
    let good = zkey(1, 500);
    let range = |range: &str| put(&server, &at("sum", &good)).header("content-range", range);
    for total in ["bytes 0-9/1001", "bytes 0-9/18446744073709551615", "bytes */1001"] {
        let body = if total.contains('*') { vec![] } else { good[..10].to_vec() };
        let refused = send(range(total).body(body)).await.unwrap_err();
        assert_problem(&refused, 413, "body-too-large", Some("body"), Some(1000));
    }
    for text in ["bytes 0-9/500", "bytes 9-0/500", "bytes 0-500/500", "lines 0-1/2", "bytes 0-"] {
        let refused = send(range(text).body(good[..9].to_vec())).await.unwrap_err();
        assert_problem(&refused, 400, "malformed", Some("content-range"), None);
    }
    let [nobody, short, long] = ["", "5\r\nzkey \r\n0\r\n\r\n", "b\r\nzkey 1 ....\r\n0\r\n\r\n"];
    for (head, body, kind) in [
        ("", nobody, "unknown-bytes"),
        ("content-range: bytes 0-9/500\r\n", nobody, "malformed"),
        ("", short, "length-required"),
        ("content-range: bytes 0-9/500\r\n", short, "malformed"),
        ("content-range: bytes 5-9/500\r\n", long, "body-too-large"),
    ] {
        let mut stream = TcpStream::connect(server.base.trim_start_matches("http://")).unwrap();
        let chunked = if body.is_empty() { "" } else { "transfer-encoding: chunked\r\n" };
        let path = at("sum", &good);
        let head = format!(
            "PUT {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{head}{chunked}"
        );
        write!(stream, "{head}\r\n{body}").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.contains(kind), "{kind}: {answer}");
    }
    // What was good of them stays.
    assert_eq!(state(&server, &good).await.received, 5);
    server.client.put_circuit(&name("sum"), &shop.file(&good)).await.unwrap();
    for (part, limit) in [("wasm", 100), ("r1cs", 50)] {
        // Also if the bytes came as something that may be longer.
        for body in [vec![], good.clone()] {
            let path = format!("/v1/circuits/sum/{part}?sha256={}", Digest::sha256(&good));
            let refused = send(put(&server, &path).body(body)).await.unwrap_err();
            assert_problem(&refused, 413, "body-too-large", Some("body"), Some(limit));
        }
    }
    let post = reqwest::Client::new().post(format!("{}/v1/witnesses", server.base));
    let post = post.header("upload-sha256", Digest::sha256(&good).to_string());
    let refused = send(post.body(good)).await.unwrap_err();
    assert_problem(&refused, 413, "body-too-large", Some("body"), Some(20));
}

#[tokio::test]
async fn names_and_hashes_have_one_spelling() {
    let shop = Shop::new();
    let server = shop.start(mocks::good());
    let digest = Digest::sha256(b"x").to_string();
    for (path, field) in [
        (format!("/v1/circuits/a%20b?sha256={digest}"), "name"),
        (format!("/v1/circuits/a%2fb?sha256={digest}"), "name"),
        ("/v1/circuits/sum".to_owned(), "sha256"),
        ("/v1/circuits/sum?sha256=".to_owned(), "sha256"),
        (format!("/v1/circuits/sum?sha256={}", digest.to_uppercase()), "sha256"),
        (format!("/v1/circuits/sum?sha256={digest}&x=1"), "sha256"),
        (format!("/v1/circuits/sum?name=1&sha256={digest}"), "sha256"),
        ("/v1/circuits/sum/wasm?sha256=..%2f..".to_owned(), "sha256"),
    ] {
        let refused = send(put(&server, &path).body("x")).await.unwrap_err();
        assert_problem(&refused, 400, "malformed", Some(field), None);
    }
    assert!(shop.blobs().is_empty());
}

#[tokio::test]
async fn names_that_are_taken_and_parts_of_nothing() {
    let mut shop = Shop::new();
    shop.config.groth16.circuits_max = 1;
    let server = shop.start(mocks::good());
    let part = |name: &str, part: &str, bytes: &str| {
        let path =
            format!("/v1/circuits/{name}/{part}?sha256={}", Digest::sha256(bytes.as_bytes()));
        put(&server, &path).body(bytes.to_owned())
    };
    let refused = send(part("sum", "wasm", "wasm 1")).await.unwrap_err();
    assert_problem(&refused, 404, "unknown-circuit", Some("name"), None);
    let (bytes, other) = (zkey(1, 100), zkey(2, 100));
    assert_eq!(send(put(&server, &at("sum", &bytes)).body(bytes.clone())).await, Ok(201));
    let refused = send(put(&server, &at("sum", &other)).body(other.clone())).await.unwrap_err();
    assert_problem(&refused, 409, "name-taken", Some("name"), None);
    let refused = send(put(&server, &at("next", &other)).body(other.clone())).await.unwrap_err();
    assert_problem(&refused, 409, "too-many-circuits", Some("name"), Some(1));
    assert_eq!(send(part("sum", "wasm", "wasm 1")).await, Ok(201));
    assert_eq!(send(part("sum", "wasm", "wasm 1")).await, Ok(200));
    let refused = send(part("sum", "wasm", "wasm 2")).await.unwrap_err();
    assert_problem(&refused, 409, "part-taken", Some("sha256"), None);
    let refused = send(part("sum", "r1cs", "wasm 2")).await.unwrap_err();
    assert_problem(&refused, 422, "bad-r1cs", Some("body"), None);
    assert_eq!(shop.blobs().len(), 2, "what was no good is not kept");
}

#[tokio::test]
async fn keys_that_are_no_good_or_too_large() {
    let mut shop = Shop::new();
    shop.config.groth16.host_key_bytes_max = 400;
    shop.config.uploads = Uploads { bytes_max: 1000, ..Uploads::default() };
    let cpu = Mock::new(BackendKind::Cpu, Mood::Good);
    let server = shop.start(mocks::on(&cpu, &cpu));
    let send =
        async |bytes: &[u8]| send(put(&server, &at("sum", bytes)).body(bytes.to_vec())).await;
    let refused = send(b"no key").await.unwrap_err();
    assert_problem(&refused, 422, "bad-key", Some("body"), None);
    assert!(refused.detail.contains("off the curve"), "{refused:?}");
    let refused = send(&zkey(1, 401)).await.unwrap_err();
    assert_problem(&refused, 422, "key-too-large", Some("body"), Some(400));
    let refused = send(&zkey(1, 1001)).await.unwrap_err();
    assert_problem(&refused, 507, "storage-full", Some("body"), Some(1000));
    *cpu.mood.lock().unwrap() = Mood::Refuses;
    let refused = send(&zkey(1, 400)).await.unwrap_err();
    assert_problem(&refused, 500, "internal", None, None);
    assert!(shop.blobs().is_empty());
    *cpu.mood.lock().unwrap() = Mood::Good;
    assert_eq!(send(&zkey(1, 400)).await, Ok(201));
}

#[tokio::test]
async fn a_file_has_one_writer_and_who_brings_nothing_is_cut_off() {
    let mut shop = Shop::new();
    shop.config.uploads.idle_timeout = Duration::from_millis(300);
    let server = shop.start(mocks::good());
    let bytes = zkey(1, 100);
    let mut stream = TcpStream::connect(server.base.trim_start_matches("http://")).unwrap();
    let head =
        format!("PUT {} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n", at("sum", &bytes));
    write!(stream, "{head}content-length: 100\r\n\r\nzkey").unwrap();
    while state(&server, &bytes).await.received < 4 {
        sleep(Duration::from_millis(5)).await;
    }
    let refused = send(put(&server, &at("two", &bytes)).body(bytes.clone())).await.unwrap_err();
    assert_problem(&refused, 409, "upload-in-progress", Some("sha256"), None);
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.contains("body-timeout"), "{answer}");
    assert_eq!(state(&server, &bytes).await.received, 4);
    server.client.put_circuit(&name("two"), &shop.file(&bytes)).await.unwrap();
}
