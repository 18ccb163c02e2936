//! The kernels as NVRTC compiles them: its PTX, carry chains, calls, shuffles and all, is executed instruction by
//! instruction, and must give the same bits as the naive algorithms. The host's compiler, behind the shim, sees other
//! code where sources have a line for each.
//!
//! Workgroups have 256 threads, as on a device. Every access must be within memory of its kind and aligned, every
//! barrier be met by all. Without NVRTC these tests are *ignored*, as those of `cuda_nvrtc`.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod arithmetic;
mod device;
mod machine;
mod program;
mod reader;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use device::{Change, PtxDevice};
use libtest_mimic::{Arguments, Failed, Trial};
use pulseproof_kernels::check::{Case, Input, Kernel, Operation, cases, naive, run};
use pulseproof_kernels::cuda::nvrtc::Nvrtc;
use pulseproof_kernels::gpu::Limits;
use pulseproof_kernels::gpu::{Gpu, Unit};
use pulseproof_kernels::group::GroupId;
use pulseproof_kernels::source;

const SEED: u64 = 1;

/// What a test does with the compiler.
type Body = Box<dyn Fn(&Arc<Nvrtc>) + Send>;

fn main() {
    let arguments = Arguments::from_args();
    let nvrtc = Nvrtc::find().map(Arc::new);
    let required = std::env::var_os("PULSEPROOF_REQUIRE_NVRTC").is_some_and(|value| value == "1");
    let ignored = nvrtc.is_err() && !required;
    if let (Err(error), true) = (&nvrtc, ignored) {
        eprintln!("skipped: what the compiler makes of CUDA sources is not executed: {error}");
    }
    let trial = |name: String, body: Body| {
        let nvrtc = nvrtc.clone();
        let run = move || {
            body(&nvrtc.map_err(|error| error.to_string())?);
            Ok::<(), Failed>(())
        };
        Trial::test(name, run).with_ignored_flag(ignored)
    };
    let kernels = Kernel::ALL.into_iter().filter(|&kernel| kernel != Kernel::Msm);
    let mut trials: Vec<Trial> = kernels
        .map(|kernel| {
            let body = move |nvrtc: &Arc<Nvrtc>| laws_hold(nvrtc, of(kernel), unchanged()).unwrap();
            trial(format!("laws::{kernel}"), Box::new(body))
        })
        .collect();
    trials.extend(GroupId::ALL.into_iter().map(|group| {
        let body = move |nvrtc: &Arc<Nvrtc>| {
            laws_hold(nvrtc, multiplications(group), unchanged()).unwrap();
        };
        trial(format!("laws::msm::{group}"), Box::new(body))
    }));
    let name = "other_architectures_have_instructions_that_are_known";
    trials.push(trial(name.to_owned(), Box::new(|nvrtc| others_are_read(nvrtc))));
    let name = "canary::what_a_compiler_could_get_wrong_is_found";
    trials.push(trial(name.to_owned(), Box::new(changes_are_found)));
    libtest_mimic::run(&arguments, trials).exit();
}

fn of(kernel: Kernel) -> Vec<Case> {
    cases(kernel, &[1, 2, 33, 600], SEED)
}

/// Every shape, and points that are doubled and cancel each other; the other inputs are left to faster machines.
fn multiplications(group: GroupId) -> Vec<Case> {
    let all = cases(Kernel::Msm, &[33], SEED).into_iter();
    let is_kept = |case: &Case| {
        matches!(case.work, Operation::Msm(of, _) if of == group)
            && matches!(case.input, Input::Random | Input::Edges)
    };
    all.filter(is_kept).collect()
}

fn laws_hold(nvrtc: &Arc<Nvrtc>, cases: Vec<Case>, change: Change) -> Result<(), String> {
    assert!(!cases.is_empty());
    let gpu = Gpu::new(PtxDevice::new(Arc::clone(nvrtc), 90, change)).into();
    for case in cases {
        run(&gpu, naive(), &case).map_err(|difference| difference.to_string())?;
    }
    Ok(())
}

fn others_are_read(nvrtc: &Nvrtc) {
    let limits = Limits { workgroup: 256, shared_bytes: 48 << 10, allocation_bytes_max: 1 << 30 };
    for architecture in [80, 120] {
        for unit in Unit::all() {
            let text = nvrtc.ptx(&unit.to_string(), &source::cuda(unit, limits), architecture);
            program::Program::read(&text.unwrap());
        }
    }
}

fn unchanged() -> Change {
    Arc::new(|text| text)
}

/// The n-th of some words, changed as a broken compiler might have written it, in each unit that has so many.
fn changed(from: &'static str, to: &'static str, n: usize) -> Change {
    Arc::new(move |text| match text.match_indices(from).nth(n) {
        Some((at, _)) => text[..at].to_owned() + to + &text[at + from.len()..],
        None => text,
    })
}

fn changes_are_found(nvrtc: &Arc<Nvrtc>) {
    let changes = [
        (Kernel::Map, "addc.cc.u32", "add.cc.u32"),
        (Kernel::Map, "subc.cc.u32", "sub.cc.u32"),
        (Kernel::Map, "madc.hi.cc.u32", "madc.lo.cc.u32"),
        (Kernel::Map, "setp.eq.s32", "setp.ne.s32"),
        (Kernel::Scan, "shfl.sync.up", "shfl.sync.idx"),
    ];
    let first = changes.map(|(kernel, from, to)| (kernel, from, changed(from, to, 0)));
    // Two transforms with two barriers each.
    let barrier = "bar.sync \t0;";
    let barriers = [0, 1, 2, 3].map(|n| (Kernel::Ntt, barrier, changed(barrier, "", n)));
    for (kernel, what, change) in first.into_iter().chain(barriers) {
        let judged = catch_unwind(AssertUnwindSafe(|| laws_hold(nvrtc, of(kernel), change)));
        // A panic is as good as a difference, unless it is that the machine does not know what it reads.
        let said = match judged {
            Ok(judged) => judged.expect_err(what),
            Err(panic) => panic.downcast_ref::<String>().cloned().unwrap_or_default(),
        };
        assert!(!said.contains("not known"), "{what}: {said}");
    }
}
