//! Each check of a report on AMD SEV-SNP: what is refused differs in one thing from what is accepted.

use super::made_amd::*;
use super::*;
use crate::{Endorsement, Tcb};

/// A policy that accepts the guest of the tests.
pub(super) fn policy() -> SevSnpPolicy {
    let tcb = Tcb { fmc: 0, bootloader: 3, tee: 1, snp: 8, microcode: 115 };
    SevSnpPolicy {
        measurements: vec![Hex([7; 48])],
        minimum_tcb: MinimumTcb { milan: Some(tcb), genoa: None, turin: Some(tcb) },
        highest_vmpl: 0,
        loaded_keys: false,
    }
}

fn judge_with(
    report: &[u8],
    certificates: &[&[u8]],
    lines: &'static [Line],
    policy: SevSnpPolicy,
) -> Result<SevSnp, Refused> {
    let mut collateral = Collateral::none();
    for certificate in certificates {
        collateral = collateral.with_sev_snp(certificate).unwrap();
    }
    let evidence = evidence(Kind::SevSnp, report, &[]);
    let policy = Policy { sev_snp: Some(policy), ..Policy::default() };
    let verified = verify_under(&roots(lines), &evidence, &asked(), &collateral, &policy, NOW)?;
    assert_eq!((verified.kind, verified.binding), (Kind::SevSnp, asked()));
    let Some(Tee::SevSnp(guest)) = verified.tee else { panic!("{verified:?}") };
    Ok(guest)
}

fn judge(report: &[u8]) -> Result<SevSnp, Refused> {
    judge_with(report, &[CHIP], &MILAN, policy())
}

/// Judges a report with some bytes changed before it is signed.
fn with(at: usize, bytes: &[u8]) -> Result<SevSnp, Refused> {
    judge(&report(|report| report[at..at + bytes.len()].copy_from_slice(bytes)))
}

#[test]
fn a_guest_that_the_policy_accepts_is_verified() {
    let guest = judge(&report(|_| ())).unwrap();
    assert_eq!(guest.endorsement, Endorsement::Chip(Hex([0x11; 64])));
    assert_eq!(guest.processor, Processor::Milan);
}

/// The keys of tests are nobody's: the entry point does not know them.
#[test]
fn no_other_root_than_amds_is_trusted() {
    let collateral = Collateral::none().with_sev_snp(CHIP).unwrap();
    let evidence = evidence(Kind::SevSnp, &report(|_| ()), &[]);
    let policy = Policy { sev_snp: Some(policy()), ..Policy::default() };
    let refused = verify(&evidence, &asked(), &collateral, &policy, NOW).unwrap_err();
    assert!(refused.to_string().contains("no authority of AMD's"), "{refused}");
}

#[test]
fn data_for_another_key_or_nonce_is_refused() {
    let other = Binding::new([0x0a; 32], [0x0c; 32]);
    assert_eq!(with(0x50, &other.report_data()), Err(Refused::ReportData));
    assert_eq!(with(0x50, &[0; 64]), Err(Refused::ReportData));
    // What is said beside the report counts as little.
    let evidence = Evidence::new(Kind::SevSnp, other, report(|_| ()), Vec::new()).unwrap();
    let policy = Policy { sev_snp: Some(policy()), ..Policy::default() };
    let collateral = Collateral::none().with_sev_snp(CHIP).unwrap();
    let roots = roots(&MILAN);
    let judged =
        |asked: &Binding| verify_under(&roots, &evidence, asked, &collateral, &policy, NOW);
    assert_eq!(judged(&asked()), Err(Refused::Nonce));
    assert_eq!(judged(&other), Err(Refused::ReportData));
}

#[test]
fn guests_that_others_may_look_into_are_refused() {
    assert_eq!(with(0x08, &0xb_0000_u64.to_le_bytes()), Err(Refused::Debug));
    assert_eq!(with(0x08, &0x7_0000_u64.to_le_bytes()), Err(Refused::Migration));
    assert_eq!(with(0x30, &[1]), Err(Refused::Vmpl(1, 0)));
    let lenient = SevSnpPolicy { highest_vmpl: 1, ..policy() };
    let vmpl = report(|report| report[0x30] = 1);
    assert!(judge_with(&vmpl, &[CHIP], &MILAN, lenient).is_ok());
}

#[test]
fn another_measurement_is_refused() {
    assert_eq!(with(0x90, &[8; 48]), Err(Refused::Measurement("08".repeat(48))));
    let nothing = SevSnpPolicy { measurements: Vec::new(), ..policy() };
    let refused = judge_with(&report(|_| ()), &[CHIP], &MILAN, nothing);
    assert!(matches!(refused, Err(Refused::Measurement(_))));
}

