//! Reports of real machines, published with the libraries that `tests/vectors/README.md` names. They were made for
//! others, so that everything verifies but the data.

use dcap_qvl::configs::RingConfig;
use dcap_qvl::verify::QuoteVerifier;

use super::*;
use crate::tdx::without_padding;

/// 20 June 2025, at midnight: Intel's collateral is of the day before.
pub(super) const NOW: u64 = 1_750_377_600;
/// 4 April 2030: AMD's certificate has expired the day before.
const AMD_EXPIRED: u64 = 1_901_491_200;
/// 20 July 2025: Intel's collateral has expired the day before.
const INTEL_EXPIRED: u64 = 1_752_969_600;

/// 19 February and 9 October 2026, for the other two quotes.
const OUTDATED_NOW: u64 = 1_771_459_200;
const NEWER_NOW: u64 = 1_791_504_000;

pub(super) const VCEK: &[u8] = include_bytes!("../../../tests/vectors/sev/vcek_milan.der");
const TURIN: &[u8] = include_bytes!("../../../tests/vectors/sev/vcek_turin.der");
pub(super) const COLLATERAL: &[u8] =
    include_bytes!("../../../tests/vectors/tdx/tdx_quote_collateral.json");
const NEWER: &[u8] = include_bytes!("../../../tests/vectors/tdx/tdx_quote_td15ex");
const NEWER_COLLATERAL: &[u8] =
    include_bytes!("../../../tests/vectors/tdx/tdx_quote_td15ex_collateral.json");
const OUTDATED: &[u8] = include_bytes!("../../../tests/vectors/tdx/tdx_quote_outdated");
const OUTDATED_COLLATERAL: &[u8] =
    include_bytes!("../../../tests/vectors/tdx/tdx_quote_outdated_collateral.json");

pub(super) fn report() -> Vec<u8> {
    hex::decode(include_str!("../../../tests/vectors/sev/report_milan.hex").trim()).unwrap()
}

pub(super) fn quote() -> Vec<u8> {
    let mut quote = include_bytes!("../../../tests/vectors/tdx/tdx_quote").to_vec();
    without_padding(&mut quote);
    quote
}

fn sev_snp(report: &[u8], certificate: &[u8], now: u64) -> Result<Authentic, Refused> {
    let collateral = Collateral::none().with_sev_snp(certificate).unwrap();
    let evidence = evidence(Kind::SevSnp, report, &[]);
    authenticate(&BUILT_IN, &evidence, &collateral, now).map(|some| some.unwrap())
}

fn tdx(quote: &[u8], collateral: &Collateral, now: u64) -> Result<Authentic, Refused> {
    let evidence = evidence(Kind::Tdx, quote, &[]);
    authenticate(&BUILT_IN, &evidence, collateral, now).map(|some| some.unwrap())
}

fn collateral() -> Collateral {
    Collateral::none().with_tdx(COLLATERAL).unwrap()
}

#[test]
fn a_report_of_a_milan_is_authentic() {
    let Authentic { tee, report_data } = sev_snp(&report(), VCEK, NOW).unwrap();
    let Tee::SevSnp(guest) = tee else { panic!("{tee:?}") };
    assert_eq!(guest.processor, Processor::Milan);
    assert_eq!(
        guest.measurement.to_string(),
        "7a1e5c266c0108dbc9bb94fa926951320940915d0aafb42464bd88b579ea158d\
         3e1a0dc39b2c60bd95b9c480cd81841f"
    );
    assert_eq!(
        guest.reported_tcb.to_string(),
        "(fmc 0, bootloader 3, tee 0, snp 8, microcode 115)"
    );
    assert_eq!(hex::encode(&report_data[..8]), "d447b55d197491bf");
    assert_eq!((guest.guest_policy, guest.vmpl), (0x3_0000, 0));
}

