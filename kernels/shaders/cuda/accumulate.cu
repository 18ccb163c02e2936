// Sums of the points that the sort has put into buckets, a task in each thread.
#include "ec/task.cuh"
#include "ec/xyzz.cuh"

constexpr u32 SIGN = 1u << 31;

DEVICE Affine load_entry(const u32* bases, u32 entry) {
    return load_affine(bases, entry & ~SIGN);
}

KERNEL accumulate_points(u32* __restrict__ sums, const u32* __restrict__ bases,
                         const u32* __restrict__ entries, const u32* __restrict__ offsets,
                         const u32* __restrict__ task_offsets, const Parameters p) {
    const u32 t = global_index(), buckets = p.w[0], length = p.w[1];
    if (t >= task_offsets[buckets]) return;
    const Task task = task_of(t, offsets, task_offsets, buckets, length);
    Point sum = infinity();
#pragma unroll 1
    for (u32 i = task.begin; i < task.end; i++) {
        const u32 entry = entries[i];
        Affine base = load_entry(bases, entry);
        if (entry & SIGN) base.y = neg(base.y);
        sum = add_affine(sum, base);
    }
    store_point(sums, t, sum);
}

KERNEL accumulate_sums(u32* __restrict__ sums, const u32* __restrict__ items,
                       const u32* __restrict__ offsets, const u32* __restrict__ task_offsets,
                       const Parameters p) {
    const u32 t = global_index(), buckets = p.w[0], length = p.w[1];
    if (t >= task_offsets[buckets]) return;
    const Task task = task_of(t, offsets, task_offsets, buckets, length);
    Point sum = infinity();
#pragma unroll 1
    for (u32 i = task.begin; i < task.end; i++) add_to(sum, point_at(items, i));
    store_point(sums, t, sum);
}
