//! What circom's users do beside proving, with files of circom and snarkjs.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use crate::common::{Bench, fixture, json, stderr};

/// The inputs of the fixtures.
fn inputs() -> String {
    fixture("", "input.json").display().to_string()
}

const CURVES: [(&str, &str); 2] = [("bn128", "bn254"), ("bls12381", "bls12-381")];

#[test]
fn a_witness_is_the_one_that_snarkjs_computes() {
    for (curve, ours) in CURVES {
        let bench = Bench::new();
        let make = format!("witness --wasm {curve}@tiny.wasm --inputs {}", inputs());
        let said =
            json(&bench.run(&format!("{make} --out @w.wtns --r1cs {curve}@tiny.r1cs --json")));
        assert_eq!((&said["curve"], &said["signals"]), (&ours.into(), &7.into()));
        assert_eq!(said["satisfied"], 3);
        let made = fs::read(bench.path("w.wtns")).unwrap();
        assert!(made == fs::read(fixture(curve, "tiny.wtns")).unwrap(), "{curve}");
        assert_eq!(fs::metadata(bench.path("w.wtns")).unwrap().mode() & 0o777, 0o600);
        // On standard output there is nothing else.
        let output = bench.run(&format!("{make} --out -"));
        assert!(output.status.success() && output.stdout == made, "{}", stderr(&output));
    }
}

#[test]
fn values_are_shown_by_name() {
    let bench = Bench::new();
    let show = "witness --witness bn128@tiny.wtns --sym bn128@tiny.sym";
    let said = bench.ok(&format!("{show} --show main.product --show main.b"));
    // What circom's witness holds for `input.json`, by hand: b is the third signal.
    let values: Vec<String> =
        serde_json::from_slice(&fs::read(fixture("bn128", "wtns.json")).unwrap()).unwrap();
    assert_eq!(said, format!("main.product = {}\nmain.b = {}\n", values[1], values[3]));
    let all = json(&bench.run(&format!("{show} --show main --json")));
    let all: Vec<_> = all["values"].as_array().unwrap().iter().collect();
    assert_eq!(all.len(), 6);
    assert_eq!(
        (&all[5]["name"], &all[5]["value"]),
        (&"main.square".into(), &values[6].clone().into())
    );
    bench.fails(&format!("{show} --show main.prod"), "has no signal \"main.prod\"");
    // Nothing is shown that was not asked for.
    let said = bench.ok(&format!("{show} --r1cs bn128@tiny.r1cs"));
    assert_eq!(said, "satisfies all 3 constraints\n");
}

#[test]
fn signals_that_were_simplified_away_have_no_value() {
    let bench = Bench::new();
    fs::write(bench.path("a.sym"), "1,1,0,main.a[0]\n2,-1,0,main.a[1]\n3,2,0,main.ab\n").unwrap();
    let show = "witness --witness bn128@tiny.wtns --sym @a.sym --show main.a";
    let said = bench.ok(show);
    assert!(said.contains("main.a[1] = (simplified away)") && !said.contains("main.ab"), "{said}");
    fs::write(bench.path("a.sym"), "1,99,0,main.a\n").unwrap();
    bench.fails(show, "of another circuit: wire 99, the witness has 7");
    fs::write(bench.path("a.sym"), "1,99\n").unwrap();
    bench.fails(show, "a.sym: sym file: line 1");
}

