//! Which kernel is wrong? A device that runs twins up to a kernel, and the device's own after it.
//!
//! If the results are right with a kernel given and wrong with the one before it, the one before is
//! wrong, or what it was given.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::twin::{Call, twin};
use super::{Device, Launch, Limits, Unit};
use crate::backend::BackendKind;
use crate::error::Error;
use crate::source::unit::entries;

/// The name is no kernel of ours.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown kernel {0:?}: expected one of {list}", list = entries().collect::<Vec<_>>().join(", "))]
pub struct UnknownEntry(pub String);

/// A device on which twins run until a kernel is launched for the first time.
#[derive(Debug)]
pub struct Bisect<D: Device> {
    device: D,
    from: &'static str,
    reached: Reached,
}

/// Whether the kernel was launched. Clones are the same.
#[derive(Clone, Debug, Default)]
pub struct Reached(Arc<AtomicBool>);

impl Reached {
    /// Twins again, until the kernel is launched once more.
    pub fn reset(&self) {
        self.0.store(false, Ordering::Release);
    }
}

/// Memory of a [`Bisect`], with its length.
#[derive(Debug)]
pub struct BisectMemory<M> {
    memory: M,
    words: usize,
}

impl<D: Device> Bisect<D> {
    /// Twins before the first launch of the kernel `from`, and the device from there on.
    ///
    /// # Errors
    /// There is no kernel of that name.
    pub fn new(device: D, from: &str) -> Result<Self, UnknownEntry> {
        let known = entries().find(|&entry| entry == from);
        let from = known.ok_or_else(|| UnknownEntry(from.to_owned()))?;
        Ok(Self { device, from, reached: Reached::default() })
    }

    /// Whether the kernel was launched.
    pub fn reached(&self) -> Reached {
        self.reached.clone()
    }

    fn launch_twin(&self, launch: &Launch<'_, BisectMemory<D::Memory>>) -> Result<(), Error> {
        let read = |buffer: &&BisectMemory<D::Memory>| {
            let mut words = Vec::with_capacity(buffer.words);
            let mut drain = |_: usize, part: &[u64]| words.extend_from_slice(part);
            self.device.read(&buffer.memory, 0..buffer.words, &mut drain)?;
            Ok(words)
        };
        let mut contents = launch.buffers.iter().map(read).collect::<Result<Vec<_>, Error>>()?;
        let buffers = contents.iter_mut().map(Vec::as_mut_slice).collect();
        let twin = twin(launch.unit, launch.entry).expect("every kernel has a twin");
        twin(&mut Call::new(launch, self.limits(), buffers));
        for (buffer, words) in launch.buffers.iter().zip(contents) {
            let mut fill =
                |at: usize, part: &mut [u64]| part.copy_from_slice(&words[at..at + part.len()]);
            self.device.write(&buffer.memory, 0, buffer.words, &mut fill)?;
        }
        Ok(())
    }
}

impl<D: Device> Device for Bisect<D> {
    type Memory = BisectMemory<D::Memory>;

    fn kind(&self) -> BackendKind {
        self.device.kind()
    }

    fn limits(&self) -> Limits {
        self.device.limits()
    }

    fn generation(&self) -> u64 {
        self.device.generation()
    }

    fn available_bytes(&self, units: &[Unit]) -> Result<u64, Error> {
        self.device.available_bytes(units)
    }

    fn allocate(&self, words: usize) -> Result<Self::Memory, Error> {
        Ok(BisectMemory { memory: self.device.allocate(words)?, words })
    }

    fn write(
        &self,
        memory: &Self::Memory,
        at: usize,
        words: usize,
        fill: &mut dyn FnMut(usize, &mut [u64]),
    ) -> Result<(), Error> {
        self.device.write(&memory.memory, at, words, fill)
    }

    fn read(
        &self,
        memory: &Self::Memory,
        range: Range<usize>,
        drain: &mut dyn FnMut(usize, &[u64]),
    ) -> Result<(), Error> {
        self.device.read(&memory.memory, range, drain)
    }

    fn copy(
        &self,
        from: &Self::Memory,
        range: Range<usize>,
        to: &Self::Memory,
        at: usize,
    ) -> Result<(), Error> {
        self.device.copy(&from.memory, range, &to.memory, at)
    }

    fn launch(&self, launch: &Launch<'_, Self::Memory>) -> Result<(), Error> {
        if launch.entry == self.from {
            self.reached.0.store(true, Ordering::Release);
        }
        if !self.reached.0.load(Ordering::Acquire) {
            return self.launch_twin(launch);
        }
        let Launch { unit, entry, groups, shared_bytes, parameters, .. } = *launch;
        let buffers: Vec<_> = launch.buffers.iter().map(|buffer| &buffer.memory).collect();
        let buffers = buffers.as_slice();
        self.device.launch(&Launch { unit, entry, groups, shared_bytes, buffers, parameters })
    }

    fn synchronize(&self) -> Result<(), Error> {
        self.device.synchronize()
    }
}
