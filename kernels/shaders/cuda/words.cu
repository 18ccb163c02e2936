// Sums over vectors of 64-bit words.
#include "kernel.cuh"

DEVICE u64 load_word(const u32* words, u64 index) {
    return reinterpret_cast<const u64*>(words)[index];
}

KERNEL words_weighted_sums(u32* __restrict__ low, u32* __restrict__ high,
                           const u32* __restrict__ vectors, const u32* __restrict__ weights,
                           const Parameters p) {
    const u32 j = global_index(), n = p.w[0], count = p.w[1], is_signed = p.w[2];
    if (j >= n) return;
    u64 sum_low = 0, sum_high = 0;
    for (u32 i = 0; i < count; i++) {
        const u64 weight = load_word(weights, i), word = load_word(vectors, (u64)i * n + j);
        const u64 product = weight * word;
        sum_low += product;
        sum_high += __umul64hi(weight, word) + (sum_low < product);
        // A negative word was read as 2^64 more than it is.
        if (is_signed && word >> 63) sum_high -= weight;
    }
    reinterpret_cast<u64*>(low)[j] = sum_low;
    reinterpret_cast<u64*>(high)[j] = sum_high;
}
