//! `pulseproof demo`: figures are equal, cheats are caught, errors say what to do.

use std::io::Write;
use std::process::Stdio;

use serde_json::Value;

use crate::common::{json, pulseproof, run, stderr, stdout};

/// Nothing is asked of encrypted sums.
const QUICK: [&str; 4] = ["demo", "--json", "--alert-epochs", "0"];

#[test]
fn every_figure_equals_the_plain_one() {
    let report = json(&run(&[&QUICK[..], &["--epochs", "2", "--curve", "bn254"]].concat()));
    assert_eq!(report["equal"], true);
    assert_eq!(report["curve"], "bn254");
    assert_eq!(report["insecure_srs"], true);
    assert_eq!(report["proofs"], 4);
    assert_eq!(report["proof_bytes"], 358);
    // Two epochs of 288 readings from each of 19 subjects.
    assert_eq!(report["readings"], 2 * 288 * 19);
    let rows = report["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 3);
    for row in rows {
        assert_eq!(row["equal"], true);
        assert_eq!(row["decrypted"], row["plain"]);
    }
    let mean = rows[2]["decrypted"]["mean"].as_f64().unwrap();
    assert!((80.0..150.0).contains(&mean), "{mean}");
}

#[test]
fn devices_and_regions_scale_past_the_subjects() {
    let args = ["--devices", "31", "--regions", "4", "--epochs", "1"];
    let report = json(&run(&[&QUICK[..], &args].concat()));
    assert_eq!(report.get("alerts"), None);
    assert_eq!(report["devices"], 31);
    assert_eq!(report["rows"].as_array().unwrap().len(), 5);
    assert_eq!(report["proof_bytes"], 454);
    assert_eq!(report["equal"], true);
}

#[test]
fn anybodys_readings_run_the_same_path() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("temperatures.csv");
    // Three patients, temperatures below and above zero, one decimal, in no order. Three readings of each
    // have a place, so that seven are more than two patients can have.
    std::fs::write(
        &file,
        "where,C,patient\n3,-1.5,a\n1,36.6,a\n2,37.0,a\n2,38.25,b\n1,39.5,b\n3,37.5,b\n1,36.4,c\n",
    )
    .unwrap();
    let report = json(&run(&[
        "demo",
        "--json",
        "--data",
        file.to_str().unwrap(),
        "--subject-column",
        "patient",
        "--time-column",
        "where",
        "--value-column",
        "C",
        "--inside",
        "36:37.5",
        "--min",
        "-10",
        "--slots",
        "3",
        "--curve",
        "bn254",
    ]));
    let all = &report["rows"][1]["decrypted"];
    assert_eq!(all["count"], 7);
    let (mean, share) = (all["mean"].as_f64().unwrap(), all["share_inside"].as_f64().unwrap());
    assert!((mean - (36.6 + 37.0 - 1.5 + 38.25 + 39.5 + 37.5 + 36.4) / 7.0).abs() < 1e-12);
    assert!((share - 4.0 / 7.0).abs() < 1e-12);
    assert_eq!(report["equal"], true);
}

#[test]
fn readings_exported_twice_count_once_and_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("twice.csv");
    let rows: String = ["kite", "ash", "elm"]
        .map(|who| {
            format!("{who},2025-10-26T02:55:00+02:00,100\n{who},2025-10-26T02:00:00+01:00,101\n")
        })
        .concat();
    let again = "kite,2025-10-26T00:55:00Z,100\nkite,2025-10-26 02:00:00,101\n";
    let table = |rows: &[&str]| {
        std::fs::write(&file, format!("subject,time,value\n{}", rows.concat())).unwrap();
    };
    let args = ["--curve", "bn254", "--slots", "2", "--inside", "100:101", "--data"];
    let args = [&QUICK[..], &args, &[file.to_str().unwrap()]].concat();
    table(&[&rows, again]);
    // Its last line says a time that came twice that night, and nobody said where.
    let output = run(&args);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("line 9, column \"time\""), "{}", stderr(&output));
    let report = json(&run(&[&args[..], &["--zone", "Etc/GMT-1"]].concat()));
    assert_eq!((&report["repeated_readings"], &report["readings"]), (&2.into(), &6.into()));
    assert_eq!(report["rows"][1]["decrypted"]["mean"].as_f64(), Some(100.5));
    table(&[&rows, &again.replace("100", "99")]);
    let output = run(&[&args[..], &["--zone", "Etc/GMT-1"]].concat());
    assert!(stderr(&output).contains("lines 2 and 8 contradict"), "{}", stderr(&output));
}

