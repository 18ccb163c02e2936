//! `verify`, `keys`, `setup`, `bench` and `--help`.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use pulseproof_sdk::Digest;
use serde_json::Value;

use crate::common::{json, pulseproof, run, stderr, stdout};

#[test]
fn a_result_verifies_and_a_changed_one_does_not() {
    let home = tempfile::tempdir().unwrap();
    let results = home.path().join("results");
    let demo = pulseproof(home.path())
        .args(["demo", "--epochs", "1", "--alert-epochs", "0", "--curve", "bn254", "--out"])
        .arg(&results)
        .output()
        .unwrap();
    assert!(demo.status.success(), "{}", stderr(&demo));
    let verify = |file: &Path, more: &[&str]| {
        let verify = ["verify", "--insecure-key"];
        pulseproof(home.path()).args(verify).arg(file).args(more).output().unwrap()
    };

    let first = results.join("region-001.epoch-0.result");
    let refused = pulseproof(home.path()).arg("verify").arg(&first).output().unwrap();
    assert_eq!(refused.status.code(), Some(2));
    assert!(stdout(&refused).contains("INSECURE") && !stdout(&refused).contains("VALID"));
    let good = verify(&first, &[]);
    assert!(good.status.success(), "{}", stderr(&good));
    let text = stdout(&good);
    assert!(text.contains("region-001 epoch 0, 10 devices") && text.contains("VALID"), "{text}");
    assert!(text.contains("INSECURE"));
    let verdicts = json(&verify(&first, &["--json"]));
    assert_eq!(verdicts[0]["valid"], true);
    assert_eq!(verdicts[0]["insecure_srs"], true);

    // Another region's roster speaks for nobody here.
    let other = results.join("region-002.roster.json");
    let wrong = verify(&first, &["--roster", other.to_str().unwrap()]);
    assert_eq!(wrong.status.code(), Some(1));
    assert!(stdout(&wrong).contains("NOT VALID: region"), "{}", stdout(&wrong));

    // Nor does another appliance's key: a well-formed one, of a device.
    let roster = std::fs::read(results.join("region-001.roster.json")).unwrap();
    let roster: Value = serde_json::from_slice(&roster).unwrap();
    let device = roster["devices"]["1636-69-001"].as_str().unwrap();
    let wrong = verify(&first, &["--appliance", device]);
    assert_eq!(wrong.status.code(), Some(1));
    assert!(stdout(&wrong).contains("not that of an appliance"), "{}", stdout(&wrong));

    let bytes = std::fs::read(&first).unwrap();
    let changed = results.join("changed.result");
    for at in [0, 4, 5, 40, bytes.len() / 2, bytes.len() - 1] {
        let mut bytes = bytes.clone();
        bytes[at] ^= 1;
        std::fs::write(&changed, bytes).unwrap();
        let refused = verify(&changed, &[]);
        assert!(!refused.status.success() && !stdout(&refused).contains("  VALID"), "byte {at}");
    }
    // What cannot be read is no verdict.
    std::fs::write(&changed, "not a result").unwrap();
    for unread in [Path::new("no-such.result"), &changed] {
        let unread = verify(unread, &["--json"]);
        assert_eq!(unread.status.code(), Some(2));
        let verdicts: Value = serde_json::from_slice(&unread.stdout).unwrap();
        assert!(verdicts[0].get("valid").is_none() && verdicts[0]["error"].is_string());
    }
    let text = stdout(&verify(Path::new("no-such.result"), &[]));
    assert!(text.contains("no-such.result") && text.contains("NO VERDICT"), "{text}");
}

#[test]
fn keys_are_private_named_and_never_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let keys = |args: &[&str]| {
        pulseproof(folder.path())
            .current_dir(folder.path())
            .arg("keys")
            .args(args)
            .output()
            .unwrap()
    };
    let public = stdout(&keys(&["device", "meter.key"])).trim().to_owned();
    assert_eq!(public.len(), 64);
    assert!(stdout(&keys(&["show", "meter.key"])).contains(&public));
    let again = keys(&["device", "meter.key"]);
    assert_eq!(again.status.code(), Some(2));
    assert!(stderr(&again).contains("meter.key"));

    let fingerprint = stdout(&keys(&["authority", "."])).trim().to_owned();
    for file in ["authority.secret", "authority.public"] {
        assert!(stdout(&keys(&["show", file])).contains(&fingerprint), "{file}");
    }
    for secret in ["meter.key", "authority.secret"] {
        let mode = std::fs::metadata(folder.path().join(secret)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{secret}");
    }
    let evaluation = ["evaluation", "authority.secret", "authority.evaluation"];
    let id = stdout(&keys(&evaluation)).trim().to_owned();
    let bytes = std::fs::read(folder.path().join("authority.evaluation")).unwrap();
    assert_eq!(Digest::sha256(&bytes).to_string(), id);
    assert!(stderr(&keys(&evaluation)).contains("authority.evaluation"));
    std::fs::write(folder.path().join("noise"), "noise").unwrap();
    assert!(stderr(&keys(&["show", "noise"])).contains("noise: of no kind that is known"));
}

