// Vectors of field elements, one operation each; see ../README.md for buffers and parameters.
#include "field/prime.cuh"

KERNEL vector_map(u32* __restrict__ a, const u32* __restrict__ b, const Parameters p) {
    const u32 i = global_index(), n = p.w[0], m = p.w[1], op = p.w[2];
    if (i >= n) return;
    store(a, i, combine(op, load(a, i), load(b, i < m ? i : i % m)));
}

KERNEL vector_map_scalar(u32* __restrict__ a, const Parameters p) {
    const u32 i = global_index(), n = p.w[0], op = p.w[1];
    if (i >= n) return;
    store(a, i, combine(op, load(a, i), parameter(p, 4)));
}

KERNEL vector_add_scaled(u32* __restrict__ a, const u32* __restrict__ b, const Parameters p) {
    const u32 i = global_index(), n = p.w[0];
    if (i >= n) return;
    store(a, i, add(load(a, i), mul(parameter(p, 4), load(b, i))));
}

KERNEL vector_rotate(u32* __restrict__ out, const u32* __restrict__ a, const Parameters p) {
    const u32 i = global_index(), n = p.w[0], by = p.w[1];
    if (i >= n) return;
    store(out, i, load(a, (i + by) % n));
}

KERNEL vector_powers(u32* __restrict__ out, const Parameters p) {
    const u32 i = global_index(), n = p.w[0];
    if (i >= n) return;
    store(out, i, mul(parameter(p, 4), power(parameter(p, 12), i)));
}

// Montgomery's trick on every `threads`-th element: scratch holds the product of what came before.
KERNEL vector_invert(u32* __restrict__ a, u32* __restrict__ scratch, const Parameters p) {
    const u32 t = global_index(), n = p.w[0], threads = p.w[1];
    if (t >= threads || t >= n) return;
    Field product = one();
    for (u32 i = t; i < n; i += threads) {
        const Field value = load(a, i);
        store(scratch, i, product);
        if (!is_zero(value)) product = mul(product, value);
    }
    // The inverse of the product of everything up to i.
    Field inverted = inverse(product);
    const u32 last = t + (n - 1 - t) / threads * threads;
    for (u32 i = last;; i -= threads) {
        const Field value = load(a, i);
        if (!is_zero(value)) {
            store(a, i, mul(inverted, load(scratch, i)));
            inverted = mul(inverted, value);
        }
        if (i < threads) return;
    }
}

// Horner's rule on a chunk.
KERNEL vector_evaluate(u32* __restrict__ out, const u32* __restrict__ a, const Parameters p) {
    const u32 t = global_index(), n = p.w[0], chunk = p.w[1];
    if (t >= ceil_div(n, chunk)) return;
    const u32 begin = t * chunk, end = begin + min_u32(chunk, n - begin);
    const Field x = parameter(p, 4);
    Field sum = load(a, end - 1);
    for (u32 i = end - 1; i > begin; i--) sum = add(mul(sum, x), load(a, i - 1));
    store(out, t, sum);
}

KERNEL vector_to_integers(u32* __restrict__ out, const u32* __restrict__ a, const Parameters p) {
    const u32 i = global_index(), n = p.w[0];
    if (i >= n) return;
    Field plain_one = zero();
    plain_one.limb[0] = 1;
    store(out, i, mul(load(a, i), plain_one));
}

KERNEL vector_from_integers(u32* __restrict__ out, const u32* __restrict__ a, const Parameters p) {
    const u32 i = global_index(), n = p.w[0];
    if (i >= n) return;
    Field integer = zero();
    integer.limb[0] = a[2 * (u64)i];
    integer.limb[1] = a[2 * (u64)i + 1];
    store(out, i, mul(integer, constant(R_SQUARED)));
}

KERNEL vector_first_nonzero(u32* __restrict__ out, const u32* __restrict__ a, const Parameters p) {
    const u32 i = global_index(), n = p.w[0];
    if (i >= n || is_zero(load(a, i))) return;
    // Most threads find a smaller position there, and need no atomic.
    if (i < *reinterpret_cast<volatile u32*>(out)) atomicMin(out, i);
}
