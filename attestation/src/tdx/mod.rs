//! Intel TDX: what a quote says, whether Intel's keys vouch for it, and whether a policy accepts it. Signatures,
//! certificates, revocations and Intel's verdicts are `dcap-qvl`'s; what it does not look at is refused here.

mod quote;

use dcap_qvl::configs::RingConfig;
use dcap_qvl::verify::QuoteVerifier;
use dcap_qvl::{QuoteClaims, QuoteCollateralV3, QuotePolicy};
use serde::{Deserialize, Serialize};
use x509_cert::der::DateTime;

pub use dcap_qvl::TcbStatus;
pub(crate) use quote::without_padding;

use crate::bytes::Hex;
use crate::collateral::Collateral;
use crate::evidence::Evidence;
use crate::policy::TdxPolicy;
use crate::refused::Refused;

/// Intel's root of provisioning certificates, in DER.
pub(crate) const ROOT: &[u8] = include_bytes!("intel-root.der");

/// A trust domain on Intel TDX.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Tdx {
    /// What it was started with: its firmware.
    pub mrtd: Hex<48>,
    /// What was measured since: configuration, kernel, command line, programs.
    pub rtmrs: [Hex<48>; 4],
    /// What the host says of it, and nobody checks: its configuration.
    pub mr_config_id: Hex<48>,
    /// Its owner.
    pub mr_owner: Hex<48>,
    /// Its owner's configuration.
    pub mr_owner_config: Hex<48>,
    /// Its attributes. None of them lets anybody debug, profile or move it.
    pub attributes: Hex<8>,
    /// The versions of the TDX module and what is below it.
    pub tee_tcb_svn: Hex<16>,
    /// The kind of platform.
    pub fmspc: Hex<6>,
    /// What Intel says of the platform.
    pub status: TcbStatus,
    /// Intel's advisories on it.
    pub advisories: Vec<String>,
    /// The number of the evaluation by which Intel says it.
    pub evaluation: u32,
    /// When Intel said it, in seconds since 1970.
    pub issued: u64,
    /// When the first part of the collateral expires.
    pub expires: u64,
}

/// What a quote says and Intel's keys vouch for, and the data that it was made for.
pub(crate) fn authenticate(
    root: &[u8],
    evidence: &Evidence,
    collateral: &Collateral,
    now: u64,
) -> Result<(Tdx, [u8; 64]), Refused> {
    let quote = evidence.report();
    quote::canonical(quote, root)?;
    let mut collateral = collateral.tdx().ok_or(Refused::NoCollateral)?.clone();
    let issued = issued(&collateral)?;
    // The quote has the platform's certificates, and another chain would take their place unseen.
    collateral.pck_certificate_chain = None;
    let claims = QuoteVerifier::<RingConfig>::new_with_config(root.to_vec())
        .verify_with_policy(quote, collateral, now, &QuotePolicy::claims_only(now))
        .map_err(|error| Refused::Quote(format!("{error:#}")))?;
    facts(claims, issued)
}

fn facts(claims: QuoteClaims, issued: u64) -> Result<(Tdx, [u8; 64]), Refused> {
    let domain = claims.report.as_td10();
    let domain = domain.ok_or_else(|| Refused::Quote("it is of no trust domain".to_owned()))?;
    let facts = Tdx {
        mrtd: Hex(domain.mr_td),
        rtmrs: [domain.rt_mr0, domain.rt_mr1, domain.rt_mr2, domain.rt_mr3].map(Hex),
        mr_config_id: Hex(domain.mr_config_id),
        mr_owner: Hex(domain.mr_owner),
        mr_owner_config: Hex(domain.mr_owner_config),
        attributes: Hex(domain.td_attributes),
        tee_tcb_svn: Hex(domain.tee_tcb_svn),
        fmspc: Hex(claims.platform.pck.fmspc),
        status: claims.tcb.status,
        advisories: claims.tcb.advisory_ids,
        evaluation: claims.tcb.eval_data_number,
        issued,
        expires: claims.earliest_expiration_date,
    };
    Ok((facts, domain.report_data))
}

/// The older of the dates of what Intel says of platforms and of quoting enclaves. They are used after their signatures
/// have been verified, and not before.
fn issued(collateral: &QuoteCollateralV3) -> Result<u64, Refused> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Dated {
        issue_date: DateText,
    }
    let date = |json: &str| {
        let Dated { issue_date: DateText(date) } = serde_json::from_str(json)
            .map_err(|error| Refused::Quote(format!("collateral without a date: {error}")))?;
        Ok(date)
    };
    Ok(date(&collateral.tcb_info)?.min(date(&collateral.qe_identity)?))
}

/// A date as Intel writes it, in seconds since 1970.
#[derive(Deserialize)]
#[serde(try_from = "String")]
struct DateText(u64);

impl TryFrom<String> for DateText {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let date: DateTime = text.parse().map_err(|_| format!("{text} is no date"))?;
        Ok(Self(date.unix_duration().as_secs()))
    }
}

/// Whether a policy accepts a domain.
pub(crate) fn appraise(domain: &Tdx, policy: &TdxPolicy, now: u64) -> Result<(), Refused> {
    if !policy.measurements.iter().any(|one| one.allow(domain.mrtd, &domain.rtmrs)) {
        let [rtmr0, rtmr1, rtmr2, rtmr3] = domain.rtmrs;
        let is = format!("{}, {rtmr0}, {rtmr1}, {rtmr2}, {rtmr3}", domain.mrtd);
        return Err(Refused::Measurement(is));
    }
    if !policy.statuses.contains(&domain.status) {
        let (status, advisories) = (domain.status, domain.advisories.clone());
        return Err(Refused::Status { status, advisories });
    }
    if domain.evaluation < policy.minimum_evaluation {
        return Err(Refused::Evaluation(domain.evaluation, policy.minimum_evaluation));
    }
    let age = now.saturating_sub(domain.issued);
    match policy.maximum_age {
        Some(maximum) if age > maximum => Err(Refused::Age(age, maximum)),
        _ => Ok(()),
    }
}
