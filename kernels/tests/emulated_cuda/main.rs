//! [`CudaDevice`] on a machine without a device: over a driver and a compiler that run kernels on the host
//! (`driver.cpp`, `nvrtc.cpp`). What holds here holds of our code, and of the real driver as far as its documentation
//! goes.
//!
//! Libraries are found by the loader's path, which is read when a program starts: this one starts itself again, by way
//! of `ci/emulated-cuda`. Faults are the process's, so each test that needs one is a process, too.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, Barrier};
use std::thread;

use libtest_mimic::{Arguments, Failed, Trial};
use pulseproof_kernels::Error;
use pulseproof_kernels::backend::{
    AnyBackend, Backend, BackendKind, Binary, BootstrapOps, FieldOps,
};
use pulseproof_kernels::bootstrap::BootstrapShape;
use pulseproof_kernels::check::{
    Case, FieldOperation, Input, Kernel, LweOperation, Operation, cases, cpu_portable, digest,
    naive, run,
};
use pulseproof_kernels::cuda::CudaDevice;
use pulseproof_kernels::field::{FieldId, Goldilocks};
use pulseproof_kernels::gpu::worker::{WorkerDevice, process};
use pulseproof_kernels::gpu::{Device, Gpu, Launch, Unit};
use pulseproof_kernels::select::{self, BackendChoice};
use pulseproof_kernels::traits::Field;
use pulseproof_kernels::transform::{Direction, Order};
use rayon::prelude::*;
use tempfile::TempDir;

/// Set in the program that was started again.
const INNER: &str = "EMULATED_INNER";
const CUDA: BackendChoice = BackendChoice::Only(BackendKind::Cuda);
/// See `driver.cpp`.
const CONTROL: &str = "EMULATED_CONTROL";
const EVENTS: &str = "EMULATED_EVENTS";
/// Names the one test that a process is for.
const ALONE: &str = "EMULATED_ALONE";
/// Set in a process that has the device for another one.
const WORKER: &str = "EMULATED_WORKER";

