//! tfhe-rs's engine on CUDA: bootstrapping by Fourier transforms in floating point, a batch in one launch.
//!
//! For comparison, like [`TfheCpu`](super::tfhe_cpu::TfheCpu), whose key it takes. The feature `tfhe-gpu`
//! builds it; without it there is the same type and no value of it.

#[cfg(not(feature = "tfhe-gpu"))]
mod absent;
#[cfg(feature = "tfhe-gpu")]
mod device;
#[cfg(feature = "tfhe-gpu")]
mod words;

#[cfg(not(feature = "tfhe-gpu"))]
pub use absent::TfheCuda;
#[cfg(feature = "tfhe-gpu")]
pub use device::TfheCuda;

use crate::bootstrap::engine::EngineError;

/// What reports and metrics call it.
const NAME: &str = "tfhe-cuda";

fn failed(reason: String) -> EngineError {
    EngineError::new(NAME, reason)
}
