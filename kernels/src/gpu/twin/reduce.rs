//! Twins of `reduce`.

use std::ops::Range;

use super::{Call, Twin};
use crate::group::Group;

pub(super) fn find<G: Group>(entry: &str) -> Option<Twin> {
    Some(match entry {
        "reduce_buckets" => reduce_buckets::<G>,
        "reduce_sums" => reduce_sums::<G>,
        _ => return None,
    })
}

/// Calls `sum` with a set and the positions in it that a thread reads, for every thread.
fn segments<G: Group>(call: &mut Call<'_>, sum: impl Fn(&[G], Range<usize>) -> G) {
    let [sets, per_set, length] = [0, 1, 2].map(|at| call.number(at));
    let left = per_set.div_ceil(length);
    let items = call.get_sums::<G>(1);
    let sums: Vec<G> = call
        .threads(sets * left)
        .map(|thread| {
            let (set, k) = (thread / left, thread % left);
            let items = &items[set * per_set..(set + 1) * per_set];
            sum(items, k * length..per_set.min((k + 1) * length))
        })
        .collect();
    call.set_sums(0, &sums);
}

fn reduce_buckets<G: Group>(call: &mut Call<'_>) {
    segments(call, |buckets: &[G], segment| {
        segment.map(|j| buckets[j] * G::ScalarField::from(j as u64 + 1)).sum()
    });
}

fn reduce_sums<G: Group>(call: &mut Call<'_>) {
    segments(call, |sums: &[G], segment| segment.map(|j| sums[j]).sum());
}
