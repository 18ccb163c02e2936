//! Circuits: uploaded once, in one piece or several, listed, shared, deleted.

use std::io::Write;
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::thread;
use std::time::{Duration, Instant};

use crate::common::*;
use crate::mocks::{self, Mock, Mood};
use crate::proofs::bring;
use pulseproof_kernels::Bn254;
use pulseproof_kernels::backend::BackendKind;
use pulseproof_kernels::cpu::Cpu;
use pulseproof_prover::srs::Srs;
use pulseproof_sdk::client::ClientError;
use pulseproof_sdk::client::circuits::CircuitPart;
use pulseproof_sdk::groth16::UploadState;
use pulseproof_sdk::{Digest, Problem};
use pulseproof_server::{Config, ExactOn, Groth16, Uploads};
use reqwest::{Client, Method, RequestBuilder};
use tempfile::TempDir;
use tokio::time::sleep;

/// An appliance for circuits, and files to upload.
pub struct Shop {
    pub folder: TempDir,
    pub srs: Arc<Srs<Bn254>>,
    pub config: Config,
}

impl Shop {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = Config::new(folder.path().join("store"));
        Self { srs: Region::<Bn254>::new(4, 1).srs, folder, config }
    }

    pub fn start(&self, groth16: Groth16) -> Server {
        let engines = Arc::new(ExactOn::new(Cpu::new()));
        Server::start_on(self.srs.clone(), engines, groth16, self.config.clone())
    }

    pub fn file(&self, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.folder.path().join(Digest::sha256(bytes.as_ref()).to_string());
        std::fs::write(&path, bytes).unwrap();
        path
    }

    /// The files of the appliance.
    pub fn blobs(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.config.data_dir.join("blobs")).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// Waits until there are so many files.
    pub async fn until_blobs(&self, count: usize) {
        for _ in 0..400 {
            if self.blobs().len() == count {
                return;
            }
            sleep(Duration::from_millis(10)).await;
        }
        panic!("{:?} instead of {count} files", self.blobs());
    }
}

/// A key of some length.
pub fn zkey(contributions: u64, length: usize) -> Vec<u8> {
    let mut bytes = format!("zkey {contributions} ").into_bytes();
    bytes.resize(length.max(bytes.len()), b'.');
    bytes
}

pub fn put(server: &Server, path: &str) -> RequestBuilder {
    Client::new().request(Method::PUT, format!("{}{path}", server.base))
}

/// The path of a circuit whose key has these bytes.
pub fn at(name: &str, bytes: &[u8]) -> String {
    format!("/v1/circuits/{name}?sha256={}", Digest::sha256(bytes))
}

/// The status, or the problem.
pub async fn send(request: RequestBuilder) -> Result<u16, Problem> {
    let response = request.send().await.unwrap();
    let status = response.status();
    if status.is_success() { Ok(status.as_u16()) } else { Err(response.json().await.unwrap()) }
}

pub async fn state(server: &Server, bytes: &[u8]) -> UploadState {
    server.client.upload_state(&Digest::sha256(bytes)).await.unwrap()
}

#[tokio::test]
async fn a_circuit_comes_is_listed_and_goes() {
    let mut shop = Shop::new();
    shop.config.groth16.insecure_keys = true;
    let server = shop.start(mocks::good());
    assert_eq!(server.client.circuits().await.unwrap(), []);
    let bytes = zkey(0, 100);
    let info = server.client.put_circuit(&name("sum"), &shop.file(&bytes)).await.unwrap();
    assert_eq!((info.curve.as_str(), info.signals, info.public), ("bn254", 9, 2));
    assert_eq!((info.domain_log, info.contributions), (3, 0));
    assert_eq!((info.key.sha256, info.key.bytes), (Digest::sha256(&bytes), 100));
    assert!(info.warning.as_deref().unwrap().starts_with("INSECURE"));
    assert_eq!((info.wasm, info.r1cs, info.resident["cpu"]), (None, None, true));
    // The same again changes nothing, and the whole body may come as well.
    assert_eq!(send(put(&server, &at("sum", &bytes)).body(bytes.clone())).await, Ok(200));
    let wasm = shop.file("wasm module");
    let r1cs = shop.file("r1cs constraints");
    server.client.put_circuit_part(&name("sum"), CircuitPart::Wasm, &wasm).await.unwrap();
    server.client.put_circuit_part(&name("sum"), CircuitPart::Wasm, &wasm).await.unwrap();
    let info =
        server.client.put_circuit_part(&name("sum"), CircuitPart::R1cs, &r1cs).await.unwrap();
    assert_eq!((info.wasm.unwrap().bytes, info.r1cs.unwrap().bytes), (11, 16));
    let other = shop.file(zkey(2, 50));
    let fine = server.client.put_circuit(&name("other"), &other).await.unwrap();
    assert_eq!((fine.warning, fine.contributions), (None, 2));
    let listed = server.client.circuits().await.unwrap();
    let names: Vec<_> = listed.iter().map(|circuit| circuit.name.as_str()).collect();
    assert_eq!(names, ["other", "sum"]);
    server.kill();

    let server = shop.start(mocks::good());
    let mut kept = server.client.circuit(&name("sum")).await.unwrap();
    assert!(!kept.resident["cpu"], "it is loaded when it is needed");
    kept.resident = info.resident.clone();
    assert_eq!(kept, info);
    assert_eq!(shop.blobs().len(), 4);
    for circuit in ["sum", "other"] {
        server.client.delete_circuit(&name(circuit)).await.unwrap();
        let gone = problem(server.client.delete_circuit(&name(circuit)).await);
        assert_problem(&gone, 404, "unknown-circuit", Some("name"), None);
    }
    assert!(shop.blobs().is_empty());
    let gone = problem(server.client.circuit(&name("sum")).await);
    assert_problem(&gone, 404, "unknown-circuit", Some("name"), None);
}

