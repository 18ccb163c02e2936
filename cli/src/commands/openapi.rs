//! `pulseproof openapi`.

use std::process::ExitCode;

use pulseproof_server::document;

use super::Outcome;
use crate::output::say;

/// Print the document of an appliance's HTTP interface: OpenAPI 3.1, as JSON
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  pulseproof openapi > pulseproof.openapi.json
  curl http://127.0.0.1:8750/openapi.json      the same, of an appliance that runs

A running appliance shows it at /docs, too.")]
pub struct Args {}

pub(super) fn run() -> Outcome {
    say(document());
    Ok(ExitCode::SUCCESS)
}