#[test]
fn a_wrong_witness_is_told_by_the_constraint_and_its_signals() {
    let bench = Bench::new();
    // The last value, which is the square, is another one.
    let mut bytes = fs::read(fixture("bn128", "tiny.wtns")).unwrap();
    let last = bytes.len() - 32;
    bytes[last] ^= 1;
    fs::write(bench.path("wrong.wtns"), bytes).unwrap();
    let check = "witness --witness @wrong.wtns --r1cs bn128@tiny.r1cs";
    let output = bench.run(&format!("{check} --sym bn128@tiny.sym"));
    assert_eq!(output.status.code(), Some(1));
    let said = stderr(&output);
    assert!(said.contains("does not satisfy constraint") && said.contains("main.square"), "{said}");
    bench.fails(check, "does not satisfy constraint");
    bench.fails("witness --witness bls12381@tiny.wtns --r1cs bn128@tiny.r1cs", "tiny.r1cs");
    bench.fails(&format!("{check} --out @a.wtns"), "--wasm");
    bench.fails("witness --witness bn128@tiny.wtns", "--show");
    fs::write(bench.path("bad.json"), r#"{"a": 1, "b": 2, "c": 3, "d": 4}"#).unwrap();
    let make = "witness --wasm bn128@tiny.wasm --inputs @bad.json --out @w.wtns";
    bench.fails(make, "signal \"d\": the circuit has no such input");
    assert!(!Path::new(&bench.path("w.wtns")).exists());
}

#[test]
fn public_signals_are_named() {
    let bench = Bench::new();
    bench.ok("export-key --key bn128@tiny.zkey --out @vk.json");
    for file in ["bn128@tiny.zkey", "bn128@tiny.r1cs", "@vk.json"] {
        let facts = json(&bench.run(&format!("info {file} --sym bn128@tiny.sym --json")));
        let names: Vec<_> = facts["public signals"].as_array().unwrap().iter().collect();
        assert_eq!(names, ["main.product", "main.mixed", "main.b"], "{file}");
    }
    bench.fails("info bn128@tiny.wtns --sym bn128@tiny.sym", "only keys and circuits");
    fs::write(bench.path("short.sym"), "1,1,0,main.a\n").unwrap();
    bench.fails("info bn128@tiny.zkey --sym @short.sym", "short.sym: sym file: of another circuit");
    // So are those of a constraint that does not hold.
    let mut bytes = fs::read(fixture("bn128", "tiny.wtns")).unwrap();
    let last = bytes.len() - 32;
    bytes[last] ^= 1;
    fs::write(bench.path("wrong.wtns"), bytes).unwrap();
    let prove =
        "prove --backend cpu --key bn128@tiny.zkey --witness @wrong.wtns --r1cs bn128@tiny.r1cs";
    bench.fails(&format!("{prove} --sym bn128@tiny.sym"), "main.square");
}

#[test]
fn calldata_is_what_snarkjs_prints() {
    let bench = Bench::new();
    let files = Path::new(env!("CARGO_MANIFEST_DIR")).join("../groth16/tests/fixtures/json");
    let file = |name: &str| files.join(name).display().to_string();
    for circuit in ["mul", "nopub"] {
        let [proof, public, calldata] = ["proof.json", "public.json", "calldata.txt"]
            .map(|end| file(&format!("bn128_{circuit}_{end}")));
        let said = bench.ok(&format!("calldata {proof} {public}"));
        assert_eq!(said, fs::read_to_string(calldata).unwrap());
    }
    let [proof, public] =
        ["proof.json", "public.json"].map(|end| file(&format!("bls12381_mul_{end}")));
    assert!(bench.ok(&format!("calldata {proof} {public}")).starts_with("\"0x0000000000000000"));
    bench.fails(&format!("calldata {public} {proof}"), "bls12381_mul_public.json");
}

#[test]
fn a_module_is_compiled_once_and_only_in_a_folder_that_is_safe() {
    let bench = Bench::new();
    let make = format!("witness --wasm bn128@tiny.wasm --inputs {} --out @w.wtns", inputs());
    bench.ok(&make);
    let folder = bench.folder().join("modules");
    let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o777;
    let files = || -> Vec<_> {
        let files = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap());
        let mut files: Vec<_> =
            files.map(|file| (file.path(), file.metadata().unwrap().ino())).collect();
        files.sort();
        files
    };
    let first = files();
    assert_eq!((first.len(), mode(&folder)), (2, 0o700));
    assert!(first.iter().all(|(path, _)| mode(path) == 0o600));
    bench.ok(&make);
    assert_eq!(files(), first, "the second time nothing is written");
    // Proving takes it from there, too.
    bench.ok(&format!(
        "prove --backend cpu --key bn128@tiny.zkey --wasm bn128@tiny.wasm --inputs {}",
        inputs()
    ));
    assert_eq!(files(), first);
    // What others may have changed is not run; the witness is made all the same.
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o777)).unwrap();
    let output = bench.run(&make);
    assert!(output.status.success());
    let said = stderr(&output);
    assert!(said.contains("compiled circuits are not kept") && said.contains("777"), "{said}");
    assert_eq!(files(), first);
}

#[test]
fn keys_are_contributed_to_and_verified() {
    for (curve, _) in CURVES {
        let bench = Bench::new();
        let verify = format!("zkey verify --r1cs {curve}@tiny.r1cs --ptau {curve}@tiny.ptau --key");
        let said = bench.ok(&format!("{verify} {curve}@tiny.zkey"));
        assert!(said.contains("VALID, 2 contributions"), "{said}");
        assert!(said.contains("1 first") && said.contains("hashed 2^10 times"), "{said}");
        let output = bench.run(&format!("{verify} {curve}@new.zkey"));
        assert!(output.status.success() && stderr(&output).contains("INSECURE"));

        bench.ok(&format!("zkey contribute --key {curve}@new.zkey --out @1.zkey --name Ada"));
        bench.ok("zkey beacon --key @1.zkey --out @2.zkey --beacon 0102ff --iterations-log 11");
        bench.ok(&format!("{verify} @2.zkey"));
        let list = json(&bench.run("zkey contributions @2.zkey --json"));
        assert_eq!((&list[0]["name"], &list[1]["beacon"]), (&"Ada".into(), &"0102ff".into()));
        assert_eq!(list[1]["iterations_log"], 11);
        // What it is for: a key that proves.
        let prove = format!("prove --backend cpu --key @2.zkey --witness {curve}@tiny.wtns");
        let output = bench.run(&prove);
        assert!(output.status.success() && !stderr(&output).contains("INSECURE"));
        bench.ok("verify --key @2.zkey proof.json public.json");
    }
}

#[test]
fn keys_that_do_not_hold_are_refused() {
    let bench = Bench::new();
    let verify = "zkey verify --r1cs bn128@tiny.r1cs --ptau bn128@tiny.ptau --key";
    // A byte of the last contribution's hash.
    let whole = fs::read(fixture("bn128", "tiny.zkey")).unwrap();
    let mut bytes = whole.clone();
    bytes[whole.len() - 60] ^= 1;
    fs::write(bench.path("bad.zkey"), &bytes).unwrap();
    bench.fails(&format!("{verify} @bad.zkey"), "bad.zkey: ");
    bench.fails("zkey contribute --key @bad.zkey --out @new.zkey", "bad.zkey: ");
    assert!(!Path::new(&bench.path("new.zkey")).exists());
    bench.fails(
        "zkey verify --r1cs bls12381@tiny.r1cs --ptau bn128@tiny.ptau --key bn128@tiny.zkey",
        "tiny.r1cs: ",
    );
    bench.copy("bn128", "new.zkey");
    bench.fails("zkey contribute --key @new.zkey --out @new.zkey", "are the same");
    let beacon = "zkey beacon --key @new.zkey --out @b.zkey --beacon";
    bench.fails(&format!("{beacon} 012"), "--beacon \"012\"");
    bench.fails(&format!("{beacon} 01 --iterations-log 9"), "between 10 and 32");
}
