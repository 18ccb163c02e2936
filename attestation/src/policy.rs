//! What a verifier accepts. Plain data, that people write in JSON or TOML.

use serde::{Deserialize, Serialize};

use crate::bytes::Hex;
use crate::evidence::Kind;
use crate::sev::{Processor, Tcb};
use crate::tdx::TcbStatus;

/// What a verifier accepts. A kind that it does not mention is refused; an empty policy refuses everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Policy {
    /// Whether an appliance outside any TEE will do as well. Then nothing is verified of it.
    #[serde(default)]
    pub none: bool,
    /// AMD SEV-SNP, and which.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sev_snp: Option<SevSnpPolicy>,
    /// Intel TDX, and which.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tdx: Option<TdxPolicy>,
}

/// Which guests on AMD SEV-SNP are accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SevSnpPolicy {
    /// Launch measurements: of firmware, and of kernel, initrd and command line where the firmware has their hashes.
    pub measurements: Vec<Hex<48>>,
    /// The least versions of firmware that are accepted.
    pub minimum_tcb: MinimumTcb,
    /// The highest privilege level (the least privileged one) that a report may be asked for from.
    #[serde(default)]
    pub highest_vmpl: u32,
    /// Whether keys will do that AMD lent to a cloud, which stand for many chips.
    #[serde(default)]
    pub loaded_keys: bool,
}

/// The least version of each part of a processor's firmware. Processors that are left out are not accepted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct MinimumTcb {
    /// Of EPYC 7003.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub milan: Option<Tcb>,
    /// Of EPYC 9004, 8004 and 97x4.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub genoa: Option<Tcb>,
    /// Of EPYC 9005.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub turin: Option<Tcb>,
}

/// Which trust domains on Intel TDX are accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct TdxPolicy {
    /// Measurements, each of a whole domain.
    pub measurements: Vec<Registers>,
    /// What Intel may say of the platform.
    #[serde(default = "up_to_date")]
    pub statuses: Vec<TcbStatus>,
    /// The least number of the evaluation by which Intel says it (`tcbEvaluationDataNumber`).
    #[serde(default)]
    pub minimum_evaluation: u32,
    /// How many seconds ago Intel may have said it; until it expires, if there is no number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maximum_age: Option<u64>,
}

/// What is measured of a trust domain. Registers that are left out may have any value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Registers {
    /// What it was started with: its firmware.
    pub mrtd: Hex<48>,
    /// Its firmware's configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rtmr0: Option<Hex<48>>,
    /// Its kernel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rtmr1: Option<Hex<48>>,
    /// Its command line and initrd.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rtmr2: Option<Hex<48>>,
    /// What its programs extended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rtmr3: Option<Hex<48>>,
}

fn up_to_date() -> Vec<TcbStatus> {
    vec![TcbStatus::UpToDate]
}

impl Policy {
    /// Whether it accepts anything of that kind.
    #[must_use]
    pub fn mentions(&self, kind: Kind) -> bool {
        match kind {
            Kind::None => self.none,
            Kind::SevSnp => self.sev_snp.is_some(),
            Kind::Tdx => self.tdx.is_some(),
        }
    }
}

impl MinimumTcb {
    /// That of a kind of processor, if it is accepted.
    #[must_use]
    pub fn of(&self, processor: Processor) -> Option<Tcb> {
        match processor {
            Processor::Milan => self.milan,
            Processor::Genoa => self.genoa,
            Processor::Turin => self.turin,
        }
    }
}

impl Registers {
    /// Whether a domain is the one that is meant.
    pub(crate) fn allow(&self, mrtd: Hex<48>, rtmrs: &[Hex<48>; 4]) -> bool {
        let allowed = [self.rtmr0, self.rtmr1, self.rtmr2, self.rtmr3];
        let mut pairs = allowed.into_iter().zip(rtmrs);
        self.mrtd == mrtd && pairs.all(|(allowed, is)| allowed.is_none_or(|allowed| allowed == *is))
    }
}
