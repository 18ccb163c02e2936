//! The backend that a command computes on: one option, the same everywhere.

use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitCode};

use pulseproof_kernels::Error;
use pulseproof_kernels::backend::{AnyBackend, BackendKind};
use pulseproof_kernels::gpu::worker::process;
use pulseproof_kernels::select::{self, BackendChoice, open};

use crate::output::complain;

/// The exit code of a command whose backend is not there.
pub const UNAVAILABLE: u8 = 3;
/// The command of a process that has a device for another one.
pub const WORKER: &str = "device-worker";

/// Where to compute.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct BackendArgs {
    /// Where to compute: auto, cuda, wgpu or cpu; auto is the first of these that works here
    #[arg(long, env = "PULSEPROOF_BACKEND", default_value_t, value_name = "BACKEND")]
    pub backend: BackendChoice,
}

/// Opens a backend, or says why not and gives the exit code to end with.
///
/// # Errors
/// [`UNAVAILABLE`].
pub fn open_or_say(choice: BackendChoice) -> Result<AnyBackend, ExitCode> {
    open(choice).map_err(|error| unavailable(&error))
}

/// Opens a backend for a service: its device, if it has one, in a process of its own.
///
/// # Errors
/// The backend is not available.
pub fn open_apart(choice: BackendChoice) -> Result<AnyBackend, Error> {
    let again = move |kind: Option<BackendKind>| kind.map_or(choice, BackendChoice::Only);
    select::open_apart(choice, process::started(move |kind| worker(again(kind))))
}

/// This program once more, as the command `device-worker`.
fn worker(choice: BackendChoice) -> io::Result<Command> {
    // Whatever has been put in this program's place since it was started: both must speak the same.
    let own = Path::new("/proc/self/exe");
    let program = if own.exists() { own.to_owned() } else { std::env::current_exe()? };
    let mut command = Command::new(program);
    command.arg0("pulseproof").args([WORKER, &choice.to_string()]);
    Ok(command)
}

/// Says why a backend is not there.
pub fn unavailable(error: &Error) -> ExitCode {
    complain(&format!("error: {error}"));
    complain("`pulseproof doctor` shows what this machine has");
    ExitCode::from(UNAVAILABLE)
}