#[test]
fn older_firmware_is_refused_in_whichever_version() {
    for (at, name) in [(0x38, "current"), (0x1e0, "committed"), (0x1f0, "launch")] {
        for part in [0, 1, 6, 7] {
            let mut tcb = [3, 1, 0, 0, 0, 0, 8, 115];
            tcb[part] -= 1;
            let Err(Refused::Tcb { which, .. }) = with(at, &tcb) else { panic!("{at} {part}") };
            assert_eq!(which, name);
        }
    }
    // What is reported has to be what the certificate says.
    let mut newer = policy();
    newer.minimum_tcb.milan.as_mut().unwrap().microcode = 116;
    let refused = judge_with(&report(|_| ()), &[CHIP], &MILAN, newer);
    assert!(matches!(refused, Err(Refused::Tcb { which: "reported", .. })));
}

#[test]
fn a_processor_that_the_policy_does_not_mention_is_refused() {
    let mut other = policy();
    other.minimum_tcb.milan = None;
    let refused = judge_with(&report(|_| ()), &[CHIP], &MILAN, other);
    assert_eq!(refused, Err(Refused::Processor(Processor::Milan)));
}

#[test]
fn a_certificate_of_other_firmware_is_refused() {
    for part in [0, 1, 6, 7] {
        let mut tcb = [3, 1, 0, 0, 0, 0, 8, 115];
        tcb[part] += 1;
        assert!(matches!(with(0x180, &tcb), Err(Refused::CertifiedTcb { .. })), "{part}");
    }
}

#[test]
fn a_certificate_of_another_chip_is_refused() {
    assert_eq!(with(0x1a0, &[0x12]), Err(Refused::Chip));
    assert_eq!(with(0x1a0 + 63, &[0x12]), Err(Refused::Chip));
    assert_eq!(with(0x1a0, &[0; 64]), Err(Refused::HiddenChip));
    assert!(judge_with(&report(|_| ()), &[CHIP_WRAPPED], &MILAN, policy()).is_ok());
    let other = report(|report| report[0x1a0] = 0x12);
    let refused = judge_with(&other, &[CHIP_WRAPPED], &MILAN, policy());
    assert_eq!(refused, Err(Refused::Chip));
}

#[test]
fn a_report_of_another_processor_is_refused() {
    let other = Err(Refused::OtherProcessor { certificate: Processor::Milan });
    assert_eq!(with(0x188, &[0x19, 0x11]), other);
    assert_eq!(with(0x188, &[0x1a, 0x01]), other);
    assert_eq!(with(0x188, &[0, 0]), other);
}

/// Versions are in other places, and a chip's id is shorter.
#[test]
fn a_turin_is_read_as_one() {
    let turin = |id: u8| {
        report(|report| {
            for at in [0x38, 0x180, 0x1e0, 0x1f0] {
                report[at..at + 8].copy_from_slice(&[2, 3, 1, 8, 0, 0, 0, 115]);
            }
            report[0x188..0x18a].copy_from_slice(&[0x1a, 0x11]);
            report[0x1a8..0x1e0].fill(id);
        })
    };
    let guest = judge_with(&turin(0), &[CHIP_TURIN], &TURIN, policy()).unwrap();
    assert_eq!(guest.launch_tcb, Tcb { fmc: 2, bootloader: 3, tee: 1, snp: 8, microcode: 115 });
    assert_eq!(judge_with(&turin(1), &[CHIP_TURIN], &TURIN, policy()), Err(Refused::Chip));
    let mut newer = policy();
    newer.minimum_tcb.turin.as_mut().unwrap().fmc = 3;
    let refused = judge_with(&turin(0), &[CHIP_TURIN], &TURIN, newer);
    assert!(matches!(refused, Err(Refused::Tcb { which: "reported", .. })));
    // Without the version of a part that only it has.
    assert!(judge_with(&turin(0), &[CHIP], &TURIN, policy()).is_err());
}

#[test]
fn loaded_keys_are_accepted_only_where_a_policy_says_so() {
    let loaded = report(|report| report[0x48] = 1 << 2);
    let (certificates, lenient) =
        ([LOADED, LOADED_AUTHORITY], SevSnpPolicy { loaded_keys: true, ..policy() });
    let guest = judge_with(&loaded, &certificates, &MILAN, lenient.clone()).unwrap();
    assert_eq!(guest.endorsement, Endorsement::Loaded("a-cloud".to_owned()));
    let strict = judge_with(&loaded, &certificates, &MILAN, policy());
    assert_eq!(strict, Err(Refused::LoadedKey));
    // Its authority is issued by one root of several.
    assert!(judge_with(&loaded, &certificates, &SECOND, lenient.clone()).is_ok());
    // Its authority is not built in.
    assert!(judge_with(&loaded, &[LOADED], &MILAN, lenient.clone()).is_err());
    // A chip's certificate is none of a loaded key, nor the other way round.
    let refused = judge_with(&loaded, &[CHIP], &MILAN, lenient.clone());
    assert!(matches!(refused, Err(Refused::NoCertificate(_))));
    let refused = judge_with(&report(|_| ()), &certificates, &MILAN, lenient);
    assert!(matches!(refused, Err(Refused::NoCertificate(_))));
}

