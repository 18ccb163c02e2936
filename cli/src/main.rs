//! `pulseproof`.

#![expect(unsafe_code, reason = "Mesa's Vulkan layer is told what to do by the environment only")]

use std::io::IsTerminal;
use std::path::Path;
use std::process::ExitCode;

use pulseproof::commands::{Cli, NO_ANSWER};
use pulseproof::output::{complain, logs_are_json};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::prelude::*;
use tracing_subscriber::{Layer, Registry};

/// The environment variable that says what is logged.
const LOG: &str = "PULSEPROOF_LOG";

fn main() -> ExitCode {
    quiet_mesa();
    tracing_subscriber::registry().with(lines().with_filter(logged())).init();
    match Cli::read() {
        Ok(cli) => cli.run(),
        Err(error) => {
            complain(&format!("error: {error}"));
            ExitCode::from(NO_ANSWER)
        }
    }
}

/// How it is logged: as lines for people, or as a JSON object each.
fn lines() -> Box<dyn Layer<Registry> + Send + Sync> {
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    if logs_are_json() {
        Box::new(lines.json().flatten_event(true))
    } else if std::io::stderr().is_terminal() {
        Box::new(lines)
    } else {
        // No colours in files and journals.
        Box::new(lines.with_ansi(false))
    }
}

/// What is logged: warnings, or what the environment says.
fn logged() -> Targets {
    // A store that is slow for a moment is no news: requests wait for their turn.
    let warnings =
        || Targets::new().with_default(LevelFilter::WARN).with_target("sqlx", LevelFilter::ERROR);
    let asked = std::env::var(LOG).unwrap_or_default();
    let parts: Vec<&str> =
        asked.split(',').map(str::trim).filter(|part| !part.is_empty()).collect();
    if parts.is_empty() {
        return warnings();
    }
    parts.join(",").parse().unwrap_or_else(|error| {
        eprintln!("{LOG}: {error}: expected levels such as info or warn,pulseproof_server=debug");
        warnings()
    })
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
