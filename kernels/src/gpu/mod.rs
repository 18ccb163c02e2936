//! Kernels on a device: the plans of all operations, written once for CUDA and wgpu.
//!
//! - [`device`]: what a device must do; `any`: a device whose type is forgotten.
//! - `memory`, `launch`, `tables`: typed buffers, parameters of kernels, cached tables of powers.
//! - `vector`, `scan`, `ntt`, `words`, `msm`, `bootstrap`: a file per stem of kernel sources.
//! - `worker`: a device in a process of its own.
//! - [`twin`]: every kernel once more in plain Rust; [`bisect`]: twins up to a kernel, the device after.
//!
//! Nothing here is unsafe, and nothing knows which device it runs on.

mod any;
#[cfg(any(test, feature = "check"))]
pub mod bisect;
mod bootstrap;
pub mod device;
mod launch;
mod memory;
pub mod msm;
mod ntt;
mod scan;
mod tables;
#[cfg(any(test, feature = "check"))]
pub mod twin;
mod vector;
mod words;
#[cfg(all(unix, feature = "worker"))]
pub mod worker;

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

#[cfg(any(test, feature = "check"))]
pub use bisect::Bisect;
pub use bootstrap::{BootstrapKey, KeyswitchKey};
pub use device::{Device, Launch, PARAMETERS_MAX};
pub use memory::Buffer;

use crate::backend::{Backend, BackendKind};
use crate::element::Stored;
use crate::error::Error;
use crate::host::check_copy;
pub use crate::source::{Limits, Unit};
use any::AnyDevice;
use tables::Tables;

/// A backend on a device. Clones share the device.
///
/// Bad arguments and want of memory leave all buffers as they were. After [`Error::DeviceLost`] those
/// made before are refused with [`Error::ForeignBuffer`], and the next allocation opens the device again; after
/// [`Error::DeviceGone`] there is none.
pub struct Gpu(Arc<Inner>);

struct Inner {
    device: Box<dyn AnyDevice>,
    /// Tells the buffers of this backend from those of others.
    identity: u64,
    /// The oldest generation of the device that is not known to be lost.
    alive: AtomicU64,
    tables: Mutex<Tables>,
}

impl Clone for Gpu {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl Gpu {
    /// A backend on this device.
    pub fn new(device: impl Device) -> Self {
        static IDENTITIES: AtomicU64 = AtomicU64::new(0);
        Self(Arc::new(Inner {
            device: Box::new(device),
            identity: IDENTITIES.fetch_add(1, Ordering::Relaxed),
            alive: AtomicU64::new(0),
            tables: Mutex::default(),
        }))
    }

    /// The device.
    fn device(&self) -> &dyn AnyDevice {
        &*self.0.device
    }

    /// Calls the device, and remembers if that loses it: until the device is opened again its
    /// generation is still the one that was lost.
    fn call<R>(&self, call: impl FnOnce(&dyn AnyDevice) -> Result<R, Error>) -> Result<R, Error> {
        let generation = self.device().generation();
        let result = call(self.device());
        if result.as_ref().is_err_and(Error::is_loss) {
            self.0.alive.fetch_max(generation + 1, Ordering::AcqRel);
            self.forget_tables();
        }
        result
    }

    fn out_of_memory(&self, needed: u64, available: u64) -> Error {
        Error::OutOfMemory { backend: self.device().kind(), needed, available }
    }
}

impl Backend for Gpu {
    type Buffer<T: Stored> = Buffer<T>;

    fn kind(&self) -> BackendKind {
        self.device().kind()
    }

    fn generation(&self) -> u64 {
        self.device().generation().max(self.0.alive.load(Ordering::Acquire))
    }

    fn len<T: Stored>(&self, buffer: &Buffer<T>) -> usize {
        buffer.len()
    }

    fn zeros<T: Stored>(&self, len: usize) -> Result<Buffer<T>, Error> {
        self.allocate(len)
    }

    fn upload<T: Stored>(&self, values: &[T]) -> Result<Buffer<T>, Error> {
        let buffer = self.allocate(values.len())?;
        self.write(&buffer, 0, T::WORDS, values.len(), &|i, words| values[i].write(words))?;
        Ok(buffer)
    }

    fn download<T: Stored>(&self, buffer: &Buffer<T>) -> Result<Vec<T>, Error> {
        self.read(buffer, T::WORDS, buffer.len(), T::read)
    }

    fn copy<T: Stored>(
        &self,
        from: &Buffer<T>,
        range: Range<usize>,
        to: &mut Buffer<T>,
        at: usize,
    ) -> Result<(), Error> {
        check_copy(from.len(), &range, to.len(), at)?;
        self.copy_values(from, range, to, at)
    }
}
