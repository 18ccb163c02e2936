//! The plans of all operations, on a device made of twins: the laws, little memory, faults, bisection.

use pulseproof_kernels::backend::Signedness;
use pulseproof_kernels::backend::{
    AnyBackend, Backend, Binary, BootstrapOps, FieldOps, MsmOps, NttOps, WordOps,
};
use pulseproof_kernels::bootstrap::KeyswitchShape;
use pulseproof_kernels::check::{
    self, Case, FieldOperation, Input, Kernel, MsmShape, Operation, Over, Points, cases, naive, run,
};
use pulseproof_kernels::cpu::Cpu;
use pulseproof_kernels::field::{FieldId, Goldilocks};
use pulseproof_kernels::gpu::bisect::UnknownEntry;
use pulseproof_kernels::gpu::twin::{Fault, TwinDevice};
use pulseproof_kernels::gpu::{Bisect, Buffer, Gpu, Limits};
use pulseproof_kernels::group::GroupId;
use pulseproof_kernels::msm::ScalarShape;
use pulseproof_kernels::traits::{AdditiveGroup, AffineRepr, Field};
use pulseproof_kernels::transform::{Direction, Transform};
use pulseproof_kernels::{Bn254, Error, G1, G1Affine};

const SEED: u64 = 1;

fn gpu() -> Gpu {
    Gpu::new(TwinDevice::small())
}

/// A backend, and the device that it is on.
fn gpu_on(device: TwinDevice) -> (Gpu, TwinDevice) {
    (Gpu::new(device.clone()), device)
}

fn agree(gpu: &Gpu, case: &Case) {
    if let Err(difference) = run(&gpu.clone().into(), naive(), case) {
        panic!("{difference}");
    }
}

fn digest(gpu: &Gpu, case: &Case) -> Result<[u8; 32], Error> {
    check::digest(&gpu.clone().into(), case)
}

fn msm(size: usize, levels: u32, vectors: usize, input: Input) -> Case {
    let points = Points::Distinct;
    let shape = MsmShape { bits: 64, signed: true, levels, vectors, spare: 5, points };
    Case { work: Operation::Msm(GroupId::Bn254G1, shape), size, input, seed: SEED }
}

#[test]
fn laws_hold_at_the_edges_of_workgroups() {
    let gpu = gpu();
    for kernel in Kernel::ALL {
        let sizes: &[usize] = match kernel {
            Kernel::Msm => &[0, 1, 3, 33],
            _ => &[0, 1, 2, 31, 32, 33, 130],
        };
        for case in cases(kernel, sizes, SEED) {
            agree(&gpu, &case);
        }
    }
}

#[test]
fn laws_hold_where_workgroups_share_enough_to_rotate() {
    let limits = Limits { workgroup: 32, shared_bytes: 48 << 10, allocation_bytes_max: 1 << 30 };
    let gpu = Gpu::new(TwinDevice::new(limits, 1 << 30));
    for case in cases(Kernel::Bootstrap, &[0, 1, 3, 33], SEED) {
        agree(&gpu, &case);
    }
}

#[test]
fn laws_hold_over_several_rounds_and_passes() {
    let gpu = gpu();
    let sizes = [
        (Kernel::Scan, 32 * 32 * 32 + 5),
        (Kernel::Evaluate, 64 * 64 + 1),
        (Kernel::DivideOut, 1000),
        (Kernel::Ntt, 1 << 9),
    ];
    for (kernel, size) in sizes {
        for case in cases(kernel, &[size], SEED) {
            let over = case.work.over();
            let wide = matches!(over, Over::Field(FieldId::Bls12_381 | FieldId::Goldilocks));
            if wide && matches!(case.input, Input::Random) {
                agree(&gpu, &case);
            }
        }
    }
}

