// Key switching: a matrix of digits times the key, modulo 2^64. See ../README.md for what each kernel
// does. 64-bit words are pairs, the low half first.

#import launch
#import field/carry
#import wide
#import bits

@group(0) @binding(0) var<storage, read_write> digits: array<u32>;
@group(0) @binding(0) var<storage, read_write> out: array<vec2<u32>>;
@group(0) @binding(1) var<storage, read> source: array<vec2<u32>>;
@group(0) @binding(1) var<storage, read> cut: array<u32>;
@group(0) @binding(2) var<storage, read> words: array<vec2<u32>>;

fn add(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
    let low = add_carry(a.x, b.x, 0u);
    return vec2(low.x, a.y + b.y + low.y);
}

fn sub(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
    let low = sub_borrow(a.x, b.x, 0u);
    return vec2(low.x, a.y - b.y - low.y);
}

// Digits of the word's levels·base_log top bits, rounded, a half upwards, and read from −half to half.
@compute @workgroup_size(WORKGROUP)
fn keyswitch_digits(at: Thread) {
    let index = index_of(at);
    let count = p(0);
    let dimension = p(1);
    let stride = p(3);
    let base_log = p(4);
    let levels = p(5);
    if (index >= count * dimension) {
        return;
    }
    let i = index / count;
    let c = index % count;
    let bits = base_log * levels;
    let with_half = shift_right(source[(p(2) + c) * (dimension + 1u) + i], 63u - bits);
    var rest = add(shift_right(with_half, 1u), vec2(with_half.x & 1u, 0u));
    // Of 2^bits nothing is left.
    if (is_set(rest, bits)) {
        rest = vec2(0u, 0u);
    }
    let half = bit(bits - 1u);
    let over_half = sub_borrow(half.y, rest.y, sub_borrow(half.x, rest.x, 0u).y).y == 1u;
    // The upper end stands for itself if it was not rounded up to.
    if (over_half || (all(rest == half) && (with_half.x & 1u) == 1u)) {
        rest = sub(rest, bit(bits));
    }
    let base = 1u << base_log;
    for (var l = 0u; l < levels; l++) {
        let digit = rest.x & (base - 1u);
        // With copies of the sign from above.
        let high = bitcast<u32>(bitcast<i32>(rest.y) >> base_log);
        rest = vec2((rest.x >> base_log) | (rest.y << (32u - base_log)), high);
        let tie_goes_down = ((rest.x >> (base_log - 1u)) & 1u) == 1u;
        let is_negative = digit > base / 2u || (digit == base / 2u && tie_goes_down);
        rest = add(rest, vec2(u32(is_negative), 0u));
        digits[(i * levels + l) * stride + c] = select(digit, digit - base, is_negative);
    }
}

// word·digit modulo 2^64 with the sign of the digit, which is in two's complement.
fn product(word: vec2<u32>, digit: u32) -> vec2<u32> {
    let low = multiply_add(word.x, digit, 0u, 0u);
    // A negative digit was read as 2^32 more than it is.
    let excess = select(0u, word.x, (digit >> 31u) == 1u);
    return vec2(low.x, low.y + word.y * digit - excess);
}

// A thread uses a word of the key for ROWS ciphertexts.
@compute @workgroup_size(WORKGROUP)
fn keyswitch_sums(at: Thread) {
    let index = index_of(at);
    let count = p(0);
    let depth = p(1);
    let width = p(2);
    let stride = p(3);
    let parts = p(4);
    let tiles = stride / ROWS;
    if (index >= parts * tiles * width) {
        return;
    }
    let j = index % width;
    let tile = index / width % tiles;
    let part = index / width / tiles;
    let length = (depth + parts - 1u) / parts;
    let end = min(depth, (part + 1u) * length);
#for k in 0..ROWS
    var sum$k = vec2(0u, 0u);
#end
    for (var d = part * length; d < end; d++) {
        let word = words[d * width + j];
        let row = d * stride + tile * ROWS;
#for k in 0..ROWS
        sum$k = add(sum$k, product(word, cut[row + $ku]));
#end
    }
#for k in 0..ROWS
    if (tile * ROWS + $ku < count) {
        out[(part * count + tile * ROWS + $ku) * width + j] = sum$k;
    }
#end
}

@compute @workgroup_size(WORKGROUP)
fn keyswitch_join(at: Thread) {
    let index = index_of(at);
    let count = p(0);
    let dimension = p(1);
    let first = p(2);
    let width = p(3);
    if (index >= count * width) {
        return;
    }
    var word = vec2(0u, 0u);
    if (index % width == width - 1u) {
        word = words[(first + index / width) * (dimension + 1u) + dimension];
    }
    for (var part = 0u; part < p(4); part++) {
        word = sub(word, source[part * count * width + index]);
    }
    out[first * width + index] = word;
}
