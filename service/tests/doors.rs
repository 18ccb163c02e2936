//! TLS, over real sockets: who is let in with which certificate, and what is no TLS at all.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs::Permissions;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::get;
use pulseproof_service::doors::tls::{Tls, TlsError, TlsFiles};
use pulseproof_service::{Doors, serve_routes};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use reqwest::{Certificate, Client, Identity};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

/// Somebody who vouches for others.
struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { pem, issuer: Issuer::new(params, key) }
    }

    /// A certificate and its key.
    fn vouch(&self, name: &str) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new([name.to_owned()]).unwrap();
        (params.signed_by(&key, &self.issuer).unwrap().pem(), key.serialize_pem())
    }
}

fn write(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
    path
}

/// A service with a certificate, whose clients need one if somebody vouches for them.
async fn serve(
    authority: &Authority,
    clients: Option<&Authority>,
) -> (TempDir, SocketAddr, oneshot::Sender<()>) {
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = authority.vouch("127.0.0.1");
    let files = TlsFiles {
        certificate: write(folder.path(), "certificate", &certificate),
        key: write(folder.path(), "key", &key),
        client_authority: clients.map(|clients| write(folder.path(), "clients", &clients.pem)),
    };
    let tls = Some(Tls::read(&files).unwrap());
    let doors = Doors { tls, head_timeout: Duration::from_secs(2), ..Doors::default() };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let routes = Router::new().route("/", get(async || "hello"));
    tokio::spawn(serve_routes(routes, listener, doors, async { drop(stopped.await) }));
    (folder, address, stop)
}

fn trusting(authority: &Authority) -> reqwest::ClientBuilder {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let certificate = Certificate::from_pem(authority.pem.as_bytes()).unwrap();
    Client::builder().tls_certs_only([certificate])
}

async fn hello(client: &Client, address: SocketAddr) -> Option<String> {
    client.get(format!("https://{address}/")).send().await.ok()?.text().await.ok()
}

#[tokio::test]
async fn who_trusts_the_certificate_is_answered() {
    let authority = Authority::new();
    let (_folder, address, _stop) = serve(&authority, None).await;
    let client = trusting(&authority).build().unwrap();
    assert_eq!(hello(&client, address).await.as_deref(), Some("hello"));
    // Whoever trusts another one hangs up.
    let client = trusting(&Authority::new()).build().unwrap();
    assert_eq!(hello(&client, address).await, None);
}

#[tokio::test]
async fn where_clients_need_a_certificate_only_those_with_a_good_one_come_in() {
    let (authority, clients) = (Authority::new(), Authority::new());
    let (_folder, address, _stop) = serve(&authority, Some(&clients)).await;
    let with = |vouching: &Authority| {
        let (certificate, key) = vouching.vouch("gateway-7");
        let identity = Identity::from_pem(format!("{certificate}{key}").as_bytes()).unwrap();
        trusting(&authority).identity(identity).build().unwrap()
    };
    assert_eq!(hello(&with(&clients), address).await.as_deref(), Some("hello"));
    assert_eq!(hello(&with(&authority), address).await, None);
    assert_eq!(hello(&trusting(&authority).build().unwrap(), address).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_tls_ends_and_keeps_nobody_out() {
    let authority = Authority::new();
    let (_folder, address, _stop) = serve(&authority, None).await;
    let read = |mut stream: TcpStream| {
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let mut bytes = Vec::new();
        // The other side may hang up in any way.
        let _ = stream.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    };
    let mut plain = TcpStream::connect(address).unwrap();
    plain.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").unwrap();
    let silent = TcpStream::connect(address).unwrap();
    let mut rubbish = TcpStream::connect(address).unwrap();
    rubbish.write_all(&[0x16, 3, 1, 0xff, 0xff, 1]).unwrap();
    let client = trusting(&authority).build().unwrap();
    assert_eq!(hello(&client, address).await.as_deref(), Some("hello"));
    let since = Instant::now();
    for stream in [plain, silent, rubbish] {
        assert!(!read(stream).contains("hello"));
    }
    assert!(since.elapsed() < Duration::from_secs(15));
}

#[test]
fn files_that_do_not_fit_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let (certificate, key) = authority.vouch("127.0.0.1");
    let (_, other) = authority.vouch("127.0.0.1");
    let at = |name: &str, text: &str| write(folder.path(), name, text);
    let good = TlsFiles {
        certificate: at("certificate", &certificate),
        key: at("key", &key),
        client_authority: None,
    };
    Tls::read(&good).unwrap();
    let missing = folder.path().join("missing");
    for (files, expected) in [
        (TlsFiles { certificate: missing.clone(), ..good.clone() }, "missing"),
        (TlsFiles { key: missing.clone(), ..good.clone() }, "missing"),
        (TlsFiles { client_authority: Some(missing), ..good.clone() }, "missing"),
        (TlsFiles { certificate: at("empty", ""), ..good.clone() }, "no certificate"),
        (TlsFiles { certificate: good.key.clone(), ..good.clone() }, "no certificate"),
        (TlsFiles { key: at("other", &other), ..good.clone() }, "certificate and key"),
        (TlsFiles { key: good.certificate.clone(), ..good.clone() }, "no private key"),
    ] {
        let error: TlsError = Tls::read(&files).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    }
    std::fs::set_permissions(&good.key, Permissions::from_mode(0o644)).unwrap();
    let error = Tls::read(&good).unwrap_err();
    assert!(error.to_string().contains("everybody may read"), "{error}");
}
