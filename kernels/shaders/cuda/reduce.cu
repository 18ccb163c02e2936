// Sums over the buckets of a set: Σ (j + 1)·B_j by segments, and plain sums.
#include "ec/xyzz.cuh"

// Σ (j − begin + 1)·B_j by running sums from the top, and begin·Σ B_j on it.
KERNEL reduce_buckets(u32* __restrict__ out, const u32* __restrict__ buckets, const Parameters p) {
    const u32 t = global_index(), sets = p.w[0], per_set = p.w[1], segment = p.w[2];
    const u32 segments = ceil_div(per_set, segment);
    if (t >= sets * segments) return;
    const u32 set = t / segments, begin = t % segments * segment;
    const u32 end = begin + min_u32(segment, per_set - begin);
    Point running = infinity(), total = infinity();
#pragma unroll 1
    for (u32 j = end; j > begin; j--) {
        add_to(running, point_at(buckets, (u64)set * per_set + j - 1));
        add_to(total, running);
    }
    multiply(running, begin);
    add_to(total, running);
    store_point(out, t, total);
}

KERNEL reduce_sums(u32* __restrict__ out, const u32* __restrict__ in, const Parameters p) {
    const u32 t = global_index(), sets = p.w[0], per_set = p.w[1], length = p.w[2];
    const u32 parts = ceil_div(per_set, length);
    if (t >= sets * parts) return;
    const u32 set = t / parts, begin = t % parts * length;
    const u32 end = begin + min_u32(length, per_set - begin);
    Point sum = infinity();
#pragma unroll 1
    for (u32 j = begin; j < end; j++) add_to(sum, point_at(in, (u64)set * per_set + j));
    store_point(out, t, sum);
}
