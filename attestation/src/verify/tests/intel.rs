//! Each check of a quote on Intel TDX: what is refused differs in one thing from what is accepted.

use super::made_intel::*;
use super::real::NOW;
use super::*;

/// The registers of a domain, as a policy has them.
pub(super) fn registers(domain: &Tdx) -> Registers {
    let [rtmr0, rtmr1, rtmr2, rtmr3] = domain.rtmrs.map(Some);
    Registers { mrtd: domain.mrtd, rtmr0, rtmr1, rtmr2, rtmr3 }
}

/// A policy that accepts the domain of the tests, once it has its measurement.
pub(super) fn policy() -> TdxPolicy {
    TdxPolicy {
        measurements: Vec::new(),
        statuses: vec![TcbStatus::UpToDate],
        minimum_evaluation: 17,
        maximum_age: None,
    }
}

fn measured() -> TdxPolicy {
    let made = make(&Change::default());
    let Some(Authentic { tee: Tee::Tdx(domain), .. }) = authenticate(
        &Roots { amd: &[], intel: made.root },
        &evidence(Kind::Tdx, &made.quote, &[]),
        &Collateral::none().with_tdx(&made.collateral).unwrap(),
        NOW,
    )
    .unwrap() else {
        panic!("no trust domain")
    };
    TdxPolicy { measurements: vec![registers(&domain)], ..policy() }
}

fn judge(made: &Made, policy: TdxPolicy) -> Result<Tdx, Refused> {
    let roots = Roots { amd: &[], intel: made.root };
    let collateral = Collateral::none().with_tdx(&made.collateral).unwrap();
    let policy = Policy { tdx: Some(policy), ..Policy::default() };
    let evidence = evidence(Kind::Tdx, &made.quote, &[]);
    let verified = verify_under(&roots, &evidence, &asked(), &collateral, &policy, NOW)?;
    assert_eq!((verified.kind, verified.binding), (Kind::Tdx, asked()));
    let Some(Tee::Tdx(domain)) = verified.tee else { panic!("{verified:?}") };
    Ok(*domain)
}

/// A domain with some bytes changed before they are signed.
fn with(at: usize, bytes: &[u8]) -> Result<Tdx, Refused> {
    let quote = Some((BODY + at, bytes.to_vec()));
    judge(&make(&Change { quote, ..Change::default() }), measured())
}

#[test]
fn a_domain_that_the_policy_accepts_is_verified() {
    let domain = judge(&make(&Change::default()), measured()).unwrap();
    assert_eq!(domain.status, TcbStatus::UpToDate);
    assert!(domain.expires > NOW && domain.issued < NOW);
}

/// The keys of tests are nobody's: the entry point does not know them.
#[test]
fn no_other_root_than_intels_is_trusted() {
    let made = make(&Change::default());
    let collateral = Collateral::none().with_tdx(&made.collateral).unwrap();
    let policy = Policy { tdx: Some(measured()), ..Policy::default() };
    let evidence = evidence(Kind::Tdx, &made.quote, &[]);
    let refused = verify(&evidence, &asked(), &collateral, &policy, NOW).unwrap_err();
    assert!(refused.to_string().contains("Intel's root"), "{refused}");
    // A quote under one root, and collateral under another.
    let other = Made { collateral: make(&Change::default()).collateral, ..made };
    assert!(matches!(judge(&other, measured()), Err(Refused::Quote(_))));
}

#[test]
fn data_for_another_key_or_nonce_is_refused() {
    let other = Binding::new([0x0a; 32], [0x0c; 32]);
    assert_eq!(with(520, &other.report_data()), Err(Refused::ReportData));
}

#[test]
fn domains_that_others_may_look_into_are_refused() {
    // The real one's attributes are the last of these.
    for (attributes, why) in [
        (0x1000_0001_u64, Some("Debug")),
        (0x1000_0010, Some("profiling")),
        (0x3000_0000, Some("migration")),
        (0x0000_0000, Some("SEPT_VE_DISABLE")),
        (0x1000_0000, None),
    ] {
        let judged = with(120, &attributes.to_le_bytes());
        match why {
            Some(why) => assert!(judged.unwrap_err().to_string().contains(why), "{why}"),
            None => assert!(judged.is_ok()),
        }
    }
}

#[test]
fn another_measurement_is_refused_in_whichever_register() {
    for at in [136, 328, 376, 424, 472] {
        assert!(matches!(with(at, &[0xee; 48]), Err(Refused::Measurement(_))), "{at}");
    }
    let mut lenient = measured();
    lenient.measurements[0].rtmr3 = None;
    let quote = Some((BODY + 472, vec![0xee; 48]));
    let made = make(&Change { quote, ..Change::default() });
    assert!(judge(&made, lenient).is_ok());
    assert!(matches!(judge(&made, policy()), Err(Refused::Measurement(_))));
}

