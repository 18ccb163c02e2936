//! All checks of evidence, in one function: whoever calls it can leave none out. Touches nothing but its arguments.

use serde::Serialize;

use crate::binding::Binding;
use crate::collateral::Collateral;
use crate::evidence::{Evidence, Kind};
use crate::policy::Policy;
use crate::refused::Refused;
use crate::sev::{self, Line, SevSnp};
use crate::tdx::{self, Tdx};

/// What was verified.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Verified {
    /// What the appliance runs in.
    pub kind: Kind,
    /// The key that is in the report, and the nonce.
    #[serde(flatten)]
    pub binding: Binding,
    /// What vouches for that; nothing if the policy accepts an appliance outside any TEE, and this is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tee: Option<Tee>,
}

/// What a report says, and its vendor's keys vouch for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tee {
    /// AMD SEV-SNP.
    SevSnp(SevSnp),
    /// Intel TDX.
    Tdx(Box<Tdx>),
}

/// Whom reports are traced back to.
pub(crate) struct Roots {
    pub(crate) amd: &'static [Line],
    pub(crate) intel: &'static [u8],
}

/// AMD and Intel.
const BUILT_IN: Roots = Roots { amd: &sev::LINES, intel: tdx::ROOT };

/// Verifies evidence that an appliance gave for a key and a nonce, as of `now`, in seconds since 1970. The key is the
/// one by which the verifier knows the appliance, and the nonce 32 random bytes that it asked with: neither is taken from
/// the evidence.
///
/// # Errors
/// The first thing that is wrong.
pub fn verify(
    evidence: &Evidence,
    asked: &Binding,
    collateral: &Collateral,
    policy: &Policy,
    now: u64,
) -> Result<Verified, Refused> {
    verify_under(&BUILT_IN, evidence, asked, collateral, policy, now)
}

fn verify_under(
    roots: &Roots,
    evidence: &Evidence,
    asked: &Binding,
    collateral: &Collateral,
    policy: &Policy,
    now: u64,
) -> Result<Verified, Refused> {
    let (kind, binding) = (evidence.kind(), *evidence.binding());
    if !policy.mentions(kind) {
        return Err(Refused::Kind(kind));
    }
    if binding.nonce != asked.nonce {
        return Err(Refused::Nonce);
    }
    if binding.key != asked.key {
        return Err(Refused::Key(binding.key));
    }
    let Some(Authentic { tee, report_data }) = authenticate(roots, evidence, collateral, now)?
    else {
        return Ok(Verified { kind, binding, tee: None });
    };
    if report_data != asked.report_data() {
        return Err(Refused::ReportData);
    }
    appraise(&tee, policy, now)?;
    Ok(Verified { kind, binding, tee: Some(tee) })
}

/// A report that its vendor's keys vouch for, whatever it says.
#[derive(Debug)]
struct Authentic {
    tee: Tee,
    report_data: [u8; 64],
}

/// Nothing if there is no TEE.
fn authenticate(
    roots: &Roots,
    evidence: &Evidence,
    collateral: &Collateral,
    now: u64,
) -> Result<Option<Authentic>, Refused> {
    let (tee, report_data) = match evidence.kind() {
        Kind::None => return Ok(None),
        Kind::SevSnp => {
            let (facts, data) = sev::authenticate(roots.amd, evidence, collateral, now)?;
            (Tee::SevSnp(facts), data)
        }
        Kind::Tdx => {
            let (facts, data) = tdx::authenticate(roots.intel, evidence, collateral, now)?;
            (Tee::Tdx(Box::new(facts)), data)
        }
    };
    Ok(Some(Authentic { tee, report_data }))
}

/// Whether the policy accepts what a report says.
fn appraise(tee: &Tee, policy: &Policy, now: u64) -> Result<(), Refused> {
    match tee {
        Tee::SevSnp(facts) => {
            let policy = policy.sev_snp.as_ref().ok_or(Refused::Kind(Kind::SevSnp))?;
            sev::appraise(facts, policy)
        }
        Tee::Tdx(facts) => {
            let policy = policy.tdx.as_ref().ok_or(Refused::Kind(Kind::Tdx))?;
            tdx::appraise(facts, policy, now)
        }
    }
}

#[cfg(test)]
mod tests;
