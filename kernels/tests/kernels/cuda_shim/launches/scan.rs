//! `scan`: running sums and products of rows.

use pulseproof_kernels::element::Element;
use pulseproof_kernels::field::{FieldId, KernelField};
use pulseproof_kernels::gpu::Unit;
use pulseproof_kernels::with_field;

use super::{WORKGROUP, buffer, count, launch, rng, values};

fn running<F: KernelField>(op: u32, row: &[F]) -> Vec<F> {
    let combine = |a: F, b: F| if op == 0 { a + b } else { a * b };
    let mut total = None;
    row.iter().map(|&value| *total.insert(total.map_or(value, |t| combine(t, value)))).collect()
}

fn check<F: KernelField>(op: u32, rows: usize, row: usize) {
    let rng = &mut rng();
    let a: Vec<F> = (0..rows * row).map(|_| F::rand(rng)).collect();
    let chunks = row.div_ceil(WORKGROUP);
    let groups = rows * chunks;
    let (given, totals) = (buffer(&a), buffer(&vec![<F as Element>::zero(); groups]));
    let parameters = [count(rows), count(row), count(chunks), op];
    let threads = groups * WORKGROUP;
    launch(Unit::Scan(F::ID), "scan_chunks", threads, &[&given, &totals], &parameters);
    let within: Vec<F> =
        a.chunks(row).flat_map(|row| row.chunks(WORKGROUP)).flat_map(|c| running(op, c)).collect();
    assert_eq!(values::<F>(&given, a.len()), within);
    let lasts: Vec<F> = a
        .chunks(row)
        .flat_map(|row| row.chunks(WORKGROUP))
        .map(|chunk| *running(op, chunk).last().unwrap())
        .collect();
    assert_eq!(values::<F>(&totals, groups), lasts);

    let totals: Vec<F> = lasts.chunks(chunks).flat_map(|row| running(op, row)).collect();
    launch(Unit::Scan(F::ID), "scan_apply", threads, &[&given, &buffer(&totals)], &parameters);
    let whole: Vec<F> = a.chunks(row).flat_map(|row| running(op, row)).collect();
    assert_eq!(values::<F>(&given, a.len()), whole);
}

#[test]
fn rows_of_every_kind() {
    for id in FieldId::ALL {
        with_field!(id, F => {
            for op in [0, 2] {
                for (rows, row) in [(1, 1), (3, 5), (1, 64), (2, 65), (3, 200), (1, 256)] {
                    check::<F>(op, rows, row);
                }
            }
        });
    }
}
