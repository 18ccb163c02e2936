//! `pulseproof groth16 info`.

use std::io::BufReader;
use std::process::ExitCode;

use pulseproof_formats::sym;
use serde_json::Value;

use super::Outcome;
use crate::commands::kinds;
use crate::files::Input;

/// Say what a file holds: of circom, of snarkjs, or of ours
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  pulseproof groth16 info circuit.zkey
  pulseproof groth16 info --json circuit.r1cs
  pulseproof groth16 info circuit.zkey --sym circuit.sym
  curl -s $URL/verification_key.json | pulseproof groth16 info -

Kinds are recognised by their first bytes: .zkey, .r1cs, .wtns, .ptau, .wasm, verification keys, proofs, public signals,
and keys, SRSs, profiles, rosters and results of ours.")]
pub struct Args {
    /// The file
    #[arg(value_name = "FILE")]
    file: Input,
    /// The names of signals, to name the public ones of a key or a circuit
    #[arg(long, value_name = "FILE")]
    sym: Option<Input>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> Outcome {
    let mut facts = kinds::facts(&args.file)?;
    if let Some(sym) = &args.sym {
        facts["public signals"] = public_signals(&facts, sym)?.into();
    }
    kinds::show(&facts, args.json)?;
    Ok(ExitCode::SUCCESS)
}

/// The names of the public signals, as many as the file has.
fn public_signals(facts: &Value, sym: &Input) -> Result<Vec<String>, String> {
    let outputs_and_inputs = || Some(facts["outputs"].as_u64()? + facts["public inputs"].as_u64()?);
    let public = facts["public"].as_u64().or_else(outputs_and_inputs);
    let public = public.ok_or("--sym: only keys and circuits have public signals")?;
    let public = u32::try_from(public).map_err(|error| error.to_string())?;
    let wires = facts["signals"].as_u64().and_then(|signals| u32::try_from(signals).ok());
    let names = sym::public_names(BufReader::new(sym.open()?), public, wires);
    names.map_err(|error| sym.named(error))
}
