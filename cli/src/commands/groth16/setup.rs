//! `pulseproof groth16 setup`.

use std::io::BufReader;
use std::path::PathBuf;
use std::process::ExitCode;

use pulseproof_formats::ptau::Ptau;
use pulseproof_formats::r1cs::{self, Limits, R1cs};
use pulseproof_formats::zkey::{self, Contents};
use pulseproof_groth16::VerifyingKey;
use pulseproof_groth16::setup::{develop, from_ceremony};
use pulseproof_kernels::{Curve, Scalar, with_curve};
use rand::rngs::OsRng;

use super::Outcome;
use super::files::{NO_CONTRIBUTION, named, open};
use crate::files::{Input, Output, Paths};
use crate::output::{complain, progress_bar};

/// Make a circuit's proving key
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  pulseproof groth16 setup --r1cs circuit.r1cs --ptau powersOfTau28_hez_final_16.ptau --out circuit_0000.zkey
  pulseproof groth16 zkey contribute --key circuit_0000.zkey --out circuit.zkey
  pulseproof groth16 setup --r1cs circuit.r1cs --development --out circuit.zkey

With --ptau the key is byte for byte the one that `snarkjs groth16 setup` makes. Nobody may rely on it
before somebody has contributed to it. Compare the ceremony file's published hash before you use it.")]
pub struct Args {
    /// The circuit's constraints
    #[arg(long, value_name = "FILE")]
    r1cs: PathBuf,
    /// A ceremony's powers of tau, prepared for phase 2
    #[arg(long, value_name = "FILE", required_unless_present = "development")]
    ptau: Option<PathBuf>,
    /// Make up the secrets here and forget them: for tests and benches (INSECURE)
    #[arg(long, conflicts_with = "ptau")]
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
        .reads("--r1cs", [&Input::from(&*args.r1cs)])
        .reads("--ptau", args.ptau.as_deref().map(Input::from).as_ref())
        .writes("--out", [&args.out])
        .writes("--verification-key", &args.verification_key)
        .check()?;
    let curve = r1cs::curve(&mut BufReader::new(open(&args.r1cs)?));
    let curve = curve.map_err(|error| named(&args.r1cs, error))?;
    with_curve!(curve, C => set_up::<C>(args))
}

fn set_up<C: Curve>(args: &Args) -> Outcome {
    let circuit =
        R1cs::<Scalar<C>>::read(&mut BufReader::new(open(&args.r1cs)?), &Limits::default())
            .map_err(|error| named(&args.r1cs, error))?;
    let key = make::<C>(args, &circuit)?;
    args.out.write(|sink| zkey::write(sink, &key))?;
    if let Some(path) = &args.verification_key {
        let key = VerifyingKey::<C>::of(&key.header, key.ic.clone());
        path.write_text(&key.to_json())?;
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
    complain(NO_CONTRIBUTION);
    Ok(ExitCode::SUCCESS)
}

fn make<C: Curve>(args: &Args, circuit: &R1cs<Scalar<C>>) -> Result<Contents<C>, String> {
    let bar = progress_bar(1, "setting up");
    let mut progress = |done: usize, total: usize| {
        bar.set_length(total as u64);
        bar.set_position(done as u64);
    };
    let key = match &args.ptau {
        None => develop::<C>(circuit, &mut OsRng, &mut progress)
            .map_err(|error| named(&args.r1cs, error)),
        Some(path) => Ptau::<C, _>::open(BufReader::new(open(path)?))
            .map_err(Into::into)
            .and_then(|mut ceremony| from_ceremony(circuit, &mut ceremony, &mut progress))
            .map_err(|error| named(path, error)),
    };
    bar.finish_and_clear();
    key
}
