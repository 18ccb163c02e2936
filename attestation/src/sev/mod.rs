//! AMD SEV-SNP: what a report says, whether AMD's keys vouch for it, and whether a policy accepts it.
//!
//! After AMD's documents 56860 (the firmware's interface, with the report), 57230 (certificates of chips' keys) and 56421
//! (the table of certificates).

mod certificates;
mod report;
mod table;
mod tcb;

use serde::Serialize;

use crate::bytes::Hex;
use crate::collateral::Collateral;
use crate::evidence::Evidence;
use crate::policy::SevSnpPolicy;
use crate::refused::Refused;
use certificates::Chain;
pub(crate) use certificates::{LINES, Line};
use report::Report;
pub use tcb::{Processor, Tcb};

/// A guest on AMD SEV-SNP.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct SevSnp {
    /// The kind of processor.
    pub processor: Processor,
    /// The key that signed, and whom AMD made it for.
    pub endorsement: Endorsement,
    /// What the guest was started with.
    pub measurement: Hex<48>,
    /// What the host says of the guest, and nobody checks.
    pub host_data: Hex<32>,
    /// The firmware that AMD's certificate is for. The least of the four: no older one can make such a report.
    pub reported_tcb: Tcb,
    /// The firmware that the host cannot go back behind.
    pub committed_tcb: Tcb,
    /// The firmware that runs.
    pub current_tcb: Tcb,
    /// The firmware that ran when the guest was started.
    pub launch_tcb: Tcb,
    /// The guest's policy, as it was started with.
    pub guest_policy: u64,
    /// The privilege level that the report was asked for from.
    pub vmpl: u32,
}

/// Whom a key that signs reports was made for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Endorsement {
    /// One chip (VCEK), with this id.
    Chip(Hex<64>),
    /// A cloud that loads it into its chips (VLEK), with this name.
    Loaded(String),
}

/// Bits of a guest's policy.
const MIGRATION: u64 = 1 << 18;
const DEBUG: u64 = 1 << 19;

/// What a report says and AMD's keys vouch for, and the data that it was made for.
pub(crate) fn authenticate(
    lines: &[Line],
    evidence: &Evidence,
    collateral: &Collateral,
    now: u64,
) -> Result<(SevSnp, [u8; 64]), Refused> {
    let report = Report::read(evidence.report())?;
    let mut certificates: Vec<&[u8]> = collateral.sev_snp().collect();
    if certificates.is_empty() {
        certificates = table::certificates(evidence.certificates())?;
    }
    let chain = Chain::build(lines, &report, &certificates)?;
    chain.verify(now)?;
    let endorsement = chain.matches(&report)?;
    chain.signed(&report)?;
    Ok((facts(&report, chain.processor(), endorsement), report.report_data()))
}

fn facts(report: &Report<'_>, processor: Processor, endorsement: Endorsement) -> SevSnp {
    SevSnp {
        processor,
        endorsement,
        measurement: report.measurement(),
        host_data: report.host_data(),
        reported_tcb: report.reported_tcb(processor),
        committed_tcb: report.committed_tcb(processor),
        current_tcb: report.current_tcb(processor),
        launch_tcb: report.launch_tcb(processor),
        guest_policy: report.guest_policy(),
        vmpl: report.vmpl(),
    }
}

/// Whether a policy accepts a guest.
pub(crate) fn appraise(guest: &SevSnp, policy: &SevSnpPolicy) -> Result<(), Refused> {
    if guest.guest_policy & DEBUG != 0 {
        return Err(Refused::Debug);
    }
    if guest.guest_policy & MIGRATION != 0 {
        return Err(Refused::Migration);
    }
    if matches!(guest.endorsement, Endorsement::Loaded(_)) && !policy.loaded_keys {
        return Err(Refused::LoadedKey);
    }
    if guest.vmpl > policy.highest_vmpl {
        return Err(Refused::Vmpl(guest.vmpl, policy.highest_vmpl));
    }
    if !policy.measurements.contains(&guest.measurement) {
        return Err(Refused::Measurement(guest.measurement.to_string()));
    }
    let processor = guest.processor;
    let minimum = policy.minimum_tcb.of(processor).ok_or(Refused::Processor(processor))?;
    let versions = [
        ("reported", guest.reported_tcb),
        ("committed", guest.committed_tcb),
        ("current", guest.current_tcb),
        ("launch", guest.launch_tcb),
    ];
    match versions.into_iter().find(|(_, is)| !is.at_least(&minimum)) {
        Some((which, is)) => Err(Refused::Tcb { which, is, minimum }),
        None => Ok(()),
    }
}
