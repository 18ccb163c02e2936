// Arithmetic modulo a prime of one 64-bit word, in Montgomery form with R = 2^64.
#pragma once
#include "element.cuh"

DEVICE u64 word_of(const u32* limbs) {
    return (u64)limbs[1] << 32 | limbs[0];
}

DEVICE Field of_word(u64 word) {
    Field r;
    r.limb[0] = (u32)word;
    r.limb[1] = (u32)(word >> 32);
    return r;
}

#if BITS == 64

// The one 64-bit prime we have is 2^64 − 2^32 + 1.
constexpr u32 GOLDILOCKS[2] = MODULUS_INIT;
static_assert(GOLDILOCKS[0] == 1 && GOLDILOCKS[1] == 0xffffffff, "the reduction below is special");
// 2^64 − p: what is added or taken for one p when a word overflows.
constexpr u64 EPSILON = 0xffffffff;

DEVICE u64 add_word(u64 a, u64 b) {
    const u64 sum = a + b;
    // a + b ≥ p, told without overflow.
    return a >= word_of(MODULUS) - b ? sum + EPSILON : sum;
}

DEVICE u64 sub_word(u64 a, u64 b) {
    return a - b - (a < b ? EPSILON : 0);
}

// (low + 2^64·high)/2^64 mod p for high < p. As p^(−1) = 2^32 + 1 mod 2^64, the multiple of p with
// the same low word is m·p with m = low + 2^32·low mod 2^64, and its high word m − (m >> 32) − e,
// where e is the carry that m lost.
DEVICE u64 reduce(u64 low, u64 high) {
    const u64 m = low + (low << 32);
    const u64 e = m < low;
    return sub_word(high, m - (m >> 32) - e);
}

#else

static_assert(BITS < 64, "sums below 2p must fit");

DEVICE u64 add_word(u64 a, u64 b) {
    const u64 sum = a + b, p = word_of(MODULUS);
    return sum >= p ? sum - p : sum;
}

DEVICE u64 sub_word(u64 a, u64 b) {
    return a - b + (a < b ? word_of(MODULUS) : 0);
}

// (low + 2^64·high)/2^64 mod p for high < p. The multiple of p added cancels the low word, with a
// carry unless that is zero.
DEVICE u64 reduce(u64 low, u64 high) {
    const u64 m = low * word_of(INVERSE);
    return add_word(high, __umul64hi(m, word_of(MODULUS)) + (low != 0));
}

#endif

DEVICE Field add(const Field& a, const Field& b) {
    return of_word(add_word(word_of(a.limb), word_of(b.limb)));
}

DEVICE Field sub(const Field& a, const Field& b) {
    return of_word(sub_word(word_of(a.limb), word_of(b.limb)));
}

// a·b/R mod p. One factor may be any word, as long as the other is below p.
DEVICE Field mul(const Field& a, const Field& b) {
    const u64 x = word_of(a.limb), y = word_of(b.limb);
    return of_word(reduce(x * y, __umul64hi(x, y)));
}
