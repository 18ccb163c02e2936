//! `pulseproof groth16`: proofs of circom circuits, without a server.

mod calldata;
mod export;
mod files;
mod info;
mod prove;
mod setup;
mod verify;
mod witness;
mod zkey;

use clap::Subcommand;

use super::Outcome;
use crate::home::Home;

/// Set up, prove and verify circom circuits, in snarkjs's formats
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  pulseproof groth16 setup --r1cs circuit.r1cs --ptau powersOfTau28_hez_final_16.ptau --out circuit.zkey
  pulseproof groth16 zkey contribute --key circuit.zkey --out circuit_1.zkey --name Ada
  pulseproof groth16 prove --key circuit.zkey --wasm circuit.wasm --inputs input.json
  pulseproof groth16 verify --key verification_key.json proof.json public.json
  pulseproof groth16 witness --wasm circuit.wasm --inputs input.json --out witness.wtns
  pulseproof groth16 info circuit.zkey
  pulseproof groth16 export-solidity --key circuit.zkey --out Verifier.sol
  pulseproof groth16 calldata proof.json public.json")]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Setup(setup::Args),
    Prove(prove::Args),
    Verify(verify::Args),
    Witness(witness::Args),
    Info(info::Args),
    ExportKey(export::KeyArgs),
    ExportSolidity(export::SolidityArgs),
    Calldata(calldata::Args),
    Zkey(zkey::Args),
}

pub(super) fn run(args: &Args, home: &Home) -> Outcome {
    match &args.what {
        What::Setup(args) => setup::run(args),
        What::Prove(args) => prove::run(args, home),
        What::Verify(args) => verify::run(args),
        What::Witness(args) => witness::run(args, home),
        What::Info(args) => info::run(args),
        What::ExportKey(args) => export::key(args),
        What::ExportSolidity(args) => export::solidity(args),
        What::Calldata(args) => calldata::run(args),
        What::Zkey(args) => zkey::run(args),
    }
}
