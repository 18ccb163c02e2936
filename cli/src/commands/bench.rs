//! `pulseproof bench`.

mod encryption;
mod groth16;
mod kernels;
mod pbs;
mod wsa;

use clap::Subcommand;

use super::Outcome;

/// Measure, beside a peer in the same run
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  pulseproof bench msm --curve bls12-381 --log-n 14,16,18 --backend cpu,cuda
  pulseproof bench ntt --field goldilocks --log-n 20 --plot ntt.svg
  pulseproof bench field --field bn254 --json
  pulseproof bench pbs --log-n 0,6 --vs tfhe-cpu
  pulseproof bench groth16 --log-n 16 --vs ark-groth16,snarkjs
  pulseproof bench wsa
  pulseproof bench encryption
  RAYON_NUM_THREADS=1 pulseproof bench wsa")]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Ntt(kernels::NttArgs),
    Msm(kernels::MsmArgs),
    Field(kernels::FieldArgs),
    Pbs(pbs::Args),
    Groth16(groth16::Args),
    Wsa(wsa::Args),
    Encryption(encryption::Args),
}

pub(super) fn run(args: &Args) -> Outcome {
    match &args.what {
        What::Ntt(args) => kernels::ntt(args),
        What::Groth16(args) => groth16::run(args),
        What::Msm(args) => kernels::msm(args),
        What::Field(args) => kernels::field(args),
        What::Pbs(args) => pbs::run(args),
        What::Wsa(args) => wsa::run(args),
        What::Encryption(args) => encryption::run(args),
    }
}
