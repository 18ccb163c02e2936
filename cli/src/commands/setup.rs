//! `pulseproof setup`.

use std::io::BufReader;
use std::path::PathBuf;
use std::process::ExitCode;

use pulseproof_kernels::{Curve, CurveId, with_curve};
use pulseproof_prover::srs::{DEFAULT_LOG_SIZE, Srs, ptau};
use serde::Serialize;

use super::Outcome;
use crate::files::{Input, Output, Paths};
use crate::home::{Home, INSECURE};
use crate::output::{complain, progress_bar, say, say_json};

/// Make or import the structured reference string (SRS) that proofs are made with
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  pulseproof setup                              a development SRS (INSECURE)
  pulseproof setup --ptau powersOfTau28_hez_final_14.ptau --curve bn254
  pulseproof setup --ptau ceremony.ptau         BLS12-381, the default

A .ptau file must hold 2^(log-size + 1) powers and a few more: power log-size + 1. Compare the
file's published hash before you import it: a ceremony is as good as the file you have.")]
pub struct Args {
    /// Curve
    #[arg(long, default_value_t = CurveId::Bls12_381)]
    curve: CurveId,
    /// log2 of the vector length
    #[arg(long, default_value_t = DEFAULT_LOG_SIZE)]
    log_size: u32,
    /// Ceremony file to import
    #[arg(long, value_name = "FILE")]
    ptau: Option<Input>,
    /// Replace an SRS that is already there
    #[arg(long)]
    force: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Summary {
    path: PathBuf,
    curve: String,
    log_size: u32,
    id: String,
    insecure: bool,
}

pub(super) fn run(args: &Args, home: &Home) -> Outcome {
    with_curve!(args.curve, C => set_up::<C>(args, home))
}

fn set_up<C: Curve>(args: &Args, home: &Home) -> Outcome {
    let path = home.srs_path::<C>(args.log_size);
    Paths::default()
        .reads("--ptau", &args.ptau)
        .writes("the SRS", [&Output::Path(path.clone())])
        .check()?;
    let srs = match &args.ptau {
        Some(_) if path.exists() && !args.force => {
            return Err(format!("{} exists; --force replaces it", path.display()).into());
        }
        Some(file) => {
            // What is there is replaced only once the file has been imported whole.
            let srs = import::<C>(file, args.log_size)?;
            path.parent().map_or(Ok(()), std::fs::create_dir_all)?;
            srs.save(&path)?;
            srs
        }
        None => {
            if args.force && path.exists() {
                std::fs::remove_file(&path)?;
            }
            home.srs::<C>(args.log_size)?
        }
    };
    let summary = Summary {
        path,
        curve: args.curve.to_string(),
        log_size: args.log_size,
        id: hex::encode(srs.verifying_key.id()),
        insecure: srs.verifying_key.origin.is_insecure(),
    };
    if args.json {
        say_json(&summary)?;
    } else {
        say(&format!("SRS {} for {}, vectors of 2^{}", summary.id, summary.curve, args.log_size));
        say(&format!("{}", summary.path.display()));
        if summary.insecure {
            say(INSECURE);
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn import<C: Curve>(file: &Input, log_size: u32) -> Result<Srs<C>, String> {
    let source = file.open()?;
    let bar = progress_bar(1, "importing");
    let srs = ptau::import::<C>(&mut BufReader::new(source), log_size, &mut |done, total| {
        bar.set_length(total as u64);
        bar.set_position(done as u64);
    });
    bar.finish_and_clear();
    let srs = srs.map_err(|error| file.named(error))?;
    complain("imported; the secret is safe if one of the ceremony's participants was honest");
    Ok(srs)
}
