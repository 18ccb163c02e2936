//! `pulseproof device-worker`: what `serve` starts, so that a GPU's fault ends that process and not the appliance.

use std::process::ExitCode;

use pulseproof_kernels::gpu::worker::process::own_stream;
use pulseproof_kernels::select::{self, BackendChoice};

use super::Outcome;

/// Compute on a GPU for the process at the other end of standard input, which is a socket
#[derive(Debug, clap::Args)]
#[command(hide = true)]
pub struct Args {
    /// As serve's --backend
    choice: BackendChoice,
}

pub(super) fn run(args: &Args) -> Outcome {
    let failed =
        |error| format!("{error}; this command is for `pulseproof serve`, which starts it");
    let stream = own_stream().map_err(failed)?;
    select::work(args.choice, stream).map_err(failed)?;
    Ok(ExitCode::SUCCESS)
}
