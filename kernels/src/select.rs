//! Finds what this machine has, and chooses. The one `match` over backends in the whole project is the
//! macro [`with_backend`](crate::with_backend).

#[cfg(not(all(feature = "cuda", feature = "wgpu")))]
mod absent;
mod devices;
mod host;

use std::fmt;
use std::str::FromStr;

use crate::backend::{BackendKind, UnknownBackend};
use crate::check::Party;
use crate::cpu::Cpu;
use crate::error::Error;
use crate::gpu::bisect::UnknownEntry;
use crate::gpu::{Bisect, Gpu, Unit};

pub use devices::{CudaDevice, WgpuDevice};

/// What somebody asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Choice {
    /// CUDA, or else a graphics processor through wgpu, or else the processor.
    #[default]
    Auto,
    /// This backend, or an error.
    Only(BackendKind),
}

impl fmt::Display for Choice {
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
pub struct UnknownChoice(pub String);

impl FromStr for Choice {
    type Err = UnknownChoice;

    fn from_str(name: &str) -> Result<Self, UnknownChoice> {
        if name == "auto" {
            return Ok(Self::Auto);
        }
        match name.parse() {
            // Naive judges and does not work.
            Ok(BackendKind::Naive) | Err(UnknownBackend(_)) => Err(UnknownChoice(name.to_owned())),
            Ok(kind) => Ok(Self::Only(kind)),
        }
    }
}

/// A device, or the lack of one.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
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

/// Everything this machine has, in the order in which [`Choice::Auto`] tries it. With `compile` every
/// kernel is compiled for the CUDA device, whatever is on disk, which may take a minute.
pub fn probe(compile: bool) -> Vec<Finding> {
    let mut findings = vec![devices::cuda_finding(compile)];
    findings.extend(devices::wgpu_findings());
    findings.push(host::finding(&Cpu::new()));
    findings
}

/// Whether an adapter that computes on the processor will do for wgpu.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Software {
    /// It is never better than our own code for the processor.
    Refused,
    /// If the environment says so.
    IfAsked,
    /// If there is no other.
    Allowed,
}

/// A backend that was opened.
pub enum Selected {
    /// CUDA.
    Cuda(Gpu<CudaDevice>),
    /// wgpu.
    Wgpu(Gpu<WgpuDevice>),
    /// The processor.
    Cpu(Cpu),
}

impl Selected {
    /// Which backend it is.
    pub fn kind(&self) -> BackendKind {
        crate::with_backend!(self, backend => crate::backend::Backend::kind(backend))
    }
}

impl Selected {
    /// The backend as one that can be compared with another.
    pub fn party(&self) -> &dyn Party {
        crate::with_backend!(self, backend => backend)
    }
}

impl fmt::Debug for Selected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Selected({})", self.kind())
    }
}

/// Opens a backend.
///
/// # Errors
/// The one that was asked for cannot be used here, with the reason.
pub fn open(choice: Choice) -> Result<Selected, Error> {
    let cuda = || devices::open_cuda().map(|device| Selected::Cuda(Gpu::new(device)));
    let wgpu =
        |software| devices::open_wgpu(software).map(|device| Selected::Wgpu(Gpu::new(device)));
    match choice {
        Choice::Auto => Ok(cuda()
            .or_else(|error| passed_over(&error, || wgpu(Software::Refused)))
            .or_else(|error| passed_over(&error, || Ok(Selected::Cpu(Cpu::new()))))?),
        Choice::Only(BackendKind::Cuda) => cuda(),
        Choice::Only(BackendKind::Wgpu) => wgpu(Software::IfAsked),
        Choice::Only(BackendKind::Cpu) => Ok(Selected::Cpu(Cpu::new())),
        Choice::Only(BackendKind::Naive) => {
            Err(unavailable(BackendKind::Naive, "it judges the others and is not chosen for work"))
        }
    }
}

fn passed_over(
    error: &Error,
    next: impl FnOnce() -> Result<Selected, Error>,
) -> Result<Selected, Error> {
    tracing::debug!(%error, "passed over");
    next()
}

