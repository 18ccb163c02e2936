//! `pulseproof bench encryption`.

use std::process::ExitCode;

use clap::ValueEnum;
use pulseproof_kernels::{CurveId, with_curve};

use crate::bench::encryption::{Shape, measure};
use crate::commands::Outcome;
use crate::output::{complain, say, say_json, table};

/// What to compare with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Peer {
    /// tfhe-rs's proof that a compact list is well-formed (its feature zk-pok).
    TfheZk,
}

/// The proof of well-formed encryption, against one arkworks MSM of 4096 terms
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  pulseproof bench encryption
  pulseproof bench encryption --curve bn254 --slots 288 --summands 1000 --batch 100 --json
  pulseproof bench encryption --vs tfhe-zk

Each operation is run in turn, so that a disturbance meets all alike; times are medians. The
peer is arkworks' MSM with full-width scalars on the same curve, bases and threads. tfhe-rs's proof says
less: it bounds noise and plaintexts of a list, and not what the plaintexts are made of.")]
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
    /// Peers beside arkworks, with commas between them
    #[arg(long, value_delimiter = ',')]
    vs: Vec<Peer>,
    /// Repetitions, interleaved
    #[arg(long, default_value_t = 20)]
    samples: usize,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> Outcome {
    if cfg!(debug_assertions) {
        complain("this program checks itself and is slow: build with --release to measure");
    }
    let &Args { curve, slots, summands, batch, samples, json, .. } = args;
    let with_tfhe = args.vs.contains(&Peer::TfheZk);
    let shape = Shape { slots, summands_max: summands, batch };
    let report = with_curve!(curve, C => measure::<C>(shape, samples, with_tfhe))?;
    if json {
        say_json(&report)?;
        return Ok(ExitCode::SUCCESS);
    }
    say(&format!(
        "well-formed encryption on {}, {slots} readings in {} words, {} threads, simd: {}, proof {} bytes",
        report.curve, report.words, report.threads, report.simd, report.proof_bytes
    ));
    for (load, bytes) in &report.tfhe_zk_bytes {
        say(&format!("tfhe-rs proof with the load on the {load}: {bytes} bytes"));
    }
    let rows = report.rows.iter().map(|row| row.time.row(row.what.clone()));
    say(&table(["", "median ms", "min – max ms", "× peer"], rows));
    if let Some(megabytes) = report.peak_memory_mb {
        say(&format!("peak memory of this process: {megabytes:.0} MB"));
    }
    Ok(ExitCode::SUCCESS)
}
