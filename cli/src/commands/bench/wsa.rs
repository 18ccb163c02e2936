//! `pulseproof bench wsa`.

use std::process::ExitCode;

use pulseproof_kernels::{CurveId, with_curve};
use pulseproof_prover::srs::DEFAULT_LOG_SIZE;

use crate::backend::{BackendArgs, open_or_say};
use crate::bench::wsa::{Shape, Timing, measure};
use crate::commands::Outcome;
use crate::output::{say, say_json, table};

/// The weighted-sum argument, against one arkworks MSM of the vector's length
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  pulseproof bench wsa
  pulseproof bench wsa --log-size 14 --devices 100 --samples 50

Each operation is run in turn, so that a disturbance meets all alike; times are medians. The
peer is arkworks' MSM with full-width scalars on the same curve, bases and threads.")]
pub struct Args {
    /// Curve
    #[arg(long, default_value_t = CurveId::Bls12_381)]
    curve: CurveId,
    /// log2 of the vector length
    #[arg(long, default_value_t = DEFAULT_LOG_SIZE)]
    log_size: u32,
    /// Vectors in the sum
    #[arg(long, default_value_t = 10)]
    devices: usize,
    /// Repetitions, interleaved
    #[arg(long, default_value_t = 20)]
    samples: usize,
    #[command(flatten)]
    backend: BackendArgs,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> Outcome {
    let &Args { curve, log_size, devices, samples, backend, json } = args;
    let shape = Shape { log_size, devices };
    let selected = match open_or_say(backend.backend) {
        Ok(selected) => selected,
        Err(code) => return Ok(code),
    };
    let report = with_curve!(curve, C => measure::<C>(shape, samples, selected))?;
    if json {
        say_json(&report)?;
        return Ok(ExitCode::SUCCESS);
    }
    say(&format!(
        "WSA on {}, {}, N = 2^{log_size}, {devices} vectors, {} threads, simd: {}, proof {} bytes",
        report.curve, report.backend, report.threads, report.simd, report.proof_bytes
    ));
    let row = |name: &str, of: &Timing| of.row(name.to_owned());
    let rows = [
        row("arkworks MSM, full-width scalars (peer)", &report.peer_msm),
        row("commit (one device)", &report.commit),
        row("intake check (all devices)", &report.intake),
        row("prove", &report.prove),
        row("verify, from bytes", &report.verify),
    ];
    say(&table(["", "median ms", "min – max ms", "× peer"], rows));
    if let Some(megabytes) = report.peak_memory_mb {
        say(&format!("peak memory of this process: {megabytes:.0} MB"));
    }
    Ok(ExitCode::SUCCESS)
}
