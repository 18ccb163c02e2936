//! The driver's resources as values: contexts, streams, memory, pinned memory, modules. Nothing
//! here knows what is computed.
//!
//! Everything made in a context keeps the context, so it is destroyed last. Every call is made with its
//! context current on the thread ([`Bound`]), and the thread's own one is put back afterwards: other
//! libraries may have theirs. There is one stream for each context, so that the order in which
//! copies and kernels are started is the order in which they run.

#![expect(unsafe_code, reason = "calls the CUDA driver")]

use std::ffi::{CString, c_void};
use std::sync::Arc;

use cudarc::driver::result::{self, DriverError};
use cudarc::driver::sys::{
    self, CUdevice_attribute as Attribute, CUfunction_attribute as FunctionAttribute,
};

/// Why the driver cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Missing {
    #[error("no NVIDIA driver is installed (libcuda is not found)")]
    Driver,
    #[error(
        "the NVIDIA driver supports CUDA {}.{}; {}.{} or later is needed: update the driver",
        found / 1000, found % 1000 / 10, DRIVER_MIN / 1000, DRIVER_MIN % 1000 / 10
    )]
    Version { found: i32 },
    #[error("the NVIDIA driver does not start: {0}")]
    Start(DriverError),
    #[error("there are {found} CUDA devices, and none has the number {ordinal}")]
    Device { ordinal: usize, found: i32 },
}

/// CUDA 13.0: what the bindings are made for.
const DRIVER_MIN: i32 = 13_000;

/// A device, found and not opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Found {
    device: sys::CUdevice,
    /// The CUDA version that the driver supports, 1000·major + 10·minor.
    pub driver_version: i32,
}

/// Finds a device. The only way to reach the driver: nothing else may be called before.
pub(super) fn find(ordinal: usize) -> Result<Found, Missing> {
    // SAFETY: it opens the library and closes it again. The driver's initialisers are NVIDIA's to
    // answer for.
    if !unsafe { sys::is_culib_present() } {
        return Err(Missing::Driver);
    }
    let mut driver_version = 0;
    // SAFETY: the library is present, and has had this function for ever; the pointer is valid.
    unsafe { sys::cuDriverGetVersion(&raw mut driver_version) }.result().map_err(Missing::Start)?;
    if driver_version < DRIVER_MIN {
        return Err(Missing::Version { found: driver_version });
    }
    result::init().map_err(Missing::Start)?;
    let found = result::device::get_count().map_err(Missing::Start)?;
    let number = i32::try_from(ordinal).ok().filter(|&number| number < found);
    let number = number.ok_or(Missing::Device { ordinal, found })?;
    let device = result::device::get(number).map_err(Missing::Start)?;
    Ok(Found { device, driver_version })
}

impl Found {
    pub fn name(self) -> Result<String, DriverError> {
        result::device::get_name(self.device)
    }

    /// Major and minor.
    pub fn compute_capability(self) -> Result<(u32, u32), DriverError> {
        let major = self.get(Attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR)?;
        Ok((major, self.get(Attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR)?))
    }

    /// Bytes that a workgroup can share, if its launch asks for them.
    pub fn shared_bytes(self) -> Result<u32, DriverError> {
        self.get(Attribute::CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN)
    }

    /// Threads that the device has room for at once, each of which has local memory of its own.
    pub fn resident_threads(self) -> Result<u64, DriverError> {
        let multiprocessors = self.get(Attribute::CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT)?;
        let each = self.get(Attribute::CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_MULTIPROCESSOR)?;
        Ok(u64::from(multiprocessors) * u64::from(each))
    }

    fn get(self, attribute: Attribute) -> Result<u32, DriverError> {
        // SAFETY: the device was found.
        let value = unsafe { result::device::get_attribute(self.device, attribute) }?;
        Ok(u32::try_from(value).unwrap_or(0))
    }

