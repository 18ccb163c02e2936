//! Circuits compiled by circom, keys and proofs by snarkjs, contracts on a chain: what is ours beside theirs.
//!
//! Without these tools the tests are *ignored*, with the reason on standard error; with
//! `PULSEPROOF_REQUIRE_CIRCOM=1` they run and fail. `ci/circom` installs them.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod inputs;
mod keys;
mod proofs;
mod tools;
mod witnesses;

use std::sync::Arc;

use libtest_mimic::{Arguments, Failed, Trial};
use pulseproof_kernels::CurveId;
use tools::{Outcome, Tools};

/// Circuits for which witnesses are compared, on the curves that their templates allow. Baby Jubjub is a curve
/// over BN254's scalars.
const WITNESSES: [(&str, &[CurveId]); 6] = [
    ("sha256", &[CurveId::Bn254, CurveId::Bls12_381]),
    ("eddsa", &[CurveId::Bn254]),
    ("merkle", &[CurveId::Bn254]),
    ("range", &CurveId::ALL),
    ("secret", &CurveId::ALL),
    ("many", &CurveId::ALL),
];

/// Circuits that snarkjs sets up quickly, and log2 of the powers they need.
const PROOFS: [(&str, &[CurveId], u32); 4] = [
    ("merkle", &[CurveId::Bn254], 11),
    ("range", &CurveId::ALL, 8),
    ("secret", &CurveId::ALL, 8),
    ("many", &CurveId::ALL, 8),
];

/// Circuits that need more powers than snarkjs prepares in a minute.
const LARGE: [(&str, CurveId); 3] =
    [("eddsa", CurveId::Bn254), ("sha256", CurveId::Bn254), ("sha256", CurveId::Bls12_381)];

/// What a test does with the tools.
type Body = Box<dyn Fn(&Tools) -> Outcome<()> + Send>;

fn bodies() -> Vec<(String, Body)> {
    let mut bodies: Vec<(String, Body)> = Vec::new();
    for (name, curves) in WITNESSES {
        for &curve in curves {
            let body: Body = Box::new(move |tools| witnesses::agree(tools, name, curve));
            bodies.push((format!("witness_of_{name}_on_{curve}"), body));
        }
    }
    for (name, curves, log_size) in PROOFS {
        for &curve in curves {
            let body: Body =
                Box::new(move |tools| proofs::by_snarkjs(tools, name, curve, log_size));
            bodies.push((format!("proofs_of_{name}_on_{curve}"), body));
            let body: Body = Box::new(move |tools| proofs::by_us(tools, name, curve, log_size));
            bodies.push((format!("our_proofs_of_{name}_on_{curve}"), body));
            let body: Body = Box::new(move |tools| keys::contributed(tools, name, curve, log_size));
            bodies.push((format!("contributions_to_{name}_on_{curve}"), body));
        }
    }
    for (name, curve) in LARGE {
        let body: Body = Box::new(move |tools| proofs::under_our_key(tools, name, curve));
        bodies.push((format!("proofs_of_{name}_on_{curve}_under_our_key"), body));
    }
    bodies.push(("inputs_that_circuits_refuse".to_owned(), Box::new(witnesses::refused)));
    bodies.push(("inputs_of_buses".to_owned(), Box::new(witnesses::buses)));
    bodies.push(("longest_contracts".to_owned(), Box::new(proofs::longest_contracts)));
    bodies
}

fn main() {
    let arguments = Arguments::from_args();
    let tools = Arc::new(Tools::find());
    let required = std::env::var_os("PULSEPROOF_REQUIRE_CIRCOM").is_some_and(|value| value == "1");
    let ignored = tools.is_err() && !required;
    if let (Err(reason), true) = (&*tools, ignored) {
        eprintln!("skipped: nothing is compared with circom and snarkjs: {reason}");
    }
    let trials = bodies()
        .into_iter()
        .map(|(name, body)| {
            let tools = Arc::clone(&tools);
            let run = move || -> Result<(), Failed> { Ok(body(tools.as_ref().as_ref()?)?) };
            Trial::test(name, run).with_ignored_flag(ignored)
        })
        .collect();
    let conclusion = libtest_mimic::run(&arguments, trials);
    // The process ends without dropping anything; the folder of the tools has to go before.
    drop(tools);
    conclusion.exit();
}
