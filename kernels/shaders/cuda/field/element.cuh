// An element of the unit's prime field as LIMBS words: moving it, comparing it. No arithmetic.
#pragma once
#include "../kernel.cuh"

// Constant memory, not literals: multiply-adds take one operand from there for nothing.
__constant__ u32 MODULUS[LIMBS] = MODULUS_INIT;
__constant__ u32 R[LIMBS] = R_INIT;
__constant__ u32 R_SQUARED[LIMBS] = R_SQUARED_INIT;
__constant__ u32 INVERSE[2] = INVERSE_INIT;

struct alignas(LIMBS % 4 == 0 ? 16 : 8) Field {
    u32 limb[LIMBS];
};

DEVICE Field zero() {
    Field r;
#pragma unroll
    for (u32 i = 0; i < LIMBS; i++) r.limb[i] = 0;
    return r;
}

DEVICE Field constant(const u32* words) {
    Field r;
#pragma unroll
    for (u32 i = 0; i < LIMBS; i++) r.limb[i] = words[i];
    return r;
}

DEVICE Field one() {
    return constant(R);
}

DEVICE bool is_zero(const Field& a) {
    u32 bits = 0;
#pragma unroll
    for (u32 i = 0; i < LIMBS; i++) bits |= a.limb[i];
    return bits == 0;
}

DEVICE Field select(bool first, const Field& a, const Field& b) {
    Field r;
#pragma unroll
    for (u32 i = 0; i < LIMBS; i++) r.limb[i] = first ? a.limb[i] : b.limb[i];
    return r;
}

// Element `index` of a buffer, in accesses of 16 bytes (8 where an element has no more).
DEVICE Field load(const u32* words, u64 index) {
    return reinterpret_cast<const Field*>(words)[index];
}

DEVICE void store(u32* words, u64 index, const Field& a) {
    reinterpret_cast<Field*>(words)[index] = a;
}

// The element in parameters `at` and following.
DEVICE Field parameter(const Parameters& p, u32 at) {
    Field r;
#pragma unroll
    for (u32 i = 0; i < LIMBS; i++) r.limb[i] = p.w[at + i];
    return r;
}

// The element of the lane `distance` below; lanes without one keep theirs.
DEVICE Field shuffle_up(const Field& a, u32 distance) {
    Field r;
#pragma unroll
    for (u32 i = 0; i < LIMBS; i++) r.limb[i] = __shfl_up_sync(ALL_LANES, a.limb[i], distance);
    return r;
}

// Elements that a workgroup shares, word by word: neighbours lie in neighbouring banks.
template <u32 SIZE>
struct Tile {
    u32 word[LIMBS][SIZE];

    DEVICE_MEMBER Field get(u32 at) const {
        Field r;
#pragma unroll
        for (u32 i = 0; i < LIMBS; i++) r.limb[i] = word[i][at];
        return r;
    }

    DEVICE_MEMBER void set(u32 at, const Field& a) {
#pragma unroll
        for (u32 i = 0; i < LIMBS; i++) word[i][at] = a.limb[i];
    }
};
