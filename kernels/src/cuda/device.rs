//! [`Device`] on CUDA. Opens a context, and another one when that is lost.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use cudarc::driver::result::DriverError;
use cudarc::driver::sys::cudaError_enum as Code;

use super::blocks::{Blocks, rounded};
use super::cache::{Cache, default_folder};
use super::driver::{Block, Context, Found, ends_the_process, find};
use super::launch::{Compiler, Kernels};
use super::nvrtc::{Nvrtc, NvrtcError};
use super::staging::Staging;
use super::{CudaDeviceInfo, Fault, locked};
use crate::backend::BackendKind;
use crate::error::Error;
use crate::gpu::{Device, Launch, Limits, Unit};

/// Threads of a workgroup: a thread may then have all 255 registers that there are.
const WORKGROUP: u32 = 256;
/// Most workgroups of a launch.
const GROUPS_MAX: u64 = (1 << 31) - 1;
/// Bytes that are left to the driver, for what it takes unasked.
const RESERVE: u64 = 64 << 20;
/// The share of the device's memory that may be kept after it was given back.
const KEPT_SHARE: u64 = 4;
/// Pinned buffers that are kept: those of transfers at the same time.
const STAGINGS_KEPT: usize = 4;

/// An NVIDIA device.
///
/// Copies and kernels run in one stream, in the order in which they were started by whichever thread.
#[derive(Debug)]
pub struct CudaDevice {
    found: Found,
    resident_threads: u64,
    compiler: Compiler,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    opened: Arc<Opened>,
    generation: u64,
}

/// A context and what lives as long as it. Everything in here keeps the context, which is therefore
/// destroyed last.
#[derive(Debug)]
struct Opened {
    kernels: Kernels,
    /// Those that no transfer has.
    free_staging: Mutex<Vec<Staging>>,
    blocks: Mutex<Blocks<Block>>,
    /// Held while blocks are given back to the driver for want of memory.
    giving_up: Mutex<()>,
    lost: AtomicBool,
    context: Arc<Context>,
}

impl Opened {
    fn new(context: Arc<Context>, memory_bytes: u64) -> Arc<Self> {
        Arc::new(Self {
            kernels: Kernels::default(),
            free_staging: Mutex::default(),
            blocks: Mutex::new(Blocks::new(memory_bytes / KEPT_SHARE)),
            giving_up: Mutex::default(),
            lost: AtomicBool::new(false),
            context,
        })
    }

    fn is_lost(&self) -> bool {
        self.lost.load(Ordering::Acquire)
    }
}

/// Memory of a [`CudaDevice`].
#[derive(Debug)]
pub struct CudaMemory {
    /// There until it is dropped.
    block: Option<Block>,
    words: usize,
    opened: Arc<Opened>,
}

impl CudaMemory {
    fn block(&self) -> &Block {
        self.block.as_ref().expect("taken only when dropped")
    }

    /// Whether so many words from `at` on are within.
    fn check(&self, what: &'static str, at: usize, words: usize) -> Result<(), Error> {
        if at.checked_add(words).is_some_and(|end| end <= self.words) {
            return Ok(());
        }
        let expected = format!("at most {} from {at} on", self.words.saturating_sub(at));
        Err(Error::Length { what, got: words, expected })
    }
}

impl Drop for CudaMemory {
    fn drop(&mut self) {
        // Blocks of a lost context are of no use.
        if let Some(block) = self.block.take().filter(|_| !self.opened.is_lost()) {
            let surplus = locked(&self.opened.blocks).put(block.words(), block);
            drop(surplus);
        }
    }
}

impl CudaDevice {
    /// The first device, with compiled kernels kept in the user's folder for such things:
    /// `$XDG_CACHE_HOME/pulseproof` or `~/.cache/pulseproof`.
    ///
    /// # Errors
    /// [`Error::Unavailable`] says what is missing, and what to do about it.
    pub fn probe() -> Result<Self, Error> {
        Self::open(0, default_folder())
    }

