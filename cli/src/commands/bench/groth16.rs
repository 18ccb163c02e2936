//! `pulseproof bench groth16`.

use std::path::PathBuf;

use clap::ValueEnum;
use pulseproof_groth16::erased::Loader;
use pulseproof_kernels::select::BackendChoice;
use pulseproof_kernels::{Curve, CurveId, with_curve};
use serde::Serialize;

use super::kernels::{JSON_HELP, code, draw, print};
use crate::backend::open_or_say;
use crate::bench::groth16::{Fixture, Memory, StageTime};
use crate::bench::limits::Machine;
use crate::bench::report::Report;
use crate::commands::Outcome;
use crate::files::{Output, Paths};
use crate::output::{complain, say_json, table};

/// Where npm has installed snarkjs.
const CIRCOM: &str = "PULSEPROOF_CIRCOM";
/// Where rapidsnark's program is.
const RAPIDSNARK: &str = "PULSEPROOF_RAPIDSNARK";

/// A prover to compare with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Peer {
    /// arkworks' prover, in this process.
    ArkGroth16,
    /// snarkjs, as a process, beside ours as a process.
    Snarkjs,
    /// rapidsnark, as a process, beside ours as a process.
    Rapidsnark,
}

/// Groth16 proofs, against ark-groth16, snarkjs and rapidsnark
#[derive(Debug, clap::Args)]
#[command(after_help = format!("\
Examples:
  pulseproof bench groth16 --log-n 16
  pulseproof bench groth16 --log-n 16,18 --vs ark-groth16,snarkjs --backend cpu --json
  PULSEPROOF_CIRCOM=$(ci/circom) pulseproof bench groth16 --vs snarkjs
  PULSEPROOF_RAPIDSNARK=rapidsnark/package/bin/prover pulseproof bench groth16 --log-n 13,16,17 --vs rapidsnark

All signals are full-width. A cold run reads the key and checks every point. The peer snarkjs needs Node and
{CIRCOM}, the folder of its node_modules; rapidsnark, for BN254, needs {RAPIDSNARK}, its program.

{JSON_HELP}"))]
pub struct Args {
    /// Curve
    #[arg(long, default_value_t = CurveId::Bn254)]
    curve: CurveId,
    /// log2 of the number of constraints, with commas between them
    #[arg(long, value_delimiter = ',', default_value = "14",
          value_parser = clap::value_parser!(u32).range(3..=24))]
    log_n: Vec<u32>,
    /// Backends, with commas between them
    #[arg(long, value_delimiter = ',', default_value = "auto", env = "PULSEPROOF_BACKEND")]
    backend: Vec<BackendChoice>,
    /// Peers, with commas between them
    #[arg(long, value_delimiter = ',')]
    vs: Vec<Peer>,
    /// Repetitions, interleaved
    #[arg(long, default_value_t = 5)]
    runs: usize,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Draw time over size
    #[arg(long, value_name = "FILE.svg")]
    plot: Option<Output>,
}

/// Peers that are programs, if they are asked for.
struct Programs {
    /// The folder that npm has installed it in.
    snarkjs: Option<PathBuf>,
    /// The program.
    rapidsnark: Option<PathBuf>,
}

impl Programs {
    fn find(peers: &[Peer]) -> Result<Self, String> {
        let find = |peer, name, variable, what| match std::env::var_os(variable) {
            _ if !peers.contains(&peer) => Ok(None),
            Some(path) => Ok(Some(PathBuf::from(path))),
            None => Err(format!("{name}: set {variable} to {what}")),
        };
        Ok(Self {
            snarkjs: find(Peer::Snarkjs, "snarkjs", CIRCOM, "the folder that ci/circom prints")?,
            rapidsnark: find(Peer::Rapidsnark, "rapidsnark", RAPIDSNARK, "its program, prover")?,
        })
    }
}

/// Everything measured in one run.
#[derive(Serialize)]
struct Measured {
    #[serde(flatten)]
    report: Report,
    memory: Vec<Memory>,
    stages: Vec<StageTime>,
}

pub(super) fn run(args: &Args) -> Outcome {
    Paths::default().writes("--plot", &args.plot).prints(args.json).check()?;
    if cfg!(debug_assertions) {
        complain("this program checks itself and is slow: build with --release to measure");
    }
    let programs = Programs::find(&args.vs)?;
    let mut loaders = Vec::new();
    for &choice in &args.backend {
        match open_or_say(choice) {
            Ok(backend) => loaders.push(Loader::new(backend)),
            Err(code) => return Ok(code),
        }
    }
    let over = format!("{}, full-width signals", args.curve);
    let report = Report::new("groth16", over, "proofs", args.runs);
    let mut measured = Measured { report, memory: Vec::new(), stages: Vec::new() };
    let machine = Machine::measure();
    for &log_n in &args.log_n {
        let outcome = with_curve!(args.curve, C => {
            let fixture = Fixture::<C>::new(log_n);
            fixture.and_then(|fixture| {
                measure(args, &mut measured, &machine, &fixture, &loaders, &programs)
            })
        });
        measured.report.outcome(log_n, outcome);
    }
    say_all(args, &measured)
}

fn measure<C: Curve>(
    args: &Args,
    measured: &mut Measured,
    machine: &Machine,
    fixture: &Fixture<C>,
    loaders: &[Loader],
    programs: &Programs,
) -> Result<(), Box<dyn std::error::Error>> {
    let mut subjects = Vec::new();
    for loader in loaders {
        subjects.push(fixture.warm(loader)?);
    }
    if args.vs.contains(&Peer::ArkGroth16) {
        subjects.push(fixture.arkworks()?);
    }
    let snarkjs = programs.snarkjs.iter().map(|folder| fixture.snarkjs(folder));
    let rapidsnark = programs.rapidsnark.iter().map(|program| fixture.rapidsnark(program));
    let mut processes = snarkjs.chain(rapidsnark).peekable();
    if processes.peek().is_some() {
        subjects.push(fixture.process()?);
        subjects.extend(processes);
    }
    let shape = fixture.shape();
    measured.report.measure(machine, &shape, &mut subjects)?;
    measured.memory.push(fixture.memory()?);
    measured.stages.extend(fixture.stages());
    Ok(())
}

fn say_all(args: &Args, measured: &Measured) -> Outcome {
    draw(&measured.report, args.plot.as_ref())?;
    if args.json {
        say_json(measured)?;
        return Ok(code(&measured.report));
    }
    let tell = Output::beside(&args.plot);
    print(&measured.report, tell);
    let row = |time: &StageTime| {
        let StageTime { log_n, subject, stage, ms } = time;
        [format!("2^{log_n}"), subject.clone(), stage.clone(), format!("{ms:.2}")]
    };
    tell(&table(["size", "", "step", "ms"], measured.stages.iter().map(row)));
    let columns = ["size", "key MB", "witness MB", "process MB", "of the key"];
    let row = |memory: &Memory| {
        let in_mb = |mb: f64| format!("{mb:.1}");
        let Memory { log_n, key_mb, witness_mb, peak_mb } = *memory;
        let ratio = format!("{:.2}", memory.ratio());
        [format!("2^{log_n}"), in_mb(key_mb), in_mb(witness_mb), in_mb(peak_mb), ratio]
    };
    tell(&table(columns, measured.memory.iter().map(row)));
    Ok(code(&measured.report))
}
