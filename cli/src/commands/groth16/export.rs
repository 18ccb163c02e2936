//! `pulseproof groth16 export-key` and `export-solidity`.

use std::process::ExitCode;

use pulseproof_groth16::solidity;
use pulseproof_kernels::with_curve;

use super::Outcome;
use super::files::{Allowed, KeyFile};
use crate::files::{Input, Output, Paths};

/// Write a key's verification key as JSON
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  pulseproof groth16 export-key --key circuit.zkey --out verification_key.json")]
pub struct KeyArgs {
    /// The key (.zkey)
    #[arg(long, value_name = "FILE")]
    key: Input,
    /// Where it goes
    #[arg(long, value_name = "FILE", default_value = "verification_key.json")]
    out: Output,
    #[command(flatten)]
    allowed: Allowed,
}

/// Write a Solidity contract that verifies a circuit's proofs
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  pulseproof groth16 export-solidity --key circuit.zkey --out Verifier.sol
  pulseproof groth16 export-solidity --key verification_key.json --out Verifier.sol

Over BN254 the contract has the interface of snarkjs's; over BLS12-381 it needs the precompiled
contracts of EIP-2537.")]
pub struct SolidityArgs {
    /// The verification key, JSON or in a .zkey
    #[arg(long, value_name = "FILE")]
    key: Input,
    /// Where the contract goes
    #[arg(long, value_name = "FILE", default_value = "Verifier.sol")]
    out: Output,
    #[command(flatten)]
    allowed: Allowed,
}

pub(super) fn key(args: &KeyArgs) -> Outcome {
    let KeyArgs { key, out, allowed } = args;
    check(key, out)?;
    let mut file = KeyFile::open(key)?;
    let text = with_curve!(file.curve(), C => {
        let (verifying_key, weakness) = file.read::<C>()?;
        allowed.check(key, weakness)?;
        verifying_key.to_marked_json(weakness)
    });
    write(out, &text)
}

pub(super) fn solidity(args: &SolidityArgs) -> Outcome {
    let SolidityArgs { key, out, allowed } = args;
    check(key, out)?;
    let mut file = KeyFile::open(key)?;
    let text = with_curve!(file.curve(), C => {
        let (verifying_key, weakness) = file.read::<C>()?;
        allowed.check(key, weakness)?;
        let contract = solidity::contract(&verifying_key).map_err(|error| key.named(error))?;
        match weakness {
            Some(weakness) => solidity::marked(&contract, weakness),
            None => contract,
        }
    });
    write(out, &text)
}

fn check(key: &Input, out: &Output) -> Result<(), String> {
    Paths::default().reads("--key", [key]).writes("--out", [out]).check()
}

fn write(out: &Output, text: &str) -> Outcome {
    out.write_text(text)?;
    Output::beside([out])(&out.to_string());
    Ok(ExitCode::SUCCESS)
}
