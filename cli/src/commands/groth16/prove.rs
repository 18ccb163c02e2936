//! `pulseproof groth16 prove`.

use std::io::BufReader;
use std::process::ExitCode;
use std::time::Instant;

use indicatif::ProgressBar;
use pulseproof_formats::FileKind;
use pulseproof_formats::r1cs::{self, Limits as R1csLimits, R1cs};
use pulseproof_formats::wtns::Witness;
use pulseproof_groth16::erased::{Key, Loader, Proof, ProvingError, Words};
use pulseproof_groth16::prove::{KEY_AT_FAULT, ProveError};
use pulseproof_kernels::backend::AnyBackend;
use pulseproof_kernels::{Scalar, with_curve};
use serde::Serialize;

use super::Outcome;
use super::files::Allowed;
use super::witness::Checked;
use crate::backend::{BackendArgs, open_or_say};
use crate::bench::measure::peak_memory_mb;
use crate::files::{Input, Output, Paths};
use crate::home::Home;
use crate::output::{progress_bar, say_json, table};

/// Prove that a witness satisfies a circuit
#[derive(Debug, clap::Args)]
#[command(
    group(clap::ArgGroup::new("source").required(true).args(["witness", "wasm"])),
    after_help = "\
Examples:
  pulseproof groth16 prove --key circuit.zkey --witness witness.wtns
  pulseproof groth16 prove --key circuit.zkey --wasm circuit.wasm --inputs input.json
  pulseproof groth16 prove --key circuit.zkey --witness witness.wtns --r1cs circuit.r1cs --backend cuda
  sensor | pulseproof groth16 prove --key circuit.zkey --wasm circuit.wasm --inputs - --proof -

The proof is verified before it is written. With --r1cs, a witness that does not satisfy the circuit
gets an error that names the constraint.")]
pub struct Args {
    /// The proving key (.zkey)
    #[arg(long, value_name = "FILE")]
    key: Input,
    /// The witness (.wtns)
    #[arg(long, value_name = "FILE")]
    witness: Option<Input>,
    /// The circuit compiled by circom, which makes the witness of --inputs
    #[arg(long, value_name = "FILE", requires = "inputs")]
    wasm: Option<Input>,
    /// The inputs, JSON
    #[arg(long, value_name = "FILE", requires = "wasm")]
    inputs: Option<Input>,
    /// The constraints, to name the one that does not hold
    #[arg(long, value_name = "FILE")]
    r1cs: Option<Input>,
    /// The names of signals, to name those of that constraint
    #[arg(long, value_name = "FILE", requires = "r1cs")]
    sym: Option<Input>,
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
    allowed: Allowed,
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
    #[serde(skip_serializing_if = "Option::is_none")]
    insecure: Option<String>,
    open_ms: f64,
    witness_ms: f64,
    stages_ms: Vec<(String, f64)>,
    /// Of the whole process.
    peak_memory_mb: Option<f64>,
}

pub(super) fn run(args: &Args, home: &Home) -> Outcome {
    Paths::default()
        .reads("--key", [&args.key])
        .reads("--witness", &args.witness)
        .reads("--wasm", &args.wasm)
        .reads("--inputs", &args.inputs)
        .reads("--r1cs", &args.r1cs)
        .reads("--sym", &args.sym)
        .writes("--proof", [&args.proof])
        .writes("--public", [&args.public])
        .prints(args.json)
        .check()?;
    let backend = match open_or_say(args.backend.backend) {
        Ok(backend) => backend,
        Err(code) => return Ok(code),
    };
    let bar = progress_bar(1, "proving");
    let (open_ms, key) = timed(|| open(backend, &args.key, bar.clone()))?;
    args.allowed.check(&args.key, key.info().weakness)?;
    let (witness_ms, witness) = timed(|| witness(args, home, &*key))?;
    check(args, &*key, &witness)?;
    let proof = key.prove(witness);
    bar.finish_and_clear();
    let proof = proof.map_err(|error| unproved(args, &error))?;
    args.proof.write_text(&proof.proof.text())?;
    args.public.write_text(&proof.public.text())?;
    report(args, &*key, &proof, open_ms, witness_ms)?;
    Ok(ExitCode::SUCCESS)
}

