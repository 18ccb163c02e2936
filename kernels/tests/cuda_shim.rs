//! The CUDA kernels, run on the processor one launch at a time, against obvious computations.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod shim;

#[path = "shim/launches/mod.rs"]
mod launches;

#[path = "shim/plans.rs"]
mod plans;

#[path = "shim/itself.rs"]
mod itself;

#[path = "shim/twins.rs"]
mod twins;
