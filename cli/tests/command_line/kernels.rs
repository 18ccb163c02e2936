//! `check`, `doctor` and `bench` of kernels.

use crate::common::{json, pulseproof, run, stderr, stdout};

#[test]
fn the_processor_agrees_with_the_oracle() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("parity.xml");
    let check = run(&[
        "check",
        "--backend",
        "cpu",
        "--against",
        "naive",
        "--sizes",
        "2^3,5",
        "--kernel",
        "ntt",
        "--kernel",
        "invert",
        "--kernel",
        "refusals",
        "--junit",
        file.to_str().unwrap(),
    ]);
    assert!(check.status.success(), "{}{}", stdout(&check), stderr(&check));
    let text = stdout(&check);
    assert!(text.contains("cpu agrees with naive"), "{text}");
    for kernel in ["ntt", "invert", "refusals"] {
        assert!(text.lines().any(|line| line.starts_with(kernel)), "{text}");
    }
    let xml = std::fs::read_to_string(&file).unwrap();
    let report = quick_junit::Report::deserialize_from_str(&xml).unwrap();
    assert_eq!(report.test_suites.len(), 3);
    assert!(report.tests > 50, "{}", report.tests);
    assert_eq!((report.failures, report.errors), (0, 0));
}

#[test]
fn the_same_seed_gives_the_same_cases() {
    let check = |seed: &str| {
        let sizes = ["--sizes", "9", "--kernel", "map", "--seed", seed];
        let check = run(&[["check", "--backend", "cpu"].as_slice(), &sizes].concat());
        assert!(check.status.success(), "{}", stderr(&check));
        // The last line has no times.
        stdout(&check).lines().last().unwrap().to_owned()
    };
    assert_eq!(check("7"), check("7"));
}

#[test]
fn a_bench_without_peers_has_ours_alone() {
    for kernel in ["ntt", "msm", "field"] {
        let args = ["--backend", "cpu", "--log-n", "4", "--runs", "1", "--vs", "none", "--json"];
        let report = json(&run(&[["bench", kernel].as_slice(), &args].concat()));
        let rows = report["rows"].as_array().unwrap();
        assert_eq!(rows.len(), 1, "{report}");
        assert_eq!(rows[0]["subject"], "cpu");
        assert_eq!(rows[0]["to_peer"], serde_json::json!({}));
    }
}

#[test]
fn wrong_arguments_are_named() {
    for (args, expected) in [
        (&["check", "--backend", "gpu"][..], "expected auto, cuda, wgpu or cpu"),
        (&["check", "--backend", "cpu", "--sizes", "2^99"], "\"2^99\" is no size"),
        (&["check", "--backend", "cpu", "--kernel", "fft"], "unknown kernel \"fft\""),
        (&["check", "--against", "cuda"], "possible values: cpu, naive"),
        (&["bench", "msm", "--log-n", "99"], "99 is not in 0..=26"),
        (&["bench", "msm", "--vs", "gnark"], "unknown peer \"gnark\""),
        (&["bench", "pbs", "--vs", "concrete"], "concrete"),
        (&["bench", "ntt", "--field", "secp"], "unknown field \"secp\""),
        (&["bench", "msm", "--bits", "0"], "0 is not in 1..=256"),
    ] {
        let wrong = run(args);
        assert_eq!(wrong.status.code(), Some(2), "{args:?}");
        assert!(stderr(&wrong).contains(expected), "{args:?}: {}", stderr(&wrong));
    }
}

#[test]
fn a_backend_that_is_not_there_has_an_exit_code_of_its_own() {
    let absent = run(&["check", "--backend", "cpu", "--force-gpu-from", "ntt_dif"]);
    assert_eq!(absent.status.code(), Some(3));
    let text = stderr(&absent);
    assert!(text.contains("cpu is not available") && text.contains("pulseproof doctor"), "{text}");
}

#[test]
fn nothing_is_served_on_a_backend_that_is_not_there() {
    let report = json(&run(&["doctor", "--json"]));
    let mut devices = report["devices"].as_array().unwrap().iter();
    if devices.any(|device| device["backend"] == "cuda" && device["usable"] == true) {
        eprintln!("NOT TESTED: this machine has CUDA, so nothing is absent");
        return;
    }
    let served = ["serve", "--insecure-key", "--listen", "127.0.0.1:0", "--backend", "cuda"];
    let absent = run(&served);
    assert_eq!(absent.status.code(), Some(2), "{}", stdout(&absent));
    let text = stderr(&absent);
    assert!(text.contains("cuda is not available"), "{text}");
    assert!(!stdout(&absent).contains("listening"), "{}", stdout(&absent));
}

