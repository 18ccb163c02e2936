//! The kinds of backends.

use serde::{Deserialize, Serialize};

use crate::names::names;

/// Who computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
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

names!(
    BackendKind, UnknownBackend, "backend":
    Cuda = "cuda",
    Wgpu = "wgpu",
    Cpu = "cpu",
    Naive = "naive",
);
