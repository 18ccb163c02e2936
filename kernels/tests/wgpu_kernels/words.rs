//! `words.wgsl`.

use pulseproof_kernels::gpu::Unit;
use pulseproof_kernels::wgpu::WgpuDevice;
use rand::Rng;

use super::common::{download, plain, rng, run, u, upload};

fn weighted_sums(device: &WgpuDevice) {
    let rng = &mut rng();
    for (n, count) in [(300, 5), (1, 1), (7, 40)] {
        let edges = [u64::MAX, 0, 1, 1 << 63, (1 << 63) - 1, 1 << 32, (1 << 32) - 1];
        let mut words = |len: usize| -> Vec<u64> {
            edges.into_iter().chain(std::iter::repeat_with(|| rng.r#gen())).take(len).collect()
        };
        let (vectors, weights) = (words(n * count), words(count));
        for signed in [false, true] {
            let zeros = vec![0u64; n];
            let (low, high) = (upload(device, &zeros), upload(device, &zeros));
            let (dv, dw) = (upload(device, &vectors), upload(device, &weights));
            let unit = (Unit::Words, "words_weighted_sums");
            let parameters = [u(n), u(count), u32::from(signed)];
            run(device, unit, n, &[&low, &high, &dv, &dw], &parameters);
            let sums: Vec<u128> = (0..n)
                .map(|j| {
                    (0..count).fold(0, |sum: u128, i| {
                        let v = vectors[i * n + j];
                        let wide = if signed {
                            i128::from(v.cast_signed()).cast_unsigned()
                        } else {
                            v.into()
                        };
                        sum.wrapping_add(wide.wrapping_mul(weights[i].into()))
                    })
                })
                .collect();
            let half = |shift| {
                sums.iter()
                    .map(|s| u64::try_from(s >> shift & u128::from(u64::MAX)).unwrap())
                    .collect::<Vec<_>>()
            };
            assert_eq!(download::<u64>(device, &low, n), half(0));
            assert_eq!(download::<u64>(device, &high, n), half(64));
        }
    }
}

plain!("words": weighted_sums);