/// Of widths that are whole windows, the last digit is −2^(c−1) or 2^(c−1) by its sign alone.
#[test]
fn the_last_digit_keeps_the_sign() {
    let gpu = gpu();
    for bits in 1..=24 {
        for levels in [1, 3] {
            let points = Points::Distinct;
            let shape = MsmShape { bits, signed: true, levels, vectors: 2, spare: 0, points };
            let work = Operation::Msm(GroupId::Bn254G1, shape);
            agree(&gpu, &Case { work, size: 40, input: Input::Edges, seed: SEED });
        }
        // The least integer of its width.
        let bases = vec![G1Affine::<Bn254>::generator()];
        let device = MsmOps::<G1<Bn254>>::bases(&gpu, &bases, 1).unwrap();
        let scalars = gpu.upload(&[(-1i64 << (bits - 1)).cast_unsigned()]).unwrap();
        let shape = ScalarShape { count: 1, bits, signed: true };
        let sum: Vec<G1<Bn254>> = gpu.msm_batch(&device, &scalars, shape).unwrap();
        assert_eq!(-sum[0], bases[0].mul_bigint([1 << (bits - 1)]), "{bits} bits");
    }
}

#[test]
fn everything_in_one_bucket() {
    agree(&gpu(), &msm(2200, 1, 1, Input::AllEqual));
    agree(&gpu(), &msm(700, 2, 2, Input::AllEqual));
    agree(&gpu(), &msm(700, 1, 1, Input::Small));
}

/// What a multiplication takes: its result, and how many steps it took.
fn steps((gpu, device): &(Gpu, TwinDevice), case: &Case) -> (Result<[u8; 32], Error>, u64) {
    device.fail(u64::MAX, Fault::DeviceLost);
    let result = digest(gpu, case);
    (result, device.steps())
}

#[test]
fn with_less_memory_a_multiplication_is_split_and_at_last_refused() {
    for levels in [1, 3] {
        let case = msm(700, levels, 3, Input::Random);
        let (expected, in_one_go) = steps(&gpu_on(TwinDevice::small()), &case);
        agree(&gpu(), &case);
        let (mut split, mut refused) = (0, 0);
        for eighths in (1..=8 * 10).rev() {
            let memory = (1 << (14 + eighths / 8)) + ((eighths % 8) << (11 + eighths / 8));
            let on = gpu_on(TwinDevice::with_memory(memory));
            match steps(&on, &case) {
                (Err(Error::OutOfMemory { needed, available, .. }), _) => {
                    assert!(needed > available);
                    refused += 1;
                }
                (result, steps) => {
                    assert_eq!(result, expected);
                    split += usize::from(steps > in_one_go);
                }
            }
            // Whatever happened, the next operation works, and nothing is left behind.
            assert_eq!(on.1.used_bytes(), 0);
            agree(&on.0, &cases(Kernel::Map, &[9], SEED)[0]);
        }
        assert!(split > 2 && refused > 2, "{split} split, {refused} refused");
    }
}

#[test]
fn bases_lie_in_blocks_that_can_be_allocated() {
    let case = msm(1200, 2, 1, Input::Random);
    let (expected, in_one_go) = steps(&gpu_on(TwinDevice::small()), &case);
    let mut split = 0;
    for allocation_bytes_max in [1 << 18, 1 << 17, 1 << 16, 1 << 15] {
        let limits = Limits { workgroup: 32, shared_bytes: 256, allocation_bytes_max };
        match steps(&gpu_on(TwinDevice::new(limits, 1 << 30)), &case) {
            (Err(Error::OutOfMemory { available, .. }), _) => {
                assert_eq!(available, allocation_bytes_max);
            }
            (result, steps) => {
                assert_eq!(result, expected);
                split += usize::from(steps > in_one_go);
            }
        }
    }
    assert!(split >= 2);
}

/// One case of each kernel that takes several steps.
fn faulty_cases() -> Vec<Case> {
    let kernels = [
        (Kernel::Copy, 40),
        (Kernel::Rotate, 40),
        (Kernel::Invert, 40),
        (Kernel::Scan, 1100),
        (Kernel::Evaluate, 70),
        (Kernel::DivideOut, 40),
        (Kernel::FirstNonzero, 40),
        (Kernel::Ntt, 64),
        (Kernel::WeightedSums, 5),
        (Kernel::Msm, 33),
        (Kernel::Keyswitch, 33),
        (Kernel::Bootstrap, 3),
    ];
    kernels.into_iter().map(|(kernel, size)| cases(kernel, &[size], SEED)[0]).collect()
}

