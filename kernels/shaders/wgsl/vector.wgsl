// Vectors of field elements. See ../README.md for what each kernel does.

#import launch
#import field/mont
#import field/scalar

@group(0) @binding(0) var<storage, read_write> out: array<Fp>;
@group(0) @binding(0) var<storage, read_write> position: array<atomic<u32>>;
@group(0) @binding(1) var<storage, read_write> scratch: array<Fp>;
@group(0) @binding(1) var<storage, read> other: array<Fp>;
@group(0) @binding(1) var<storage, read> integers: array<vec2<u32>>;

fn combine(op: u32, a: Fp, b: Fp) -> Fp {
    switch op {
        case 0u: { return fp_add(a, b); }
        case 1u: { return fp_sub(a, b); }
        default: { return fp_mul(a, b); }
    }
}

@compute @workgroup_size(WORKGROUP)
fn vector_map(at: Thread) {
    let i = index_of(at);
    if (i < p(0)) {
        out[i] = combine(p(2), out[i], other[i % p(1)]);
    }
}

@compute @workgroup_size(WORKGROUP)
fn vector_map_scalar(at: Thread) {
    let i = index_of(at);
    if (i < p(0)) {
        out[i] = combine(p(1), out[i], p_fp(4));
    }
}

@compute @workgroup_size(WORKGROUP)
fn vector_add_scaled(at: Thread) {
    let i = index_of(at);
    if (i < p(0)) {
        out[i] = fp_add(out[i], fp_mul(p_fp(4), other[i]));
    }
}

@compute @workgroup_size(WORKGROUP)
fn vector_rotate(at: Thread) {
    let i = index_of(at);
    let n = p(0);
    if (i < n) {
        out[i] = other[(i + p(1)) % n];
    }
}

@compute @workgroup_size(WORKGROUP)
fn vector_powers(at: Thread) {
    let i = index_of(at);
    if (i < p(0)) {
        out[i] = fp_mul(p_fp(4), fp_power(p_fp(12), i));
    }
}

// Montgomery's trick: scratch holds the running products of the thread's elements, and going back one
// inversion serves all of them.
@compute @workgroup_size(WORKGROUP)
fn vector_invert(at: Thread) {
    let t = index_of(at);
    let n = p(0);
    let threads = p(1);
    if (t >= min(n, threads)) {
        return;
    }
    var product = fp_one();
    var i = t;
    for (; i < n; i += threads) {
        scratch[i] = product;
        let a = out[i];
        if (!fp_is_zero(a)) {
            product = fp_mul(product, a);
        }
    }
    var inverse = fp_invert(product);
    for (; i > t;) {
        i -= threads;
        let a = out[i];
        if (!fp_is_zero(a)) {
            out[i] = fp_mul(inverse, scratch[i]);
            inverse = fp_mul(inverse, a);
        }
    }
}

@compute @workgroup_size(WORKGROUP)
fn vector_evaluate(at: Thread) {
    let t = index_of(at);
    let n = p(0);
    let chunk = p(1);
    if (t >= (n + chunk - 1u) / chunk) {
        return;
    }
    let x = p_fp(4);
    var sum = fp_zero();
    for (var i = min(t * chunk + chunk, n); i > t * chunk; i--) {
        sum = fp_add(fp_mul(sum, x), other[i - 1u]);
    }
    out[t] = sum;
}

@compute @workgroup_size(WORKGROUP)
fn vector_to_integers(at: Thread) {
    let i = index_of(at);
    if (i < p(0)) {
        var one: Fp;
        one[0] = 1u;
        out[i] = fp_mul(one, other[i]);
    }
}

@compute @workgroup_size(WORKGROUP)
fn vector_from_integers(at: Thread) {
    let i = index_of(at);
    if (i < p(0)) {
        var integer: Fp;
        integer[0] = integers[i].x;
        integer[1] = integers[i].y;
        out[i] = fp_mul(R_SQUARED, integer);
    }
}

@compute @workgroup_size(WORKGROUP)
fn vector_first_nonzero(at: Thread) {
    let i = index_of(at);
    if (i < p(0) && !fp_is_zero(other[i])) {
        atomicMin(&position[0], i);
    }
}
