// Levels of a transform, `count` of them in one pass over memory; see ../README.md for the order of
// tiles.
#include "field/prime.cuh"

// Which elements of the data this workgroup's tile holds.
struct Place {
    u32 log_n, first, count, lanes;
    // Position within the row of the tile's first element, and of the row itself.
    u32 offset;
    u64 row;

    // Position within the row of the tile's element `at`.
    DEVICE_MEMBER u32 position(u32 at) const {
        const u32 m = at >> lanes, lane = at & ((1u << lanes) - 1);
        return offset + (m << (log_n - first - count)) + lane;
    }

    DEVICE_MEMBER u32 size() const {
        return 1u << (count + lanes);
    }
};

DEVICE Place place_of(const Parameters& p) {
    Place r;
    r.log_n = p.w[0];
    r.first = p.w[1];
    r.count = p.w[2];
    r.lanes = p.w[3];
    const u32 log_low = r.log_n - r.first - r.count - r.lanes;
    const u32 group = blockIdx.x, tile = group & ((1u << (r.first + log_low)) - 1);
    const u32 high = tile >> log_low, low = tile & ((1u << log_low) - 1);
    r.row = (u64)(group >> (r.first + log_low)) << r.log_n;
    r.offset = (high << (r.log_n - r.first)) + (low << r.lanes);
    return r;
}

using NttTile = Tile<1u << TILE_LOG>;

DEVICE void load_tile(NttTile& tile, const u32* a, const Place& place) {
    for (u32 at = threadIdx.x; at < place.size(); at += WORKGROUP) {
        tile.set(at, load(a, place.row + place.position(at)));
    }
    __syncthreads();
}

DEVICE void store_tile(u32* a, const NttTile& tile, const Place& place) {
    for (u32 at = threadIdx.x; at < place.size(); at += WORKGROUP) {
        store(a, place.row + place.position(at), tile.get(at));
    }
}

// A butterfly of level first + step: where its elements lie in the tile, and its twiddle.
struct Butterfly {
    u32 u, v;
    Field twiddle;
};

DEVICE Butterfly butterfly(u32 index, u32 step, const Place& place, const u32* twiddles) {
    const u32 log_distance = place.count - 1 - step + place.lanes;
    const u32 below = index & ((1u << log_distance) - 1);
    const u32 level = place.first + step;
    Butterfly r;
    r.u = (index - below) * 2 + below;
    r.v = r.u + (1u << log_distance);
    const u32 k = place.position(r.u) & ((1u << (place.log_n - level - 1)) - 1);
    r.twiddle = load(twiddles, k << level);
    return r;
}

KERNEL ntt_dif(u32* __restrict__ a, const u32* __restrict__ twiddles, const Parameters p) {
    __shared__ NttTile tile;
    const Place place = place_of(p);
    load_tile(tile, a, place);
#pragma unroll 1
    for (u32 step = 0; step < place.count; step++) {
        for (u32 index = threadIdx.x; index < place.size() / 2; index += WORKGROUP) {
            const Butterfly at = butterfly(index, step, place, twiddles);
            const Field u = tile.get(at.u), v = tile.get(at.v);
            tile.set(at.u, add(u, v));
            tile.set(at.v, mul(sub(u, v), at.twiddle));
        }
        __syncthreads();
    }
    store_tile(a, tile, place);
}

KERNEL ntt_dit(u32* __restrict__ a, const u32* __restrict__ twiddles, const Parameters p) {
    __shared__ NttTile tile;
    const Place place = place_of(p);
    load_tile(tile, a, place);
#pragma unroll 1
    for (u32 step = place.count; step-- > 0;) {
        for (u32 index = threadIdx.x; index < place.size() / 2; index += WORKGROUP) {
            const Butterfly at = butterfly(index, step, place, twiddles);
            const Field u = tile.get(at.u), v = mul(tile.get(at.v), at.twiddle);
            tile.set(at.u, add(u, v));
            tile.set(at.v, sub(u, v));
        }
        __syncthreads();
    }
    store_tile(a, tile, place);
}

KERNEL ntt_reverse(u32* __restrict__ a, const Parameters p) {
    const u32 index = global_index(), n = p.w[0], log_n = p.w[1];
    if (index >= n || log_n == 0) return;
    const u32 i = index & ((1u << log_n) - 1), j = __brev(i) >> (32 - log_n);
    if (i >= j) return;
    const u64 row = index - i;
    const Field value = load(a, row + i);
    store(a, row + i, load(a, row + j));
    store(a, row + j, value);
}
