// Products of 32-bit words where the device has 64-bit integers.

// a·b + c + d, the low word first; it never overflows: (2^32 − 1)² + 2·(2^32 − 1) = 2^64 − 1.
fn multiply_add(a: u32, b: u32, c: u32, d: u32) -> vec2<u32> {
    let w = u64(a) * u64(b) + u64(c) + u64(d);
    return vec2(u32(w), u32(w >> 32u));
}
