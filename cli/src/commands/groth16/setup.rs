//! `pulseproof groth16 setup`.

use std::fs::File;
use std::io::BufReader;
use std::process::ExitCode;

use pulseproof_formats::ptau::Ptau;
use pulseproof_formats::r1cs::{self, Limits, R1cs};
use pulseproof_formats::zkey::{self, Contents};
use pulseproof_groth16::setup::{CeremonyError, SetupError, develop, from_ceremony};
use pulseproof_groth16::{VerifyingKey, Weakness};
use pulseproof_kernels::{Curve, Scalar, with_curve};
use rand::rngs::OsRng;

use super::Outcome;
use super::files::warn;
use crate::files::{Input, Output, Paths};
use crate::output::progress_bar;

/// Every key is one until somebody contributes to it.
const WEAKNESS: Option<Weakness> = Some(Weakness::NoContribution);

/// Make a circuit's proving key
#[derive(Debug, clap::Args)]
#[command(
    group(clap::ArgGroup::new("source").required(true).args(["ptau", "development"])),
    after_help = "\
Examples:
  pulseproof groth16 setup --r1cs circuit.r1cs --ptau powersOfTau28_hez_final_16.ptau --out circuit_0000.zkey
  pulseproof groth16 zkey contribute --key circuit_0000.zkey --out circuit.zkey
  pulseproof groth16 setup --r1cs circuit.r1cs --development --out circuit.zkey

With --ptau the key is byte for byte the one that `snarkjs groth16 setup` makes. Nobody may rely on it
before somebody has contributed to it. Compare the ceremony file's published hash before you use it.")]
pub struct Args {
    /// The circuit's constraints
    #[arg(long, value_name = "FILE")]
    r1cs: Input,
    /// A ceremony's powers of tau, prepared for phase 2
    #[arg(long, value_name = "FILE")]
    ptau: Option<Input>,
    /// Make up the secrets here and forget them: for tests and benches (INSECURE)
    #[arg(long)]
    development: bool,
    /// Where the key goes
    #[arg(long, value_name = "FILE")]
    out: Output,
    /// Where the verification key goes as well, as JSON
    #[arg(long, value_name = "FILE")]
    verification_key: Option<Output>,
}

pub(super) fn run(args: &Args) -> Outcome {
    Paths::default()
        .reads("--r1cs", [&args.r1cs])
        .reads("--ptau", &args.ptau)
        .writes("--out", [&args.out])
        .writes("--verification-key", &args.verification_key)
        .check()?;
    let mut source = BufReader::new(args.r1cs.open()?);
    let curve = r1cs::curve(&mut source).map_err(|error| args.r1cs.named(error))?;
    with_curve!(curve, C => set_up::<C>(args, &mut source))
}

fn set_up<C: Curve>(args: &Args, source: &mut BufReader<File>) -> Outcome {
    let circuit = R1cs::<Scalar<C>>::read(source, &Limits::default());
    let circuit = circuit.map_err(|error| args.r1cs.named(error))?;
    let key = make::<C>(args, &circuit)?;
    args.out.write(|sink| zkey::write(sink, &key))?;
    if let Some(path) = &args.verification_key {
        let key = VerifyingKey::<C>::of(&key.header, key.ic.clone());
        path.write_text(&key.to_marked_json(WEAKNESS))?;
    }
    Output::beside([&args.out].into_iter().chain(&args.verification_key))(&format!(
        "{}: {}, {} constraints in a domain of 2^{}, {} signals, {} public",
        args.out,
        C::ID,
        circuit.constraints(),
        key.header.log_size,
        key.header.variables,
        key.header.public
    ));
    warn(WEAKNESS);
    Ok(ExitCode::SUCCESS)
}

fn make<C: Curve>(args: &Args, circuit: &R1cs<Scalar<C>>) -> Result<Contents<C>, String> {
    let bar = progress_bar(1, "setting up");
    let mut progress = |done: usize, total: usize| {
        bar.set_length(total as u64);
        bar.set_position(done as u64);
    };
    let key = match &args.ptau {
        None => {
            develop::<C>(circuit, &mut OsRng, &mut progress).map_err(|error| args.r1cs.named(error))
        }
        Some(input) => Ptau::<C, _>::open(BufReader::new(input.open()?))
            .map_err(CeremonyError::from)
            .map_err(SetupError::from)
            .and_then(|mut ceremony| from_ceremony(circuit, &mut ceremony, &mut progress))
            .map_err(|error| input.named(error)),
    };
    bar.finish_and_clear();
    key
}
