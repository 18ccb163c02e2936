// Weighted sums of buckets. See ../README.md for what each kernel does.

#import launch
#import ec/xyzz

@group(0) @binding(0) var<storage, read_write> out: array<Xyzz>;
@group(0) @binding(1) var<storage, read> points: array<Xyzz>;

// The thread's set and part of it: the points start to end of the set.
struct Part {
    base: u32,
    start: u32,
    end: u32,
}

fn part_of(t: u32, per_set: u32, length: u32) -> Part {
    let parts = (per_set + length - 1u) / length;
    let start = (t % parts) * length;
    return Part((t / parts) * per_set, start, min(start + length, per_set));
}

fn is_beyond(t: u32) -> bool {
    return t >= p(0) * ((p(1) + p(2) - 1u) / p(2));
}

// Points that reduce_buckets keeps.
const BUCKET = 0u;
const RUNNING = 1u;
const TOTAL = 2u;
const MULTIPLE = 3u;
var<private> kept: array<Xyzz, 4>;

// With the running sums T_j = B_j + B_(j+1) + … of a part from s on, Σ (j + 1)·B_j is the sum of all T_j
// plus s·T_s; the latter by doubling and adding. All additions, kept[onto] += kept[added], go through one
// place in the program.
@compute @workgroup_size(WORKGROUP)
fn reduce_buckets(at: Thread) {
    let t = index_of(at);
    if (is_beyond(t)) {
        return;
    }
    let part = part_of(t, p(1), p(2));
    let sums = 2u * (part.end - part.start);
    let last = sums + 2u * (32u - countLeadingZeros(part.start));
    for (var i = 0u; i <= last; i++) {
        let odd = (i & 1u) == 1u;
        var onto = TOTAL;
        var added = MULTIPLE;
        if (i < sums) {
            onto = select(RUNNING, TOTAL, odd);
            added = select(BUCKET, RUNNING, odd);
            if (!odd) {
                for (var k = 0u; k < rolled(4u * DEGREE); k++) {
                    kept[BUCKET][k] = points[part.base + part.end - 1u - i / 2u][k];
                }
            }
        } else if (i < last) {
            if (odd && ((part.start >> ((last - i) / 2u)) & 1u) == 0u) {
                continue;
            }
            onto = MULTIPLE;
            added = select(MULTIPLE, RUNNING, odd);
        }
        for (var k = 0u; k < rolled(4u * DEGREE); k++) {
            registers[FIRST + k] = kept[onto][k];
            registers[SECOND + k] = kept[added][k];
        }
        add_points(false);
        for (var k = 0u; k < rolled(4u * DEGREE); k++) {
            kept[onto][k] = registers[FIRST + k];
        }
    }
    for (var k = 0u; k < rolled(4u * DEGREE); k++) {
        out[t][k] = kept[TOTAL][k];
    }
}

@compute @workgroup_size(WORKGROUP)
fn reduce_sums(at: Thread) {
    let t = index_of(at);
    if (is_beyond(t)) {
        return;
    }
    let part = part_of(t, p(1), p(2));
    for (var i = part.start; i < part.end; i++) {
        for (var k = 0u; k < rolled(4u * DEGREE); k++) {
            registers[SECOND + k] = points[part.base + i][k];
        }
        add_points(false);
    }
    for (var k = 0u; k < rolled(4u * DEGREE); k++) {
        out[t][k] = registers[FIRST + k];
    }
}