    /// Bytes of memory, used or not.
    pub fn memory_bytes(self) -> Result<u64, DriverError> {
        // SAFETY: the device was found.
        unsafe { result::device::total_mem(self.device) }.map(|bytes| bytes as u64)
    }
}

/// Whether the driver refuses everything else that this process asks for, in whatever context, after an error. The
/// documentation of `CUresult` says of most of these that the process must be ended and started again; the others spoil
/// what runs on the device as well, and nothing is lost by starting again.
pub(super) fn ends_the_process(error: DriverError) -> bool {
    use sys::cudaError_enum as Code;
    matches!(
        error.0,
        Code::CUDA_ERROR_ECC_UNCORRECTABLE
            | Code::CUDA_ERROR_NVLINK_UNCORRECTABLE
            | Code::CUDA_ERROR_CONTAINED
            | Code::CUDA_ERROR_ILLEGAL_ADDRESS
            | Code::CUDA_ERROR_LAUNCH_TIMEOUT
            | Code::CUDA_ERROR_ASSERT
            | Code::CUDA_ERROR_HARDWARE_STACK_ERROR
            | Code::CUDA_ERROR_ILLEGAL_INSTRUCTION
            | Code::CUDA_ERROR_MISALIGNED_ADDRESS
            | Code::CUDA_ERROR_INVALID_ADDRESS_SPACE
            | Code::CUDA_ERROR_INVALID_PC
            | Code::CUDA_ERROR_LAUNCH_FAILED
            | Code::CUDA_ERROR_TENSOR_MEMORY_LEAK
            | Code::CUDA_ERROR_MPS_CLIENT_TERMINATED
            | Code::CUDA_ERROR_EXTERNAL_DEVICE
    )
}

/// A context of our own, so that an error which spoils it spoils nobody else's.
#[derive(Debug)]
pub(super) struct Context {
    raw: sys::CUcontext,
    stream: sys::CUstream,
}

// SAFETY: the driver's handles may be used from every thread.
unsafe impl Send for Context {}
// SAFETY: the driver locks what it must.
unsafe impl Sync for Context {}

impl Context {
    pub fn new(found: Found) -> Result<Arc<Self>, DriverError> {
        // SAFETY: the device was found; no further parameters are given.
        let raw = unsafe { result::ctx::create_v4(std::ptr::null_mut(), 0, found.device) }?;
        // The new context is current until it is taken off the thread's stack of contexts.
        let stream = result::stream::create(result::stream::StreamKind::NonBlocking);
        let mut popped = std::ptr::null_mut();
        // SAFETY: the pointer is valid for the call.
        let off = unsafe { sys::cuCtxPopCurrent_v2(&raw mut popped) }.result();
        match stream.and_then(|stream| off.map(|()| stream)) {
            Ok(stream) => Ok(Arc::new(Self { raw, stream })),
            Err(error) => {
                // SAFETY: made above, and used by nobody.
                let _ = unsafe { sys::cuCtxDestroy_v2(raw) };
                Err(error)
            }
        }
    }

    /// Makes the context current on this thread until the guard is dropped.
    fn bind(&self) -> Result<Bound, DriverError> {
        let before = result::ctx::get_current()?.unwrap_or(std::ptr::null_mut());
        // SAFETY: the context lives as long as self.
        unsafe { result::ctx::set_current(self.raw) }?;
        Ok(Bound { before })
    }

    /// Free and total memory of the device, in bytes.
    pub fn memory(&self) -> Result<(u64, u64), DriverError> {
        let _bound = self.bind()?;
        result::mem_get_info().map(|(free, total)| (free as u64, total as u64))
    }

    /// Waits until all that was started has ended.
    pub fn synchronize(&self) -> Result<(), DriverError> {
        let _bound = self.bind()?;
        // SAFETY: the stream lives as long as self.
        unsafe { result::stream::synchronize(self.stream) }
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        // SAFETY: nothing of the context is left, since everything made in it keeps it. What was
        // started ends first; after a loss there is nobody to report to.
        let _ = unsafe { sys::cuCtxDestroy_v2(self.raw) };
    }
}

