//! `pulseproof check`.

use std::fmt;
use std::process::ExitCode;

use clap::ValueEnum;
use pulseproof_kernels::backend::{AnyBackend, Backend};
use pulseproof_kernels::check::{Kernel, cpu_portable, naive};
use pulseproof_kernels::select::open_bisected;

use super::Outcome;
use crate::backend::{BackendArgs, open_or_say, unavailable};
use crate::check::{KernelReport, Plan, Size, junit};
use crate::files::{Output, Paths};
use crate::output::progress_bar;

/// Compare a backend with another, bit by bit
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  pulseproof check --backend cuda
  pulseproof check --backend wgpu --against naive --kernel ntt --kernel msm
  pulseproof check --backend cuda --sizes 2^16,1000003 --seed 7 --junit parity.xml
  pulseproof check --backend cuda --every-plan
  pulseproof check --backend cuda --kernel msm --force-gpu-from accumulate_points

Every kernel runs over every field and group, on random, structured and extreme inputs; bad arguments
must be refused with the same error. Inputs follow from the seed. --force-gpu-from looks for the kernel
that is wrong: host reference kernels in plain Rust run up to the first launch of that kernel, the GPU
from there on.

Exits with 0 if all results are equal, 1 at any difference, 2 if an argument is wrong, and 3 if the
backend is not available.")]
pub struct Args {
    #[command(flatten)]
    backend: BackendArgs,
    /// What to compare with
    #[arg(long, value_enum, default_value_t = Against::Cpu)]
    against: Against,
    /// Only this kernel; may be given more than once
    #[arg(long = "kernel", value_name = "KERNEL")]
    kernels: Vec<Kernel>,
    /// Sizes, with commas between them; transforms take the largest power of two that fits [default:
    /// 0,1,2,33,1000,2^12 against cpu, 0,1,2,3,33 against naive]
    #[arg(long, value_delimiter = ',', value_name = "SIZES")]
    sizes: Vec<Size>,
    /// Sizes that reach every plan of a GPU's operations: three passes of transforms, wide windows of multiplications;
    /// the CPU takes a while to judge them
    #[arg(long, conflicts_with = "sizes")]
    every_plan: bool,
    /// Where random inputs come from
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Write JUnit XML to this file
    #[arg(long, value_name = "FILE")]
    junit: Option<Output>,
    /// Run host reference kernels, in plain Rust, before the first launch of this kernel on the GPU
    #[arg(long, value_name = "ENTRY")]
    force_gpu_from: Option<String>,
}

/// Who judges.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Against {
    /// The CPU, with portable instructions
    Cpu,
    /// Naive reference implementations: slow, for small sizes
    Naive,
}

impl fmt::Display for Against {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cpu => "cpu (portable)",
            Self::Naive => "naive",
        })
    }
}

impl Against {
    fn sizes(self) -> &'static [usize] {
        match self {
            Self::Cpu => &[0, 1, 2, 33, 1000, 1 << 12],
            Self::Naive => &[0, 1, 2, 3, 33],
        }
    }
}

pub(super) fn run(args: &Args) -> Outcome {
    Paths::default().writes("--junit", &args.junit).check()?;
    let choice = args.backend.backend;
    if let Some(entry) = &args.force_gpu_from {
        return match open_bisected(choice, entry) {
            Ok(bisected) => compare(args, &bisected.backend(), || bisected.restart()),
            Err(error) => Ok(unavailable(&error)),
        };
    }
    match open_or_say(choice) {
        Ok(backend) => compare(args, &backend, || ()),
        Err(code) => Ok(code),
    }
}

/// `restart` is called before each case.
fn compare(args: &Args, a: &AnyBackend, restart: impl Fn()) -> Outcome {
    let b = match args.against {
        Against::Cpu => cpu_portable(),
        Against::Naive => naive(),
    };
    let kernels = if args.kernels.is_empty() { &Kernel::ALL[..] } else { &args.kernels };
    let default: Vec<Size> = args.against.sizes().iter().copied().map(Size).collect();
    let sizes = if args.sizes.is_empty() { &default } else { &args.sizes };
    let plan = match args.every_plan {
        true => Plan::every(kernels, args.seed),
        false => Plan::new(kernels, sizes, args.seed),
    };
    let tell = Output::beside(&args.junit);
    let bar = progress_bar(plan.len() as u64, "cases");
    let before = |done: usize| {
        restart();
        bar.set_position(done as u64);
    };
    let reports = plan.run(a, b, before, |report| bar.suspend(|| tell(&line(report))));
    bar.finish_and_clear();
    if let Some(file) = &args.junit {
        let name = format!("{} against {}", a.kind(), args.against);
        file.write_text(&junit(&name, &reports)?)?;
    }
    let differing = reports.iter().filter(|report| report.difference().is_some()).count();
    if differing > 0 {
        tell(&format!("{differing} of {} kernels DIFFER", reports.len()));
        return Ok(ExitCode::FAILURE);
    }
    let values: usize = reports.iter().map(|report| report.values).sum();
    tell(&format!(
        "{} cases, {values} values: {} agrees with {}",
        plan.len(),
        a.kind(),
        args.against
    ));
    Ok(ExitCode::SUCCESS)
}

fn line(report: &KernelReport) -> String {
    let name = format!("{:<14}", report.kernel);
    match report.difference() {
        Some(difference) => format!("{name} DIFFERS: {difference}"),
        None => {
            let [a, b] = report.times.map(|time| time.as_secs_f64());
            let (cases, values) = (report.verdicts.len(), report.values);
            format!("{name} {cases:>5} cases, {values:>9} values agree ({a:.2} s, {b:.2} s)")
        }
    }
}
