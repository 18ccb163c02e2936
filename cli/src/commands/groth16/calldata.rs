//! `pulseproof groth16 calldata`.

use std::process::ExitCode;

use pulseproof_groth16::{Proof, PublicInputs, json, solidity};
use pulseproof_kernels::with_curve;

use super::Outcome;
use super::files::JSON_BYTES_MAX;
use crate::files::{Input, Paths};
use crate::output::say;

/// Print what a verifier's contract is called with
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  pulseproof groth16 calldata proof.json public.json

The arguments of verifyProof, as `snarkjs zkey export soliditycalldata` prints them; over BLS12-381 those of
the contract that export-solidity writes. A contract of a circuit with no public signals takes no list of
them. The proof is not verified.")]
pub struct Args {
    /// The proof
    #[arg(value_name = "PROOF")]
    proof: Input,
    /// Its public signals
    #[arg(value_name = "PUBLIC")]
    public: Input,
}

pub(super) fn run(args: &Args) -> Outcome {
    Paths::default().reads("PROOF", [&args.proof]).reads("PUBLIC", [&args.public]).check()?;
    let read = |input: &Input| input.read(JSON_BYTES_MAX);
    let (proof, public) = (read(&args.proof)?, read(&args.public)?);
    let curve = json::curve_of_proof(&proof).map_err(|error| args.proof.named(error))?;
    let text = with_curve!(curve, C => {
        let proof = Proof::<C>::from_json(&proof).map_err(|error| args.proof.named(error))?;
        let public = PublicInputs::from_json(&public).map_err(|error| args.public.named(error))?;
        solidity::calldata(&public, &proof)
    });
    say(&text);
    Ok(ExitCode::SUCCESS)
}
