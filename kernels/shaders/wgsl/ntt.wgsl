// Transforms, several levels in a pass. See ../README.md for what each kernel does.

#import launch
#import field/mont

@group(0) @binding(0) var<storage, read_write> values: array<Fp>;
@group(0) @binding(1) var<storage, read> twiddles: array<Fp>;

var<workgroup> tile: array<Fp, 1u << TILE_LOG>;

// A tile: 2^(count + lanes) elements, the one at m·2^lanes + j being m·2^log_step + j after the start.
struct Tile {
    start: u32,
    // Of the start, within its block of N/2^first.
    low: u32,
    size: u32,
    log_step: u32,
}

fn tile_of(group: u32) -> Tile {
    let log_n = p(0);
    let first = p(1);
    let count = p(2);
    let lanes = p(3);
    let log_step = log_n - first - count;
    let log_low = log_step - lanes;
    let low = (group & ((1u << log_low) - 1u)) << lanes;
    // Row and hi together: blocks of N/2^first lie one after the other through all rows.
    let block = group >> log_low;
    return Tile((block << (log_n - first)) + low, low, 1u << (count + lanes), log_step);
}

// Where the i-th element of a tile lies, relative to the tile's start.
fn offset(t: Tile, i: u32) -> u32 {
    let lanes = p(3);
    return ((i >> lanes) << t.log_step) + (i & ((1u << lanes) - 1u));
}

fn load(t: Tile, local: u32) {
    for (var i = local; i < t.size; i += WORKGROUP) {
        tile[i] = values[t.start + offset(t, i)];
    }
}

fn store(t: Tile, local: u32) {
    for (var i = local; i < t.size; i += WORKGROUP) {
        values[t.start + offset(t, i)] = tile[i];
    }
}

// The i-th butterfly at `distance` within the tile: the number of its upper element.
fn upper(i: u32, distance: u32) -> u32 {
    let k = i & (distance - 1u);
    return 2u * (i - k) + k;
}

// The twiddle factor of level l for the element number u of the tile.
fn twiddle(t: Tile, l: u32, u: u32) -> Fp {
    let k = (t.low + offset(t, u)) & ((1u << (p(0) - l - 1u)) - 1u);
    return twiddles[k << l];
}

@compute @workgroup_size(WORKGROUP)
fn ntt_dif(at: Thread) {
    let group = group_of(at);
    if (group >= launch.groups) {
        return;
    }
    let t = tile_of(group);
    load(t, at.local);
    for (var level = 0u; level < p(2); level++) {
        workgroupBarrier();
        let distance = t.size >> (level + 1u);
        for (var i = at.local; i < t.size / 2u; i += WORKGROUP) {
            let u = upper(i, distance);
            let a = tile[u];
            let b = tile[u + distance];
            tile[u] = fp_add(a, b);
            tile[u + distance] = fp_mul(twiddle(t, p(1) + level, u), fp_sub(a, b));
        }
    }
    workgroupBarrier();
    store(t, at.local);
}

@compute @workgroup_size(WORKGROUP)
fn ntt_dit(at: Thread) {
    let group = group_of(at);
    if (group >= launch.groups) {
        return;
    }
    let t = tile_of(group);
    load(t, at.local);
    for (var level = p(2); level > 0u; level--) {
        workgroupBarrier();
        let distance = t.size >> level;
        for (var i = at.local; i < t.size / 2u; i += WORKGROUP) {
            let u = upper(i, distance);
            let a = tile[u];
            let b = fp_mul(twiddle(t, p(1) + level - 1u, u), tile[u + distance]);
            tile[u] = fp_add(a, b);
            tile[u + distance] = fp_sub(a, b);
        }
    }
    workgroupBarrier();
    store(t, at.local);
}

@compute @workgroup_size(WORKGROUP)
fn ntt_reverse(at: Thread) {
    let i = index_of(at);
    let log_n = p(1);
    if (i >= p(0) || log_n == 0u) {
        return;
    }
    let position = i & ((1u << log_n) - 1u);
    let reversed = reverseBits(position) >> (32u - log_n);
    if (position < reversed) {
        let partner = i - position + reversed;
        let a = values[i];
        values[i] = values[partner];
        values[partner] = a;
    }
}
