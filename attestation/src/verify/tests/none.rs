//! No evidence, evidence of other kinds, and answers to others.

use super::*;

const NOW: u64 = 1_750_377_600;

fn judge(evidence: &Evidence, policy: &Policy) -> Result<Verified, Refused> {
    verify(evidence, &asked(), &Collateral::none(), policy, NOW)
}

#[test]
fn none_is_accepted_only_where_a_policy_says_so() {
    let none = Evidence::none(asked());
    let tee = Policy { tdx: Some(intel::policy()), sev_snp: Some(amd::policy()), none: false };
    assert_eq!(judge(&none, &tee), Err(Refused::Kind(Kind::None)));
    assert_eq!(judge(&none, &Policy::default()), Err(Refused::Kind(Kind::None)));
    let verified = judge(&none, &Policy { none: true, ..tee }).unwrap();
    assert_eq!(verified, Verified { kind: Kind::None, binding: asked(), tee: None });
}

#[test]
fn a_kind_that_the_policy_does_not_mention_is_refused() {
    for kind in [Kind::SevSnp, Kind::Tdx] {
        let policy = Policy { none: true, ..Policy::default() };
        assert_eq!(judge(&evidence(kind, b"report", &[]), &policy), Err(Refused::Kind(kind)));
    }
}

#[test]
fn none_of_another_question_is_refused_as_well() {
    let policy = Policy { none: true, ..Policy::default() };
    let nonce = Evidence::none(Binding::new([0x0a; 32], [0x0c; 32]));
    assert_eq!(judge(&nonce, &policy), Err(Refused::Nonce));
    let key = Evidence::none(Binding::new([0x0c; 32], [0x0b; 32]));
    assert_eq!(judge(&key, &policy), Err(Refused::Key(Hex([0x0c; 32]))));
}

#[test]
fn policies_are_json_and_nothing_is_permitted_by_leaving_it_out() {
    assert_eq!(serde_json::from_str::<Policy>("{}").unwrap(), Policy::default());
    let text = include_str!("../../../tests/vectors/made/policy.json");
    let policy: Policy = serde_json::from_str(text).unwrap();
    let tdx = policy.tdx.clone().unwrap();
    assert_eq!(tdx.statuses, [TcbStatus::UpToDate]);
    let guest = policy.sev_snp.clone().unwrap();
    assert_eq!((guest.highest_vmpl, guest.loaded_keys, policy.none), (0, false, false));
    let again = serde_json::to_string(&policy).unwrap();
    assert_eq!(serde_json::from_str::<Policy>(&again).unwrap(), policy);
    for wrong in [
        r#"{"sev_snp": null}"#,
        r#"{"tdx": {}}"#,
        r#"{"tdx": {"measurements": ["00"]}}"#,
        r#"{"tdx": {"measurements": [], "statuses": ["Fine"]}}"#,
        r#"{"sev-snp": {"measurements": []}}"#,
        r#"{"sev-snp": {"measurements": [], "minimum-tcb": {"rome": null}}}"#,
        r#"{"sev-snp": {"measurements": [], "minimum-tcb": {"milan": null, "milan": null}}}"#,
        r#"{"none": true, "none": false}"#,
    ] {
        assert!(serde_json::from_str::<Policy>(wrong).is_err(), "{wrong}");
    }
}