#[test]
fn a_quote_of_a_trust_domain_is_authentic() {
    let Authentic { tee, report_data } = tdx(&quote(), &collateral(), NOW).unwrap();
    let Tee::Tdx(domain) = tee else { panic!("{tee:?}") };
    assert_eq!((domain.status, domain.evaluation), (TcbStatus::UpToDate, 17));
    assert_eq!(domain.fmspc.to_string(), "b0c06f000000");
    // 19 June 2025, 10:16:03, the older of two.
    assert_eq!(domain.issued, 1_750_328_163);
    assert_eq!(hex::encode(&report_data[..8]), "9a9d48e7f6799642");
}

/// A quote of version 5, with a body of 885 bytes.
#[test]
fn a_quote_of_a_newer_version_is_authentic() {
    let collateral = Collateral::none().with_tdx(NEWER_COLLATERAL).unwrap();
    let Authentic { tee, .. } = tdx(NEWER, &collateral, NEWER_NOW).unwrap();
    let Tee::Tdx(domain) = &tee else { panic!("{tee:?}") };
    assert_eq!((domain.status, domain.evaluation), (TcbStatus::UpToDate, 20));
    let mut altered = NEWER.to_vec();
    altered[54 + 600] ^= 1;
    assert!(tdx(&altered, &collateral, NEWER_NOW).is_err());
}

/// The entry point does all checks: a policy that accepts all that the samples say still refuses them.
#[test]
fn reports_for_others_are_refused() {
    let Tee::SevSnp(guest) = sev_snp(&report(), VCEK, NOW).unwrap().tee else { panic!() };
    let Tee::Tdx(domain) = tdx(&quote(), &collateral(), NOW).unwrap().tee else { panic!() };
    let policy = Policy {
        none: false,
        sev_snp: Some(SevSnpPolicy {
            measurements: vec![guest.measurement],
            minimum_tcb: MinimumTcb { milan: Some(guest.reported_tcb), ..MinimumTcb::default() },
            ..amd::policy()
        }),
        tdx: Some(TdxPolicy { measurements: vec![intel::registers(&domain)], ..intel::policy() }),
    };
    let collateral = collateral().with_sev_snp(VCEK).unwrap();
    for (tee, evidence) in [
        (Tee::SevSnp(guest), evidence(Kind::SevSnp, &report(), &[])),
        (Tee::Tdx(domain), evidence(Kind::Tdx, &quote(), &[])),
    ] {
        assert_eq!(appraise(&tee, &policy, NOW), Ok(()));
        let judged = verify(&evidence, &asked(), &collateral, &policy, NOW);
        assert_eq!(judged, Err(Refused::ReportData));
    }
}

#[test]
fn every_byte_of_a_report_counts() {
    let report = report();
    for at in 0..report.len() {
        let mut altered = report.clone();
        altered[at] ^= 1 << (at % 8);
        assert!(sev_snp(&altered, VCEK, NOW).is_err(), "byte {at}");
    }
}

#[test]
fn every_byte_of_a_chips_certificate_counts() {
    for at in 0..VCEK.len() {
        let mut altered = VCEK.to_vec();
        altered[at] ^= 1 << (at % 8);
        assert!(sev_snp(&report(), &altered, NOW).is_err(), "byte {at}");
    }
}

#[test]
fn every_byte_of_a_quote_counts() {
    let (quote, collateral) = (quote(), collateral());
    for at in 0..quote.len() {
        let mut altered = quote.clone();
        altered[at] ^= 1 << (at % 8);
        assert!(tdx(&altered, &collateral, NOW).is_err(), "byte {at}");
    }
}

/// Why quotes are compared with the one way in which they can be written.
#[test]
fn a_verifier_of_signatures_alone_skips_what_it_does_not_need() {
    let alone = serde_json::from_slice(COLLATERAL).unwrap();
    let verifier = QuoteVerifier::<RingConfig>::new_with_config(BUILT_IN.intel.to_vec());
    let mut altered = quote();
    // In the last certificate, which is Intel's root.
    let last = altered.len() - 100;
    altered[last] = if altered[last] == b'A' { b'B' } else { b'A' };
    assert!(verifier.verify(&altered, &alone, NOW).is_ok());
    assert!(matches!(tdx(&altered, &collateral(), NOW), Err(Refused::Report(_))));
}

