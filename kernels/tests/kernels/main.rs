//! What needs nothing but the CPU: devices are made of twins, or of a C++ compiler. One program, so
//! that the plans are compiled once.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod canary;
#[cfg(feature = "cuda")]
mod cuda_device;
mod cuda_shim;
mod curves;
mod gpu_twin;
mod house;
