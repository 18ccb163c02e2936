//! The backend that a command computes on: one option, the same everywhere.

use std::process::ExitCode;

use pulseproof_kernels::Error;
use pulseproof_kernels::backend::AnyBackend;
use pulseproof_kernels::select::{BackendChoice, open};

use crate::output::complain;

/// The exit code of a command whose backend is not there.
pub const UNAVAILABLE: u8 = 3;

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

/// Says why a backend is not there.
pub fn unavailable(error: &Error) -> ExitCode {
    complain(&format!("error: {error}"));
    complain("`pulseproof doctor` shows what this machine has");
    ExitCode::from(UNAVAILABLE)
}
