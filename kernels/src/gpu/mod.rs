//! Kernels on a device: the plans of all operations, written once for CUDA and wgpu.

pub mod device;
pub mod unit;

pub use device::{Device, Launch, Limits, PARAMETERS_MAX};
pub use unit::Unit;
