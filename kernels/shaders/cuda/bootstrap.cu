// Blind rotation modulo the 50-bit prime; see ../README.md for buffers and parameters, and
// src/bootstrap for the roundings.
#include "field/prime.cuh"

static_assert(LIMBS == 2 && BITS < 64, "residues are words, and their sums, too");

__constant__ u32 FRACTION[2] = WORD_FRACTION_INIT;

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

// Transforms of two polynomials side by side in shared memory, two levels at a time. Merged with the
// powers of ψ (Longa, Naehrig, "Speeding up the number theoretic transform for faster ideal
// lattice-based cryptography", CANS 2016): a block of level l, of 2^l, has remainders modulo X^M − ψ^e,
// and roots[2^l + block] is the square root of ψ^e. Backwards it is ψ^(−e/2) = −ψ^(N−e/2) that is
// needed: minus the root of the block that mirrors this one.

// Where the four elements of a butterfly of levels l and l + 1 lie: from `at` on, `distance` apart.
struct Four {
    u32 at, distance, block;
};

DEVICE Four four_of(u32 index, u32 log_n, u32 level) {
    const u32 log_distance = log_n - level - 2, below = index & ((1u << log_distance) - 1);
    Four r;
    r.distance = 1u << log_distance;
    // The second polynomial follows the first, as if there were twice as many blocks.
    r.at = (index - below) * 4 + below;
    r.block = index >> log_distance & ((1u << level) - 1);
    return r;
}

DEVICE void forward(u64* pair, const u32* roots, u32 log_n) {
    const u32 size = 1u << log_n;
    u32 level = log_n & 1;
    if (level == 1) {
        const u64 root = load_word(roots, 1);
        for (u32 index = threadIdx.x; index < size; index += WORKGROUP) {
            const u32 below = index & (size / 2 - 1);
            u64* u = pair + (index - below) * 2 + below;
            const u64 low = u[0], high = mul_word(u[size / 2], root);
            u[0] = add_word(low, high);
            u[size / 2] = sub_word(low, high);
        }
        __syncthreads();
    }
#pragma unroll 1
    for (; level < log_n; level += 2) {
#pragma unroll 1
        for (u32 index = threadIdx.x; index < size / 2; index += WORKGROUP) {
            const Four four = four_of(index, log_n, level);
            u64* x = pair + four.at;
            const u32 blocks = 1u << level, d = four.distance;
            const u64 root = load_word(roots, blocks + four.block);
            const u64 low = load_word(roots, 2 * (blocks + four.block));
            const u64 high = load_word(roots, 2 * (blocks + four.block) + 1);
            const u64 a = mul_word(x[2 * d], root), b = mul_word(x[3 * d], root);
            const u64 x0 = add_word(x[0], a), x2 = sub_word(x[0], a);
            const u64 x1 = mul_word(add_word(x[d], b), low), x3 = mul_word(sub_word(x[d], b), high);
            x[0] = add_word(x0, x1);
            x[d] = sub_word(x0, x1);
            x[2 * d] = add_word(x2, x3);
            x[3 * d] = sub_word(x2, x3);
        }
        __syncthreads();
    }
}

DEVICE void backward(u64* pair, const u32* roots, u32 log_n) {
    const u32 size = 1u << log_n;
#pragma unroll 1
    for (u32 above = log_n; above >= 2; above -= 2) {
        const u32 level = above - 2;
#pragma unroll 1
        for (u32 index = threadIdx.x; index < size / 2; index += WORKGROUP) {
            const Four four = four_of(index, log_n, level);
            u64* x = pair + four.at;
            const u32 mirrored = (2u << level) - 1 - four.block, d = four.distance;
            const u64 root = load_word(roots, mirrored);
            const u64 low = load_word(roots, 2 * mirrored + 1), high = load_word(roots, 2 * mirrored);
            const u64 x0 = add_word(x[0], x[d]), x1 = mul_word(sub_word(x[d], x[0]), low);
            const u64 x2 = add_word(x[2 * d], x[3 * d]);
            const u64 x3 = mul_word(sub_word(x[3 * d], x[2 * d]), high);
            x[0] = add_word(x0, x2);
            x[d] = add_word(x1, x3);
            x[2 * d] = mul_word(sub_word(x2, x0), root);
            x[3 * d] = mul_word(sub_word(x3, x1), root);
        }
        __syncthreads();
    }
    if (log_n & 1) {
        const u64 root = load_word(roots, 1);
        for (u32 index = threadIdx.x; index < size; index += WORKGROUP) {
            const u32 below = index & (size / 2 - 1);
            u64* u = pair + (index - below) * 2 + below;
            const u64 low = u[0], high = u[size / 2];
            u[0] = add_word(low, high);
            u[size / 2] = mul_word(sub_word(high, low), root);
        }
        __syncthreads();
    }
}

// Values of a level's digits times its polynomials of the key.
DEVICE void multiply(u64* sums, const u64* values, const u64* key, u32 size, bool is_first) {
    for (u32 j = threadIdx.x; j < size; j += WORKGROUP) {
        const u64 a = values[j], b = values[size + j];
        u64 s = mul_word(a, key[j]), t = mul_word(a, key[size + j]);
        s = add_word(s, mul_word(b, key[2 * size + j]));
        t = add_word(t, mul_word(b, key[3 * size + j]));
        // With one level the sums replace the values.
        sums[j] = is_first ? s : add_word(sums[j], s);
        sums[size + j] = is_first ? t : add_word(sums[size + j], t);
    }
}

KERNEL bootstrap_rotate(u32* __restrict__ accumulators, const u32* __restrict__ exponents,
                        const u32* __restrict__ key, const u32* __restrict__ roots,
                        const Parameters p) {
    SHARED_BY_LAUNCH(u64, shared);
    const u32 c = blockIdx.x, count = p.w[0], log_n = p.w[1], row = p.w[2], part = p.w[3];
    const u32 parts = p.w[4], base_log = p.w[5], levels = p.w[6];
    if (c >= count) return;
    const u32 size = 1u << log_n;
    u64* pair = shared;
    u64* values = shared + 2 * size;
    u64* sums = levels == 1 ? values : shared + 4 * size;
    u64* memory = reinterpret_cast<u64*>(accumulators) + ((u64)c << (log_n + 1));
    const u64* of_part = reinterpret_cast<const u64*>(key) + ((u64)part * levels * 4 << log_n);
    for (u32 at = threadIdx.x; at < 2 * size; at += WORKGROUP) pair[at] = memory[at];
#pragma unroll 1
    for (u32 i = part; i < part + parts; i++) {
        const u32 exponent = exponents[(u64)c * row + i];
#pragma unroll 1
        for (u32 level = 0; level < levels; level++) {
            __syncthreads();
            for (u32 at = threadIdx.x; at < 2 * size; at += WORKGROUP) {
                const u32 j = at & (size - 1);
                const u64 residue = difference(pair + (at - j), log_n, exponent, j);
                Digits rest = digits_of(residue, base_log, levels);
                for (u32 l = 0; l < level; l++) rest.next();
                values[at] = rest.next();
            }
            __syncthreads();
            forward(values, roots, log_n);
            multiply(sums, values, of_part, size, level == 0);
            of_part += 4 * size;
        }
        __syncthreads();
        backward(sums, roots, log_n);
        for (u32 at = threadIdx.x; at < 2 * size; at += WORKGROUP) {
            pair[at] = add_word(pair[at], sums[at]);
        }
    }
    for (u32 at = threadIdx.x; at < 2 * size; at += WORKGROUP) memory[at] = pair[at];
}
