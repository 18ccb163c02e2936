//! Stamps suites of tests onto every backend. (The CUDA sources on the CPU have a test of their
//! own, `kernels/cuda_shim`, with the same laws.)
//!
//! A backend, or instructions of the CPU, that this machine lacks have their tests *ignored*, with the reason on
//! standard error; with `PULSEPROOF_REQUIRE_BACKEND=cuda`, `wgpu`, `cpu-avx2` (or several, with commas) they run and
//! fail.

use std::sync::LazyLock;

use libtest_mimic::{Arguments, Conclusion, Trial};
use pulseproof_kernels::Error;
use pulseproof_kernels::backend::{AnyBackend, BackendKind};
use pulseproof_kernels::check::{cpu_portable, naive, twins};
use pulseproof_kernels::cpu::{Cpu, Instructions};
use pulseproof_kernels::select::{BackendChoice, open, open_software};

/// Tests for one backend.
pub trait Suite {
    /// The tests of this backend.
    fn trials(&self, stage: &Stage) -> Vec<Trial>;
}

/// How much a backend can be asked to do in a test.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// Thousands of elements.
    Fast,
    /// Hundreds: a device that is simulated.
    Slow,
    /// Tens: the oracle itself.
    Naive,
}

type Opened = Result<AnyBackend, Error>;

/// A backend.
pub struct Stage {
    pub name: &'static str,
    pub pace: Pace,
    open: fn() -> Opened,
    ignored: bool,
}

impl Stage {
    /// A test on this backend.
    pub fn trial(&self, name: &str, body: impl FnOnce(&AnyBackend) + Send + 'static) -> Trial {
        let open = self.open;
        let run = move || {
            body(&open().map_err(|error| error.to_string())?);
            Ok(())
        };
        Trial::test(format!("{}::{name}", self.name), run).with_ignored_flag(self.ignored)
    }
}

/// Runs the suites on all backends.
pub fn run(suites: &[&dyn Suite]) -> Conclusion {
    let arguments = Arguments::from_args();
    let mut trials = Vec::new();
    let stages: [(_, _, fn() -> Opened); 10] = [
        ("naive", Pace::Naive, || Ok(naive().clone())),
        ("cpu-portable", Pace::Fast, || Ok(cpu_portable().clone())),
        ("cpu-avx512-ifma", Pace::Fast, || cpu_with(Instructions::Ifma)),
        ("cpu-avx512", Pace::Fast, || cpu_with(Instructions::Avx512)),
        ("cpu-avx2", Pace::Fast, || cpu_with(Instructions::Avx2)),
        ("cpu-neon", Pace::Fast, || cpu_with(Instructions::Neon)),
        ("cpu-neon-scalar", Pace::Fast, || cpu_with(Instructions::NeonScalar)),
        ("gpu-twins", Pace::Slow, || Ok(twins().clone())),
        ("wgpu", Pace::Slow, wgpu),
        ("cuda", Pace::Fast, cuda),
    ];
    for (name, pace, open) in stages {
        let ignored = is_asked_for(&arguments, name) && is_ignored(name, open);
        let stage = Stage { name, pace, open, ignored };
        trials.extend(suites.iter().flat_map(|suite| suite.trials(&stage)));
    }
    libtest_mimic::run(&arguments, trials)
}

fn cpu_with(instructions: Instructions) -> Opened {
    let cpu = Cpu::with(instructions).map(AnyBackend::from);
    let lacking = || format!("this machine has no {instructions}");
    cpu.ok_or_else(|| Error::Unavailable { backend: BackendKind::Cpu, reason: lacking() })
}

fn wgpu() -> Opened {
    static WGPU: LazyLock<Opened> = LazyLock::new(open_software);
    WGPU.clone()
}

fn cuda() -> Opened {
    static CUDA: LazyLock<Opened> = LazyLock::new(|| open(BackendChoice::Only(BackendKind::Cuda)));
    CUDA.clone()
}

/// A runner with a process for each test names it: no need to open what it does not ask for.
fn is_asked_for(arguments: &Arguments, name: &str) -> bool {
    let filter = arguments.filter.as_ref().filter(|_| arguments.exact);
    filter.is_none_or(|filter| filter.starts_with(&format!("{name}::")))
}

/// Whether the backend cannot be used here and nobody insists on it.
fn is_ignored(name: &str, open: fn() -> Opened) -> bool {
    let Err(error) = open() else { return false };
    let required = std::env::var("PULSEPROOF_REQUIRE_BACKEND").unwrap_or_default();
    let ignored = !required.split(',').any(|required| required == name);
    if ignored {
        eprintln!("IGNORED: all tests on {name}: {error}");
    }
    ignored
}
