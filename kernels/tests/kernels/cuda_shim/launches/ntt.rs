//! `ntt`: passes of every shape against the transform's definition.

use pulseproof_kernels::field::{FieldId, KernelField};
use pulseproof_kernels::gpu::{Device as _, Unit};
use pulseproof_kernels::source::tile_log;
use pulseproof_kernels::{naive, with_field};

use super::{DEVICE, WORKGROUP, buffer, count, launch, rng, values};

fn reversed(i: usize, log_n: u32) -> usize {
    if log_n == 0 { 0 } else { i.reverse_bits() >> (usize::BITS - log_n) }
}

/// (first, count, lanes) of passes over all levels.
type Passes<'a> = &'a [(u32, u32, u32)];

fn run<F: KernelField>(
    entry: &'static str,
    data: &[F],
    omega: F,
    log_n: u32,
    passes: impl Iterator<Item = (u32, u32, u32)>,
) -> Vec<F> {
    let twiddles: Vec<F> = (0..1u64 << (log_n - 1)).map(|i| omega.pow([i])).collect();
    let (memory, twiddles) = (buffer(data), buffer(&twiddles));
    for (first, levels, lanes) in passes {
        let groups = data.len() >> (levels + lanes);
        let parameters = [log_n, first, levels, lanes];
        launch(Unit::Ntt(F::ID), entry, groups * WORKGROUP, &[&memory, &twiddles], &parameters);
    }
    values(&memory, data.len())
}

fn check<F: KernelField>(log_n: u32, rows: usize, passes: Passes<'_>) {
    let rng = &mut rng();
    let n = 1usize << log_n;
    let omega = F::get_root_of_unity(n as u64).unwrap();
    let data: Vec<F> = (0..rows * n).map(|_| F::rand(rng)).collect();
    let expected: Vec<Vec<F>> =
        data.chunks(n).map(|row| naive::transform(row, omega, F::ONE, n)).collect();

    let dif = run("ntt_dif", &data, omega, log_n, passes.iter().copied());
    for (row, expected) in dif.chunks(n).zip(&expected) {
        let natural: Vec<F> = (0..n).map(|i| row[reversed(i, log_n)]).collect();
        assert_eq!(&natural, expected, "dif 2^{log_n} {passes:?}");
    }

    let shuffled: Vec<F> = data
        .chunks(n)
        .flat_map(|row| (0..n).map(|i| row[reversed(i, log_n)]).collect::<Vec<_>>())
        .collect();
    let dit = run("ntt_dit", &shuffled, omega, log_n, passes.iter().rev().copied());
    assert_eq!(dit, expected.concat(), "dit 2^{log_n} {passes:?}");
}

#[test]
fn passes_of_every_shape() {
    for id in FieldId::ALL {
        let tile = tile_log(id, DEVICE.limits());
        assert!(tile >= 7, "passes below need this much");
        with_field!(id, F => {
            check::<F>(1, 1, &[(0, 1, 0)]);
            check::<F>(2, 3, &[(0, 2, 0)]);
            check::<F>(3, 2, &[(0, 1, 2), (1, 1, 1), (2, 1, 0)]);
            check::<F>(5, 1, &[(0, 2, 3), (2, 3, 0)]);
            check::<F>(7, 2, &[(0, 7, 0)]);
            check::<F>(8, 1, &[(0, 5, 2), (5, 3, 0)]);
            check::<F>(8, 2, &[(0, 3, 0), (3, 4, 1), (7, 1, 0)]);
        });
    }
}

#[test]
fn reverse_swaps_within_rows() {
    for id in FieldId::ALL {
        with_field!(id, F => {
            for (log_n, rows) in [(0, 3), (1, 2), (5, 3), (7, 1)] {
                let n = 1usize << log_n;
                let data: Vec<F> = (0..(rows * n) as u64).map(F::from).collect();
                let memory = buffer(&data);
                let parameters = [count(rows * n), log_n];
                launch(Unit::Ntt(id), "ntt_reverse", rows * n, &[&memory], &parameters);
                let expected: Vec<F> = data
                    .chunks(n)
                    .flat_map(|row| (0..n).map(|i| row[reversed(i, log_n)]).collect::<Vec<_>>())
                    .collect();
                assert_eq!(values::<F>(&memory, data.len()), expected, "{id}");
            }
        });
    }
}
