//! Kernels of a device: compiled once per machine, loaded once per context, started.

#![expect(unsafe_code, reason = "starts kernels, which do with memory what they like")]

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use super::cache::{Cache, Key};
use super::driver::{Block, Context, Kernel, Module};
use super::nvrtc::{Nvrtc, NvrtcError, OPTIONS};
use super::{Fault, locked};
use crate::gpu::{Limits, PARAMETERS_MAX, Unit};
use crate::source::{self, unit::SHARED_BY_LAUNCH};

/// Makes code for a device.
#[derive(Debug)]
pub(super) struct Compiler {
    pub nvrtc: Nvrtc,
    pub architecture: u32,
    pub limits: Limits,
    pub cache: Cache,
}

impl Compiler {
    /// The code of a unit, from disk if it is there.
    fn code(&self, unit: Unit) -> Result<Vec<u8>, NvrtcError> {
        let source = source::cuda(unit, self.limits);
        let key = Key::new(&source, &OPTIONS, self.architecture, self.nvrtc.version());
        if let Some(code) = self.cache.get(&key) {
            return Ok(code);
        }
        let code = self.compile(unit, &source)?;
        if let Err(error) = self.cache.put(&key, &code) {
            tracing::warn!(%error, "compiled kernels cannot be kept: they are compiled at every start");
        }
        Ok(code)
    }

    fn compile(&self, unit: Unit, source: &str) -> Result<Vec<u8>, NvrtcError> {
        let begun = Instant::now();
        let compiled = self.nvrtc.compile(&unit.to_string(), source, self.architecture)?;
        tracing::info!(%unit, seconds = begun.elapsed().as_secs_f64(), "kernels compiled");
        Ok(compiled.cubin)
    }

    /// Seconds that compiling the unit takes, whatever is on disk.
    pub fn seconds(&self, unit: Unit) -> Result<f64, NvrtcError> {
        let source = source::cuda(unit, self.limits);
        let begun = Instant::now();
        self.compile(unit, &source)?;
        Ok(begun.elapsed().as_secs_f64())
    }
}

/// The kernels that are loaded in a context.
#[derive(Debug, Default)]
pub(super) struct Kernels {
    /// Kept loaded. Locked while a unit is compiled.
    modules: Mutex<HashMap<Unit, Module>>,
    kernels: Mutex<HashMap<(Unit, &'static str), Arc<Kernel>>>,
    /// The most bytes that a thread of any kernel has for itself: of those loaded, and of those started, for which
    /// the driver has taken the memory.
    local_loaded: AtomicU64,
    local_started: AtomicU64,
}

impl Kernels {
    /// Compiles and loads the kernels of a unit, if that has not been done. All units wait for one that
    /// is being compiled.
    pub fn load(
        &self,
        compiler: &Compiler,
        context: &Arc<Context>,
        unit: Unit,
    ) -> Result<(), Fault> {
        let mut modules = locked(&self.modules);
        let Entry::Vacant(place) = modules.entry(unit) else { return Ok(()) };
        let code = compiler.code(unit).map_err(|error| Fault::Compile(unit, error))?;
        let module = Module::new(context, &code).map_err(Fault::Driver)?;
        let limit = compiler.limits.shared_bytes;
        let kernels = unit.entries().iter().map(|&entry| {
            let shared = (entry == SHARED_BY_LAUNCH).then_some(limit);
            Ok(((unit, entry), Arc::new(module.kernel(entry, shared)?)))
        });
        let kernels: Vec<_> = kernels.collect::<Result<_, _>>().map_err(Fault::Driver)?;
        let local = kernels.iter().map(|(_, kernel)| kernel.local_bytes()).max().unwrap_or(0);
        self.local_loaded.fetch_max(local, Ordering::AcqRel);
        locked(&self.kernels).extend(kernels);
        place.insert(module);
        Ok(())
    }

    /// Bytes that the driver will take for so many threads when kernels are started that have not been yet.
    pub fn local_bytes_to_come(&self, threads: u64) -> u64 {
        let started = self.local_started.load(Ordering::Acquire);
        self.local_loaded.load(Ordering::Acquire).saturating_sub(started).saturating_mul(threads)
    }

    /// Starts a kernel of a unit, compiled and loaded if it has not been.
    pub fn start(
        &self,
        compiler: &Compiler,
        context: &Arc<Context>,
        (unit, entry): (Unit, &'static str),
        (groups, shared_bytes): (u32, u32),
        blocks: &[&Block],
        parameters: &[u32],
    ) -> Result<(), Fault> {
        let kernel = self.kernel(compiler, context, unit, entry)?;
        // What a wrong number of buffers would do: the kernel reads addresses nobody gave it.
        let mut expected = vec![size_of::<u64>(); blocks.len()];
        expected.push(4 * PARAMETERS_MAX);
        if kernel.argument_bytes() != expected {
            return Err(Fault::Refused(format!("{unit}: {entry} takes other arguments")));
        }
        let mut all = [0u32; PARAMETERS_MAX];
        let Some(given) = all.get_mut(..parameters.len()) else {
            return Err(Fault::Refused(format!("{unit}: {entry} is given too many parameters")));
        };
        given.copy_from_slice(parameters);
        let size = (groups, compiler.limits.workgroup, shared_bytes);
        // SAFETY: the module is loaded in this context, and so are the blocks, or the driver refuses
        // their addresses. Numbers and sizes of the arguments are the kernel's. That it stays within
        // the blocks is the contract of shaders/README.md, which the host keeps by its plans and the
        // sources by tests that run them with guards around every buffer.
        unsafe { kernel.start(context, size, blocks, &all) }.map_err(Fault::Driver)?;
        self.local_started.fetch_max(kernel.local_bytes(), Ordering::AcqRel);
        Ok(())
    }

    fn kernel(
        &self,
        compiler: &Compiler,
        context: &Arc<Context>,
        unit: Unit,
        entry: &'static str,
    ) -> Result<Arc<Kernel>, Fault> {
        let known = |kernels: &Self| locked(&kernels.kernels).get(&(unit, entry)).cloned();
        if let Some(kernel) = known(self) {
            return Ok(kernel);
        }
        self.load(compiler, context, unit)?;
        known(self).ok_or_else(|| Fault::Refused(format!("{unit} has no kernel {entry}")))
    }
}
