// Arithmetic modulo a prime of LIMBS > 2 words that leaves the top bit free, in Montgomery form with
// R = 2^(32·LIMBS).
//
// The product is Montgomery's, one word of b at a time (CIOS; Koç, Acar, Kaliski, "Analyzing and
// comparing Montgomery multiplication algorithms", 1996). The running sum is kept as
// even + 2^32·odd: products of a's even words go to `even`, of its odd words to `odd`, so that
// low and high half of each product meet an aligned pair of words.
#pragma once
#include "element.cuh"
#include "wide.cuh"

static_assert(LIMBS % 2 == 0 && BITS < 32 * LIMBS, "sums below 2p must fit");

// acc += 2^0·a[0]·b + 2^64·a[2]·b + …; leaves the carry.
DEVICE void add_row(Carry& carry, u32* acc, const u32* a, u32 b) {
#pragma unroll
    for (u32 j = 0; j < LIMBS; j += 2) {
        acc[j] = j == 0 ? mad_lo_cc(carry, a[j], b, acc[j]) : madc_lo_cc(carry, a[j], b, acc[j]);
        acc[j + 1] = madc_hi_cc(carry, a[j], b, acc[j + 1]);
    }
}

// acc = 2^0·a[0]·b + 2^64·a[2]·b + …
DEVICE void set_row(u32* acc, const u32* a, u32 b) {
#pragma unroll
    for (u32 j = 0; j < LIMBS; j += 2) {
        const u64 product = (u64)a[j] * b;
        acc[j] = (u32)product;
        acc[j + 1] = (u32)(product >> 32);
    }
}

// Adds the multiple of p that makes even[0] zero.
//
// Below 2p to begin with, the sum stays below 2p + 2^32·(a + p) < 2^(32·LIMBS + 32): nothing is
// carried out of odd.
DEVICE void cancel_word(u32* even, u32* odd) {
    Carry carry;
    const u32 m = even[0] * INVERSE[0];
    add_row(carry, odd, MODULUS + 1, m);
    add_row(carry, even, MODULUS, m);
    odd[LIMBS - 1] = addc(carry, odd[LIMBS - 1], 0);
}

// (even + 2^32·odd) = (odd' + even'/2^32) + a·b, where ' marks what is given: the division of the
// running sum by 2^32 is an exchange of names, and a shift by two words on the way.
DEVICE void add_product_shifted(u32* even, u32* odd, const u32* a, u32 b) {
    Carry carry;
    // Here `even` is still odd', `odd` is even' with even'[0] = 0.
    even[0] = add_cc(carry, even[0], odd[1]);
#pragma unroll
    for (u32 j = 0; j + 2 < LIMBS; j += 2) {
        odd[j] = madc_lo_cc(carry, a[j + 1], b, odd[j + 2]);
        odd[j + 1] = madc_hi_cc(carry, a[j + 1], b, odd[j + 3]);
    }
    odd[LIMBS - 2] = madc_lo_cc(carry, a[LIMBS - 1], b, 0);
    odd[LIMBS - 1] = madc_hi(carry, a[LIMBS - 1], b, 0);
    add_row(carry, even, a, b);
    odd[LIMBS - 1] = addc(carry, odd[LIMBS - 1], 0);
}

// a − p if that is not negative, for a < 2p.
DEVICE Field reduce_once(const Field& a) {
    Carry carry;
    Field r;
    r.limb[0] = sub_cc(carry, a.limb[0], MODULUS[0]);
#pragma unroll
    for (u32 i = 1; i < LIMBS; i++) r.limb[i] = subc_cc(carry, a.limb[i], MODULUS[i]);
    return select(subc(carry, 0, 0) != 0, a, r);
}

DEVICE Field add(const Field& a, const Field& b) {
    Carry carry;
    Field r;
    r.limb[0] = add_cc(carry, a.limb[0], b.limb[0]);
#pragma unroll
    for (u32 i = 1; i < LIMBS; i++) r.limb[i] = addc_cc(carry, a.limb[i], b.limb[i]);
    return reduce_once(r);
}

DEVICE Field sub(const Field& a, const Field& b) {
    Carry carry;
    Field r;
    r.limb[0] = sub_cc(carry, a.limb[0], b.limb[0]);
#pragma unroll
    for (u32 i = 1; i < LIMBS; i++) r.limb[i] = subc_cc(carry, a.limb[i], b.limb[i]);
    const u32 below_zero = subc(carry, 0, 0);
    r.limb[0] = add_cc(carry, r.limb[0], MODULUS[0] & below_zero);
#pragma unroll
    for (u32 i = 1; i < LIMBS; i++) r.limb[i] = addc_cc(carry, r.limb[i], MODULUS[i] & below_zero);
    return r;
}

// a·b/R mod p. One factor may be any number of LIMBS words, as long as the other is below p.
DEVICE Field mul(const Field& a, const Field& b) {
    u32 x[LIMBS], y[LIMBS];
    set_row(x, a.limb, b.limb[0]);
    set_row(y, a.limb + 1, b.limb[0]);
    cancel_word(x, y);
#pragma unroll
    for (u32 i = 1; i < LIMBS; i += 2) {
        add_product_shifted(y, x, a.limb, b.limb[i]);
        cancel_word(y, x);
        if (i + 1 < LIMBS) {
            add_product_shifted(x, y, a.limb, b.limb[i + 1]);
            cancel_word(x, y);
        }
    }
    Carry carry;
    Field r;
    r.limb[0] = add_cc(carry, x[0], y[1]);
#pragma unroll
    for (u32 i = 1; i + 1 < LIMBS; i++) r.limb[i] = addc_cc(carry, x[i], y[i + 1]);
    r.limb[LIMBS - 1] = addc(carry, x[LIMBS - 1], 0);
    return reduce_once(r);
}
