//! `pulseproof groth16 export-key` and `export-solidity`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use pulseproof_groth16::solidity;
use pulseproof_kernels::with_curve;

use super::Outcome;
use super::files::AnyVerifyingKey;
use crate::files::{Input, Output, Paths};

/// Write a key's verification key as JSON
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  pulseproof groth16 export-key --key circuit.zkey --out verification_key.json")]
pub struct KeyArgs {
    /// The key (.zkey)
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// Where it goes
    #[arg(long, value_name = "FILE", default_value = "verification_key.json")]
    out: Output,
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
    key: PathBuf,
    /// Where the contract goes
    #[arg(long, value_name = "FILE", default_value = "Verifier.sol")]
    out: Output,
}

pub(super) fn key(args: &KeyArgs) -> Outcome {
    plan(&args.key, &args.out)?;
    let key = AnyVerifyingKey::open(&args.key)?;
    let text = with_curve!(key.curve(), C => {
        key.read::<C>(&args.key)?.to_json()
    });
    args.out.write_text(&text)?;
    Output::beside([&args.out])(&args.out.to_string());
    Ok(ExitCode::SUCCESS)
}

pub(super) fn solidity(args: &SolidityArgs) -> Outcome {
    plan(&args.key, &args.out)?;
    let key = AnyVerifyingKey::open(&args.key)?;
    let text = with_curve!(key.curve(), C => solidity::contract(&key.read::<C>(&args.key)?))?;
    args.out.write_text(&text)?;
    Output::beside([&args.out])(&args.out.to_string());
    Ok(ExitCode::SUCCESS)
}

fn plan(key: &Path, out: &Output) -> Result<(), String> {
    Paths::default().reads("--key", [&Input::from(key)]).writes("--out", [out]).check()
}