#[test]
fn epochs_of_too_few_devices_are_withheld_and_counted() {
    // On standard input, with the columns' usual names.
    let table = "Patient ID,time,Glucose (mg/dL)\na,1,5\na,2,6\na,3,7\nb,1,8\nc,1,9\n";
    let args = ["--curve", "bn254", "--slots", "1", "--inside", "5:6", "--data", "-"];
    let home = tempfile::tempdir().unwrap();
    let mut demo = pulseproof(home.path());
    demo.args([&QUICK[..], &args].concat());
    demo.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = demo.spawn().unwrap();
    child.stdin.take().unwrap().write_all(table.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = stderr(&output);
    assert!(
        said.contains(r#"subject "Patient ID", time "time", value "Glucose (mg/dL)""#),
        "{said}"
    );
    let report = json(&output);
    assert_eq!((&report["withheld_readings"], &report["readings"]), (&2.into(), &3.into()));
    assert_eq!((&report["proofs"], &report["equal"]), (&1.into(), &true.into()));
}

#[test]
fn every_answer_equals_the_plain_one() {
    // Six devices with the first three days of six subjects: enough for every question.
    let report = json(&run(&[
        "demo",
        "--json",
        "--curve",
        "bn254",
        "--devices",
        "6",
        "--epochs",
        "3",
        "--alert-above",
        "110",
        "--alert-epochs",
        "1",
    ]));
    assert_eq!(report["equal"], true);
    let alerts = &report["alerts"];
    assert_eq!((&alerts["above"], alerts["skipped"].as_array().unwrap().len()), (&"110".into(), 0));
    let answers = alerts["answers"].as_array().unwrap();
    let asked: Vec<_> = answers.iter().map(|answer| answer["question"].as_str().unwrap()).collect();
    assert_eq!(asked, ["above", "spike", "trend"]);
    for answer in answers {
        // The appliance computed one of each kind too, and has the same words.
        assert_eq!(answer["same_outputs"], true);
        assert_eq!((&answer["equal"], &answer["epoch"]), (&true.into(), &2.into()));
        for bit in answer["bits"].as_array().unwrap() {
            assert_eq!(bit["encrypted"], bit["plain"]);
        }
    }
    assert!(report["latency"]["alert_ms"]["p50"].as_f64().unwrap() > 0.0);
}

#[test]
fn people_get_a_table() {
    let args = ["demo", "--epochs", "1", "--curve", "bn254", "--devices", "6"];
    let output = run(&[&args[..], &["--alert-above", "100"]].concat());
    let text = stdout(&output);
    assert!(output.status.success());
    for part in [
        "region-001",
        "all regions",
        "share in 70–180",
        "equal",
        "p99 ms",
        "proof 358",
        "mean above 100 mg/dL",
        "not asked: spike",
    ] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    let log = stderr(&output);
    assert!(log.contains("INSECURE"));
    assert!(log.contains("WARN") && !log.contains('\x1b'), "no colours where nobody looks: {log}");
}

fn caught(kind: &str, by: &[&str]) {
    let report =
        json(
            &run(&[&QUICK[..], &["--epochs", "2", "--curve", "bn254", "--tamper", kind]].concat()),
        );
    let tamper = &report["tamper"];
    assert_eq!(tamper["kind"], kind);
    assert_eq!(tamper["caught"], true);
    let attempts = tamper["attempts"].as_array().unwrap();
    let who = |attempt: &Value| attempt["by"].as_str().unwrap().to_owned();
    assert_eq!(attempts.iter().map(who).collect::<Vec<_>>(), by);
    assert_eq!(report["equal"], true, "what was summed is still right");
}

#[test]
fn a_dropped_device_is_noticed() {
    caught("drop", &["device 1636-69-001", "cloud"]);
}

#[test]
fn altered_readings_are_noticed() {
    caught("alter", &["appliance", "appliance"]);
}

#[test]
fn injected_readings_are_noticed() {
    caught("inject", &["appliance", "appliance"]);
}

#[test]
fn replays_are_noticed() {
    caught("replay", &["appliance", "appliance", "cloud", "cloud"]);
}

#[test]
fn forged_proofs_are_noticed() {
    caught("forge-proof", &["cloud"; 5]);
}

#[test]
fn stealing_the_key_is_noticed() {
    caught("steal-key", &["authority"; 4]);
}

#[test]
fn subtracting_sums_is_noticed() {
    caught("subtract", &["cloud", "authority", "authority"]);
}

#[test]
fn people_who_are_none_are_noticed() {
    caught("sybil", &["authority"; 2]);
}

#[test]
fn malformed_words_are_noticed() {
    caught("malform", &["appliance", "appliance", "appliance", "cloud", "cloud"]);
}

#[test]
fn a_lie_about_a_program_is_noticed() {
    caught("lie-program", &["authority"]);
}

#[test]
fn bad_options_say_what_to_do() {
    let fails = |args: &[&str], code: i32, message: &str| {
        let output = run(args);
        assert_eq!(output.status.code(), Some(code), "{args:?}");
        let text = stderr(&output);
        assert!(text.contains(message), "{args:?}: {message:?} is not in {text}");
    };
    fails(
        &["demo", "--tamper", "bribe"],
        2,
        "replay, forge-proof, steal-key, subtract, sybil, malform, lie-program",
    );
    fails(&["demo", "--data", "x.csv"], 2, "--inside");
    fails(&["demo", "--subject-column", "id"], 2, "--data");
    fails(&["demo", "--data", "no-such.csv", "--inside", "1:2"], 2, "no-such.csv");
    fails(&["demo", "--zone", "UTC"], 2, "--data");
    fails(
        &["demo", "--data", "x.csv", "--inside", "1:2", "--zone", "Mars"],
        2,
        "no time zone \"Mars\"",
    );
    fails(&["demo", "--curve", "p256"], 2, "bls12-381 or bn254");
    fails(&["demo", "--devices", "3", "--regions", "4"], 2, "regions: 4 is not between 1 and 3");
    fails(&["demo", "--inside", "70"], 2, "LOW:HIGH");
    fails(&["demo", "--max", "200"], 2, "200");
    fails(&["demo", "--slots", "5000"], 2, "at most 2048");
    fails(&["demo", "--devices", "4", "--regions", "2"], 2, "region-001 has 2 devices");
    fails(&["demo", "--inside", "7x:9"], 2, "--inside: \"7x\"");
    fails(&["demo", "--alert-above", "high"], 2, "--alert-above: \"high\"");
}
