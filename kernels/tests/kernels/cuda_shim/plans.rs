//! All operations on the shim, by the same laws that every backend is held to.

use pulseproof_kernels::check::{Kernel, cases, naive, run};
use pulseproof_kernels::gpu::twin::TwinDevice;
use pulseproof_kernels::gpu::{Gpu, Limits};

use super::shim::ShimDevice;

/// Sizes around a workgroup of 32 as naive has it, and one of many workgroups as the twins do.
fn laws(kernel: Kernel) {
    laws_on(ShimDevice::new(32), kernel);
}

fn laws_on(device: ShimDevice, kernel: Kernel) {
    let gpu = Gpu::new(device).into();
    let limits = Limits { workgroup: 32, shared_bytes: 1 << 10, allocation_bytes_max: 1 << 30 };
    let twins = Gpu::new(TwinDevice::new(limits, 1 << 30)).into();
    let (small, large): (&[usize], &[usize]) = match kernel {
        Kernel::Msm => (&[0, 1, 33], &[300]),
        _ => (&[0, 1, 2, 31, 64, 100], &[2049]),
    };
    for case in cases(kernel, small, 3) {
        run(&gpu, naive(), &case).unwrap_or_else(|difference| panic!("{difference}"));
    }
    for case in cases(kernel, large, 4) {
        run(&gpu, &twins, &case).unwrap_or_else(|difference| panic!("{difference}"));
    }
}

#[test]
fn vectors_obey_the_laws() {
    let others = [Kernel::Ntt, Kernel::Msm, Kernel::Keyswitch, Kernel::Bootstrap, Kernel::Refusals];
    Kernel::ALL.into_iter().filter(|kernel| !others.contains(kernel)).for_each(laws);
}

#[test]
fn transforms_obey_the_laws() {
    laws(Kernel::Ntt);
}

#[test]
fn multiplications_obey_the_laws() {
    laws(Kernel::Msm);
}

#[test]
fn ciphertexts_obey_the_laws() {
    laws(Kernel::Keyswitch);
    laws(Kernel::Bootstrap);
}

/// With shared memory for every rotation, and with too little for any.
#[test]
fn rotations_obey_the_laws_wherever_they_are() {
    laws_on(ShimDevice::sharing(64, 96 << 10), Kernel::Bootstrap);
    laws_on(ShimDevice::sharing(64, 1 << 10), Kernel::Bootstrap);
}

#[test]
fn refusals_obey_the_laws() {
    laws(Kernel::Refusals);
}
