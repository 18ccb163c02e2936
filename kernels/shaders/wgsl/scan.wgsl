// Running sums and products. See ../README.md for what each kernel does.

#import launch
#import field/mont

@group(0) @binding(0) var<storage, read_write> values: array<Fp>;
@group(0) @binding(1) var<storage, read_write> totals: array<Fp>;
@group(0) @binding(1) var<storage, read> running: array<Fp>;

var<workgroup> chunk: array<Fp, WORKGROUP>;

fn combine(op: u32, a: Fp, b: Fp) -> Fp {
    if (op == 0u) {
        return fp_add(a, b);
    }
    return fp_mul(a, b);
}

// The thread's position in its row, and where that is in memory.
fn place(at: Thread, group: u32) -> vec2<u32> {
    let chunks = p(2);
    let position = (group % chunks) * WORKGROUP + at.local;
    return vec2(position, (group / chunks) * p(1) + position);
}

// Hillis and Steele: in step s every thread takes what stands 2^s before it. Beyond the row's end stands
// the neutral element, so that the last thread has the chunk's total.
@compute @workgroup_size(WORKGROUP)
fn scan_chunks(at: Thread) {
    let group = group_of(at);
    if (group >= launch.groups) {
        return;
    }
    let here = place(at, group);
    let op = p(3);
    var value = fp_zero();
    if (here.x < p(1)) {
        value = values[here.y];
    } else if (op != 0u) {
        value = fp_one();
    }
    for (var distance = 1u; distance < WORKGROUP; distance *= 2u) {
        chunk[at.local] = value;
        workgroupBarrier();
        if (at.local >= distance) {
            value = combine(op, chunk[at.local - distance], value);
        }
        workgroupBarrier();
    }
    if (here.x < p(1)) {
        values[here.y] = value;
    }
    if (at.local == WORKGROUP - 1u) {
        totals[group] = value;
    }
}

@compute @workgroup_size(WORKGROUP)
fn scan_apply(at: Thread) {
    let group = group_of(at);
    let here = place(at, group);
    if (group < launch.groups && here.x < p(1) && here.x >= WORKGROUP) {
        values[here.y] = combine(p(3), running[group - 1u], values[here.y]);
    }
}