fn main() {
    if std::env::var_os(WORKER).is_some() {
        process::end_with_parent().unwrap();
        return select::work(CUDA, process::own_stream().unwrap()).unwrap();
    }
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
    for (name, cases) in production() {
        trials.push(trial(&format!("production::{name}"), move || {
            let gpu = Gpu::new(device()).into();
            for case in cases {
                run(&gpu, cpu_portable(), &case).unwrap();
            }
        }));
    }
    let alone = std::env::var(ALONE).ok();
    for (name, control, body) in TESTS {
        match &alone {
            Some(alone) if alone == name => trials = vec![trial(name, body)],
            Some(_) => {}
            None => trials.push(trial(name, move || in_own_process(name, control))),
        }
    }
    for (name, said, body) in CANARIES {
        match &alone {
            Some(alone) if alone == name => trials = vec![trial(name, body)],
            Some(_) => {}
            None => trials.push(trial(&format!("canary::{name}"), move || ends(name, said))),
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

/// What the emulated driver must not let pass, and what it says before it ends the process.
const CANARIES: [(&str, &str, fn()); 2] = [
    ("a_kernel_that_writes_beyond_a_buffer_is_found", "wrote beyond a buffer", writes_beyond),
    ("more_shared_memory_than_there_is_is_refused", "DeviceLost", shares_too_much),
];

/// Tests that change what the driver says, and how it is when they begin.
const TESTS: [(&str, &str, fn()); 9] = [
    ("transfers_side_by_side_end", "", transfers_side_by_side_end),
    ("launches_side_by_side_share_what_each_asks_for", "", launches_side_by_side),
    ("a_fault_ends_the_device_for_the_process", "", a_fault_ends_the_device),
    ("after_other_errors_it_opens_again", "", other_errors),
    ("admission_leaves_what_kernels_take", "", admission_leaves_what_kernels_take),
    ("a_fault_ends_a_worker_alone", "", a_fault_ends_a_worker),
    ("a_worker_that_is_killed_is_missed_by_nobody", "", a_killed_worker),
    ("laws_hold_in_another_process", "", laws_hold_in_another_process),
    ("little_is_kept_of_what_was_given_back", "memory 268435456\n", little_is_kept),
];

/// This program over the emulated libraries, as if a driver was installed.
fn inner(arguments: &[String], control: &str) -> (Command, TempDir) {
    let own = tempfile::tempdir().unwrap();
    let [control_file, events] = ["control", "events"].map(|name| own.path().join(name));
    fs::write(&control_file, control).unwrap();
    fs::write(&events, "").unwrap();
    let mut command = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../ci/emulated-cuda"));
    command
        .arg(std::env::current_exe().unwrap())
        .args(arguments)
        .env("EMULATED_FOLDER", concat!(env!("CARGO_TARGET_TMPDIR"), "/emulated"))
        .env(INNER, "yes")
        .env(CONTROL, control_file)
        .env(EVENTS, events);
    (command, own)
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

fn control() -> PathBuf {
    std::env::var_os(CONTROL).unwrap().into()
}

/// Runs a canary in a process of its own, which must fail and say why.
fn ends(name: &str, why: &str) {
    let (mut command, _own) = inner(&[], "");
    let outcome = command.env(ALONE, name).output().unwrap();
    let said = String::from_utf8_lossy(&[outcome.stdout, outcome.stderr].concat()).into_owned();
    assert!(!outcome.status.success() && said.contains(why), "{said}");
}

fn start(device: &CudaDevice, shared_bytes: u32, words: usize) {
    let memory = device.allocate(words).unwrap();
    let (unit, entry) = (Unit::Vector(FieldId::Goldilocks), "vector_powers");
    let buffers = &[&memory][..];
    // Writes 4,100 powers.
    let parameters = &[4100, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1][..];
    let launch = Launch { unit, entry, groups: 20, shared_bytes, buffers, parameters };
    device.launch(&launch).unwrap();
    device.synchronize().unwrap();
}

fn writes_beyond() {
    start(&device(), 0, 4100);
    // As much as is taken for so many, and four words less than is written.
    start(&device(), 0, 4096);
}

fn shares_too_much() {
    start(&device(), 200 << 10, 4100);
}

/// Says how the driver is from now on.
fn set(control: &str) {
    fs::write(self::control(), control).unwrap();
}

fn device() -> CudaDevice {
    CudaDevice::open(0, control().with_file_name("cubins")).unwrap()
}

/// The device by way of a process.
fn worker() -> WorkerDevice {
    let start = process::started(|_| {
        let mut command = Command::new(std::env::current_exe()?);
        command.env(WORKER, "yes").env("XDG_CACHE_HOME", control().with_file_name("cache"));
        Ok(command)
    });
    WorkerDevice::open(BackendKind::Cuda, start).unwrap()
}

fn laws_hold(kernel: Kernel) {
    laws_hold_on(&Gpu::new(device()).into(), kernel);
}

fn laws_hold_in_another_process() {
    let gpu = Gpu::new(worker()).into();
    for kernel in Kernel::ALL {
        laws_hold_on(&gpu, kernel);
    }
}

fn laws_hold_on(gpu: &AnyBackend, kernel: Kernel) {
    let sizes: &[usize] = if kernel == Kernel::Msm { &[0, 1, 33] } else { &[0, 1, 2, 33, 600] };
    for case in cases(kernel, sizes, 1) {
        if let Err(difference) = run(gpu, naive(), &case) {
            panic!("{difference}");
        }
    }
}

/// Sizes as they are in use, which the naive algorithms do not reach: several passes of transforms, real keys'
/// polynomials. The other inputs are those of the laws.
fn production() -> Vec<(&'static str, Vec<Case>)> {
    let case = |work, size| Case { work, size, input: Input::Random, seed: 1 };
    let transform = |field, log_size, direction| {
        let shape = FieldOperation::Ntt { log_size, direction, order: Order::Natural, coset: true };
        case(Operation::Field(field, shape), 1 << log_size)
    };
    let both = |field, log_size| {
        [Direction::Forward, Direction::Inverse].map(|way| transform(field, log_size, way))
    };
    let bootstrap = |log_size, base_log, levels| {
        let shape = BootstrapShape { dimension: 2, log_size, base_log, levels };
        case(Operation::Lwe(LweOperation::Bootstrap { shape, tables: 2 }), 3)
    };
    let mut transforms: Vec<Case> =
        FieldId::ALL.into_iter().flat_map(|field| both(field, 13)).collect();
    // Three passes.
    transforms.extend(both(FieldId::Goldilocks, 17));
    let bootstraps = [(10, 15, 2), (11, 23, 1), (12, 23, 1), (12, 12, 2)];
    let bootstraps = bootstraps.map(|(log_size, base, levels)| bootstrap(log_size, base, levels));
    vec![("transforms", transforms), ("bootstraps", bootstraps.into())]
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

/// After which the driver serves that process no more, and this one as before.
fn a_fault_ends_a_worker() {
    let gpu = Gpu::new(worker());
    let sum = |gpu: &Gpu| {
        let mut a = gpu.upload(&[Goldilocks::ONE; 40])?;
        gpu.map_scalar(Binary::Add, &mut a, Goldilocks::ONE)?;
        gpu.download(&a)
    };
    let two = vec![Goldilocks::from(2u64); 40];
    assert_eq!(sum(&gpu), Ok(two.clone()));
    for code in [700, 719] {
        let before = gpu.upload(&[3u64]).unwrap();
        set(&format!("fault {code}\n"));
        for _ in 0..2 {
            match sum(&gpu) {
                Err(Error::DeviceLost { reason, .. }) => {
                    assert!(reason.contains(&code.to_string()), "{reason}");
                }
                other => panic!("{other:?}"),
            }
        }
        set("");
        assert_eq!(sum(&gpu), Ok(two.clone()));
        assert_eq!(gpu.download(&before), Err(Error::ForeignBuffer));
    }
}

/// As when a driver crashes, or the system ends what takes too much memory.
fn a_killed_worker() {
    let gpu = Gpu::new(worker());
    for (signal, name) in [(9, "SIGKILL"), (6, "SIGABRT")] {
        let mut values = gpu.upload(&[Goldilocks::ONE; 40]).unwrap();
        set(&format!("signal {signal}\n"));
        let sum = gpu.map_scalar(Binary::Add, &mut values, Goldilocks::ONE);
        let lost = sum.and_then(|()| gpu.download(&values)).unwrap_err();
        assert!(matches!(lost, Error::DeviceLost { .. }), "{lost}");
        assert!(lost.to_string().contains(name), "{lost}");
        set("");
        let values = gpu.upload(&[3u64; 100]).unwrap();
        assert_eq!(gpu.download(&values).unwrap(), [3; 100]);
    }
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

fn multiplications() -> impl Iterator<Item = Case> {
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
