//! Twins of `accumulate`.

use super::{Call, Twin};
use crate::group::Group;

pub(super) fn find<G: Group>(entry: &str) -> Option<Twin> {
    Some(match entry {
        "accumulate_points" => accumulate_points::<G>,
        "accumulate_sums" => accumulate_sums::<G>,
        _ => return None,
    })
}

/// The sums of all tasks, of items that are given by their positions. The first two parameters are
/// the same in both kernels.
fn tasks<G: Group>(
    call: &Call<'_>,
    offsets: &[u32],
    task_offsets: &[u32],
    item: impl Fn(usize) -> G,
) -> Vec<G> {
    let (buckets, length) = (call.number(0), call.number(1));
    let sum = |task: usize| {
        let bucket = task_offsets[..=buckets].partition_point(|&first| first as usize <= task) - 1;
        let (start, end) = (offsets[bucket] as usize, offsets[bucket + 1] as usize);
        let k = task - task_offsets[bucket] as usize;
        let items = match length {
            0 => start..end,
            _ => start + k * length..end.min(start + (k + 1) * length),
        };
        items.map(&item).sum()
    };
    call.threads(task_offsets[buckets] as usize).map(sum).collect()
}

fn accumulate_points<G: Group>(call: &mut Call<'_>) {
    let (bases, entries) = (call.get_points::<G>(1), call.get_halves(2));
    let (offsets, task_offsets) = (call.get_halves(3), call.get_halves(4));
    let item = |i: usize| -> G {
        let point: G = bases[(entries[i] & !(1 << 31)) as usize].into();
        if entries[i] >> 31 == 1 { -point } else { point }
    };
    let sums = tasks(call, &offsets, &task_offsets, item);
    call.set_sums(0, &sums);
}

fn accumulate_sums<G: Group>(call: &mut Call<'_>) {
    let items = call.get_sums::<G>(1);
    let (offsets, task_offsets) = (call.get_halves(2), call.get_halves(3));
    let sums = tasks(call, &offsets, &task_offsets, |i| items[i]);
    call.set_sums(0, &sums);
}
