//! A device whose type is forgotten, so that plans are compiled once and not for each device.

use std::any::Any;
use std::ops::Range;

use super::{Device, Launch, Limits, Unit};
use crate::backend::BackendKind;
use crate::error::Error;

/// An allocation of whatever device.
pub(super) type Memory = Box<dyn Any + Send + Sync>;

/// What plans ask of a [`Device`], object-safe. It is given no memory but its own: [`Gpu::own`](super::Gpu) looks
/// before.
pub(super) trait AnyDevice: Send + Sync {
    fn kind(&self) -> BackendKind;
    fn limits(&self) -> Limits;
    fn generation(&self) -> u64;
    fn available_bytes(&self, units: &[Unit]) -> Result<u64, Error>;
    fn allocate(&self, words: usize) -> Result<Memory, Error>;
    fn write(
        &self,
        memory: &Memory,
        at: usize,
        words: usize,
        fill: &mut dyn FnMut(usize, &mut [u64]),
    ) -> Result<(), Error>;
    fn read(
        &self,
        memory: &Memory,
        range: Range<usize>,
        drain: &mut dyn FnMut(usize, &[u64]),
    ) -> Result<(), Error>;
    fn copy(&self, from: &Memory, range: Range<usize>, to: &Memory, at: usize)
    -> Result<(), Error>;
    fn launch(&self, launch: &Launch<'_, Memory>) -> Result<(), Error>;
    #[cfg(all(unix, feature = "worker"))]
    fn synchronize(&self) -> Result<(), Error>;
}

/// The memory as the device's own.
fn own<D: Device>(memory: &Memory) -> Result<&D::Memory, Error> {
    memory.downcast_ref().ok_or(Error::ForeignBuffer)
}

impl<D: Device> AnyDevice for D {
    fn kind(&self) -> BackendKind {
        Device::kind(self)
    }

    fn limits(&self) -> Limits {
        Device::limits(self)
    }

    fn generation(&self) -> u64 {
        Device::generation(self)
    }

    fn available_bytes(&self, units: &[Unit]) -> Result<u64, Error> {
        Device::available_bytes(self, units)
    }

    fn allocate(&self, words: usize) -> Result<Memory, Error> {
        Ok(Box::new(Device::allocate(self, words)?))
    }

    fn write(
        &self,
        memory: &Memory,
        at: usize,
        words: usize,
        fill: &mut dyn FnMut(usize, &mut [u64]),
    ) -> Result<(), Error> {
        Device::write(self, own::<D>(memory)?, at, words, fill)
    }

    fn read(
        &self,
        memory: &Memory,
        range: Range<usize>,
        drain: &mut dyn FnMut(usize, &[u64]),
    ) -> Result<(), Error> {
        Device::read(self, own::<D>(memory)?, range, drain)
    }

    fn copy(
        &self,
        from: &Memory,
        range: Range<usize>,
        to: &Memory,
        at: usize,
    ) -> Result<(), Error> {
        Device::copy(self, own::<D>(from)?, range, own::<D>(to)?, at)
    }

    fn launch(&self, launch: &Launch<'_, Memory>) -> Result<(), Error> {
        let buffers = launch.buffers.iter().map(|memory| own::<D>(memory));
        let buffers = &*buffers.collect::<Result<Vec<_>, _>>()?;
        let Launch { unit, entry, groups, shared_bytes, parameters, .. } = *launch;
        let launch = Launch { unit, entry, groups, shared_bytes, buffers, parameters };
        Device::launch(self, &launch)
    }

    #[cfg(all(unix, feature = "worker"))]
    fn synchronize(&self) -> Result<(), Error> {
        Device::synchronize(self)
    }
}