#[test]
fn a_lost_device_is_an_error_at_every_step_and_opens_again() {
    for case in faulty_cases() {
        let (expected, count) = steps(&gpu_on(TwinDevice::small()), &case);
        for step in 0..count {
            let (gpu, device) = gpu_on(TwinDevice::small());
            device.fail(step, Fault::DeviceLost);
            let lost = digest(&gpu, &case).unwrap_err();
            assert!(matches!(lost, Error::DeviceLost { .. }), "{case}, step {step}: {lost}");
            assert_eq!(device.used_bytes(), 0, "{case}, step {step}");
            assert_eq!(digest(&gpu, &case), expected, "{case}, step {step}");
        }
    }
}

#[test]
fn no_memory_is_an_error_at_every_allocation_and_harms_nothing() {
    for case in faulty_cases() {
        let (expected, count) = steps(&gpu_on(TwinDevice::small()), &case);
        let mut refused = 0;
        for step in 0..count {
            let (gpu, device) = gpu_on(TwinDevice::small());
            let kept = gpu.upload(&[1u64, 2, 3]).unwrap();
            device.fail(step, Fault::OutOfMemory);
            // A table that is cached gives way, and then there is room.
            match digest(&gpu, &case) {
                Err(error) => {
                    assert!(matches!(error, Error::OutOfMemory { .. }), "{case}, step {step}");
                    refused += 1;
                }
                result => assert_eq!(result, expected, "{case}, step {step}"),
            }
            device.steps();
            assert_eq!(gpu.download(&kept).unwrap(), [1, 2, 3]);
            assert_eq!(digest(&gpu, &case), expected, "{case}, step {step}");
        }
        assert!(refused > 0, "{case}");
    }
}

#[test]
fn what_admission_did_not_foresee_is_split_further() {
    let several = [
        cases(Kernel::Keyswitch, &[33], SEED)[0],
        cases(Kernel::Bootstrap, &[3], SEED)[0],
        msm(33, 1, 3, Input::Random),
        msm(700, 2, 1, Input::Random),
    ];
    for case in several {
        let (expected, count) = steps(&gpu_on(TwinDevice::small()), &case);
        let mut split = 0;
        for step in 0..count {
            let on = gpu_on(TwinDevice::small());
            on.1.fail(step, Fault::OutOfMemory);
            let result = digest(&on.0, &case);
            if on.1.steps() > count {
                assert_eq!(result, expected, "{case}, step {step}");
                split += 1;
            }
        }
        assert!(split > 0, "{case}");
    }
}

#[test]
fn without_memory_nothing_is_changed_in_place() {
    type Operation = fn(&Gpu, &mut Buffer<Goldilocks>) -> Result<(), Error>;
    let operations: [Operation; 4] = [
        |gpu, a| gpu.invert(a),
        |gpu, a| gpu.scan(Binary::Mul, a, 2048),
        |gpu, a| gpu.ntt(&Transform::forward(11).on_coset(Goldilocks::from(7u64)), a),
        |gpu, a| gpu.ntt(&Transform::inverse(11).on_coset(Goldilocks::from(7u64)), a),
    ];
    let values: Vec<Goldilocks> = (1..=2048u64).map(Goldilocks::from).collect();
    for operation in operations {
        let mut refused = 0;
        for step in 0..20 {
            let (gpu, device) = gpu_on(TwinDevice::small());
            let mut a = gpu.upload(&values).unwrap();
            device.fail(step, Fault::OutOfMemory);
            let result = operation(&gpu, &mut a);
            device.steps();
            assert_eq!(gpu.download(&a).unwrap() == values, result.is_err(), "step {step}");
            refused += usize::from(result.is_err());
        }
        assert!(refused > 0);
    }
}

