//! How many ciphertexts fit the device at once.

use crate::error::Error;
use crate::gpu::Gpu;
use crate::gpu::memory::bytes;

/// Allocations that live at the same time.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct MemoryNeed {
    total: u64,
    largest: u64,
    /// The most 32- or 64-bit items that a kernel counts.
    items: usize,
}

impl MemoryNeed {
    /// And an allocation of so many 64-bit words.
    pub fn and_words(self, words: usize) -> Self {
        Self {
            total: self.total.saturating_add(bytes(words)),
            largest: self.largest.max(bytes(words)),
            items: self.items.max(words),
        }
    }

    /// And an allocation of so many 32-bit words.
    pub fn and_halves(self, halves: usize) -> Self {
        Self { items: self.items.max(halves), ..self.and_words(halves.div_ceil(2)) }
    }
}

impl Gpu {
    /// How many ciphertexts to work on at once: all of them, or a half, a quarter, …, at least one.
    pub(super) fn admit_ciphertexts(
        &self,
        count: usize,
        need: impl Fn(usize) -> MemoryNeed,
    ) -> Result<usize, Error> {
        let limit = self.device().limits().allocation_bytes_max;
        let mut available = self.call(|device| device.available_bytes())?;
        let mut piece = count;
        loop {
            let MemoryNeed { total, largest, items } = need(piece);
            if total > available && self.tables().clear() {
                available = self.call(|device| device.available_bytes())?;
            }
            if total <= available && largest <= limit && items < 1 << 31 {
                return Ok(piece);
            }
            if piece > 1 {
                piece = piece.div_ceil(2);
            } else if largest > limit {
                return Err(self.out_of_memory(largest, limit));
            } else {
                return Err(self.out_of_memory(total, available));
            }
        }
    }
}
