//! The compiler of CUDA sources, NVRTC, found at run time and called by name.

#![expect(unsafe_code, reason = "loads NVRTC and calls it")]

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::path::{Path, PathBuf};

use libloading::{Library, Symbol};

/// Names NVRTC goes by, the one that belongs to the driver's bindings first.
#[cfg(not(windows))]
const NAMES: [&str; 2] = ["libnvrtc.so.13", "libnvrtc.so"];
#[cfg(windows)]
const NAMES: [&str; 1] = ["nvrtc64_130_0.dll"];

/// Where CUDA is usually installed.
const FOLDERS: [&str; 4] = [
    "/usr/local/cuda/lib64",
    "/usr/local/cuda-13.0/lib64",
    "/opt/cuda/lib64",
    "/usr/lib/x86_64-linux-gnu",
];

/// The environment variable that names a folder with NVRTC.
pub const FOLDER_VARIABLE: &str = "PULSEPROOF_NVRTC";

/// Why there is no compiler.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NvrtcError {
    /// It is not installed.
    #[error(
        "NVRTC 13 is not found{}: install it (`pip install nvidia-cuda-nvrtc==13.0.88`, or the CUDA \
         toolkit), and name its folder in {FOLDER_VARIABLE} or the loader's path",
        folder.as_ref().map(|folder| format!(" in {}", folder.display())).unwrap_or_default()
    )]
    NotFound {
        /// The folder that the environment names.
        folder: Option<PathBuf>,
    },
    /// It is there and does not work.
    #[error("NVRTC cannot be used: {0}")]
    Unusable(String),
    /// It knows no architecture that the device can run.
    #[error("NVRTC {}.{} has no code for compute capability {major}.{minor}: install a newer one", version.0, version.1)]
    Architecture {
        /// NVRTC's version.
        version: (u32, u32),
        /// Of the device.
        major: u32,
        /// Of the device.
        minor: u32,
    },
    /// The source is refused.
    #[error("{log}")]
    Compile {
        /// What the compiler says.
        log: String,
    },
}

/// What the compiler made of a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compiled {
    /// Code for one architecture.
    pub cubin: Vec<u8>,
    /// What the compiler had to say.
    pub log: String,
}

type Program = *mut c_void;

/// NVRTC.
///
/// It is never unloaded: libraries with threads and exit handlers of their own seldom survive that.
#[derive(Debug)]
pub struct Nvrtc {
    version: (u32, u32),
    architectures: Vec<u32>,
    create: unsafe extern "C" fn(
        *mut Program,
        *const c_char,
        *const c_char,
        c_int,
        *const *const c_char,
        *const *const c_char,
    ) -> c_int,
    compile: unsafe extern "C" fn(Program, c_int, *const *const c_char) -> c_int,
    log_size: unsafe extern "C" fn(Program, *mut usize) -> c_int,
    log: unsafe extern "C" fn(Program, *mut c_char) -> c_int,
    cubin_size: unsafe extern "C" fn(Program, *mut usize) -> c_int,
    cubin: unsafe extern "C" fn(Program, *mut c_char) -> c_int,
    #[cfg(feature = "check")]
    ptx_size: unsafe extern "C" fn(Program, *mut usize) -> c_int,
    #[cfg(feature = "check")]
    ptx: unsafe extern "C" fn(Program, *mut c_char) -> c_int,
    destroy: unsafe extern "C" fn(*mut Program) -> c_int,
    error_string: unsafe extern "C" fn(c_int) -> *const c_char,
}

impl Nvrtc {
    /// Looks in the folder that [`FOLDER_VARIABLE`] names and nowhere else, or, if it names none, in
    /// the loader's path and the folders where CUDA is usually installed.
    ///
    /// # Errors
    /// Not found, or not usable.
    pub fn find() -> Result<Self, NvrtcError> {
        let folder = std::env::var_os(FOLDER_VARIABLE).map(PathBuf::from);
        Self::find_in(folder)
    }

    fn find_in(folder: Option<PathBuf>) -> Result<Self, NvrtcError> {
        let library = match &folder {
            Some(folder) => open_in(folder),
            None => NAMES
                .iter()
                .find_map(|name| open(Path::new(name)))
                .or_else(|| FOLDERS.iter().find_map(|folder| open_in(Path::new(folder)))),
        };
        let library = library.ok_or(NvrtcError::NotFound { folder })?;
        Self::bind(Box::leak(Box::new(library)))
    }

