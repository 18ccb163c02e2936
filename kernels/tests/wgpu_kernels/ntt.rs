//! `ntt.wgsl`.

use pulseproof_kernels::field::KernelField;
use pulseproof_kernels::gpu::{Device, Unit};
use pulseproof_kernels::source::tile_log;
use pulseproof_kernels::wgpu::{WgpuDevice, WgpuMemory};

use super::common::{download, elements, for_fields, rng, run, run_groups, u, upload};

const ROWS: usize = 2;

/// The passes over 2^`log_n` elements with at most `levels` levels and 2^`lanes` lanes, the last
/// without lanes where the distance leaves no room: first level, levels, lanes.
fn passes(log_n: u32, levels: u32, lanes: u32) -> Vec<(u32, u32, u32)> {
    (0..log_n)
        .step_by(levels as usize)
        .map(|first| {
            let count = levels.min(log_n - first);
            (first, count, lanes.min(log_n - first - count))
        })
        .collect()
}

fn transform<F: KernelField>(
    device: &WgpuDevice,
    entry: &'static str,
    data: &WgpuMemory,
    twiddles: &WgpuMemory,
    log_n: u32,
    passes: &[(u32, u32, u32)],
) {
    for &(first, count, lanes) in passes {
        let groups = ROWS << (log_n - count - lanes);
        let parameters = [log_n, first, count, lanes];
        run_groups(device, (Unit::Ntt(F::ID), entry), groups, &[data, twiddles], &parameters);
    }
}

fn reversed(i: usize, log_n: u32) -> usize {
    if log_n == 0 { i } else { i.reverse_bits() >> (usize::BITS - log_n) }
}

fn dif_and_dit<F: KernelField>(device: &WgpuDevice) {
    let rng = &mut rng();
    let tile = tile_log(F::ID, device.limits());
    let shapes = [(1, 1, 0), (5, 3, 2), (6, 6, 0), (9, 4, 3), (tile, tile, 0), (6, 1, 4)];
    for (log_n, levels, lanes) in shapes {
        let n = 1usize << log_n;
        let root = F::get_root_of_unity(n as u64).unwrap();
        let powers: Vec<F> =
            std::iter::successors(Some(F::ONE), |&w| Some(w * root)).take(n).collect();
        let a = elements::<F>(ROWS * n, rng);
        // The definition, and its values at bit-reversed positions. Long ones are sampled.
        let value = |row: &[F], i: usize| -> F {
            row.iter().enumerate().map(|(j, c)| *c * powers[i * j % n]).sum()
        };
        let sampled: Vec<usize> =
            if n <= 64 { (0..n).collect() } else { vec![0, 1, 2, n / 2 + 3, n - 1] };

        let twiddles = upload(device, &powers[..n / 2]);
        let data = upload(device, &a);
        let mut passes = passes(log_n, levels, lanes);
        transform::<F>(device, "ntt_dif", &data, &twiddles, log_n, &passes);
        let got = download::<F>(device, &data, ROWS * n);
        for (row, got) in a.chunks(n).zip(got.chunks(n)) {
            for &i in &sampled {
                assert_eq!(got[reversed(i, log_n)], value(row, i), "dif 2^{log_n}, {i}");
            }
        }

        let mut permuted = a.clone();
        for (permuted, row) in permuted.chunks_mut(n).zip(a.chunks(n)) {
            for (i, &c) in row.iter().enumerate() {
                permuted[reversed(i, log_n)] = c;
            }
        }
        let data = upload(device, &permuted);
        passes.reverse();
        transform::<F>(device, "ntt_dit", &data, &twiddles, log_n, &passes);
        let got = download::<F>(device, &data, ROWS * n);
        for (row, got) in a.chunks(n).zip(got.chunks(n)) {
            for &i in &sampled {
                assert_eq!(got[i], value(row, i), "dit 2^{log_n}, {i}");
            }
        }
    }
}

fn reverse<F: KernelField>(device: &WgpuDevice) {
    let rng = &mut rng();
    for log_n in [0, 1, 5, 9] {
        let n = ROWS << log_n;
        let a = elements::<F>(n, rng);
        let data = upload(device, &a);
        run(device, (Unit::Ntt(F::ID), "ntt_reverse"), n, &[&data], &[u(n), log_n]);
        let mask = (1 << log_n) - 1;
        let want: Vec<F> = (0..n).map(|i| a[i & !mask | reversed(i & mask, log_n)]).collect();
        assert_eq!(download::<F>(device, &data, n), want);
    }
}

for_fields!("ntt": dif_and_dit, reverse);
