//! `pulseproof groth16 prove`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use pulseproof_formats::elements::Check;
use pulseproof_formats::wtns::Witness;
use pulseproof_groth16::erased::{Key, Loader, On, Proof, Words};
use pulseproof_kernels::select::Selected;
use pulseproof_kernels::{CurveId, Scalar, with_backend, with_curve};
use serde::Serialize;

use super::Outcome;
use super::files::{NO_CONTRIBUTION, named, open};
use crate::backend::{BackendArgs, open_or_say};
use crate::bench::measure::peak_memory_mb;
use crate::files::{Input, Output, Paths};
use crate::home::Home;
use crate::output::{complain, progress_bar, say_json, table};

/// Prove that a witness satisfies a circuit
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  pulseproof groth16 prove --key circuit.zkey --witness witness.wtns
  pulseproof groth16 prove --key circuit.zkey --wasm circuit.wasm --inputs input.json
  pulseproof groth16 prove --key circuit.zkey --witness witness.wtns --r1cs circuit.r1cs --backend cuda

The proof is verified before it is written. With --r1cs, a witness that does not satisfy the circuit
gets an error that names the constraint.")]
pub struct Args {
    /// The proving key (.zkey)
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// The witness (.wtns)
    #[arg(long, value_name = "FILE", required_unless_present = "wasm", conflicts_with = "wasm")]
    witness: Option<PathBuf>,
    /// The circuit compiled by circom, which makes the witness of the inputs
    #[arg(long, value_name = "FILE", requires = "inputs")]
    wasm: Option<PathBuf>,
    /// The inputs, JSON
    #[arg(long, value_name = "FILE", requires = "wasm")]
    inputs: Option<PathBuf>,
    /// The constraints, to name the one that does not hold
    #[arg(long, value_name = "FILE")]
    r1cs: Option<PathBuf>,
    /// The names of signals, to name those of that constraint
    #[arg(long, value_name = "FILE", requires = "r1cs")]
    sym: Option<PathBuf>,
    /// Where the proof goes
    #[arg(long, value_name = "FILE", default_value = "proof.json")]
    proof: Output,
    /// Where the public signals go
    #[arg(long, value_name = "FILE", default_value = "public.json")]
    public: Output,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    backend: BackendArgs,
}

#[derive(Serialize)]
struct Summary {
    curve: String,
    backend: String,
    signals: usize,
    public: usize,
    log_size: u32,
    contributions: usize,
    load_ms: f64,
    witness_ms: f64,
    stages_ms: Vec<(String, f64)>,
    /// Of the whole process.
    peak_memory_mb: Option<f64>,
}

pub(super) fn run(args: &Args, home: &Home) -> Outcome {
    plan(args)?;
    let selected = match open_or_say(args.backend.backend) {
        Ok(selected) => selected,
        Err(code) => return Ok(code),
    };
    let (load_ms, key) = timed(|| load(selected, &args.key))?;
    let (witness_ms, witness) = timed(|| witness(args, home, &*key))?;
    check(args, key.info().curve, &witness)?;
    let proof = key.prove(witness)?;
    args.proof.write_text(&proof.proof)?;
    args.public.write_text(&proof.public)?;
    report(args, &*key, &proof, load_ms, witness_ms)?;
    Ok(ExitCode::SUCCESS)
}

fn plan(args: &Args) -> Result<(), String> {
    let input = |path: &Option<PathBuf>| path.as_deref().map(Input::from);
    Paths::default()
        .reads("--key", [&Input::from(&*args.key)])
        .reads("--witness", &input(&args.witness))
        .reads("--wasm", &input(&args.wasm))
        .reads("--inputs", &input(&args.inputs))
        .reads("--r1cs", &input(&args.r1cs))
        .reads("--sym", &input(&args.sym))
        .writes("--proof", [&args.proof])
        .writes("--public", [&args.public])
        .prints(args.json)
        .check()
}

fn load(selected: Selected, path: &Path) -> Result<Arc<dyn Key>, String> {
    let bar = progress_bar(1, "loading");
    let mut progress = |done: usize, total: usize| {
        bar.set_length(total as u64);
        bar.set_position(done as u64);
    };
    let file = open(path)?;
    let key =
        with_backend!(selected, backend => On(backend).load(file, Check::Full, &mut progress));
    bar.finish_and_clear();
    key.map_err(|error| named(path, error))
}

fn witness(args: &Args, home: &Home, key: &dyn Key) -> Result<Words, String> {
    match (&args.witness, &args.wasm, &args.inputs) {
        (Some(path), ..) => key.read_witness(open(path)?).map_err(|error| named(path, error)),
        (None, Some(wasm), Some(inputs)) => {
            super::witness::compute(home, wasm, inputs).map(|(_, words)| words)
        }
        _ => Err("give --witness, or --wasm with --inputs".to_owned()),
    }
}

/// Names the first constraint that does not hold.
fn check(args: &Args, curve: CurveId, witness: &Words) -> Result<(), String> {
    let Some(path) = &args.r1cs else { return Ok(()) };
    with_curve!(curve, C => {
        let witness = Witness::<Scalar<C>>::from_words(witness.to_vec());
        let witness = witness.map_err(|error| error.to_string())?;
        super::witness::check(path, args.sym.as_deref(), &witness).map(drop)
    })
}

fn report(
    args: &Args,
    key: &dyn Key,
    proof: &Proof,
    load_ms: f64,
    witness_ms: f64,
) -> Result<(), serde_json::Error> {
    let info = key.info();
    let stages_ms: Vec<(String, f64)> = proof
        .stages
        .iter()
        .map(|(stage, took)| (stage.name().to_owned(), took.as_secs_f64() * 1e3))
        .collect();
    if args.json {
        say_json(&Summary {
            curve: info.curve.to_string(),
            backend: info.backend.to_string(),
            signals: info.signals,
            public: info.public,
            log_size: info.log_size,
            contributions: info.contributions,
            load_ms,
            witness_ms,
            stages_ms,
            peak_memory_mb: peak_memory_mb(),
        })?;
    } else {
        let steps = [("load", load_ms), ("witness", witness_ms)]
            .map(|(name, took)| (name.to_owned(), took));
        let row = |(name, took): (String, f64)| [name, format!("{took:.1}")];
        let tell = Output::beside([&args.proof, &args.public]);
        tell(&table(["step", "ms"], steps.into_iter().chain(stages_ms).map(row)));
        tell(&format!("{} on {}: {} and {}", info.curve, info.backend, args.proof, args.public));
    }
    if info.contributions == 0 {
        complain(NO_CONTRIBUTION);
    }
    Ok(())
}

fn timed<T>(work: impl FnOnce() -> Result<T, String>) -> Result<(f64, T), String> {
    let start = Instant::now();
    let done = work()?;
    Ok((start.elapsed().as_secs_f64() * 1e3, done))
}
