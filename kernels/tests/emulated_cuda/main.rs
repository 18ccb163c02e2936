//! [`CudaDevice`] on a machine without a device: over a driver and a compiler that run kernels on the host
//! (`driver.cpp`, `nvrtc.cpp`). What holds here holds of our code, and of the real driver as far as its documentation
//! goes.
//!
//! Libraries are found by the loader's path, which is read when a program starts: this one makes the libraries and
//! starts itself again. Faults are the process's, so each test that needs one is a process, too.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Barrier};
use std::thread;

use libtest_mimic::{Arguments, Failed, Trial};
use pulseproof_kernels::Error;
use pulseproof_kernels::backend::{Backend, Binary, BootstrapOps, FieldOps};
use pulseproof_kernels::bootstrap::BootstrapShape;
use pulseproof_kernels::check::{Kernel, cases, digest, naive, run};
use pulseproof_kernels::cuda::CudaDevice;
use pulseproof_kernels::field::{FieldId, Goldilocks};
use pulseproof_kernels::gpu::{Device, Gpu, Launch, Unit};
use pulseproof_kernels::traits::Field;
use rayon::prelude::*;
use tempfile::TempDir;

/// Set in the program that was started again.
const INNER: &str = "EMULATED_FOLDER";
/// See `driver.cpp`.
const CONTROL: &str = "EMULATED_CONTROL";
const EVENTS: &str = "EMULATED_EVENTS";
/// Names the one test that a process is for.
const ALONE: &str = "EMULATED_ALONE";

fn main() {
    if std::env::var_os(INNER).is_none() {
        let (mut command, own) = inner(&std::env::args().skip(1).collect::<Vec<_>>(), "");
        let status = command.status().unwrap();
        drop((command, own));
        std::process::exit(status.code().unwrap_or(1));
    }
    let arguments = Arguments::from_args();
    let mut trials: Vec<Trial> = Kernel::ALL
        .into_iter()
        .map(|kernel| trial(&format!("laws::{kernel}"), move || laws_hold(kernel)))
        .collect();
    let alone = std::env::var(ALONE).ok();
    for (name, control, body) in TESTS {
        match &alone {
            Some(alone) if alone == name => trials = vec![trial(name, body)],
            Some(_) => {}
            None => trials.push(trial(name, move || in_own_process(name, control))),
        }
    }
    libtest_mimic::run(&arguments, trials).exit();
}

fn trial(name: &str, body: impl FnOnce() + Send + 'static) -> Trial {
    Trial::test(name.to_owned(), move || {
        body();
        Ok::<(), Failed>(())
    })
}

/// Tests that change what the driver says, and how it is when they begin.
const TESTS: [(&str, &str, fn()); 6] = [
    ("transfers_side_by_side_end", "", transfers_side_by_side_end),
    ("launches_side_by_side_share_what_each_asks_for", "", launches_side_by_side),
    ("a_fault_ends_the_device_for_the_process", "", a_fault_ends_the_device),
    ("after_other_errors_it_opens_again", "", other_errors),
    ("admission_leaves_what_kernels_take", "", admission_leaves_what_kernels_take),
    ("little_is_kept_of_what_was_given_back", "memory 268435456\n", little_is_kept),
];

/// This program over the emulated libraries, as if a driver was installed.
fn inner(arguments: &[String], control: &str) -> (Command, TempDir) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("emulated");
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    fs::create_dir_all(&folder).unwrap();
    let lock = fs::File::create(folder.join("lock")).unwrap();
    lock.lock().unwrap();
    for (source, library) in [("driver.cpp", "libcuda.so"), ("nvrtc.cpp", "libnvrtc.so.13")] {
        build(&sources.join("emulated_cuda").join(source), &folder.join(library));
    }
    let own = tempfile::tempdir().unwrap();
    let [control_file, events] = ["control", "events"].map(|name| own.path().join(name));
    fs::write(&control_file, control).unwrap();
    fs::write(&events, "").unwrap();
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(arguments)
        .env("LD_LIBRARY_PATH", &folder)
        .env("PULSEPROOF_NVRTC", &folder)
        .env(INNER, &folder)
        .env("EMULATED_SHIM", sources.join("kernels/cuda_shim/shim/shim.h"))
        .env(CONTROL, control_file)
        .env(EVENTS, events);
    (command, own)
}

