// Residues modulo the 50-bit prime as words, turned polynomials, digits; see src/bootstrap for the
// roundings.
#pragma once
#include "field/prime.cuh"

static_assert(LIMBS == 2 && BITS < 64, "residues are words, and their sums, too");

DEVICE u64 load_word(const u32* words, u64 index) {
    return reinterpret_cast<const u64*>(words)[index];
}

DEVICE void store_word(u32* words, u64 index, u64 word) {
    reinterpret_cast<u64*>(words)[index] = word;
}

// a·b/R for words: a residue times an element.
DEVICE u64 mul_word(u64 a, u64 b) {
    return reduce(a * b, __umul64hi(a, b));
}

DEVICE u64 neg_word(u64 a) {
    return sub_word(0, a);
}

// Coefficient j of polynomial·X^exponent, which comes from j − exponent; from beyond the polynomial with
// the other sign.
DEVICE u64 turned(const u64* polynomial, u32 log_n, u32 exponent, u32 j) {
    const u32 n = 1u << log_n, from = (j - exponent) & (2 * n - 1);
    const u64 coefficient = polynomial[from & (n - 1)];
    return from < n ? coefficient : neg_word(coefficient);
}

// Coefficient j of (X^exponent − 1)·polynomial.
DEVICE u64 difference(const u64* polynomial, u32 log_n, u32 exponent, u32 j) {
    return sub_word(turned(polynomial, log_n, exponent, j), polynomial[j]);
}

// What is left of a residue's absolute value when digits are cut off it from below.
struct Digits {
    u64 rest;
    u32 base_log;
    bool negative;

    // The next digit, modulo p.
    DEVICE_MEMBER u64 next() {
        const u32 base = 1u << base_log, digit = (u32)rest & (base - 1);
        rest >>= base_log;
        const bool tie_goes_down = rest >> (base_log - 1) & 1;
        const bool over = digit > base / 2 || (digit == base / 2 && tie_goes_down);
        rest += over;
        const u64 magnitude = over ? base - digit : digit;
        return over != negative ? neg_word(magnitude) : magnitude;
    }
};

DEVICE Digits digits_of(u64 residue, u32 base_log, u32 levels) {
    const u64 p = word_of(MODULUS);
    const u32 shift = BITS - base_log * levels;
    Digits r;
    r.negative = residue > p / 2;
    r.rest = ((r.negative ? p - residue : residue) + (1ull << (shift - 1))) >> shift;
    r.base_log = base_log;
    return r;
}
