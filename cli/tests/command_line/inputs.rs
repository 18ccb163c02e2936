//! What is read: known by its first bytes, named when it is wrong, and never a verdict when it cannot be read.

use std::fs;
use std::io::{Cursor, Write};
use std::process::{Output, Stdio};

use pulseproof_formats::Check;
use pulseproof_formats::zkey::{self, Zkey};
use pulseproof_groth16::{Proof, PublicInputs, VerifyingKey};
use pulseproof_kernels::traits::*;
use pulseproof_kernels::{Bn254, Scalar};
use serde_json::Value;

use crate::common::{self, Bench, fixture, json, stderr, stdout};

const PROVE: &str = "prove --backend cpu --key bn128@tiny.zkey --witness bn128@tiny.wtns";
const VERIFY: &str = "verify --key bn128@tiny.zkey";

/// snarkjs's circuit, proved: proof.json, public.json and vk.json.
fn proved() -> Bench {
    let bench = Bench::new();
    bench.ok(PROVE);
    bench.ok("export-key --key bn128@tiny.zkey --out vk.json");
    bench
}

fn verdict(output: &Output) -> Value {
    serde_json::from_slice::<Value>(&output.stdout).unwrap()[0].clone()
}

/// Runs it with something on standard input.
fn piped(bench: &Bench, line: &str, input: &[u8]) -> Output {
    let mut child =
        bench.command(line).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    child.wait_with_output().unwrap()
}

