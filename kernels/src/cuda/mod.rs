//! CUDA: the driver, NVRTC and the cache of compiled kernels.
//!
//! Both libraries are found at run time; without them [`CudaDevice::probe`] says what is missing.
//!
//! - `device`: [`Device`](crate::gpu::Device) for an NVIDIA device.
//! - `driver`, [`nvrtc`], `launch`: the only `unsafe` code: handles of the driver, the compiler, kernels.
//! - `staging`, `blocks`, `cache`: pinned buffers, memory to use again, compiled code on disk.

mod blocks;
mod cache;
mod device;
mod driver;
mod launch;
pub mod nvrtc;
mod staging;

use std::sync::{Mutex, MutexGuard, PoisonError};

use cudarc::driver::result::DriverError;
use cudarc::driver::sys::cudaError_enum as Code;

pub use device::{CudaDevice, CudaMemory};

use crate::gpu::Unit;
use nvrtc::NvrtcError;

/// What is known of a device.
#[derive(Clone, Debug, PartialEq)]
pub struct CudaDeviceInfo {
    /// As the driver calls it.
    pub name: String,
    /// Major and minor.
    pub compute_capability: (u32, u32),
    /// What kernels are compiled for: 90 stands for `sm_90`.
    pub architecture: u32,
    /// The CUDA version that the driver supports.
    pub driver_version: (u32, u32),
    /// The compiler's.
    pub nvrtc_version: (u32, u32),
    /// Bytes that nobody has.
    pub memory_free_bytes: u64,
    /// All bytes.
    pub memory_total_bytes: u64,
    /// Seconds that each unit takes to compile, of those that were asked about.
    pub compile_seconds: Vec<(Unit, f64)>,
}

/// Why a kernel was not started.
#[derive(Debug)]
enum Fault {
    Driver(DriverError),
    Compile(Unit, NvrtcError),
    Refused(String),
}

impl Fault {
    fn is_out_of_memory(&self) -> bool {
        matches!(self, Self::Driver(DriverError(Code::CUDA_ERROR_OUT_OF_MEMORY)))
    }
}

/// A lock whose value is whole at every moment, whoever panicked while holding it.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
