//! Why evidence is refused, in words that whoever runs the appliance can act on.

use crate::bytes::Hex;
use crate::evidence::Kind;
use crate::sev::{Processor, Tcb};
use crate::tdx::TcbStatus;

/// What failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// A kind that the policy does not mention.
    #[error("evidence is of kind `{0}`, which the policy does not accept")]
    Kind(Kind),
    /// An answer to another question.
    #[error("evidence has another nonce than it was asked for with: ask again")]
    Nonce,
    /// Another appliance's.
    #[error("evidence is for the key {0}, and another appliance was asked for")]
    Key(Hex<32>),
    /// A report for something else than the evidence says.
    #[error("the report was made for other data than this key and this nonce")]
    ReportData,
    /// A report that has no meaning.
    #[error("the report cannot be read: {0}")]
    Report(String),
    /// Nobody has AMD's certificate.
    #[error("no certificate of the chip's key is there; AMD has it at {0}")]
    NoCertificate(String),
    /// The host's table of certificates has no meaning.
    #[error("the certificates beside the report cannot be read: {0}")]
    Certificates(&'static str),
    /// One of AMD's certificates.
    #[error("the certificate of {of} is refused: {why}")]
    Certificate {
        /// Whose.
        of: &'static str,
        /// Why.
        why: String,
    },
    /// A certificate of another chip's key.
    #[error("the certificate is of another chip than the report")]
    Chip,
    /// A report that does not say on which chip it was made.
    #[error("the host hides the chip's id, so that no certificate can be compared with it")]
    HiddenChip,
    /// A certificate of the chip's key for other firmware.
    #[error("the certificate is for firmware {certificate}, the report says {report}")]
    CertifiedTcb {
        /// What AMD signed.
        certificate: Tcb,
        /// What the chip reports.
        report: Tcb,
    },
    /// A certificate of another kind of processor.
    #[error("the certificate is of {certificate}, and the report of another processor")]
    OtherProcessor {
        /// What AMD signed.
        certificate: Processor,
    },
    /// A report that the certificate's key did not sign.
    #[error("the report's signature is not by the key of its certificate")]
    Signature,
    /// Memory that the host can read.
    #[error("the guest's policy lets the host debug it: start it without")]
    Debug,
    /// Memory that can go elsewhere.
    #[error("the guest's policy lets a migration agent move it: start it without")]
    Migration,
    /// A report that a less privileged part asked for.
    #[error("the report was asked for at VMPL {0}, and the policy allows none above {1}")]
    Vmpl(u32, u32),
    /// Another program.
    #[error("the measurement {0} is not among those of the policy")]
    Measurement(String),
    /// A processor that the policy does not mention.
    #[error("processors of the kind {0} are not accepted by the policy")]
    Processor(Processor),
    /// A key that stands for many chips.
    #[error("the report is signed by a loaded key (VLEK), which the policy does not accept")]
    LoadedKey,
    /// Firmware with known holes.
    #[error("the {which} firmware is {is}, and the policy's minimum {minimum}: update the host")]
    Tcb {
        /// Which of the four versions a report has.
        which: &'static str,
        /// What it is.
        is: Tcb,
        /// What it should be.
        minimum: Tcb,
    },
    /// Nobody has what Intel says of the platform.
    #[error("no collateral of Intel's is there: fetch it from a PCCS for this quote")]
    NoCollateral,
    /// A quote that Intel's keys do not vouch for, or collateral that is wrong or expired.
    #[error("the quote is refused: {0}")]
    Quote(String),
    /// A platform with known holes.
    #[error("Intel says of the platform: {status:?} ({}), which the policy does not accept", .advisories.join(", "))]
    Status {
        /// What it says.
        status: TcbStatus,
        /// Its advisories.
        advisories: Vec<String>,
    },
    /// An old evaluation.
    #[error("the collateral is of Intel's evaluation {0}, and the policy's minimum is {1}")]
    Evaluation(u32, u32),
    /// Old collateral, although it has not expired.
    #[error("the collateral is {0} s old, and the policy allows {1} s: fetch it again")]
    Age(u64, u64),
}
