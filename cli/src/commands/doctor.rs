//! `pulseproof doctor`.

use std::collections::BTreeMap;
use std::process::ExitCode;

use pulseproof_kernels::backend::Backend;
use pulseproof_kernels::select::{BackendChoice, ProbedBackend, open, probe};
use serde::Serialize;

use super::Outcome;
use crate::output::{say, say_json, table};

/// Show what this machine has to compute on, and what is not used and why
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  pulseproof doctor
  pulseproof doctor --compile              how long each kernel takes to compile for a CUDA GPU
  pulseproof doctor --json

JSON: `auto` is the backend that --backend auto opens; `devices` is a list of `backend`, `name`, `detail`,
`memory_bytes`, `compile_seconds`, `usable` and, if it is not, `reason`.")]
pub struct Args {
    /// Compile every kernel for the CUDA GPU, and say how long each takes
    #[arg(long)]
    compile: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Report {
    auto: String,
    devices: Vec<Device>,
}

#[derive(Serialize)]
struct Device {
    backend: String,
    name: String,
    detail: String,
    memory_bytes: Option<u64>,
    compile_seconds: BTreeMap<String, f64>,
    usable: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl From<ProbedBackend> for Device {
    fn from(finding: ProbedBackend) -> Self {
        let seconds = finding.compile_seconds.iter();
        Self {
            compile_seconds: seconds.map(|(unit, s)| (unit.to_string(), *s)).collect(),
            backend: finding.kind.to_string(),
            name: finding.name,
            detail: finding.detail,
            memory_bytes: finding.memory_bytes,
            usable: finding.usable.is_ok(),
            reason: finding.usable.err(),
        }
    }
}

pub(super) fn run(args: &Args) -> Outcome {
    let devices: Vec<Device> = probe(args.compile).into_iter().map(Device::from).collect();
    let auto = open(BackendChoice::Auto)?.kind().to_string();
    let report = Report { auto, devices };
    if args.json {
        say_json(&report)?;
        return Ok(ExitCode::SUCCESS);
    }
    let rows = report.devices.iter().map(|device| {
        [
            device.backend.clone(),
            device.name.clone(),
            device.detail.clone(),
            device.memory_bytes.map_or_else(|| "?".to_owned(), gibibytes),
            if device.usable { "yes" } else { "no" }.to_owned(),
        ]
    });
    say(&table(["backend", "device", "detail", "memory", "usable"], rows));
    for device in &report.devices {
        for (unit, seconds) in &device.compile_seconds {
            say(&format!("{} compiles {unit} in {seconds:.2} s", device.backend));
        }
        if let Some(reason) = &device.reason {
            say(&format!("{} ({}): {reason}", device.backend, device.name));
        }
    }
    say(&format!("--backend auto computes on {}", report.auto));
    Ok(ExitCode::SUCCESS)
}

#[expect(clippy::cast_precision_loss, reason = "shown with one decimal")]
fn gibibytes(bytes: u64) -> String {
    format!("{:.1} GiB", bytes as f64 / f64::from(1 << 30))
}