    fn bind(library: &'static Library) -> Result<Self, NvrtcError> {
        // SAFETY: names and types are those of nvrtc.h, unchanged since CUDA 11.2.
        unsafe {
            let version: Symbol<unsafe extern "C" fn(*mut c_int, *mut c_int) -> c_int> =
                symbol(library, c"nvrtcVersion")?;
            let count: Symbol<unsafe extern "C" fn(*mut c_int) -> c_int> =
                symbol(library, c"nvrtcGetNumSupportedArchs")?;
            let list: Symbol<unsafe extern "C" fn(*mut c_int) -> c_int> =
                symbol(library, c"nvrtcGetSupportedArchs")?;
            let mut nvrtc = Self {
                version: (0, 0),
                architectures: Vec::new(),
                create: *symbol(library, c"nvrtcCreateProgram")?,
                compile: *symbol(library, c"nvrtcCompileProgram")?,
                log_size: *symbol(library, c"nvrtcGetProgramLogSize")?,
                log: *symbol(library, c"nvrtcGetProgramLog")?,
                cubin_size: *symbol(library, c"nvrtcGetCUBINSize")?,
                cubin: *symbol(library, c"nvrtcGetCUBIN")?,
                #[cfg(feature = "check")]
                ptx_size: *symbol(library, c"nvrtcGetPTXSize")?,
                #[cfg(feature = "check")]
                ptx: *symbol(library, c"nvrtcGetPTX")?,
                destroy: *symbol(library, c"nvrtcDestroyProgram")?,
                error_string: *symbol(library, c"nvrtcGetErrorString")?,
            };
            let (mut major, mut minor, mut len) = (0, 0, 0);
            nvrtc.check(version(&raw mut major, &raw mut minor))?;
            nvrtc.check(count(&raw mut len))?;
            let mut architectures: Vec<c_int> = vec![0; usize::try_from(len).unwrap_or(0)];
            nvrtc.check(list(architectures.as_mut_ptr()))?;
            let number = |value: c_int| u32::try_from(value).unwrap_or(0);
            nvrtc.version = (number(major), number(minor));
            nvrtc.architectures = architectures.into_iter().map(number).collect();
            Ok(nvrtc)
        }
    }

    /// Major and minor.
    pub fn version(&self) -> (u32, u32) {
        self.version
    }

    /// The architecture to compile for: the device's own, or the latest before it of the same major
    /// number, whose code the device runs too. 90 stands for `sm_90`.
    ///
    /// # Errors
    /// There is none.
    pub fn architecture(&self, (major, minor): (u32, u32)) -> Result<u32, NvrtcError> {
        best_architecture(&self.architectures, (major, minor)).ok_or(NvrtcError::Architecture {
            version: self.version,
            major,
            minor,
        })
    }

    /// Compiles a source to code for an architecture. `name` is what messages call it.
    ///
    /// # Errors
    /// The source is refused, with the log.
    pub fn compile(
        &self,
        name: &str,
        source: &str,
        architecture: u32,
    ) -> Result<Compiled, NvrtcError> {
        let (program, log) = self.program(name, source, architecture, &OPTIONS)?;
        Ok(Compiled { cubin: program.bytes(self.cubin_size, self.cubin)?, log })
    }

    /// Compiles a source to PTX, which says in text what is executed but for the choice of registers.
    ///
    /// # Errors
    /// As [`Self::compile`].
    #[cfg(feature = "check")]
    pub fn ptx(&self, name: &str, source: &str, architecture: u32) -> Result<String, NvrtcError> {
        let virtually = OPTIONS.map(|option| option.replace("sm_", "compute_"));
        // The assembler is not called, and has no options.
        let options: Vec<&str> = virtually.iter().map(String::as_str).take(2).collect();
        let (program, _) = self.program(name, source, architecture, &options)?;
        let bytes = program.bytes(self.ptx_size, self.ptx)?;
        Ok(String::from_utf8_lossy(&bytes).trim_end_matches('\0').to_owned())
    }

    /// What the compiler made of a source, and its log.
    fn program(
        &self,
        name: &str,
        source: &str,
        architecture: u32,
        options: &[&str],
    ) -> Result<(Guard<'_>, String), NvrtcError> {
        let text = |text: &str| {
            CString::new(text).map_err(|_| NvrtcError::Unusable("a zero in a source".to_owned()))
        };
        let (name, source) = (text(name)?, text(source)?);
        let architecture = architecture.to_string();
        let options = options.iter().map(|option| text(&option.replace("{}", &architecture)));
        let options = options.collect::<Result<Vec<_>, _>>()?;
        let options: Vec<*const c_char> = options.iter().map(|option| option.as_ptr()).collect();
        let mut program = std::ptr::null_mut();
        let none = std::ptr::null();
        // SAFETY: strings end with a zero and live until the calls return; there are no headers.
        self.check(unsafe {
            (self.create)(&raw mut program, source.as_ptr(), name.as_ptr(), 0, none, none)
        })?;
        let program = Guard { nvrtc: self, program };
        let count = c_int::try_from(options.len()).unwrap_or(0);
        // SAFETY: the program was made above; `count` strings.
        let outcome = unsafe { (self.compile)(program.program, count, options.as_ptr()) };
        let log = program.bytes(self.log_size, self.log)?;
        let log = String::from_utf8_lossy(&log).trim_end_matches('\0').to_owned();
        if let Err(error) = self.check(outcome) {
            let log = if log.is_empty() { error.to_string() } else { log };
            return Err(NvrtcError::Compile { log });
        }
        Ok((program, log))
    }