    /// The device with a number, counted from 0, with compiled kernels kept in a folder.
    ///
    /// # Errors
    /// See [`Self::probe`]; [`Error::DeviceGone`] after a fault in this process.
    pub fn open(ordinal: usize, cache: PathBuf) -> Result<Self, Error> {
        check_process()?;
        let found = find(ordinal).map_err(unavailable)?;
        let nvrtc = Nvrtc::find().map_err(unavailable)?;
        let capability = found.compute_capability().map_err(unavailable)?;
        let architecture = nvrtc.architecture(capability).map_err(unavailable)?;
        let limits = Limits {
            workgroup: WORKGROUP,
            shared_bytes: found.shared_bytes().map_err(unavailable)?,
            allocation_bytes_max: found.memory_bytes().map_err(unavailable)?,
        };
        let cache = Cache::new(cache);
        let context = Context::new(found).map_err(unavailable)?;
        let resident_threads = found.resident_threads().map_err(unavailable)?;
        let opened = Opened::new(context, limits.allocation_bytes_max);
        let state = Mutex::new(State { opened, generation: 0 });
        let compiler = Compiler { nvrtc, architecture, limits, cache };
        Ok(Self { found, resident_threads, compiler, state })
    }

    /// What the device is. Compiles these units, whatever is on disk, and takes as long as that takes.
    ///
    /// # Errors
    /// A unit does not compile, device lost.
    pub fn report(&self, units: impl IntoIterator<Item = Unit>) -> Result<CudaDeviceInfo, Error> {
        let opened = self.opened();
        let told = |result| self.told(&opened, 0, result);
        let (memory_free_bytes, memory_total_bytes) = told(opened.context.memory())?;
        let compile_seconds = units
            .into_iter()
            .map(|unit| match self.compiler.seconds(unit) {
                Ok(seconds) => Ok((unit, seconds)),
                Err(error) => Err(does_not_compile(unit, &error)),
            })
            .collect::<Result<_, Error>>()?;
        let version = self.found.driver_version.unsigned_abs();
        Ok(CudaDeviceInfo {
            name: self.found.name().map_err(unavailable)?,
            compute_capability: self.found.compute_capability().map_err(unavailable)?,
            architecture: self.compiler.architecture,
            driver_version: (version / 1000, version % 1000 / 10),
            nvrtc_version: self.compiler.nvrtc.version(),
            memory_free_bytes,
            memory_total_bytes,
            compile_seconds,
        })
    }

    /// The context that is open, or was last.
    fn opened(&self) -> Arc<Opened> {
        Arc::clone(&locked(&self.state).opened)
    }

    /// The open context; opens another one if it is lost.
    fn reopened(&self) -> Result<Arc<Opened>, Error> {
        let mut state = locked(&self.state);
        if state.opened.is_lost() {
            check_process()?;
            let context = Context::new(self.found).map_err(|error| {
                note(error);
                lost(&error)
            })?;
            let opened = Opened::new(context, self.limits().allocation_bytes_max);
            *state = State { opened, generation: state.generation + 1 };
        }
        Ok(Arc::clone(&state.opened))
    }

    /// A result of the driver as one of ours. Want of memory leaves everything as it was. After any
    /// other error nobody knows what ran and what did not: the context counts as lost, and after some the driver
    /// serves this process no more.
    fn told<T>(
        &self,
        opened: &Opened,
        needed: u64,
        result: Result<T, DriverError>,
    ) -> Result<T, Error> {
        result.map_err(|error| {
            if error.0 == Code::CUDA_ERROR_OUT_OF_MEMORY {
                let free = opened.context.memory().map_or(0, |(free, _)| free);
                let available = free + locked(&opened.blocks).bytes();
                return Error::OutOfMemory { backend: BackendKind::Cuda, needed, available };
            }
            note(error);
            opened.lost.store(true, Ordering::Release);
            let useless = locked(&opened.blocks).take_all();
            drop(useless);
            lost(&error)
        })
    }

