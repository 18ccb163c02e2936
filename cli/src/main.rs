//! `pulseproof`.

#![expect(unsafe_code, reason = "Mesa's Vulkan layer is told what to do by the environment only")]

use std::path::Path;
use std::process::ExitCode;

use clap::Parser;
use pulseproof::commands::Cli;

fn main() -> ExitCode {
    quiet_mesa();
    let filter = tracing_subscriber::EnvFilter::try_from_env("PULSEPROOF_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    Cli::parse().run()
}

/// Keeps Mesa's layer that sorts devices away where there is no session of a desktop: it asks the session's
/// Wayland server, and prints an error if there is none. Devices are sorted here anyhow.
fn quiet_mesa() {
    let session = std::env::var_os("XDG_RUNTIME_DIR");
    if session.is_none_or(|folder| !Path::new(&folder).is_dir()) {
        // SAFETY: no other thread has been started.
        unsafe { std::env::set_var("NODEVICE_SELECT", "1") };
    }
}
