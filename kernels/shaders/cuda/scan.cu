// Running sums and products of rows, a chunk of WORKGROUP elements in each workgroup.
#include "field/prime.cuh"

// What leaves the other operand as it is.
DEVICE Field neutral(u32 op) {
    return op == MUL ? one() : zero();
}

// Running totals over the lanes of a warp (Kogge, Stone).
DEVICE Field scan_warp(u32 op, Field value) {
#pragma unroll 1
    for (u32 distance = 1; distance < WARP; distance *= 2) {
        const Field before = shuffle_up(value, distance);
        if (lane_index() >= distance) value = combine(op, before, value);
    }
    return value;
}

KERNEL scan_chunks(u32* __restrict__ a, u32* __restrict__ totals, const Parameters p) {
    __shared__ Tile<WARP> warps;
    const u32 rows = p.w[0], row = p.w[1], chunks = p.w[2], op = p.w[3];
    const u32 group = blockIdx.x;
    if (group >= rows * chunks) return;
    const u32 position = group % chunks * WORKGROUP + threadIdx.x;
    const u64 i = (u64)(group / chunks) * row + position;
    const bool inside = position < row;

    Field value = scan_warp(op, inside ? load(a, i) : neutral(op));
    if (lane_index() == WARP - 1) warps.set(warp_index(), value);
    __syncthreads();
    if (warp_index() == 0) {
        const bool used = lane_index() < WORKGROUP / WARP;
        const Field total = scan_warp(op, used ? warps.get(lane_index()) : neutral(op));
        if (used) warps.set(lane_index(), total);
    }
    __syncthreads();
    if (warp_index() > 0) value = combine(op, warps.get(warp_index() - 1), value);
    if (inside) store(a, i, value);
    if (threadIdx.x == WORKGROUP - 1) store(totals, group, value);
}

KERNEL scan_apply(u32* __restrict__ a, const u32* __restrict__ totals, const Parameters p) {
    const u32 rows = p.w[0], row = p.w[1], chunks = p.w[2], op = p.w[3];
    const u32 group = blockIdx.x, chunk = group % chunks;
    const u32 position = chunk * WORKGROUP + threadIdx.x;
    if (group >= rows * chunks || chunk == 0 || position >= row) return;
    const u64 i = (u64)(group / chunks) * row + position;
    store(a, i, combine(op, load(totals, group - 1), load(a, i)));
}
