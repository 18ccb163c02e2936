//! `pulseproof groth16 witness`.

use std::collections::{BTreeMap, BTreeSet};
use std::io::BufReader;
use std::process::ExitCode;

use clap::ArgGroup;
use pulseproof_formats::r1cs::{Limits as R1csLimits, R1cs};
use pulseproof_formats::wtns::{self, Witness};
use pulseproof_formats::{FormatError, sym};
use pulseproof_groth16::erased::Words;
use pulseproof_groth16::text::unmarked;
use pulseproof_groth16::witness::{Circuit, Limits, parse_inputs};
use pulseproof_kernels::traits::*;
use pulseproof_kernels::{Curve, CurveId, Scalar, with_curve};
use pulseproof_sdk::groth16::Inputs;
use serde::Serialize;
use zeroize::Zeroizing;

use super::Outcome;
use crate::files::{Input, Output, Paths};
use crate::home::Home;
use crate::output::{complain, say_json};

/// Most values of a witness that is looked at.
pub const VALUES_MAX: usize = 1 << 28;

/// Compute a witness, check it against constraints, show its values by name
#[derive(Debug, clap::Args)]
#[command(
    group = ArgGroup::new("deed").args(["out", "r1cs", "show"]).required(true).multiple(true),
    after_help = "\
Examples:
  pulseproof groth16 witness --wasm circuit.wasm --inputs input.json --out witness.wtns
  pulseproof groth16 witness --witness witness.wtns --r1cs circuit.r1cs --sym circuit.sym
  pulseproof groth16 witness --wasm circuit.wasm --inputs input.json --sym circuit.sym --show main.root

