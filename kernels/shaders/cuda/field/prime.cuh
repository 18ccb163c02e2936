// The unit's prime field: the arithmetic that fits its length, and what follows from it.
#pragma once
#include "element.cuh"
#if LIMBS == 2
#include "single.cuh"
#else
#include "mont.cuh"
#endif

// Operations as parameters name them.
constexpr u32 ADD = 0;
constexpr u32 SUB = 1;
constexpr u32 MUL = 2;

DEVICE Field combine(u32 op, const Field& a, const Field& b) {
    if (op == MUL) return mul(a, b);
    return op == ADD ? add(a, b) : sub(a, b);
}

DEVICE Field neg(const Field& a) {
    return sub(zero(), a);
}

DEVICE Field sqr(const Field& a) {
    return mul(a, a);
}

DEVICE Field twice(const Field& a) {
    return add(a, a);
}

// a^exponent.
DEVICE Field power(Field a, u32 exponent) {
    Field r = one();
#pragma unroll 1
    for (; exponent != 0; exponent >>= 1) {
        if (exponent & 1) r = mul(r, a);
        a = sqr(a);
    }
    return r;
}

// Word `at` of p − 2.
DEVICE u32 fermat_word(u32 at) {
    u32 word = MODULUS[0] - 2;
    bool borrow = MODULUS[0] < 2;
#pragma unroll 1
    for (u32 i = 1; i <= at; i++) {
        word = MODULUS[i] - borrow;
        borrow = borrow && MODULUS[i] == 0;
    }
    return word;
}

// 1/a = a^(p − 2), for a ≠ 0.
DEVICE Field inverse(const Field& a) {
    Field r = one();
#pragma unroll 1
    for (u32 i = LIMBS; i-- > 0;) {
        const u32 word = fermat_word(i);
#pragma unroll 1
        for (u32 bit = 32; bit-- > 0;) {
            r = sqr(r);
            if (word >> bit & 1) r = mul(r, a);
        }
    }
    return r;
}
