//! `pulseproof groth16 info`.

use std::fs::File;
use std::io::{BufReader, Read, Seek};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use pulseproof_formats::ptau::{self, Ptau};
use pulseproof_formats::r1cs::{self, Limits, R1cs};
use pulseproof_formats::sym;
use pulseproof_formats::wtns::{self, Witness};
use pulseproof_formats::zkey::{self, Zkey};
use pulseproof_kernels::{CurveId, Scalar, with_curve};
use serde_json::{Value, json};

use super::Outcome;
use super::files::{AnyVerifyingKey, NO_CONTRIBUTION, named, open};
use super::witness::VALUES_MAX;
use crate::output::{complain, say, say_json};

/// Say what a file holds: .zkey, .r1cs, .wtns, .ptau or a verification key
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  pulseproof groth16 info circuit.zkey
  pulseproof groth16 info --json circuit.r1cs
  pulseproof groth16 info circuit.zkey --sym circuit.sym")]
pub struct Args {
    /// The file
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The names of signals, to name the public ones of a key or a circuit
    #[arg(long, value_name = "FILE")]
    sym: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> Outcome {
    let mut facts = facts(&args.file)?;
    if let Some(sym) = &args.sym {
        facts["public signals"] = public_signals(&facts, sym)?.into();
    }
    if args.json {
        say_json(&facts)?;
    } else if let Some(facts) = facts.as_object() {
        for (name, value) in facts {
            match value {
                Value::String(text) => say(&format!("{name}: {text}")),
                other => say(&format!("{name}: {other}")),
            }
        }
    }
    if facts["contributions"] == 0 {
        complain(NO_CONTRIBUTION);
    }
    Ok(ExitCode::SUCCESS)
}

fn facts(path: &Path) -> Result<Value, String> {
    let mut magic = [0; 4];
    let mut file = open(path)?;
    let bytes = file.metadata().map_err(|error| named(path, error))?.len();
    // A file too short for magic bytes is no binary one.
    let is_binary = file.read_exact(&mut magic).is_ok();
    file.rewind().map_err(|error| named(path, error))?;
    let mut source = BufReader::new(file);
    let facts = match &magic {
        b"zkey" if is_binary => of_key(&mut source),
        b"r1cs" if is_binary => of_circuit(&mut source),
        b"wtns" if is_binary => of_witness(&mut source),
        b"ptau" if is_binary => of_ceremony(&mut source),
        _ => return of_verifying_key(path),
    };
    let mut facts = facts.map_err(|error| named(path, error))?;
    facts["bytes"] = bytes.into();
    Ok(facts)
}

/// The names of the public signals, as many as the file has.
fn public_signals(facts: &Value, sym: &Path) -> Result<Vec<String>, String> {
    let outputs_and_inputs = || Some(facts["outputs"].as_u64()? + facts["public inputs"].as_u64()?);
    let public = facts["public"].as_u64().or_else(outputs_and_inputs);
    let public = public.ok_or("--sym: only keys and circuits have public signals")?;
    let public = u32::try_from(public).map_err(|error| error.to_string())?;
    let names = sym::public_names(BufReader::new(open(sym)?), public);
    names.map_err(|error| named(sym, error))
}

type Source = BufReader<File>;
type Facts = Result<Value, pulseproof_formats::FormatError>;

fn named_curve(curve: CurveId) -> Value {
    curve.to_string().into()
}

fn of_key(source: &mut Source) -> Facts {
    let curve = zkey::curve(source)?;
    with_curve!(curve, C => {
        let mut key = Zkey::<C, _>::open(source)?;
        let contributions = key.contributions()?;
        let header = key.header();
        Ok(json!({
            "format": "zkey (groth16)",
            "curve": named_curve(curve),
            "signals": header.variables,
            "public": header.public,
            "domain": 1u64 << header.log_size,
            "contributions": contributions,
        }))
    })
}

fn of_circuit(source: &mut Source) -> Facts {
    let curve = r1cs::curve(source)?;
    with_curve!(curve, C => {
        let circuit = R1cs::<Scalar<C>>::read(source, &Limits::default())?;
        Ok(json!({
            "format": "r1cs",
            "curve": named_curve(curve),
            "constraints": circuit.constraints(),
            "signals": circuit.wires,
            "outputs": circuit.outputs,
            "public inputs": circuit.public_inputs,
            "private inputs": circuit.private_inputs,
        }))
    })
}

fn of_witness(source: &mut Source) -> Facts {
    let curve = wtns::curve(source)?;
    with_curve!(curve, C => {
        let witness = Witness::<Scalar<C>>::read(source, VALUES_MAX)?;
        Ok(json!({ "format": "wtns", "curve": named_curve(curve), "signals": witness.len() }))
    })
}

fn of_ceremony(source: &mut Source) -> Facts {
    let curve = ptau::curve(source)?;
    with_curve!(curve, C => {
        let ceremony = Ptau::<C, _>::open(source)?;
        Ok(json!({
            "format": "ptau",
            "curve": named_curve(curve),
            "constraints": 1u64 << ceremony.power(),
            "prepared for phase 2": ceremony.is_prepared(),
        }))
    })
}

fn of_verifying_key(path: &Path) -> Result<Value, String> {
    let key = AnyVerifyingKey::open(path)?;
    with_curve!(key.curve(), C => {
        let inputs = key.read::<C>(path)?.public_inputs();
        Ok(json!({
            "format": "verification key (groth16)",
            "curve": named_curve(key.curve()),
            "public": inputs,
        }))
    })
}
