//! Gateways that are no Rust programs: `pulseproof profile`, `pulseproof seal`, and the example in Python.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use pulseproof_fhe::{Layout, SecretKey, Totals};
use pulseproof_kernels::Bls12_381;
use pulseproof_sdk::{Profile, ProvedResult};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::common::{json, pulseproof, stderr, stdout};

const DEVICES: [&str; 3] = ["meter-1", "meter-2", "meter-3"];

/// A region with an authority, a profile and devices with keys.
struct Region(TempDir);

impl Region {
    fn new() -> Self {
        let region = Self(tempfile::tempdir().unwrap());
        std::fs::create_dir(region.at("keys")).unwrap();
        region.ok(&["keys", "authority", "."]);
        for device in DEVICES {
            region.ok(&["keys", "device", &format!("keys/{device}.key")]);
        }
        region
    }

    fn at(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = pulseproof(&self.at("home"));
        command.current_dir(self.0.path()).args(words);
        command
    }

    fn run(&self, words: &[&str]) -> Output {
        self.command(words).output().unwrap()
    }

    fn ok(&self, words: &[&str]) -> String {
        let output = self.run(words);
        assert!(output.status.success(), "{words:?}: {}{}", stdout(&output), stderr(&output));
        stdout(&output)
    }

    fn profile(&self) -> Value {
        let words = "profile authority.public north.profile --decimals 1 --range 2:22.2 --inside 3.9:10 --slots 4 \
                     --summands 10";
        serde_json::from_str(&self.ok(&words.split_whitespace().collect::<Vec<_>>())).unwrap()
    }

    fn seal(&self, lines: &str, more: &[&str]) -> Output {
        let words = [
            "seal",
            "--region",
            "north",
            "--epoch",
            "7",
            "--profile",
            "north.profile",
            "--keys",
            "keys",
        ];
        let mut command = self.command(&[&words[..], &["--insecure-key"], more].concat());
        fed(command.stdout(Stdio::piped()).stderr(Stdio::piped()), lines)
    }
}

