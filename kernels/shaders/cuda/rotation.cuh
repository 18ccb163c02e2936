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

#pragma once
#include "residue.cuh"

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
