//! What commands do to files: theirs, and everybody else's.

use std::fs;
use std::os::unix::fs::{FileTypeExt, symlink};

use serde_json::Value;

use crate::common::{self, Bench, stderr, stdout};

/// A proof of snarkjs's circuit, to standard output or wherever.
const PROVE: &str = "prove --backend cpu --key bn128@tiny.zkey --witness bn128@tiny.wtns";

#[test]
fn outputs_that_are_inputs_are_refused_before_anything_is_done() {
    let bench = Bench::new();
    for name in ["tiny.zkey", "tiny.wtns", "tiny.r1cs"] {
        bench.copy("bn128", name);
    }
    symlink(bench.path("tiny.zkey"), bench.path("link")).unwrap();
    let before = bench.names();
    let prove = "prove --backend cpu --key @tiny.zkey --witness @tiny.wtns --r1cs @tiny.r1cs";
    for (line, reason) in [
        (format!("{prove} --proof @tiny.zkey"), "--key"),
        (format!("{prove} --proof ./link"), "--key"),
        (format!("{prove} --public @tiny.wtns"), "--witness"),
        (format!("{prove} --public @tiny.r1cs"), "--r1cs"),
        (format!("{prove} --proof @same.json --public @same.json"), "--public"),
        (format!("{prove} --proof - --public -"), "--public"),
        (format!("{prove} --proof - --json"), "--json"),
        ("setup --r1cs @tiny.r1cs --development --out @tiny.r1cs".to_owned(), "--r1cs"),
        (
            "setup --r1cs @tiny.r1cs --development --out @k --verification-key @k".to_owned(),
            "--verification-key",
        ),
        ("export-key --key @tiny.zkey --out @tiny.zkey".to_owned(), "--out"),
        ("export-solidity --key @tiny.zkey --out @link".to_owned(), "--out"),
    ] {
        bench.fails(&line, reason);
        bench.fails(&line, "are the same");
    }
    assert_eq!(bench.names(), before);
    for name in ["tiny.zkey", "tiny.wtns", "tiny.r1cs"] {
        let bytes = fs::read(bench.path(name)).unwrap();
        assert!(bytes == fs::read(common::fixture("bn128", name)).unwrap(), "{name}");
    }
}

#[test]
fn what_is_no_plain_file_is_written_through() {
    let bench = Bench::new();
    let (pipe, null) = (bench.path("pipe"), bench.path("null"));
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    symlink("/dev/null", &null).unwrap();
    symlink("elsewhere.json", bench.path("link.json")).unwrap();
    let reader = {
        let pipe = pipe.clone();
        std::thread::spawn(move || fs::read_to_string(pipe).unwrap())
    };
    bench.ok(&format!("{PROVE} --proof @pipe --public @link.json"));
    assert!(serde_json::from_str::<Value>(&reader.join().unwrap()).unwrap()["pi_a"].is_array());
    assert!(fs::symlink_metadata(&pipe).unwrap().file_type().is_fifo());
    assert!(fs::symlink_metadata(bench.path("link.json")).unwrap().is_symlink());
    assert!(fs::read_to_string(bench.path("elsewhere.json")).unwrap().starts_with('['));
    bench.ok(&format!("{PROVE} --proof @null --public @null"));
    assert!(fs::metadata("/dev/null").unwrap().file_type().is_char_device());
}

#[test]
fn a_dash_is_standard_output_and_nothing_else_is_said_there() {
    let bench = Bench::new();
    for name in ["-", "/dev/stdout"] {
        let output = bench.run(&format!("{PROVE} --proof {name}"));
        let proof: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert!(proof["pi_a"].is_array(), "{name}");
        assert!(stderr(&output).contains("bn254 on cpu"));
    }
    let key = bench.ok("export-key --key bn128@tiny.zkey --out -");
    assert_eq!(serde_json::from_str::<Value>(&key).unwrap()["protocol"], "groth16");
    let output = bench.run("setup --r1cs bn128@tiny.r1cs --development --out -");
    assert!(output.stdout.starts_with(b"zkey"), "{}", stderr(&output));
    let mut keys = common::pulseproof(bench.folder());
    let key = keys.args(["keys", "device", "-"]).output().unwrap();
    assert!(stdout(&key).starts_with("pulseproof-device-key:"));
}

#[test]
fn proofs_side_by_side_do_not_meet() {
    let bench = Bench::new();
    fs::write(bench.path("proof.part"), "somebody else's").unwrap();
    std::thread::scope(|scope| {
        for number in 0..8 {
            let bench = &bench;
            scope.spawn(move || {
                bench.ok(&format!("{PROVE} --proof @proof.{number} --public @public.{number}"));
            });
        }
    });
    for number in 0..8 {
        let verify = format!("verify --key bn128@tiny.zkey @proof.{number} @public.{number}");
        assert!(bench.ok(&verify).contains("VALID"));
    }
    assert_eq!(fs::read_to_string(bench.path("proof.part")).unwrap(), "somebody else's");
    assert_eq!(bench.names().len(), 17);
}

#[test]
fn failures_leave_nothing() {
    let bench = Bench::new();
    bench.fails(&format!("{PROVE} --proof @no/folder/proof.json"), "no/folder/proof.json");
    bench.fails("prove --backend cpu --key bn128@tiny.zkey --witness bn128@tiny.r1cs", "tiny.r1cs");
    assert_eq!(bench.names(), Vec::<String>::new());
}
