// Key switching: a matrix of digits times the key, modulo 2^64; see ../README.md for buffers and
// parameters.
#include "kernel.cuh"

DEVICE u64 load_word(const u32* words, u64 index) {
    return reinterpret_cast<const u64*>(words)[index];
}

// Digits of the word's levels·base_log top bits, rounded, a half upwards, and read from −half to half.
KERNEL keyswitch_digits(u32* __restrict__ digits, const u32* __restrict__ ciphertexts,
                        const Parameters p) {
    const u32 index = global_index(), count = p.w[0], from = p.w[1], first = p.w[2];
    const u32 stride = p.w[3], base_log = p.w[4], levels = p.w[5];
    if (index >= count * from) return;
    const u32 i = index / count, c = index % count, bits = base_log * levels;
    const u64 word = load_word(ciphertexts, (u64)(first + c) * (from + 1) + i);
    const u64 with_half = word >> (63 - bits);
    const u64 rounded = ((with_half >> 1) + (with_half & 1)) & (~0ull >> (64 - bits));
    const u64 half = 1ull << (bits - 1);
    // The upper end stands for itself if it was not rounded up to.
    const bool is_upper = rounded > half || (rounded == half && (with_half & 1));
    long long rest = (long long)(rounded - ((u64)is_upper << bits));
    const u32 base = 1u << base_log;
    for (u32 l = 0; l < levels; l++) {
        const u32 digit = (u32)rest & (base - 1);
        rest >>= base_log;
        const bool tie_goes_down = rest >> (base_log - 1) & 1;
        const bool is_negative = digit > base / 2 || (digit == base / 2 && tie_goes_down);
        rest += is_negative;
        digits[(u64)(i * levels + l) * stride + c] = is_negative ? digit - base : digit;
    }
}

// What is loaded in one access.
struct alignas(16) FourDigits {
    int digit[4];
};

static_assert(ROWS % 4 == 0, "digits are loaded four at a time");

// A thread uses a word of the key for ROWS ciphertexts.
KERNEL keyswitch_sums(u32* __restrict__ sums, const u32* __restrict__ digits,
                      const u32* __restrict__ key, const Parameters p) {
    const u32 index = global_index(), count = p.w[0], depth = p.w[1], width = p.w[2];
    const u32 stride = p.w[3], parts = p.w[4], tiles = stride / ROWS;
    if (index >= parts * tiles * width) return;
    const u32 j = index % width, tile = index / width % tiles, part = index / width / tiles;
    const u32 length = ceil_div(depth, parts), begin = min_u32(part * length, depth);
    const u32 end = begin + min_u32(length, depth - begin);
    u64 sum[ROWS];
#pragma unroll
    for (u32 k = 0; k < ROWS; k++) sum[k] = 0;
#pragma unroll 2
    for (u32 d = begin; d < end; d++) {
        const u64 word = load_word(key, (u64)d * width + j);
        const u64 row = ((u64)d * stride + tile * ROWS) / 4;
#pragma unroll
        for (u32 k = 0; k < ROWS; k += 4) {
            const FourDigits four = reinterpret_cast<const FourDigits*>(digits)[row + k / 4];
#pragma unroll
            for (u32 i = 0; i < 4; i++) sum[k + i] += word * (u64)(long long)four.digit[i];
        }
    }
#pragma unroll
    for (u32 k = 0; k < ROWS; k++) {
        const u32 c = tile * ROWS + k;
        if (c < count) reinterpret_cast<u64*>(sums)[((u64)part * count + c) * width + j] = sum[k];
    }
}

KERNEL keyswitch_join(u32* __restrict__ out, const u32* __restrict__ sums,
                      const u32* __restrict__ ciphertexts, const Parameters p) {
    const u32 index = global_index(), count = p.w[0], from = p.w[1], first = p.w[2];
    const u32 width = p.w[3], parts = p.w[4];
    if (index >= count * width) return;
    const u32 c = index / width, j = index % width;
    u64 word = 0;
    if (j == width - 1) word = load_word(ciphertexts, (u64)(first + c) * (from + 1) + from);
    for (u32 part = 0; part < parts; part++) {
        word -= load_word(sums, (u64)part * count * width + index);
    }
    reinterpret_cast<u64*>(out)[(u64)first * width + index] = word;
}