#[test]
fn a_key_without_a_second_phase_says_nothing() {
    let bench = proved();
    let text = fs::read(bench.path("vk.json")).unwrap();
    let mut key = VerifyingKey::<Bn254>::from_json(&text).unwrap();
    key.delta_g2 = key.gamma_g2;
    fs::write(bench.path("toy.json"), key.to_json()).unwrap();
    // Anybody makes this from the key alone, for signals of his choice.
    let signals = PublicInputs::<Bn254>::from_json(br#"["1", "2", "3"]"#).unwrap();
    let signals =
        PublicInputs::<Bn254>(signals.0.into_iter().cycle().take(key.public_inputs()).collect());
    let mut x = key.ic[0].into_group();
    for (point, signal) in key.ic[1..].iter().zip(&signals.0) {
        x += *point * signal;
    }
    let forged = Proof::<Bn254> { a: key.alpha_g1, b: key.beta_g2, c: (-x).into_affine() };
    fs::write(bench.path("forged.json"), forged.to_json()).unwrap();
    fs::write(bench.path("signals.json"), signals.to_json()).unwrap();

    let verify = "verify --key toy.json forged.json signals.json";
    let refused = bench.run(verify);
    assert_eq!(refused.status.code(), Some(2));
    assert!(!stdout(&refused).contains("VALID") && stderr(&refused).contains("delta = gamma"));
    for line in ["export-solidity --key toy.json --out V.sol", "export-key --key toy.json --out k"]
    {
        bench.fails(line, "--insecure-key");
    }
    assert!(!bench.names().contains(&"V.sol".to_owned()));

    let taken = bench.ok(&format!("{verify} --insecure-key"));
    assert!(taken.contains("VALID, under an INSECURE key"), "{taken}");
    let taken = json(&bench.run(&format!("{verify} --insecure-key --json")));
    assert!(taken[0]["insecure"].as_str().unwrap().contains("delta = gamma"));
    bench.ok("export-solidity --insecure-key --key toy.json --out V.sol");
    assert!(fs::read_to_string(bench.path("V.sol")).unwrap().contains("INSECURE"));
    assert!(bench.ok("info toy.json").contains("INSECURE"));
    assert!(json(&bench.run("info --json toy.json"))["insecure"].is_string());
}

/// A key that lists no contribution shows it in its own file only, so what is exported of it is marked.
#[test]
fn marks_are_handed_on() {
    let bench = Bench::new();
    for line in [
        "export-key --key bn128@new.zkey --out k.json",
        "export-solidity --key bn128@new.zkey --out k.sol",
        "prove --backend cpu --key bn128@new.zkey --witness bn128@tiny.wtns",
    ] {
        bench.fails(line, "no contribution");
    }
    bench.ok("setup --r1cs bn128@tiny.r1cs --development --out dev.zkey");
    let prove = "prove --backend cpu --key dev.zkey --witness bn128@tiny.wtns --insecure-key";
    let summary = json(&bench.run(&format!("{prove} --json")));
    assert!(summary["insecure"].as_str().unwrap().contains("no contribution"));
    bench.ok("export-key --key dev.zkey --out k.json --insecure-key");
    assert!(json(&bench.run("info --json dev.zkey"))["insecure"].is_string());
    assert!(bench.ok("info k.json").contains("INSECURE"));
    bench.fails("verify --key k.json proof.json public.json", "insecure key");
    bench.ok("verify --insecure-key --key k.json proof.json public.json");
}

#[test]
fn what_cannot_be_read_is_no_verdict() {
    let bench = proved();
    fs::write(bench.path("broken.json"), "{").unwrap();
    fs::write(bench.path("few.json"), "[]").unwrap();
    let key = fs::read(bench.path("vk.json")).unwrap();
    fs::write(bench.path("wrong.json"), String::from_utf8(key).unwrap().replace("nPublic", "n"))
        .unwrap();
    for pair in [
        "missing.json public.json",
        "proof.json missing.json",
        "broken.json public.json",
        "proof.json broken.json",
        "proof.json few.json",
        "public.json proof.json",
    ] {
        let output = bench.run(&format!("{VERIFY} --json {pair}"));
        assert_eq!(output.status.code(), Some(2), "{pair}");
        let verdict = verdict(&output);
        assert!(verdict.get("valid").is_none() && verdict["error"].is_string(), "{verdict}");
        assert!(!bench.run(&format!("{VERIFY} {pair}")).stdout.is_empty());
    }
    for key in ["missing.json", "wrong.json", "broken.json"] {
        let output = bench.run(&format!("verify --json --key {key} proof.json public.json"));
        assert_eq!(output.status.code(), Some(2), "{key}");
        assert!(output.stdout.is_empty() && stderr(&output).contains(key));
    }
    // A false proof is another thing.
    let signals = fs::read_to_string(bench.path("public.json")).unwrap();
    let mut signals: Vec<String> = serde_json::from_str(&signals).unwrap();
    signals[0] = "5".to_owned();
    fs::write(bench.path("false.json"), serde_json::to_string(&signals).unwrap()).unwrap();
    let output = bench.run(&format!("{VERIFY} --json proof.json false.json"));
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(verdict(&output)["valid"], false);
    // What was not read is not hidden behind it.
    let both = bench.run(&format!("{VERIFY} proof.json false.json missing.json public.json"));
    assert_eq!(both.status.code(), Some(2));
}

#[test]
fn kinds_are_known_by_their_first_bytes() {
    let bench = proved();
    for (from, to) in [
        ("tiny.zkey", "final"),
        ("tiny.zkey", "KEY.JSON"),
        ("tiny.wtns", "w"),
        ("tiny.r1cs", "c.zkey"),
    ] {
        fs::copy(fixture("bn128", from), bench.path(to)).unwrap();
    }
    fs::copy(bench.path("vk.json"), bench.path("vk.zkey")).unwrap();
    for key in ["final", "KEY.JSON", "vk.zkey"] {
        bench.ok(&format!("verify --key {key} proof.json public.json"));
    }
    bench.fails("verify --key c.zkey proof.json public.json", "r1cs file");
    bench.fails("prove --backend cpu --key final --witness c.zkey", "r1cs file");
    assert!(bench.ok("info w").contains("wtns"));
}

#[test]
fn marks_and_hexadecimal_are_read() {
    let bench = proved();
    let signals = fs::read_to_string(bench.path("public.json")).unwrap();
    let signals = PublicInputs::<Bn254>::from_json(signals.as_bytes()).unwrap();
    let hex = |value: &Scalar<Bn254>| {
        let words = value.into_bigint().0;
        format!("0x0{}", words.iter().rev().map(|word| format!("{word:016X}")).collect::<String>())
    };
    let hex: Vec<_> = signals.0.iter().map(hex).collect();
    fs::write(bench.path("hex.json"), serde_json::to_string(&hex).unwrap()).unwrap();
    bench.ok(&format!("{VERIFY} proof.json hex.json"));
    for name in ["proof.json", "public.json", "vk.json"] {
        let marked = [b"\xef\xbb\xbf", &*fs::read(bench.path(name)).unwrap()].concat();
        fs::write(bench.path(&format!("bom-{name}")), marked).unwrap();
    }
    bench.ok("verify --key bom-vk.json bom-proof.json bom-public.json");
    let wide: Vec<u8> =
        fs::read(bench.path("proof.json")).unwrap().into_iter().flat_map(|b| [b, 0]).collect();
    fs::write(bench.path("wide.json"), [&b"\xff\xfe"[..], &wide].concat()).unwrap();
    let output = bench.run(&format!("{VERIFY} wide.json public.json"));
    assert_eq!(output.status.code(), Some(2));
    assert!(stdout(&output).contains("UTF-16"));
}

#[test]
fn a_dash_is_standard_input() {
    let bench = proved();
    let file = |name: &str| fs::read(bench.path(name)).unwrap();
    let piped = |line: &str, input: &[u8]| {
        let output = piped(&bench, line, input);
        assert!(output.status.success(), "{line}: {}", stderr(&output));
        stdout(&output)
    };
    piped(&format!("{VERIFY} - public.json"), &file("proof.json"));
    piped("verify --key - proof.json public.json", &file("vk.json"));
    let key = fs::read(fixture("bn128", "tiny.zkey")).unwrap();
    piped("verify --key - proof.json public.json", &key);
    piped("prove --backend cpu --key - --witness bn128@tiny.wtns", &key);
    assert!(piped("info -", &key).contains("zkey"));
    let witness = fs::read(fixture("bn128", "tiny.wtns")).unwrap();
    piped("prove --backend cpu --key bn128@tiny.zkey --witness -", &witness);
    let circuit = fs::read(fixture("bn128", "tiny.r1cs")).unwrap();
    piped("setup --r1cs - --development --out dev.zkey", &circuit);
    bench.fails("verify --key - - public.json", "are the same");
}

#[test]
fn the_key_is_blamed_for_what_is_the_keys() {
    let bench = Bench::new();
    // A key for the same numbers whose secrets are others: its points are those of another ceremony.
    bench.ok("setup --r1cs bn128@tiny.r1cs --development --out one.zkey");
    bench.ok("setup --r1cs bn128@tiny.r1cs --development --out two.zkey");
    let (one, two) =
        (fs::read(bench.path("one.zkey")).unwrap(), fs::read(bench.path("two.zkey")).unwrap());
    assert_eq!(one.len(), two.len());
    // The header of one, with the points behind it of the other: the sections lie where they lay.
    let header = 12 + 16 + 12 + 660;
    let spoiled = [&one[..header], &two[header..]].concat();
    fs::write(bench.path("spoiled.zkey"), spoiled).unwrap();
    let prove = "prove --backend cpu --insecure-key --key spoiled.zkey --witness bn128@tiny.wtns";
    bench.fails(&format!("{prove} --r1cs bn128@tiny.r1cs"), "spoiled.zkey: the witness satisfies");
    bench.fails(prove, "the key is damaged");
    // Constraints of another circuit are named as that.
    bench.fails(&format!("{PROVE} --r1cs bls12381@tiny.r1cs"), "another circuit: its curve is");
    assert!(!bench.names().contains(&"proof.json".to_owned()));
    fs::write(bench.path("cut.zkey"), &one[..one.len() / 2]).unwrap();
    bench.fails("prove --key cut.zkey --witness bn128@tiny.wtns", "cut.zkey");
}

#[test]
fn every_kind_is_known_to_both_commands() {
    let bench = proved();
    let keys = |args: &[&str]| {
        let mut command = common::pulseproof(bench.folder());
        let output = command.current_dir(bench.folder()).arg("keys").args(args).output().unwrap();
        assert!(output.status.success(), "{args:?}: {}", stderr(&output));
        stdout(&output)
    };
    keys(&["device", "device.key"]);
    keys(&["authority", "."]);
    keys(&["evaluation", "authority.secret", "authority.evaluation"]);
    let mut setup = common::pulseproof(bench.folder());
    assert!(setup.args(["setup", "--log-size", "3"]).output().unwrap().status.success());
    let module = br#"not a module"#;
    fs::write(bench.path("broken.wasm"), [&b"\0asm"[..], module].concat()).unwrap();
    bench.fails("info broken.wasm", "module");
    for name in ["tiny.zkey", "tiny.r1cs", "tiny.wtns", "tiny.ptau"] {
        bench.copy("bn128", name);
    }
    for (file, kind) in [
        ("device.key", "device signing key"),
        ("authority.secret", "authority secret key"),
        ("authority.public", "authority public key"),
        ("authority.evaluation", "evaluation key"),
        ("srs-bls12-381-3.bin", "SRS"),
        ("proof.json", "proof"),
        ("public.json", "public signals"),
        ("vk.json", "verification key"),
        ("tiny.zkey", "zkey"),
        ("tiny.r1cs", "r1cs"),
        ("tiny.wtns", "wtns"),
        ("tiny.ptau", "ptau"),
    ] {
        let info = bench.ok(&format!("info {file}"));
        assert!(info.contains(kind), "{file}: {info}");
        assert_eq!(keys(&["show", file]), info);
    }
    let seed = fs::read_to_string(bench.path("device.key")).unwrap();
    assert!(!bench.ok("info device.key").contains(seed.trim().rsplit(':').next().unwrap()));
}

/// Where Mesa is installed, its layer complains of a session that is not there.
#[test]
fn nothing_is_said_of_a_missing_session() {
    let bench = Bench::new();
    let output = bench.command(PROVE).env_remove("XDG_RUNTIME_DIR").output().unwrap();
    assert!(output.status.success());
    assert_eq!(stderr(&output), "");
    let mut doctor = common::pulseproof(bench.folder());
    let output = doctor.arg("doctor").env_remove("XDG_RUNTIME_DIR").output().unwrap();
    assert!(!stderr(&output).contains("XDG_RUNTIME_DIR"), "{}", stderr(&output));
}

/// A τ that is a root of unity shows in the points of H only: all are at infinity, or all but one.
#[test]
fn a_known_tau_shows_in_the_key() {
    let bench = proved();
    let source = fs::read(fixture("bn128", "tiny.zkey")).unwrap();
    let mut key = Zkey::<Bn254, _>::open(Cursor::new(&source)).unwrap();
    let mut contents = key.contents(Check::Full).unwrap();
    let one = contents.h[3];
    for finite in [None, Some(one)] {
        contents.h.fill(<_>::default());
        contents.h[3] = finite.unwrap_or_default();
        let mut bytes = Vec::new();
        zkey::write(&mut bytes, &contents).unwrap();
        fs::write(bench.path("toy.zkey"), bytes).unwrap();
        let why = "tau is a root of unity";
        bench.fails("verify --key @toy.zkey proof.json public.json", why);
        bench.fails("prove --backend cpu --key @toy.zkey --witness bn128@tiny.wtns", why);
        bench.fails("export-key --key @toy.zkey --out k", why);
        assert!(bench.ok("info toy.zkey").contains(why));
    }
}

#[test]
fn public_signals_are_named_where_they_are_wrong() {
    let bench = proved();
    fs::write(bench.path("short.json"), r#"["1"]"#).unwrap();
    fs::write(bench.path("words.json"), r#"["1", "two"]"#).unwrap();
    for file in ["short.json", "words.json"] {
        let verify = format!("verify --key vk.json --sym bn128@tiny.sym proof.json {file}");
        let output = bench.run(&verify);
        assert_eq!(output.status.code(), Some(2));
        assert!(stdout(&output).contains("The public signals are main."), "{}", stdout(&output));
    }
    fs::write(bench.path("short.sym"), "1,1,0,main.a\n").unwrap();
    bench.fails("verify --key vk.json --sym short.sym proof.json public.json", "another circuit");
}

/// Whoever made an SRS can forge proofs with it: an appliance has to be told to go on.
#[test]
fn an_appliance_wants_a_ceremony() {
    let bench = Bench::new();
    let serve = |more: &[&str]| {
        let mut command = common::pulseproof(bench.folder());
        command.args(["serve", "--listen", "127.0.0.1:0", "--log-size", "3"]).args(more);
        command.output().unwrap()
    };
    let output = serve(&[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("no SRS") && stderr(&output).contains("--insecure-key"));
    assert!(bench.names().is_empty());
    let mut setup = common::pulseproof(bench.folder());
    assert!(setup.args(["setup", "--log-size", "3"]).status().unwrap().success());
    let output = serve(&[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("INSECURE development SRS. Import"), "{}", stderr(&output));
}

/// Signals that anybody can exchange, and secrets that are each other.
#[test]
fn keys_whose_points_are_each_other_say_nothing() {
    let bench = proved();
    let text = fs::read(bench.path("vk.json")).unwrap();
    let key = || VerifyingKey::<Bn254>::from_json(&text).unwrap();
    let toys: [fn(&mut VerifyingKey<Bn254>); 5] = [
        |key| key.beta_g2 = key.delta_g2,
        |key| key.beta_g2 = -key.delta_g2,
        |key| key.ic[1] = key.ic[2],
        |key| key.ic[0] = key.alpha_g1,
        |key| key.ic[0] = <_>::default(),
    ];
    for (number, spoil) in toys.into_iter().enumerate() {
        let mut toy = key();
        spoil(&mut toy);
        fs::write(bench.path("toy.json"), toy.to_json()).unwrap();
        for line in [
            "verify --key toy.json proof.json public.json",
            "export-solidity --key toy.json --out V.sol",
        ] {
            let output = bench.run(line);
            assert_eq!(output.status.code(), Some(2), "{number}: {line}");
            assert!(stderr(&output).contains("INSECURE"), "{number}: {line}");
        }
    }
}

#[test]
fn keys_come_through_pipes() {
    let bench = Bench::new();
    let key = fs::read(fixture("bn128", "tiny.zkey")).unwrap();
    let listed = piped(&bench, "zkey contributions -", &key);
    assert!(stdout(&listed).contains("2 beacon"), "{}", stderr(&listed));
    let more = piped(&bench, "zkey contribute --key - --out more.zkey --name third", &key);
    assert!(more.status.success(), "{}", stderr(&more));
    let verify = "zkey verify --key - --r1cs bn128@tiny.r1cs --ptau bn128@tiny.ptau";
    let verified = piped(&bench, verify, &fs::read(bench.path("more.zkey")).unwrap());
    assert!(stdout(&verified).contains("VALID, 3 contributions"), "{}", stderr(&verified));
}

/// Whether they are needed or not.
#[test]
fn names_that_are_none_are_refused() {
    let bench = Bench::new();
    fs::write(bench.path("foreign.sym"), "1,1,0,main.a\n2,7,0,main.b\n").unwrap();
    fs::write(bench.path("utf16.sym"), b"\xff\xfe1\0,\0").unwrap();
    for (file, why) in [
        ("no-such.sym", "no-such.sym"),
        ("bn128@tiny.ptau", "line 1"),
        ("foreign.sym", "of another circuit"),
        ("utf16.sym", "UTF-16 text"),
    ] {
        let line = format!("witness --witness bn128@tiny.wtns --r1cs bn128@tiny.r1cs --sym {file}");
        let output = bench.run(&line);
        assert_eq!(output.status.code(), Some(2), "{file}");
        assert!(stderr(&output).contains(why), "{file}: {}", stderr(&output));
    }
    bench.fails("info bn128@tiny.zkey --sym foreign.sym", "of another circuit");
}