    /// What kept a kernel from being loaded or started, as one of our errors.
    fn fault(&self, opened: &Opened, unit: Unit, fault: Fault) -> Error {
        match fault {
            Fault::Compile(unit, error) => does_not_compile(unit, &error),
            Fault::Refused(log) => {
                Error::Compile { backend: BackendKind::Cuda, unit: unit.to_string(), log }
            }
            Fault::Driver(error) => match self.told::<()>(opened, 0, Err(error)) {
                Err(error) => error,
                Ok(()) => lost(&error),
            },
        }
    }

    /// The context of some memory, if it is the open one and not lost.
    fn alive<'a>(&self, memory: &'a CudaMemory) -> Result<&'a Arc<Opened>, Error> {
        // Not a loss, if the device was opened again since: the one that is open now is not lost by it.
        if !Arc::ptr_eq(&memory.opened, &self.opened()) {
            return Err(Error::ForeignBuffer);
        }
        if memory.opened.is_lost() {
            return Err(lost(&"not opened again yet"));
        }
        Ok(&memory.opened)
    }

    /// Does something that takes memory. If there is not enough, blocks that are kept are given up, and it is done
    /// once more.
    fn making_room<T, E>(
        opened: &Opened,
        is_short: impl Fn(&E) -> bool,
        work: impl Fn() -> Result<T, E>,
    ) -> Result<T, E> {
        match work() {
            Err(error) if is_short(&error) => {
                // Whoever comes second waits for what the first one gives up.
                let _turn = locked(&opened.giving_up);
                let kept = locked(&opened.blocks).take_all();
                drop(kept);
                work()
            }
            result => result,
        }
    }

    /// Something done by way of the pinned buffers.
    fn staged(
        &self,
        memory: &CudaMemory,
        body: impl FnOnce(&mut Staging, &Block) -> Result<(), DriverError>,
    ) -> Result<(), Error> {
        let opened = self.alive(memory)?;
        // No lock is held while words are converted: who waits for that may come back here for something else.
        let free = locked(&opened.free_staging).pop();
        let mut staging = match free {
            Some(staging) => staging,
            None => self.told(opened, 0, Staging::new(&opened.context))?,
        };
        let result = self.told(opened, 0, body(&mut staging, memory.block()));
        let mut free = locked(&opened.free_staging);
        if free.len() < STAGINGS_KEPT {
            free.push(staging);
        }
        result
    }
}

/// Why the driver serves this process no more, if it does not.
static GONE: OnceLock<String> = OnceLock::new();

/// Remembers an error after which the driver serves this process no more: before anybody hears of it, and tries to
/// open the device again.
fn note(error: DriverError) {
    if ends_the_process(error) {
        GONE.get_or_init(|| error.to_string());
    }
}

fn check_process() -> Result<(), Error> {
    GONE.get().map_or(Ok(()), |reason| {
        Err(Error::DeviceGone { backend: BackendKind::Cuda, reason: reason.clone() })
    })
}

fn unavailable(reason: impl std::fmt::Display) -> Error {
    Error::Unavailable { backend: BackendKind::Cuda, reason: reason.to_string() }
}

/// The device is lost: until it is opened again, or to this process for good.
fn lost(reason: &impl std::fmt::Display) -> Error {
    let lost = Error::DeviceLost { backend: BackendKind::Cuda, reason: reason.to_string() };
    check_process().err().unwrap_or(lost)
}

fn does_not_compile(unit: Unit, error: &NvrtcError) -> Error {
    Error::Compile { backend: BackendKind::Cuda, unit: unit.to_string(), log: error.to_string() }
}

impl Device for CudaDevice {
    type Memory = CudaMemory;

    fn kind(&self) -> BackendKind {
        BackendKind::Cuda
    }

    fn limits(&self) -> Limits {
        self.compiler.limits
    }

    fn generation(&self) -> u64 {
        locked(&self.state).generation
    }

