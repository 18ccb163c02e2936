//! TLS: the service's certificate, and, where they are asked for, its clients'. Touches the files that it is told.

use std::fmt;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{VerifierBuilderError, WebPkiClientVerifier};
use rustls::{RootCertStore, ServerConfig};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// What connections are made secret with.
#[derive(Clone)]
pub struct Tls(TlsAcceptor);

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls(secret)")
    }
}

/// Where certificates and the key are: PEM files.
#[derive(Clone, Debug)]
pub struct TlsFiles {
    /// The service's certificate, and those between it and its authority.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
    /// Who vouches for clients; without, clients need no certificate.
    pub client_authority: Option<PathBuf>,
}

/// Why there is no TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read, or is not what it should be.
    #[error("{}: {source}", path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// What happened.
        source: pem::Error,
    },
    /// A file has no certificate.
    #[error("{}: no certificate in it: expected PEM", .0.display())]
    NoCertificate(PathBuf),
    /// A file has no key.
    #[error("{}: no private key in it: expected PEM", .0.display())]
    NoKey(PathBuf),
    /// Everybody may read the key.
    #[error("{}: everybody may read this key: chmod o= it, and make another one", .0.display())]
    Open(PathBuf),
    /// The certificate and the key are no good together.
    #[error("certificate and key: {0}: is the key that of the first certificate in the file?")]
    Pair(#[from] rustls::Error),
    /// Who vouches for clients is no good.
    #[error("the clients' authority: {0}")]
    Clients(#[from] VerifierBuilderError),
}

impl Tls {
    /// Reads certificates and the key.
    ///
    /// # Errors
    /// A file cannot be read, or does not fit the others.
    pub fn read(files: &TlsFiles) -> Result<Self, TlsError> {
        let provider = Arc::new(ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider));
        let builder = builder.with_safe_default_protocol_versions()?;
        let builder = match &files.client_authority {
            None => builder.with_no_client_auth(),
            Some(path) => {
                let mut roots = RootCertStore::empty();
                for certificate in certificates(path)? {
                    roots.add(certificate)?;
                }
                let verifier =
                    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
                builder.with_client_cert_verifier(verifier.build()?)
            }
        };
        let mut config =
            builder.with_single_cert(certificates(&files.certificate)?, key(&files.key)?)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self(TlsAcceptor::from(Arc::new(config))))
    }

    pub(super) async fn accept(&self, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        self.0.accept(stream).await
    }
}

fn key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    let mode = path.metadata().map(|metadata| metadata.permissions().mode());
    // A group may read it: those of certificates usually do.
    if mode.is_ok_and(|mode| mode & 0o007 != 0) {
        return Err(TlsError::Open(path.to_owned()));
    }
    PrivateKeyDer::from_pem_file(path).map_err(|source| match source {
        pem::Error::NoItemsFound => TlsError::NoKey(path.to_owned()),
        source => TlsError::File { path: path.to_owned(), source },
    })
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let failed = |source| TlsError::File { path: path.to_owned(), source };
    let found: Result<Vec<_>, _> = CertificateDer::pem_file_iter(path).map_err(failed)?.collect();
    let found = found.map_err(failed)?;
    if found.is_empty() { Err(TlsError::NoCertificate(path.to_owned())) } else { Ok(found) }
}
