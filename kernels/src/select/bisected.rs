//! Devices behind twins that give way to them.

use super::{Choice, unavailable};
use crate::backend::{AnyBackend, BackendKind};
use crate::error::Error;
use crate::gpu::bisect::Reached;
use crate::gpu::{Bisect, Device, Gpu};

/// A device behind twins that give way to it, see [`Bisect`].
pub struct Bisected {
    gpu: Gpu,
    reached: Reached,
}

impl Bisected {
    fn new(device: impl Device, entry: &str) -> Result<Self, Error> {
        let kind = device.kind();
        let device =
            Bisect::new(device, entry).map_err(|error| unavailable(kind, &error.to_string()))?;
        let reached = device.reached();
        Ok(Self { gpu: Gpu::new(device), reached })
    }

    /// The device as a backend.
    pub fn backend(&self) -> AnyBackend {
        self.gpu.clone().into()
    }

    /// Twins again, until the kernel is launched once more.
    pub fn restart(&self) {
        self.gpu.forget_tables();
        self.reached.reset();
    }
}

/// Opens a device behind twins in plain Rust, which run until the kernel `entry` is launched.
///
/// # Errors
/// The backend cannot be used or has no device; there is no such kernel.
pub fn open_bisected(choice: Choice, entry: &str) -> Result<Bisected, Error> {
    match choice {
        Choice::Auto | Choice::Only(BackendKind::Cuda) => cuda(entry),
        Choice::Only(BackendKind::Wgpu) => wgpu(entry),
        Choice::Only(kind) => {
            Err(unavailable(kind, "it is no GPU backend, so that there is nothing to bisect"))
        }
    }
}

#[cfg(feature = "cuda")]
fn cuda(entry: &str) -> Result<Bisected, Error> {
    Bisected::new(super::devices::cuda_device()?, entry)
}

#[cfg(not(feature = "cuda"))]
fn cuda(_: &str) -> Result<Bisected, Error> {
    Err(super::devices::left_out(BackendKind::Cuda))
}

#[cfg(feature = "wgpu")]
fn wgpu(entry: &str) -> Result<Bisected, Error> {
    Bisected::new(super::devices::wgpu_device(super::Software::IfAsked)?, entry)
}

#[cfg(not(feature = "wgpu"))]
fn wgpu(_: &str) -> Result<Bisected, Error> {
    Err(super::devices::left_out(BackendKind::Wgpu))
}
