//! What a device must do for [`Gpu`](super::Gpu): keep memory, move words, start kernels.
//!
//! Implemented by CUDA, by wgpu, and in tests by a shim that runs the CUDA sources on the host.

use std::ops::Range;

use crate::backend::BackendKind;
use crate::error::Error;
use crate::source::{Limits, Unit};

/// A kernel to start. Buffers are distinct and in the order in which the source declares them.
#[derive(Debug)]
pub struct Launch<'a, M> {
    /// The translation unit.
    pub unit: Unit,
    /// The kernel's name, the same in CUDA and WGSL.
    pub entry: &'static str,
    /// How many workgroups.
    pub groups: u64,
    /// Bytes that the threads of a workgroup share beside what a CUDA source declares. WGSL has no such
    /// thing: its sources declare all that the device has.
    pub shared_bytes: u32,
    /// The buffers.
    pub buffers: &'a [&'a M],
    /// The parameters, at most [`PARAMETERS_MAX`].
    pub parameters: &'a [u32],
}

/// Most 32-bit parameters of a kernel. Sources declare all of them, as an array.
pub const PARAMETERS_MAX: usize = 32;

/// A device: memory in 64-bit words, and kernels that run in the order they were started.
///
/// An error of kind [`Error::DeviceLost`] makes all memory of the device useless. The device opens
/// itself again with the next allocation, and [`Self::generation`] is then another. After
/// [`Error::DeviceGone`] it never does.
///
/// No lock is held while `fill` and `drain` run: they may wait for other threads, which may use the device.
pub trait Device: Send + Sync + 'static {
    /// An allocation; freed when dropped.
    type Memory: Send + Sync;

    /// Which backend this is.
    fn kind(&self) -> BackendKind;

    /// The limits, fixed for the life of the value.
    fn limits(&self) -> Limits;

    /// Counts how often the device was opened.
    fn generation(&self) -> u64;

    /// Bytes that could be allocated now, as far as the driver says, when the kernels of these units have what they
    /// take themselves: they are compiled and loaded first.
    ///
    /// # Errors
    /// A unit does not compile, out of memory, device lost.
    fn available_bytes(&self, units: &[Unit]) -> Result<u64, Error>;

    /// Memory for `words` 64-bit words (at least one), zeroed.
    ///
    /// # Errors
    /// Out of memory, device lost.
    fn allocate(&self, words: usize) -> Result<Self::Memory, Error>;

    /// Writes `words` words from `at` on. `fill(i, part)` is called for consecutive parts and writes
    /// the words from the i-th on to `part`: it may write straight to the staging memory that a copy to the
    /// device starts from, while the copy of the part before is under way.
    ///
    /// # Errors
    /// Device lost.
    fn write(
        &self,
        memory: &Self::Memory,
        at: usize,
        words: usize,
        fill: &mut dyn FnMut(usize, &mut [u64]),
    ) -> Result<(), Error>;

    /// Reads words, after all kernels that were started before have ended. `drain(i, part)` is called
    /// for consecutive parts with the words from the i-th on.
    ///
    /// # Errors
    /// Device lost.
    fn read(
        &self,
        memory: &Self::Memory,
        range: Range<usize>,
        drain: &mut dyn FnMut(usize, &[u64]),
    ) -> Result<(), Error>;

    /// Copies `from[range]` to `to[at..]`; the two are distinct.
    ///
    /// # Errors
    /// Device lost.
    fn copy(
        &self,
        from: &Self::Memory,
        range: Range<usize>,
        to: &Self::Memory,
        at: usize,
    ) -> Result<(), Error>;

    /// Starts a kernel.
    ///
    /// # Errors
    /// The unit does not compile, device lost.
    fn launch(&self, launch: &Launch<'_, Self::Memory>) -> Result<(), Error>;

    /// Waits until everything that was started has ended.
    ///
    /// # Errors
    /// Device lost.
    fn synchronize(&self) -> Result<(), Error>;
}