/// Compiles a library, unless it is newer than its source.
fn build(source: &Path, library: &Path) {
    let modified = |path: &Path| fs::metadata(path).and_then(|found| found.modified()).ok();
    if modified(library) > modified(source) {
        return;
    }
    let partial = library.with_extension("partial");
    let compiler = std::env::var_os("CXX").unwrap_or_else(|| "c++".into());
    let status = Command::new(&compiler)
        .args(["-O2", "-std=c++17", "-shared", "-fPIC", "-Wall", "-Wextra", "-Werror", "-o"])
        .args([&partial, source])
        .status()
        .unwrap_or_else(|error| {
            panic!("no C++ compiler: {compiler:?}: {error}; run ci/install, or set CXX")
        });
    assert!(status.success(), "{} does not compile", source.display());
    fs::rename(&partial, library).unwrap();
}

/// Runs a test in a process of its own.
fn in_own_process(name: &str, control: &str) {
    let (mut command, _own) = inner(&[], control);
    let outcome = command.env(ALONE, name).output().unwrap();
    let said =
        [outcome.stdout, outcome.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    assert!(outcome.status.success(), "{}", said.concat());
    assert!(said[0].contains("1 passed"), "{}", said.concat());
}

/// Says how the driver is from now on.
fn set(control: &str) {
    fs::write(PathBuf::from(std::env::var_os(CONTROL).unwrap()), control).unwrap();
}

fn device() -> CudaDevice {
    let control = PathBuf::from(std::env::var_os(CONTROL).unwrap());
    CudaDevice::open(0, control.with_file_name("cubins")).unwrap()
}

fn laws_hold(kernel: Kernel) {
    let gpu = Gpu::new(device()).into();
    let sizes: &[usize] = if kernel == Kernel::Msm { &[0, 1, 33] } else { &[0, 1, 2, 33, 600] };
    for case in cases(kernel, sizes, 1) {
        if let Err(difference) = run(&gpu, naive(), &case) {
            panic!("{difference}");
        }
    }
}

/// On rayon's threads, which take up others' work while they wait for the conversion of words.
fn transfers_side_by_side_end() {
    let gpu = Gpu::new(device());
    // In more parts than there are pinned buffers.
    let words: Vec<u64> = (0..3 * (1 << 19) + 7).collect();
    assert!(gpu.download(&gpu.upload(&words).unwrap()).unwrap() == words);
    (0..64u64).into_par_iter().for_each(|i| {
        let values: Vec<Goldilocks> = (0..40_000).map(|j| Goldilocks::from(i * j)).collect();
        let buffer = gpu.upload(&values).unwrap();
        assert_eq!(gpu.download(&buffer).unwrap(), values);
    });
}

fn launches_side_by_side() {
    let gpu = Gpu::new(device());
    let threads = 4;
    let barrier = Arc::new(Barrier::new(threads));
    thread::scope(|scope| {
        for i in 0..threads {
            let (gpu, barrier) = (gpu.clone(), Arc::clone(&barrier));
            scope.spawn(move || {
                // Each size shares another number of bytes, the largest more than launches may without asking.
                let shape = BootstrapShape {
                    dimension: 3,
                    log_size: [6, 8, 10, 11][i],
                    base_log: 8,
                    levels: 1,
                };
                let key = gpu.bootstrap_key(shape, &vec![0; shape.key_words()]).unwrap();
                let ciphertexts = gpu.upload(&vec![1u64; shape.row_from()]).unwrap();
                let tables = gpu.upload(&vec![5u64; shape.size()]).unwrap();
                barrier.wait();
                for _ in 0..20 {
                    gpu.pbs_batch(&key, &ciphertexts, &tables, &[0]).unwrap();
                }
            });
        }
    });
}

fn a_fault_ends_the_device() {
    let gpu = Gpu::new(device());
    let mut a = gpu.upload(&[Goldilocks::ONE; 40]).unwrap();
    let neighbour = gpu.upload(&[3u64]).unwrap();
    set("fault 700\n");
    // The launch itself says nothing: whoever asks next is told.
    gpu.map_scalar(Binary::Add, &mut a, Goldilocks::ONE).unwrap();
    let gone = |error: Error| assert!(matches!(error, Error::DeviceGone { .. }), "{error}");
    gone(gpu.download(&a).unwrap_err());
    assert_eq!(gpu.download(&neighbour), Err(Error::ForeignBuffer));
    // Not by another context of this process either.
    set("");
    gone(gpu.upload(&[1u64]).unwrap_err());
    gone(gpu.upload(&[1u64]).unwrap_err());
    gone(CudaDevice::open(0, tempfile::tempdir().unwrap().path().into()).map(drop).unwrap_err());
}

fn other_errors() {
    let gpu = Gpu::new(device());
    let mut a = gpu.upload(&[Goldilocks::ONE; 40]).unwrap();
    // CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES.
    set("error 701\n");
    let lost = gpu.map_scalar(Binary::Add, &mut a, Goldilocks::ONE);
    assert!(matches!(lost, Err(Error::DeviceLost { .. })), "{lost:?}");
    set("");
    assert_eq!(gpu.download(&a), Err(Error::ForeignBuffer));
    let mut a = gpu.upload(&[Goldilocks::ONE; 40]).unwrap();
    gpu.map_scalar(Binary::Add, &mut a, Goldilocks::ONE).unwrap();
    assert_eq!(gpu.download(&a).unwrap(), [Goldilocks::from(2u64); 40]);

    // Whoever still has memory from before, after somebody else opened the device again, does not lose that.
    let device = device();
    let old = device.allocate(1).unwrap();
    set("error 701\n");
    let unit = Unit::Vector(FieldId::Goldilocks);
    let (entry, shared_bytes) = ("vector_powers", 0);
    let launch = |memory| {
        let (buffers, parameters) = (&[memory][..], &[1; 20][..]);
        device.launch(&Launch { unit, entry, groups: 1, shared_bytes, buffers, parameters })
    };
    assert!(matches!(launch(&old), Err(Error::DeviceLost { .. })));
    set("");
    let new = device.allocate(1).unwrap();
    assert_eq!(device.generation(), 1);
    assert_eq!(launch(&old), Err(Error::ForeignBuffer));
    assert_eq!(launch(&new), Ok(()));
}

/// The driver takes memory when kernels that use much for each thread are first started: 128 MiB here.
fn admission_leaves_what_kernels_take() {
    let expected: HashMap<_, _> =
        multiplications().map(|case| (case.to_string(), digest(naive(), &case))).collect();
    let (mut done, mut refused) = (0, 0);
    for megabytes in (100..260).step_by(20) {
        set(&format!("memory {megabytes}000000\n"));
        for case in multiplications() {
            match digest(&Gpu::new(device()).into(), &case) {
                Err(Error::OutOfMemory { .. }) => refused += 1,
                result => {
                    assert_eq!(result, expected[&case.to_string()], "{case}, {megabytes} MB");
                    done += 1;
                }
            }
        }
    }
    let events = fs::read_to_string(std::env::var_os(EVENTS).unwrap()).unwrap();
    assert_eq!(events, "", "launches without memory");
    assert!(done > 0 && refused > 0, "{done} done, {refused} refused");
}

fn multiplications() -> impl Iterator<Item = pulseproof_kernels::check::Case> {
    cases(Kernel::Msm, &[33], 1).into_iter().take(2)
}

fn little_is_kept() {
    let gpu = Gpu::new(device());
    // A quarter of 256 MiB.
    for words in [2usize << 20, 3 << 20, 5 << 20, 7 << 20] {
        drop(gpu.zeros::<u64>(words).unwrap());
    }
    let free = device().available_bytes(&[]).unwrap();
    assert!(
        free >= (256 << 20) * 3 / 4 - (64 << 20) - (8 << 20),
        "{free} bytes are left to others"
    );
    // And something is.
    assert!(free < (256 << 20) - (64 << 20) - (8 << 20), "{free} bytes: nothing was kept");
}