fn open(backend: AnyBackend, input: &Input, bar: ProgressBar) -> Result<Box<dyn Key>, String> {
    let progress = move |done: usize, total: usize| {
        bar.set_length(total as u64);
        bar.set_position(done as u64);
    };
    let key = Loader::new(backend).open(input.open()?, Box::new(progress));
    key.map_err(|error| input.named(error))
}

fn witness(args: &Args, home: &Home, key: &dyn Key) -> Result<Words, String> {
    match (&args.witness, &args.wasm, &args.inputs) {
        (Some(input), ..) => read_witness(input, key),
        (None, Some(wasm), Some(inputs)) => compute_witness(home, wasm, inputs, key),
        _ => Err("give --witness, or --wasm with --inputs".to_owned()),
    }
}

fn read_witness(input: &Input, key: &dyn Key) -> Result<Words, String> {
    let mut file = input.open()?;
    let kind = FileKind::sniff(&mut file).map_err(|error| input.named(error))?;
    if let Some(other) = kind.filter(|kind| *kind != FileKind::Wtns) {
        return Err(input.named(format!("a {other}: expected a witness, .wtns")));
    }
    key.read_witness(file).map_err(|error| input.named(error))
}

fn compute_witness(
    home: &Home,
    wasm: &Input,
    inputs: &Input,
    key: &dyn Key,
) -> Result<Words, String> {
    let module = super::witness::module(home, wasm)?;
    key.info().shape().check_module(&module).map_err(|error| wasm.named(error))?;
    super::witness::compute(&module, inputs)
}

/// Names the first constraint that does not hold.
fn check(args: &Args, key: &dyn Key, witness: &Words) -> Result<(), String> {
    let Some(input) = &args.r1cs else { return Ok(()) };
    let mut source = BufReader::new(input.open()?);
    let curve = r1cs::curve(&mut source).map_err(|error| input.named(error))?;
    key.info().shape().check_curve(curve).map_err(|error| input.named(error))?;
    with_curve!(curve, C => {
        let circuit = R1cs::<Scalar<C>>::read(&mut source, &R1csLimits::default());
        let circuit = circuit.map_err(|error| input.named(error))?;
        key.info().shape().check_constraints(&circuit).map_err(|error| input.named(error))?;
        let witness = Witness::from_words(witness.to_vec()).map_err(|error| error.to_string())?;
        match super::witness::check((input, &circuit), args.sym.as_ref(), &witness)? {
            Checked::Satisfied(_) => Ok(()),
            Checked::Not(reason) => Err(reason),
        }
    })
}

/// Why there is no proof: the witness is not blamed if it is known to satisfy the constraints.
fn unproved(args: &Args, error: &ProvingError) -> String {
    match error {
        ProvingError::Prove(ProveError::Rejected) if args.r1cs.is_some() => {
            args.key.named(KEY_AT_FAULT)
        }
        ProvingError::Prove(ProveError::Rejected) => {
            format!("{error}; with --r1cs it is known which")
        }
        ProvingError::Prove(ProveError::Key(_) | ProveError::OutsideGroup) => args.key.named(error),
        error => args
            .witness
            .as_ref()
            .or(args.wasm.as_ref())
            .map_or_else(|| error.to_string(), |input| input.named(error)),
    }
}

fn report(
    args: &Args,
    key: &dyn Key,
    proof: &Proof,
    open_ms: f64,
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
            insecure: info.weakness.map(|weakness| weakness.to_string()),
            open_ms,
            witness_ms,
            stages_ms,
            peak_memory_mb: peak_memory_mb(),
        })?;
    } else {
        let steps = [("open", open_ms), ("witness", witness_ms)]
            .map(|(name, took)| (name.to_owned(), took));
        let row = |(name, took): (String, f64)| [name, format!("{took:.1}")];
        let tell = Output::beside([&args.proof, &args.public]);
        tell(&table(["step", "ms"], steps.into_iter().chain(stages_ms).map(row)));
        tell(&format!("{} on {}: {} and {}", info.curve, info.backend, args.proof, args.public));
        if let Some(weakness) = info.weakness {
            tell(&format!("INSECURE key: {weakness}"));
        }
    }
    Ok(())
}

fn timed<T>(work: impl FnOnce() -> Result<T, String>) -> Result<(f64, T), String> {
    let start = Instant::now();
    let done = work()?;
    Ok((start.elapsed().as_secs_f64() * 1e3, done))
}