#[test]
fn what_is_cut_off_or_longer_is_refused() {
    for len in 1..report().len() {
        assert!(sev_snp(&report()[..len], VCEK, NOW).is_err(), "{len} bytes");
    }
    for len in (1..quote().len()).step_by(7) {
        assert!(tdx(&quote()[..len], &collateral(), NOW).is_err(), "{len} bytes");
    }
    for tail in [&[0][..], &[1], &[0; 70]] {
        assert!(sev_snp(&[&report(), tail].concat(), VCEK, NOW).is_err());
        assert!(tdx(&[&quote(), tail].concat(), &collateral(), NOW).is_err());
    }
}

#[test]
fn only_zeros_behind_a_quote_are_cut_off() {
    let padded = include_bytes!("../../../tests/vectors/tdx/tdx_quote");
    assert_eq!((padded.len(), quote().len()), (5006, 4936));
    for (mut bytes, len) in [
        ([&quote()[..], &[0, 0, 1]].concat(), 4939),
        (quote()[..4935].to_vec(), 4935),
        (quote()[..100].to_vec(), 100),
        (OUTDATED.to_vec(), 5006),
        (report(), 1184),
        (vec![], 0),
    ] {
        without_padding(&mut bytes);
        assert_eq!(bytes.len(), len);
    }
}

#[test]
fn nothing_expired_or_to_come_is_accepted() {
    let refused = sev_snp(&report(), VCEK, AMD_EXPIRED).unwrap_err();
    assert!(refused.to_string().contains("has expired"), "{refused}");
    let refused = sev_snp(&report(), VCEK, 1_600_000_000).unwrap_err();
    assert!(refused.to_string().contains("not valid yet"), "{refused}");
    for now in [INTEL_EXPIRED, 1_750_300_000] {
        assert!(matches!(tdx(&quote(), &collateral(), now), Err(Refused::Quote(_))), "{now}");
    }
}

#[test]
fn a_certificate_of_another_processor_is_refused() {
    assert!(sev_snp(&report(), TURIN, NOW).is_err());
    let nothing =
        authenticate(&BUILT_IN, &evidence(Kind::SevSnp, &report(), &[]), &Collateral::none(), NOW);
    let Err(Refused::NoCertificate(at)) = nothing else { panic!("{nothing:?}") };
    let id = "d49554ec717f4e5b0fe6b143bcf0405bd7ae304727edf46603f2a76aef6a3abc\
              15d7af38db757039029f0efacfd08e244324884738c72b082e2f87a44d541eb6";
    let tcb = "blSPL=3&teeSPL=0&snpSPL=8&ucodeSPL=115";
    assert_eq!(at, format!("https://kdsintf.amd.com/vcek/v1/Milan or Genoa/{id}?{tcb}"));
}

/// Older than whatever Intel has a verdict on.
#[test]
fn a_platform_that_intel_says_nothing_of_is_refused() {
    let collateral = Collateral::none().with_tdx(OUTDATED_COLLATERAL).unwrap();
    let refused = tdx(OUTDATED, &collateral, OUTDATED_NOW).unwrap_err();
    assert!(refused.to_string().contains("No matching TCB level"), "{refused}");
}

#[test]
fn collateral_of_another_platform_is_refused() {
    let other = Collateral::none().with_tdx(OUTDATED_COLLATERAL).unwrap();
    assert!(matches!(tdx(&quote(), &other, OUTDATED_NOW), Err(Refused::Quote(_))));
    assert_eq!(tdx(&quote(), &Collateral::none(), NOW).unwrap_err(), Refused::NoCollateral);
}

/// A report of one vendor under the name of the other.
#[test]
fn kinds_are_not_mistaken() {
    let collateral = collateral().with_sev_snp(VCEK).unwrap();
    for (kind, report) in [(Kind::Tdx, report()), (Kind::SevSnp, quote())] {
        let evidence = evidence(kind, &report, &[]);
        assert!(authenticate(&BUILT_IN, &evidence, &collateral, NOW).is_err());
    }
}
