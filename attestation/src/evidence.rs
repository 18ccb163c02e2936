//! What an appliance answers who asks where it runs. Reads and writes JSON, and no files.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::binding::Binding;
use crate::bytes::{Blob, Hex};
use crate::object::Object;
use crate::{COLLATERAL_LIMIT, REPORT_LIMIT};

/// The longest JSON of evidence: base64 takes four characters for three bytes.
const JSON_LIMIT: usize = (REPORT_LIMIT + COLLATERAL_LIMIT) / 3 * 4 + 1024;

/// What somebody says of where they run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Nothing: there is no TEE, or none that the kernel has reports of.
    None,
    /// AMD SEV-SNP.
    SevSnp,
    /// Intel TDX.
    Tdx,
}

/// A TEE's report for a key and a nonce, or that there is none. It is what somebody says: [`crate::verify()`] tells
/// whether it is true.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Object<Wire>", into = "Wire")]
pub struct Evidence {
    kind: Kind,
    binding: Binding,
    report: Vec<u8>,
    certificates: Vec<u8>,
}

/// Evidence that is not read.
#[derive(Debug, thiserror::Error)]
pub enum BadEvidence {
    /// More than evidence can be.
    #[error("evidence of {0} bytes; at most {JSON_LIMIT} are read")]
    TooLong(usize),
    /// No evidence in JSON.
    #[error("no evidence in JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// A report where none is said to be, or none where one is; certificates beside a quote, which has them inside.
    #[error("evidence of kind `{0}` does not have these parts")]
    Parts(Kind),
    /// More bytes than a report or its certificates may have.
    #[error("{0} bytes of {1}; at most {2} are taken")]
    Size(usize, &'static str, usize),
}

/// As it is written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    kind: Kind,
    key: Hex<32>,
    nonce: Hex<32>,
    #[serde(default, deserialize_with = "Blob::present", skip_serializing_if = "Option::is_none")]
    report: Option<Blob<REPORT_LIMIT>>,
    #[serde(default, deserialize_with = "Blob::present", skip_serializing_if = "Option::is_none")]
    certificates: Option<Blob<COLLATERAL_LIMIT>>,
}

impl Evidence {
    /// That there is none, for who asked.
    #[must_use]
    pub fn none(binding: Binding) -> Self {
        Self { kind: Kind::None, binding, report: Vec::new(), certificates: Vec::new() }
    }

    /// Of a report, and of the certificates that came with it (none is an empty slice).
    ///
    /// # Errors
    /// [`BadEvidence::Parts`] for the kind `none`, an empty report, or a quote with certificates beside it;
    /// [`BadEvidence::Size`].
    pub fn new(
        kind: Kind,
        binding: Binding,
        report: Vec<u8>,
        certificates: Vec<u8>,
    ) -> Result<Self, BadEvidence> {
        let beside = kind == Kind::SevSnp || certificates.is_empty();
        if kind == Kind::None || report.is_empty() || !beside {
            return Err(BadEvidence::Parts(kind));
        }
        within(report.len(), "a report", REPORT_LIMIT)?;
        within(certificates.len(), "certificates", COLLATERAL_LIMIT)?;
        Ok(Self { kind, binding, report, certificates })
    }

    /// Reads JSON that somebody sent.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn from_json(json: &[u8]) -> Result<Self, BadEvidence> {
        if json.len() > JSON_LIMIT {
            return Err(BadEvidence::TooLong(json.len()));
        }
        Ok(serde_json::from_slice(json)?)
    }

    /// What it says of where its appliance runs.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The key and the nonce that it says it is for.
    #[must_use]
    pub fn binding(&self) -> &Binding {
        &self.binding
    }

    /// The report, as the TEE gave it.
    #[must_use]
    pub fn report(&self) -> &[u8] {
        &self.report
    }

    /// The certificates that the host put beside it: a table, as SEV-SNP has it. TDX has none.
    #[must_use]
    pub fn certificates(&self) -> &[u8] {
        &self.certificates
    }
}

fn within(len: usize, what: &'static str, limit: usize) -> Result<(), BadEvidence> {
    if len > limit { Err(BadEvidence::Size(len, what, limit)) } else { Ok(()) }
}

impl TryFrom<Object<Wire>> for Evidence {
    type Error = BadEvidence;

    fn try_from(Object(wire): Object<Wire>) -> Result<Self, BadEvidence> {
        let binding = Binding { key: wire.key, nonce: wire.nonce };
        let certificates = wire.certificates.map(|blob| blob.0);
        match (wire.kind, wire.report) {
            (Kind::None, None) if certificates.is_none() => Ok(Self::none(binding)),
            (kind, Some(report)) => {
                Self::new(kind, binding, report.0, certificates.unwrap_or_default())
            }
            (kind, None) => Err(BadEvidence::Parts(kind)),
        }
    }
}

impl From<Evidence> for Wire {
    fn from(evidence: Evidence) -> Self {
        let Binding { key, nonce } = evidence.binding;
        let report = (!evidence.report.is_empty()).then_some(Blob(evidence.report));
        let certificates =
            (!evidence.certificates.is_empty()).then_some(Blob(evidence.certificates));
        Self { kind: evidence.kind, key, nonce, report, certificates }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "none",
            Self::SevSnp => "sev-snp",
            Self::Tdx => "tdx",
        })
    }
}

impl fmt::Debug for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (report, certificates) = (self.report.len(), self.certificates.len());
        write!(f, "Evidence({}, {:?}, ", self.kind, self.binding)?;
        write!(f, "{report} bytes of a report, {certificates} of certificates)")
    }
}
