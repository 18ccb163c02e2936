//! Finds what this machine has, and chooses: the one place in the whole project where backends are told apart.

#[cfg(all(feature = "check", any(feature = "cuda", feature = "wgpu")))]
mod bisected;
mod devices;
mod host;

use std::fmt;
use std::str::FromStr;

use crate::backend::{AnyBackend, BackendKind, UnknownBackend};
use crate::cpu::{Cpu, Instructions};
use crate::error::Error;
#[cfg(all(unix, feature = "worker"))]
use crate::gpu::worker;
use crate::gpu::{Gpu, Unit};

#[cfg(all(feature = "check", any(feature = "cuda", feature = "wgpu")))]
pub use bisected::{Bisected, open_bisected};

/// What somebody asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BackendChoice {
    /// CUDA, or else a graphics processor through wgpu, or else the CPU.
    #[default]
    Auto,
    /// This backend, or an error.
    Only(BackendKind),
}

impl fmt::Display for BackendChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Only(kind) => kind.fmt(f),
        }
    }
}

/// The name is no choice.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown backend {0:?}: expected auto, cuda, wgpu or cpu")]
pub struct UnknownBackendChoice(pub String);

impl FromStr for BackendChoice {
    type Err = UnknownBackendChoice;

    fn from_str(name: &str) -> Result<Self, UnknownBackendChoice> {
        if name == "auto" {
            return Ok(Self::Auto);
        }
        match name.parse() {
            // Naive judges and does not work.
            Ok(BackendKind::Naive) | Err(UnknownBackend(_)) => {
                Err(UnknownBackendChoice(name.to_owned()))
            }
            Ok(kind) => Ok(Self::Only(kind)),
        }
    }
}

/// A device, or the lack of one.
#[derive(Clone, Debug, PartialEq)]
pub struct ProbedBackend {
    /// The backend that would use it.
    pub kind: BackendKind,
    /// What it is called.
    pub name: String,
    /// Drivers, versions, instructions.
    pub detail: String,
    /// Bytes of memory, if the system tells.
    pub memory_bytes: Option<u64>,
    /// Seconds that each unit took to compile, if that was asked for.
    pub compile_seconds: Vec<(Unit, f64)>,
    /// Whether it can be used; if not, why, and what to do.
    pub usable: Result<(), String>,
}

/// Everything this machine has, in the order in which [`BackendChoice::Auto`] tries it. With `compile` every
/// kernel is compiled for the CUDA device, whatever is on disk, which may take a minute.
pub fn probe(compile: bool) -> Vec<ProbedBackend> {
    let mut findings = vec![devices::cuda_finding(compile)];
    findings.extend(devices::wgpu_findings());
    findings.push(host::finding(&Cpu::new()));
    findings
}

/// Whether an adapter that computes on the CPU will do for wgpu.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Software {
    /// It is never better than our own code for the CPU.
    Refused,
    /// If the environment says so.
    IfAsked,
    /// If there is no other.
    Allowed,
}

/// Opens a backend.
///
/// # Errors
/// The one that was asked for cannot be used here, with the reason.
pub fn open(choice: BackendChoice) -> Result<AnyBackend, Error> {
    open_by(choice, || device(choice))
}

/// Opens a backend whose device, if it has one, another process has: one that `start` starts, and that calls [`work`]
/// with the same choice.
///
/// # Errors
/// As [`open`].
#[cfg(all(unix, feature = "worker"))]
pub fn open_apart(choice: BackendChoice, start: Box<worker::Start>) -> Result<AnyBackend, Error> {
    let expected = match choice {
        BackendChoice::Only(kind) => kind,
        BackendChoice::Auto => BackendKind::Cuda,
    };
    open_by(choice, || worker::WorkerDevice::open(expected, start).map(Gpu::new))
}

/// Does what is asked of the device of a choice, until nobody asks any more or it is lost.
///
/// # Errors
/// The stream's.
#[cfg(all(unix, feature = "worker"))]
pub fn work(choice: BackendChoice, stream: std::os::unix::net::UnixStream) -> std::io::Result<()> {
    worker::work(|| device(choice), stream)
}

fn open_by(
    choice: BackendChoice,
    device: impl FnOnce() -> Result<Gpu, Error>,
) -> Result<AnyBackend, Error> {
    let cpu = || match Instructions::asked() {
        Ok(_) => Ok(Cpu::new().into()),
        Err(error) => Err(unavailable(BackendKind::Cpu, &error.to_string())),
    };
    let device = || device().map(AnyBackend::new);
    match choice {
        BackendChoice::Auto => device().or_else(|error| passed_over(&error, cpu)),
        BackendChoice::Only(BackendKind::Cuda | BackendKind::Wgpu) => device(),
        BackendChoice::Only(BackendKind::Cpu) => cpu(),
        BackendChoice::Only(BackendKind::Naive) => {
            Err(unavailable(BackendKind::Naive, "it judges the others and is not chosen for work"))
        }
    }
}

/// The device of a choice.
fn device(choice: BackendChoice) -> Result<Gpu, Error> {
    match choice {
        BackendChoice::Auto => devices::open_cuda()
            .or_else(|error| passed_over(&error, || devices::open_wgpu(Software::Refused))),
        BackendChoice::Only(BackendKind::Cuda) => devices::open_cuda(),
        BackendChoice::Only(BackendKind::Wgpu) => devices::open_wgpu(Software::IfAsked),
        BackendChoice::Only(kind) => Err(unavailable(kind, "it has no device")),
    }
}

fn passed_over<T>(error: &Error, next: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    tracing::debug!(%error, "passed over");
    next()
}

/// Opens wgpu, on an adapter that computes on the CPU if there is no other: for tests.
///
/// # Errors
/// There is no adapter at all.
pub fn open_software() -> Result<AnyBackend, Error> {
    devices::open_wgpu(Software::Allowed).map(AnyBackend::new)
}

fn unavailable(backend: BackendKind, reason: &str) -> Error {
    Error::Unavailable { backend, reason: reason.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::Backend;

    #[test]
    fn choices_have_names() {
        let kinds = [BackendKind::Cuda, BackendKind::Wgpu, BackendKind::Cpu];
        for choice in kinds.map(BackendChoice::Only).into_iter().chain([BackendChoice::Auto]) {
            assert_eq!(choice.to_string().parse(), Ok(choice));
        }
        for name in ["naive", "CPU", "", "gpu"] {
            let error = name.parse::<BackendChoice>().unwrap_err().to_string();
            assert!(error.contains("auto, cuda, wgpu or cpu"), "{error}");
        }
    }

    #[test]
    fn the_processor_is_always_there() {
        assert_eq!(open(BackendChoice::Only(BackendKind::Cpu)).unwrap().kind(), BackendKind::Cpu);
        assert!(open(BackendChoice::Auto).is_ok());
        let findings = probe(false);
        let last = findings.last().unwrap();
        assert_eq!((last.kind, &last.usable), (BackendKind::Cpu, &Ok(())));
    }

    #[test]
    fn the_oracle_is_not_chosen() {
        let error = open(BackendChoice::Only(BackendKind::Naive)).unwrap_err();
        assert!(matches!(error, Error::Unavailable { backend: BackendKind::Naive, .. }));
    }
}