    fn check(&self, code: c_int) -> Result<(), NvrtcError> {
        if code == 0 {
            return Ok(());
        }
        // SAFETY: it returns a constant string for every code.
        let text = unsafe { CStr::from_ptr((self.error_string)(code)) };
        Err(NvrtcError::Unusable(text.to_string_lossy().into_owned()))
    }
}

/// What every source is compiled with; `{}` is the architecture. Part of the key that compiled code is
/// kept under. `-v` reports registers and spills in the log.
pub(super) const OPTIONS: [&str; 3] =
    ["--gpu-architecture=sm_{}", "--std=c++17", "--ptxas-options=-v"];

/// A program, destroyed at the end.
struct Guard<'a> {
    nvrtc: &'a Nvrtc,
    program: Program,
}

impl Guard<'_> {
    /// What the pair of functions says of the program.
    fn bytes(
        &self,
        size: unsafe extern "C" fn(Program, *mut usize) -> c_int,
        get: unsafe extern "C" fn(Program, *mut c_char) -> c_int,
    ) -> Result<Vec<u8>, NvrtcError> {
        let mut len = 0;
        // SAFETY: the program lives; the pointer is valid.
        self.nvrtc.check(unsafe { size(self.program, &raw mut len) })?;
        let mut bytes = vec![0u8; len];
        // SAFETY: as many bytes as the call before asked for.
        self.nvrtc.check(unsafe { get(self.program, bytes.as_mut_ptr().cast()) })?;
        Ok(bytes)
    }
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        // SAFETY: made by the same library, destroyed once.
        unsafe { (self.nvrtc.destroy)(&raw mut self.program) };
    }
}

fn symbol<T>(library: &'static Library, name: &CStr) -> Result<Symbol<'static, T>, NvrtcError> {
    // SAFETY: the one caller gives the right types.
    unsafe { library.get(name.to_bytes_with_nul()) }
        .map_err(|error| NvrtcError::Unusable(error.to_string()))
}

fn open(path: &Path) -> Option<Library> {
    // SAFETY: NVRTC's initialisers are NVIDIA's to answer for.
    unsafe { Library::new(path) }.ok()
}

/// NVRTC from a folder. It looks for its second library by the loader's path alone, and finds it if that
/// is loaded already.
fn open_in(folder: &Path) -> Option<Library> {
    let path = NAMES.iter().map(|name| folder.join(name)).find(|path| path.exists())?;
    let builtins = std::fs::read_dir(folder).ok()?.filter_map(|entry| entry.ok());
    let builtins = builtins
        .filter(|entry| entry.file_name().to_string_lossy().starts_with("libnvrtc-builtins.so."));
    for entry in builtins {
        std::mem::forget(open(&entry.path()));
    }
    open(&path)
}

fn best_architecture(known: &[u32], (major, minor): (u32, u32)) -> Option<u32> {
    let runs = |&architecture: &u32| architecture / 10 == major && architecture % 10 <= minor;
    known.iter().copied().filter(runs).max()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_architecture_that_the_device_runs() {
        let known = [75, 80, 86, 89, 90, 100, 103, 120];
        for (capability, expected) in [
            ((9, 0), Some(90)),
            ((8, 6), Some(86)),
            ((8, 7), Some(86)),
            ((10, 1), Some(100)),
            ((12, 1), Some(120)),
            ((7, 0), None),
            ((13, 0), None),
        ] {
            assert_eq!(best_architecture(&known, capability), expected);
        }
    }

    #[test]
    fn a_folder_without_nvrtc_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let error = Nvrtc::find_in(Some(folder.path().into())).unwrap_err();
        let text = error.to_string();
        assert!(text.contains(&folder.path().display().to_string()), "{text}");
        assert!(text.contains(FOLDER_VARIABLE) && text.contains("pip install"), "{text}");
    }

    #[test]
    fn a_folder_with_something_else_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(NAMES[0]), "no library").unwrap();
        let error = Nvrtc::find_in(Some(folder.path().into())).unwrap_err();
        assert!(matches!(error, NvrtcError::NotFound { .. }));
    }
}
