//! The CUDA kernels, run on the CPU one launch at a time, against naive computations.

mod itself;
mod launches;
mod plans;
mod shim;
mod twins;