/// A context is current on this thread.
struct Bound {
    before: sys::CUcontext,
}

impl Drop for Bound {
    fn drop(&mut self) {
        // SAFETY: it was current on this thread when the guard was made.
        let _ = unsafe { result::ctx::set_current(self.before) };
    }
}

/// Memory of the device. Aligned to 256 bytes.
#[derive(Debug)]
pub(super) struct Block {
    context: Arc<Context>,
    address: sys::CUdeviceptr,
    words: usize,
}

impl Block {
    /// Memory for 64-bit words, whatever they are.
    pub fn new(context: &Arc<Context>, words: usize) -> Result<Self, DriverError> {
        let _bound = context.bind()?;
        // SAFETY: it is written before it is read: whoever hands it out zeroes it.
        let address = unsafe { result::malloc_sync(words * 8) }?;
        Ok(Self { context: Arc::clone(context), address, words })
    }

    pub fn words(&self) -> usize {
        self.words
    }

    /// Starts zeroing the first `words` words.
    pub fn zero(&self, words: usize) -> Result<(), DriverError> {
        assert!(words <= self.words, "within the block");
        let _bound = self.context.bind()?;
        // SAFETY: within the block; kernels on the stream see it as they run in order.
        unsafe { result::memset_d8_async(self.address, 0, words * 8, self.context.stream) }
    }

    /// Starts copying `words` words from another block of the context.
    pub fn copy_from(
        &self,
        at: usize,
        from: &Self,
        first: usize,
        words: usize,
    ) -> Result<(), DriverError> {
        assert!(at + words <= self.words && first + words <= from.words, "within the blocks");
        assert!(Arc::ptr_eq(&self.context, &from.context), "of one context");
        assert!(self.address != from.address, "two blocks");
        let _bound = self.context.bind()?;
        let (to, from) = (self.address + 8 * at as u64, from.address + 8 * first as u64);
        // SAFETY: within both blocks, which are not freed before the stream gets there: freeing waits.
        unsafe { result::memcpy_dtod_async(to, from, words * 8, self.context.stream) }
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        if let Ok(_bound) = self.context.bind() {
            // SAFETY: allocated in this context; the driver waits for whoever still uses it.
            let _ = unsafe { result::free_sync(self.address) };
        }
    }
}

/// Memory of the host that the device copies from and to by itself, and the copy under way.
#[derive(Debug)]
pub(super) struct Pinned {
    context: Arc<Context>,
    words: *mut u64,
    len: usize,
    /// Happens when the copy last started has ended.
    event: sys::CUevent,
}

// SAFETY: owned by one value; the driver's handles may be used from every thread.
unsafe impl Send for Pinned {}

impl Pinned {
    pub fn new(context: &Arc<Context>, len: usize) -> Result<Self, DriverError> {
        let _bound = context.bind()?;
        let event = result::event::create(sys::CUevent_flags::CU_EVENT_DISABLE_TIMING)?;
        // SAFETY: zeroed below before anybody sees it.
        let words = match unsafe { result::malloc_host(len * 8, 0) } {
            Ok(words) => words.cast::<u64>(),
            Err(error) => {
                // SAFETY: made above, and recorded nowhere.
                let _ = unsafe { result::event::destroy(event) };
                return Err(error);
            }
        };
        // SAFETY: just allocated for so many words, aligned to a page.
        unsafe { words.write_bytes(0, len) };
        Ok(Self { context: Arc::clone(context), words, len, event })
    }

    /// The words, once no copy is under way.
    pub fn words(&mut self) -> Result<&mut [u64], DriverError> {
        let _bound = self.context.bind()?;
        // SAFETY: the event lives as long as self. One that was never recorded has happened.
        unsafe { result::event::synchronize(self.event) }?;
        // SAFETY: allocated and initialised for `len` words, borrowed from self, and no copy uses
        // them: to start one takes self again.
        Ok(unsafe { std::slice::from_raw_parts_mut(self.words, self.len) })
    }

