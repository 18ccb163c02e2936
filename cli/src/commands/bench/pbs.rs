//! `pulseproof bench pbs`.

use std::process::ExitCode;

use clap::ValueEnum;
use pulseproof_fhe::bootstrap::tfhe_cuda::TfheCuda;
use pulseproof_kernels::select::BackendChoice;

use super::kernels::{JSON_HELP, present};
use crate::backend::{UNAVAILABLE, open_or_say};
use crate::bench::limits::Machine;
use crate::bench::pbs::{Fixture, Keys};
use crate::bench::report::Report;
use crate::commands::Outcome;
use crate::files::{Output, Paths};
use crate::output::complain;

/// An engine to compare with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Peer {
    /// tfhe-rs's bootstrapping by floating-point Fourier transforms, on all threads.
    TfheCpu,
    /// The same on CUDA; see ci/tfhe-gpu.
    TfheCuda,
}

/// Key switching and bootstrapping, against tfhe-rs
#[derive(Debug, clap::Args)]
#[command(after_help = format!("\
Examples:
  pulseproof bench pbs
  pulseproof bench pbs --log-n 0,6 --backend cpu --json
  pulseproof bench pbs --log-n 6,12 --backend cuda --vs tfhe-cpu,tfhe-cuda
  RAYON_NUM_THREADS=1 pulseproof bench pbs --log-n 0,4

Dimensions, digits and noise are the same for all (docs/bootstrapping.md). Our engine is exact: the same bits
on every backend. A cold run brings the key into an engine's form.

{JSON_HELP}"))]
pub struct Args {
    /// log2 of how many ciphertexts are bootstrapped at once, with commas between them
    #[arg(long, value_delimiter = ',', default_value = "0,6",
          value_parser = clap::value_parser!(u32).range(0..=16))]
    log_n: Vec<u32>,
    /// Backends, with commas between them
    #[arg(long, value_delimiter = ',', default_value = "auto", env = "PULSEPROOF_BACKEND")]
    backend: Vec<BackendChoice>,
    /// Peers, with commas between them: tfhe-cpu, tfhe-cuda, or none
    #[arg(long, value_delimiter = ',', default_value = "tfhe-cpu", value_parser = peer)]
    vs: Vec<Option<Peer>>,
    /// Repetitions, interleaved
    #[arg(long, default_value_t = 10)]
    runs: usize,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Draw time over size
    #[arg(long, value_name = "FILE.svg")]
    plot: Option<Output>,
}

/// A peer, or none.
fn peer(name: &str) -> Result<Option<Peer>, String> {
    if name == "none" { Ok(None) } else { Peer::from_str(name, false).map(Some) }
}

pub(super) fn run(args: &Args) -> Outcome {
    Paths::default().writes("--plot", &args.plot).prints(args.json).check()?;
    if cfg!(debug_assertions) {
        complain("this program checks itself and is slow: build with --release to measure");
    }
    if let (true, Err(error)) = (args.vs.contains(&Some(Peer::TfheCuda)), TfheCuda::check()) {
        complain(&format!("error: {error}"));
        return Ok(ExitCode::from(UNAVAILABLE));
    }
    let keys = Keys::default();
    let mut engines = Vec::new();
    for &choice in &args.backend {
        match open_or_say(choice) {
            Ok(backend) => engines.push(keys.exact(&backend)?),
            Err(code) => return Ok(code),
        }
    }
    for peer in args.vs.iter().flatten() {
        engines.push(match peer {
            Peer::TfheCpu => keys.tfhe_cpu(),
            Peer::TfheCuda => keys.tfhe_cuda()?,
        });
    }
    let machine = Machine::measure();
    let over = "2048-dimensional ciphertexts, digits of 4 bits".to_owned();
    let mut report = Report::new("pbs", over, "ciphertexts bootstrapped", args.runs);
    for &log_n in &args.log_n {
        let fixture = Fixture::new(&keys, log_n);
        let subjects: Result<Vec<_>, _> =
            engines.iter().map(|engine| fixture.subject(engine)).collect();
        let measured = subjects.and_then(|mut subjects| {
            Ok(report.measure(&machine, &fixture.shape(), &mut subjects)?)
        });
        report.outcome(log_n, measured);
    }
    present(&report, args.json, args.plot.as_ref())
}
