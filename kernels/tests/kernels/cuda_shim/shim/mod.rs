//! A device that runs the CUDA sources on the CPU: the same assembled text, behind `shim.h`,
//! compiled by the host's C++ compiler and loaded. The only `unsafe` code of the tests.

#![expect(unsafe_code, reason = "loads what the C++ compiler made of the kernels, and calls it")]

mod compile;

use std::collections::HashMap;
use std::ffi::{CStr, c_char, c_void};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use libloading::Library;
use pulseproof_kernels::Error;
use pulseproof_kernels::backend::BackendKind;
use pulseproof_kernels::gpu::{Device, Launch, Limits, PARAMETERS_MAX, Unit};
use pulseproof_kernels::source;

/// 16 bytes, aligned as the widest access of a kernel.
#[derive(Clone, Copy)]
#[repr(align(16))]
struct Block([u64; 2]);

/// Before and after each allocation; a kernel that writes there writes out of bounds.
const GUARD: Block = Block([0x5a5a_0bad_5a5a_0bad; 2]);
const GUARD_BLOCKS: usize = 16;

/// An allocation, its words between guards.
pub struct Memory {
    blocks: Mutex<Vec<Block>>,
    words: usize,
}

impl Memory {
    fn new(words: usize) -> Self {
        let mut blocks = vec![GUARD; GUARD_BLOCKS];
        blocks.resize(GUARD_BLOCKS + words.div_ceil(2), Block([0; 2]));
        if words % 2 == 1 {
            blocks.last_mut().unwrap().0[1] = GUARD.0[1];
        }
        blocks.resize(blocks.len() + GUARD_BLOCKS, GUARD);
        Self { blocks: Mutex::new(blocks), words }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Block>> {
        lock(&self.blocks)
    }

    fn get(&self, range: Range<usize>) -> Vec<u64> {
        assert!(range.end <= self.words, "a copy within the allocation");
        let blocks = self.lock();
        range.map(|i| blocks[GUARD_BLOCKS + i / 2].0[i % 2]).collect()
    }

    fn set(&self, at: usize, words: &[u64]) {
        assert!(at + words.len() <= self.words, "a copy within the allocation");
        let mut blocks = self.lock();
        for (i, &word) in (at..).zip(words) {
            blocks[GUARD_BLOCKS + i / 2].0[i % 2] = word;
        }
    }

    /// All words.
    pub fn contents(&self) -> Vec<u64> {
        self.get(0..self.words)
    }

    /// Whether nothing was written outside.
    pub fn guards_are_whole(&self) -> bool {
        let blocks = self.lock();
        let end = GUARD_BLOCKS + self.words.div_ceil(2);
        let odd = self.words.is_multiple_of(2) || blocks[end - 1].0[1] == GUARD.0[1];
        let outside = blocks[..GUARD_BLOCKS].iter().chain(&blocks[end..]);
        odd && outside.map(|block| block.0).all(|block| block == GUARD.0)
    }
}

/// A test that failed in the middle of something has said so; the others go on.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn load(path: PathBuf) -> Arc<Mutex<Library>> {
    let load = |path: &PathBuf| {
        // SAFETY: all that runs when it is loaded are the constructors of empty containers.
        let library = unsafe { Library::new(path) }.expect("a compiled unit can be loaded");
        Arc::new(Mutex::new(library))
    };
    Arc::clone(lock(&LIBRARIES).entry(path).or_insert_with_key(load))
}

/// `shim_launch` of shim.h.
type ShimLaunch = unsafe extern "C" fn(
    *mut c_void,
    *const *mut u64,
    u32,
    *const u32,
    u32,
    u32,
    u32,
    u64,
) -> *const c_char;

/// Compiled units by their files. One is locked while it runs a kernel: its state is global to it.
static LIBRARIES: LazyLock<Mutex<HashMap<PathBuf, Arc<Mutex<Library>>>>> =
    LazyLock::new(Mutex::default);

/// Runs kernels on the CPU. Compiles a unit when it is first needed.
pub struct ShimDevice {
    limits: Limits,
    units: Mutex<HashMap<Unit, Arc<Mutex<Library>>>>,
    seed: AtomicU64,
}

impl ShimDevice {
    /// A device with workgroups of this many threads.
    pub fn new(workgroup: u32) -> Self {
        Self::sharing(workgroup, 48 << 10)
    }

    /// A device whose workgroups share so many bytes.
    pub fn sharing(workgroup: u32, shared_bytes: u32) -> Self {
        let limits = Limits { workgroup, shared_bytes, allocation_bytes_max: 1 << 30 };
        Self { limits, units: Mutex::default(), seed: AtomicU64::new(1) }
    }