#[test]
fn what_a_lost_device_held_is_refused_before_and_after_it_opens_again() {
    let (gpu, device) = gpu_on(TwinDevice::small());
    let mut a = gpu.upload(&[Goldilocks::ONE; 40]).unwrap();
    let bases = MsmOps::<G1<Bn254>>::bases(&gpu, &[G1Affine::<Bn254>::generator()], 1).unwrap();
    device.fail(0, Fault::DeviceLost);
    let lost = gpu.map_scalar(Binary::Add, &mut a, Goldilocks::ONE);
    assert!(matches!(lost, Err(Error::DeviceLost { .. })));
    assert_eq!(gpu.download(&a), Err(Error::ForeignBuffer));
    assert_eq!(gpu.map_scalar(Binary::Add, &mut a, Goldilocks::ONE), Err(Error::ForeignBuffer));

    let scalars = gpu.upload(&[5u64]).unwrap();
    assert_eq!(gpu.download(&scalars).unwrap(), [5]);
    assert_eq!(gpu.download(&a), Err(Error::ForeignBuffer));
    let shape = ScalarShape::unsigned(1, 64);
    let stale: Result<Vec<G1<Bn254>>, _> = gpu.msm_batch(&bases, &scalars, shape);
    assert_eq!(stale, Err(Error::ForeignBuffer));
}

#[test]
fn buffers_of_another_device_are_refused() {
    let (gpu, other) = (gpu(), gpu());
    let mut mine = gpu.zeros::<Goldilocks>(4).unwrap();
    let mut foreign = other.zeros::<Goldilocks>(4).unwrap();
    let words = other.zeros::<u64>(4).unwrap();
    let refused = [
        gpu.download(&foreign).err(),
        gpu.copy(&foreign, 0..0, &mut mine, 0).err(),
        gpu.copy(&mine, 0..1, &mut foreign, 0).err(),
        gpu.map(Binary::Add, &mut mine, &foreign).err(),
        gpu.map_scalar(Binary::Add, &mut foreign, Goldilocks::ZERO).err(),
        gpu.add_scaled(&mut mine, Goldilocks::ZERO, &foreign).err(),
        gpu.rotate(&foreign, 1).err(),
        gpu.invert(&mut foreign).err(),
        gpu.scan(Binary::Add, &mut foreign, 4).err(),
        gpu.evaluate(&foreign, Goldilocks::ONE).err(),
        gpu.divide_out(&foreign, Goldilocks::ZERO).err(),
        gpu.to_integers(&foreign).err(),
        FieldOps::<Goldilocks>::from_integers(&gpu, &words).err(),
        gpu.first_nonzero(&foreign).err(),
        gpu.ntt(&Transform::forward(0), &mut foreign).err(),
        gpu.ntt(&Transform::forward(2), &mut foreign).err(),
        gpu.weighted_sums(&words, &[1], Signedness::Signed).err(),
    ];
    assert_eq!(refused, [const { Some(Error::ForeignBuffer) }; 17]);
    // A clone is the same backend.
    assert!(gpu.clone().download(&mine).is_ok());
}

