//! The device of [`Gpu`](crate::gpu) on wgpu: one adapter, opened again after it was lost.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use wgpu::BufferUsages;

use super::memory::WgpuMemory;
use super::opened::{Opened, Target, lost, unavailable};
use super::probe::{self, AdapterDescription, Options};
use super::transfer::{PART_WORDS, PARTS_AHEAD, Reading, parts};
use crate::backend::BackendKind;
use crate::error::Error;
use crate::gpu::{Device, Launch, Limits, Unit};

/// An adapter, and the device that is open on it.
pub struct WgpuDevice {
    adapter: wgpu::Adapter,
    description: AdapterDescription,
    memory_bytes_max: u64,
    allocated: Arc<AtomicU64>,
    state: Mutex<State>,
}

struct State {
    generation: u64,
    /// `None` after it was lost.
    opened: Option<Opened>,
}

impl WgpuDevice {
    /// Opens the best adapter that may be used.
    ///
    /// # Errors
    /// There is none, with the reason for each adapter that there is; or it does not open.
    pub fn new(options: &Options) -> Result<Self, Error> {
        let mut reasons = Vec::new();
        for (adapter, description) in probe::found(options) {
            if description.unusable.is_none() {
                return Self::on(adapter, description, options);
            }
            reasons.push(description.to_string());
        }
        if reasons.is_empty() {
            reasons.push("no Vulkan, Metal or Direct3D 12 device was found".to_owned());
        }
        Err(unavailable(reasons.join("; ")))
    }

    fn on(
        adapter: wgpu::Adapter,
        description: AdapterDescription,
        options: &Options,
    ) -> Result<Self, Error> {
        let estimate = || probe::memory_bytes_max(&adapter);
        let device = Self {
            memory_bytes_max: options.memory_bytes_max.unwrap_or_else(estimate),
            adapter,
            description,
            allocated: Arc::default(),
            state: Mutex::new(State { generation: 0, opened: None }),
        };
        device.open(&mut device.state())?;
        Ok(device)
    }

    /// What is known of the adapter.
    pub fn description(&self) -> &AdapterDescription {
        &self.description
    }

    /// Loses the device as a failure of the driver would: for tests.
    pub fn lose(&self) {
        if let Some(opened) = &self.state().opened {
            opened.lose();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The open device, opened again if it is known to be lost.
    ///
    /// # Errors
    /// It was lost and nobody knows yet, or it does not open.
    fn open<'a>(&self, state: &'a mut State) -> Result<&'a mut Opened, Error> {
        if let Some(error) = state.opened.as_ref().and_then(|opened| opened.check().err()) {
            state.opened = None;
            return Err(error);
        }
        if state.opened.is_none() {
            let generation = state.generation + 1;
            let AdapterDescription { limits, has_u64, .. } = self.description;
            let target = Target { limits, has_u64 };
            state.opened = Some(Opened::new(&self.adapter, target, generation)?);
            state.generation = generation;
        }
        state.opened.as_mut().ok_or_else(|| lost("not open"))
    }

    /// Runs a step on the open device with memory that must be its own.
    fn with<T>(
        &self,
        memory: &[&WgpuMemory],
        step: impl FnOnce(&mut Opened) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut state = self.state();
        for memory in memory {
            memory.check(state.generation)?;
        }
        let opened = state.opened.as_mut().ok_or_else(|| lost("all memory is gone"))?;
        let result = opened.check().and_then(|()| step(opened));
        if let Err(Error::DeviceLost { .. }) = result {
            state.opened = None;
        }
        result
    }

    fn out_of_memory(&self, needed: u64, available: u64) -> Error {
        Error::OutOfMemory { backend: self.kind(), needed, available }
    }

    fn unallocated_bytes(&self) -> u64 {
        self.memory_bytes_max.saturating_sub(self.allocated.load(Ordering::Relaxed))
    }
}

impl Device for WgpuDevice {
    type Memory = WgpuMemory;

