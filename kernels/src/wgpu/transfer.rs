//! Words to and from a device, in parts, so that staging memory stays small.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::mpsc;

use wgpu::{BufferUsages, SubmissionIndex};

use super::memory::WgpuMemory;
use super::opened::{Opened, lost};
use crate::error::Error;

/// Words of a part: 4 MiB.
const PART_WORDS: usize = 1 << 19;
/// Parts under way at the same time.
const PARTS_AHEAD: usize = 2;

/// The parts of `words` words: where each begins, and its length.
fn parts(words: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..words).step_by(PART_WORDS).map(move |at| (at, PART_WORDS.min(words - at)))
}

impl Opened {
    /// Writes `words` words from `at` on; `fill(i, part)` gives those from the i-th on.
    pub(super) fn write(
        &mut self,
        memory: &WgpuMemory,
        at: usize,
        words: usize,
        fill: &mut dyn FnMut(usize, &mut [u64]),
    ) -> Result<(), Error> {
        let target = memory.bytes(at, words)?;
        // The queue's own writes take effect before what is submitted with them.
        self.submit();
        let mut part = vec![0; PART_WORDS.min(words)];
        let mut under_way = VecDeque::new();
        for (start, len) in parts(words) {
            let part = &mut part[..len];
            fill(start, part);
            let bytes = bytemuck::cast_slice(part);
            self.queue.write_buffer(&memory.buffer, target.start + 8 * start as u64, bytes);
            under_way.push_back(self.submit());
            if under_way.len() > PARTS_AHEAD {
                self.wait_first(&mut under_way)?;
            }
        }
        self.check()
    }

    fn wait_first(&self, under_way: &mut VecDeque<SubmissionIndex>) -> Result<(), Error> {
        under_way.pop_front().map_or(Ok(()), |submission| self.wait(submission))
    }

    /// Reads the words in `range`; `drain(i, part)` takes those from the i-th on.
    pub(super) fn read(
        &mut self,
        memory: &WgpuMemory,
        range: Range<usize>,
        drain: &mut dyn FnMut(usize, &[u64]),
    ) -> Result<(), Error> {
        let source = memory.bytes(range.start, range.len())?;
        let mut under_way = VecDeque::new();
        for (start, len) in parts(range.len()) {
            let from = source.start + 8 * start as u64;
            under_way.push_back((start, self.begin_read(memory, from, 8 * len as u64)?));
            if under_way.len() == PARTS_AHEAD {
                self.end_first(&mut under_way, drain)?;
            }
        }
        while !under_way.is_empty() {
            self.end_first(&mut under_way, drain)?;
        }
        self.check()
    }

    fn begin_read(&mut self, memory: &WgpuMemory, from: u64, bytes: u64) -> Result<Reading, Error> {
        let usage = BufferUsages::MAP_READ | BufferUsages::COPY_DST;
        let staging = self.buffer(bytes, usage).map_err(|error| lost(error.to_string()))?;
        self.recorder().copy_buffer_to_buffer(&memory.buffer, from, &staging, 0, bytes);
        let submission = self.submit();
        let (sender, mapped) = mpsc::channel();
        staging.map_async(wgpu::MapMode::Read, .., move |result| {
            // Nobody listens if an earlier part has failed.
            let _ = sender.send(result);
        });
        Ok(Reading { staging, submission, mapped })
    }

    fn end_first(
        &self,
        under_way: &mut VecDeque<(usize, Reading)>,
        drain: &mut dyn FnMut(usize, &[u64]),
    ) -> Result<(), Error> {
        let Some((start, reading)) = under_way.pop_front() else {
            return Ok(());
        };
        self.wait(reading.submission)?;
        match reading.mapped.try_recv() {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return Err(lost(error.to_string())),
            Err(_) => return Err(lost("memory was not mapped")),
        }
        let view = reading.staging.get_mapped_range(..).map_err(|error| lost(error.to_string()))?;
        drain(start, bytemuck::cast_slice(&view));
        Ok(())
    }
}

/// A part on its way to the host.
struct Reading {
    staging: wgpu::Buffer,
    submission: SubmissionIndex,
    mapped: mpsc::Receiver<Result<(), wgpu::BufferAsyncError>>,
}
