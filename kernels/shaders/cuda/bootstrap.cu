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

// Rotation in shared memory. Transforms are merged with the powers of ψ (Longa, Naehrig, "Speeding up
// the number theoretic transform for faster ideal lattice-based cryptography", CANS 2016): a block of
// level l, of 2^l, has remainders modulo X^M − ψ^e, and roots[2^l + block] is the square root of ψ^e.
// Backwards it is ψ^(−e/2) = −ψ^(N−e/2) that is needed: minus the root of the block that mirrors this
// one.
//
// A thread does several levels on elements in registers. What comes before the first level and after the
// last one is done on the way: digits are cut where they are loaded, values meet the key between the
// forward and the backward transform, and results are added to the accumulator where they come out.
// Residues are reduced there alone (Harvey, "Faster arithmetic for number-theoretic transforms", 2014).

constexpr u32 P_WORDS[2] = MODULUS_INIT;
constexpr u64 P = (u64)P_WORDS[1] << 32 | P_WORDS[0];
// Levels between digits and key, beside which thread has both polynomials' values.
constexpr u32 CORE = 3;
// Levels of all other passes but the first, which takes what is left. With more of them a thread has so
// many registers that there is room for fewer workgroups.
constexpr u32 STEP = 3;

static_assert(BITS + 12 + 2 <= 64, "a transform of 2^12 without reductions");
static_assert((1ull << BITS) - P <= (1ull << BITS) / ((1ull << (64 - BITS)) + 2), "see modulo");

// a·b/R modulo p, below 2p: a may be any word, b is below p.
DEVICE u64 product(u64 a, u64 b) {
    const u64 low = a * b, m = low * word_of(INVERSE);
    return __umul64hi(a, b) + __umul64hi(m, P) + (low != 0);
}

// Any word modulo p: 2^BITS is little more than p, so that the quotient is nearly the upper bits.
DEVICE u64 modulo(u64 a) {
    const u64 r = a - (a >> BITS) * P;
    return r >= P ? r - P : r;
}

// Where element `at` of two polynomials lies: elements that the lanes of a half warp have at the same
// time, blocks of 8 side by side or places of 8 in turn, are in different banks.
DEVICE u32 place(u32 at) {
    return at ^ (at >> 4 & 7) ^ (at >> 3 & 8);
}

// K levels. `first` is the number of the first level's root.
template <u32 K>
DEVICE void forward(u64* x, const u32* roots, u32 first) {
#pragma unroll
    for (u32 s = 0; s < K; s++) {
        const u32 half = 1u << (K - 1 - s);
#pragma unroll
        for (u32 block = 0; block < 1u << s; block++) {
            const u64 root = load_word(roots, (first << s) + block);
#pragma unroll
            for (u32 i = 0; i < half; i++) {
                u64 &u = x[2 * block * half + i], &v = x[(2 * block + 1) * half + i];
                const u64 t = product(v, root);
                v = u + (2 * P - t);
                u = u + t;
            }
        }
    }
}

// K levels, the last first, on elements below `bound`; afterwards they are below 2^K·bound. `first` is
// the number of the first level's root in the mirror.
template <u32 K>
DEVICE void backward(u64* x, const u32* roots, u32 first, u64 bound) {
#pragma unroll
    for (u32 s = K; s-- > 0;) {
        const u32 half = 1u << (K - 1 - s);
#pragma unroll
        for (u32 block = 0; block < 1u << s; block++) {
            const u64 root = load_word(roots, ((first + 1) << s) - 1 - block);
#pragma unroll
            for (u32 i = 0; i < half; i++) {
                u64 &u = x[2 * block * half + i], &v = x[(2 * block + 1) * half + i];
                const u64 difference = v + (bound - u);
                u = u + v;
                v = product(difference, root);
            }
        }
        bound *= 2;
    }
}

// What is loaded in one access.
struct alignas(16) TwoWords {
    u64 word[2];
};

// What a rotation works on.
struct Rotation {
    // The accumulator, and two polynomials that are transformed.
    u64 *pair, *values;
    // Sums of products, if there are several levels of digits.
    u64* sums;
    const u32* roots;
    u32 log_n, base_log, levels;

    DEVICE_MEMBER u32 size() const {
        return 1u << log_n;
    }
};

DEVICE u64 digit_of(u64 residue, const Rotation& r, u32 level) {
    Digits rest = digits_of(residue, r.base_log, r.levels);
#pragma unroll 1
    for (u32 l = 0; l < level; l++) rest.next();
    return rest.next();
}

// Cuts digits of (X^exponent − 1)·accumulator, and does the first K levels.
template <u32 K>
DEVICE void first_pass(const Rotation& r, u32 exponent, u32 level) {
    const u32 log_distance = r.log_n - K;
#pragma unroll 1
    for (u32 index = threadIdx.x; index < r.size() * 2 >> K; index += WORKGROUP) {
        const u32 below = index & ((1u << log_distance) - 1);
        const u32 start = index >> log_distance << r.log_n;
        u64 x[1 << K];
#pragma unroll
        for (u32 m = 0; m < 1u << K; m++) {
            const u32 j = below + (m << log_distance);
            x[m] = digit_of(difference(r.pair + start, r.log_n, exponent, j), r, level);
        }
        forward<K>(x, r.roots, 1);
#pragma unroll
        for (u32 m = 0; m < 1u << K; m++) {
            r.values[place(start + below + (m << log_distance))] = x[m];
        }
    }
}

