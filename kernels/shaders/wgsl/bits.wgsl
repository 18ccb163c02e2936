// Bits of 64-bit words that are pairs, the low half first.

// By 0 to 63 bits.
fn shift_right(a: vec2<u32>, by: u32) -> vec2<u32> {
    if (by >= 32u) {
        return vec2(a.y >> (by - 32u), 0u);
    }
    if (by == 0u) {
        return a;
    }
    return vec2((a.x >> by) | (a.y << (32u - by)), a.y >> by);
}

// 2^i for i < 64.
fn bit(i: u32) -> vec2<u32> {
    let one = 1u << (i & 31u);
    return select(vec2(one, 0u), vec2(0u, one), i >= 32u);
}

fn is_set(a: vec2<u32>, i: u32) -> bool {
    return any((a & bit(i)) != vec2(0u, 0u));
}
