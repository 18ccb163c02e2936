//! Buffers of a device: typed, of a known length, and bound to the generation they were made in.

use std::marker::PhantomData;
use std::ops::Range;
use std::sync::atomic::Ordering;

use rayon::prelude::*;

use super::Gpu;
use super::any::Memory;
use crate::element::Element;
use crate::error::Error;

/// Values in the memory of a device.
#[derive(Debug)]
pub struct Buffer<T> {
    memory: Memory,
    len: usize,
    identity: u64,
    generation: u64,
    values: PhantomData<T>,
}

impl<T> Buffer<T> {
    /// How many values there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
}

/// How many values a thread of the host converts in one go: enough to be worth waking one.
const CONVERTED_AT_ONCE: usize = 1 << 12;

impl Gpu {
    /// A buffer of zeros. Cached tables give way to it.
    pub(super) fn allocate<T: Element>(&self, len: usize) -> Result<Buffer<T>, Error> {
        let words = len.saturating_mul(T::WORDS).max(1);
        let (needed, most) = (bytes(words), self.device().limits().allocation_bytes_max);
        if needed > most {
            return Err(self.out_of_memory(needed, most));
        }
        match self.allocate_words(words) {
            Err(Error::OutOfMemory { .. }) if self.forget_tables() => self.allocate_words(words),
            result => result,
        }
        .map(|(memory, generation)| Buffer {
            memory,
            len,
            identity: self.0.identity,
            generation,
            values: PhantomData,
        })
    }

    /// Memory and the generation it belongs to. If the device was opened in between, by this
    /// allocation or by another thread, nobody knows which that is: once more.
    fn allocate_words(&self, words: usize) -> Result<(Memory, u64), Error> {
        loop {
            let generation = self.device().generation();
            let memory = self.call(|device| device.allocate(words))?;
            if self.device().generation() == generation {
                return Ok((memory, generation));
            }
        }
    }

    /// A buffer of `len` 32-bit words, zero.
    pub(super) fn allocate_halves(&self, len: usize) -> Result<Buffer<u64>, Error> {
        self.allocate(len.div_ceil(2))
    }

    /// A buffer of these 32-bit words.
    pub(super) fn upload_halves(&self, halves: &[u32]) -> Result<Buffer<u64>, Error> {
        let buffer = self.allocate_halves(halves.len())?;
        let half = |i: usize| u64::from(halves.get(i).copied().unwrap_or(0));
        let write = |i: usize, words: &mut [u64]| words[0] = half(2 * i + 1) << 32 | half(2 * i);
        self.write(&buffer, 0, 1, buffer.len(), &write)?;
        Ok(buffer)
    }

    /// A buffer's memory, if the buffer belongs to this device as it is open now.
    pub(super) fn own<'a, T>(&self, buffer: &'a Buffer<T>) -> Result<&'a Memory, Error> {
        self.owns(buffer).then_some(&buffer.memory).ok_or(Error::ForeignBuffer)
    }

    pub(super) fn owns<T>(&self, buffer: &Buffer<T>) -> bool {
        buffer.identity == self.0.identity
            && buffer.generation == self.device().generation()
            && buffer.generation >= self.0.alive.load(Ordering::Acquire)
    }

    /// Copies `from[range]` to `to[at..]`, both within their buffers.
    pub(super) fn copy_values<T: Element>(
        &self,
        from: &Buffer<T>,
        range: Range<usize>,
        to: &Buffer<T>,
        at: usize,
    ) -> Result<(), Error> {
        let (source, target) = (self.own(from)?, self.own(to)?);
        if range.is_empty() {
            return Ok(());
        }
        let words = range.start * T::WORDS..range.end * T::WORDS;
        self.call(|device| device.copy(source, words, target, at * T::WORDS))
    }

    /// Writes `count` items of `width` words each, from the word `at` on. `write(i, words)` gives item i.
    pub(super) fn write<T: Element>(
        &self,
        buffer: &Buffer<T>,
        at: usize,
        width: usize,
        count: usize,
        write: &(impl Fn(usize, &mut [u64]) + Sync),
    ) -> Result<(), Error> {
        let memory = self.own(buffer)?;
        if count == 0 {
            return Ok(());
        }
        let mut fill = |from: usize, part: &mut [u64]| encode(width, write, from, part);
        self.call(|device| device.write(memory, at, count * width, &mut fill))
    }

    /// The first `count` items of `width` words each.
    pub(super) fn read<T: Element, R: Send>(
        &self,
        buffer: &Buffer<T>,
        width: usize,
        count: usize,
        read: impl Fn(&[u64]) -> R + Sync,
    ) -> Result<Vec<R>, Error> {
        let memory = self.own(buffer)?;
        let mut items = Vec::new();
        if count == 0 {
            return Ok(items);
        }
        let room = items.try_reserve_exact(count);
        room.map_err(|_| self.out_of_memory(bytes(count * width), 0))?;
        let mut begun = Vec::with_capacity(width);
        let mut drain = |_: usize, part: &[u64]| decode(width, &read, &mut begun, part, &mut items);
        self.call(|device| device.read(memory, 0..count * width, &mut drain))?;
        Ok(items)
    }
}

