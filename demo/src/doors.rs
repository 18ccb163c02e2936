//! The appliance's doors: a certificate of an authority that is made for the demo, and a token for everybody who asks.

use std::io;
use std::path::Path;
use std::sync::Arc;

use pulseproof_files::{Readers, private_folder, write_bytes};
use pulseproof_sdk::Name;
use pulseproof_sdk::access::{ApiToken, Role};
use pulseproof_sdk::client::{Access, ApplianceClient, ClientError};
use pulseproof_service::Doors;
use pulseproof_service::doors::tls::{Tls, TlsFiles};
use pulseproof_store::sqlite::SqliteStore;
use pulseproof_store::tokens::StoredToken;
use pulseproof_store::{Clock, Store, SystemClock, Tokens};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};

use crate::DemoError;

/// Makes certificates and tokens.
pub(crate) struct Porter {
    /// Who vouches for the appliance, in PEM.
    authority: Vec<u8>,
    files: TlsFiles,
    store: SqliteStore,
}

impl Porter {
    /// Makes a certificate for this machine, in a folder beside the appliance's store, and opens the store.
    pub async fn new(folder: &Path, store: &Path) -> Result<Self, DemoError> {
        private_folder(folder)?;
        let files = TlsFiles {
            certificate: folder.join("certificate.pem"),
            key: folder.join("key.pem"),
            client_authority: None,
        };
        let authority = certify(&files).map_err(io::Error::other)?;
        private_folder(store)?;
        let store = SqliteStore::open_any(store, Arc::new(SystemClock)).await?;
        Ok(Self { authority, files, store })
    }

    /// Doors that nobody looks through.
    pub fn doors(&self) -> Result<Doors, DemoError> {
        let tls = Tls::read(&self.files).map_err(io::Error::other)?;
        Ok(Doors { tls: Some(tls), ..Doors::default() })
    }

    /// Makes a token, for one region or all of them.
    pub async fn token(
        &self,
        name: &str,
        role: Role,
        region: Option<&Name>,
    ) -> Result<ApiToken, DemoError> {
        let token = ApiToken::random().map_err(io::Error::other)?;
        let stored = StoredToken {
            id: token.id(),
            digest: token.digest(),
            name: name.parse().map_err(io::Error::other)?,
            role,
            regions: region.map(|region| [region.clone()].into()),
            created: SystemClock.now(),
            expires: None,
            revoked: None,
        };
        self.store.add_token(&stored).await?;
        Ok(token)
    }

    /// A client that trusts the certificate, and says by this token who it is.
    pub fn client(&self, url: &str, token: ApiToken) -> Result<ApplianceClient, ClientError> {
        let (token, authority) = (Some(token), Some(self.authority.clone()));
        ApplianceClient::with(url, Access { token, authority, certificate: None })
    }

    /// Lets go of the store.
    pub async fn leave(self) {
        self.store.close().await;
    }
}

/// Writes a certificate for this machine and its key; the certificate of who vouches for it.
fn certify(files: &TlsFiles) -> Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>> {
    let mut authority = CertificateParams::new(Vec::new())?;
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    let authority_key = KeyPair::generate()?;
    let vouched = authority.self_signed(&authority_key)?.pem();
    let issuer = Issuer::new(authority, authority_key);
    let key = KeyPair::generate()?;
    let certificate = CertificateParams::new(["127.0.0.1".to_owned()])?.signed_by(&key, &issuer)?;
    write_bytes(&files.certificate, Readers::Everybody, certificate.pem().as_bytes())?;
    write_bytes(&files.key, Readers::Owner, key.serialize_pem().as_bytes())?;
    Ok(vouched.into_bytes())
}