    /// Starts copying the first `words` words to a block.
    pub fn copy_to(&mut self, block: &Block, at: usize, words: usize) -> Result<(), DriverError> {
        self.check(block, at, words);
        let _bound = self.context.bind()?;
        // SAFETY: `words` of the initialised words. They are not written before the event, which
        // `words` and `drop` wait for.
        let source = unsafe { std::slice::from_raw_parts(self.words, words) };
        let target = block.address + 8 * at as u64;
        // SAFETY: within both; the block is not freed before, since freeing waits.
        let copied = unsafe { result::memcpy_htod_async(target, source, self.context.stream) };
        copied.and_then(|()| self.record())
    }

    /// Starts copying words of a block to the first `words` words.
    pub fn copy_from(&mut self, block: &Block, at: usize, words: usize) -> Result<(), DriverError> {
        self.check(block, at, words);
        self.words()?;
        let _bound = self.context.bind()?;
        // SAFETY: no copy is under way, and nobody sees the words before the event.
        let target = unsafe { std::slice::from_raw_parts_mut(self.words, words) };
        let source = block.address + 8 * at as u64;
        // SAFETY: within both; the block is not freed before, since freeing waits.
        let copied = unsafe { result::memcpy_dtoh_async(target, source, self.context.stream) };
        copied.and_then(|()| self.record())
    }

    fn check(&self, block: &Block, at: usize, words: usize) {
        assert!(words <= self.len && at + words <= block.words, "within both");
        assert!(Arc::ptr_eq(&self.context, &block.context), "of one context");
    }

    /// Records the event. If that fails the copy may be under way unmarked, so it is waited for.
    fn record(&mut self) -> Result<(), DriverError> {
        // SAFETY: both live as long as self, in the context that is current.
        let recorded = unsafe { result::event::record(self.event, self.context.stream) };
        recorded.or_else(|error| self.context.synchronize().and(Err(error)))
    }
}

impl Drop for Pinned {
    fn drop(&mut self) {
        if let Ok(_bound) = self.context.bind() {
            // SAFETY: the last copy is waited for, or the context is lost and copies nothing; then
            // both are destroyed, and nobody has them any more.
            unsafe {
                let _ = result::event::synchronize(self.event);
                let _ = result::event::destroy(self.event);
                let _ = result::free_host(self.words.cast());
            }
        }
    }
}

/// Compiled code, loaded.
#[derive(Debug)]
pub(super) struct Module {
    context: Arc<Context>,
    raw: sys::CUmodule,
}

// SAFETY: the driver's handles may be used from every thread.
unsafe impl Send for Module {}
// SAFETY: the driver locks what it must.
unsafe impl Sync for Module {}

impl Module {
    /// Loads a cubin.
    pub fn new(context: &Arc<Context>, cubin: &[u8]) -> Result<Self, DriverError> {
        let _bound = context.bind()?;
        // SAFETY: a cubin that the compiler made, whole: the cache checks what it kept. The driver
        // reads its length from its headers.
        let raw = unsafe { result::module::load_data(cubin.as_ptr().cast()) }?;
        Ok(Self { context: Arc::clone(context), raw })
    }

    /// A kernel of the module. If launches decide what its workgroups share, they may ask for all that is left of
    /// `shared_bytes`.
    pub fn kernel(&self, entry: &str, shared_bytes: Option<u32>) -> Result<Kernel, DriverError> {
        let _bound = self.context.bind()?;
        let name = CString::new(entry)
            .map_err(|_| DriverError(sys::cudaError_enum::CUDA_ERROR_NOT_FOUND))?;
        // SAFETY: the module is loaded.
        let raw = unsafe { result::module::get_function(self.raw, name) }?;
        let mut bytes = Vec::new();
        loop {
            let (mut offset, mut size) = (0, 0);
            // SAFETY: both pointers are valid for the call.
            let outcome = unsafe {
                sys::cuFuncGetParamInfo(raw, bytes.len(), &raw mut offset, &raw mut size)
            };
            if outcome.result().is_err() {
                break;
            }
            bytes.push(size);
        }
        let local = FunctionAttribute::CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES;
        // SAFETY: the kernel is loaded.
        let local = unsafe { result::function::get_function_attribute(raw, local) }?;
        let kernel =
            Kernel { raw, argument_bytes: bytes, local_bytes: u64::try_from(local).unwrap_or(0) };
        if let Some(bytes) = shared_bytes {
            kernel.allow_shared(bytes)?;
        }
        Ok(kernel)
    }
}