/// Behind one type there may be any backend: what has another's memory is refused, whatever is asked.
#[test]
fn buffers_of_another_kind_of_backend_are_refused() {
    let (gpu, cpu) = (AnyBackend::from(gpu()), AnyBackend::from(Cpu::new()));
    for (mine, other) in [(&gpu, &cpu), (&cpu, &gpu)] {
        let mut own = mine.zeros::<Goldilocks>(4).unwrap();
        let mut foreign = other.zeros::<Goldilocks>(4).unwrap();
        let words = other.zeros::<u64>(4).unwrap();
        let point = [G1Affine::<Bn254>::generator()];
        let bases = MsmOps::<G1<Bn254>>::bases(other, &point, 1).unwrap();
        let (one, shape) = (mine.zeros::<u64>(1).unwrap(), ScalarShape::unsigned(1, 64));
        let keyswitch = KeyswitchShape { from: 1, to: 1, base_log: 1, levels: 1 };
        let key = other.keyswitch_key(keyswitch, &[1, 2]).unwrap();
        let refused = [
            mine.download(&foreign).err(),
            mine.copy(&foreign, 0..0, &mut own, 0).err(),
            mine.copy(&own, 0..1, &mut foreign, 0).err(),
            mine.map(Binary::Add, &mut own, &foreign).err(),
            mine.map_scalar(Binary::Add, &mut foreign, Goldilocks::ZERO).err(),
            mine.evaluate(&foreign, Goldilocks::ONE).err(),
            FieldOps::<Goldilocks>::from_integers(mine, &words).err(),
            mine.ntt(&Transform::forward(2), &mut foreign).err(),
            mine.weighted_sums(&words, &[1], Signedness::Signed).err(),
            mine.msm_batch(&bases, &one, shape).err(),
            mine.keyswitch_batch(&key, &mine.zeros::<u64>(2).unwrap()).err(),
        ];
        assert_eq!(refused, [const { Some(Error::ForeignBuffer) }; 11]);
    }
}

#[test]
fn tables_are_kept_while_there_is_room() {
    let (gpu, device) = gpu_on(TwinDevice::with_memory(1 << 16));
    let mut data = gpu.zeros::<Goldilocks>(1 << 10).unwrap();
    let mut transform = || {
        device.fail(u64::MAX, Fault::DeviceLost);
        gpu.ntt(&Transform::forward(10).on_coset(Goldilocks::from(7u64)), &mut data).unwrap();
        (device.steps(), device.used_bytes())
    };
    let (first, with_tables) = transform();
    assert_eq!(with_tables, (1 << 13) + (1 << 13) + (1 << 12));
    // Two allocations and two launches fewer.
    assert_eq!(transform(), (first - 4, with_tables));
    let large = gpu.zeros::<u64>(7 << 10).unwrap();
    assert_eq!(device.used_bytes(), 1 << 16);
    assert!(matches!(gpu.zeros::<u64>(1), Err(Error::OutOfMemory { .. })));
    drop(large);
    assert_eq!(transform(), (first, with_tables));
}

#[test]
fn bisection_finds_the_broken_kernel() {
    let case = cases(Kernel::Msm, &[33], SEED)[0];
    let expected = digest(&gpu(), &case).unwrap();
    let right_from = |entry: &str| {
        let device = TwinDevice::small();
        device.skip("accumulate_points");
        digest(&Gpu::new(Bisect::new(device, entry).unwrap()), &case).unwrap() == expected
    };
    for entry in ["sort_digits", "sort_scatter", "sort_tasks", "accumulate_points"] {
        assert!(!right_from(entry), "{entry}");
    }
    // Launched after the broken one, and not at all.
    for entry in ["accumulate_sums", "reduce_buckets", "reduce_sums", "ntt_dif"] {
        assert!(right_from(entry), "{entry}");
    }
    let unknown = Bisect::new(TwinDevice::small(), "msm").unwrap_err();
    assert_eq!(unknown, UnknownEntry("msm".into()));
    assert!(unknown.to_string().contains("vector_map, vector_map_scalar"));
}

#[test]
fn bisection_restarts_without_the_tables_of_the_device() {
    let device = TwinDevice::small();
    device.skip("vector_powers");
    let device = Bisect::new(device, "ntt_dif").unwrap();
    let reached = device.reached();
    let gpu = Gpu::new(device);
    let forward = |on_coset| {
        let forward = |case: &Case| {
            let Operation::Field(_, FieldOperation::Ntt { direction, coset, .. }) = case.work
            else {
                return false;
            };
            direction == Direction::Forward && coset == on_coset
        };
        cases(Kernel::Ntt, &[64], SEED).into_iter().find(forward).unwrap()
    };
    agree(&gpu, &forward(false));
    assert!(run(&gpu.clone().into(), naive(), &forward(true)).is_err());
    gpu.forget_tables();
    reached.reset();
    agree(&gpu, &forward(true));
}