    /// A unit's library, compiled and loaded if it has not been.
    fn library(&self, unit: Unit) -> Arc<Mutex<Library>> {
        let load = || load(compile::library(unit.stem(), &source::cuda(unit, self.limits)));
        Arc::clone(lock(&self.units).entry(unit).or_insert_with(load))
    }

    /// Runs a kernel of any source; what went wrong.
    pub fn run_source(&self, text: &str, launch: &Launch<'_, Memory>) -> Result<(), String> {
        let library = load(compile::library("source", text));
        let library = lock(&library);
        self.run(&library, launch)
    }

    fn run(&self, library: &Library, launch: &Launch<'_, Memory>) -> Result<(), String> {
        let mut parameters = [0; PARAMETERS_MAX];
        parameters[..launch.parameters.len()].copy_from_slice(launch.parameters);
        // In the order of addresses, so that no two launches wait for each other.
        let mut order: Vec<usize> = (0..launch.buffers.len()).collect();
        order.sort_unstable_by_key(|&i| std::ptr::from_ref(launch.buffers[i]));
        let distinct =
            |pair: &[usize]| !std::ptr::eq(launch.buffers[pair[0]], launch.buffers[pair[1]]);
        assert!(order.windows(2).all(distinct), "the buffers of a launch are distinct");
        let mut guards: Vec<_> =
            order.into_iter().map(|i| (i, lock(&launch.buffers[i].blocks))).collect();
        guards.sort_unstable_by_key(|(i, _)| *i);
        let pointers: Vec<*mut u64> = guards
            .iter_mut()
            .map(|(_, blocks)| blocks[GUARD_BLOCKS..].as_mut_ptr().cast())
            .collect();
        let groups = u32::try_from(launch.groups).map_err(|_| "too many groups")?;
        let seed = self.seed.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        // SAFETY: the library is compiled from shim.h, which declares shim_launch with this type. Every
        // pointer is to memory that is locked until the call returns. That the kernel stays within it is
        // what is tested here: guards on both sides find near misses.
        let message = unsafe {
            let run = library.get::<ShimLaunch>(b"shim_launch").map_err(|e| e.to_string())?;
            let kernel = library
                .get::<*mut c_void>(launch.entry.as_bytes())
                .map_err(|e| e.to_string())?
                .try_as_raw_ptr()
                .ok_or("no such kernel")?;
            let count = u32::try_from(pointers.len()).unwrap();
            let threads = self.limits.workgroup;
            let shared = launch.shared_bytes;
            assert!(shared <= self.limits.shared_bytes, "more than a workgroup can share");
            run(
                kernel,
                pointers.as_ptr(),
                count,
                parameters.as_ptr(),
                groups,
                threads,
                shared,
                seed,
            )
        };
        if message.is_null() {
            return Ok(());
        }
        // SAFETY: not null, so it is a string of the library, unchanged until the next launch.
        Err(unsafe { CStr::from_ptr(message) }.to_string_lossy().into_owned())
    }
}

impl Device for ShimDevice {
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
        Ok(Memory::new(words))
    }

    fn write(
        &self,
        memory: &Memory,
        at: usize,
        words: usize,
        fill: &mut dyn FnMut(usize, &mut [u64]),
    ) -> Result<(), Error> {
        // Two parts, so that callers which forget the offset are found.
        let half = words / 2;
        for (begin, end) in [(0, half), (half, words)] {
            let mut part = vec![0; end - begin];
            fill(begin, &mut part);
            memory.set(at + begin, &part);
        }
        Ok(())
    }

    fn read(
        &self,
        memory: &Memory,
        range: Range<usize>,
        drain: &mut dyn FnMut(usize, &[u64]),
    ) -> Result<(), Error> {
        let half = range.len() / 2;
        for (begin, end) in [(0, half), (half, range.len())] {
            drain(begin, &memory.get(range.start + begin..range.start + end));
        }
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
        assert!(launch.parameters.len() <= PARAMETERS_MAX, "too many parameters");
        let Launch { unit, entry, .. } = launch;
        let library = self.library(*unit);
        let outcome = self.run(&lock(&library), launch);
        assert_eq!(outcome, Ok(()), "{unit}: {entry}");
        for (index, memory) in launch.buffers.iter().enumerate() {
            assert!(memory.guards_are_whole(), "{unit}: {entry} writes beyond buffer {index}");
        }
        Ok(())
    }

    fn synchronize(&self) -> Result<(), Error> {
        Ok(())
    }
}