#[test]
fn doctor_names_the_processor_and_what_auto_means() {
    let report = json(&run(&["doctor", "--json"]));
    let devices = report["devices"].as_array().unwrap();
    let cpu = devices.last().unwrap();
    assert_eq!((&cpu["backend"], &cpu["usable"]), (&"cpu".into(), &true.into()));
    let detail = cpu["detail"].as_str().unwrap();
    assert!(detail.contains("threads") && detail.contains("simd: "), "{detail}");
    for device in devices {
        assert_eq!(device["usable"] == false, device["reason"].is_string(), "{device}");
    }
    assert!(devices.iter().any(|device| device["backend"] == report["auto"]));
    let text = stdout(&run(&["doctor"]));
    assert!(text.contains("--backend auto computes on"), "{text}");
}

#[test]
fn instructions_are_those_of_the_environment_or_an_error() {
    let home = tempfile::tempdir().unwrap();
    let with = |simd: &str, args: &[&str]| {
        pulseproof(home.path()).args(args).env("PULSEPROOF_SIMD", simd).output().unwrap()
    };
    let devices = &json(&with("portable", &["doctor", "--json"]))["devices"];
    let cpu = devices.as_array().unwrap().last().unwrap();
    assert!(cpu["detail"].as_str().unwrap().contains("simd: portable"), "{cpu}");
    let unknown = with("mmx", &["bench", "ntt", "--backend", "cpu"]);
    assert_eq!(unknown.status.code(), Some(3));
    let text = stderr(&unknown);
    assert!(
        text.contains("PULSEPROOF_SIMD") && text.contains("neon, neon-scalar or portable"),
        "{text}"
    );
}

#[test]
fn a_peer_that_is_not_there_is_asked_for() {
    for (peer, variable) in
        [("snarkjs", "PULSEPROOF_CIRCOM"), ("rapidsnark", "PULSEPROOF_RAPIDSNARK")]
    {
        let home = tempfile::tempdir().unwrap();
        let mut bench = pulseproof(home.path());
        bench.args(["bench", "groth16", "--backend", "cpu", "--vs", peer]).env_remove(variable);
        let output = bench.output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        let text = stderr(&output);
        assert!(text.contains(peer) && text.contains(variable), "{text}");
    }
}

#[test]
fn benches_say_what_their_help_promises() {
    let folder = tempfile::tempdir().unwrap();
    let plot = folder.path().join("plot.svg");
    let common = ["--log-n", "4,6", "--backend", "cpu", "--runs", "2", "--json", "--plot"];
    for kernel in ["ntt", "msm", "field"] {
        let args = [["bench", kernel].as_slice(), &common, &[plot.to_str().unwrap()]].concat();
        let report = json(&run(&args));
        for key in
            ["kernel", "over", "unit", "runs", "processor", "simd", "threads", "version", "rows"]
        {
            assert!(!report[key].is_null(), "{kernel}: {key}");
        }
        let rows = report["rows"].as_array().unwrap();
        assert_eq!(rows.len(), 4, "two sizes, one backend, one peer");
        for row in rows {
            for key in ["log_n", "batch", "subject", "is_peer", "median_ms", "min_ms", "max_ms"] {
                assert!(!row[key].is_null(), "{kernel}: {key}");
            }
            assert!(row["per_second"].as_f64().unwrap() > 0.0);
            assert!(row["to_peer"]["arkworks"].as_f64().unwrap() > 0.0);
            let is_ours = row["subject"] == "cpu";
            assert_eq!(is_ours, row["limit"]["derivation"].is_string(), "{kernel}");
            assert_eq!(is_ours, row["cold_ms"].is_number(), "{kernel}");
        }
        assert!(std::fs::read_to_string(&plot).unwrap().starts_with("<svg"));
    }
}

#[test]
fn help_has_examples() {
    for args in [
        &["check", "--help"][..],
        &["doctor", "--help"],
        &["bench", "--help"],
        &["bench", "ntt", "--help"],
        &["bench", "msm", "--help"],
        &["bench", "field", "--help"],
    ] {
        let text = stdout(&run(args));
        let command = args[..args.len() - 1].join(" ");
        assert!(text.contains(&format!("\n  pulseproof {command}")), "{text}");
    }
}