// Does the last K levels, and adds what comes out to the accumulator.
template <u32 K>
DEVICE void last_pass(const Rotation& r) {
    const u32 log_distance = r.log_n - K;
#pragma unroll 1
    for (u32 index = threadIdx.x; index < r.size() * 2 >> K; index += WORKGROUP) {
        const u32 below = index & ((1u << log_distance) - 1);
        const u32 start = (index >> log_distance << r.log_n) + below;
        u64 x[1 << K];
#pragma unroll
        for (u32 m = 0; m < 1u << K; m++) x[m] = r.values[place(start + (m << log_distance))];
        backward<K>(x, r.roots, 1, P << log_distance);
#pragma unroll
        for (u32 m = 0; m < 1u << K; m++) {
            u64* coefficient = r.pair + start + (m << log_distance);
            *coefficient = add_word(*coefficient, modulo(x[m]));
        }
    }
}

// STEP levels from `level` on, forward or backward.
template <bool IS_FORWARD>
DEVICE void middle_pass(const Rotation& r, u32 level) {
    const u32 log_distance = r.log_n - level - STEP, blocks = 1u << level;
#pragma unroll 1
    for (u32 index = threadIdx.x; index < r.size() * 2 >> STEP; index += WORKGROUP) {
        const u32 below = index & ((1u << log_distance) - 1), block = index >> log_distance;
        const u32 start = (block << (log_distance + STEP)) + below;
        const u32 of_polynomial = block & (blocks - 1);
        u64 x[1 << STEP];
#pragma unroll
        for (u32 m = 0; m < 1u << STEP; m++) x[m] = r.values[place(start + (m << log_distance))];
        if (IS_FORWARD) {
            forward<STEP>(x, r.roots, blocks + of_polynomial);
        } else {
            backward<STEP>(x, r.roots, 2 * blocks - 1 - of_polynomial, P << log_distance);
        }
#pragma unroll
        for (u32 m = 0; m < 1u << STEP; m++) r.values[place(start + (m << log_distance))] = x[m];
    }
}

// The last levels forward, products with the key, and, once all levels of digits are there, as many
// levels backward.
DEVICE void core_pass(const Rotation& r, const u64* __restrict__ key, u32 level) {
    const u32 size = r.size(), blocks = size >> CORE;
    const bool is_last = level + 1 == r.levels;
    u64* target = is_last ? r.values : r.sums;
#pragma unroll 1
    for (u32 block = threadIdx.x; block < blocks; block += WORKGROUP) {
        const u32 start = block << CORE;
        u64 a[1 << CORE], b[1 << CORE];
        TwoWords words[4];
#pragma unroll
        for (u32 m = 0; m < 1u << CORE; m++) {
            a[m] = r.values[place(start + m)];
            b[m] = r.values[place(size + start + m)];
        }
        forward<CORE>(a, r.roots, blocks + block);
        forward<CORE>(b, r.roots, blocks + block);
#pragma unroll
        for (u32 m = 0; m < 1u << CORE; m++) {
            // Words m and m + 1 of each polynomial, when m is even.
            if (m % 2 == 0) {
#pragma unroll
                for (u32 k = 0; k < 4; k++) {
                    words[k] = reinterpret_cast<const TwoWords*>(key)[(k * size + start + m) / 2];
                }
            }
            const u32 at = m % 2;
            const u64 s = product(a[m], words[0].word[at]) + product(b[m], words[2].word[at]);
            const u64 t = product(a[m], words[1].word[at]) + product(b[m], words[3].word[at]);
            a[m] = modulo(s);
            b[m] = modulo(t);
            if (level > 0) {
                a[m] = add_word(a[m], r.sums[place(start + m)]);
                b[m] = add_word(b[m], r.sums[place(size + start + m)]);
            }
        }
        if (is_last) {
            backward<CORE>(a, r.roots, 2 * blocks - 1 - block, P);
            backward<CORE>(b, r.roots, 2 * blocks - 1 - block, P);
        }
#pragma unroll
        for (u32 m = 0; m < 1u << CORE; m++) {
            target[place(start + m)] = a[m];
            target[place(size + start + m)] = b[m];
        }
    }
}

// A part of the key.
DEVICE void rotate(const Rotation& r, u32 exponent, const u64* __restrict__ key) {
    const u32 first = (r.log_n - CORE - 1) % STEP + 1;
#pragma unroll 1
    for (u32 level = 0; level < r.levels; level++) {
        __syncthreads();
        if (first == 1) first_pass<1>(r, exponent, level);
        if (first == 2) first_pass<2>(r, exponent, level);
        if (first == 3) first_pass<3>(r, exponent, level);
        __syncthreads();
#pragma unroll 1
        for (u32 l = first; l < r.log_n - CORE; l += STEP) {
            middle_pass<true>(r, l);
            __syncthreads();
        }
        core_pass(r, key + ((u64)level * 4 << r.log_n), level);
    }
    __syncthreads();
#pragma unroll 1
    for (u32 l = r.log_n - CORE; l > first; l -= STEP) {
        middle_pass<false>(r, l - STEP);
        __syncthreads();
    }
    if (first == 1) last_pass<1>(r);
    if (first == 2) last_pass<2>(r);
    if (first == 3) last_pass<3>(r);
}

static_assert(STEP == 3, "the first pass has 1 to 3 levels");

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
