//! wgpu: Vulkan, Metal and Direct3D 12.
//!
//! - `probe`: which adapters there are, and which of them can be used.
//! - `device`: [`WgpuDevice`], opened again when it was lost.
//! - `opened`: pipelines, recorded launches and submissions of a device that is open.
//! - `transfer`: words to and from a device.
//! - `memory`: allocations, which are counted.
//!
//! No error of wgpu becomes a panic: those a step expects are caught in error scopes, all others, and
//! the loss of the device, are noted and turn the operation after them into [`Error::DeviceLost`].
//!
//! [`Error::DeviceLost`]: crate::error::Error::DeviceLost

mod device;
mod memory;
mod opened;
mod probe;
mod transfer;

pub use device::WgpuDevice;
pub use memory::WgpuMemory;
pub use probe::{AdapterDescription, Options, probe};