Exits with 1 and names the constraint that does not hold, and with --sym its signals. Values are secret: they are
printed only with --show, and the file is readable by you alone."
)]
pub struct Args {
    /// The witness (.wtns)
    #[arg(long, value_name = "FILE", required_unless_present = "wasm", conflicts_with = "wasm")]
    witness: Option<Input>,
    /// The circuit compiled by circom, which makes the witness of the inputs
    #[arg(long, value_name = "FILE", requires = "inputs")]
    wasm: Option<Input>,
    /// The inputs, JSON
    #[arg(long, value_name = "FILE", requires = "wasm")]
    inputs: Option<Input>,
    /// Where the witness goes (.wtns)
    #[arg(long, value_name = "FILE", requires = "wasm")]
    out: Option<Output>,
    /// The constraints that it has to satisfy
    #[arg(long, value_name = "FILE")]
    r1cs: Option<Input>,
    /// The names of signals
    #[arg(long, value_name = "FILE")]
    sym: Option<Input>,
    /// A signal whose values are shown, with all that is in it; may be given again
    #[arg(long, value_name = "NAME", requires = "sym")]
    show: Vec<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What is said of a witness.
#[derive(Serialize)]
struct Summary {
    curve: String,
    signals: usize,
    /// Constraints that it satisfies: all, if it was compared with any.
    #[serde(skip_serializing_if = "Option::is_none")]
    satisfied: Option<usize>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    values: Vec<Value>,
}

#[derive(Serialize)]
struct Value {
    name: String,
    /// None if circom has simplified the signal away.
    value: Option<String>,
}

pub(super) fn run(args: &Args, home: &Home) -> Outcome {
    plan(args)?;
    let (curve, words) = match (&args.witness, &args.wasm, &args.inputs) {
        (None, Some(wasm), Some(inputs)) => {
            let module = module(home, wasm)?;
            (module.curve(), compute(&module, inputs)?)
        }
        (Some(path), ..) => read(path)?,
        _ => return Err("give --witness, or --wasm with --inputs".into()),
    };
    with_curve!(curve, C => deal::<C>(args, words))
}

fn plan(args: &Args) -> Result<(), String> {
    Paths::default()
        .reads("--witness", &args.witness)
        .reads("--wasm", &args.wasm)
        .reads("--inputs", &args.inputs)
        .reads("--r1cs", &args.r1cs)
        .reads("--sym", &args.sym)
        .writes("--out", &args.out)
        .prints(args.json)
        .check()
}

fn deal<C: Curve>(args: &Args, mut words: Words) -> Outcome {
    let witness = Witness::<Scalar<C>>::from_words(std::mem::take(&mut *words))?;
    let satisfied = match &args.r1cs {
        None => None,
        Some(r1cs) => {
            let circuit = R1cs::read(&mut BufReader::new(r1cs.open()?), &R1csLimits::default());
            let circuit = circuit.map_err(|error| r1cs.named(error))?;
            match check((r1cs, &circuit), args.sym.as_ref(), &witness)? {
                Checked::Satisfied(constraints) => Some(constraints),
                // An answer, and no error: it is no.
                Checked::Not(reason) => {
                    complain(&format!("error: {reason}"));
                    return Ok(ExitCode::FAILURE);
                }
            }
        }
    };
    let values = match &args.sym {
        Some(sym) if !args.show.is_empty() => values(sym, &args.show, &witness)?,
        _ => Vec::new(),
    };
    if let Some(out) = &args.out {
        out.write_secret(|sink| witness.write(sink))?;
    }
    let summary = Summary { curve: C::ID.to_string(), signals: witness.len(), satisfied, values };
    if args.json {
        say_json(&summary)?;
    } else {
        print(args, &summary);
    }
    Ok(ExitCode::SUCCESS)
}

/// What a circuit's module computes with, compiled once.
pub(super) fn module(home: &Home, wasm: &Input) -> Result<Circuit, String> {
    let limits = Limits::default();
    let bytes = wasm.read(limits.wasm_bytes as u64)?;
    home.circuit(&bytes, &limits).map_err(|error| wasm.named(error))
}

/// The witness that it makes of inputs.
pub(super) fn compute(module: &Circuit, inputs: &Input) -> Result<Words, String> {
    let limits = Limits::default();
    let text = inputs.read(limits.input_bytes as u64)?;
    let values = parse_inputs(&text, &limits).map_err(|error| inputs.named(error))?;
    names_come_once(&text).map_err(|error| inputs.named(error))?;
    let witness = module.witness(&values).map_err(|error| inputs.named(error))?;
    Ok(Zeroizing::new(witness.into_words()))
}

/// Of two values of one name, one would be dropped silently.
fn names_come_once(text: &[u8]) -> Result<(), String> {
    let text = unmarked(text).map_err(|error| error.to_string())?;
    serde_json::from_slice::<Inputs>(text).map(drop).map_err(|error| error.to_string())
}

fn read(path: &Input) -> Result<(CurveId, Words), String> {
    let mut source = BufReader::new(path.open()?);
    let read = wtns::curve(&mut source).and_then(|curve| {
        let words = with_curve!(curve, C => {
            Witness::<Scalar<C>>::read(&mut source, VALUES_MAX)?.into_words()
        });
        Ok::<_, FormatError>((curve, Zeroizing::new(words)))
    });
    read.map_err(|error| path.named(error))
}

/// What constraints say of a witness.
pub(super) enum Checked {
    /// It satisfies all of them, this many.
    Satisfied(usize),
    /// It does not satisfy this one, which is named.
    Not(String),
}

/// Compares a witness with constraints.
pub(super) fn check<F: PrimeField>(
    (r1cs, circuit): (&Input, &R1cs<F>),
    sym: Option<&Input>,
    witness: &Witness<F>,
) -> Result<Checked, String> {
    circuit.check_length(witness).map_err(|error| r1cs.named(error))?;
    let unsatisfied = circuit.first_unsatisfied(witness);
    let wires = unsatisfied.map_or_else(BTreeSet::new, |index| circuit.wires_of(index));
    // What was given is read, needed or not: a file that is no good is not passed over.
    let names = sym.map(|path| names(path, &wires, circuit.wires)).transpose()?;
    Ok(match (unsatisfied, names) {
        (None, _) => Checked::Satisfied(circuit.constraints()),
        (Some(index), None) => Checked::Not(unsatisfied_constraint(index)),
        (Some(index), Some(names)) => {
            let names: Vec<_> = names.into_values().collect();
            Checked::Not(format!("{}, of {}", unsatisfied_constraint(index), names.join(", ")))
        }
    })
}

fn unsatisfied_constraint(index: usize) -> String {
    format!("the witness does not satisfy constraint {index}")
}

fn names(
    path: &Input,
    wanted: &BTreeSet<u32>,
    wires: usize,
) -> Result<BTreeMap<u32, String>, String> {
    let wires = u32::try_from(wires).ok();
    let names = sym::names(BufReader::new(path.open()?), wanted, wires);
    names.map_err(|error| path.named(error))
}

/// The values of signals that are wanted, or in something that is.
fn values<F: PrimeField>(
    path: &Input,
    wanted: &[String],
    witness: &Witness<F>,
) -> Result<Vec<Value>, String> {
    let (mut values, mut stranger) = (Vec::new(), None);
    let mut found = vec![false; wanted.len()];
    let names = sym::each(BufReader::new(path.open()?), |symbol| {
        for (wanted, found) in wanted.iter().zip(&mut found) {
            if !is_in(symbol.name, wanted) {
                continue;
            }
            *found = true;
            let value = symbol.wire.map(|wire| witness.value(wire as usize).ok_or(wire));
            match value.transpose() {
                Ok(value) => values.push(Value {
                    name: symbol.name.to_owned(),
                    value: value.map(|value| value.into_bigint().to_string()),
                }),
                Err(wire) => stranger = Some(wire),
            }
        }
    });
    names.map_err(|error| path.named(error))?;
    if let Some(wire) = stranger {
        let got = witness.len();
        return Err(path.named(format!("of another circuit: wire {wire}, the witness has {got}")));
    }
    match found.iter().position(|found| !found) {
        Some(missing) => Err(path.named(format!("has no signal {:?}", wanted[missing]))),
        None => Ok(values),
    }
}

/// Whether a signal is the one that is wanted, or in its array or component.
fn is_in(name: &str, wanted: &str) -> bool {
    name.strip_prefix(wanted).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

fn print(args: &Args, summary: &Summary) {
    let tell = Output::beside(&args.out);
    for Value { name, value } in &summary.values {
        tell(&format!("{name} = {}", value.as_deref().unwrap_or("(simplified away)")));
    }
    if let Some(constraints) = summary.satisfied {
        tell(&format!("satisfies all {constraints} constraints"));
    }
    if let Some(out) = &args.out {
        tell(&format!("{out}: {} signals over {}", summary.signals, summary.curve));
    }
}
