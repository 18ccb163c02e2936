// Sums of 32-bit words with a carry: x is the word, y the carry.

fn add_carry(a: u32, b: u32, carry: u32) -> vec2<u32> {
    let s = a + b;
    let t = s + carry;
    return vec2(t, u32(s < a) + u32(t < s));
}

fn sub_borrow(a: u32, b: u32, borrow: u32) -> vec2<u32> {
    let d = a - b;
    let e = d - borrow;
    return vec2(e, u32(a < b) + u32(d < borrow));
}
