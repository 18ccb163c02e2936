//! `scan.wgsl`.

use pulseproof_kernels::field::KernelField;
use pulseproof_kernels::gpu::{Device, Unit};
use pulseproof_kernels::wgpu::WgpuDevice;

use super::common::{download, elements, for_fields, rng, run_groups, u, upload};

fn chunks_and_apply<F: KernelField>(device: &WgpuDevice) {
    let rng = &mut rng();
    let workgroup = device.limits().workgroup as usize;
    for (rows, row, op) in [(3, 2 * workgroup + 17, 0), (2, workgroup, 2), (5, 3, 2), (1, 1, 0)] {
        let combine = |a: F, b: F| if op == 0 { a + b } else { a * b };
        let mut a = elements::<F>(rows * row, rng);
        if op == 2 {
            // One zero ends a row of products: the edges come last instead.
            a.reverse();
        }
        let chunks = row.div_ceil(workgroup);
        let parameters = [u(rows), u(row), u(chunks), op];
        let (da, totals) = (upload(device, &a), upload(device, &vec![F::ZERO; rows * chunks]));

        let unit = Unit::Scan(F::ID);
        let groups = rows * chunks;
        run_groups(device, (unit, "scan_chunks"), groups, &[&da, &totals], &parameters);
        let mut want = a;
        let mut want_totals = Vec::new();
        for chunk in want.chunks_mut(row).flat_map(|row| row.chunks_mut(workgroup)) {
            for i in 1..chunk.len() {
                chunk[i] = combine(chunk[i - 1], chunk[i]);
            }
            want_totals.extend(chunk.last());
        }
        assert_eq!(download::<F>(device, &da, rows * row), want);
        assert_eq!(download::<F>(device, &totals, groups), want_totals);

        // Any numbers will do as totals.
        let running = elements::<F>(groups, rng);
        let totals = upload(device, &running);
        run_groups(device, (unit, "scan_apply"), groups, &[&da, &totals], &parameters);
        for (r, row) in want.chunks_mut(row).enumerate() {
            for (c, chunk) in row.chunks_mut(workgroup).enumerate().skip(1) {
                for value in chunk {
                    *value = combine(running[r * chunks + c - 1], *value);
                }
            }
        }
        assert_eq!(download::<F>(device, &da, rows * row), want);
    }
}

for_fields!("scan": chunks_and_apply);
