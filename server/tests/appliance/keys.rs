//! Evaluation keys: taken in whole or not at all, kept few, named by what they are.

use std::io::Write;
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use crate::common::*;
use pulseproof_fhe::bootstrap::keys::{EvaluationKey, FloatingKey};
use pulseproof_fhe::generate_keys;
use pulseproof_sdk::api::EngineKind;
use pulseproof_sdk::{Digest, Problem};
use pulseproof_server::Config;
use reqwest::{Client, Method};
use tokio::time::sleep;

async fn put(server: &Server, id: &str, body: Vec<u8>) -> Result<u16, Problem> {
    let url = format!("{}/v1/evaluation-keys/{id}", server.base);
    let response = Client::new().request(Method::PUT, url).body(body).send().await.unwrap();
    let status = response.status();
    if status.is_success() { Ok(status.as_u16()) } else { Err(response.json().await.unwrap()) }
}

fn files(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory.join("blobs")).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// Waits until these are the only files.
async fn until_files(directory: &Path, expected: &[String]) {
    for _ in 0..400 {
        if files(directory) == expected {
            return;
        }
        sleep(Duration::from_millis(10)).await;
    }
    panic!("{:?} instead of {expected:?}", files(directory));
}

#[tokio::test]
async fn a_key_comes_is_shown_and_goes() {
    let region: Region = Region::new(4, 1);
    let (directory, server) = region.open().await;
    let (secret, public) = generate_keys();
    let bytes = secret.floating_key().to_bytes();
    let id = Digest::sha256(&bytes);
    let unknown = problem(server.client.evaluation_key(&id).await);
    assert_problem(&unknown, 404, "unknown-key", Some("id"), None);
    assert_eq!(put(&server, &id.to_string(), bytes.clone()).await, Ok(201));
    assert_eq!(put(&server, &id.to_string(), bytes).await, Ok(200));
    let info = server.client.evaluation_key(&id).await.unwrap();
    assert_eq!((info.engine, info.resident), (EngineKind::TfheCpu, false));
    assert_eq!((info.id, info.bytes), (id, FloatingKey::BYTES as u64));
    assert_eq!(info.fingerprint.0, public.fingerprint());
    server.kill();

    let server = region.start(directory.path());
    assert_eq!(server.client.evaluation_key(&id).await.unwrap(), info);
    server.client.delete_evaluation_key(&id).await.unwrap();
    assert!(files(directory.path()).is_empty());
    let gone = problem(server.client.delete_evaluation_key(&id).await);
    assert_problem(&gone, 404, "unknown-key", Some("id"), None);
}

#[tokio::test]
async fn what_is_no_key_is_refused_and_leaves_nothing() {
    let region: Region = Region::new(4, 1);
    let (directory, server) = region.open().await;
    let (secret, _) = generate_keys();
    let good = secret.evaluation_key().to_bytes();
    assert_eq!(good.len(), EvaluationKey::BYTES);
    let id = |bytes: &[u8]| Digest::sha256(bytes).to_string();
    let full = EvaluationKey::BYTES as u64;

    let short = good[..good.len() - 8].to_vec();
    let problem = put(&server, &id(&short), short).await.unwrap_err();
    assert_problem(&problem, 422, "bad-key", Some("body"), Some(full));
    let problem = put(&server, &id(&good[..4]), good[..4].to_vec()).await.unwrap_err();
    assert_problem(&problem, 422, "bad-key", Some("body"), Some(full));
    let problem = put(&server, &id(b"else"), good.clone()).await.unwrap_err();
    assert_problem(&problem, 422, "wrong-digest", Some("id"), None);
    for (at, field, limit) in [(0, "magic", None), (8, "version", Some(1))] {
        let mut other = good.clone();
        other[at] ^= 64;
        let problem = put(&server, &id(&other), other).await.unwrap_err();
        assert_problem(&problem, 422, "bad-key", Some(field), limit);
    }
    // The last residue, beyond the modulus.
    let mut large = good.clone();
    large[good.len() - 1] = 0xff;
    let problem = put(&server, &id(&large), large).await.unwrap_err();
    assert_problem(&problem, 422, "bad-key", Some("body"), None);
    let problem = put(&server, "0123", vec![1]).await.unwrap_err();
    assert_problem(&problem, 400, "malformed", Some("id"), None);
    let problem = put(&server, &"A".repeat(64), vec![1]).await.unwrap_err();
    assert_problem(&problem, 400, "malformed", Some("id"), None);
    until_files(directory.path(), &[]).await;
    assert_eq!(put(&server, &id(&good), good).await, Ok(201));
}

#[tokio::test]
async fn an_upload_that_breaks_off_stays_and_one_that_says_that_it_is_too_long_leaves_nothing() {
    let region: Region = Region::new(4, 1);
    let (directory, server) = region.open().await;
    let begin = |length: usize| {
        let mut stream = TcpStream::connect(server.base.trim_start_matches("http://")).unwrap();
        let id = Digest::sha256(b"");
        write!(
            stream,
            "PUT /v1/evaluation-keys/{id} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {length}\r\n\r\n"
        )
        .unwrap();
        stream
    };
    let mut stream = begin(EvaluationKey::BYTES);
    stream.write_all(&[7; 1 << 20]).unwrap();
    while files(directory.path()).is_empty() {
        sleep(Duration::from_millis(5)).await;
    }
    drop(stream);
    let part = [format!("{}.part", Digest::sha256(b""))];
    until_files(directory.path(), &part).await;

    let mut stream = begin(EvaluationKey::BYTES + 1);
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    let mut answer = String::new();
    std::io::Read::read_to_string(&mut stream, &mut answer).unwrap();
    assert!(answer.contains("body-too-large"), "{answer}");
    assert!(answer.contains(&format!("\"limit\":{}", EvaluationKey::BYTES)), "{answer}");
    until_files(directory.path(), &part).await;
}

#[tokio::test]
async fn keys_are_few_and_what_is_not_listed_is_removed() {
    let region: Region = Region::new(4, 1);
    let directory = tempfile::tempdir().unwrap();
    let config = Config { keys_max: 1, ..Config::new(directory.path()) };
    let server = Server::start(region.srs.clone(), config.clone());
    let (secret, _) = generate_keys();
    let first = secret.floating_key().to_bytes();
    let first = server.client.put_evaluation_key(first).await.unwrap();
    let second = secret.floating_key().to_bytes();
    let refusal = problem(server.client.put_evaluation_key(second.clone()).await);
    assert_problem(&refusal, 409, "too-many-keys", Some("id"), Some(1));
    let kept = [first.to_string()];
    until_files(directory.path(), &kept).await;
    server.kill();
    std::fs::write(directory.path().join("blobs/stray.part"), b"half").unwrap();
    // As earlier versions kept it.
    let old = directory.path().join("evaluation-keys");
    std::fs::create_dir(&old).unwrap();
    let blob = directory.path().join("blobs").join(first.to_string());
    std::fs::rename(blob, old.join(format!("{first}.key"))).unwrap();
    let server = Server::start(region.srs.clone(), config);
    server.client.health().await.unwrap();
    until_files(directory.path(), &kept).await;
    server.client.delete_evaluation_key(&first).await.unwrap();
    server.client.put_evaluation_key(second).await.unwrap();
}
