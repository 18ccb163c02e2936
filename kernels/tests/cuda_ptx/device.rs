//! [`Device`] over what NVRTC makes of the sources.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pulseproof_kernels::Error;
use pulseproof_kernels::backend::BackendKind;
use pulseproof_kernels::cuda::nvrtc::Nvrtc;
use pulseproof_kernels::gpu::{Device, Launch, Limits, PARAMETERS_MAX, Unit};
use pulseproof_kernels::source;

use super::machine::Machine;
use super::program::Program;

/// What is done to what the compiler wrote.
pub type Change = Arc<dyn Fn(String) -> String + Send + Sync>;

/// Executes kernels as they were compiled for an architecture.
pub struct PtxDevice {
    nvrtc: Arc<Nvrtc>,
    architecture: u32,
    limits: Limits,
    /// What is changed in what the compiler wrote.
    change: Change,
    launches: AtomicU64,
    units: Mutex<HashMap<Unit, Arc<Program>>>,
}

/// Memory of a [`PtxDevice`].
pub struct Memory(Mutex<Vec<u8>>);

impl PtxDevice {
    pub fn new(nvrtc: Arc<Nvrtc>, architecture: u32, change: Change) -> Self {
        // As CUDA devices have it, see `CudaDevice`.
        let limits =
            Limits { workgroup: 256, shared_bytes: 96 << 10, allocation_bytes_max: 1 << 30 };
        Self {
            nvrtc,
            architecture,
            limits,
            change,
            launches: AtomicU64::new(0),
            units: Mutex::default(),
        }
    }

    fn program(&self, unit: Unit) -> Arc<Program> {
        let compile = || {
            let source = source::cuda(unit, self.limits);
            let text = self.nvrtc.ptx(&unit.to_string(), &source, self.architecture);
            let text = text.unwrap_or_else(|error| panic!("{unit}: {error}"));
            Arc::new(Program::read(&(self.change)(text)))
        };
        Arc::clone(lock(&self.units).entry(unit).or_insert_with(compile))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Memory {
    fn get(&self, range: Range<usize>) -> Vec<u64> {
        let bytes = lock(&self.0);
        let words = bytes[8 * range.start..8 * range.end].chunks_exact(8);
        words.map(|word| u64::from_le_bytes(word.try_into().unwrap())).collect()
    }

    fn set(&self, at: usize, words: &[u64]) {
        let mut bytes = lock(&self.0);
        let places = bytes[8 * at..8 * (at + words.len())].chunks_exact_mut(8);
        places.zip(words).for_each(|(place, word)| place.copy_from_slice(&word.to_le_bytes()));
    }
}

impl Device for PtxDevice {
    type Memory = Memory;

    fn kind(&self) -> BackendKind {
        BackendKind::Cuda
    }

    fn limits(&self) -> Limits {
        self.limits
    }

    fn generation(&self) -> u64 {
        0
    }

    fn available_bytes(&self, _units: &[Unit]) -> Result<u64, Error> {
        Ok(self.limits.allocation_bytes_max)
    }

    fn allocate(&self, words: usize) -> Result<Memory, Error> {
        Ok(Memory(Mutex::new(vec![0; 8 * words])))
    }

    fn write(
        &self,
        memory: &Memory,
        at: usize,
        words: usize,
        fill: &mut dyn FnMut(usize, &mut [u64]),
    ) -> Result<(), Error> {
        let mut part = vec![0; words];
        fill(0, &mut part);
        memory.set(at, &part);
        Ok(())
    }

    fn read(
        &self,
        memory: &Memory,
        range: Range<usize>,
        drain: &mut dyn FnMut(usize, &[u64]),
    ) -> Result<(), Error> {
        drain(0, &memory.get(range));
        Ok(())
    }

    fn copy(
        &self,
        from: &Memory,
        range: Range<usize>,
        to: &Memory,
        at: usize,
    ) -> Result<(), Error> {
        to.set(at, &from.get(range));
        Ok(())
    }

    fn launch(&self, launch: &Launch<'_, Memory>) -> Result<(), Error> {
        let program = self.program(launch.unit);
        let mut buffers: Vec<_> = launch.buffers.iter().map(|memory| lock(&memory.0)).collect();
        let buffers = buffers.iter_mut().map(|bytes| bytes.as_mut_slice()).collect();
        let mut numbers = [0; PARAMETERS_MAX];
        numbers[..launch.parameters.len()].copy_from_slice(launch.parameters);
        let shared = launch.shared_bytes as usize;
        assert!(program.shared_bytes + shared <= self.limits.shared_bytes as usize);
        // Every other launch, since a law has many.
        let backwards = self.launches.fetch_add(1, Ordering::Relaxed) % 2 == 1;
        let mut machine = Machine::new(&program, buffers, shared, backwards);
        for group in 0..launch.groups {
            let threads = self.limits.workgroup as usize;
            let ran = machine.run(launch.entry, group, threads, &numbers);
            ran.unwrap_or_else(|wrong| panic!("{}, {}: {wrong}", launch.unit, launch.entry));
        }
        Ok(())
    }

    fn synchronize(&self) -> Result<(), Error> {
        Ok(())
    }
}