/// A device behind twins that give way to it, see [`Bisect`].
pub enum Bisected {
    /// CUDA.
    Cuda(Gpu<Bisect<CudaDevice>>),
    /// wgpu.
    Wgpu(Gpu<Bisect<WgpuDevice>>),
}

impl Bisected {
    /// The backend as one that can be compared with another.
    pub fn party(&self) -> &dyn Party {
        match self {
            Self::Cuda(gpu) => gpu,
            Self::Wgpu(gpu) => gpu,
        }
    }

    /// Twins again, until the kernel is launched once more.
    pub fn restart(&self) {
        match self {
            Self::Cuda(gpu) => gpu.restart(),
            Self::Wgpu(gpu) => gpu.restart(),
        }
    }
}

/// Opens wgpu, on an adapter that computes on the processor if there is no other: for tests.
///
/// # Errors
/// There is no adapter at all.
pub fn open_software() -> Result<Selected, Error> {
    devices::open_wgpu(Software::Allowed).map(|device| Selected::Wgpu(Gpu::new(device)))
}

/// Opens a device behind twins in plain Rust, which run until the kernel `entry` is launched.
///
/// # Errors
/// The backend cannot be used or has no device; there is no such kernel.
pub fn open_bisected(choice: Choice, entry: &str) -> Result<Bisected, Error> {
    let no_kernel = |backend| move |error: UnknownEntry| unavailable(backend, &error.to_string());
    match choice {
        Choice::Only(kind @ BackendKind::Wgpu) => {
            let device = Bisect::new(devices::open_wgpu(Software::IfAsked)?, entry)
                .map_err(no_kernel(kind))?;
            Ok(Bisected::Wgpu(Gpu::new(device)))
        }
        Choice::Auto | Choice::Only(BackendKind::Cuda) => {
            let device =
                Bisect::new(devices::open_cuda()?, entry).map_err(no_kernel(BackendKind::Cuda))?;
            Ok(Bisected::Cuda(Gpu::new(device)))
        }
        Choice::Only(kind) => {
            Err(unavailable(kind, "it has no device that twins could give way to"))
        }
    }
}

fn unavailable(backend: BackendKind, reason: &str) -> Error {
    Error::Unavailable { backend, reason: reason.to_owned() }
}

/// Runs a block with `$backend` bound to a reference to the backend that a [`Selected`] holds: the one
/// place where a backend chosen at run time becomes a type.
#[macro_export]
macro_rules! with_backend {
    ($selected:expr, $backend:ident => $body:expr) => {
        match $selected {
            $crate::select::Selected::Cuda($backend) => $body,
            $crate::select::Selected::Wgpu($backend) => $body,
            $crate::select::Selected::Cpu($backend) => $body,
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_have_names() {
        let kinds = [BackendKind::Cuda, BackendKind::Wgpu, BackendKind::Cpu];
        for choice in kinds.map(Choice::Only).into_iter().chain([Choice::Auto]) {
            assert_eq!(choice.to_string().parse(), Ok(choice));
        }
        for name in ["naive", "CPU", "", "gpu"] {
            let error = name.parse::<Choice>().unwrap_err().to_string();
            assert!(error.contains("auto, cuda, wgpu or cpu"), "{error}");
        }
    }

    #[test]
    fn the_processor_is_always_there() {
        assert_eq!(open(Choice::Only(BackendKind::Cpu)).unwrap().kind(), BackendKind::Cpu);
        assert!(open(Choice::Auto).is_ok());
        let findings = probe(false);
        let last = findings.last().unwrap();
        assert_eq!((last.kind, &last.usable), (BackendKind::Cpu, &Ok(())));
    }

    #[test]
    fn the_oracle_is_not_chosen() {
        let error = open(Choice::Only(BackendKind::Naive)).unwrap_err();
        assert!(matches!(error, Error::Unavailable { backend: BackendKind::Naive, .. }));
    }
}
