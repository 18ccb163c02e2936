//! `pulseproof audit`.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::common::{json, pulseproof, stderr, stdout};

/// Starts an appliance, and stops it when it is there.
fn serve(home: &Path) {
    serve_with(home, &[]);
}

/// The same with more in its environment; what it says on standard error.
fn serve_with(home: &Path, environment: &[(&str, &str)]) -> String {
    let mut command = pulseproof(home);
    command.args(["serve", "--insecure-key", "--log-size", "10", "--listen", "127.0.0.1:0"]);
    command.envs(environment.iter().copied());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut said = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut said).unwrap();
    assert!(said.starts_with("listening on"), "{said}");
    let id = i32::try_from(child.id()).unwrap();
    kill_process(Pid::from_raw(id).unwrap(), Signal::TERM).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    stderr(&output)
}

#[test]
fn a_log_in_json_is_json_line_by_line() {
    let folder = tempfile::tempdir().unwrap();
    let said =
        serve_with(folder.path(), &[("PULSEPROOF_LOG", "info"), ("PULSEPROOF_LOG_FORMAT", "json")]);
    let records: Vec<Value> =
        said.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    assert!(
        records.iter().all(|record| record["level"].is_string() && record["message"].is_string())
    );
    let of = |message: &str| records.iter().find(|record| record["message"] == message);
    assert_eq!(of("serving").unwrap()["target"], "pulseproof_server::serve");
    // What is said to people is among them.
    assert!(records.iter().any(|record| record["message"].as_str().unwrap().contains("INSECURE")));
}

#[test]
fn a_log_is_exported_and_verified_and_what_was_changed_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    let run = |words: &[&str]| pulseproof(home).current_dir(home).args(words).output().unwrap();
    let none = run(&["audit", "export"]);
    assert!(
        none.status.code() == Some(2) && stderr(&none).contains("no appliance's store"),
        "{}",
        stderr(&none)
    );
    serve(home);
    let created = run(&["tokens", "create", "ann", "--role", "auditor"]);
    assert!(created.status.success(), "{}", stderr(&created));
    serve(home);
    assert!(run(&["audit", "export", "--out", "log.jsonl"]).status.success());
    let over = run(&["audit", "export", "--out", "appliance/appliance.sqlite"]);
    assert!(
        over.status.code() == Some(2) && stderr(&over).contains("appliance.sqlite"),
        "{}",
        stderr(&over)
    );
    let log = std::fs::read_to_string(home.join("log.jsonl")).unwrap();
    let entries: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let what: Vec<_> = entries.iter().map(|entry| entry["act"]["what"].as_str().unwrap()).collect();
    assert_eq!(what, ["started", "stopped", "token-created", "started", "stopped"]);
    assert_eq!((&entries[2]["who"], &entries[0]["who"]), (&json!("operator"), &json!("appliance")));
    assert!(!log.contains("ann"), "nobody is named");
    assert_eq!(stdout(&run(&["audit", "export", "--after", "3"])).lines().count(), 2);

    let shown = stdout(&run(&["keys", "show", "appliance/identity.key"]));
    let key = shown.lines().find_map(|line| line.strip_prefix("public: ")).unwrap();
    let verify = |file: &str, more: &[&str]| {
        run(&[&["audit", "verify", "--json", "--appliance", key], more, &[file]].concat())
    };
    let verdict = json(&verify("log.jsonl", &[]));
    let last = entries[4]["hash"].as_str().unwrap();
    assert_eq!(verdict, json!({ "valid": true, "error": null, "entries": 5, "hash": last }));
    let known = format!("5:{last}");
    assert!(verify("log.jsonl", &["--known", &known]).status.success());

    let lines: Vec<&str> = log.lines().collect();
    let cases = [
        (
            "other who",
            log.replace("\"operator\"", "\"appliance\""),
            "entry 3 or one before it was changed",
        ),
        (
            "left out",
            [&lines[..1], &lines[2..]].concat().join("\n"),
            "entry 2 is expected, this is entry 3",
        ),
        ("cut off", lines[..4].join("\n"), "the log ends with entry 4"),
        ("empty", String::new(), "the log ends with entry 0"),
    ];
    for (name, text, reason) in cases {
        std::fs::write(home.join("changed.jsonl"), text).unwrap();
        let changed = verify("changed.jsonl", &["--known", &known]);
        let said = stdout(&changed);
        assert!(changed.status.code() == Some(1) && said.contains(reason), "{name}: {said}");
    }
    let other = verify("log.jsonl", &["--known", &format!("2:{last}")]);
    assert!(stdout(&other).contains("entry 2 is another one than was seen before"));
    // What nobody signed is anybody's, and so is nothing.
    let unsigned: Vec<_> = entries
        .iter()
        .map(|entry| {
            let mut entry = entry.clone();
            entry.as_object_mut().unwrap().remove("signature");
            entry.to_string()
        })
        .collect();
    for (text, reason) in [(unsigned.join("\n"), "signed 0"), (String::new(), "0 entries")] {
        std::fs::write(home.join("changed.jsonl"), text).unwrap();
        let verdict = verify("changed.jsonl", &[]);
        assert!(
            verdict.status.code() == Some(1) && stdout(&verdict).contains(reason),
            "{}",
            stdout(&verdict)
        );
    }
    // As it comes over HTTP, page by page.
    let page = |entries: &[&str]| format!("{{\"entries\":[{}],\"next\":9}}", entries.join(","));
    std::fs::write(home.join("pages"), page(&lines[..2]) + &page(&lines[2..])).unwrap();
    assert_eq!(json(&verify("pages", &[]))["entries"], 5);
    std::fs::write(home.join("changed.jsonl"), "{}\n").unwrap();
    let broken = verify("changed.jsonl", &[]);
    assert!(
        broken.status.code() == Some(2) && stderr(&broken).contains("entry or page 1: "),
        "{}",
        stderr(&broken)
    );

    let fhir = stdout(&run(&["audit", "export", "--fhir"]));
    let events: Vec<Value> = fhir.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(events.len(), 5);
    assert!(events.iter().all(|event| event["resourceType"] == "AuditEvent"));
    assert_eq!(events[2]["agent"][0]["who"]["identifier"]["value"], "operator");
}

#[test]
fn an_appliance_that_starts_with_a_log_that_was_changed_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    serve(home);
    let changed = "WAS CHANGED";
    assert!(!serve_with(home, &[]).contains(changed));
    let file = home.join("appliance/appliance.sqlite");
    let mut bytes = std::fs::read(&file).unwrap();
    let started = b"\"curve\":\"bls12-381\"";
    let at = bytes.windows(started.len()).position(|window| window == started).unwrap();
    bytes[at + started.len() - 2] = b'2';
    std::fs::write(&file, bytes).unwrap();
    let said = serve_with(home, &[]);
    assert!(said.contains(changed), "{said}");
}
