//! `pulseproof bench encryption`.

use std::process::ExitCode;

use pulseproof_kernels::{CurveId, with_curve};

use crate::bench::encryption::{Shape, measure};
use crate::bench::wsa::Timing;
use crate::commands::Outcome;
use crate::output::{say, say_json, table};

/// The proof of well-formed encryption, against one arkworks MSM of 4096 terms
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  pulseproof bench encryption
  pulseproof bench encryption --curve bn254 --slots 288 --summands 1000 --batch 100 --json

Each operation is run in turn, so that a disturbance meets all alike; times are medians. The
peer is arkworks' MSM with full-width scalars on the same curve, bases and threads.")]
pub struct Args {
    /// Curve
    #[arg(long, default_value_t = CurveId::Bls12_381)]
    curve: CurveId,
    /// Readings of a list
    #[arg(long, default_value_t = 288)]
    slots: usize,
    /// Lists that a sum may have
    #[arg(long, default_value_t = 10)]
    summands: u64,
    /// Proofs verified together
    #[arg(long, default_value_t = 10)]
    batch: usize,
    /// Repetitions, interleaved
    #[arg(long, default_value_t = 20)]
    samples: usize,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> Outcome {
    let &Args { curve, slots, summands, batch, samples, json } = args;
    let shape = Shape { slots, summands_max: summands, batch };
    let report = with_curve!(curve, C => measure::<C>(shape, samples))?;
    if json {
        say_json(&report)?;
        return Ok(ExitCode::SUCCESS);
    }
    say(&format!(
        "well-formed encryption on {}, {slots} readings in {} words, {} threads, proof {} bytes",
        report.curve, report.words, report.threads, report.proof_bytes
    ));
    let row = |name: String, of: &Timing| of.row(name);
    let rows = [
        row("arkworks MSM, full-width scalars (peer)".to_owned(), &report.peer_msm),
        row("encrypt".to_owned(), &report.encrypt),
        row("prove".to_owned(), &report.prove),
        row("verify, from bytes".to_owned(), &report.verify_one),
        row(format!("verify {} together, from bytes", report.batch), &report.verify_batch),
    ];
    say(&table(["", "median ms", "min – max ms", "× peer"], rows));
    if let Some(megabytes) = report.peak_memory_mb {
        say(&format!("peak memory of this process: {megabytes:.0} MB"));
    }
    Ok(ExitCode::SUCCESS)
}