fn fed(command: &mut Command, text: &str) -> Output {
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn lines(readings: &[(&str, &str)]) -> String {
    readings
        .iter()
        .map(|(device, list)| format!("{{\"device\":\"{device}\",\"readings\":{list}}}\n"))
        .collect()
}

struct Appliance(Child);

impl Drop for Appliance {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

fn serve(region: &Region) -> (Appliance, String) {
    let mut command = region.command(&["serve", "--insecure-key", "--listen", "127.0.0.1:0"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut said = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut said).unwrap();
    let url = said.trim().strip_prefix("listening on ").unwrap().to_owned();
    (Appliance(child), url)
}

impl Region {
    fn token(&self, role: &str) -> String {
        self.ok(&["tokens", "create", role, "--role", role]).trim().to_owned()
    }

    /// Runs the example, as whoever has this token.
    fn gateway(&self, what: &str, url: &str, token: &str, readings: &str) -> Output {
        let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/gateway.py");
        let options = "--region north --epoch 7 --profile north.profile --keys keys --out results --insecure-key";
        let mut command = Command::new("python3");
        command.current_dir(self.0.path()).arg(&example).arg(what).args(options.split(' '));
        command.args(["--url", url, "--program", env!("CARGO_BIN_EXE_pulseproof")]);
        command.env("PULSEPROOF_HOME", self.at("home")).env("PULSEPROOF_TOKEN", token);
        fed(command.stdout(Stdio::piped()).stderr(Stdio::piped()), readings)
    }
}

#[test]
fn readings_become_a_verified_sum_by_http_and_python_alone() {
    let region = Region::new();
    let facts = region.profile();
    // Under the default rules, which ask for tokens.
    let (operator, gateway) = (region.token("operator"), region.token("gateway"));
    let (_appliance, url) = serve(&region);
    let readings = lines(&[
        ("meter-1", "[5.5, null, 12]"),
        ("meter-2", "[2]"),
        ("meter-3", "[22.2, 3.9]"),
        ("meter-1", "[6]"),
    ]);
    let refused = region.gateway("register", &url, &gateway, "");
    assert!(
        refused.status.code() == Some(1) && stderr(&refused).contains("403 forbidden"),
        "{}",
        stderr(&refused)
    );
    for _ in 0..2 {
        let registered = region.gateway("register", &url, &operator, "");
        assert!(registered.status.success(), "{}", stderr(&registered));
    }
    // Whoever was cut off starts over, and finds what is there.
    for _ in 0..2 {
        let verdict = json(&region.gateway("sum", &url, &gateway, &readings));
        let said = [&verdict[0]["valid"], &verdict[0]["devices"], &verdict[0]["proved_encryption"]];
        assert_eq!(said, [&json!(true), &json!(3), &json!(true)], "{verdict}");
        assert_eq!(verdict[0]["words"], facts["words"]);
    }

    // The oracle: what the authority reads in the sum is what went in.
    let bytes = std::fs::read(region.at("results/north.epoch-7.result")).unwrap();
    let result = ProvedResult::<Bls12_381>::from_bytes(&bytes).unwrap();
    let secret = std::fs::read(region.at("authority.secret")).unwrap();
    let secret = SecretKey::from_bytes(&secret).unwrap();
    let profile = Profile::from_bytes(&std::fs::read(region.at("north.profile")).unwrap()).unwrap();
    let Profile::Proved { layout, .. } = profile else { panic!("devices prove") };
    let expected = Totals::of_readings(&layout, [55, 120, 60, 20, 222, 39]);
    assert_eq!(decrypt(&secret, &layout, &result), expected);
}

fn decrypt(secret: &SecretKey, layout: &Layout, result: &ProvedResult<Bls12_381>) -> Totals {
    secret.decrypt(layout, &result.aggregate, 3).unwrap()
}

#[test]
fn what_cannot_be_sealed_is_named() {
    let region = Region::new();
    region.profile();
    let good = region.seal(&lines(&[("meter-1", "[5]")]), &[]);
    assert!(good.status.success() && good.stdout.starts_with(b"PPSB"), "{}", stderr(&good));
    let whole = region.seal(&lines(&[("meter-1", "[5]")]), &["--out", "batch"]);
    assert!(whole.status.success() && whole.stdout.is_empty(), "{}", stderr(&whole));
    for (readings, reason) in [
        (
            lines(&[("meter-1", "[5]"), ("meter-2", "[1.9]")]),
            "standard input: line 2: reading 1: expected a number, 2.0 to 22.2",
        ),
        (lines(&[("meter-9", "[5]")]), "keys/meter-9.key: No such file"),
        (
            lines(&[("meter-1", "[5,5,5,5,5]")]),
            "meter-1: 5 readings were given, the layout has 4 slots",
        ),
        (String::new(), "standard input: readings of 0 devices, expected 1 to 1024"),
        ("[]".to_owned(), "standard input: line 1: "),
    ] {
        let refused = region.seal(&readings, &["--out", "other"]);
        let said = stderr(&refused);
        assert!(refused.status.code() == Some(2) && said.contains(reason), "{readings}: {said}");
        assert!(!region.at("other").exists());
    }
    // No key is written over, read by others, or too long for its SRS.
    let over = region.seal(&lines(&[("meter-1", "[5]")]), &["--out", "keys/meter-1.key"]);
    assert!(
        over.status.code() == Some(2) && stderr(&over).contains("meter-1.key"),
        "{}",
        stderr(&over)
    );
    region.ok(&["keys", "show", "keys/meter-1.key"]);
    let small = region.seal(&lines(&[("meter-1", "[5]")]), &["--log-size", "3"]);
    assert!(stderr(&small).contains("--log-size 3 is too small"), "{}", stderr(&small));
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o640);
    std::fs::set_permissions(region.at("keys/meter-1.key"), open).unwrap();
    let open = region.seal(&lines(&[("meter-1", "[5]")]), &[]);
    assert!(stderr(&open).contains("chmod 600"), "{}", stderr(&open));
    // Without the flag, no development SRS.
    let words = [
        "seal",
        "--region",
        "north",
        "--epoch",
        "7",
        "--profile",
        "north.profile",
        "--keys",
        "keys",
    ];
    let refused = fed(region.command(&words).stderr(Stdio::piped()), &lines(&[("meter-1", "[5]")]));
    assert!(stderr(&refused).contains("INSECURE development SRS"), "{}", stderr(&refused));
}

#[test]
fn profiles_that_cannot_be_are_refused() {
    let region = Region::new();
    for (options, reason) in [
        ("--range 2:22 --inside 1:10 --slots 4 --summands 10", "inside"),
        (
            "--range 2.5:22 --inside 3:10 --slots 4 --summands 10",
            "--range: \"2.5:22\" is not LOW:HIGH",
        ),
        ("--range 22 --inside 3:10 --slots 4 --summands 10", "--range: \"22\" is not LOW:HIGH"),
        ("--range 2:22 --inside 3:10 --slots 0 --summands 10", "slots is 0"),
        ("--decimals 19 --range 2:22 --inside 3:10 --slots 4 --summands 10", "--decimals"),
    ] {
        let words = ["profile", "authority.public", "bad.profile"];
        let options: Vec<_> = options.split_whitespace().collect();
        let refused = region.run(&[&words[..], &options].concat());
        let said = stderr(&refused);
        assert!(refused.status.code() == Some(2) && said.contains(reason), "{options:?}: {said}");
    }
    region.profile();
    let again = region.run(&[
        "profile",
        "authority.public",
        "north.profile",
        "--range",
        "2:22",
        "--inside",
        "3:10",
        "--slots",
        "4",
        "--summands",
        "10",
    ]);
    assert_eq!(again.status.code(), Some(2), "a profile is never overwritten");
}
