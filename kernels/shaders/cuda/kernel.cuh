// What every kernel begins with: words, parameters, and which thread this is.
#pragma once

using u32 = unsigned int;
using u64 = unsigned long long;

#define DEVICE_MEMBER __device__ __forceinline__
#define DEVICE static DEVICE_MEMBER
// For rare or large code: one copy, called.
#define DEVICE_CALL static __device__ __noinline__
#define KERNEL extern "C" __global__ void __launch_bounds__(WORKGROUP)
// With so few registers that a multiprocessor has room for this many workgroups.
#define KERNEL_BESIDE(workgroups) \
    extern "C" __global__ void __launch_bounds__(WORKGROUP, workgroups)

// Memory that a workgroup shares, of the size that the launch asks for.
#ifndef SHARED_BY_LAUNCH
#define SHARED_BY_LAUNCH(type, name) extern __shared__ type name[]
#endif

constexpr u32 WARP = 32;
constexpr u32 ALL_LANES = 0xffffffff;

static_assert(WORKGROUP % WARP == 0 && WORKGROUP <= WARP * WARP, "whole warps, one warp of them");

struct Parameters {
    u32 w[32];
};

DEVICE u32 global_index() {
    return blockIdx.x * WORKGROUP + threadIdx.x;
}

DEVICE u32 lane_index() {
    return threadIdx.x % WARP;
}

DEVICE u32 warp_index() {
    return threadIdx.x / WARP;
}

DEVICE u32 ceil_div(u32 a, u32 b) {
    return a / b + (a % b != 0);
}

DEVICE u32 min_u32(u32 a, u32 b) {
    return a < b ? a : b;
}
