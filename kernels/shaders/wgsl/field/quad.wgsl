// Coordinates in the quadratic extension of the prime field by i with i² = −1: c0 + c1·i, in registers 2r
// and 2r + 1 for the coordinate r. A sum is two operations of the prime field, a product eight: Karatsuba.

#import field/mont
#import field/operation

const TEMPORARIES = 3u;

fn operations(step: vec4<u32>) -> u32 {
    return select(2u, 8u, step.x == MUL);
}

// The k-th operation of a step on coordinates.
fn operation(step: vec4<u32>, k: u32) -> vec4<u32> {
    let c = 2u * step.y;
    let a = 2u * step.z;
    let b = 2u * step.w;
    if (step.x != MUL) {
        return vec4(step.x, c + k, a + k, b + k);
    }
    // The result is written when the operands, which it may replace, are no longer needed.
    let t = 2u * COORDINATES;
    switch k {
        case 0u: { return vec4(ADD, t, a, a + 1u); }
        case 1u: { return vec4(ADD, t + 1u, b, b + 1u); }
        case 2u: { return vec4(MUL, t, t, t + 1u); }
        case 3u: { return vec4(MUL, t + 1u, a, b); }
        case 4u: { return vec4(MUL, t + 2u, a + 1u, b + 1u); }
        case 5u: { return vec4(SUB, c, t + 1u, t + 2u); }
        case 6u: { return vec4(SUB, t, t, t + 1u); }
        default: { return vec4(SUB, c + 1u, t, t + 2u); }
    }
}
