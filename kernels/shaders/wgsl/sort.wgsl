// Digits of scalars, and points sorted by bucket. See ../README.md for what each kernel does.

#import launch

@group(0) @binding(0) var<storage, read_write> out: array<u32>;
@group(0) @binding(0) var<storage, read_write> counts: array<atomic<u32>>;
@group(0) @binding(1) var<storage, read_write> totals: array<u32>;
@group(0) @binding(1) var<storage, read_write> cursors: array<atomic<u32>>;
@group(0) @binding(1) var<storage, read> scalars: array<u32>;
@group(0) @binding(1) var<storage, read> source: array<u32>;
@group(0) @binding(2) var<storage, read> sorted: array<u32>;

const SIGN = 0x80000000u;

var<workgroup> chunk: array<u32, WORKGROUP>;

// The word number i of a scalar of `words` 32-bit words; beyond them stand copies of its sign.
fn scalar_word(start: u32, words: u32, sign: u32, i: u32) -> u32 {
    if (i < words) {
        return scalars[start + i];
    }
    return sign;
}

@compute @workgroup_size(WORKGROUP)
fn sort_digits(at: Thread) {
    let t = index_of(at);
    if (t >= p(0)) {
        return;
    }
    let count = p(1);
    let words = 2u * p(2);
    let window = p(3);
    let windows = p(4);
    let signed = p(5) != 0u;
    let start = t * words;
    // All ones if the scalar is negative.
    let sign = select(0u, 0u - (scalars[start + words - 1u] >> 31u), signed);
    let half = 1u << (window - 1u);
    var carry = 0u;
    for (var w = 0u; w < windows; w++) {
        let word = w * window / 32u;
        let shift = w * window % 32u;
        var bits = scalar_word(start, words, sign, word) >> shift;
        if (shift + window > 32u) {
            bits |= scalar_word(start, words, sign, word + 1u) << (32u - shift);
        }
        bits &= 2u * half - 1u;
        // The last digit of a signed scalar is in two's complement: the least of all integers has
        // −2^(window − 1) there.
        let negative = bits + carry > half || (signed && w == windows - 1u && bits == half);
        var digit = bits + carry;
        if (negative) {
            digit = 2u * half - digit;
        }
        carry = u32(negative);
        if (negative && digit != 0u) {
            digit |= SIGN;
        }
        out[((t / count) * windows + w) * count + t % count] = digit;
    }
}

// The bucket of a digit; `line` is vector · windows + window.
fn bucket(line: u32, digit: u32, windows: u32, window: u32, stride: u32) -> u32 {
    let group = (line / windows) * min(windows, stride) + (line % windows) % stride;
    return (group << (window - 1u)) + (digit & ~SIGN) - 1u;
}

@compute @workgroup_size(WORKGROUP)
fn sort_count(at: Thread) {
    let t = index_of(at);
    if (t >= p(0)) {
        return;
    }
    let digit = source[t];
    if (digit != 0u) {
        atomicAdd(&counts[bucket(t / p(1), digit, p(2), p(3), p(4))], 1u);
    }
}

// As in scan.wgsl, but exclusive: each thread ends with what stands before it.
@compute @workgroup_size(WORKGROUP)
fn sort_scan_chunks(at: Thread) {
    let group = group_of(at);
    if (group >= launch.groups) {
        return;
    }
    let i = group * WORKGROUP + at.local;
    var own = 0u;
    if (i < p(0)) {
        own = out[i];
    }
    var value = own;
    for (var distance = 1u; distance < WORKGROUP; distance *= 2u) {
        chunk[at.local] = value;
        workgroupBarrier();
        if (at.local >= distance) {
            value += chunk[at.local - distance];
        }
        workgroupBarrier();
    }
    if (i < p(0)) {
        out[i] = value - own;
    }
    if (at.local == WORKGROUP - 1u) {
        totals[group] = value;
    }
}

@compute @workgroup_size(WORKGROUP)
fn sort_scan_apply(at: Thread) {
    let i = index_of(at);
    if (i < p(0)) {
        out[i] += source[group_of(at)];
    }
}

@compute @workgroup_size(WORKGROUP)
fn sort_scatter(at: Thread) {
    let t = index_of(at);
    if (t >= p(0)) {
        return;
    }
    let digit = sorted[t];
    if (digit != 0u) {
        let count = p(1);
        let line = t / count;
        let slot = atomicAdd(&cursors[bucket(line, digit, p(2), p(3), p(4))], 1u);
        let level = (line % p(2)) / p(4);
        out[slot] = (level * p(5) + t % count) | (digit & SIGN);
    }
}

@compute @workgroup_size(WORKGROUP)
fn sort_tasks(at: Thread) {
    let b = index_of(at);
    let n = p(0);
    if (b > n) {
        return;
    }
    var tasks = 0u;
    if (b < n) {
        let length = p(1);
        tasks = 1u;
        if (length != 0u) {
            tasks = (source[b + 1u] - source[b] + length - 1u) / length;
        }
    }
    out[b] = tasks;
}
