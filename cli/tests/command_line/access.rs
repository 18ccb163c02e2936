//! Tokens, rules, and whom an appliance lets in when it starts.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Output, Stdio};

use crate::common::{pulseproof, stderr as err, stdout as out};

fn run(home: &Path, args: &[&str]) -> Output {
    pulseproof(home).args(args).output().unwrap()
}

#[test]
fn tokens_are_made_listed_and_revoked() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let made =
        run(home, &["tokens", "create", "gateway-7", "--role", "gateway", "--region", "north"]);
    assert!(made.status.success(), "{}", err(&made));
    let token = out(&made).trim().to_owned();
    let parts: Vec<_> = token.split('_').collect();
    assert_eq!((parts[0], parts[1].len(), parts[2].len()), ("pulseproof", 16, 64));
    assert!(err(&made).contains("shown once") && !err(&made).contains(parts[2]));
    let listed = run(home, &["tokens", "list", "--json"]);
    let list: serde_json::Value = serde_json::from_str(&out(&listed)).unwrap();
    assert_eq!((&list[0]["id"], &list[0]["name"]), (&parts[1].into(), &"gateway-7".into()));
    assert_eq!((&list[0]["role"], &list[0]["state"]), (&"gateway".into(), &"good".into()));
    assert!(!out(&listed).contains(parts[2]));
    assert!(out(&run(home, &["tokens", "list"])).contains("365 days"));
    assert_eq!(run(home, &["tokens", "revoke", parts[1]]).status.code(), Some(0));
    let again = run(home, &["tokens", "revoke", parts[1]]);
    assert!(again.status.code() == Some(2) && err(&again).contains("revoked before"));
    let unknown = run(home, &["tokens", "revoke", "0123456789abcdef"]);
    assert!(unknown.status.code() == Some(2) && err(&unknown).contains("there is no token"));
    assert!(out(&run(home, &["tokens", "list"])).contains("revoked"));
    let typo = home.join("typo");
    let typo = typo.to_str().unwrap();
    let nothing = run(home, &["tokens", "list", "--store", typo]);
    assert!(nothing.status.code() == Some(2) && err(&nothing).contains("no appliance's store"));
    assert!(!Path::new(typo).exists());
    let whole = run(home, &["tokens", "create", "b", "--role", "auditor"]);
    let whole = out(&whole).trim().to_owned();
    assert_eq!(run(home, &["tokens", "revoke", &whole]).status.code(), Some(0));
    for bad in [
        &["tokens", "create", "a b", "--role", "gateway"][..],
        &["tokens", "create", "a", "--role", "root"],
        &["tokens", "create", "a"],
        &["tokens", "create", "a", "--role", "gateway", "--days", "0"],
        &["tokens", "revoke", &token[..token.len() - 1]],
    ] {
        let refused = run(home, bad);
        assert_eq!(refused.status.code(), Some(2), "{bad:?}");
        assert!(!err(&refused).contains(parts[2]), "{bad:?}");
    }
}

#[test]
fn rules_are_shown_and_tried() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let shown = out(&run(home, &["policy", "show"]));
    let rules = home.join("rules.cedar");
    std::fs::write(&rules, &shown).unwrap();
    let table = out(&run(home, &["policy", "test", "--policy", rules.to_str().unwrap()]));
    assert_eq!(table, out(&run(home, &["policy", "test"])));
    assert!(table.contains("clinician") && table.contains("fetch-result, its own"));
    let json = out(&run(home, &["policy", "test", "--json"]));
    let rows: serde_json::Value = serde_json::from_str(&json).unwrap();
    let metrics = rows.as_array().unwrap().iter().find(|row| row["action"] == "see-metrics");
    assert_eq!(metrics.unwrap()["permitted"], serde_json::json!(["operator", "auditor"]));
    let cases = home.join("cases.json");
    let tries = |text: &str| {
        std::fs::write(&cases, text).unwrap();
        run(home, &["policy", "test", "--cases", cases.to_str().unwrap()])
    };
    let holds = r#"[{"permitted":false,"role":"gateway","regions":["north"],"action":"submit","on":"south"}]"#;
    assert_eq!(tries(holds).status.code(), Some(0));
    let fails = tries(&holds.replace("false", "true"));
    assert_eq!(fails.status.code(), Some(1));
    assert!(out(&fails).contains("cases[0]: refused"));
    for bad in ["[", r#"[{"permitted":true,"action":"fly"}]"#, r#"[{"action":"sum"}]"#] {
        assert_eq!(tries(bad).status.code(), Some(2), "{bad}");
    }
    std::fs::write(&rules, "permit (principal, action == Action::\"fly\", resource);").unwrap();
    let bad = run(home, &["policy", "test", "--policy", rules.to_str().unwrap()]);
    assert!(bad.status.code() == Some(2) && err(&bad).contains("fly"), "{}", err(&bad));
}

/// Starts an appliance; what it said until it listened, or why it did not.
fn serve(home: &Path, args: &[&str]) -> Result<(Child, String), String> {
    let mut command = pulseproof(home);
    command.args([
        "serve",
        "--insecure-key",
        "--curve",
        "bn254",
        "--log-size",
        "4",
        "--backend",
        "cpu",
    ]);
    let mut child =
        command.args(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    if line.starts_with("listening on ") {
        return Ok((child, line.trim_start_matches("listening on ").trim().to_owned()));
    }
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    Err(err(&output))
}

fn end((mut child, _): (Child, String)) -> String {
    child.kill().unwrap();
    err(&child.wait_with_output().unwrap())
}

#[test]
fn an_appliance_is_not_exposed_by_accident() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    // On this machine it is open until there is a token, and says so.
    let here = ["--listen", "127.0.0.1:0"];
    assert!(end(serve(home, &here).unwrap()).contains("OPEN"));
    let off = ["--listen", "0.0.0.0:0"];
    let refused = serve(home, &off).unwrap_err();
    assert!(refused.contains("no TLS") && refused.contains("no tokens"), "{refused}");
    let exposed = ["--listen", "0.0.0.0:0", "--exposed", "a test of a moment"];
    let said = end(serve(home, &exposed).unwrap());
    assert!(said.contains("EXPOSED") && said.contains("a test of a moment"), "{said}");
    run(home, &["tokens", "create", "a", "--role", "auditor"]);
    assert!(!end(serve(home, &here).unwrap()).contains("OPEN"));
    let refused = serve(home, &off).unwrap_err();
    assert!(refused.contains("no TLS") && !refused.contains("no tokens"), "{refused}");
    for bad in
        [&["--host", "http://x"][..], &["--host", ""], &["--host", "x:1"], &["--exposed", ""]]
    {
        assert!(serve(home, &[&here, bad].concat()).unwrap_err().contains(bad[0]), "{bad:?}");
    }
    let nothing = home.join("nothing.pem");
    let nothing = nothing.to_str().unwrap();
    let tls = ["--listen", "0.0.0.0:0", "--tls-certificate", nothing, "--tls-key", nothing];
    assert!(serve(home, &tls).unwrap_err().contains("nothing.pem"));
    let half = ["--listen", "0.0.0.0:0", "--tls-certificate", nothing];
    assert!(serve(home, &half).unwrap_err().contains("--tls-key"));
    let rules = home.join("rules.cedar");
    std::fs::write(&rules, "permit").unwrap();
    let ruled = ["--listen", "127.0.0.1:0", "--policy", rules.to_str().unwrap()];
    assert!(serve(home, &ruled).unwrap_err().contains("rules: "));
}