    fn available_bytes(&self, units: &[Unit]) -> Result<u64, Error> {
        let opened = self.reopened()?;
        for &unit in units {
            let load = || opened.kernels.load(&self.compiler, &opened.context, unit);
            let loaded = Self::making_room(&opened, Fault::is_out_of_memory, load);
            loaded.map_err(|fault| self.fault(&opened, unit, fault))?;
        }
        let (free, _) = self.told(&opened, 0, opened.context.memory())?;
        let taken = opened.kernels.local_bytes_to_come(self.resident_threads) + RESERVE;
        Ok((free + locked(&opened.blocks).bytes()).saturating_sub(taken))
    }

    fn allocate(&self, words: usize) -> Result<CudaMemory, Error> {
        let opened = self.reopened()?;
        let needed = (words as u64).saturating_mul(8);
        if needed > self.limits().allocation_bytes_max {
            return self.told(&opened, needed, Err(DriverError(Code::CUDA_ERROR_OUT_OF_MEMORY)));
        }
        let kept = locked(&opened.blocks).take(words);
        let block = match kept {
            Some(block) => Ok(block),
            None => {
                let is_short = |error: &DriverError| error.0 == Code::CUDA_ERROR_OUT_OF_MEMORY;
                Self::making_room(&opened, is_short, || Block::new(&opened.context, rounded(words)))
            }
        };
        let block = self.told(&opened, needed, block)?;
        let zeroed = block.zero(words);
        let memory = CudaMemory { block: Some(block), words, opened };
        self.told(&memory.opened, needed, zeroed)?;
        Ok(memory)
    }

    fn write(
        &self,
        memory: &CudaMemory,
        at: usize,
        words: usize,
        fill: &mut dyn FnMut(usize, &mut [u64]),
    ) -> Result<(), Error> {
        memory.check("write", at, words)?;
        self.staged(memory, |staging, block| staging.write(block, at, words, fill))
    }

    fn read(
        &self,
        memory: &CudaMemory,
        range: Range<usize>,
        drain: &mut dyn FnMut(usize, &[u64]),
    ) -> Result<(), Error> {
        memory.check("read", range.start, range.len())?;
        self.staged(memory, |staging, block| staging.read(block, range, drain))
    }

    fn copy(
        &self,
        from: &CudaMemory,
        range: Range<usize>,
        to: &CudaMemory,
        at: usize,
    ) -> Result<(), Error> {
        let opened = self.alive(from)?;
        if !Arc::ptr_eq(opened, self.alive(to)?) {
            return Err(Error::ForeignBuffer);
        }
        from.check("copy source", range.start, range.len())?;
        to.check("copy target", at, range.len())?;
        let copied = to.block().copy_from(at, from.block(), range.start, range.len());
        self.told(opened, 0, copied)
    }

    fn launch(&self, launch: &Launch<'_, CudaMemory>) -> Result<(), Error> {
        let opened = self.opened();
        for memory in launch.buffers {
            if !Arc::ptr_eq(&opened, self.alive(memory)?) {
                return Err(Error::ForeignBuffer);
            }
        }
        let Launch { unit, entry, groups, shared_bytes, parameters, .. } = *launch;
        if groups == 0 {
            return Ok(());
        }
        let expected = "1 to 2^31 − 1";
        let groups = u32::try_from(groups)
            .ok()
            .filter(|_| groups <= GROUPS_MAX)
            .ok_or(Error::Argument { what: "workgroups", got: groups, expected })?;
        let blocks: Vec<&Block> = launch.buffers.iter().map(|memory| memory.block()).collect();
        let (kernels, context, size) = (&opened.kernels, &opened.context, (groups, shared_bytes));
        let start =
            || kernels.start(&self.compiler, context, (unit, entry), size, &blocks, parameters);
        let started = Self::making_room(&opened, Fault::is_out_of_memory, start);
        started.map_err(|fault| self.fault(&opened, unit, fault))
    }

    fn synchronize(&self) -> Result<(), Error> {
        let opened = self.opened();
        if opened.is_lost() {
            return Err(lost(&"not opened again yet"));
        }
        self.told(&opened, 0, opened.context.synchronize())
    }
}
