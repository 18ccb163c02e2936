//! What vendors publish about their chips, and verifiers bring along. All of it is signed by the vendor: where it comes
//! from does not matter, only how old it is.

use dcap_qvl::QuoteCollateralV3;
use serde::Deserialize;

use crate::COLLATERAL_LIMIT;
use crate::bytes::Blob;
use crate::object::Object;

/// What a verifier has beside evidence.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Collateral {
    /// AMD's certificates of a chip's key, or of a loaded one and its authority, in DER. If there are any, those that
    /// the appliance sent are not looked at.
    #[serde(default)]
    sev_snp: Vec<Certificate>,
    /// Intel's, as `dcap-qvl` and other clients of a PCCS write it.
    #[serde(default)]
    tdx: Option<QuoteCollateralV3>,
}

/// AMD's have 1.4 KiB.
const CERTIFICATE_LIMIT: usize = 16 << 10;

type Certificate = Blob<CERTIFICATE_LIMIT>;

/// Collateral that is not read.
#[derive(Debug, thiserror::Error)]
pub enum BadCollateral {
    /// More than collateral can be.
    #[error("{0} bytes of collateral; at most {1} are read")]
    TooLong(usize, usize),
    /// No collateral in JSON.
    #[error("no collateral in JSON: {0}")]
    Json(#[from] serde_json::Error),
}

impl Collateral {
    /// Nothing: of SEV-SNP the appliance may have sent all that is needed.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Reads `{"sev-snp": [base64 of DER …], "tdx": {…}}`, each of which may be left out.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn from_json(json: &[u8]) -> Result<Self, BadCollateral> {
        let Object(collateral) = serde_json::from_slice(within(json, COLLATERAL_LIMIT)?)?;
        Ok(collateral)
    }

    /// Adds a certificate of AMD's, in DER, as its key server gives it.
    ///
    /// # Errors
    /// If it is too long for one.
    pub fn with_sev_snp(mut self, der: &[u8]) -> Result<Self, BadCollateral> {
        self.sev_snp.push(Blob(within(der, CERTIFICATE_LIMIT)?.to_vec()));
        Ok(self)
    }

    /// Adds Intel's, in JSON.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn with_tdx(mut self, json: &[u8]) -> Result<Self, BadCollateral> {
        self.tdx = Some(serde_json::from_slice(within(json, COLLATERAL_LIMIT)?)?);
        Ok(self)
    }

    pub(crate) fn sev_snp(&self) -> impl Iterator<Item = &[u8]> {
        self.sev_snp.iter().map(|certificate| &certificate.0[..])
    }

    pub(crate) fn tdx(&self) -> Option<&QuoteCollateralV3> {
        self.tdx.as_ref()
    }
}

fn within(bytes: &[u8], limit: usize) -> Result<&[u8], BadCollateral> {
    if bytes.len() > limit { Err(BadCollateral::TooLong(bytes.len(), limit)) } else { Ok(bytes) }
}