#[test]
fn an_authority_that_only_has_the_name_is_refused() {
    // Signed by another root of the same name, and the key by it.
    let refused = judge_with(&report(|_| ()), &[CHIP_OTHER, OTHER_AUTHORITY], &MILAN, policy());
    let why = refused.unwrap_err().to_string();
    assert!(why.contains("authority") && why.contains("not signed by the root"), "{why}");
    // The right authority, and a key by the other.
    let refused = judge_with(&report(|_| ()), &[CHIP_OTHER], &MILAN, policy());
    let why = refused.unwrap_err().to_string();
    assert!(why.contains("the key") && why.contains("not signed by the authority"), "{why}");
}

#[test]
fn a_certificate_in_another_encoding_is_refused() {
    let refused = judge_with(&report(|_| ()), &[&not_der(CHIP)], &MILAN, policy());
    let why = refused.unwrap_err().to_string();
    assert!(why.contains("the one way that DER has"), "{why}");
}

#[test]
fn what_the_certificates_key_did_not_sign_is_refused() {
    let mut altered = report(|_| ());
    altered[0x60] ^= 1;
    assert_eq!(judge(&altered), Err(Refused::Signature));
    let refused = judge_with(&report(|_| ()), &[CHIP_P256], &MILAN, policy());
    assert_eq!(refused, Err(Refused::Signature));
}

#[test]
fn reports_that_have_no_meaning_are_refused() {
    for (at, value) in [(0x00, 1), (0x00, 6), (0x34, 2), (0x48, 7 << 2)] {
        assert!(matches!(with(at, &[value]), Err(Refused::Report(_))), "{at:x} {value}");
    }
    for at in [0x2a0 + 48, 0x2a0 + 71, 0x2a0 + 120, 0x2a0 + 144, 1183] {
        let refused = with(at, &[1]);
        assert!(matches!(refused, Err(Refused::Report(_))), "{at:x}");
    }
}

/// Whoever misses a certificate is told where AMD has it.
#[test]
fn a_missing_certificate_has_an_address() {
    let address = |report: &[u8]| match judge_with(report, &[], &MILAN, policy()) {
        Err(Refused::NoCertificate(at)) => at.replace("https://kdsintf.amd.com", ""),
        other => panic!("{other:?}"),
    };
    let id = "11".repeat(64);
    let tcb = "blSPL=3&teeSPL=1&snpSPL=8&ucodeSPL=115";
    assert_eq!(address(&report(|_| ())), format!("/vcek/v1/Milan/{id}?{tcb}"));
    let turin = report(|report| {
        report[0x180..0x188].copy_from_slice(&[2, 3, 1, 8, 0, 0, 0, 115]);
        report[0x188..0x18a].copy_from_slice(&[0x1a, 0x02]);
    });
    assert_eq!(address(&turin), format!("/vcek/v1/Turin/1111111111111111?fmcSPL=2&{tcb}"));
    let loaded = report(|report| report[0x48] = 1 << 2);
    assert!(address(&loaded).starts_with("/vlek/v1/Milan,"));
}

/// What a host puts beside a report will do, and is as good as its signatures.
#[test]
fn certificates_come_beside_the_report() {
    let id = 0x63da_758d_e664_4564_adc5_f4b9_3be8_accd_u128.to_be_bytes();
    let len = u32::try_from(CHIP.len()).unwrap().to_le_bytes();
    let table = [&id[..], &48_u32.to_le_bytes(), &len, &[0; 24], CHIP].concat();
    let policy = Policy { sev_snp: Some(policy()), ..Policy::default() };
    let judge = |table: &[u8]| {
        let evidence = evidence(Kind::SevSnp, &report(|_| ()), table);
        verify_under(&roots(&MILAN), &evidence, &asked(), &Collateral::none(), &policy, NOW)
    };
    assert!(judge(&table).is_ok());
    assert!(matches!(judge(&table[..200]), Err(Refused::Certificates(_))));
    assert!(matches!(judge(&[]), Err(Refused::NoCertificate(_))));
}
