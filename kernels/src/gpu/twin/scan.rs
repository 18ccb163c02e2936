//! Twins of `scan`.

use super::{Call, Twin};
use crate::field::KernelField;

pub(super) fn find<F: KernelField>(entry: &str) -> Option<Twin> {
    Some(match entry {
        "scan_chunks" => scan_chunks::<F>,
        "scan_apply" => scan_apply::<F>,
        _ => return None,
    })
}

fn combine<F: KernelField>(op: usize, a: F, b: F) -> F {
    match op {
        0 => a + b,
        2 => a * b,
        _ => panic!("no running total has the number {op}"),
    }
}

/// The elements of a group's chunk, and the chunk's number in its row.
fn chunk(call: &Call<'_>, group: usize) -> (std::ops::Range<usize>, usize) {
    let (row, chunks, size) = (call.number(1), call.number(2), call.workgroup());
    let (start, chunk) = (group / chunks * row, group % chunks);
    (start + chunk * size..start + row.min((chunk + 1) * size), chunk)
}

fn scan_chunks<F: KernelField>(call: &mut Call<'_>) {
    let (rows, chunks, op) = (call.number(0), call.number(2), call.number(3));
    let (mut a, mut totals) = (call.get::<F>(0), call.get::<F>(1));
    for group in call.groups(rows * chunks) {
        let (elements, _) = chunk(call, group);
        for i in elements.clone().skip(1) {
            a[i] = combine(op, a[i - 1], a[i]);
        }
        totals[group] = a[elements.end - 1];
    }
    call.set(0, &a);
    call.set(1, &totals);
}

fn scan_apply<F: KernelField>(call: &mut Call<'_>) {
    let (rows, chunks, op) = (call.number(0), call.number(2), call.number(3));
    let (mut a, totals) = (call.get::<F>(0), call.get::<F>(1));
    for group in call.groups(rows * chunks) {
        let (elements, number) = chunk(call, group);
        if number > 0 {
            for i in elements {
                a[i] = combine(op, totals[group - 1], a[i]);
            }
        }
    }
    call.set(0, &a);
}
