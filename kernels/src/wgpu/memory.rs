//! Allocations on a device.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::Error;

/// An allocation. Freed, and no longer counted, when dropped and no longer in use.
#[derive(Debug)]
pub struct WgpuMemory {
    pub(super) buffer: wgpu::Buffer,
    generation: u64,
    allocated: Arc<AtomicU64>,
}

impl WgpuMemory {
    pub(super) fn new(buffer: wgpu::Buffer, generation: u64, allocated: &Arc<AtomicU64>) -> Self {
        allocated.fetch_add(buffer.size(), Ordering::Relaxed);
        Self { buffer, generation, allocated: Arc::clone(allocated) }
    }

    /// Refuses memory that was made before the device was lost.
    pub(super) fn check(&self, generation: u64) -> Result<(), Error> {
        if self.generation == generation { Ok(()) } else { Err(Error::ForeignBuffer) }
    }

    /// The byte range of `words` words from `at` on.
    pub(super) fn bytes(&self, at: usize, words: usize) -> Result<std::ops::Range<u64>, Error> {
        let end = at.checked_add(words).and_then(|end| u64::try_from(end).ok()?.checked_mul(8));
        match end {
            Some(end) if end <= self.buffer.size() => Ok(end - 8 * words as u64..end),
            _ => Err(Error::Length {
                what: "device memory",
                got: at.saturating_add(words),
                expected: format!("at most {} words", self.buffer.size() / 8),
            }),
        }
    }
}

impl Drop for WgpuMemory {
    fn drop(&mut self) {
        self.allocated.fetch_sub(self.buffer.size(), Ordering::Relaxed);
    }
}
