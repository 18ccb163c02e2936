// Weighted sums of 64-bit words. See ../README.md for what each kernel does.

#import launch
#import field/carry
#import wide

@group(0) @binding(0) var<storage, read_write> low: array<vec2<u32>>;
@group(0) @binding(1) var<storage, read_write> high: array<vec2<u32>>;
@group(0) @binding(2) var<storage, read> vectors: array<vec2<u32>>;
@group(0) @binding(3) var<storage, read> weights: array<vec2<u32>>;

@compute @workgroup_size(WORKGROUP)
fn words_weighted_sums(at: Thread) {
    let j = index_of(at);
    let n = p(0);
    if (j >= n) {
        return;
    }
    var sum: vec4<u32>;
    for (var i = 0u; i < p(1); i++) {
        let v = vectors[i * n + j];
        let w = weights[i];
        // Two rows of the schoolbook product, added to the sum from its first and its second word on.
        var word = multiply_add(v.x, w.x, sum.x, 0u);
        sum.x = word.x;
        word = multiply_add(v.y, w.x, sum.y, word.y);
        sum.y = word.x;
        let carry = add_carry(sum.z, word.y, 0u);
        sum.z = carry.x;
        sum.w += carry.y;
        word = multiply_add(v.x, w.y, sum.y, 0u);
        sum.y = word.x;
        word = multiply_add(v.y, w.y, sum.z, word.y);
        sum.z = word.x;
        sum.w += word.y;
        // A negative v was taken for v + 2^64.
        if (p(2) != 0u && (v.y >> 31u) == 1u) {
            let borrow = sub_borrow(sum.z, w.x, 0u);
            sum.z = borrow.x;
            sum.w -= w.y + borrow.y;
        }
    }
    low[j] = sum.xy;
    high[j] = sum.zw;
}
