//! The kinds of backends.

use std::fmt;
use std::str::FromStr;

/// Who computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum BackendKind {
    /// An NVIDIA device through CUDA.
    Cuda,
    /// Any device with Vulkan, Metal or Direct3D 12, through wgpu.
    Wgpu,
    /// The CPU.
    Cpu,
    /// The naive reference implementations: slow, and the measure of the others.
    Naive,
}

impl fmt::Display for BackendKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cuda => "cuda",
            Self::Wgpu => "wgpu",
            Self::Cpu => "cpu",
            Self::Naive => "naive",
        })
    }
}

/// The name is no backend.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown backend {0:?}: expected cuda, wgpu, cpu or naive")]
pub struct UnknownBackend(pub String);

impl FromStr for BackendKind {
    type Err = UnknownBackend;

    fn from_str(name: &str) -> Result<Self, UnknownBackend> {
        [Self::Cuda, Self::Wgpu, Self::Cpu, Self::Naive]
            .into_iter()
            .find(|kind| kind.to_string() == name)
            .ok_or_else(|| UnknownBackend(name.to_owned()))
    }
}
