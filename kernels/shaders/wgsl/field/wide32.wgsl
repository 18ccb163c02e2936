// Products of 32-bit words where the device has nothing wider: by halves of 16 bits.

// a·b + c + d, the low word first; it never overflows: (2^32 − 1)² + 2·(2^32 − 1) = 2^64 − 1.
fn multiply_add(a: u32, b: u32, c: u32, d: u32) -> vec2<u32> {
    let a0 = a & 0xffffu;
    let a1 = a >> 16u;
    let b0 = b & 0xffffu;
    let b1 = b >> 16u;
    // Neither sum overflows: (2^16 − 1)² + 2^16 − 1 < 2^32.
    let low = a0 * b0;
    let first = a0 * b1 + (low >> 16u);
    let second = a1 * b0 + (first & 0xffffu);
    let high = a1 * b1 + (first >> 16u) + (second >> 16u);
    let s = ((second << 16u) | (low & 0xffffu)) + c;
    let t = s + d;
    return vec2(t, high + u32(s < c) + u32(t < d));
}