/// Of the TDX module: its signer, its attributes, and versions that Intel knows nothing of.
#[test]
fn a_module_that_is_not_intels_is_refused() {
    for (at, bytes) in [(64, &[1; 48][..]), (112, &[1]), (1, &[9])] {
        assert!(matches!(with(at, bytes), Err(Refused::Quote(_))), "{at}");
    }
}

#[test]
fn older_firmware_is_refused() {
    // A module of version 1 that is older than the newest that Intel knows.
    let Err(Refused::Status { status, .. }) = with(0, &[2]) else { panic!() };
    assert_eq!(status, TcbStatus::OutOfDate);
    let dated = r#""2023-08-09T00:00:00Z","tcbStatus":"OutOfDate""#;
    let advised = r#""2023-08-09T00:00:00Z","tcbStatus":"OutOfDate","advisoryIDs":["INTEL-SA-0"]"#;
    let (quote, collateral) = (Some((BODY, vec![2])), Some((dated, advised)));
    let made = make(&Change { quote, collateral, ..Change::default() });
    let refused = judge(&made, measured()).unwrap_err();
    assert!(refused.to_string().contains("OutOfDate (INTEL-SA-0)"), "{refused}");
    let tolerant = TdxPolicy { statuses: vec![TcbStatus::OutOfDate], ..measured() };
    let domain = judge(&made, tolerant).unwrap();
    assert_eq!((domain.status, &domain.advisories[..]), (status, &["INTEL-SA-0".to_owned()][..]));
}

#[test]
fn a_revoked_platform_is_refused() {
    let made = make(&Change { revoked: true, ..Change::default() });
    let refused = judge(&made, measured()).unwrap_err();
    assert!(refused.to_string().to_lowercase().contains("revoked"), "{refused}");
    // Also where a policy tolerates whatever Intel may say.
    let collateral = Some(("\"UpToDate\"", "\"Revoked\""));
    let made = make(&Change { collateral, ..Change::default() });
    let tolerant = TdxPolicy { statuses: vec![TcbStatus::Revoked], ..measured() };
    assert!(matches!(judge(&made, tolerant), Err(Refused::Quote(_))));
}

#[test]
fn old_evaluations_and_collateral_are_refused() {
    let made = make(&Change::default());
    let newer = TdxPolicy { minimum_evaluation: 18, ..measured() };
    assert_eq!(judge(&made, newer), Err(Refused::Evaluation(17, 18)));
    // Of 10:16:03 on the day before.
    let age = 49_437;
    let fresh = TdxPolicy { maximum_age: Some(age), ..measured() };
    assert!(judge(&made, fresh.clone()).is_ok());
    let stale = TdxPolicy { maximum_age: Some(age - 1), ..fresh };
    assert_eq!(judge(&made, stale.clone()), Err(Refused::Age(age, age - 1)));
    // Collateral is dated by its older part, be it what Intel says of quoting enclaves.
    let collateral = Some(("2025-06-19T10:32:27Z", "2025-06-19T10:16:02Z"));
    let made = make(&Change { collateral, ..Change::default() });
    assert_eq!(judge(&made, stale), Err(Refused::Age(age + 1, age - 1)));
}

#[test]
fn expired_collateral_is_refused() {
    for (text, other) in [
        ("2025-07-19T10:16:03Z", "2025-06-19T23:59:59Z"),
        ("2025-07-19T10:32:27Z", "2025-06-19T23:59:59Z"),
        ("2025-06-19T10:16:03Z", "2025-06-21T00:00:00Z"),
    ] {
        let made = make(&Change { collateral: Some((text, other)), ..Change::default() });
        assert!(matches!(judge(&made, measured()), Err(Refused::Quote(_))), "{text}");
    }
}

#[test]
fn collateral_that_was_altered_is_refused() {
    let made = make(&Change::default());
    let text = String::from_utf8(made.collateral).unwrap();
    let altered = text.replace("\\\"isvsvn\\\":4", "\\\"isvsvn\\\":3");
    assert_ne!(altered, text);
    let made = Made { collateral: altered.into_bytes(), ..made };
    let refused = judge(&made, measured()).unwrap_err();
    assert!(refused.to_string().contains("Signature is invalid for tcb_info"), "{refused}");
}

#[test]
fn a_certificate_too_many_is_refused() {
    let made = make(&Change { longer: true, ..Change::default() });
    let refused = judge(&made, measured()).unwrap_err();
    assert!(refused.to_string().contains("do not go from"), "{refused}");
}

/// A chain in the collateral would take the place of the quote's, which is the one that is looked at.
#[test]
fn a_chain_beside_the_quote_is_left_out() {
    let made = make(&Change::default());
    let mut collateral: serde_json::Value = serde_json::from_slice(&made.collateral).unwrap();
    collateral["pck_certificate_chain"] = "no certificate".into();
    let made = Made { collateral: serde_json::to_vec(&collateral).unwrap(), ..made };
    assert!(judge(&made, measured()).is_ok());
}
