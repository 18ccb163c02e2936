// Digits of scalars, and points sorted by the bucket that their digit names.
#include "kernel.cuh"

constexpr u32 SIGN = 1u << 31;

// Bits `at` to `at + 31` of an integer of `words` 32-bit words, continued with copies of `above`.
DEVICE u32 bits_at(const u32* integer, u32 words, u32 above, u32 at) {
    const u32 word = at / 32, shift = at % 32;
    const u32 low = word < words ? integer[word] : above;
    const u32 high = word + 1 < words ? integer[word + 1] : above;
    return __funnelshift_r(low, high, shift);
}

// Signed digits: −2^(c−1) < d ≤ 2^(c−1), where a digit above that lends 2^c from the next. The last
// digit of an integer with a sign keeps its sign instead.
KERNEL sort_digits(u32* __restrict__ digits, const u32* __restrict__ scalars, const Parameters p) {
    const u32 index = global_index(), total = p.w[0], count = p.w[1], words = 2 * p.w[2];
    const u32 window = p.w[3], windows = p.w[4], is_signed = p.w[5];
    if (index >= total) return;
    const u32 vector = index / count, i = index % count;
    const u32* scalar = scalars + (u64)index * words;
    const u32 above = is_signed && scalar[words - 1] >> 31 ? ~0u : 0;
    const u32 half = 1u << (window - 1);
    u32 carry = 0;
    for (u32 w = 0; w < windows; w++) {
        const u32 raw = bits_at(scalar, words, above, w * window) & (2 * half - 1);
        const u32 sum = raw + carry;
        const bool negative = is_signed && w + 1 == windows ? raw >= half : sum > half;
        const u32 magnitude = negative ? 2 * half - sum : sum;
        carry = negative;
        const u32 digit = magnitude | (negative && magnitude != 0 ? SIGN : 0);
        digits[((u64)vector * windows + w) * count + i] = digit;
    }
}

// Where digits lie, and the buckets they name.
struct Layout {
    u32 n, count, windows, window, stride;
};

DEVICE Layout layout_of(const Parameters& p) {
    return {p.w[0], p.w[1], p.w[2], p.w[3], p.w[4]};
}

// No bucket: the digit is zero, or there is none.
constexpr u32 NO_BUCKET = ~0u;

struct Place {
    u32 bucket, entry;
};

// The bucket of digit `index`, and the entry for it.
DEVICE Place place_of(const u32* digits, u32 index, const Layout& layout, u32 bases) {
    const u32 digit = index < layout.n ? digits[index] : 0;
    if (digit == 0) return {NO_BUCKET, 0};
    const u32 row = index / layout.count, i = index % layout.count;
    const u32 vector = row / layout.windows, w = row % layout.windows;
    const u32 groups = min_u32(layout.windows, layout.stride);
    const u32 group = vector * groups + w % layout.stride;
    const u32 bucket = (group << (layout.window - 1)) + (digit & ~SIGN) - 1;
    return {bucket, (w / layout.stride * bases + i) | (digit & SIGN)};
}

// Adds 1 to counters[bucket] for every lane of the warp that has a bucket, with one atomic for each
// bucket that occurs: skewed scalars put a whole warp into one. Returns what the counter was when it was
// this lane's turn.
DEVICE u32 take_turn(u32* counters, u32 bucket) {
    const u32 peers = __match_any_sync(ALL_LANES, bucket);
    const u32 leader = __ffs((int)peers) - 1;
    u32 first = 0;
    if (lane_index() == leader && bucket != NO_BUCKET) {
        first = atomicAdd(&counters[bucket], (u32)__popc(peers));
    }
    first = __shfl_sync(ALL_LANES, first, (int)leader);
    return first + (u32)__popc(peers & ((1u << lane_index()) - 1));
}

KERNEL sort_count(u32* __restrict__ counts, const u32* __restrict__ digits, const Parameters p) {
    const Layout layout = layout_of(p);
    take_turn(counts, place_of(digits, global_index(), layout, 0).bucket);
}

KERNEL sort_scatter(u32* __restrict__ entries, u32* __restrict__ cursors,
                    const u32* __restrict__ digits, const Parameters p) {
    const Layout layout = layout_of(p);
    const Place place = place_of(digits, global_index(), layout, p.w[5]);
    const u32 at = take_turn(cursors, place.bucket);
    if (place.bucket != NO_BUCKET) entries[at] = place.entry;
}

// Running sums over the lanes of a warp, the lane's own value included.
DEVICE u32 scan_warp(u32 value) {
#pragma unroll
    for (u32 distance = 1; distance < WARP; distance *= 2) {
        const u32 before = __shfl_up_sync(ALL_LANES, value, distance);
        if (lane_index() >= distance) value += before;
    }
    return value;
}

KERNEL sort_scan_chunks(u32* __restrict__ a, u32* __restrict__ totals, const Parameters p) {
    __shared__ u32 warps[WARP];
    const u32 i = global_index(), n = p.w[0];
    if (blockIdx.x * WORKGROUP >= n) return;
    const u32 value = i < n ? a[i] : 0;
    const u32 running = scan_warp(value);
    if (lane_index() == WARP - 1) warps[warp_index()] = running;
    __syncthreads();
    if (warp_index() == 0) {
        const bool used = lane_index() < WORKGROUP / WARP;
        const u32 sum = scan_warp(used ? warps[lane_index()] : 0);
        if (used) warps[lane_index()] = sum;
    }
    __syncthreads();
    const u32 inclusive = running + (warp_index() > 0 ? warps[warp_index() - 1] : 0);
    if (i < n) a[i] = inclusive - value;
    if (threadIdx.x == WORKGROUP - 1) totals[blockIdx.x] = inclusive;
}

KERNEL sort_scan_apply(u32* __restrict__ a, const u32* __restrict__ totals, const Parameters p) {
    const u32 i = global_index(), n = p.w[0];
    if (i < n) a[i] += totals[blockIdx.x];
}

KERNEL sort_tasks(u32* __restrict__ tasks, const u32* __restrict__ offsets, const Parameters p) {
    const u32 b = global_index(), n = p.w[0], length = p.w[1];
    if (b > n) return;
    u32 count = 0;
    if (b < n) count = length == 0 ? 1 : ceil_div(offsets[b + 1] - offsets[b], length);
    tasks[b] = count;
}
