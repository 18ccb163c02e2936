//! A device made of twins, with limits to choose and faults to inject.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Call, twin};
use crate::backend::BackendKind;
use crate::error::Error;
use crate::gpu::memory::bytes;
use crate::gpu::{Device, Launch, Limits, Unit};

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// An allocation is refused.
    OutOfMemory,
    /// The device and all its memory are gone.
    DeviceLost,
}

/// A device whose kernels are twins. Clones are the same device.
#[derive(Clone, Debug)]
pub struct TwinDevice {
    limits: Limits,
    memory_bytes: u64,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    generation: u64,
    lost: bool,
    used_bytes: u64,
    steps: u64,
    fault: Option<(u64, Fault)>,
    skipped: Option<&'static str>,
    /// Units whose kernels were counted among what is taken.
    announced: HashSet<Unit>,
}

/// Memory of a [`TwinDevice`].
#[derive(Debug)]
pub struct TwinMemory {
    words: Mutex<Vec<u64>>,
    bytes: u64,
    generation: u64,
    state: Arc<Mutex<State>>,
}

impl Drop for TwinMemory {
    fn drop(&mut self) {
        lock(&self.state).used_bytes -= self.bytes;
    }
}

/// How many words are moved at once: odd, because no plan may rely on elements staying whole.
const PART: usize = 1021;

impl TwinDevice {
    /// A device with these limits and so much memory.
    pub fn new(limits: Limits, memory_bytes: u64) -> Self {
        Self { limits, memory_bytes, state: Arc::default() }
    }

    /// A device with 32 threads to a workgroup and little shared memory, so that few elements fill
    /// many workgroups; and with 1 GiB of other memory.
    pub fn small() -> Self {
        Self::with_memory(1 << 30)
    }

    /// A small device with so much memory.
    pub fn with_memory(memory_bytes: u64) -> Self {
        let limits =
            Limits { workgroup: 32, shared_bytes: 1 << 8, allocation_bytes_max: memory_bytes };
        Self::new(limits, memory_bytes)
    }

    /// Lets the step with this number, or the first one after it that can, go wrong. Steps are
    /// allocations, transfers, launches and waits, counted from now on.
    pub fn fail(&self, step: u64, fault: Fault) {
        let mut state = lock(&self.state);
        state.steps = 0;
        state.fault = Some((step, fault));
    }

    /// Steps since the last call of [`Self::fail`]; no fault is left afterwards.
    pub fn steps(&self) -> u64 {
        let mut state = lock(&self.state);
        state.fault = None;
        state.steps
    }

    /// Lets all launches of a kernel do nothing, as a broken one might.
    pub fn skip(&self, entry: &'static str) {
        lock(&self.state).skipped = Some(entry);
    }

    /// Bytes that are allocated.
    pub fn used_bytes(&self) -> u64 {
        lock(&self.state).used_bytes
    }

    fn lost(&self, reason: &str) -> Error {
        Error::DeviceLost { backend: self.kind(), reason: reason.to_owned() }
    }

    /// Operations that are cut to fit count what kernels take, and so name their units first.
    fn check_announced(&self, unit: Unit) {
        let is_admitted = match unit {
            Unit::Sort | Unit::Accumulate(_) | Unit::Reduce(_) => true,
            Unit::Keyswitch | Unit::Bootstrap => true,
            Unit::Vector(_) | Unit::Scan(_) | Unit::Ntt(_) | Unit::Words => false,
        };
        let announced = lock(&self.state).announced.contains(&unit);
        assert!(announced || !is_admitted, "{unit} is started, and was not counted");
    }

    /// Counts a step, and lets it fail if it is to.
    fn step(&self, memories: &[&TwinMemory]) -> Result<(), Error> {
        let mut state = lock(&self.state);
        if memories.iter().any(|memory| memory.generation != state.generation) {
            return Err(Error::ForeignBuffer);
        }
        if state.lost {
            return Err(self.lost("not opened again yet"));
        }
        state.steps += 1;
        let due = |fault: &(u64, Fault)| fault.0 < state.steps && fault.1 == Fault::DeviceLost;
        if state.fault.as_ref().is_some_and(due) {
            state.fault = None;
            state.lost = true;
            return Err(self.lost("injected"));
        }
        Ok(())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Device for TwinDevice {
    type Memory = TwinMemory;

    fn kind(&self) -> BackendKind {
        BackendKind::Naive
    }

    fn limits(&self) -> Limits {
        self.limits
    }

    fn generation(&self) -> u64 {
        lock(&self.state).generation
    }

    fn available_bytes(&self, units: &[Unit]) -> Result<u64, Error> {
        let mut state = lock(&self.state);
        state.announced.extend(units);
        Ok(self.memory_bytes - state.used_bytes)
    }

    fn allocate(&self, words: usize) -> Result<TwinMemory, Error> {
        {
            let mut state = lock(&self.state);
            if state.lost {
                state.lost = false;
                state.generation += 1;
                state.announced.clear();
            }
        }
        self.step(&[])?;
        let mut state = lock(&self.state);
        let (bytes, available) = (bytes(words), self.memory_bytes - state.used_bytes);
        let due = |fault: &(u64, Fault)| fault.0 < state.steps && fault.1 == Fault::OutOfMemory;
        let injected = state.fault.as_ref().is_some_and(due);
        if injected || bytes > available {
            state.fault = None;
            return Err(Error::OutOfMemory { backend: self.kind(), needed: bytes, available });
        }
        state.used_bytes += bytes;
        let (words, generation) = (Mutex::new(vec![0; words]), state.generation);
        Ok(TwinMemory { words, bytes, generation, state: Arc::clone(&self.state) })
    }

    fn write(
        &self,
        memory: &TwinMemory,
        at: usize,
        words: usize,
        fill: &mut dyn FnMut(usize, &mut [u64]),
    ) -> Result<(), Error> {
        self.step(&[memory])?;
        let mut part = vec![0; PART.min(words)];
        for start in (0..words).step_by(PART) {
            let part = &mut part[..PART.min(words - start)];
            fill(start, part);
            lock(&memory.words)[at + start..at + start + part.len()].copy_from_slice(part);
        }
        Ok(())
    }

    fn read(
        &self,
        memory: &TwinMemory,
        range: Range<usize>,
        drain: &mut dyn FnMut(usize, &[u64]),
    ) -> Result<(), Error> {
        self.step(&[memory])?;
        for start in range.clone().step_by(PART) {
            let part = lock(&memory.words)[start..range.end.min(start + PART)].to_vec();
            drain(start - range.start, &part);
        }
        Ok(())
    }

    fn copy(
        &self,
        from: &TwinMemory,
        range: Range<usize>,
        to: &TwinMemory,
        at: usize,
    ) -> Result<(), Error> {
        self.step(&[from, to])?;
        let words = lock(&from.words)[range].to_vec();
        lock(&to.words)[at..at + words.len()].copy_from_slice(&words);
        Ok(())
    }

    fn launch(&self, launch: &Launch<'_, TwinMemory>) -> Result<(), Error> {
        self.step(launch.buffers)?;
        self.check_announced(launch.unit);
        if lock(&self.state).skipped == Some(launch.entry) {
            return Ok(());
        }
        let mut words: Vec<_> = launch.buffers.iter().map(|memory| lock(&memory.words)).collect();
        let buffers = words.iter_mut().map(|words| words.as_mut_slice()).collect();
        let twin = twin(launch.unit, launch.entry).expect("every kernel has a twin");
        twin(&mut Call::new(launch, self.limits, buffers));
        Ok(())
    }

    fn synchronize(&self) -> Result<(), Error> {
        self.step(&[])
    }
}
