//! `pulseproof groth16 info`.

use std::process::ExitCode;

use super::Outcome;
use crate::commands::kinds;
use crate::files::Input;

/// Say what a file holds: of circom, of snarkjs, or of ours
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  pulseproof groth16 info circuit.zkey
  pulseproof groth16 info --json circuit.r1cs
  curl -s $URL/verification_key.json | pulseproof groth16 info -

Kinds are known by their first bytes: .zkey, .r1cs, .wtns, .ptau, .wasm, verification keys, proofs, public signals,
and keys, reference strings, profiles, rosters and results of ours.")]
pub struct Args {
    /// The file
    #[arg(value_name = "FILE")]
    file: Input,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> Outcome {
    kinds::show(&kinds::facts(&args.file)?, args.json)?;
    Ok(ExitCode::SUCCESS)
}