#[test]
fn setup_makes_a_loud_development_srs_and_imports_ceremonies() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("not/made/yet");
    let setup = |args: &[&str]| pulseproof(&home).arg("setup").args(args).output().unwrap();
    let made = json(&setup(&["--log-size", "3", "--json"]));
    assert_eq!((&made["insecure"], &made["curve"]), (&true.into(), &"bls12-381".into()));
    let again = json(&setup(&["--log-size", "3", "--json"]));
    assert_eq!(made["id"], again["id"], "what is there is kept");
    assert!(stdout(&setup(&["--log-size", "3"])).contains("INSECURE"));
    assert!(stderr(&setup(&["--log-size", "40"])).contains("40"));

    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../prover/tests/fixtures/ptau");
    let (mut imported, mut refused) = (0, 0);
    for entry in std::fs::read_dir(&fixtures).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "ptau") {
            continue;
        }
        let file = path.to_str().unwrap();
        for curve in ["bn254", "bls12-381"] {
            let args = ["--ptau", file, "--curve", curve, "--log-size", "2", "--json", "--force"];
            let output = setup(&args);
            if output.status.success() {
                assert_eq!(json(&output)["insecure"], false);
                imported += 1;
            } else {
                assert!(stderr(&output).contains(file), "{}", stderr(&output));
                refused += 1;
            }
        }
    }
    assert!(imported >= 2 && refused >= 2, "{imported} imported, {refused} refused");

    // What is there is kept, and a failed import does not lose it.
    let file = fixtures.join("bn128.ptau");
    let import = ["--ptau", file.to_str().unwrap(), "--curve", "bn254", "--log-size", "2"];
    assert!(stderr(&setup(&import)).contains("--force"));
    let elsewhere = pulseproof(&folder.path().join("elsewhere")).arg("setup").args(import).output();
    assert!(elsewhere.unwrap().status.success(), "a ceremony may come first");
    let before = json(&setup(&["--curve", "bn254", "--log-size", "2", "--json"]));
    let broken = fixtures.join("bn128_new.ptau");
    let failed = ["--ptau", broken.to_str().unwrap(), "--curve", "bn254", "--log-size", "2"];
    assert_eq!(setup(&[&failed[..], &["--force"]].concat()).status.code(), Some(2));
    assert_eq!(json(&setup(&["--curve", "bn254", "--log-size", "2", "--json"])), before);
}

#[test]
fn a_damaged_srs_is_named_with_what_to_do() {
    let home = tempfile::tempdir().unwrap();
    let setup = ["setup", "--log-size", "3"];
    let run = || pulseproof(home.path()).args(setup).output().unwrap();
    assert!(run().status.success());
    let path = home.path().join("srs-bls12-381-3.bin");
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..100]).unwrap();
    let refused = run();
    assert_eq!(refused.status.code(), Some(2));
    let text = stderr(&refused);
    assert!(text.contains(path.to_str().unwrap()) && text.contains("--force"), "{text}");
}

#[test]
fn the_bench_measures_beside_its_peer() {
    let args = ["bench", "wsa", "--log-size", "5", "--devices", "2", "--samples", "2"];
    let report = json(&run(&[&args[..], &["--json", "--curve", "bn254"]].concat()));
    for figure in ["peer_msm", "commit", "intake", "prove", "verify"] {
        assert!(report[figure]["median_ms"].as_f64().unwrap() > 0.0, "{figure}");
    }
    assert!(stdout(&run(&args)).contains("arkworks MSM"));
}

#[test]
fn help_has_examples_everywhere() {
    let commands =
        ["demo", "serve", "verify", "keys", "setup", "bench", "groth16", "check", "doctor"];
    for command in commands.iter().map(std::slice::from_ref).chain([&[][..]]) {
        let text = stdout(&run(&[command, &["--help"]].concat()));
        assert!(text.contains("Examples:\n  pulseproof"), "{command:?}");
    }
}