#[tokio::test]
async fn what_is_there_already_is_not_sent_and_not_checked_again() {
    let shop = Shop::new();
    let cpu = Mock::new(BackendKind::Cpu, Mood::Good);
    let server = shop.start(mocks::on(&cpu, &cpu));
    let bytes = zkey(1, 1000);
    let unknown = send(put(&server, &at("first", &bytes)).body(vec![])).await.unwrap_err();
    assert_problem(&unknown, 422, "unknown-bytes", Some("body"), Some(0));
    assert_eq!(send(put(&server, &at("first", &bytes)).body(bytes.clone())).await, Ok(201));
    assert_eq!(state(&server, &bytes).await, UploadState { received: 1000, complete: true });
    assert_eq!(send(put(&server, &at("second", &bytes)).body(vec![])).await, Ok(201));
    assert_eq!((shop.blobs().len(), cpu.loads.load(SeqCst)), (1, 1));
    server.client.delete_circuit(&name("first")).await.unwrap();
    assert_eq!(shop.blobs().len(), 1, "the other circuit has it");
    assert!(server.client.circuit(&name("second")).await.unwrap().resident["cpu"]);
    server.client.delete_circuit(&name("second")).await.unwrap();
    assert!(shop.blobs().is_empty());
}

/// Sends the start of a key by hand, and cuts the connection.
async fn cut(server: &Server, head: &str, bytes: &[u8], until: u64, whole: &[u8]) {
    let mut stream = TcpStream::connect(server.base.trim_start_matches("http://")).unwrap();
    write!(stream, "PUT {} HTTP/1.1\r\nhost: localhost\r\n{head}\r\n", at("sum", whole)).unwrap();
    stream.write_all(bytes).unwrap();
    while state(server, whole).await.received < until {
        sleep(Duration::from_millis(5)).await;
    }
    drop(stream);
}

#[tokio::test]
async fn an_upload_that_breaks_off_goes_on_where_it_was() {
    let shop = Shop::new();
    let server = shop.start(mocks::good());
    let bytes = zkey(1, 300_000);
    let total = bytes.len();
    cut(&server, "content-length: 300000\r\n", &bytes[..100_000], 100_000, &bytes).await;
    assert_eq!(state(&server, &bytes).await, UploadState { received: 100_000, complete: false });
    let head = "content-length: 200000\r\ncontent-range: bytes 100000-299999/300000\r\n";
    cut(&server, head, &bytes[100_000..150_000], 150_000, &bytes).await;
    let range = |from: usize, until: usize| {
        let range = format!("bytes {from}-{}/{total}", until - 1);
        put(&server, &at("sum", &bytes))
            .header("content-range", range)
            .body(bytes[from..until].to_vec())
    };
    for from in [0, 100_000, 149_999, 150_001] {
        // The appliance may not have noticed yet that the connection is gone.
        let refused = loop {
            let refused = send(range(from, total)).await.unwrap_err();
            if !refused.is("upload-in-progress") {
                break refused;
            }
            sleep(Duration::from_millis(10)).await;
        };
        assert_problem(&refused, 409, "wrong-offset", Some("content-range"), Some(150_000));
    }
    assert_eq!(send(range(150_000, 200_000)).await, Ok(202));
    server.kill();

    // Across a restart, and with the client's own resumption.
    let server = shop.start(mocks::good());
    assert_eq!(state(&server, &bytes).await, UploadState { received: 200_000, complete: false });
    let info = server.client.put_circuit(&name("sum"), &shop.file(&bytes)).await.unwrap();
    assert_eq!(info.key.bytes, 300_000);
    assert_eq!(state(&server, &bytes).await, UploadState { received: 300_000, complete: true });
    assert_eq!(shop.blobs(), [Digest::sha256(&bytes).to_string()]);
}