impl Drop for Module {
    fn drop(&mut self) {
        if let Ok(_bound) = self.context.bind() {
            // SAFETY: loaded in this context. What runs of it is waited for by the driver.
            let _ = unsafe { result::module::unload(self.raw) };
        }
    }
}

/// A kernel of a module that is loaded.
#[derive(Clone, Debug)]
pub(super) struct Kernel {
    raw: sys::CUfunction,
    argument_bytes: Vec<usize>,
    local_bytes: u64,
}

// SAFETY: the driver's handles may be used from every thread.
unsafe impl Send for Kernel {}
// SAFETY: it is only read.
unsafe impl Sync for Kernel {}

impl Kernel {
    /// Sizes of the arguments that the kernel takes.
    pub fn argument_bytes(&self) -> &[usize] {
        &self.argument_bytes
    }

    /// Bytes that each thread has for itself, in the device's memory.
    pub fn local_bytes(&self) -> u64 {
        self.local_bytes
    }

    /// Lets launches ask for what the source leaves of so many shared bytes, and the multiprocessor keep as much memory
    /// for sharing as it can, so that it has room for several workgroups. Said once, before anybody has the kernel: it
    /// is the kernel's, and two launches that each said what they need would undo each other's.
    fn allow_shared(&self, bytes: u32) -> Result<(), DriverError> {
        const ALL: i32 = sys::CUshared_carveout::CU_SHAREDMEM_CARVEOUT_MAX_SHARED as i32;
        let declared = FunctionAttribute::CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES;
        // SAFETY: the kernel is loaded.
        let declared = unsafe { result::function::get_function_attribute(self.raw, declared) }?;
        let bytes = i32::try_from(bytes)
            .map_err(|_| DriverError(sys::cudaError_enum::CUDA_ERROR_INVALID_VALUE))?;
        let left = bytes.saturating_sub(declared).max(0);
        for (attribute, value) in [
            (FunctionAttribute::CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, left),
            (FunctionAttribute::CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT, ALL),
        ] {
            // SAFETY: the kernel is loaded.
            unsafe { result::function::set_function_attribute(self.raw, attribute, value) }?;
        }
        Ok(())
    }

    /// Starts the kernel with the addresses of blocks, and parameters by value.
    ///
    /// # Safety
    /// The kernel's module is loaded in the blocks' context. The arguments are of the kernel's kinds,
    /// in its order, and it stays within the blocks when given these parameters.
    pub unsafe fn start<const N: usize>(
        &self,
        context: &Context,
        (groups, threads, shared_bytes): (u32, u32, u32),
        blocks: &[&Block],
        parameters: &[u32; N],
    ) -> Result<(), DriverError> {
        let _bound = context.bind()?;
        let mut addresses: Vec<sys::CUdeviceptr> =
            blocks.iter().map(|block| block.address).collect();
        let mut arguments: Vec<*mut c_void> =
            addresses.iter_mut().map(|address| std::ptr::from_mut(address).cast()).collect();
        arguments.push(std::ptr::from_ref(parameters).cast_mut().cast());
        let (grid, block, stream) = ((groups, 1, 1), (threads, 1, 1), context.stream);
        // SAFETY: the caller's promise; the driver copies arguments before it returns.
        unsafe {
            result::launch_kernel(self.raw, grid, block, shared_bytes, stream, &mut arguments)
        }
    }
}
