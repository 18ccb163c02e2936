//! Stamps one suite of tests onto every backend.
//!
//! A backend that this machine lacks has its tests *ignored*, with the reason on standard error; with
//! `PULSEPROOF_REQUIRE_BACKEND=cuda` or `wgpu` (or both, with a comma) they run and fail.

use std::sync::{Arc, LazyLock};

use libtest_mimic::{Arguments, Conclusion, Trial};
use pulseproof_kernels::Error;
use pulseproof_kernels::backend::{BackendKind, Kernels};
use pulseproof_kernels::cpu::Cpu;
use pulseproof_kernels::gpu::Gpu;
use pulseproof_kernels::gpu::twin::TwinDevice;
use pulseproof_kernels::naive::Naive;

/// Tests for one backend.
pub trait Suite {
    /// The tests of this backend.
    fn trials<B: Kernels>(&self, stage: &Stage<B>) -> Vec<Trial>;
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

/// A backend, opened once.
pub struct Stage<B> {
    pub name: &'static str,
    pub pace: Pace,
    backend: Arc<LazyLock<Result<B, Error>>>,
    ignored: bool,
}

impl<B: Kernels> Stage<B> {
    fn new(name: &'static str, pace: Pace, open: fn() -> Result<B, Error>) -> Self {
        let backend = Arc::new(LazyLock::new(open));
        Self { name, pace, backend, ignored: false }
    }

    /// Opens the backend now, and ignores its tests if it cannot be used and nobody insists on it.
    fn or_ignored(mut self, kind: BackendKind) -> Self {
        if let Err(error) = LazyLock::force(&self.backend) {
            let required = std::env::var("PULSEPROOF_REQUIRE_BACKEND").unwrap_or_default();
            self.ignored = !required.split(',').any(|name| name == kind.to_string());
            if self.ignored {
                eprintln!("IGNORED: all tests on {}: {error}", self.name);
            }
        }
        self
    }

    /// A test on this backend.
    pub fn trial(&self, name: &str, body: impl FnOnce(&B) + Send + 'static) -> Trial
    where
        B: Send + Sync,
    {
        let backend = Arc::clone(&self.backend);
        let run = move || match &**backend {
            Ok(backend) => {
                body(backend);
                Ok(())
            }
            Err(error) => Err(error.to_string().into()),
        };
        Trial::test(format!("{}::{name}", self.name), run).with_ignored_flag(self.ignored)
    }
}

/// Runs the suite on all backends.
pub fn run(suite: &impl Suite) -> Conclusion {
    let arguments = Arguments::from_args();
    let mut trials = suite.trials(&Stage::new("naive", Pace::Naive, || Ok(Naive)));
    trials.extend(suite.trials(&Stage::new("cpu-portable", Pace::Fast, || Ok(Cpu::portable()))));
    trials.extend(suite.trials(&Stage::new("cpu", Pace::Fast, || Ok(Cpu::new()))));
    let twins = || Ok(Gpu::new(TwinDevice::small()));
    trials.extend(suite.trials(&Stage::new("gpu-twins", Pace::Slow, twins)));
    #[cfg(feature = "cuda")]
    {
        let cuda = || pulseproof_kernels::cuda::CudaDevice::probe().map(Gpu::new);
        let stage = Stage::new("cuda", Pace::Fast, cuda).or_ignored(BackendKind::Cuda);
        trials.extend(suite.trials(&stage));
    }
    libtest_mimic::run(&arguments, trials)
}