/// Whoever is not the one that writes it is turned away.
#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_send_the_same_and_break_off_the_next_goes_on() {
    let shop = Shop::new();
    let server = shop.start(mocks::good());
    let bytes = Arc::new(zkey(1, 300_000));
    let head = format!(
        "PUT {} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {}\r\n\r\n",
        at("sum", &bytes),
        bytes.len()
    );
    let senders: Vec<_> = (0..20usize)
        .map(|index| {
            let (base, head, bytes) = (server.base.clone(), head.clone(), Arc::clone(&bytes));
            thread::spawn(move || {
                for round in 0..5 {
                    let mut stream = connect_to(&base);
                    let until = (index * 7919 + round * 104_729) % bytes.len();
                    let sent = stream.write_all(head.as_bytes());
                    let _ = sent.and_then(|()| stream.write_all(&bytes[..until]));
                }
            })
        })
        .collect();
    senders.into_iter().for_each(|sender| sender.join().unwrap());
    // That the last of them has gone may not have been noticed yet.
    let (file, since) = (shop.file(&*bytes), Instant::now());
    let info = loop {
        match server.client.put_circuit(&name("sum"), &file).await {
            Ok(info) => break info,
            Err(ClientError::Problem(problem)) if problem.status == 409 => {
                assert!(since.elapsed() < Duration::from_secs(20), "{problem:?}");
            }
            Err(error) => panic!("{error}"),
        }
        sleep(Duration::from_millis(20)).await;
    };
    assert_eq!(info.key.bytes, 300_000);
    assert_eq!(shop.blobs(), [Digest::sha256(&bytes).to_string()]);
    assert_eq!(server.panics(), 0);
}

#[tokio::test]
async fn the_last_step_alone_can_be_made_up_for() {
    let shop = Shop::new();
    let bytes = zkey(1, 5000);
    // What a process leaves that ends between the last byte and the name.
    let blobs = shop.config.data_dir.join("blobs");
    std::fs::create_dir_all(&blobs).unwrap();
    std::fs::write(blobs.join(format!("{}.part", Digest::sha256(&bytes))), &bytes).unwrap();
    let server = shop.start(mocks::good());
    assert_eq!(state(&server, &bytes).await, UploadState { received: 5000, complete: false });
    let short = put(&server, &at("sum", &bytes)).header("content-range", "bytes */5001");
    let refused = send(short.body(vec![])).await.unwrap_err();
    assert_problem(&refused, 409, "wrong-offset", Some("content-range"), Some(5000));
    server.client.put_circuit(&name("sum"), &shop.file(&bytes)).await.unwrap();

    // And a start that was none of this file costs one attempt.
    for junk in [vec![7; 100], vec![7; 9000]] {
        let bytes = zkey(3, 6000 + junk.len());
        let part = blobs.join(format!("{}.part", Digest::sha256(&bytes)));
        std::fs::write(part, &junk).unwrap();
        server.client.put_circuit(&name("again"), &shop.file(&bytes)).await.unwrap();
        server.client.delete_circuit(&name("again")).await.unwrap();
    }
}

#[tokio::test]
async fn files_are_the_owners_and_old_ones_go() {
    let mut shop = Shop::new();
    let server = shop.start(mocks::good());
    let (kept, part) = (zkey(1, 100), zkey(1, 200));
    server.client.put_circuit(&name("sum"), &shop.file(&kept)).await.unwrap();
    let witness = server.client.put_witness(&shop.file("wtns 1")).await.unwrap();
    let piece = put(&server, &at("other", &part)).header("content-range", "bytes 0-9/200");
    assert_eq!(send(piece.body(part[..10].to_vec())).await, Ok(202));
    let blobs = shop.config.data_dir.join("blobs");
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&blobs), 0o700);
    assert_eq!(shop.blobs().len(), 3);
    for file in shop.blobs() {
        assert_eq!(mode(&blobs.join(file)), 0o600);
    }
    assert!(shop.blobs().contains(&witness.id().to_string()));
    server.kill();
    std::fs::write(blobs.join("stray"), b"not ours").unwrap();
    // Nothing else is old yet.
    let server = shop.start(mocks::good());
    shop.until_blobs(3).await;
    server.kill();
    shop.config.uploads = Uploads { retention: Duration::ZERO, ..Uploads::default() };
    let server = shop.start(mocks::good());
    shop.until_blobs(1).await;
    assert_eq!(shop.blobs(), [Digest::sha256(&kept).to_string()]);
    server.client.circuit(&name("sum")).await.unwrap();
}

/// None of a circuit's files is one that nobody needs.
#[tokio::test]
async fn every_file_of_a_circuit_stays() {
    let mut shop = Shop::new();
    let server = shop.start(mocks::good());
    bring(&shop, &server, &[CircuitPart::Wasm, CircuitPart::R1cs, CircuitPart::Sym]).await;
    assert_eq!(shop.blobs().len(), 4);
    server.kill();
    std::fs::write(shop.config.data_dir.join("blobs").join("stray"), b"not ours").unwrap();
    shop.config.uploads = Uploads { retention: Duration::ZERO, ..Uploads::default() };
    let server = shop.start(mocks::good());
    shop.until_blobs(4).await;
    let circuit = server.client.circuit(&name("sum")).await.unwrap();
    let parts = [circuit.wasm, circuit.r1cs, circuit.sym].map(Option::unwrap);
    for file in [circuit.key].into_iter().chain(parts) {
        assert!(shop.blobs().contains(&file.sha256.to_string()), "{file:?}");
    }
}
