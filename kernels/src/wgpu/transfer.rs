//! Words to and from a device, in parts, so that staging memory stays small. What is between two parts is the
//! caller's: no part is converted here, where the device is locked.

use std::collections::VecDeque;
use std::sync::mpsc;

use wgpu::{BufferUsages, SubmissionIndex};

use super::memory::WgpuMemory;
use super::opened::{Opened, lost};
use crate::error::Error;

/// Words of a part: 4 MiB.
pub(super) const PART_WORDS: usize = 1 << 19;
/// Parts under way at the same time.
pub(super) const PARTS_AHEAD: usize = 2;

/// The parts of `words` words: where each begins, and its length.
pub(super) fn parts(words: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..words).step_by(PART_WORDS).map(move |at| (at, PART_WORDS.min(words - at)))
}

/// A part on its way to the host.
pub(super) struct Reading {
    staging: wgpu::Buffer,
    submission: SubmissionIndex,
    mapped: mpsc::Receiver<Result<(), wgpu::BufferAsyncError>>,
}

impl Opened {
    /// Writes a part, and waits while too many are under way.
    pub(super) fn write(
        &mut self,
        memory: &WgpuMemory,
        at: usize,
        part: &[u64],
        under_way: &mut VecDeque<SubmissionIndex>,
    ) -> Result<(), Error> {
        let target = memory.bytes(at, part.len())?;
        self.queue.write_buffer(&memory.buffer, target.start, bytemuck::cast_slice(part));
        under_way.push_back(self.submit());
        if under_way.len() > PARTS_AHEAD {
            under_way.pop_front().map_or(Ok(()), |submission| self.wait(submission))?;
        }
        Ok(())
    }

    /// Starts copying words to the host.
    pub(super) fn begin_read(
        &mut self,
        memory: &WgpuMemory,
        at: usize,
        words: usize,
    ) -> Result<Reading, Error> {
        let source = memory.bytes(at, words)?;
        let bytes = source.end - source.start;
        let usage = BufferUsages::MAP_READ | BufferUsages::COPY_DST;
        let staging = self.buffer(bytes, usage).map_err(|error| lost(error.to_string()))?;
        self.recorder().copy_buffer_to_buffer(&memory.buffer, source.start, &staging, 0, bytes);
        let submission = self.submit();
        let (sender, mapped) = mpsc::channel();
        staging.map_async(wgpu::MapMode::Read, .., move |result| {
            // Nobody listens if an earlier part has failed.
            let _ = sender.send(result);
        });
        Ok(Reading { staging, submission, mapped })
    }

    /// Waits for a part, and copies it: what is mapped goes with the device, which another thread may lose.
    pub(super) fn end_read(&self, reading: Reading) -> Result<Vec<u64>, Error> {
        self.wait(reading.submission)?;
        match reading.mapped.try_recv() {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return Err(lost(error.to_string())),
            Err(_) => return Err(lost("memory was not mapped")),
        }
        let view = reading.staging.get_mapped_range(..).map_err(|error| lost(error.to_string()))?;
        Ok(bytemuck::cast_slice(&view).to_vec())
    }
}
