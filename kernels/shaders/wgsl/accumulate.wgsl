// Sums of the points of buckets. See ../README.md for what each kernel does.

#import launch
#import ec/xyzz

@group(0) @binding(0) var<storage, read_write> sums: array<Xyzz>;
@group(0) @binding(1) var<storage, read> bases: array<Affine>;
@group(0) @binding(1) var<storage, read> items: array<Xyzz>;
@group(0) @binding(2) var<storage, read> entries: array<u32>;
@group(0) @binding(3) var<storage, read> offsets_of_entries: array<u32>;
@group(0) @binding(4) var<storage, read> tasks_of_entries: array<u32>;
@group(0) @binding(2) var<storage, read> offsets_of_items: array<u32>;
@group(0) @binding(3) var<storage, read> tasks_of_items: array<u32>;

@compute @workgroup_size(WORKGROUP)
fn accumulate_points(at: Thread) {
    let t = index_of(at);
    let buckets = p(0);
    if (t >= tasks_of_entries[buckets]) {
        return;
    }
    // The bucket: the last one whose first task is not beyond t.
    var b = 0u;
    for (var end = buckets; end - b > 1u;) {
        let middle = (b + end) / 2u;
        if (tasks_of_entries[middle] <= t) {
            b = middle;
        } else {
            end = middle;
        }
    }
    let range = items_of(
        t - tasks_of_entries[b],
        vec2(offsets_of_entries[b], offsets_of_entries[b + 1u]),
    );
    for (var i = range.x; i < range.y; i++) {
        let entry = entries[i];
        for (var k = 0u; k < rolled(2u * DEGREE); k++) {
            registers[SECOND + k] = bases[entry & 0x7fffffffu][k];
        }
        if ((entry >> 31u) == 1u) {
            negate();
        }
        add_points(true);
    }
    for (var k = 0u; k < rolled(4u * DEGREE); k++) {
        sums[t][k] = registers[FIRST + k];
    }
}

@compute @workgroup_size(WORKGROUP)
fn accumulate_sums(at: Thread) {
    let t = index_of(at);
    let buckets = p(0);
    if (t >= tasks_of_items[buckets]) {
        return;
    }
    var b = 0u;
    for (var end = buckets; end - b > 1u;) {
        let middle = (b + end) / 2u;
        if (tasks_of_items[middle] <= t) {
            b = middle;
        } else {
            end = middle;
        }
    }
    let range =
        items_of(t - tasks_of_items[b], vec2(offsets_of_items[b], offsets_of_items[b + 1u]));
    for (var i = range.x; i < range.y; i++) {
        for (var k = 0u; k < rolled(4u * DEGREE); k++) {
            registers[SECOND + k] = items[i][k];
        }
        add_points(false);
    }
    for (var k = 0u; k < rolled(4u * DEGREE); k++) {
        sums[t][k] = registers[FIRST + k];
    }
}

// The items of a bucket's k-th task, of those of the bucket.
fn items_of(k: u32, bucket: vec2<u32>) -> vec2<u32> {
    let length = p(1);
    if (length == 0u) {
        return bucket;
    }
    let start = bucket.x + k * length;
    return vec2(start, min(start + length, bucket.y));
}
