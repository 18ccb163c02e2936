//! Finds what this machine has, and chooses. The one `match` over backends in the whole project is the
//! macro [`with_backend`](crate::with_backend).

mod absent;
mod host;

use std::fmt;
use std::str::FromStr;

use crate::backend::{BackendKind, UnknownBackend};
use crate::cpu::Cpu;
use crate::error::Error;
use crate::gpu::Gpu;

/// The device of the CUDA backend; without the feature `cuda`, a device of which there is none.
pub type CudaDevice = absent::Device;
/// The device of the wgpu backend; without the feature `wgpu`, a device of which there is none.
pub type WgpuDevice = absent::Device;

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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The backend that would use it.
    pub kind: BackendKind,
    /// What it is called.
    pub name: String,
    /// Drivers, versions, instructions.
    pub detail: String,
    /// Bytes of memory, if the system tells.
    pub memory_bytes: Option<u64>,
    /// Whether it can be used; if not, why, and what to do.
    pub usable: Result<(), String>,
}

/// Everything this machine has, in the order in which [`Choice::Auto`] tries it.
pub fn probe() -> Vec<Finding> {
    vec![host::finding(&Cpu::new())]
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
    match choice {
        Choice::Auto => Ok(open_cuda()
            .or_else(|error| passed_over(&error, open_wgpu))
            .or_else(|error| passed_over(&error, || Ok(Selected::Cpu(Cpu::new()))))?),
        Choice::Only(BackendKind::Cuda) => open_cuda(),
        Choice::Only(BackendKind::Wgpu) => open_wgpu(),
        Choice::Only(BackendKind::Cpu) => Ok(Selected::Cpu(Cpu::new())),
        Choice::Only(backend @ BackendKind::Naive) => {
            let reason = "it judges the others and is not chosen for work".to_owned();
            Err(Error::Unavailable { backend, reason })
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

fn open_cuda() -> Result<Selected, Error> {
    Err(without(BackendKind::Cuda))
}

fn open_wgpu() -> Result<Selected, Error> {
    Err(without(BackendKind::Wgpu))
}

fn without(backend: BackendKind) -> Error {
    let reason = format!("this program was built without it: build with the feature {backend}");
    Error::Unavailable { backend, reason }
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
        let findings = probe();
        let last = findings.last().unwrap();
        assert_eq!((last.kind, &last.usable), (BackendKind::Cpu, &Ok(())));
    }

    #[test]
    fn the_oracle_is_not_chosen() {
        let error = open(Choice::Only(BackendKind::Naive)).unwrap_err();
        assert!(matches!(error, Error::Unavailable { backend: BackendKind::Naive, .. }));
    }
}
