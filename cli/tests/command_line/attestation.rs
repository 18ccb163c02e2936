//! `pulseproof attestation`. What evidence is accepted is tested in `attestation`.

use pulseproof_sdk::identity::ApplianceKey;
use serde_json::json;

use crate::common::{Bench, json, pulseproof, stderr, stdout};

#[test]
fn evidence_is_judged_by_the_policy_and_what_cannot_be_read_is_no_verdict() {
    let bench = Bench::new();
    let (key, nonce) = (ApplianceKey::from_seed([1; 32]).public().to_string(), "07".repeat(32));
    let evidence = json!({ "kind": "none", "key": key, "nonce": nonce }).to_string();
    for (name, text) in [
        ("evidence", evidence.as_str()),
        ("any", r#"{ "none": true }"#),
        ("strict", "{}"),
        ("wrong", r#"{ "nonne": true }"#),
        ("collateral", "{}"),
    ] {
        std::fs::write(bench.path(name), text).unwrap();
    }
    let run = |line: &str| {
        let mut command = pulseproof(bench.folder());
        command.current_dir(bench.folder()).args(["attestation", "verify"]);
        command.args(line.split(' ')).output().unwrap()
    };
    let asked = format!("--appliance {key} --nonce {nonce}");
    let accepted = run(&format!("{asked} --policy any --collateral collateral evidence"));
    assert!(accepted.status.success(), "{}{}", stdout(&accepted), stderr(&accepted));
    assert!(stdout(&accepted).contains("it is in no TEE"), "{}", stdout(&accepted));
    let said = json(&run(&format!("{asked} --policy any --json evidence")));
    assert_eq!(said["accepted"], true);
    assert_eq!(said["verified"]["kind"], "none");
    let other = format!("--appliance {key} --nonce {}", "08".repeat(32));
    for line in
        [format!("{asked} --policy strict evidence"), format!("{other} --policy any evidence")]
    {
        let refused = run(&line);
        assert_eq!(refused.status.code(), Some(1), "{line}");
        assert!(stdout(&refused).contains("REFUSED"), "{}", stdout(&refused));
    }
    for line in [
        format!("{asked} --policy wrong evidence"),
        format!("{asked} --policy any any"),
        format!("{asked} --policy any nowhere"),
        format!("{asked} --policy any --collateral any evidence"),
        format!("--appliance {key} --nonce 07 --policy any evidence"),
    ] {
        assert_eq!(run(&line).status.code(), Some(2), "{line}");
    }
}
