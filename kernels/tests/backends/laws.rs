//! The laws, on every backend and every kind of instructions: naive judges small sizes, the portable CPU large ones; and the portable
//! CPU is judged at large sizes by naive, where that takes linear time, and else by arkworks.

use libtest_mimic::Trial;
use pulseproof_kernels::backend::AnyBackend;
use pulseproof_kernels::check::{Kernel, cases, cpu_portable, naive, run};

use crate::arkworks;
use crate::suite::{Pace, Stage, Suite};

const SEED: u64 = 20_261_121;

pub struct Laws;

impl Suite for Laws {
    fn trials(&self, stage: &Stage) -> Vec<Trial> {
        if stage.pace == Pace::Naive {
            return Vec::new();
        }
        let is_portable = stage.name == "cpu-portable";
        let mut trials = Vec::new();
        for kernel in Kernel::ALL {
            let small =
                move |backend: &AnyBackend| agree(backend, naive(), kernel, small_sizes(kernel));
            trials.push(stage.trial(&format!("{kernel}-as-naive"), small));
            let sizes = large_sizes(kernel, stage.pace);
            if sizes.is_empty() {
                continue;
            }
            if !is_portable {
                let large =
                    move |backend: &AnyBackend| agree(backend, cpu_portable(), kernel, sizes);
                trials.push(stage.trial(&format!("{kernel}-as-cpu"), large));
            } else if naive_is_linear(kernel) {
                let large = move |backend: &AnyBackend| agree(backend, naive(), kernel, sizes);
                trials.push(stage.trial(&format!("{kernel}-as-naive-large"), large));
            }
        }
        if is_portable {
            trials.push(stage.trial("ntt-as-arkworks", |_| arkworks::transforms()));
            trials.push(stage.trial("msm-as-arkworks", |_| arkworks::multiplications()));
            trials.push(stage.trial("divide-out-as-horner", |_| arkworks::quotients()));
        }
        trials
    }
}

fn agree(a: &AnyBackend, b: &AnyBackend, kernel: Kernel, sizes: &[usize]) {
    for case in cases(kernel, sizes, SEED) {
        if let Err(difference) = run(a, b, &case) {
            panic!("{difference}");
        }
    }
}

/// Around one workgroup of a small device, and sizes that are no power of two.
fn small_sizes(kernel: Kernel) -> &'static [usize] {
    match kernel {
        Kernel::Msm => &[0, 1, 2, 3, 33],
        _ => &[0, 1, 2, 3, 8, 31, 64, 100, 257],
    }
}

/// Several workgroups, chunks and threads; sizes that end within one.
fn large_sizes(kernel: Kernel, pace: Pace) -> &'static [usize] {
    match (pace, kernel) {
        (_, Kernel::Refusals) => &[],
        (Pace::Fast, Kernel::Msm) => &[1000, 1 << 12],
        // Shapes of real keys, for a few ciphertexts.
        (Pace::Fast, Kernel::Bootstrap) => &[4097, 1 << 14],
        (_, Kernel::Bootstrap) => &[1001],
        (Pace::Fast, _) => &[4097, 3 << 13, 1 << 16],
        // One bucket takes in more than one thread may add.
        (_, Kernel::Msm) => &[1000],
        (_, _) => &[4097],
    }
}

fn naive_is_linear(kernel: Kernel) -> bool {
    !matches!(kernel, Kernel::Ntt | Kernel::Msm | Kernel::DivideOut | Kernel::Bootstrap)
}
