//! Which kernel is wrong? A device that runs twins up to a kernel, and the device's own after it.
//!
//! If the results are right with a kernel given and wrong with the one before it, the one before is
//! wrong, or what it was given.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

use super::twin::{Call, twin};
use super::{Device, Gpu, Launch, Limits, Unit};
use crate::backend::BackendKind;
use crate::error::Error;

/// The kernels of each stem, in the order of `shaders/README.md`.
const ENTRIES: [(&str, &[&str]); 9] = [
    (
        "vector",
        &[
            "vector_map",
            "vector_map_scalar",
            "vector_add_scaled",
            "vector_rotate",
            "vector_powers",
            "vector_invert",
            "vector_evaluate",
            "vector_to_integers",
            "vector_from_integers",
            "vector_first_nonzero",
        ],
    ),
    ("scan", &["scan_chunks", "scan_apply"]),
    ("ntt", &["ntt_dif", "ntt_dit", "ntt_reverse"]),
    ("words", &["words_weighted_sums"]),
    (
        "sort",
        &[
            "sort_digits",
            "sort_count",
            "sort_scan_chunks",
            "sort_scan_apply",
            "sort_scatter",
            "sort_tasks",
        ],
    ),
    ("accumulate", &["accumulate_points", "accumulate_sums"]),
    ("reduce", &["reduce_buckets", "reduce_sums"]),
    ("keyswitch", &["keyswitch_digits", "keyswitch_sums", "keyswitch_join"]),
    (
        "bootstrap",
        &[
            "bootstrap_monomials",
            "bootstrap_start",
            "bootstrap_digits",
            "bootstrap_products",
            "bootstrap_add",
            "bootstrap_rotate",
            "bootstrap_extract",
        ],
    ),
];

impl Unit {
    /// The names of the unit's kernels.
    pub fn entries(self) -> &'static [&'static str] {
        let of_stem = ENTRIES.iter().find(|(stem, _)| *stem == self.stem());
        of_stem.expect("every stem has kernels").1
    }
}

/// The names of all kernels.
pub fn entries() -> impl Iterator<Item = &'static str> {
    ENTRIES.iter().flat_map(|(_, entries)| entries.iter().copied())
}

/// The name is no kernel of ours.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown kernel {0:?}: expected one of {list}", list = entries().collect::<Vec<_>>().join(", "))]
pub struct UnknownEntry(pub String);

/// A device on which twins run until a kernel is launched for the first time.
#[derive(Debug)]
pub struct Bisect<D: Device> {
    device: D,
    from: &'static str,
    reached: AtomicBool,
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
        Ok(Self { device, from, reached: AtomicBool::new(false) })
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

impl<D: Device> Gpu<Bisect<D>> {
    /// Twins again, until the kernel is launched once more. Tables that the device made are forgotten.
    pub fn restart(&self) {
        self.tables().clear();
        self.device().reached.store(false, Ordering::Release);
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

    fn available_bytes(&self) -> Result<u64, Error> {
        self.device.available_bytes()
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
            self.reached.store(true, Ordering::Release);
        }
        if !self.reached.load(Ordering::Acquire) {
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
