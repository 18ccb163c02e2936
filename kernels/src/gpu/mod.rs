//! Kernels on a device: the plans of all operations, written once for CUDA and wgpu.
//!
//! - [`device`]: what a device must do; [`mod@unit`]: which sources are compiled together.
//! - `memory`, `launch`, `tables`: typed buffers, parameters of kernels, cached tables of powers.
//! - `vector`, `scan`, `ntt`, `words`, `msm`, `bootstrap`: a file per stem of kernel sources.
//! - [`twin`]: every kernel once more in plain Rust; [`bisect`]: twins up to a kernel, the device after.
//!
//! Nothing here is unsafe, and nothing knows which device it runs on.

pub mod bisect;
mod bootstrap;
pub mod device;
mod launch;
mod memory;
pub mod msm;
mod ntt;
mod scan;
mod tables;
pub mod twin;
pub mod unit;
mod vector;
mod words;

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

pub use bisect::Bisect;
pub use bootstrap::{BootstrapKey, KeyswitchKey};
pub use device::{Device, Launch, Limits, PARAMETERS_MAX};
pub use memory::Buffer;
pub use unit::Unit;

use crate::backend::{Backend, BackendKind};
use crate::element::Element;
use crate::error::Error;
use crate::host::check_copy;
use tables::Tables;

/// A backend on a device. Clones share the device.
///
/// Bad arguments and want of memory leave all buffers as they were. After [`Error::DeviceLost`] those
/// made before are refused with [`Error::ForeignBuffer`], and the next allocation opens the device again.
pub struct Gpu<D: Device>(Arc<Inner<D>>);

struct Inner<D: Device> {
    device: D,
    /// Tells the buffers of this backend from those of others.
    identity: u64,
    /// The oldest generation of the device that is not known to be lost.
    alive: AtomicU64,
    tables: Mutex<Tables<D>>,
}

impl<D: Device> Clone for Gpu<D> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<D: Device> Gpu<D> {
    /// A backend on this device.
    pub fn new(device: D) -> Self {
        static IDENTITIES: AtomicU64 = AtomicU64::new(0);
        Self(Arc::new(Inner {
            device,
            identity: IDENTITIES.fetch_add(1, Ordering::Relaxed),
            alive: AtomicU64::new(0),
            tables: Mutex::default(),
        }))
    }

    /// The device.
    pub fn device(&self) -> &D {
        &self.0.device
    }

    /// Calls the device, and remembers if that loses it: until the device is opened again its
    /// generation is still the one that was lost.
    fn call<R>(&self, call: impl FnOnce(&D) -> Result<R, Error>) -> Result<R, Error> {
        let generation = self.device().generation();
        let result = call(self.device());
        if matches!(result, Err(Error::DeviceLost { .. })) {
            self.0.alive.fetch_max(generation + 1, Ordering::AcqRel);
            self.tables().clear();
        }
        result
    }

    fn out_of_memory(&self, needed: u64, available: u64) -> Error {
        Error::OutOfMemory { backend: self.device().kind(), needed, available }
    }
}

impl<D: Device> Backend for Gpu<D> {
    type Buffer<T: Element> = Buffer<D, T>;

    fn kind(&self) -> BackendKind {
        self.device().kind()
    }

    fn len<T: Element>(&self, buffer: &Buffer<D, T>) -> usize {
        buffer.len()
    }

    fn zeros<T: Element>(&self, len: usize) -> Result<Buffer<D, T>, Error> {
        self.allocate(len)
    }

    fn upload<T: Element>(&self, values: &[T]) -> Result<Buffer<D, T>, Error> {
        let buffer = self.allocate(values.len())?;
        self.write(&buffer, 0, T::WORDS, values.len(), &|i, words| values[i].write(words))?;
        Ok(buffer)
    }

    fn download<T: Element>(&self, buffer: &Buffer<D, T>) -> Result<Vec<T>, Error> {
        self.read(buffer, T::WORDS, buffer.len(), T::read)
    }

    fn copy<T: Element>(
        &self,
        from: &Buffer<D, T>,
        range: Range<usize>,
        to: &mut Buffer<D, T>,
        at: usize,
    ) -> Result<(), Error> {
        check_copy(from.len(), &range, to.len(), at)?;
        self.copy_values(from, range, to, at)
    }
}