    fn kind(&self) -> BackendKind {
        BackendKind::Wgpu
    }

    fn limits(&self) -> Limits {
        self.description.limits
    }

    fn generation(&self) -> u64 {
        self.state().generation
    }

    fn available_bytes(&self, _units: &[Unit]) -> Result<u64, Error> {
        Ok(self.unallocated_bytes())
    }

    fn allocate(&self, words: usize) -> Result<WgpuMemory, Error> {
        let mut state = self.state();
        let opened = self.open(&mut state)?;
        let needed = (words.max(1) as u64).saturating_mul(8);
        let available = self.unallocated_bytes().min(self.limits().allocation_bytes_max);
        if needed > available {
            return Err(self.out_of_memory(needed, available));
        }
        let usage = BufferUsages::STORAGE | BufferUsages::COPY_SRC | BufferUsages::COPY_DST;
        match opened.buffer(needed, usage) {
            Ok(buffer) => Ok(WgpuMemory::new(buffer, opened.generation, &self.allocated)),
            // What the driver refuses is not available, whatever our estimate says.
            Err(wgpu::Error::OutOfMemory { .. }) => Err(self.out_of_memory(needed, 0)),
            Err(error) => {
                state.opened = None;
                Err(lost(error.to_string()))
            }
        }
    }

    fn write(
        &self,
        memory: &WgpuMemory,
        at: usize,
        words: usize,
        fill: &mut dyn FnMut(usize, &mut [u64]),
    ) -> Result<(), Error> {
        let mut part = vec![0; PART_WORDS.min(words)];
        let mut under_way = VecDeque::new();
        self.with(&[memory], |opened| {
            memory.bytes(at, words)?;
            // The queue's own writes take effect before what is submitted with them.
            opened.submit();
            Ok(())
        })?;
        for (start, len) in parts(words) {
            let part = &mut part[..len];
            fill(start, part);
            self.with(&[memory], |opened| opened.write(memory, at + start, part, &mut under_way))?;
        }
        self.with(&[memory], |opened| opened.check())
    }

    fn read(
        &self,
        memory: &WgpuMemory,
        range: Range<usize>,
        drain: &mut dyn FnMut(usize, &[u64]),
    ) -> Result<(), Error> {
        self.with(&[memory], |_| memory.bytes(range.start, range.len()).map(drop))?;
        let mut under_way = VecDeque::new();
        let mut end_first = |under_way: &mut VecDeque<(usize, Reading)>| {
            let Some((start, reading)) = under_way.pop_front() else { return Ok(()) };
            let part = self.with(&[memory], |opened| opened.end_read(reading))?;
            drain(start, &part);
            Ok(())
        };
        for (start, len) in parts(range.len()) {
            let begin = |opened: &mut Opened| opened.begin_read(memory, range.start + start, len);
            under_way.push_back((start, self.with(&[memory], begin)?));
            if under_way.len() == PARTS_AHEAD {
                end_first(&mut under_way)?;
            }
        }
        while !under_way.is_empty() {
            end_first(&mut under_way)?;
        }
        self.with(&[memory], |opened| opened.check())
    }

    fn copy(
        &self,
        from: &WgpuMemory,
        range: Range<usize>,
        to: &WgpuMemory,
        at: usize,
    ) -> Result<(), Error> {
        let source = from.bytes(range.start, range.len())?;
        let target = to.bytes(at, range.len())?;
        self.with(&[from, to], |opened| {
            let bytes = source.end - source.start;
            let (a, b) = (&from.buffer, &to.buffer);
            opened.recorder().copy_buffer_to_buffer(a, source.start, b, target.start, bytes);
            opened.check()
        })
    }

    fn launch(&self, launch: &Launch<'_, WgpuMemory>) -> Result<(), Error> {
        self.with(launch.buffers, |opened| opened.launch(launch))
    }

    fn synchronize(&self) -> Result<(), Error> {
        self.with(&[], |opened| {
            let submission = opened.submit();
            opened.wait(submission)
        })
    }
}
