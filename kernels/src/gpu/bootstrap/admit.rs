//! How many ciphertexts fit the device at once.

use std::ops::Range;

use crate::error::Error;
use crate::gpu::memory::bytes;
use crate::gpu::{Gpu, Unit};

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
    /// Works on ciphertexts in pieces that fit, with kernels of these units. A piece for which there was no room all
    /// the same, because others take memory meanwhile, is halved.
    pub(super) fn in_pieces(
        &self,
        units: &[Unit],
        all: usize,
        need: impl Fn(usize) -> MemoryNeed,
        work: impl Fn(Range<usize>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut most = self.admit_ciphertexts(units, all, need)?;
        let mut first = 0;
        while first < all {
            let piece = first..all.min(first + most);
            match work(piece.clone()) {
                Err(Error::OutOfMemory { .. }) if piece.len() > 1 => most = piece.len() / 2,
                result => {
                    result?;
                    first = piece.end;
                }
            }
        }
        Ok(())
    }

    /// How many ciphertexts to work on at once: all of them, or a half, a quarter, …, at least one.
    fn admit_ciphertexts(
        &self,
        units: &[Unit],
        count: usize,
        need: impl Fn(usize) -> MemoryNeed,
    ) -> Result<usize, Error> {
        let limit = self.device().limits().allocation_bytes_max;
        let mut available = self.call(|device| device.available_bytes(units))?;
        let mut piece = count;
        loop {
            let MemoryNeed { total, largest, items } = need(piece);
            if total > available && self.forget_tables() {
                available = self.call(|device| device.available_bytes(units))?;
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
