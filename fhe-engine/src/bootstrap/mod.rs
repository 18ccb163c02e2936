//! Tables looked up in ciphertexts: keys, noise, and the engines that do it.
//!
//! - [`parameters`]: the one parameter set.
//! - [`keys`]: what an authority gives the appliance so that it can bootstrap, and reads nothing with.
//! - [`table`]: what a bootstrap computes.
//! - [`noise`]: how much noise comes out, and how likely a wrong answer is.
//! - [`engine`]: our exact engine on any backend; [`tfhe_cpu`], [`tfhe_cuda`]: tfhe-rs's.
//! - [`engines`]: a backend that makes one of any key.

pub mod engine;
pub mod engines;
pub mod keys;
pub mod noise;
pub mod parameters;
pub mod table;
pub mod tfhe_cpu;
pub mod tfhe_cuda;

#[cfg(test)]
mod tests;