/// Writes the words of items, from the word `from` on, to `part`. Parts are cut where the device
/// likes it, so the first and the last item may be there by halves.
fn encode(
    width: usize,
    write: &(impl Fn(usize, &mut [u64]) + Sync),
    from: usize,
    part: &mut [u64],
) {
    let head = part.len().min((width - from % width) % width);
    let (head, rest) = part.split_at_mut(head);
    if !head.is_empty() {
        let mut item = vec![0; width];
        write(from / width, &mut item);
        let at = from % width;
        head.copy_from_slice(&item[at..at + head.len()]);
    }
    let first = from.div_ceil(width);
    let (whole, tail) = rest.split_at_mut(rest.len() / width * width);
    whole.par_chunks_mut(width * CONVERTED_AT_ONCE).enumerate().for_each(|(chunk, words)| {
        for (i, words) in words.chunks_exact_mut(width).enumerate() {
            write(first + chunk * CONVERTED_AT_ONCE + i, words);
        }
    });
    if !tail.is_empty() {
        let mut item = vec![0; width];
        write(first + whole.len() / width, &mut item);
        tail.copy_from_slice(&item[..tail.len()]);
    }
}

/// Appends to `items` what `part` completes. `begun` keeps the words of an item that has only begun.
fn decode<R: Send>(
    width: usize,
    read: &(impl Fn(&[u64]) -> R + Sync),
    begun: &mut Vec<u64>,
    mut part: &[u64],
    items: &mut Vec<R>,
) {
    if !begun.is_empty() {
        let missing = part.len().min(width - begun.len());
        begun.extend_from_slice(&part[..missing]);
        part = &part[missing..];
        if begun.len() < width {
            return;
        }
        items.push(read(begun));
        begun.clear();
    }
    let whole = part.par_chunks_exact(width);
    begun.extend_from_slice(whole.remainder());
    items.par_extend(whole.with_min_len(CONVERTED_AT_ONCE).map(read));
}

/// Bytes of so many words.
pub(super) fn bytes(words: usize) -> u64 {
    (words as u64).saturating_mul(8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_may_be_cut_anywhere() {
        let words: Vec<u64> = (0..60).collect();
        let item = |i: usize, out: &mut [u64]| out.copy_from_slice(&words[6 * i..6 * i + 6]);
        for cut in 1..=60 {
            let (mut written, mut items, mut begun) = (vec![u64::MAX; 60], Vec::new(), Vec::new());
            for (i, part) in written.chunks_mut(cut).enumerate() {
                encode(6, &item, i * cut, part);
                decode(6, &|words: &[u64]| words.to_vec(), &mut begun, part, &mut items);
            }
            assert_eq!(written, words);
            assert_eq!(items.concat(), words);
            assert_eq!(items.len(), 10);
        }
    }
}
