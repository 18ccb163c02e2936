//! `pulseproof device-worker`: what `serve` and `demo` start, so that a GPU's fault ends that process and not the
//! appliance.

use std::io;
use std::process::ExitCode;

use pulseproof_kernels::gpu::worker::process::{end_with_parent, own_stream};
use pulseproof_kernels::select::{self, BackendChoice};
use tokio::signal::unix::{SignalKind, signal};

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
        |error| format!("{error}; this command is for `pulseproof serve`, which starts it itself");
    let stream = own_stream().map_err(failed)?;
    end_with_parent()?;
    deaf()?;
    select::work(args.choice, stream).map_err(failed)?;
    Ok(ExitCode::SUCCESS)
}

/// Hears no signal but those that nobody can ignore: a service manager sends them to all processes at once, and whoever
/// started this one may have work to end first. It ends when nobody asks any more.
fn deaf() -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let _entered = runtime.enter();
    for kind in [SignalKind::terminate(), SignalKind::interrupt(), SignalKind::hangup()] {
        // It is caught from now on, whether anybody waits for it or not.
        let _ = signal(kind)?;
    }
    Ok(())
}
