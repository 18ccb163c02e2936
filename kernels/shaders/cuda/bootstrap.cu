// Blind rotation modulo the 50-bit prime; see ../README.md for buffers and parameters, and
// src/bootstrap for the roundings.
#include "residue.cuh"
#include "rotation.cuh"

__constant__ u32 FRACTION[2] = WORD_FRACTION_INIT;

// Half of 2^64/2N.
DEVICE u64 half_step(u32 log_n) {
    return 1ull << (62 - log_n);
}

DEVICE u32 exponent_of(u64 word, u32 log_n) {
    return (u32)((word + half_step(log_n)) >> (63 - log_n));
}

// word·p/2^64, rounded, modulo p.
DEVICE u64 to_residue(u64 word) {
    const u64 p = word_of(MODULUS);
    const u64 scaled = __umul64hi(word, p) + (word * p >> 63);
    return scaled == p ? 0 : scaled;
}

// residue·2^64/p to within one.
DEVICE u64 to_word(u64 residue) {
    return (residue << WORD_SHIFT) + __umul64hi(residue, word_of(FRACTION));
}

// The exponent of the body is that of the body corrected by half of what rounding added to the mask.
KERNEL bootstrap_monomials(u32* __restrict__ exponents, const u32* __restrict__ ciphertexts,
                           const Parameters p) {
    const u32 index = global_index(), n = p.w[0], row = p.w[1], log_n = p.w[2], first = p.w[3];
    if (index >= n) return;
    const u32 i = index % row;
    const u64 begin = (u64)first * row + index - i;
    u64 word = load_word(ciphertexts, begin + i);
    if (i == row - 1) {
        const u64 half = half_step(log_n);
        // Halves and lowest bits of the errors apart: the sum itself has more than 64 bits.
        u64 halves = 0, bits = 0;
#pragma unroll 4
        for (u32 k = 0; k < i; k++) {
            const u64 error = half - ((load_word(ciphertexts, begin + k) + half) & (2 * half - 1));
            halves += (u64)((long long)error >> 1);
            bits += error & 1;
        }
        word += halves + (bits >> 1) - half;
    }
    exponents[index] = exponent_of(word, log_n);
}

KERNEL bootstrap_start(u32* __restrict__ accumulators, const u32* __restrict__ exponents,
                       const u32* __restrict__ tables, const u32* __restrict__ choices,
                       const Parameters p) {
    const u32 index = global_index(), n = p.w[0], log_n = p.w[1], row = p.w[2], first = p.w[3];
    if (index >= n) return;
    const u32 size = 1u << log_n, c = index >> log_n, j = index & (size - 1);
    const u32 from = (j + exponents[(u64)c * row + row - 1]) & (2 * size - 1);
    const u64 at = ((u64)choices[first + c] << log_n) + (from & (size - 1));
    const u64 coefficient = to_residue(load_word(tables, at));
    const u64 pair = (u64)c << (log_n + 1);
    store_word(accumulators, pair + j, 0);
    store_word(accumulators, pair + size + j, from < size ? coefficient : neg_word(coefficient));
}

KERNEL bootstrap_digits(u32* __restrict__ digits, const u32* __restrict__ accumulators,
                        const u32* __restrict__ exponents, const u32* __restrict__ twist,
                        const Parameters p) {
    const u32 index = global_index(), n = p.w[0], log_n = p.w[1], row = p.w[2], part = p.w[3];
    const u32 base_log = p.w[4], levels = p.w[5];
    if (index >= n) return;
    const u32 j = index & ((1u << log_n) - 1), r = index >> log_n & 1, c = index >> (log_n + 1);
    const u64* polynomial = reinterpret_cast<const u64*>(accumulators) + (index - j);
    const u32 exponent = exponents[(u64)c * row + part];
    Digits rest = digits_of(difference(polynomial, log_n, exponent, j), base_log, levels);
    const u64 factor = load_word(twist, j);
    for (u32 l = 0; l < levels; l++) {
        const u64 polynomial_index = ((u64)c * levels + l) * 2 + r;
        store_word(digits, (polynomial_index << log_n) + j, mul_word(rest.next(), factor));
    }
}

KERNEL bootstrap_products(u32* __restrict__ sums, const u32* __restrict__ digits,
                          const u32* __restrict__ key, const Parameters p) {
    const u32 index = global_index(), n = p.w[0], log_n = p.w[1], levels = p.w[2], part = p.w[3];
    if (index >= n) return;
    const u32 j = index & ((1u << log_n) - 1), q = index >> log_n & 1, c = index >> (log_n + 1);
    const u64 of_part = (u64)part * levels * 4 + q, of_digits = (u64)c * levels * 2;
    u64 sum = 0;
    for (u32 d = 0; d < 2 * levels; d++) {
        const u64 value = load_word(digits, ((of_digits + d) << log_n) + j);
        sum = add_word(sum, mul_word(value, load_word(key, ((of_part + 2 * d) << log_n) + j)));
    }
    store_word(sums, index, sum);
}

KERNEL bootstrap_add(u32* __restrict__ accumulators, const u32* __restrict__ sums,
                     const u32* __restrict__ untwist, const Parameters p) {
    const u32 index = global_index(), n = p.w[0], log_n = p.w[1];
    if (index >= n) return;
    const u64 factor = load_word(untwist, index & ((1u << log_n) - 1));
    const u64 more = mul_word(load_word(sums, index), factor);
    store_word(accumulators, index, add_word(load_word(accumulators, index), more));
}

KERNEL bootstrap_extract(u32* __restrict__ out, const u32* __restrict__ accumulators,
                         const Parameters p) {
    const u32 index = global_index(), n = p.w[0], log_n = p.w[1], first = p.w[2];
    if (index >= n) return;
    const u32 size = 1u << log_n, c = index / (size + 1), j = index % (size + 1);
    const u64 pair = (u64)c << (log_n + 1);
    // A_0, then from A_(N−1) downwards, then B_0.
    const u32 at = j == 0 ? 0 : j == size ? size : size - j;
    const u64 residue = load_word(accumulators, pair + at);
    const u64 word = to_word(j == 0 || j == size ? residue : neg_word(residue));
    store_word(out, (u64)first * (size + 1) + index, word);
}

// Three rotations with N = 2048 and one level share what a multiprocessor of the larger devices has.
KERNEL_BESIDE(3)
bootstrap_rotate(u32* __restrict__ accumulators, const u32* __restrict__ exponents,
                 const u32* __restrict__ key, const u32* __restrict__ roots, const Parameters p) {
    SHARED_BY_LAUNCH(u64, shared);
    const u32 c = blockIdx.x, count = p.w[0], log_n = p.w[1], row = p.w[2], part = p.w[3];
    const u32 parts = p.w[4], base_log = p.w[5], levels = p.w[6];
    if (c >= count) return;
    const u32 size = 1u << log_n;
    const Rotation r = {shared, shared + 2 * size, shared + 4 * size, roots, log_n, base_log, levels};
    u64* memory = reinterpret_cast<u64*>(accumulators) + ((u64)c << (log_n + 1));
    for (u32 at = threadIdx.x; at < 2 * size; at += WORKGROUP) r.pair[at] = memory[at];
#pragma unroll 1
    for (u32 i = part; i < part + parts; i++) {
        const u32 exponent = exponents[(u64)c * row + i];
        const u64* of_part = reinterpret_cast<const u64*>(key) + ((u64)i * levels * 4 << log_n);
        rotate(r, exponent, of_part);
    }
    __syncthreads();
    for (u32 at = threadIdx.x; at < 2 * size; at += WORKGROUP) memory[at] = r.pair[at];
}
